//! What is said of modules that are not valid: the module in, the words out.

use holm_wasm::{StreamingValidator, check, to_binary};

/// The words about a module in the text format, which a stream must give too.
fn words(wat: &str) -> String {
    let wasm = to_binary(wat, "case.wat").unwrap_or_else(|error| panic!("{error}"));
    words_of_bytes(&wasm)
}

fn words_of_bytes(wasm: &[u8]) -> String {
    let Err(invalid) = check(wasm) else {
        return "valid".into();
    };
    let mut stream = StreamingValidator::new();
    let at_once = stream.push(wasm).and_then(|()| stream.finish().map(drop));
    assert_eq!(at_once, Err(invalid.clone()));
    match &invalid.hint {
        Some(hint) => format!("{invalid}\nhint: {hint}"),
        None => invalid.to_string(),
    }
}

#[test]
fn modules() {
    for (wat, expected) in [
        (
            r#"(module (func $add (param i32) (result i32) i64.const 1))"#,
            "invalid module at byte 0x1b (code section, function #0 \"add\", at end): type mismatch: expected i32, found i64",
        ),
        (
            r#"(module (func (export "add") (result i32) i64.const 1))"#,
            "invalid module at byte 0x23 (code section, function #0 \"add\", at end): type mismatch: expected i32, found i64",
        ),
        (
            r#"(module (func (result i32) i64.const 1))"#,
            "invalid module at byte 0x1a (code section, function #0, at end): type mismatch: expected i32, found i64",
        ),
        (
            r#"(module (import "m" "f" (func)) (func $g i32.const 1 i64.const 2 i32.add drop))"#,
            "invalid module at byte 0x24 (code section, function #1 \"g\", at i32.add): type mismatch: expected i32, found i64",
        ),
        (
            r#"(module (func $a) (func $b local.get 7 drop))"#,
            "invalid module at byte 0x1b (code section, function #1 \"b\", at local.get): unknown local 7: local index out of bounds",
        ),
        (
            r#"(module (func $f i32.add))"#,
            "invalid module at byte 0x17 (code section, function #0 \"f\", at i32.add): type mismatch: expected i32 but nothing on stack",
        ),
        (
            r#"(module (func $f i32.const 1))"#,
            "invalid module at byte 0x19 (code section, function #0 \"f\", at end): type mismatch: values remaining on stack at end of block",
        ),
        (
            r#"(module (func $f (drop (i32.load (i32.const 0)))))"#,
            "invalid module at byte 0x19 (code section, function #0 \"f\", at i32.load): unknown memory 0",
        ),
        (
            r#"(module (memory 1) (func $f (drop (i32.load align=8 (i32.const 0)))))"#,
            "invalid module at byte 0x1e (code section, function #0 \"f\", at i32.load): invalid memop alignment: alignment must not be larger than natural",
        ),
        (
            r#"(module (func $f br 3))"#,
            "invalid module at byte 0x17 (code section, function #0 \"f\", at br): unknown label: branch depth too large",
        ),
        (
            r#"(module (func $f (call 9)))"#,
            "invalid module at byte 0x17 (code section, function #0 \"f\", at call): unknown function 9: function index out of bounds",
        ),
        (
            r#"(module (func $f (global.set 0 (i32.const 1))) (global i32 (i32.const 0)))"#,
            "invalid module at byte 0x21 (code section, function #0 \"f\", at global.set): global is immutable: cannot modify it with `global.set`",
        ),
        (
            r#"(module (func $f (result i32) (if (result i32) (i32.const 1) (then (i32.const 1)))))"#,
            "invalid module at byte 0x1e (code section, function #0 \"f\", at end): type mismatch: expected i32 but nothing on stack",
        ),
        (
            r#"(module (func (export "a")) (func (export "b")) (export "a" (func 0)))"#,
            "invalid module at byte 0x1e (export section): duplicate export name `a` already defined",
        ),
        (
            r#"(module (global i32 (i64.const 0)))"#,
            "invalid module at byte 0xf (global section): type mismatch: expected i32, found i64",
        ),
        (
            r#"(module (global i32 (i32.mul (i32.const 2) (i32.ctz (i32.const 2)))))"#,
            "invalid module at byte 0x11 (global section): constant expression required: i32.ctz is not constant",
        ),
        (
            r#"(module (table 1 funcref) (elem (i32.const 0) 4))"#,
            "invalid module at byte 0x16 (element section): unknown function 4: func index out of bounds",
        ),
        (
            r#"(module (memory 2 1))"#,
            "invalid module at byte 0xb (memory section): size minimum must not be greater than maximum",
        ),
        (
            r#"(module (memory 65537))"#,
            "invalid module at byte 0xb (memory section): a 32-bit memory has at most 65536 pages (4 GiB)",
        ),
        (
            r#"(module (memory i64 0x2000000000))"#,
            "invalid module at byte 0xb (memory section): a 64-bit memory has at most 137438953471 pages",
        ),
        (
            r#"(module (import "m" "m" (memory i64 0 0x2000000000)))"#,
            "invalid module at byte 0xb (import section): a 64-bit memory has at most 137438953471 pages",
        ),
        (r#"(module (memory i64 0x1fffffffff))"#, "valid"),
        (
            r#"(module (memory 1 1 shared) (func (drop (i32.atomic.load align=1 (i32.const 0)))))"#,
            "invalid module at byte 0x1f (code section, function #0, at i32.atomic.load): atomic instructions must always specify maximum alignment",
        ),
        (
            r#"(module (memory 1 (pagesize 1)))"#,
            "invalid module at byte 0xb (memory section): the custom page sizes proposal must be enabled to customize a memory's page size\nhint: the module uses the proposal custom-page-sizes, which is not supported",
        ),
        (
            r#"(module (func (param i64 i64 i64 i64) (result i64 i64) local.get 0 local.get 1 local.get 2 local.get 3 i64.add128))"#,
            "invalid module at byte 0x25 (code section, function #0, at i64.add128): wide arithmetic support is not enabled\nhint: the module uses the proposal wide-arithmetic, which is not supported",
        ),
        (
            r#"(module (start 0) (func (param i32)))"#,
            "invalid module at byte 0x15 (start section): invalid start function type",
        ),
        (
            r#"(module (data (i32.const 0) "x"))"#,
            "invalid module at byte 0xb (data section): unknown memory 0: memory index out of bounds",
        ),
        (
            r#"(module (type (sub (struct))) (type (sub 0 (array i8))))"#,
            "invalid module at byte 0xf (type section): sub type must match super type",
        ),
        (
            r#"(module (type $a (array i32)) (func (drop (array.new_fixed $a 10001 (unreachable)))))"#,
            "invalid module at byte 0x1b (code section, function #0, at array.new_fixed): array.new_fixed has at most 10000 operands, this one 10001",
        ),
        (
            r#"(module (type $a (array i32)) (func (drop (array.new_fixed $a 10000 (unreachable)))))"#,
            "valid",
        ),
        (r#"(module (func try nop catch_all rethrow 0 end))"#, "valid"),
        (
            r#"(module (tag $t (param i32)) (func $f try nop catch $t end))"#,
            "invalid module at byte 0x25 (code section, function #0 \"f\", at end): type mismatch: values remaining on stack at end of block",
        ),
        (
            r#"(module (memory i64 0x1000000000001))"#,
            "invalid module at byte 0xb (memory section): a 64-bit memory has at most 137438953471 pages",
        ),
        (
            r#"(module (tag $t (param i32)) (func $f try delegate 5))"#,
            "invalid module at byte 0x22 (code section, function #0 \"f\", at delegate): unknown label: branch depth too large",
        ),
        (
            r#"(module (tag (result i32)))"#,
            "invalid module at byte 0x12 (tag section): invalid exception type: non-empty tag result type\nhint: the module uses the proposal stack-switching, which is not supported",
        ),
        (
            r#"(module (func $f (throw 0)))"#,
            "invalid module at byte 0x17 (code section, function #0 \"f\", at throw): unknown tag 0: tag index out of bounds",
        ),
        (
            r#"(module (func $f (drop (ref.cast (ref 3) (ref.null any)))))"#,
            "invalid module at byte 0x19 (code section, function #0 \"f\", at ref.cast): unknown type 3: type index out of bounds",
        ),
        (
            r#"(module (func $f (drop (ref.as_non_null (i32.const 0)))))"#,
            "invalid module at byte 0x19 (code section, function #0 \"f\", at ref.as_non_null): type mismatch: expected ref but found i32",
        ),
        (
            r#"(module (func $f (return_call $g)) (func $g (result i32) (i32.const 1)))"#,
            "invalid module at byte 0x1c (code section, function #0 \"f\", at return_call): type mismatch: current function requires result type [] but callee returns [i32]",
        ),
        (
            r#"(module (func $"a\nb\u{202e}c" (result i32)))"#,
            "invalid module at byte 0x18 (code section, function #0 \"a\\u{a}b\\u{202e}c\", at end): type mismatch: expected i32 but nothing on stack",
        ),
        (r#"(module (memory 1) (memory 1) (func (drop (i32.load 1 (i32.const 0)))))"#, "valid"),
        (
            r#"(module (func (drop (i32x4.add (v128.const i32x4 0 0 0 0) (i32.const 1)))))"#,
            "invalid module at byte 0x2b (code section, function #0, at i32x4.add): type mismatch: expected v128, found i32",
        ),
        (
            r#"(module (func) (export "\07\1b[31m" (func 0)) (export "\07\1b[31m" (func 0)))"#,
            "invalid module at byte 0x1e (export section): duplicate export name `\\u{7}\\u{1b}[31m` already defined",
        ),
    ] {
        assert_eq!(words(wat), expected, "{wat}");
    }
}

#[test]
fn bytes() {
    for (bytes, expected) in [
        (&b""[..], "invalid module at byte 0x0: the input is empty\nhint: a module has at least the 8 bytes 00 61 73 6d 01 00 00 00; was the file or the response read to its end?"),
        (b"\0", "invalid module at byte 0x1: ends in the middle of the 8 bytes of the header\nhint: was the file or the response read to its end?"),
        (b"\0as", "invalid module at byte 0x3: ends in the middle of the 8 bytes of the header\nhint: was the file or the response read to its end?"),
        (b"\0asm", "invalid module at byte 0x4: ends in the middle of the 8 bytes of the header\nhint: was the file or the response read to its end?"),
        (b"\0asm\x01\0\0", "invalid module at byte 0x7: ends in the middle of the 8 bytes of the header\nhint: was the file or the response read to its end?"),
        (b"\0asm\x01\0\0\0", "valid"),
        (b"\0asm\x02\0\0\0", "invalid module at byte 0x4: expected version 01 00 00 00, found 02 00 00 00"),
        (b"\0asm\x0a\0\0\0", "invalid module at byte 0x4: expected version 01 00 00 00, found 0a 00 00 00"),
        (b"asm\0\x01\0\0\0", "invalid module at byte 0x0: expected the magic number 00 61 73 6d, found 61 73 6d 00"),
        (b"(module)", "invalid module at byte 0x0: expected the magic number 00 61 73 6d, found 28 6d 6f 64\nhint: this is the text format (.wat): translate it to the binary format first"),
        (b"  ;; hello", "invalid module at byte 0x0: expected the magic number 00 61 73 6d, found 20 20 3b 3b\nhint: this is the text format (.wat): translate it to the binary format first"),
        (b"(function() {})", "invalid module at byte 0x0: expected the magic number 00 61 73 6d, found 28 66 75 6e"),
        (b"<!DOCTYPE html>", "invalid module at byte 0x0: expected the magic number 00 61 73 6d, found 3c 21 44 4f\nhint: this is HTML or XML: a server's error page?"),
        (b"\n<html>", "invalid module at byte 0x0: expected the magic number 00 61 73 6d, found 0a 3c 68 74\nhint: this is HTML or XML: a server's error page?"),
        (b"{\"error\":404}", "invalid module at byte 0x0: expected the magic number 00 61 73 6d, found 7b 22 65 72\nhint: this is JSON or a script: a server's error message?"),
        (b"\x1f\x8b\x08\0\0", "invalid module at byte 0x0: expected the magic number 00 61 73 6d, found 1f 8b 08 00\nhint: this is compressed with gzip: decompress it first, or serve it with `Content-Encoding: gzip`"),
        (b"\x28\xb5\x2f\xfd", "invalid module at byte 0x0: expected the magic number 00 61 73 6d, found 28 b5 2f fd\nhint: this is compressed with Zstandard: decompress it first, or serve it with `Content-Encoding: zstd`"),
        (b"PK\x03\x04", "invalid module at byte 0x0: expected the magic number 00 61 73 6d, found 50 4b 03 04\nhint: this is a ZIP archive"),
        (b"\0\0\0\0\0\0\0\0\0\0\0", "invalid module at byte 0x0: expected the magic number 00 61 73 6d, found 00 00 00 00\nhint: these are zeros: was the buffer filled?"),
        (b"version https://git-lfs", "invalid module at byte 0x0: expected the magic number 00 61 73 6d, found 76 65 72 73\nhint: this is a Git LFS pointer: fetch the file with `git lfs pull`"),
        (b"\x7fELF", "invalid module at byte 0x0: expected the magic number 00 61 73 6d, found 7f 45 4c 46\nhint: this is a native executable: compile for a wasm target"),
        (b"hello", "invalid module at byte 0x0: expected the magic number 00 61 73 6d, found 68 65 6c 6c"),
        (b"404", "invalid module at byte 0x0: expected the magic number 00 61 73 6d, found 34 30 34"),
        (b"\0asm\x01\0\0\0\x01", "invalid module at byte 0x9 (type section): ends in the middle of the header of the type section\nhint: was the file or the response read to its end?"),
        (b"\0asm\x01\0\0\0\x01\x80", "invalid module at byte 0xa (type section): ends in the middle of the header of the type section\nhint: was the file or the response read to its end?"),
        (b"\0asm\x01\0\0\0\x01\x05\x01", "invalid module at byte 0xb (type section): ends in the middle of the type section; 4 bytes more were declared\nhint: was the file or the response read to its end?"),
        (b"\0asm\x01\0\0\0\x0a\x07\x01", "invalid module at byte 0xa (code section): function section is absent but code section has non-zero count"),
        (b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x08\x01\x02\0", "invalid module at byte 0x17 (code section): ends in the middle of the code section; 5 bytes more were declared\nhint: was the file or the response read to its end?"),
        (b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x04\x01\x09\0\x0b\0\0\0\0\0\0\0\0\0\0", "invalid module at byte 0x15 (code section): the function body is longer than its section"),
        (b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x04\x01\x09\0\x0b", "invalid module at byte 0x16 (code section): the function body is longer than its section"),
        (b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x05\x01\x02\0\x0b\x01", "invalid module at byte 0x18 (code section): trailing bytes at end of section"),
        (b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x04\x01\x02\0\x01", "invalid module at byte 0x18 (code section, function #0): the function body ends without an `end`"),
        (b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x04\x01\x02\0\x41", "invalid module at byte 0x18 (code section, function #0): unexpected end of the function body"),
        (b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x05\x01\x03\0\x0b\x0b", "invalid module at byte 0x18 (code section, function #0): operators remaining after end of function body or expression"),
        (b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x05\x01\x03\0\xff\x0b", "invalid module at byte 0x17 (code section, function #0): illegal opcode: 0xff"),
        (b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0", "invalid module at byte 0x12: function section has non-zero count but code section is absent"),
        (b"\0asm\x01\0\0\0\x0a\x04\x01\x02\0\x0b", "invalid module at byte 0xa (code section): function section is absent but code section has non-zero count"),
        (b"\0asm\x01\0\0\0\x01\0", "invalid module at byte 0xa (type section): unexpected end of the section"),
        (b"\0asm\x01\0\0\0\x0a\0", "invalid module at byte 0xa (code section): unexpected end of the section"),
        (b"\0asm\x01\0\0\0\x01\x01\x01", "invalid module at byte 0xb (type section): unexpected end of the section"),
        (b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\0\0", "invalid module at byte 0xe (type section): section size mismatch: unexpected data at the end of the section"),
        (b"\0asm\x01\0\0\0\x03\x01\0\x01\x01\0", "invalid module at byte 0xd (type section): section out of order"),
        (b"\0asm\x01\0\0\0\x01\x01\0\x01\x01\0", "invalid module at byte 0xd (type section): section out of order"),
        (b"\0asm\x01\0\0\0\x0e\x01\0", "invalid module at byte 0xa (unknown section): malformed section id: 14"),
        (b"\0asm\x01\0\0\0\x80\x01\0", "invalid module at byte 0x8 (unknown section): malformed section id"),
        (b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\xff\x01", "invalid module at byte 0xd (type section): invalid var_u32: integer representation too long"),
        (b"\0asm\x01\0\0\0\0\0", "invalid module at byte 0xa (custom section): unexpected end of the section"),
        (b"\0asm\x01\0\0\0\0\x02\x01\xff", "invalid module at byte 0xb (custom section): malformed UTF-8 encoding"),
        (b"\0asm\x01\0\0\0\0\x02\x05a", "invalid module at byte 0xb (custom section): unexpected end of the section"),
        (b"\0asm\x01\0\0\0\0asm\x01\0\0\0", "invalid module at byte 0x8 (custom section): expected a section, found the magic number of a module\nhint: are these two modules, one after the other?"),
        (b"\0asm\x01\0\0\0\0\x03\x01a", "invalid module at byte 0xc (custom section): ends in the middle of the custom section; 1 byte more was declared\nhint: was the file or the response read to its end?"),
        (b"\0asm\x01\0\0\0\x01\x04\x01\x50\0\x60", "invalid module at byte 0xe (type section): unexpected end of the section"),
        (b"\0asm\x01\0\0\0\x0c\x01\x01", "invalid module at byte 0xb: data count is non-zero but data section is absent"),
        (b"\0asm\x01\0\0\0\x06\x04\x01\x7f\0\x41", "invalid module at byte 0xe (global section): unexpected end of the section"),
    ] {
        let bytes: &[u8] = bytes;
        assert_eq!(words_of_bytes(bytes), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_component() {
    let hint = match cfg!(feature = "components") {
        true => "a component is imported like a module of script: import",
        false => "components are made of core modules; extract them",
    };
    for bytes in [b"\0asm\x0d\0\x01\0", b"\0asm\x0e\0\x01\0"] {
        let what = "invalid module at byte 0x4: this is a component, not a core module";
        let said = words_of_bytes(bytes);
        assert!(said.starts_with(&format!("{what}\nhint: {hint}")), "{said}");
    }
}
