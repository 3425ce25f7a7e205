//! WebAssembly as an embedder meets it.

mod artifacts;
mod calls;
mod imports;
mod memory;
mod modules;

use holm::{Config, Engine, Error, Imports, Instance, Isolate, Module, Scope};

const KEY: [u8; 32] = [7; 32];

const ADD: &str = r#"(module (func (export "add") (param i32 i32) (result i32)
    local.get 0 local.get 1 i32.add))"#;

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
