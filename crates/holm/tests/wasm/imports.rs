//! What Rust gives to modules.

use std::cell::Cell;
use std::rc::Rc;

use holm::{BigInt, Error, Function, Imports, Isolate, Memory, Module, Object, Value};

use crate::{engine, wasm};

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
