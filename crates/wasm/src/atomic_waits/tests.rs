//! What is rewritten, and that it stays a module with its places.

use wasmparser::{Parser, Payload, Validator, WasmFeatures};

use super::rewrite;

fn binary(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("text of a module")
}

/// Checks both, and says whether anything was rewritten.
fn check(text: &str) -> Option<Vec<u8>> {
    let wasm = binary(text);
    let validate = |wasm: &[u8]| {
        let done = Validator::new_with_features(WasmFeatures::WASM3 | WasmFeatures::THREADS)
            .validate_all(wasm);
        done.unwrap_or_else(|error| panic!("{text}: {error}"));
    };
    validate(&wasm);
    let rewritten = rewrite(&wasm).expect("no limit is reached")?;
    validate(&rewritten.wasm);
    // Once is enough.
    assert!(rewrite(&rewritten.wasm).expect("a module").is_none(), "{text}");
    Some(rewritten.wasm)
}

const WAIT: &str = "(func (result i32)
    (memory.atomic.wait32 offset=8 (i32.const 4) (i32.const 0) (i64.const -1)))";

#[test]
fn only_what_waits_on_shared_memory_is_rewritten() {
    let unchanged = [
        "(module)".to_owned(),
        "(module (memory 1 1 shared))".to_owned(),
        "(module (memory 1 1 shared) (func (drop (i32.atomic.load (i32.const 0)))))".to_owned(),
        format!("(module (memory 1 1) {WAIT})"),
        "(module (memory 1 1 shared) (memory $own 1) (func (drop (memory.grow $own (i32.const 1)))))"
            .to_owned(),
        format!("(module (memory 1 1) (memory 1 1 shared) {WAIT})"),
    ];
    for text in unchanged {
        assert!(check(&text).is_none(), "{text}");
    }
    let notify = "(func (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))";
    let changed = [
        format!("(module (memory 1 1 shared) {WAIT})"),
        format!("(module (memory 1 1 shared) {notify})"),
        format!("(module (import \"\" \"m\" (memory 1 1 shared)) {WAIT} {notify})"),
        "(module (memory 1 9 shared) (memory i64 1 9 shared) (func (result i64)
            (drop (memory.grow 0 (i32.const 1))) (memory.grow 1 (i64.const 1))))"
            .to_owned(),
        // Sections that are there, and others between them.
        format!(
            "(module (table 1 funcref) (memory 1 1 shared) (global $g (mut i32) (i32.const 0))
            (tag $t) (export \"holm:0\" (memory 0)) (export \"holm:1\" (table 0))
            (elem (i32.const 0) $f) (data (i32.const 0) \"x\") (start $f) (func $f) {WAIT} {notify})"
        ),
        // An import of the start function, and types in groups.
        format!(
            "(module (rec (type $a (func)) (type $b (struct))) (import \"\" \"f\" (func $f (type $a)))
            (import \"\" \"t\" (table 0 externref)) (memory 1 1 shared) (start $f) {WAIT})"
        ),
        // What cannot be reached, and what stands in other blocks.
        "(module (memory 1 1 shared) (func unreachable (drop (memory.atomic.wait64))
            (loop (drop (memory.atomic.notify (i32.const 0) (i32.const 9))) (br 0))))"
            .to_owned(),
        "(module (memory i64 1 1 shared) (memory $m 1 1 shared) (func
            (drop (memory.atomic.wait64 offset=0xffff_ffff_f000 (i64.const 0) (i64.const 0) (i64.const 0)))
            (drop (memory.atomic.notify $m offset=0xffff_fff0 (i32.const 0) (i32.const 0)))))"
            .to_owned(),
    ];
    for text in changed {
        assert!(check(&text).is_some(), "{text}");
    }
}

#[test]
fn places_lead_to_the_instruction() {
    const NOTIFY: &[u8] = &[0xfe, 0x00, 2, 0];
    let wasm = binary(
        "(module (memory 1 1 shared) (func nop nop)
        (func (drop (memory.atomic.notify (i32.const 0x1234) (i32.const 1))) unreachable))",
    );
    let rewritten = rewrite(&wasm).expect("no limit").expect("there is something");
    let place = |wasm: &[u8], what: &[u8]| {
        let found = wasm.windows(what.len()).rposition(|window| window == what);
        found.expect("it is there")
    };
    let call = rewritten.wasm.iter().rposition(|byte| *byte == 0x11).expect("a call");
    assert_eq!(rewritten.offsets.original(call), place(&wasm, NOTIFY));
    let drop_and_trap = &[0x1a, 0x00, 0x0b];
    let after = place(&rewritten.wasm, drop_and_trap);
    assert_eq!(rewritten.offsets.original(after), place(&wasm, drop_and_trap));
    for payload in Parser::new(0).parse_all(&rewritten.wasm) {
        let payload = payload.expect("a module");
        assert!(!matches!(payload, Payload::StartSection { .. }));
    }
}

#[test]
fn what_is_no_module_does_not_matter() {
    let wasm = binary(&format!("(module (memory 1 1 shared) {WAIT})"));
    for at in 8..wasm.len() {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            let mut changed = wasm.clone();
            changed[at] = byte;
            drop(rewrite(&changed));
        }
        drop(rewrite(&wasm[..at]));
    }
}
