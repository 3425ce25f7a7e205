//! Compile once, load ever after: `cargo run --example embed_cache`
//!
//! An artifact is machine code, signed with a key. A second engine with the same key loads it;
//! whatever else it is given, it compiles, and says why.

use holm::{Config, Engine, Error, Module};

/// `(module (func (export "answer") (result i32) i32.const 42))`
const WASM: &[u8] = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\
    \x07\x0a\x01\x06answer\0\0\x0a\x06\x01\x04\0\x41\x2a\x0b";

fn main() -> Result<(), Error> {
    // Yours: 32 random bytes, made once, kept where only your program can read them.
    let config = Config::default().artifact_key(*b"this key of an example is public");
    let artifact = Module::compile(&Engine::new(config.clone())?, WASM)?.serialize()?;
    println!("made an artifact of {} bytes", artifact.len());

    let engine = Engine::new(config)?;
    let (_module, outcome) = Module::deserialize_or_compile(&engine, &artifact, WASM)?;
    println!("the same key: {outcome}");

    let mut forged = artifact.clone();
    *forged.last_mut().expect("not empty") ^= 1;
    let (_module, outcome) = Module::deserialize_or_compile(&engine, &forged, WASM)?;
    println!("a changed byte: {outcome}");

    let stranger = Engine::new(Config::default())?;
    let (_module, outcome) = Module::deserialize_or_compile(&stranger, &artifact, WASM)?;
    println!("no key: {outcome}");
    Ok(())
}
