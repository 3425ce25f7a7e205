//! The beginnings of three structures of Wasmtime's that its interface does not show: where a
//! store keeps how deep its code may go, and how its code was entered and left last.
//!
//! Each is `repr(C)` there and here. The tests of deep recursion and of waiting calls fail if
//! one of them is not what this says.

use std::cell::Cell;
use std::ptr::NonNull;

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
    /// Where the stack ends for code of the store.
    pub(crate) stack_limit: Cell<usize>,
    /// Where the objects of the store are; null while there are none.
    pub(crate) heap_start: Cell<*mut u8>,
    pub(crate) heap_len: Cell<usize>,
    /// The innermost stretch of the stack that is code of the store.
    pub(crate) activation: Cell<Activation>,
}

/// A stretch of the stack that is code of a store: the host called it, and it called the host.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct Activation {
    /// The frame of the trampoline by which the host was called, and where that returns to.
    pub(crate) exit_trampoline_frame: usize,
    pub(crate) exit_address: usize,
    entry_stack: usize,
    /// The frame of the trampoline by which the host called.
    pub(crate) entry_frame: usize,
    entry_trap_handler: usize,
    stack_chain: [usize; 2],
}

impl Activation {
    /// Whether it is one: a store whose code is not on the stack has an empty one.
    pub(crate) fn is_some(self) -> bool {
        self.exit_address != 0
    }
}

impl RawStore {
    /// The store that a function is of, if that is a function of a module.
    ///
    /// # Safety
    /// `context` is the address of what a function of a live store runs with.
    pub(crate) unsafe fn of(context: usize) -> Option<NonNull<Self>> {
        // SAFETY: by the caller; all of them begin with a number of 32 bits.
        let magic = unsafe { *(context as *const u32) };
        // SAFETY: it is an instance's, which begins like this and refers to its store.
        (magic == MAGIC).then(|| unsafe { (*(context as *const RawContext)).store })
    }
}
