//! Handles of objects that the store's collector moves.
//!
//! An object's address is its identity only until the next collection, and Wasmtime does not
//! say when that was. A canary does: a host reference that nothing roots, so the collection
//! drops it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::{Rc, Weak};

use wasmtime::{ExternRef, RootScope, StoreContextMut};

use crate::group::GroupData;
use crate::host::ThreadBound;

/// Handles by address.
pub(crate) struct Identities<T> {
    by_address: RefCell<HashMap<u32, Weak<T>>>,
    /// Falls when a collection has moved things.
    valid: RefCell<Rc<Cell<bool>>>,
}

impl<T> Default for Identities<T> {
    fn default() -> Self {
        Self { by_address: RefCell::default(), valid: RefCell::default() }
    }
}

/// A handle that knows where its object is now.
pub(crate) trait Moved {
    /// The object's address.
    fn address(&self, cx: &mut StoreContextMut<'_, GroupData>) -> Option<u32>;
}

impl<T: Moved> Identities<T> {
    /// The handle of the object at `address`, made by `make` if there is none.
    pub(crate) fn intern(
        &self,
        cx: &mut StoreContextMut<'_, GroupData>,
        address: impl Fn(&mut StoreContextMut<'_, GroupData>) -> wasmtime::Result<u32>,
        make: impl FnOnce(&mut StoreContextMut<'_, GroupData>) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<Rc<T>> {
        self.refresh(cx);
        let here = address(cx)?;
        if let Some(found) = self.by_address.borrow().get(&here).and_then(Weak::upgrade) {
            return Ok(found);
        }
        let made = Rc::new(make(cx)?);
        self.insert(cx, address, &made)?;
        Ok(made)
    }

    /// Adds the handle of the object at `address`.
    pub(crate) fn insert(
        &self,
        cx: &mut StoreContextMut<'_, GroupData>,
        address: impl Fn(&mut StoreContextMut<'_, GroupData>) -> wasmtime::Result<u32>,
        handle: &Rc<T>,
    ) -> wasmtime::Result<()> {
        self.refresh(cx);
        let here = address(cx)?;
        let mut by_address = self.by_address.borrow_mut();
        if by_address.len() == by_address.capacity() {
            by_address.retain(|_, handle| handle.strong_count() > 0);
        }
        by_address.insert(here, Rc::downgrade(handle));
        Ok(())
    }

    /// Finds all addresses anew if they may have changed.
    fn refresh(&self, cx: &mut StoreContextMut<'_, GroupData>) {
        if self.valid.borrow().get() {
            return;
        }
        // The canary comes first: making it may collect garbage too.
        let valid = Rc::new(Cell::new(false));
        // In a scope of its own: nothing may root it, or it outlives collections as long as the
        // scope it was made in, which is a host function's while that calls modules again.
        let canary = {
            let mut scope = RootScope::new(&mut *cx);
            ExternRef::new(&mut scope, ThreadBound(Canary(valid.clone()))).is_ok()
        };
        let handles: Vec<_> = self.by_address.take().into_values().collect();
        let handles = handles.iter().filter_map(Weak::upgrade);
        let now = handles.filter_map(|handle| {
            let address = handle.address(cx)?;
            Some((address, Rc::downgrade(&handle)))
        });
        let now = now.collect();
        self.by_address.replace(now);
        // Without a canary (there was no room) all of this is done again next time.
        valid.set(canary);
        self.valid.replace(valid);
    }
}

struct Canary(Rc<Cell<bool>>);

impl Drop for Canary {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl<T> fmt::Debug for Identities<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identities").finish_non_exhaustive()
    }
}
