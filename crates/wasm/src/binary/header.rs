//! The first bytes: what they are when they are not those of a module.

use crate::binary::limits::Excess;
use crate::binary::text::looks_like_text;

/// The magic number and the version.
pub(crate) const HEADER_BYTES: usize = 8;

const MAGIC: [u8; 4] = *b"\0asm";
const VERSION: [u8; 4] = [1, 0, 0, 0];

/// What is wrong with a component.
pub(crate) const COMPONENT: &str = "this is a component, not a core module";

/// How to go on with one.
#[cfg(feature = "components")]
const COMPONENT_HINT: &str =
    "a component is imported like a module of script: import { name } from './component.wasm'";
#[cfg(not(feature = "components"))]
const COMPONENT_HINT: &str =
    "components are made of core modules; extract them, for example with `jco transpile`";

/// What probably happened to bytes that end too early.
pub(crate) const CUT_HINT: &str = "was the file or the response read to its end?";

/// What is wrong with the first bytes. `None` when they are a module's.
pub(crate) fn wrong(wasm: &[u8]) -> Option<Excess> {
    let wrong = |message: String, offset| Some(Excess { message, offset });
    if wasm.is_empty() {
        return wrong("the input is empty".into(), 0);
    }
    let magic = wasm.get(..4).unwrap_or(wasm);
    if !MAGIC.starts_with(magic) {
        let message = format!("expected the magic number {}, found {}", hex(&MAGIC), hex(magic));
        return wrong(message, 0);
    }
    let Some(version) = wasm.get(4..HEADER_BYTES) else {
        let message = format!("ends in the middle of the {HEADER_BYTES} bytes of the header");
        return wrong(message, wasm.len());
    };
    if is_component(wasm) {
        return wrong(COMPONENT.into(), 4);
    }
    if version != VERSION {
        let message = format!("expected version {}, found {}", hex(&VERSION), hex(version));
        return wrong(message, 4);
    }
    None
}

/// What the input probably is, and what to do about it.
///
/// Only the beginning is looked at: of a stream, no more may have come.
pub(crate) fn hint(wasm: &[u8]) -> Option<&'static str> {
    let start = wasm.trim_ascii_start();
    let begins = |magic: &[u8]| wasm.starts_with(magic);
    Some(if wasm.is_empty() {
        "a module has at least the 8 bytes 00 61 73 6d 01 00 00 00; was the file or the response \
         read to its end?"
    } else if is_component(wasm) {
        COMPONENT_HINT
    } else if MAGIC.starts_with(wasm.get(..4).unwrap_or(wasm)) {
        if wasm.len() >= HEADER_BYTES {
            return None;
        }
        CUT_HINT
    } else if looks_like_text(wasm) {
        "this is the text format (.wat): translate it to the binary format first"
    } else if start.starts_with(b"<") {
        "this is HTML or XML: a server's error page?"
    } else if start.starts_with(b"{") {
        "this is JSON or a script: a server's error message?"
    } else if begins(b"\x1f\x8b") {
        "this is compressed with gzip: decompress it first, or serve it with `Content-Encoding: gzip`"
    } else if begins(b"\x28\xb5\x2f\xfd") {
        "this is compressed with Zstandard: decompress it first, or serve it with \
         `Content-Encoding: zstd`"
    } else if begins(b"PK\x03\x04") {
        "this is a ZIP archive"
    } else if begins(b"\x7fELF") || begins(b"\xcf\xfa\xed\xfe") || begins(b"MZ") {
        "this is a native executable: compile for a wasm target"
    } else if begins(b"BC\xc0\xde") {
        "this is LLVM bitcode: link it first"
    } else if begins(b"!<ar") {
        "this is a library (.a): link it first"
    } else if begins(b"vers") {
        "this is a Git LFS pointer: fetch the file with `git lfs pull`"
    } else if wasm.len() >= 4 && wasm.iter().take(64).all(|byte| *byte == 0) {
        "these are zeros: was the buffer filled?"
    } else {
        return None;
    })
}

/// A component has the module's magic number, and 1 where the module's version has zeros.
fn is_component(wasm: &[u8]) -> bool {
    wasm.starts_with(&MAGIC) && wasm.get(6..HEADER_BYTES) == Some(&[1, 0])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
