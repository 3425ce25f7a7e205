//! Translation of WebAssembly's legacy exception handling into the standardised one.
//!
//! What compilers have published for years throws and catches with `try`, `catch`,
//! `catch_all`, `delegate` and `rethrow`. Browsers still run it; Wasmtime has only what became
//! the standard, `try_table` and `throw_ref`. So a module of the old kind is rewritten before
//! it is compiled:
//!
//! - [`scan`] finds out whether there is anything to do. It runs on every module that is
//!   loaded, and must be exact.
//! - [`module`] validates the module *as it was given* and copies it section by section. The
//!   translation of an invalid module could be valid (types are added, for one), so checking
//!   the result would not do.
//! - [`shape`] learns of one function which `try` catches what, and where each `delegate`
//!   leads; [`function`] writes that function anew.
//! - [`types`] holds the types the new blocks need; they go behind the module's own.
//! - [`crate::offsets`] leads from places in the new bytes to places in the old ones.
//!
//! Nothing is renumbered: types and locals are added at the end. Custom sections are kept as
//! they are. Those that speak of places inside functions (DWARF, branch hints, the names of
//! labels) then speak of the original: ask [`OffsetMap`].
//!
//! Nesting costs no stack, and every step takes time and space linear in its input.
//!
//! The [legacy proposal](https://github.com/WebAssembly/exception-handling/blob/main/proposals/exception-handling/legacy/Exceptions.md)
//! and its [specification](https://webassembly.github.io/exception-handling/legacy/core/).

use std::fmt;

use wasmparser::FunctionBody;

mod function;
mod module;
mod scan;
mod shape;
#[cfg(test)]
mod tests;
mod types;

use crate::offsets::OffsetMap;

/// A module that uses no legacy exception handling any more.
#[derive(Clone, Debug)]
pub(crate) struct Translated {
    /// The module to compile.
    pub wasm: Vec<u8>,
    /// From places in it to places in the module that was given.
    pub offsets: OffsetMap,
}

/// Why a module that uses legacy exception handling is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    message: String,
    offset: usize,
}

/// Rewrites a module that uses legacy exception handling.
///
/// `None` when it uses none. That says nothing about whether it is valid: bytes that are no
/// module use none either.
///
/// # Errors
/// When the module, with legacy exception handling allowed, is invalid; or when a limit that
/// it keeps is exceeded by its translation.
pub(crate) fn translate(wasm: &[u8]) -> Result<Option<Translated>, Invalid> {
    if scan::uses_legacy_exceptions(wasm) { module::translate(wasm).map(Some) } else { Ok(None) }
}

/// Refuses a valid function that uses legacy exception handling and what became the standard.
pub(crate) fn check_unmixed(body: &FunctionBody<'_>) -> Result<(), Invalid> {
    match scan::mixed_at(body) {
        Some(offset) => Err(Invalid::new(MIXED, offset)),
        None => Ok(()),
    }
}

const MIXED: &str = "function mixes legacy and new exception handling instructions";

impl Invalid {
    fn new(message: impl Into<String>, offset: usize) -> Self {
        Self { message: message.into(), offset }
    }

    /// The validator has accepted what cannot be: an error of ours, not of the module.
    #[track_caller]
    fn bug(offset: usize) -> Self {
        let place = std::panic::Location::caller();
        let (file, line) = (place.file(), place.line());
        Self::new(format!("legacy exceptions: unexpected structure ({file}:{line})"), offset)
    }

    /// What is wrong.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Where, in the bytes that were given.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at offset {:#x})", self.message, self.offset)
    }
}

impl std::error::Error for Invalid {}

impl From<wasmparser::BinaryReaderError> for Invalid {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::new(error.message(), error.offset())
    }
}
