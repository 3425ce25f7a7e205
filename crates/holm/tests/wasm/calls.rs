//! How exports are called, and what values become.

use holm::{BigInt, Config, Engine, Error, Isolate, Module};

use crate::{ADD, engine, wasm, with_instance, with_scope};

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
fn a_start_function_that_traps_is_a_trap() -> Result<(), Error> {
    let text = "(module (func $start unreachable) (start $start))";
    let error = with_instance(text, |_, _| Ok(())).unwrap_err();
    assert!(error.is_trap());
    Ok(())
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
fn a_function_has_exceptions_of_one_kind() -> Result<(), Error> {
    // try end, try_table end
    let script = "const bytes = Uint8Array.fromHex('0061736d01000000010401600000030201000a0b01090006400b1f40000b0b');
        const refused = (() => { try { new WebAssembly.Module(bytes) } catch (error) { return error instanceof WebAssembly.CompileError } })();
        refused && !WebAssembly.validate(bytes)";
    assert!(with_scope(|scope| scope.eval::<bool>(script))?);
    Ok(())
}
