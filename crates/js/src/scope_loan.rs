//! Lending a scope to native code that script called and that will call script back.

use std::cell::Cell;
use std::fmt;
use std::ptr::NonNull;

use rquickjs::{Ctx, qjs};

use crate::raw;

/// Holds the scope of the innermost call that lent one.
#[derive(Default)]
pub struct ScopeLoan(Cell<Option<NonNull<qjs::JSContext>>>);

impl ScopeLoan {
    /// Lends `ctx` while `body` runs.
    pub fn lend<R>(&self, ctx: &Ctx<'_>, body: impl FnOnce() -> R) -> R {
        let _back = Back { loan: self, previous: self.0.replace(Some(ctx.as_raw())) };
        body()
    }

    /// The scope that is lent now, if any.
    pub fn with<R>(&self, body: impl FnOnce(&Ctx<'_>) -> R) -> Option<R> {
        let context = self.0.get()?;
        // SAFETY: the `lend` that stored it is still running: it takes the pointer back when
        // it ends, and its caller keeps the scope meanwhile.
        let ctx = unsafe { raw::scope(context.as_ptr()) };
        Some(body(&ctx))
    }
}

struct Back<'a> {
    loan: &'a ScopeLoan,
    previous: Option<NonNull<qjs::JSContext>>,
}

impl Drop for Back<'_> {
    fn drop(&mut self) {
        self.loan.0.set(self.previous);
    }
}

impl fmt::Debug for ScopeLoan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeLoan").field("lent", &self.0.get().is_some()).finish()
    }
}
