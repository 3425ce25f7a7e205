//! A module that calls the host, and hands it text: `cargo run --example embed_memory`
//!
//! Modules pass text as a place in their memory. The host makes the memory, so that its
//! function can look into it.

use holm::{Config, Engine, Error, Imports, Isolate, Memory, Module};

/// `(module
///   (import "env" "memory" (memory 1))
///   (import "env" "log" (func $log (param i32 i32)))
///   (data (i32.const 16) "hello from wasm")
///   (func (export "greet") (call $log (i32.const 16) (i32.const 15))))`
const GREET: &[u8] = b"\0asm\x01\0\0\0\x01\x09\x02\x60\x02\x7f\x7f\0\x60\0\0\
    \x02\x19\x02\x03env\x06memory\x02\0\x01\x03env\x03log\0\0\x03\x02\x01\x01\
    \x07\x09\x01\x05greet\0\x01\x0a\x0a\x01\x08\0\x41\x10\x41\x0f\x10\0\x0b\
    \x0b\x15\x01\0\x41\x10\x0b\x0fhello from wasm";

fn main() -> Result<(), Error> {
    let engine = Engine::new(Config::default())?;
    let module = Module::compile(&engine, GREET)?;
    let mut isolate = Isolate::builder(&engine).build()?;
    isolate.enter(|scope| {
        let memory = Memory::new(scope, 1, None)?;
        let shown = memory.clone();
        let imports = Imports::new().value("env", "memory", &memory).function(
            "env",
            "log",
            move |scope, arguments| {
                let (start, len): (u32, u32) = (arguments[0].to(scope)?, arguments[1].to(scope)?);
                let mut text = vec![0; len as usize];
                // Refused if the module says what is not within its memory.
                shown.copy_to(scope, start.into(), &mut text)?;
                println!("{}", String::from_utf8_lossy(&text));
                scope.value(())
            },
        );
        let exports = scope.instantiate(&module, &imports)?.exports();
        exports.function(scope, "greet")?.call::<()>(scope, ())?;
        memory.with_bytes(scope, |bytes| bytes[16..21].copy_from_slice(b"HELLO"))?;
        exports.function(scope, "greet")?.call(scope, ())
    })
}
