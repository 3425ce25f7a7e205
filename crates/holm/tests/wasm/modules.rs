//! Modules: what they tell, where they go, how they are made.

use holm::{Error, ExternKind, Imports, Instance, Isolate, Memory, Module};

use crate::{ADD, engine, wasm, with_scope};

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
