//! How deep modules may go.
//!
//! Wasmtime counts the stack of modules from the outermost call into their store: as much as the
//! engine's settings say, on every thread, however much of its stack is in use already. But a
//! limit that is set it leaves alone. So a call into a store that is not running sets it first,
//! to the address up to which the embedder says that the stack is free.

use std::cell::Cell;
use std::ptr::NonNull;
use std::rc::Rc;

use crate::raw_store::RawStore;

/// Above every stack, with room for what a prologue adds to it: no function begins any more.
pub(crate) const NO_STACK: usize = isize::MAX as usize;

/// What the limit is while nobody has set one.
const NO_LIMIT: usize = usize::MAX;

/// A module may go so much deeper than the host's own code: one that is called at the end can
/// still do something. Script stops 1 MiB before the end of a thread's stack, and what modules
/// ask of the host needs room too.
const BELOW_HOST_BYTES: usize = 256 << 10;

/// How deep modules may go while the host's own code stops at `host_end`.
pub(crate) fn modules_end(host_end: &Cell<usize>) -> usize {
    host_end.get().saturating_sub(BELOW_HOST_BYTES)
}

/// Where a store keeps its limit, and where the host says what it is.
pub(crate) struct StackLimit {
    limit: NonNull<Cell<usize>>,
    host_end: Rc<Cell<usize>>,
}

impl StackLimit {
    /// The limit of a store, if that is not running.
    ///
    /// # Safety
    /// The store is alive.
    pub(crate) unsafe fn find(
        store: NonNull<RawStore>,
        host_end: &Rc<Cell<usize>>,
    ) -> Option<Self> {
        // SAFETY: by the caller.
        let limit = unsafe { &store.as_ref().stack_limit };
        (limit.get() == NO_LIMIT)
            .then(|| Self { limit: NonNull::from(limit), host_end: host_end.clone() })
    }

    /// Sets it to what the host says now, and returns what it was if it changed.
    ///
    /// # Safety
    /// The store is alive, and it is host code that runs.
    #[inline]
    pub(crate) unsafe fn update(&self) -> Option<usize> {
        let end = modules_end(&self.host_end);
        // SAFETY: by the caller.
        let limit = unsafe { self.limit.as_ref() };
        // OPTIMIZATION: it changes rarely, and is read soon.
        (limit.get() != end).then(|| limit.replace(end))
    }

    /// Sets it.
    ///
    /// # Safety
    /// As for [`Self::update`].
    pub(crate) unsafe fn set(&self, end: usize) {
        // SAFETY: by the caller.
        unsafe { self.limit.as_ref() }.set(end);
    }
}
