//! `holm-fuzz-smith`: modules from `wasm-smith`, for `holm-fuzz`, which is another program because `wasm-smith`
//! changes the features of a crate below Wasmtime: together with it, all of Wasmtime would be built once more.
//!
//! A request is a byte that says what is wanted, a length of four bytes, and so many random bytes. The answer is
//! a length of four bytes and a module of that length; 0 if the randomness does not make one.

#![forbid(unsafe_code)]

use std::io::{self, ErrorKind, Read, Write};

use arbitrary::Unstructured;
use wasm_smith::{Config, Module};
use wast::Wat;
use wast::parser::{ParseBuffer, parse};

/// What a module may import that is for comparisons: `differential.rs` has it.
const IMPORTS: &str = include_str!("../differential.wat");
/// The wish for a module of which every engine makes the same.
const COMPARABLE: u8 = b'c';
/// Calls and loops that a module may make in its life.
const FUEL: u32 = 2_000;

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let imports = binary(IMPORTS).expect("text of a module");
    let mut head = [0; 5];
    loop {
        match input.read_exact(&mut head) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let [wish, len @ ..] = head;
        let mut bytes = vec![0; u32::from_le_bytes(len) as usize];
        input.read_exact(&mut bytes)?;
        let imports = (wish == COMPARABLE).then_some(imports.as_slice());
        let wasm = module(&mut Unstructured::new(&bytes), imports).unwrap_or_default();
        output.write_all(&(wasm.len() as u32).to_le_bytes())?;
        output.write_all(&wasm)?;
        output.flush()?;
    }
}

fn binary(text: &str) -> Result<Vec<u8>, wast::Error> {
    parse::<Wat<'_>>(&ParseBuffer::new(text)?)?.encode()
}

fn module(random: &mut Unstructured<'_>, imports: Option<&[u8]>) -> Option<Vec<u8>> {
    let mut config = config(random).ok()?;
    if let Some(imports) = imports {
        config.available_imports = Some(imports.to_vec());
        config.canonicalize_nans = true;
        config.relaxed_simd_enabled = false;
        config.threads_enabled = false;
        config.export_everything = true;
        config.memory_max_size_required = true;
        config.min_funcs = 6;
    }
    let mut module = Module::new(config, random).ok()?;
    module.ensure_termination(FUEL).ok()?;
    Some(module.to_bytes())
}

/// Every proposal that Holm has, and mostly most of them: what is not there hides nothing else.
fn config(random: &mut Unstructured<'_>) -> arbitrary::Result<Config> {
    let mut often = || random.ratio(3, 4);
    Ok(Config {
        simd_enabled: often()?,
        relaxed_simd_enabled: often()?,
        threads_enabled: often()?,
        tail_call_enabled: often()?,
        exceptions_enabled: often()?,
        gc_enabled: often()?,
        memory64_enabled: often()?,
        export_everything: often()?,
        memory_max_size_required: often()?,
        generate_custom_sections: often()?,
        min_uleb_size: if often()? { 1 } else { 5 },
        limit_arrays_in_const_exprs: true,
        max_memories: 3,
        max_tables: 4,
        max_memory32_bytes: 8 << 16,
        max_memory64_bytes: 8 << 16,
        max_table_elements: 1_000,
        ..Config::default()
    })
}
