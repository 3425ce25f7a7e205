//! What a store may make.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use crate::account::Charge;
use crate::host::ThreadBound;
use crate::region::{self, Books, HeapSlot, Region};

/// How many instances, tables and memories a group may have: as many as fit. What a table may
/// hold is a limit of the JavaScript interface, and a sensible one for anybody.
pub(crate) struct Limits {
    heap: HeapSlot,
    /// For tables, which live as long as the store.
    tables: ThreadBound<Charge>,
}

impl Limits {
    pub(crate) fn new(books: &Books) -> Self {
        let tables = Charge::none_yet(books.account.as_ref());
        Self { heap: HeapSlot::new(books), tables: ThreadBound(tables) }
    }

    /// The heap for the store's objects, if there is one.
    pub(crate) fn heap(&self) -> Option<&Arc<Region>> {
        self.heap.get()
    }
}

/// What an element of a table takes: a pointer, or less.
pub(crate) const TABLE_ELEMENT_BYTES: usize = size_of::<usize>();

/// <https://webassembly.github.io/spec/js-api/#limits>
pub(crate) const MAX_TABLE_ELEMENTS: usize = 10_000_000;

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        current: usize,
        _desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if current == 0 {
            region::expect_heap(&self.heap);
        }
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // What will fail anyway is not charged: nobody would say that it did.
        if desired > maximum.unwrap_or(MAX_TABLE_ELEMENTS).min(MAX_TABLE_ELEMENTS) {
            return Ok(false);
        }
        let bytes = desired.saturating_sub(current).saturating_mul(TABLE_ELEMENT_BYTES);
        match self.tables.0.grow(bytes) {
            Ok(()) => Ok(true),
            // One that is made, and not grown, is an error that should say why.
            Err(refused) if current == 0 => {
                Err(wasmtime::Error::msg(format!("{desired} elements of a table are {refused}")))
            }
            Err(_) => Ok(false),
        }
    }

    fn instances(&self) -> usize {
        usize::MAX
    }

    fn tables(&self) -> usize {
        usize::MAX
    }

    fn memories(&self) -> usize {
        usize::MAX
    }
}
