//! Modules, broken ones and bytes that are none: the verdict is Wasmtime's, whoever is asked and however the
//! bytes come, and what is valid compiles, links and runs.

use holm_wasm::{
    CompileError, Engine, Module, Names, StreamingValidator, check, custom_sections,
    features_with_legacy_exceptions, source_map_url,
};
use wasmparser::{Operator, Parser, Payload, Validator};

use crate::random::Random;
use crate::smith::{self, Wish};
use crate::{Target, exercise};

pub const TARGET: Target = Target { name: "modules", make, run };

/// How the limits begin that Holm has and Wasmtime has not: see `binary/limits.rs` of `holm-wasm`.
const OWN_LIMITS: [&str; 2] = ["array.new_fixed has at most", "a 64-bit memory has at most"];

fn make(random: &mut Random) -> Vec<u8> {
    if random.one_in(16) {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        let count = random.below(60);
        bytes.extend(random.bytes(count));
        return bytes;
    }
    let mut wasm = smith::module(random, Wish::Any);
    if random.one_in(2) {
        let other = smith::module(random, Wish::Any);
        random.mutate(&mut wasm, &other);
    } else if !waits(&wasm) {
        wasm = smith::mark_bounded(wasm);
    }
    wasm
}

/// Whether it has instructions that wait for another thread: there is none that would wake it.
fn waits(wasm: &[u8]) -> bool {
    let is_wait = |operator| {
        matches!(
            operator,
            Operator::MemoryAtomicWait32 { .. } | Operator::MemoryAtomicWait64 { .. }
        )
    };
    let parts = Parser::new(0).parse_all(wasm).map_while(Result::ok);
    let bodies = parts.filter_map(|part| match part {
        Payload::CodeSectionEntry(body) => body.get_operators_reader().ok(),
        _ => None,
    });
    bodies.flatten().map_while(Result::ok).any(is_wait)
}

pub fn run(wasm: &[u8]) -> &'static str {
    let mut random = Random::of_input(wasm);
    let verdict = check(wasm);
    assert_eq!(streamed(wasm, &mut random), verdict.is_ok(), "a stream's verdict is another");
    let is_own = |limit: &&str| verdict.as_ref().is_err_and(|e| e.message.starts_with(*limit));
    if !OWN_LIMITS.iter().any(is_own) {
        let legacy = features_with_legacy_exceptions();
        let wasmtimes = wasmtime::Module::validate(&wasmtime::Engine::default(), wasm).is_ok()
            || Validator::new_with_features(legacy).validate_all(wasm).is_ok();
        assert_eq!(verdict.is_ok(), wasmtimes, "Wasmtime's verdict is another: {verdict:?}");
    }
    ask(wasm);
    let engine = Engine::new().expect("an engine");
    match (verdict, Module::compile(&engine, wasm.into())) {
        (Err(_), Err(CompileError::Invalid(_))) => "invalid",
        (Ok(()), Ok(module)) => exercise::module(&engine, &module, &mut random),
        (verdict, compiled) => panic!("{verdict:?}, but {:?}", compiled.err()),
    }
}

/// What comes of a module that arrives in pieces.
fn streamed(wasm: &[u8], random: &mut Random) -> bool {
    let mut validator = StreamingValidator::new();
    let most = random.pick(&[3, 20, 1_000]);
    let mut rest = wasm;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at((1 + random.below(most)).min(rest.len()));
        if validator.push(piece).is_err() {
            return false;
        }
        rest = behind;
    }
    validator.finish().is_ok()
}

/// Asks what can be asked of any bytes.
fn ask(wasm: &[u8]) {
    let names = Names::parse(wasm);
    for index in [0, 1, u32::MAX] {
        drop(names.function(index).map(ToOwned::to_owned));
    }
    drop((custom_sections(wasm, "name"), source_map_url(wasm)));
}
