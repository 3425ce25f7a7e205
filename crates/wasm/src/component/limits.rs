//! What the store of a component may make.

use wasmtime::ResourceLimiter;

use crate::BEYOND_MEMORY_LIMIT;
use crate::account::Charge;
use crate::host::ThreadBound;
use crate::limiter::{MAX_TABLE_ELEMENTS, TABLE_ELEMENT_BYTES};

/// As many memories, tables and instances of modules may be in one component: each memory
/// takes address space even while it is empty. Published ones have two or three.
const MAX_PARTS: usize = 1_000;

/// Charges memories and tables, until it is dropped with the store.
pub(super) struct Limits {
    charge: ThreadBound<Charge>,
    /// What the growth took that is being tried.
    trying_bytes: usize,
}

impl Limits {
    pub(super) fn new(charge: Charge) -> Self {
        Self { charge: ThreadBound(charge), trying_bytes: 0 }
    }

    fn grow(&mut self, bytes: usize, is_new: bool, what: &str) -> wasmtime::Result<bool> {
        self.trying_bytes = 0;
        match self.charge.0.grow(bytes) {
            Ok(()) => {
                self.trying_bytes = bytes;
                Ok(true)
            }
            // What is made, and not grown, is an error that should say why.
            Err(_) if is_new => Err(wasmtime::Error::msg(format!(
                "{what} of {bytes} bytes is {BEYOND_MEMORY_LIMIT}"
            ))),
            Err(_) => Ok(false),
        }
    }

    fn give_back(&mut self) {
        let bytes = std::mem::take(&mut self.trying_bytes);
        self.charge.0.shrink(bytes);
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.grow(desired.saturating_sub(current), current == 0, "a memory")
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.give_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > maximum.unwrap_or(MAX_TABLE_ELEMENTS).min(MAX_TABLE_ELEMENTS) {
            return Ok(false);
        }
        let bytes = desired.saturating_sub(current).saturating_mul(TABLE_ELEMENT_BYTES);
        self.grow(bytes, current == 0, "a table")
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.give_back();
        Ok(())
    }

    fn instances(&self) -> usize {
        MAX_PARTS
    }

    fn tables(&self) -> usize {
        MAX_PARTS
    }

    fn memories(&self) -> usize {
        MAX_PARTS
    }
}
