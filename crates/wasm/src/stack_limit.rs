//! How deep modules may go.
//!
//! Wasmtime counts the stack of modules from the outermost call into their store: as much as the
//! engine's settings say, on every thread, however much of its stack is in use already. But a
//! limit that is set it leaves alone. So a call into a store that is not running sets it first,
//! to the address up to which the embedder says that the stack is free.

use std::cell::Cell;
use std::ptr::NonNull;
use std::rc::Rc;

/// The beginning of what a function of a module runs with, Wasmtime's `VMContext`; a function of
/// the host has something else, with another beginning.
#[repr(C)]
struct RawContext {
    magic: u32,
    store: NonNull<RawStore>,
}

const MAGIC: u32 = u32::from_le_bytes(*b"core");

/// The beginning of Wasmtime's `VMStoreContext`.
#[repr(C)]
pub(crate) struct RawStore {
    fuel_consumed: i64,
    epoch_deadline: u64,
    execution_version: u64,
    pub(crate) stack_limit: Cell<usize>,
    heap_base: usize,
    heap_length: usize,
    /// The frame of the trampoline by which a module was left last.
    pub(crate) last_wasm_exit_trampoline_fp: Cell<usize>,
    /// Where it goes on after that.
    pub(crate) last_wasm_exit_pc: Cell<usize>,
    last_wasm_entry_sp: Cell<usize>,
    /// The frame of the trampoline by which modules were entered last.
    pub(crate) last_wasm_entry_fp: Cell<usize>,
}

/// The store of an instance's function, by what it runs with; `None` for a function of the host.
///
/// # Safety
/// `context` is the address of what a function of a live store runs with.
pub(crate) unsafe fn store_of(context: usize) -> Option<NonNull<RawStore>> {
    // SAFETY: by the caller; all of them begin with a number of 32 bits.
    let magic = unsafe { *(context as *const u32) };
    // SAFETY: it is an instance's, which begins like this and refers to its store.
    (magic == MAGIC).then(|| unsafe { (*(context as *const RawContext)).store })
}

/// What the limit is while nobody has set one.
const NO_LIMIT: usize = usize::MAX;

/// Above every stack, with room for what a prologue adds to it: no function begins any more.
pub(crate) const NO_STACK: usize = isize::MAX as usize;

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
    /// The limit of the store that a function is of, if that is a function of a module and the
    /// store is not running.
    ///
    /// # Safety
    /// `context` is the address of what a function of a live store runs with.
    pub(crate) unsafe fn find(context: usize, host_end: &Rc<Cell<usize>>) -> Option<Self> {
        // SAFETY: by the caller.
        let store = unsafe { store_of(context)? };
        // SAFETY: the store is alive.
        let limit = unsafe { &store.as_ref().stack_limit };
        (limit.get() == NO_LIMIT)
            .then(|| Self { limit: NonNull::from(limit), host_end: host_end.clone() })
    }

    /// Sets it to what the host says now.
    ///
    /// # Safety
    /// The store is alive, and its code is not running.
    #[inline]
    pub(crate) unsafe fn update(&self) {
        let end = modules_end(&self.host_end);
        // SAFETY: by the caller.
        let limit = unsafe { self.limit.as_ref() };
        // OPTIMIZATION: it changes rarely, and is read soon.
        if limit.get() != end {
            limit.set(end);
        }
    }
}
