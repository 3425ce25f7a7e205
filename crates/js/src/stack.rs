//! Running script on a stack that is not the thread's own.
//!
//! QuickJS's check is an address: `top - size`. On another stack that address means nothing,
//! and after coming back a top taken deeper than the real one would let script run past the
//! end. So every switch sets both, and coming back restores what was.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use rquickjs::{Ctx, qjs};

use crate::raw::{self, RawRuntime};
use crate::realm::RealmData;
use crate::runtime::Shared;

/// The stack that script runs on now: where it begins, and how much of it script may use.
#[derive(Clone, Copy, Debug)]
pub struct StackLimits {
    top: usize,
    bytes: usize,
}

/// Call on the new stack, before any script runs there: script may use `bytes` below here.
/// Hand the result to [`leave_stack`] once back on the old stack.
pub fn enter_stack(ctx: &Ctx<'_>, bytes: usize) -> StackLimits {
    let current = &RealmData::of(ctx).shared().stack;
    let previous = current.get();
    current.set(StackLimits { top: here(), bytes });
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
pub(crate) fn enter_realm(ctx: &Ctx<'_>, current: &Cell<StackLimits>) {
    let bytes = current.get().bytes;
    current.set(StackLimits { top: here(), bytes });
    apply(raw::runtime(ctx), bytes);
}

impl StackLimits {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { top: here(), bytes }
    }
}

/// Tells where the stack ends that script may use now: for others who count addresses.
pub struct StackEnd(Rc<Shared>);

impl StackEnd {
    /// Of the scope's runtime.
    pub fn of(ctx: &Ctx<'_>) -> Self {
        Self(RealmData::of(ctx).shared().clone())
    }

    /// The address, beyond which script throws.
    pub fn address(&self) -> usize {
        let StackLimits { top, bytes } = self.0.stack.get();
        top.saturating_sub(bytes)
    }
}

impl fmt::Debug for StackEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackEnd").finish_non_exhaustive()
    }
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
