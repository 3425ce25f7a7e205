//! A module, an isolate, an instance, a call: `cargo run --example embed_add`

use holm::{Config, Engine, Error, Imports, Isolate, Module};

/// `(module (func (export "add") (param i32 i32) (result i32)
///   local.get 0 local.get 1 i32.add))`
const ADD: &[u8] = b"\0asm\x01\0\0\0\x01\x07\x01\x60\x02\x7f\x7f\x01\x7f\x03\x02\x01\0\
    \x07\x07\x01\x03add\0\0\x0a\x09\x01\x07\0\x20\0\x20\x01\x6a\x0b";

fn main() -> Result<(), Error> {
    let engine = Engine::new(Config::default())?;
    let module = Module::compile(&engine, ADD)?;
    let mut isolate = Isolate::builder(&engine).build()?;
    let sum: i32 = isolate.enter(|scope| {
        let exports = scope.instantiate(&module, &Imports::new())?.exports();
        exports.function(scope, "add")?.call(scope, (77, 88))
    })?;
    println!("77 + 88 = {sum}");
    Ok(())
}
