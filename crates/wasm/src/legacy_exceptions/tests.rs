use wasmparser::{Parser, Payload, Validator, WasmFeatures};

use super::{Invalid, Translated, translate};

enum Expected {
    Translated,
    /// The module uses no legacy exception handling.
    Untouched,
    /// A part of the message.
    Invalid(&'static str),
}
use Expected::{Translated as Yes, Untouched};

/// The module that functions are tested in.
fn module(functions: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (type $pair (func (param i32 i64) (result i32 i64)))
            (rec (type $a (func (param f32))) (type $b (func (param (ref $a)))))
            (import "m" "call" (func $call))
            (import "m" "tag" (tag $imported (param f64)))
            (tag $none) (tag $i32 (param i32)) (tag $pair (param i32 i64))
            (tag $ref (param (ref $a)))
            (elem declare func $call)
            {functions})"#
    );
    wat::parse_str(text).unwrap()
}

/// Translates, and checks what is true of every translation.
fn check(wasm: &[u8]) -> Result<Option<Translated>, Invalid> {
    let result = translate(wasm);
    match &result {
        Ok(Some(translated)) => {
            let standard = WasmFeatures::WASM3;
            Validator::new_with_features(standard).validate_all(&translated.wasm).unwrap();
            assert!(translate(&translated.wasm).unwrap().is_none(), "not finished");
            assert_eq!(other_sections(wasm), other_sections(&translated.wasm));
            let offsets = &translated.offsets;
            let originals: Vec<_> =
                (0..=translated.wasm.len()).map(|offset| offsets.original(offset)).collect();
            assert!(originals.is_sorted(), "code changed places");
            assert_eq!(originals.first(), Some(&0));
            assert_eq!(originals.last(), Some(&wasm.len()));
        }
        Ok(None) => {}
        Err(invalid) => assert!(invalid.offset() <= wasm.len(), "{invalid}"),
    }
    result
}

fn other_sections(wasm: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let (types, code) = (1, 10);
    let sections = Parser::new(0).parse_all(wasm).filter_map(|payload| {
        let (id, range) = payload.unwrap().as_section()?;
        (id != types && id != code).then(|| (id, wasm[range].to_vec()))
    });
    sections.collect()
}

#[test]
fn functions() {
    for (text, expected) in [
        ("(func)", Untouched),
        ("(func throw $none)", Untouched),
        ("(func block try_table (catch_all 0) end end)", Untouched),
        // Every byte of these says `try`, and none of them is one.
        ("(func (param i32 i32 i32 i32 i32 i32 i32) local.get 6 drop)", Untouched),
        ("(func f32.const 0x1.0c0c0cp-115 drop)", Untouched),
        // The forms of `try`.
        ("(func try end)", Yes),
        ("(func try call $call catch_all end)", Yes),
        ("(func try call $call catch $none catch $none catch_all end)", Yes),
        ("(func (result i32) try (result i32) i32.const 1 catch $i32 end)", Yes),
        ("(func (result i32 i64) try (result i32 i64) unreachable catch $pair end)", Yes),
        ("(func try catch $imported drop end)", Yes),
        ("(func try catch $ref drop end)", Yes),
        ("(func try catch $ref drop rethrow 0 end)", Yes),
        ("(func try catch $pair rethrow 0 catch_all rethrow 0 end)", Yes),
        (
            "(func (result i32 i64) i32.const 1 i64.const 2 try (type $pair)
                catch $pair catch $i32 i64.const 3 catch_all rethrow 0 end)",
            Yes,
        ),
        // Rethrowing from inside: each exception has its local.
        ("(func (local i64) try catch $i32 try catch_all rethrow 1 end drop end)", Yes),
        (
            "(func try catch_all try catch_all block rethrow 1 end rethrow 0 end rethrow 0 end
                try catch_all rethrow 0 end)",
            Yes,
        ),
        // Delegating: to a `try`, past one, to a block, from a clause, to the caller.
        ("(func try try call $call delegate 0 catch_all end)", Yes),
        ("(func try try try call $call delegate 1 catch_all end catch_all end)", Yes),
        ("(func try block try try call $call delegate 1 catch_all end end catch_all end)", Yes),
        ("(func try try catch_all try call $call delegate 0 end catch_all end)", Yes),
        (
            "(func (result i32) try (result i32) try (result i32) i32.const 1 delegate 1
            catch_all i32.const 2 end)",
            Yes,
        ),
        ("(func try try try call $call delegate 1 delegate 1 catch_all end)", Yes),
        ("(func try call $call delegate 0)", Yes),
        (
            "(func (result i32 i64) i32.const 1 i64.const 2 try (type $pair) try (type $pair)
                try (type $pair) call $call delegate 1 catch_all unreachable end
                catch $pair end)",
            Yes,
        ),
        // Branches of all kinds, out of bodies and clauses.
        ("(func try br 0 catch $none br 0 catch_all br 1 end)", Yes),
        (
            "(func (result i32) try (result i32) i32.const 1 i32.const 2 br_if 0 br 1
            catch_all i32.const 3 end)",
            Yes,
        ),
        ("(func loop try catch_all i32.const 0 br_table 0 1 2 1 end end)", Yes),
        ("(func try catch_all ref.null any br_on_null 0 drop end)", Yes),
        (
            "(func (result anyref) try (result anyref) ref.null any br_on_non_null 0 ref.null any
            catch_all ref.null any br_on_cast 1 anyref i31ref
            br_on_cast_fail 1 anyref i31ref end)",
            Yes,
        ),
        ("(func try return catch_all return_call $call end)", Yes),
        // Code that cannot be reached.
        ("(func (result i32) unreachable try (type $pair) catch_all rethrow 0 end drop)", Yes),
        (
            "(func (result i32) try (result i32) unreachable i32.add catch_all rethrow 0 drop end)",
            Yes,
        ),
        // A local without a default value is unset again after the block that set it.
        (
            "(func (local (ref $a)) try ref.func $f local.set 0 local.get 0 drop catch_all end)
          (func $f (type $a)) (elem declare func $f)",
            Yes,
        ),
        (
            "(func (local (ref $a)) try ref.func $f local.set 0 catch_all local.get 0 drop end)
          (func $f (type $a)) (elem declare func $f)",
            Expected::Invalid("uninitialized local"),
        ),
        // The new instructions beside the old ones, but not in the same function.
        ("(func try end) (func (param exnref) local.get 0 throw_ref)", Yes),
        ("(func try end try_table end)", Expected::Invalid("mixes")),
        ("(func try catch_all end ref.null exn throw_ref)", Expected::Invalid("mixes")),
        // What would be valid after it is translated.
        ("(func try catch_all i32.const 1 end)", Expected::Invalid("type mismatch")),
        ("(func try (result i32) catch_all i32.const 1 end drop)", Expected::Invalid("type")),
        (
            "(func try catch $pair rethrow 0 end (block (type 9)))",
            Expected::Invalid("unknown type"),
        ),
        ("(func try rethrow 0 catch_all end)", Expected::Invalid("rethrow")),
        ("(func block try catch_all rethrow 1 end end)", Expected::Invalid("rethrow")),
        ("(func try delegate 1)", Expected::Invalid("unknown label")),
        ("(func try catch 9 end)", Expected::Invalid("unknown tag")),
        ("(func try catch_all catch $none end)", Expected::Invalid("catch")),
        ("(func try catch_all catch_all end)", Expected::Invalid("catch_all")),
        ("(func try block delegate 0 end)", Expected::Invalid("delegate")),
    ] {
        let result = check(&module(text));
        let met = match (&result, &expected) {
            (Ok(Some(_)), Yes) | (Ok(None), Untouched) => true,
            (Err(invalid), Expected::Invalid(part)) => invalid.message().contains(part),
            _ => false,
        };
        assert!(met, "{text}: {result:?}");
    }
}

#[test]
fn code_as_it_becomes() {
    let wasm = module("(func try call $call catch $i32 drop rethrow 0 catch_all end)");
    let translated = check(&wasm).unwrap().unwrap().wasm;
    let expected = module(
        "(func (local exnref)
            block
              block
                block (result i32 exnref)
                  try_table (catch_ref $i32 0) (catch_all 1) call $call end
                  br 2
                end
                local.set 0
                drop
                local.get 0
                throw_ref
                br 1
              end
            end)",
    );
    assert_eq!(code(&translated), code(&expected));
}

fn code(wasm: &[u8]) -> Vec<u8> {
    let mut code = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CodeSectionEntry(body) = payload.unwrap() {
            code.extend_from_slice(body.as_bytes());
        }
    }
    code
}

#[test]
fn offsets_lead_to_the_original_instruction() {
    const CALL: &[u8] = &[0x10, 0];
    const RETHROW: &[u8] = &[0x09, 0];
    const THROW_REF: u8 = 0x0a;
    let wasm = module("(func try call $call catch_all rethrow 0 end unreachable)");
    let translated = check(&wasm).unwrap().unwrap();
    // The sections before the code do not end with these bytes.
    let place = |wasm: &[u8], what: &[u8]| {
        wasm.windows(what.len()).rposition(|window| window == what).unwrap()
    };
    let original = |offset| translated.offsets.original(offset);
    assert_eq!(original(place(&translated.wasm, CALL)), place(&wasm, CALL));
    let throw = translated.wasm.iter().rposition(|byte| *byte == THROW_REF).unwrap();
    assert_eq!(original(throw), place(&wasm, RETHROW));
    assert_eq!(original(translated.wasm.len() + 10), wasm.len());
}

#[test]
fn garbage() {
    let wasm = module(
        "(func (param i32) (result i32)
            try (result i32) try call $call delegate 2 local.get 0
            catch $pair drop rethrow 0 catch_all i32.const 1 local.get 0 br_table 0 1 end)",
    );
    for len in 0..wasm.len() {
        // The code section is the last one.
        assert!(!matches!(check(&wasm[..len]), Ok(Some(_))), "{len}");
    }
    for at in 0..wasm.len() {
        for byte in [0, 1, 6, 7, 9, 0x0b, 0x18, 0x19, 0x1f, 0x40, 0x7f, 0xff] {
            let mut changed = wasm.clone();
            changed[at] = byte;
            drop(translate(&changed));
        }
    }
    assert!(check(b"not a module").unwrap().is_none());
    assert!(check(b"\0asm\x0d\0\x01\0").unwrap().is_none());
}

/// Would overflow the stack, or take minutes, if it were not linear.
#[test]
fn deep_and_wide() {
    const DEPTH: usize = 50_000;
    let labels: Vec<_> = (0..DEPTH + 2).map(|label| label.to_string()).collect();
    let labels = labels.join(" ");
    let of = |part: &str| part.repeat(DEPTH);
    for (text, expected) in [
        (format!("(func {} {})", of("try "), of("catch_all end ")), true),
        (format!("(func {} {})", of("try "), of("delegate 0 ")), true),
        (
            format!(
                "(func {} {})",
                of("block "),
                of("try call $call delegate 49999 ") + &of("end ")
            ),
            true,
        ),
        (format!("(func try {} catch_all end)", of("try call $call delegate 1 ")), true),
        (format!("(func try {} end)", of("catch_all try ") + &of("end ")), true),
        (
            format!(
                "(func {} {})",
                of("try catch_all "),
                "rethrow 49999 ".to_owned() + &of("end ")
            ),
            true,
        ),
        // As many locals as a function may have, and then one more.
        (format!("(func {} {})", of("try catch_all "), of("rethrow 0 end ")), true),
        (format!("(func (local i32) {} {})", of("try catch_all "), of("rethrow 0 end ")), false),
        (
            format!(
                "(func try {} i32.const 0 br_table {labels} {} catch_all end)",
                of("block "),
                of("end ")
            ),
            true,
        ),
        (format!("(func try i32.const 0 br_table {} 1 catch_all end)", of("0 ")), true),
        (format!("(func try {} end)", "catch $none ".repeat(10_000)), true),
        (format!("(func try {} end)", "catch $none ".repeat(10_001)), false),
    ] {
        let result = check(&module(&text));
        let message = result.as_ref().err().map(ToString::to_string);
        assert_eq!(result.is_ok(), expected, "{} …: {message:?}", &text[..60]);
    }
}
