//! A compiled module at work: imports made up, an instance, and every export used.

use std::cell::Cell;
use std::rc::Rc;

use holm_wasm::{
    Engine, Extern, ExternType, Global, Group, HostFunction, HostRef, Import, Memory, Module,
    NoHost, Ref, Slot, Space, Table, Tag, Thrown, ValType, Value, custom_sections, instantiate,
};
use wasmparser::{Parser, Payload};

use crate::random::Random;
use crate::smith::BOUNDED;

/// How many exports are used.
const MOST_EXPORTS: usize = 40;

/// Makes an instance and uses it, if its code is known to end. Says how far that came.
pub fn module(engine: &Engine, module: &Module, random: &mut Random) -> &'static str {
    let is_bounded = !custom_sections(module.bytes(), BOUNDED).is_empty();
    if !is_bounded && has_start(module.bytes()) {
        return "compiled";
    }
    let space = Space::new(engine, Rc::new(NoHost));
    let imports = module.imports().iter().map(|import| made_up(&space, &import.ty, random));
    let Some(imports) = imports.collect() else { return "compiled" };
    let made = instantiate(&space, module, imports, || Group::new(&space, Rc::new(NoHost)));
    let Ok((group, exports)) = made else { return "not instantiated" };
    if !is_bounded {
        return "instantiated";
    }
    for export in exports.iter().take(MOST_EXPORTS) {
        operate(export, random);
    }
    drop(group);
    // What is exported must do without its instance.
    exports.iter().take(MOST_EXPORTS).for_each(|export| operate(export, random));
    "called"
}

fn has_start(wasm: &[u8]) -> bool {
    let mut parts = Parser::new(0).parse_all(wasm).map_while(Result::ok);
    parts.any(|part| matches!(part, Payload::StartSection { .. }))
}

/// Something of this type, if there is anything.
fn made_up(space: &Space, ty: &ExternType, random: &mut Random) -> Option<Import> {
    let made = match ty {
        ExternType::Func(ty) => {
            let results = ty.results().collect();
            let throws_each = 2 + random.below(8);
            let host = Host { results, throws_each, calls: Cell::new(0) };
            return Some(Import::Host(Box::new(move |_| Box::new(host))));
        }
        ExternType::Memory(ty) => Extern::Memory(Memory::new(space, ty.clone()).ok()?),
        ExternType::Table(ty) => Extern::Table(Table::new(ty.clone(), Ref::Null).ok()?),
        ExternType::Global(ty) => {
            Extern::Global(Global::new(ty.clone(), value(ty.content(), random)?).ok()?)
        }
        ExternType::Tag(ty) => Extern::Tag(Tag::new(space.engine(), ty.ty().params())),
    };
    Some(Import::Extern(made))
}

/// Does with an export what its kind allows. Failing is fine.
fn operate(export: &Extern, random: &mut Random) {
    match export {
        Extern::Func(func) => {
            let types = func.signature().parameters();
            let arguments: Option<Vec<_>> = types.iter().map(|ty| value(ty, random)).collect();
            if let Some(arguments) = arguments {
                drop(func.call(&arguments));
            }
            if func.signature().is_numeric() {
                drop(func.call_numbers(&mut vec![Slot::zero(); func.signature().slots()]));
            }
        }
        Extern::Memory(memory) => {
            let mut bytes = [0; 16];
            let at = random.pick(&[0, 65_530, u64::MAX]);
            let _ = memory.copy_in(at, &bytes);
            let _ = memory.grow(random.pick(&[0, 1, u64::MAX]));
            let _ = memory.copy_out(at, &mut bytes);
        }
        Extern::Table(table) => {
            let at = random.pick(&[0, 5, u64::MAX]);
            if let Ok(found) = table.get(at) {
                drop(table.set(0, found.clone()));
                drop(table.grow(random.pick(&[0, 1, u64::MAX]), found));
            }
            drop(table.set(at, Ref::I31(5)));
        }
        Extern::Global(global) => {
            let found = global.get();
            drop(global.set(Value::I32(1)));
            drop(found.map(|found| global.set(found)));
        }
        Extern::Tag(tag) => drop(tag.ty()),
    }
}

/// A value of this type, if one can be made of nothing.
fn value(ty: &ValType, random: &mut Random) -> Option<Value> {
    Some(match ty {
        ValType::I32 => Value::I32(random.pick(&[0, 1, 7, -1, 65_536, i32::MIN])),
        ValType::I64 => Value::I64(random.pick(&[0, 1, 7, -1, 65_536, i64::MIN])),
        ValType::F64 => Value::F64(random.pick(&[0.0, -1.5, f64::NAN, f64::INFINITY, 1e300])),
        other => Value::default_of(other)?,
    })
}

/// A host function that sometimes throws.
struct Host {
    results: Vec<ValType>,
    throws_each: usize,
    calls: Cell<usize>,
}

impl Host {
    fn called(&self) -> Result<(), Thrown> {
        self.calls.set(self.calls.get() + 1);
        if !self.calls.get().is_multiple_of(self.throws_each) {
            return Ok(());
        }
        Err(Thrown::Value(HostRef::new(Rc::new(NoHost), 0)))
    }
}

impl HostFunction for Host {
    fn call_numbers(&self, slots: &mut [Slot]) -> Result<(), Box<Thrown>> {
        slots.iter_mut().for_each(|slot| slot.set_i64(1));
        Ok(self.called()?)
    }

    fn call(&self, _group: &Group, _arguments: Vec<Value>) -> Result<Vec<Value>, Thrown> {
        self.called()?;
        let results: Option<_> = self.results.iter().map(Value::default_of).collect();
        results.ok_or_else(|| Thrown::Trap("there is no such value".to_owned()))
    }
}
