//! WebAssembly as an embedder meets it.

use std::cell::Cell;
use std::rc::Rc;

use holm::{
    BigInt, CacheMiss, CacheOutcome, Config, Engine, Error, ExternKind, Function, Imports,
    Instance, Isolate, Memory, Module, Object, Scope, Value,
};

const KEY: [u8; 32] = [7; 32];

fn engine() -> Engine {
    Engine::new(Config::default().artifact_key(KEY)).expect("an engine")
}

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a module in text")
}

/// Runs `body` with an instance of `text` that imports nothing.
fn with_instance<R>(
    text: &str,
    body: impl for<'js> FnOnce(&mut Scope<'_, 'js>, Instance<'js>) -> Result<R, Error>,
) -> Result<R, Error> {
    let engine = engine();
    let module = Module::compile(&engine, &wasm(text))?;
    let mut isolate = Isolate::builder(&engine).build()?;
    isolate.enter(|scope| {
        let instance = scope.instantiate(&module, &Imports::new())?;
        body(scope, instance)
    })
}

/// Runs `body` in a new isolate.
fn with_scope<R>(
    body: impl for<'js> FnOnce(&mut Scope<'_, 'js>) -> Result<R, Error>,
) -> Result<R, Error> {
    Isolate::builder(&engine()).build()?.enter(body)
}

const ADD: &str = r#"(module (func (export "add") (param i32 i32) (result i32)
    local.get 0 local.get 1 i32.add))"#;

#[test]
fn an_export_is_called() -> Result<(), Error> {
    let sum: i32 = with_instance(ADD, |scope, instance| {
        instance.exports().function(scope, "add")?.call(scope, (77, 88))
    })?;
    assert_eq!(sum, 165);
    Ok(())
}

#[test]
fn a_wrong_number_of_arguments_is_as_in_script() -> Result<(), Error> {
    with_instance(ADD, |scope, instance| {
        let add = instance.exports().function(scope, "add")?;
        assert_eq!(add.call::<i32>(scope, (5,))?, 5);
        assert_eq!(add.call::<i32>(scope, (5, 6, 7))?, 11);
        assert!(add.call::<String>(scope, (1, 2)).unwrap_err().is_mismatch());
        Ok(())
    })
}

#[test]
fn an_export_that_is_not_there_is_named() -> Result<(), Error> {
    let text = r#"(module (func (export "add")) (memory (export "memory") 1))"#;
    with_instance(text, |scope, instance| {
        let exports = instance.exports();
        let check = |error: Error, wanted: &str| {
            assert!(error.is_mismatch());
            assert_eq!(error.to_string(), wanted);
        };
        let error = exports.function(scope, "ad").unwrap_err();
        check(error, "the instance has no export \"ad\": it exports add, memory");
        let error = exports.function(scope, "memory").unwrap_err();
        check(error, "the export \"memory\" is not a function");
        let error = exports.global(scope, "add").unwrap_err();
        check(error, "the export \"add\" is not a global");
        Ok(())
    })
}

#[test]
fn a_module_tells_what_it_is() -> Result<(), Error> {
    let bytes = wasm(
        r#"(module (import "a" "f" (func)) (import "a" "g" (global i32))
            (memory (export "m") 1) (table (export "t") 1 funcref) (tag (export "e"))
            (@custom "note" "one") (@custom "other" "x") (@custom "note" "two"))"#,
    );
    let module = Module::compile(&engine(), &bytes)?;
    let imports: Vec<_> = module.imports().iter().map(ToString::to_string).collect();
    assert_eq!(imports, ["a.f: function", "a.g: global"]);
    let kinds: Vec<_> = module.exports().iter().map(|export| export.kind).collect();
    assert_eq!(kinds, [ExternKind::Memory, ExternKind::Table, ExternKind::Tag]);
    assert_eq!(module.custom_sections("note"), [b"one", b"two"]);
    assert!(module.custom_sections("none").is_empty());
    assert_eq!(module.wire_bytes(), bytes);
    Ok(())
}

#[test]
fn a_module_goes_to_other_threads() -> Result<(), Error> {
    let engine = engine();
    let module = Module::compile(&engine, &wasm(ADD))?;
    let threads: Vec<_> = (0..3)
        .map(|number| {
            let (engine, module) = (engine.clone(), module.clone());
            std::thread::spawn(move || {
                Isolate::builder(&engine).build()?.enter(|scope| {
                    let exports = scope.instantiate(&module, &Imports::new())?.exports();
                    exports.function(scope, "add")?.call::<i32>(scope, (number, 1))
                })
            })
        })
        .collect();
    for (number, thread) in (0..).zip(threads) {
        assert_eq!(thread.join().expect("no panic")?, number + 1);
    }
    Ok(())
}

#[test]
fn a_module_of_another_engine_is_refused() -> Result<(), Error> {
    let module = Module::compile(&engine(), &wasm(ADD))?;
    with_scope(|scope| {
        let error = scope.instantiate(&module, &Imports::new()).unwrap_err();
        assert!(error.is_mismatch(), "{error}");
        assert!(scope.value(&module).unwrap_err().is_mismatch());
        Ok(())
    })
}

#[test]
fn bytes_that_come_bit_by_bit_make_a_module() -> Result<(), Error> {
    let (engine, bytes) = (engine(), wasm(ADD));
    for size in [1, 2, 7, bytes.len()] {
        let mut builder = Module::builder(&engine);
        for chunk in bytes.chunks(size) {
            builder.push(chunk)?;
        }
        let module = builder.finish()?;
        assert_eq!(module.wire_bytes(), bytes);
        assert_eq!(module.exports()[0].name, "add");
    }
    let mut early = Module::builder(&engine);
    early.push(&bytes[..20])?;
    assert!(early.finish().unwrap_err().is_compile_error());
    let mut wrong = Module::builder(&engine);
    assert!(wrong.push(b"#!/bin/sh").unwrap_err().is_compile_error());
    assert!(wrong.push(&bytes).unwrap_err().is_compile_error());
    assert!(wrong.finish().unwrap_err().is_compile_error());
    Ok(())
}

#[test]
fn imports_come_from_rust() -> Result<(), Error> {
    let engine = engine();
    let module = Module::compile(
        &engine,
        &wasm(
            r#"(module
            (import "env" "log" (func $log (param i32 i64 f64) (result i64)))
            (import "env" "base" (global $base i32))
            (import "more" "toString" (func $plain))
            (func (export "run") (result i64)
                (call $plain)
                (call $log (global.get $base) (i64.const 9007199254740993) (f64.const 0.5))))"#,
        ),
    )?;
    let calls = Rc::new(Cell::new(0));
    let mut isolate = Isolate::builder(&engine).build()?;
    let seen = calls.clone();
    isolate.enter(|scope| {
        let base: Value = scope.value(40)?;
        let plain: Function = scope.eval("() => { globalThis.called = true }")?;
        let imports = Imports::new()
            .function("env", "log", move |scope, arguments| {
                seen.set(seen.get() + 1);
                let (small, big) = (arguments[0].to::<i32>(scope)?, arguments[1].to::<i64>(scope)?);
                assert_eq!(arguments[2].to::<f64>(scope)?, 0.5);
                scope.value(BigInt(i64::from(small) + big))
            })
            .value("env", "base", &base)
            .value("more", "toString", &plain);
        // The same imports serve again.
        for _ in 0..2 {
            let exports = scope.instantiate(&module, &imports)?.exports();
            let result: i64 = exports.function(scope, "run")?.call(scope, ())?;
            assert_eq!(result, 9_007_199_254_741_033);
        }
        assert!(scope.eval::<bool>("called")?);
        Ok(())
    })?;
    assert_eq!(calls.get(), 2);
    Ok(())
}

#[test]
fn an_error_of_a_host_function_goes_through_the_module() -> Result<(), Error> {
    let engine = engine();
    let text = r#"(module (import "env" "fail" (func $fail)) (export "run" (func $fail))
        (func (export "through") call $fail))"#;
    let module = Module::compile(&engine, &wasm(text))?;
    Isolate::builder(&engine).build()?.enter(|scope| {
        let imports = Imports::new()
            .function("env", "fail", |scope, _| scope.eval::<Value>("throw new TypeError('no')"));
        let exports = scope.instantiate(&module, &imports)?.exports();
        let error = exports.function(scope, "through")?.call::<()>(scope, ()).unwrap_err();
        assert!(error.is_exception() && !error.is_trap());
        assert_eq!(error.to_string(), "Error: TypeError: no");
        Ok(())
    })
}

#[test]
fn wasm_errors_are_told_apart() -> Result<(), Error> {
    let text = r#"(module (func (export "trap") unreachable)
        (func $deep (export "deep") call $deep))"#;
    with_instance(text, |scope, instance| {
        let exports = instance.exports();
        let error = exports.function(scope, "trap")?.call::<()>(scope, ()).unwrap_err();
        assert!(error.is_trap() && !error.is_link_error() && !error.is_compile_error());
        assert_eq!(error.to_string(), "RuntimeError: unreachable");
        let error = exports.function(scope, "deep")?.call::<()>(scope, ()).unwrap_err();
        assert!(error.is_limit() && !error.is_trap(), "{error}");

        let error = scope.eval::<()>("new WebAssembly.Module(new Uint8Array(3))").unwrap_err();
        assert!(error.is_compile_error() && error.is_exception());
        let error = scope.eval::<()>("throw new WebAssembly.RuntimeError('x')").unwrap_err();
        assert!(error.is_trap());
        // What only says so is not.
        let source = "throw Object.assign(new Error('x'), { name: 'RuntimeError' })";
        assert!(!scope.eval::<()>(source).unwrap_err().is_trap());
        let source = "class Mine extends WebAssembly.RuntimeError {} throw new Mine('x')";
        assert!(scope.eval::<()>(source).unwrap_err().is_trap());
        Ok(())
    })?;
    let error = Module::compile(&engine(), b"\0asm\x01\0\0\0\x63").unwrap_err();
    assert!(error.is_compile_error() && !error.is_exception());
    Ok(())
}

#[test]
fn imports_that_do_not_fit_are_link_errors() -> Result<(), Error> {
    let engine = engine();
    let module = Module::compile(&engine, &wasm(r#"(module (import "env" "f" (func)))"#))?;
    Isolate::builder(&engine).build()?.enter(|scope| {
        let error = scope.instantiate(&module, &Imports::new().value("env", "f", 1)).unwrap_err();
        assert!(error.is_link_error(), "{error}");
        assert!(error.to_string().contains("\"env\" \"f\""), "{error}");
        let error = scope.instantiate(&module, &Imports::new()).unwrap_err();
        assert!(error.is_exception() && !error.is_link_error(), "{error}");
        let imports: Object = scope.eval("({ env: { f() {} } })")?;
        scope.instantiate(&module, &imports).map(drop)
    })
}

#[test]
fn a_start_function_that_traps_is_a_trap() -> Result<(), Error> {
    let text = "(module (func $start unreachable) (start $start))";
    let error = with_instance(text, |_, _| Ok(())).unwrap_err();
    assert!(error.is_trap());
    Ok(())
}

#[test]
fn globals_and_tables_are_read_and_written() -> Result<(), Error> {
    let text = r#"(module
        (global $g (export "g") (mut i64) (i64.const -5))
        (global (export "constant") f32 (f32.const 1.5))
        (table $t (export "t") 2 4 funcref)
        (elem (i32.const 0) $seven)
        (func $seven (export "seven") (result i32) i32.const 7)
        (func (export "read") (result i64) global.get $g))"#;
    with_instance(text, |scope, instance| {
        let exports = instance.exports();
        let global = exports.global(scope, "g")?;
        assert_eq!(global.get::<i64>(scope)?, -5);
        assert!(global.get::<BigInt<u64>>(scope).unwrap_err().is_mismatch());
        global.set(scope, BigInt(i64::MIN))?;
        let read = exports.function(scope, "read")?;
        assert_eq!(read.call::<i64>(scope, ())?, i64::MIN);
        assert!(global.set(scope, 1_i64).unwrap_err().is_exception());
        assert!(exports.global(scope, "constant")?.set(scope, 1).is_err());

        let table = exports.table(scope, "t")?;
        let seven: Function = table.get(scope, 0)?;
        assert_eq!(seven.call::<i32>(scope, ())?, 7);
        assert!(table.get::<Value>(scope, 1)?.is_null());
        table.set(scope, 1, &seven)?;
        assert!(table.get::<Value>(scope, 2).unwrap_err().is_exception());
        assert!(table.set(scope, 0, 3).unwrap_err().is_exception());
        assert_eq!(table.grow(scope, 2)?, 2);
        assert!(table.grow(scope, 1).is_err());
        assert_eq!(table.len(scope), 4);
        // Script cannot come between.
        scope.eval::<()>("Object.defineProperty(WebAssembly.Global.prototype, 'value', {})")?;
        assert_eq!(global.get::<i64>(scope)?, i64::MIN);
        Ok(())
    })
}

#[test]
fn big_ints_are_exact() -> Result<(), Error> {
    with_scope(|scope| {
        for number in [0, 1, -1, i64::MAX, i64::MIN, (1 << 53) + 1] {
            let value = scope.value(BigInt(number))?;
            assert_eq!(value.to::<i64>(scope)?, number);
            assert_eq!(value.to::<BigInt>(scope)?, BigInt(number));
            assert_eq!(value.to_text(scope)?, number.to_string());
        }
        assert_eq!(scope.eval::<String>("typeof 1n")?, "bigint");
        assert_eq!(scope.eval::<i64>("-3")?, -3);
        assert_eq!(scope.eval::<BigInt<u64>>("2n ** 64n - 1n")?, BigInt(u64::MAX));
        for source in ["2n ** 63n", "-(2n ** 63n) - 1n", "2n ** 200n"] {
            assert!(scope.eval::<i64>(source).unwrap_err().is_mismatch(), "{source}");
        }
        assert!(scope.eval::<BigInt<u64>>("-1n").unwrap_err().is_mismatch());
        assert!(scope.eval::<BigInt>("1").unwrap_err().is_mismatch());
        assert!(scope.eval::<BigInt>("'1'").unwrap_err().is_mismatch());
        Ok(())
    })
}

const MEMORY: &str = r#"(module (memory (export "memory") 1 3)
    (func (export "peek") (param i32) (result i32) local.get 0 i32.load8_u)
    (func (export "grow") (result i32) i32.const 1 memory.grow))"#;

#[test]
fn a_memory_is_the_same_from_all_sides() -> Result<(), Error> {
    with_instance(MEMORY, |scope, instance| {
        let exports = instance.exports();
        let memory = exports.memory(scope, "memory")?;
        let peek = exports.function(scope, "peek")?;
        assert_eq!(memory.len_bytes(scope)?, 65_536);
        assert!(!memory.is_shared());
        memory.with_bytes(scope, |bytes| bytes[100] = 42)?;
        assert_eq!(peek.call::<i32>(scope, (100,))?, 42);
        scope.global().set(scope, "memory", &memory)?;
        scope.global().set(scope, "instance", &instance)?;
        assert!(scope.eval::<bool>("instance.exports.memory === memory")?);
        scope.eval::<()>("new Uint8Array(memory.buffer)[100] = 43")?;
        assert_eq!(memory.read(scope, |bytes| bytes[100])?, 43);

        // Growth from each side.
        scope.eval::<()>("var before = memory.buffer")?;
        assert_eq!(memory.grow(scope, 1)?, 1);
        assert_eq!(scope.eval::<i32>("before.byteLength")?, 0);
        assert_eq!(exports.function(scope, "grow")?.call::<i32>(scope, ())?, 2);
        assert_eq!(memory.len_bytes(scope)?, 3 * 65_536);
        assert_eq!(memory.read(scope, |bytes| (bytes.len(), bytes[100]))?, (3 * 65_536, 43));
        let error = memory.grow(scope, 1).unwrap_err();
        assert!(error.is_exception() && error.to_string().contains("maximum is 3"), "{error}");
        Ok(())
    })
}

#[test]
fn copies_stay_within_a_memory() -> Result<(), Error> {
    with_scope(|scope| {
        let source = "new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })";
        let shared: Memory = scope.eval(source)?;
        let own = Memory::new(scope, 1, Some(1))?;
        for memory in [shared, own] {
            memory.copy_from(scope, 65_533, b"abc")?;
            let mut out = [0; 4];
            memory.copy_to(scope, 65_532, &mut out)?;
            assert_eq!(&out, b"\0abc");
            memory.copy_from(scope, 65_536, b"")?;
            for offset in [65_533, 65_536, u64::MAX] {
                let error = memory.copy_to(scope, offset, &mut out).unwrap_err();
                assert!(error.is_mismatch(), "{error}");
                assert!(memory.copy_from(scope, offset, &out).unwrap_err().is_mismatch());
            }
            assert_eq!(&out, b"\0abc");
        }
        Ok(())
    })
}

#[test]
fn a_shared_memory_lends_nothing() -> Result<(), Error> {
    with_scope(|scope| {
        let source = "new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })";
        let memory: Memory = scope.eval(source)?;
        assert!(memory.is_shared());
        let error = memory.read(scope, |_| ()).unwrap_err();
        assert!(error.is_mismatch() && error.to_string().contains("shared"), "{error}");
        assert!(memory.with_bytes(scope, |_| ()).unwrap_err().is_mismatch());
        Ok(())
    })
}

#[test]
fn bytes_can_be_read_by_several_at_once() -> Result<(), Error> {
    with_scope(|scope| {
        let (one, other) = (Memory::new(scope, 1, None)?, Memory::new(scope, 1, None)?);
        other.copy_from(scope, 0, b"x")?;
        let same = one.clone();
        let scope = &*scope;
        one.read(scope, |a| {
            same.read(scope, |b| {
                assert!(std::ptr::eq(a, b));
                other.read(scope, |c| assert_ne!(a, c))
            })
        })??
    })
}

#[test]
fn a_memory_stays_in_its_isolate() -> Result<(), Error> {
    let engine = engine();
    let module = Module::compile(&engine, &wasm(r#"(module (import "e" "m" (memory 1)))"#))?;
    let mut isolate = Isolate::builder(&engine).build()?;
    let memory = isolate.enter(|scope| Memory::new(scope, 1, None))?;
    // Between scopes it keeps its bytes.
    isolate.enter(|scope| memory.with_bytes(scope, |bytes| bytes[0] = 9))?;
    assert_eq!(isolate.enter(|scope| memory.read(scope, |bytes| bytes[0]))?, 9);
    let refused = |isolate: &mut Isolate| {
        isolate.enter(|scope| {
            let text = "the memory belongs to another isolate";
            let check = |error: Error| assert!(error.is_mismatch() && error.to_string() == text);
            check(memory.read(scope, |_| ()).unwrap_err());
            check(memory.with_bytes(scope, |_| ()).unwrap_err());
            check(memory.len_bytes(scope).unwrap_err());
            check(memory.grow(scope, 1).unwrap_err());
            check(memory.copy_from(scope, 0, b"x").unwrap_err());
            check(memory.copy_to(scope, 0, &mut [0]).unwrap_err());
            check(scope.value(&memory).unwrap_err());
            let imports = Imports::new().value("e", "m", &memory);
            check(scope.instantiate(&module, &imports).unwrap_err());
            Ok(())
        })
    };
    let mut other = Isolate::builder(&engine).build()?;
    refused(&mut other)?;
    drop(isolate);
    refused(&mut other)?;
    drop(other);
    drop(memory);
    Ok(())
}

#[test]
fn a_memory_outlives_its_instance_and_its_isolate() -> Result<(), Error> {
    let engine = engine();
    let module = Module::compile(&engine, &wasm(MEMORY))?;
    let mut isolate = Isolate::builder(&engine).build()?;
    let memory = isolate.enter(|scope| {
        let exports = scope.instantiate(&module, &Imports::new())?.exports();
        let memory = exports.memory(scope, "memory")?;
        memory.copy_from(scope, 5, b"kept")?;
        Ok(memory)
    })?;
    let kept = isolate.enter(|scope| {
        for _ in 0..100 {
            scope.instantiate(&module, &Imports::new())?;
        }
        memory.grow(scope, 1)?;
        scope.global().set(scope, "again", &memory)?;
        assert_eq!(scope.eval::<i32>("new Uint8Array(again.buffer)[5]")?, i32::from(b'k'));
        memory.read(scope, |bytes| bytes[5..9].to_vec())
    })?;
    assert_eq!(kept, b"kept");
    drop(isolate);
    drop((module, engine));
    drop(memory);
    Ok(())
}

#[test]
fn a_host_function_reads_the_memory_of_its_caller() -> Result<(), Error> {
    let engine = engine();
    let text = r#"(module (import "env" "memory" (memory 1))
        (import "env" "take" (func $take (param i32 i32)))
        (func (export "run")
            (drop (memory.grow (i32.const 1)))
            (i32.store8 (i32.const 70000) (i32.const 33))
            (call $take (i32.const 70000) (i32.const 1))))"#;
    let module = Module::compile(&engine, &wasm(text))?;
    Isolate::builder(&engine).build()?.enter(|scope| {
        let memory = Memory::new(scope, 1, None)?;
        let shown = memory.clone();
        let imports = Imports::new().value("env", "memory", &memory).function(
            "env",
            "take",
            move |scope, arguments| {
                let start: u32 = arguments[0].to(scope)?;
                let byte = shown.read(scope, |bytes| bytes[start as usize])?;
                shown.with_bytes(scope, |bytes| bytes[0] = byte + 1)?;
                scope.value(())
            },
        );
        let exports = scope.instantiate(&module, &imports)?.exports();
        exports.function(scope, "run")?.call::<()>(scope, ())?;
        assert_eq!(memory.read(scope, |bytes| bytes[0])?, 34);
        Ok(())
    })
}

#[test]
fn modules_and_instances_go_to_script_and_back() -> Result<(), Error> {
    let engine = engine();
    let module = Module::compile(&engine, &wasm(ADD))?;
    Isolate::builder(&engine).build()?.enter(|scope| {
        let global = scope.global();
        global.set(scope, "module", &module)?;
        scope.eval::<()>("var instance = new WebAssembly.Instance(module)")?;
        assert_eq!(scope.eval::<i32>("instance.exports.add(1, 2)")?, 3);
        let instance: Instance = global.get(scope, "instance")?;
        let add = instance.exports().function(scope, "add")?;
        assert_eq!(add.call::<i32>(scope, (3, 4))?, 7);
        let back: Module = global.get(scope, "module")?;
        assert_eq!(back.wire_bytes(), module.wire_bytes());
        scope.instantiate(&back, &Imports::new())?;
        assert!(global.get::<Module>(scope, "instance").unwrap_err().is_mismatch());
        assert!(global.get::<Instance>(scope, "module").unwrap_err().is_mismatch());
        assert!(global.get::<Memory>(scope, "module").unwrap_err().is_mismatch());
        assert!(scope.eval::<Instance>("({ exports: {} })").unwrap_err().is_mismatch());
        Ok(())
    })
}

fn load(engine: &Engine, artifact: &[u8], bytes: &[u8]) -> Result<CacheOutcome, Error> {
    let (module, outcome) = Module::deserialize_or_compile(engine, artifact, bytes)?;
    assert_eq!(module.wire_bytes(), bytes);
    Ok(outcome)
}

#[test]
fn an_artifact_is_loaded_and_works() -> Result<(), Error> {
    let bytes = wasm(ADD);
    let artifact = Module::compile(&engine(), &bytes)?.serialize()?;
    let engine = engine();
    let (module, outcome) = Module::deserialize_or_compile(&engine, &artifact, &bytes)?;
    assert!(outcome.is_loaded(), "{outcome}");
    assert_eq!(module.exports()[0].name, "add");
    let sum: i32 = Isolate::builder(&engine).build()?.enter(|scope| {
        let exports = scope.instantiate(&module, &Imports::new())?.exports();
        exports.function(scope, "add")?.call(scope, (77, 88))
    })?;
    assert_eq!(sum, 165);
    // And is as good a source as the first.
    assert!(load(&engine, &module.serialize()?, &bytes)?.is_loaded());
    Ok(())
}

#[test]
fn a_loaded_module_still_catches_exceptions() -> Result<(), Error> {
    let engine = engine();
    let bytes = wasm(
        r#"(module (import "env" "fail" (func $fail))
        (func (export "run") (result i32)
            (block $caught (try_table (catch_all $caught) (call $fail)) (return (i32.const 0)))
            (i32.const 1)))"#,
    );
    let artifact = Module::compile(&engine, &bytes)?.serialize()?;
    let (module, outcome) = Module::deserialize_or_compile(&engine, &artifact, &bytes)?;
    assert!(outcome.is_loaded(), "{outcome}");
    let caught: i32 = Isolate::builder(&engine).build()?.enter(|scope| {
        let imports: Object = scope.eval("({ env: { fail() { throw 1 } } })")?;
        let exports = scope.instantiate(&module, &imports)?.exports();
        exports.function(scope, "run")?.call(scope, ())
    })?;
    assert_eq!(caught, 1);
    Ok(())
}

#[test]
fn an_artifact_of_another_key_is_not_loaded() -> Result<(), Error> {
    let bytes = wasm(ADD);
    let artifact = Module::compile(&engine(), &bytes)?.serialize()?;
    let other = Engine::new(Config::default().artifact_key([8; 32]))?;
    let wanted = CacheOutcome::Compiled(CacheMiss::OtherKey);
    assert_eq!(load(&other, &artifact, &bytes)?, wanted);
    // Without a key each engine has its own.
    let (one, other) = (Engine::new(Config::default())?, Engine::new(Config::default())?);
    let artifact = Module::compile(&one, &bytes)?.serialize()?;
    assert!(load(&one, &artifact, &bytes)?.is_loaded());
    assert_eq!(load(&other, &artifact, &bytes)?, wanted);
    assert_eq!(wanted.to_string(), "compiled: the artifact was made by an engine with another key");
    Ok(())
}

#[test]
fn an_artifact_of_other_bytes_is_not_loaded() -> Result<(), Error> {
    let engine = engine();
    let bytes = wasm(ADD);
    let artifact = Module::compile(&engine, &bytes)?.serialize()?;
    let mut longer = bytes.clone();
    longer.extend(b"\0\x02\x01x");
    let wanted = CacheOutcome::Compiled(CacheMiss::OtherBytes);
    assert_eq!(load(&engine, &artifact, &longer)?, wanted);
    let error = Module::deserialize_or_compile(&engine, &artifact, b"no module").unwrap_err();
    assert!(error.is_compile_error());
    Ok(())
}

/// Also the proof that nothing of an artifact is believed before its MAC is: were the code
/// looked at, some of these would crash.
#[test]
fn a_changed_artifact_is_never_loaded() -> Result<(), Error> {
    const TRAILER_BYTES: usize = 128;
    const KEY_ID_BYTES: usize = 16;
    const VERSION_AND_MAGIC: std::ops::Range<usize> = 84..96;
    let engine = engine();
    let bytes = wasm("(module)");
    let artifact = Module::compile(&engine, &bytes)?.serialize()?;
    // Numbers that look random and are the same each time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    let trailer = artifact.len() - TRAILER_BYTES;
    let mut places: Vec<usize> = (trailer..artifact.len()).collect();
    places.extend((0..200).map(|_| random() % trailer));
    for place in places {
        let mut changed = artifact.clone();
        changed[place] ^= 1 << (random() % 8);
        let outcome = load(&engine, &changed, &bytes)?;
        assert!(!outcome.is_loaded(), "byte {place} was changed");
        let is_told_apart = place
            .checked_sub(trailer)
            .is_some_and(|place| place < KEY_ID_BYTES || VERSION_AND_MAGIC.contains(&place));
        if !is_told_apart {
            assert_eq!(outcome, CacheOutcome::Compiled(CacheMiss::Damaged), "byte {place}");
        }
    }
    for len in [0, 1, 8, 127, 128, artifact.len() - 1] {
        assert!(!load(&engine, &artifact[..len], &bytes)?.is_loaded(), "{len} bytes");
    }
    let longer = [&artifact[..], b"\0"].concat();
    assert!(!load(&engine, &longer, &bytes)?.is_loaded());
    assert!(load(&engine, &artifact, &bytes)?.is_loaded());
    Ok(())
}

#[test]
fn what_debug_shows_is_no_secret() {
    let config = Config::default().artifact_key([171; 32]);
    let shown = format!("{config:?} {:?}", Engine::new(config.clone()));
    assert!(!shown.contains("171") && !shown.contains("ab, "), "{shown}");
}

/// As much stack as a thread of Rust has by default.
#[test]
fn mutual_recursion_on_a_small_thread_is_an_error() {
    let text = r#"(module (import "e" "f" (func $f (result i32)))
        (func (export "g") (result i32) (call $f))
        (func $h (export "h") (result i32) (i32.add (call $h) (call $f)))
        (func $d (export "d") (param i32) (result i32) (if (result i32) (local.get 0)
            (then (call $d (i32.sub (local.get 0) (i32.const 1)))) (else (call $f)))))"#;
    let hex: String = wasm(text).iter().map(|byte| format!("{byte:02x}")).collect();
    let source = format!(
        "const module = new WebAssembly.Module(Uint8Array.fromHex('{hex}'));
        const x = new WebAssembly.Instance(module, {{ e: {{ f: () => x.g() }} }}).exports;
        const deep = levels => levels ? deep(levels - 1) : x.h();
        const calls = [x.g, x.h, () => x.d(10_000), () => deep(300), () => deep(1e6)];
        calls.map(call => {{ try {{ call(); }} catch (e) {{ return e.name; }} }}).join()"
    );
    let run = move || -> String {
        let engine = Engine::new(Config::default()).expect("an engine");
        let mut isolate = Isolate::builder(&engine).build().expect("an isolate");
        isolate.enter(|scope| scope.eval(&source)).expect("the script runs")
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run).expect("a thread");
    assert_eq!(thread.join().expect("no panic"), ["RangeError"; 5].join(","));
}

#[test]
fn conversions_call_functions_of_ours() -> Result<(), Error> {
    let script = "const memory = new WebAssembly.Memory({ address: 'i64', initial: 1n });
        memory.grow(new WebAssembly.Global({ value: 'i64' }, 2n)) === 1n";
    assert!(with_scope(|scope| scope.eval::<bool>(script))?);
    Ok(())
}

#[test]
fn minus_zero_stays_that() -> Result<(), Error> {
    let text = r#"(module (global (export "g") f64 (f64.const -0)) (tag $t (export "t") (param f64))
        (func (export "two") (result i32 f32 f64) (i32.const 1) (f32.const -0) (f64.const -0)))"#;
    with_instance(text, |scope, instance| {
        scope.global().set(scope, "e", instance.exports().object())?;
        let script = "[e.g.value, e.two()[1], e.two()[2], new WebAssembly.Exception(e.t, [-0]).getArg(e.t, 0)]
            .every((number) => Object.is(number, -0))";
        assert!(scope.eval::<bool>(script)?);
        Ok(())
    })
}

#[test]
fn a_64_bit_memory_has_at_most_16_gib() -> Result<(), Error> {
    let script = "const most = 262144n, address = 'i64';
        const refuses = (body) => { try { body() } catch (error) { return error instanceof RangeError } };
        const memory = new WebAssembly.Memory({ address, initial: 1n });
        refuses(() => new WebAssembly.Memory({ address, initial: most + 1n }))
            && refuses(() => memory.grow(most))
            && memory.grow(1n) === 1n";
    assert!(with_scope(|scope| scope.eval::<bool>(script))?);
    Ok(())
}

#[test]
fn a_function_has_exceptions_of_one_kind() -> Result<(), Error> {
    // try end, try_table end
    let script = "const bytes = Uint8Array.fromHex('0061736d01000000010401600000030201000a0b01090006400b1f40000b0b');
        const refused = (() => { try { new WebAssembly.Module(bytes) } catch (error) { return error instanceof WebAssembly.CompileError } })();
        refused && !WebAssembly.validate(bytes)";
    assert!(with_scope(|scope| scope.eval::<bool>(script))?);
    Ok(())
}

#[test]
fn a_memory_cannot_grow_to_all_there_is() -> Result<(), Error> {
    let bytes = wasm(r#"(module (import "" "m" (memory i64 0)))"#);
    let script = format!(
        "const m = new WebAssembly.Memory({{ address: 'i64', initial: 0n }});
        new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array({bytes:?})), {{ '': {{ m }} }});
        try {{ m.grow(2n ** 64n - 1n) }} catch (error) {{ error instanceof RangeError }}"
    );
    assert!(with_scope(|scope| scope.eval::<bool>(&script))?);
    Ok(())
}
