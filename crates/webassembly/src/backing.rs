//! The one place where bytes of a module become a buffer of script. It is the only file of
//! this crate with unsafe code: neither of the crates it joins knows of the other.
#![allow(unsafe_code, reason = "see above")]

use holm_js::{Backing, MAX_BUFFER_BYTES};
use holm_wasm::Memory;

use crate::memory::PAGE_BYTES;

/// One byte more than a buffer of the engine can have. Published modules with threads begin with
/// just as much shared memory, so such a buffer does without the last page rather than not being
/// there.
const TWO_GIB: usize = MAX_BUFFER_BYTES + 1;

/// How many bytes of a shared memory its buffer shows.
fn shown_len(len_bytes: usize) -> usize {
    if len_bytes == TWO_GIB { TWO_GIB - PAGE_BYTES as usize } else { len_bytes }
}

/// The bytes, for a buffer that keeps them mapped. It keeps the memory's handle too: who finds
/// the handle when the memory grows finds the buffer, and has to.
pub(crate) fn backing(memory: &Memory) -> Backing {
    let bytes = memory.bytes();
    let (start, len) = (bytes.start(), bytes.len());
    // SAFETY: the bytes stay mapped for as long as `bytes`, which the buffer keeps: a region
    // moves only when it grows, and the buffer is detached then, before any script runs
    // (`memory::refresh`). No Rust reference into them exists while script runs: the only ones
    // are those of `Memory::with_bytes`, which `holm` lends while it has the scope to itself
    // (`native::with_bytes`), and without a scope no script runs.
    unsafe { Backing::new(start, len, (bytes, memory.clone())) }
}

/// The first bytes of a shared memory, which was as long once and never shrinks.
pub(crate) fn shared_backing(memory: &Memory, len_bytes: usize) -> Backing {
    let bytes = memory.bytes();
    let (start, len) = (bytes.start(), shown_len(len_bytes.min(bytes.len())));
    // SAFETY: as above; shared memory does not move, and Rust has references to none.
    unsafe { Backing::new(start, len, (bytes, memory.clone())) }
}
