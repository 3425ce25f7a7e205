//! When a stream says what.

use holm_wasm::{StreamingValidator, to_binary};

/// How many bytes of the module must come, one by one, until it is refused; and the words.
fn refused_after(wasm: &[u8]) -> Option<(usize, String)> {
    let mut validator = StreamingValidator::new();
    let mut pushes = wasm.iter().zip(1..);
    pushes.find_map(|(byte, count)| {
        let invalid = validator.push(&[*byte]).err()?;
        Some((count, invalid.to_string()))
    })
}

#[test]
fn as_soon_as_it_shows() {
    let functions = "(func)".repeat(1_000);
    let two =
        format!("(module (func $a) (func $b (result i32)) {functions} (export \"e\" (func 1)))");
    let wasm = to_binary(&two, "two.wat").unwrap();
    let (count, words) = refused_after(&wasm).unwrap();
    // The two bodies are the first 6 bytes in the code section.
    let code = wasm.windows(6).position(|bytes| bytes == b"\x02\0\x0b\x02\0\x0b").unwrap();
    assert_eq!(count, code + 6);
    // The name section is still far; the export has come.
    assert!(words.contains("(code section, function #1 \"e\", at end)"), "{words}");

    for (wasm, expected) in [
        (&b"(module)"[..], 4),
        (b"\0asm\x02\0\0\0\0\0", 8),
        (b"\0asm\x0d\0\x01\0\0\0", 8),
        // The header of a section out of order, a section that does not exist.
        (b"\0asm\x01\0\0\0\x03\x01\0\x01\x7f\0", 13),
        (b"\0asm\x01\0\0\0\x0e\x01\0\0", 11),
        // A malformed number.
        (b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\xff\0\0", 14),
    ] {
        let (count, words) = refused_after(wasm).unwrap();
        assert_eq!(count, expected, "{words}");
    }
    assert_eq!(refused_after(b"\0asm\x01\0\0\0\x01\x7f\0\0"), None);
}

#[test]
fn the_error_stays_and_the_bytes_go() {
    let mut validator = StreamingValidator::new();
    let first = validator.push(b"<html>").unwrap_err();
    assert_eq!(first.hint.as_deref(), Some("this is HTML or XML: a server's error page?"));
    assert_eq!(validator.push(b"\0asm\x01\0\0\0"), Err(first.clone()));
    assert!(format!("{validator:?}").contains("len_bytes: 0"));
    assert_eq!(validator.finish(), Err(first));
}

#[test]
fn nothing_came() {
    let invalid = StreamingValidator::new().finish().unwrap_err();
    assert_eq!(invalid.to_string(), "invalid module at byte 0x0: the input is empty");
}

#[test]
fn may_go_to_another_thread() {
    fn sendable<T: Send>(_: &T) {}
    sendable(&StreamingValidator::new());
}
