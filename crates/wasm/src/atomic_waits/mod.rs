//! Has what modules do with shared memories come to the host, where Wasmtime leaves no choice:
//! `memory.atomic.wait32`, `wait64` and `notify` to [`crate::WaitQueue`], and `memory.grow`.
//!
//! Wasmtime's own queue knows nothing of script's `Atomics`, and who waits in it can neither be
//! stopped nor given anything else to do. And it asks nobody whether a shared memory may grow, so
//! that it could not be counted. So a module with such instructions on shared memories is
//! rewritten before it is compiled: each becomes an indirect call through a table of its own,
//! which [`hooks`] fills with functions of the host when an instance is made.
//!
//! - [`survey`] finds out whether there is anything to do. Only modules with a shared memory are
//!   read for that.
//! - [`rewrite`] copies the module section by section.
//!
//! Nothing is renumbered: types, the table and exports are added at the end. The exports, which
//! lead the hooks to the table and the memories, are hidden from everybody else. The start
//! function becomes one of them, since it must not run before the table is filled.
//!
//! On memories that are not shared the instructions stay: waiting is a trap there, nobody can be
//! notified, and they are ours.

mod hooks;
mod rewrite;
mod survey;
#[cfg(test)]
mod tests;

use wasmparser::BinaryReaderError;

use crate::offsets::OffsetMap;

pub(crate) use hooks::Hooks;

/// A module whose waiting comes to the host.
#[derive(Debug)]
pub(crate) struct Rewritten {
    /// The module to compile.
    pub(crate) wasm: Vec<u8>,
    /// From places in it to places in the module that was given.
    pub(crate) offsets: OffsetMap,
}

/// Rewrites a valid module, if there is anything to rewrite.
///
/// # Errors
/// With a limit that only the rewritten module exceeds.
pub(crate) fn rewrite(wasm: &[u8]) -> Result<Option<Rewritten>, BinaryReaderError> {
    match survey::Survey::of(wasm)? {
        Some(survey) => rewrite::write(wasm, &survey).map(Some),
        None => Ok(None),
    }
}

/// For each of them there is a function of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Wait32,
    Wait64,
    Notify,
    Grow,
}

const OPERATIONS: [Operation; 4] =
    [Operation::Wait32, Operation::Wait64, Operation::Notify, Operation::Grow];

/// For each operation one with addresses of 32 bits and one with 64.
const HOOKS: u32 = 2 * OPERATIONS.len() as u32;

/// The place of an operation's function in the table, and of its type among those that are added.
fn hook_index(operation: Operation, is_64: bool) -> u32 {
    operation as u32 * 2 + u32::from(is_64)
}
