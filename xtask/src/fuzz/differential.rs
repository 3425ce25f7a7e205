//! The same module run by script in Holm and by plain Wasmtime: results, traps and what is left behind agree.
//!
//! Both write a line for each thing that can be seen ([`in_holm`], [`in_wasmtime`]). Only what is the same
//! everywhere is in the modules: no bits of NaNs, no relaxed SIMD, no threads.

use holm::Isolate;
use wasmtime::{
    AnyRef, Caller, Collector, Config, Engine, ExternRef, ExternType, HeapType, Instance, Linker,
    Module, RefType, Rooted, Store, StoreLimits, StoreLimitsBuilder, Trap, Val, ValType,
};

use crate::Target;
use crate::random::Random;
use crate::smith::{self, Wish};

pub const TARGET: Target = Target { name: "differential", make, run };

const DRIVER: &str = include_str!("differential.js");

/// What the stack holds differs, and what is done once it is full.
const STACK: &str = "trap: stack";
const MOST_CALLS: usize = 40;
/// What Holm lets a table have, as the JavaScript API says.
const MOST_TABLE_ELEMENTS: usize = 10_000_000;
/// How much of a memory, and how many elements of a table, are looked at.
const MEMORY_SHOWN_BYTES: usize = 4 << 16;
const ELEMENTS_SHOWN: u64 = 8;

fn make(random: &mut Random) -> Vec<u8> {
    smith::module(random, Wish::Comparable)
}

fn run(wasm: &[u8]) -> &'static str {
    let mut config = Config::new();
    config.collector(Collector::Copying).max_wasm_stack(512 << 10).shared_memory(true);
    let engine = Engine::new(&config).expect("an engine");
    let Ok(module) = Module::from_binary(&engine, wasm) else { return "invalid" };
    let calls = calls(&module, &mut Random::of_input(wasm));
    let (holms, wasmtimes) = (in_holm(wasm, &calls), in_wasmtime(&module, &calls));
    for (holms, wasmtimes) in holms.lines().zip(wasmtimes.lines()) {
        if holms.ends_with(STACK) || wasmtimes.ends_with(STACK) {
            return "stack full";
        }
        assert_eq!(holms, wasmtimes, "Holm is left, plain Wasmtime is right; {calls:?}");
    }
    assert_eq!(holms.lines().count(), wasmtimes.lines().count(), "{holms}\n---\n{wasmtimes}");
    match holms.lines().next() {
        Some(line) if line.starts_with("no instance") => "not instantiated",
        _ => "compared",
    }
}

/// Calls of exports, by index, with arguments that script can give.
fn calls(module: &Module, random: &mut Random) -> Vec<(usize, Vec<Val>)> {
    let mut calls = Vec::new();
    for (index, export) in module.exports().enumerate() {
        let ExternType::Func(ty) = export.ty() else { continue };
        let arguments: Option<Vec<Val>> = ty.params().map(|ty| argument(&ty, random)).collect();
        if let Some(arguments) = arguments
            && ty.results().all(|ty| is_visible(&ty))
        {
            calls.push((index, arguments));
        }
    }
    calls.extend_from_within(..);
    calls.truncate(MOST_CALLS);
    calls
}

fn argument(ty: &ValType, random: &mut Random) -> Option<Val> {
    Some(match ty {
        ValType::I32 => Val::I32(random.pick(&[0, 1, 3, -1, 65_535, i32::MIN])),
        ValType::I64 => Val::I64(random.pick(&[0, 1, 3, -1, 65_535, i64::MIN, i64::MAX])),
        ValType::F32 => Val::from(random.pick(&[0.0, -0.0, 1.5, f32::INFINITY, 1e10])),
        ValType::F64 => Val::from(random.pick(&[0.0, -0.0, 1.5, f64::NEG_INFINITY, 1e300])),
        ValType::Ref(ty) if ty.is_nullable() && is_visible(&ValType::Ref(ty.clone())) => {
            Val::null_ref(ty.heap_type())
        }
        _ => return None,
    })
}

/// Whether script may have values of this type.
fn is_visible(ty: &ValType) -> bool {
    match ty {
        ValType::V128 => false,
        ValType::Ref(ty) => is_visible_ref(ty),
        _ => true,
    }
}

fn is_visible_ref(ty: &RefType) -> bool {
    !matches!(ty.heap_type().top(), HeapType::Exn | HeapType::Cont)
}

fn in_holm(wasm: &[u8], calls: &[(usize, Vec<Val>)]) -> String {
    let mut text = format!("{}(module, [", DRIVER.trim_end());
    for (index, arguments) in calls {
        text.push_str(&format!("[{index}"));
        for argument in arguments {
            text.push_str(", ");
            text.push_str(&literal(argument));
        }
        text.push_str("],");
    }
    text.push_str("])");
    let engine = holm::Engine::new(holm::Config::default()).expect("an engine");
    let module = holm::Module::compile(&engine, wasm).expect("Wasmtime compiled it");
    let mut isolate = Isolate::builder(&engine).build().expect("an isolate");
    let lines = isolate.enter(|scope| {
        scope.global().set(scope, "module", &module)?;
        scope.eval::<String>(&text)
    });
    lines.unwrap_or_else(|error| panic!("{error}"))
}

fn literal(value: &Val) -> String {
    match value {
        Val::I32(number) => number.to_string(),
        Val::I64(number) => format!("{number}n"),
        Val::F32(bits) => float(f32::from_bits(*bits).into()),
        Val::F64(bits) => float(f64::from_bits(*bits)),
        _ => "null".to_owned(),
    }
}

fn float(number: f64) -> String {
    match number {
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        number => format!("{number:?}"),
    }
}

/// What plain Wasmtime's store carries.
struct Plain {
    lines: String,
    limits: StoreLimits,
}

impl Plain {
    fn line(&mut self, line: &str) {
        self.lines.push_str(line);
        self.lines.push('\n');
    }
}

fn in_wasmtime(module: &Module, calls: &[(usize, Vec<Val>)]) -> String {
    let limits = StoreLimitsBuilder::new().table_elements(MOST_TABLE_ELEMENTS).build();
    let mut store = Store::new(module.engine(), Plain { lines: String::new(), limits });
    store.limiter(|plain| &mut plain.limits);
    let linker = link(&mut store).expect("a linker");
    let instance = match linker.instantiate(&mut store, module) {
        Ok(instance) => instance,
        Err(error) => {
            store.data_mut().line(&format!("no instance, {}", failure(&error)));
            return store.into_data().lines;
        }
    };
    let names: Vec<_> = module.exports().map(|export| export.name().to_owned()).collect();
    for (index, arguments) in calls {
        let func = instance.get_func(&mut store, &names[*index]).expect("it was listed");
        let mut results = vec![Val::I32(0); func.ty(&store).results().len()];
        let line = match func.call(&mut store, arguments, &mut results) {
            Ok(()) if results.is_empty() => "undefined".to_owned(),
            Ok(()) => show(&mut store, &results),
            Err(error) => failure(&error),
        };
        store.data_mut().line(&format!("{index}: {line}"));
    }
    for (index, name) in names.iter().enumerate() {
        if let Some(line) = left_behind(&mut store, &instance, name) {
            store.data_mut().line(&format!("{index}: {line}"));
        }
    }
    store.into_data().lines
}

/// What `differential.wat` says, as the script has it.
fn link(store: &mut Store<Plain>) -> wasmtime::Result<Linker<Plain>> {
    use wasmtime::{
        FuncType, Global, GlobalType, Memory, MemoryType, Mutability, Ref, Table, TableType, Tag,
        TagType,
    };
    fn note(caller: &mut Caller<'_, Plain>, name: &str, arguments: &[Val]) {
        let shown = show(&mut *caller, arguments);
        caller.data_mut().line(&format!("{name} {shown}"));
    }
    let mut linker = Linker::new(store.engine());
    linker.func_wrap("m", "log", |mut caller: Caller<'_, Plain>, a: i32| {
        note(&mut caller, "log", &[a.into()]);
    })?;
    linker.func_wrap("m", "int", |mut caller: Caller<'_, Plain>, a: i32, b: i64| {
        note(&mut caller, "int", &[a.into(), b.into()]);
        a ^ b as i32
    })?;
    linker.func_wrap("m", "two", |mut caller: Caller<'_, Plain>, a: f64| {
        note(&mut caller, "two", &[a.into()]);
        (7i64, a)
    })?;
    type Extern = Option<Rooted<ExternRef>>;
    linker.func_wrap("m", "ref", |mut caller: Caller<'_, Plain>, a: Extern| {
        note(&mut caller, "ref", &[Val::ExternRef(a)]);
        a
    })?;
    let memory = Memory::new(&mut *store, MemoryType::new(1, Some(4)))?;
    let table = TableType::new(RefType::FUNCREF, 4, Some(16));
    let table = Table::new(&mut *store, table, Ref::Func(None))?;
    let global = GlobalType::new(ValType::I64, Mutability::Var);
    let global = Global::new(&mut *store, global, Val::I64(5))?;
    let number = GlobalType::new(ValType::F64, Mutability::Const);
    let number = Global::new(&mut *store, number, Val::from(1.5))?;
    let tag = TagType::new(FuncType::new(store.engine(), [ValType::I32], []));
    let tag = Tag::new(&mut *store, &tag)?;
    linker.define(&*store, "m", "memory", memory)?.define(&*store, "m", "table", table)?;
    linker.define(&*store, "m", "global", global)?.define(&*store, "m", "number", number)?;
    linker.define(&*store, "m", "tag", tag)?;
    Ok(linker)
}

/// What is in an export after all calls.
fn left_behind(store: &mut Store<Plain>, instance: &Instance, name: &str) -> Option<String> {
    let hidden = Some("hidden".to_owned());
    Some(match instance.get_export(&mut *store, name)? {
        wasmtime::Extern::Memory(memory) => {
            let data = memory.data(&*store);
            let words = data[..data.len().min(MEMORY_SHOWN_BYTES)].as_chunks::<4>().0;
            let hash = words.iter().fold(0, |hash: i32, word| {
                (hash ^ i32::from_le_bytes(*word)).wrapping_mul(0x0100_0193)
            });
            format!("{} {hash}", data.len())
        }
        wasmtime::Extern::Global(global) if is_visible(global.ty(&*store).content()) => {
            let value = global.get(&mut *store);
            show(store, &[value])
        }
        wasmtime::Extern::Table(table) if is_visible_ref(table.ty(&*store).element()) => {
            let len = table.size(&*store);
            let found = (0..len.min(ELEMENTS_SHOWN))
                .map(|index| table.get(&mut *store, index).expect("within").into());
            let found: Vec<Val> = found.collect();
            format!("{len} {}", show(store, &found))
        }
        wasmtime::Extern::Global(_) => return hidden,
        // Nothing is hidden in a table without elements.
        wasmtime::Extern::Table(table) => match table.size(&*store) {
            0 => "0 ".to_owned(),
            _ => return hidden,
        },
        _ => return None,
    })
}

/// Values as the script shows them.
fn show(mut store: impl wasmtime::AsContextMut, values: &[Val]) -> String {
    let number = |number: f64| match number.is_nan() {
        true => "NaN".to_owned(),
        false => format!("{:x}", number.to_bits()),
    };
    let shown = values.iter().map(|value| match value {
        Val::I32(value) => number(f64::from(*value)),
        Val::I64(value) => format!("{value}n"),
        Val::F32(bits) => number(f32::from_bits(*bits).into()),
        Val::F64(bits) => number(f64::from_bits(*bits)),
        Val::AnyRef(None) | Val::ExternRef(None) | Val::FuncRef(None) => "null".to_owned(),
        Val::FuncRef(Some(_)) => "function".to_owned(),
        Val::AnyRef(Some(any)) => show_any(&mut store, *any, number),
        Val::ExternRef(Some(value)) => {
            let any = AnyRef::convert_extern(&mut store, *value).expect("it is rooted");
            show_any(&mut store, any, number)
        }
        _ => "hidden".to_owned(),
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn show_any(
    mut store: impl wasmtime::AsContextMut,
    any: Rooted<AnyRef>,
    number: impl Fn(f64) -> String,
) -> String {
    match any.as_i31(&mut store).expect("it is rooted") {
        Some(small) => number(f64::from(small.get_i32())),
        None => "object".to_owned(),
    }
}

/// What script would see of it.
fn failure(error: &wasmtime::Error) -> String {
    if error.is::<wasmtime::ThrownException>() {
        return "exception".to_owned();
    }
    let Some(trap) = error.downcast_ref::<Trap>() else { return format!("trap: {error:#}") };
    let text = match trap {
        Trap::StackOverflow => return STACK.to_owned(),
        Trap::AllocationTooLarge => "out of memory",
        Trap::MemoryOutOfBounds => "out of bounds memory access",
        Trap::TableOutOfBounds => "out of bounds table access",
        Trap::IndirectCallToNull => "uninitialized element",
        Trap::BadSignature => "indirect call type mismatch",
        Trap::IntegerOverflow => "integer overflow",
        Trap::IntegerDivisionByZero => "integer divide by zero",
        Trap::BadConversionToInteger => "invalid conversion to integer",
        Trap::UnreachableCodeReached => "unreachable",
        Trap::NullReference => "null reference",
        Trap::ArrayOutOfBounds => "out of bounds array access",
        Trap::CastFailure => "cast failure",
        other => return format!("trap: {other}"),
    };
    format!("trap: {text}")
}
