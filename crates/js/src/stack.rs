//! Running script on a stack that is not the thread's own.
//!
//! QuickJS's check is an address: `top - size`. On another stack that address means nothing,
//! and after coming back a top taken deeper than the real one would let script run past the
//! end. So every switch sets both, and coming back restores what was.

use std::cell::Cell;
use std::rc::Rc;

use rquickjs::{Ctx, qjs};

use crate::raw::{self, RawRuntime};
use crate::realm::RealmData;

/// The stack that script runs on now: where it begins, and how much of it script may use.
#[derive(Clone, Copy, Debug)]
pub struct StackLimits {
    top: usize,
    bytes: usize,
}

/// Call on the new stack, before any script runs there: script may use `bytes` below here.
/// Hand the result to [`leave_stack`] once back on the old stack.
pub fn enter_stack(ctx: &Ctx<'_>, bytes: usize) -> StackLimits {
    let stack = &RealmData::of(ctx).shared().stack;
    let previous = stack.limits();
    stack.set(StackLimits { top: here(), bytes });
    apply(raw::runtime(ctx), bytes);
    previous
}

/// Call on the old stack, after the new one was left for good or for now.
pub fn leave_stack(ctx: &Ctx<'_>, previous: StackLimits) {
    RealmData::of(ctx).shared().stack.set(previous);
    // The engine can only count from here: take off what is in use above.
    let used = previous.top.saturating_sub(here());
    apply(raw::runtime(ctx), previous.bytes.saturating_sub(used).max(1));
}

/// The limits of a runtime when it is entered from Rust.
pub(crate) fn enter_realm(ctx: &Ctx<'_>, stack: &Stack) {
    let bytes = stack.limits().bytes;
    stack.set(StackLimits { top: here(), bytes });
    apply(raw::runtime(ctx), bytes);
}

impl StackLimits {
    fn end(self) -> usize {
        self.top.saturating_sub(self.bytes)
    }
}

/// The stack of a runtime, and how it is told to others who count addresses.
#[derive(Debug)]
pub(crate) struct Stack {
    limits: Cell<StackLimits>,
    end: Rc<Cell<usize>>,
}

impl Stack {
    /// Script may use `bytes` below here.
    pub(crate) fn new(bytes: usize) -> Self {
        let limits = StackLimits { top: here(), bytes };
        Self { limits: Cell::new(limits), end: Rc::new(Cell::new(limits.end())) }
    }

    fn limits(&self) -> StackLimits {
        self.limits.get()
    }

    fn set(&self, limits: StackLimits) {
        self.limits.set(limits);
        self.end.set(limits.end());
    }
}

/// The address beyond which script throws now: what is returned follows it.
pub fn stack_end(ctx: &Ctx<'_>) -> Rc<Cell<usize>> {
    RealmData::of(ctx).shared().stack.end.clone()
}

fn apply(runtime: RawRuntime, bytes: usize) {
    // SAFETY: a live runtime on its own thread.
    unsafe {
        qjs::JS_UpdateStackTop(runtime);
        qjs::JS_SetMaxStackSize(runtime, bytes as qjs::size_t);
    }
}

/// The address of the stack at the caller.
#[inline(never)]
fn here() -> usize {
    let place = 0u8;
    std::ptr::from_ref(std::hint::black_box(&place)) as usize
}
