//! Stopping a module in the middle of its code, without checks in that code.
//!
//! A signal comes to the isolate's thread. Its handler looks at what was interrupted:
//!
//! - **Code of a module.** The thread is sent to a trap instead: the `unreachable` of a module of
//!   our own ([`Landing`]). To Wasmtime that is a trap like any other, which no module can catch:
//!   its handler leaves for the outermost call, by the stack pointer and the address that the
//!   entry into the store has noted. Of the interrupted code's registers it uses one, the frame
//!   pointer, to collect a backtrace. In a prologue or a tail call that is not to be trusted, so
//!   it is set to that of the entry: a backtrace without frames.
//! - **What a module has called**, like filling a memory. That has to be left in order, but need
//!   not come back: its return address is overwritten, with that of the trap. Wasmtime notes where
//!   the trampoline's frame is by which the module was left. Nobody else reads that address from
//!   there: backtraces and the collector begin with what was noted. All that a module calls is
//!   called through such a trampoline.
//!   A throw does not come back that way, so the stack ends for modules from now on too: the next
//!   function that they call traps.
//! - **Anything else**: a function of the host, a trampoline, the way into a store or out of it.
//!   Then nothing is done. The flag is looked at when a module is called next and when a host function returns,
//!   and the signal comes again.
//!
//! The handler runs on the thread that it looks at, so nothing that it reads changes meanwhile,
//! and it takes no lock. What the thread runs is said by [`running`], which is changed before a
//! store is entered and after it was left: never wrong while code of a module runs.
//!
//! A signal of the kind may come at any time, from anybody: it does nothing to what was not
//! stopped. A store in which code was stopped may hold half-made objects, but none that anything
//! refers to: allocation makes an object whole before it is stored. It runs nothing any more.

use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::sync::atomic::{Ordering, compiler_fence};

use crate::module::Code;
use crate::raw_store::RawStore;
use crate::stack_limit::NO_STACK;
use crate::stop::Stopper;

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[path = "interrupt/linux.rs"]
mod system;
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[path = "interrupt/unsupported.rs"]
mod system;

pub(crate) use system::{ThreadId, prepare_thread};

thread_local! {
    static RUNNING: Cell<*const Running> = const { Cell::new(ptr::null()) };
}

/// What a handler needs to know of a group whose store is entered.
#[derive(Default)]
pub(crate) struct Running {
    stopper: Option<Stopper>,
    /// Unknown until there is a function of a module.
    store: Cell<*const RawStore>,
    code: Cell<Box<[Code]>>,
    /// What `code` holds, while that is not being changed.
    published: Cell<Option<NonNull<[Code]>>>,
}

/// Sets what the thread runs, until dropped.
pub(crate) struct Entered {
    before: *const Running,
}

/// Says that the thread is about to run this, or nothing that may be stopped.
#[inline]
pub(crate) fn running(what: Option<&Running>) -> Entered {
    let what = what.map_or(ptr::null(), ptr::from_ref);
    let before = RUNNING.replace(what);
    compiler_fence(Ordering::SeqCst);
    Entered { before }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        compiler_fence(Ordering::SeqCst);
        RUNNING.set(self.before);
    }
}

impl Running {
    pub(crate) fn new(stopper: Option<&Stopper>) -> Self {
        Self { stopper: stopper.cloned(), ..Self::default() }
    }

    /// Whether nothing may run any more.
    #[inline]
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopper.as_ref().is_some_and(Stopper::is_stopped)
    }

    pub(crate) fn knows_store(&self) -> bool {
        !self.store.get().is_null()
    }

    pub(crate) fn set_store(&self, store: *const RawStore) {
        self.store.set(store);
    }

    /// Adds the code of a module. It stays where it is for as long as the group lives.
    pub(crate) fn add_code(&self, code: Code) {
        // A handler that comes in between sees none, and the signal comes again.
        self.published.set(None);
        compiler_fence(Ordering::SeqCst);
        let known = self.code.take();
        let all: Box<[Code]> = known.into_vec().into_iter().chain([code]).collect();
        let published = NonNull::from(&*all);
        self.code.set(all);
        compiler_fence(Ordering::SeqCst);
        self.published.set(Some(published));
    }

    fn codes(&self) -> &[Code] {
        let Some(published) = self.published.get() else { return &[] };
        // SAFETY: what is published is in `code`, which changes only while nothing is published;
        // a handler that reads it runs on the thread that changes it, and to its end.
        unsafe { published.as_ref() }
    }

    fn has_function_at(&self, address: usize) -> bool {
        self.codes().iter().any(|code| code.has_function_at(address))
    }
}

/// What of an interrupted thread matters here.
struct Registers {
    pc: usize,
    sp: usize,
    fp: usize,
}

/// What to do about an interrupted thread. Called by the handler of the signal: takes no lock
/// and no memory.
///
/// # Safety
/// The registers are those of this thread, which was interrupted and will go on with them.
unsafe fn redirect(registers: &mut Registers) {
    let running = RUNNING.get();
    if running.is_null() {
        return;
    }
    // SAFETY: whoever set it keeps the group, and resets it before letting go.
    let running = unsafe { &*running };
    let Some(stopper) = running.stopper.as_ref().filter(|stopper| stopper.is_stopped()) else {
        return;
    };
    let landing = stopper.landing();
    if landing == 0 || !running.knows_store() {
        return;
    }
    // SAFETY: the store is the group's, which is entered.
    let store = unsafe { &*running.store.get() };
    store.stack_limit.set(NO_STACK);
    if running.has_function_at(registers.pc) {
        registers.pc = landing;
        registers.fp = store.activation.get().entry_frame;
        return;
    }
    let activation = store.activation.get();
    let (trampoline_fp, return_to) = (activation.exit_trampoline_frame, activation.exit_address);
    let is_on_this_stack = registers.sp < trampoline_fp && trampoline_fp < activation.entry_frame;
    // In a trampoline, what is noted may be of the call before, and not be the end of this one.
    let is_in_code = running.codes().iter().any(|code| code.contains(registers.pc));
    if is_in_code || !is_on_this_stack || !running.has_function_at(return_to) {
        return;
    }
    // Behind the frame pointer of the caller, on both architectures.
    let slot = (trampoline_fp as *mut usize).wrapping_add(1);
    // SAFETY: what Wasmtime notes is an address in a stack of this thread which, between where it
    // is and where the store was entered, was in use: it can be read. If it holds the address in
    // the module that was noted with it, it is the return address of a call that lasts, or
    // nothing that anybody reads: the frame of a call that is over, or one that a module, about to
    // be stopped, has there. Nothing else has such an address.
    unsafe {
        if slot.read_volatile() == return_to {
            slot.write_volatile(landing);
        }
    }
}

/// A module that is sent to, and the place in it.
pub(crate) struct Landing {
    address: usize,
    /// Keeps the code.
    module: wasmtime::Module,
}

impl Landing {
    /// Compiles the module.
    pub(crate) fn compile(engine: &wasmtime::Engine) -> Option<Self> {
        // `(module (func (export "") unreachable))`
        const BYTES: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\
            \x07\x04\x01\0\0\0\x0a\x05\x01\x03\0\0\x0b";
        let module = wasmtime::Module::new(engine, BYTES).ok()?;
        let function = module.functions().next()?;
        let text = module.text();
        let body = text.get(function.offset..)?.get(..function.len)?;
        let places = module.address_map()?.filter_map(|(at, _)| at.checked_sub(function.offset));
        // Where an instruction begins, and it is the one that traps.
        let is_trap = |at: &usize| body[*at..].starts_with(system::TRAP);
        let at = places.filter(|at| *at < body.len()).find(is_trap)?;
        let address = text.as_ptr() as usize + function.offset + at;
        Some(Self { address, module })
    }

    /// Where it traps.
    pub(crate) fn address(&self) -> usize {
        self.address
    }

    /// For a function of a module where there is no other yet.
    pub(crate) fn module(&self) -> &wasmtime::Module {
        &self.module
    }
}
