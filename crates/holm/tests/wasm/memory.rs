//! Memories, tables and globals.

use holm::{BigInt, Error, Function, Imports, Isolate, Memory, Module, Value};

use crate::{engine, wasm, with_instance, with_scope};

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
