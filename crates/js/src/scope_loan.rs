//! Lending a scope to native code that script called and that will call script back.

use std::cell::Cell;
use std::fmt;
use std::ptr::NonNull;

use rquickjs::Ctx;

/// Holds the scopes that calls have lent, and with each, what its call left there.
pub struct ScopeLoan<N>(Cell<Option<NonNull<Lent<N>>>>);

struct Lent<N> {
    scope: NonNull<Ctx<'static>>,
    note: Option<NonNull<N>>,
    /// That of the call around this one.
    outer: Option<NonNull<Lent<N>>>,
}

impl<N> ScopeLoan<N> {
    /// Lends `ctx` while `body` runs.
    #[inline(always)]
    pub fn lend<R>(&self, ctx: &Ctx<'_>, note: Option<&N>, body: impl FnOnce() -> R) -> R {
        let outer = self.0.get();
        // The lifetime is forgotten here and comes back in `with`.
        let scope = NonNull::from(ctx).cast::<Ctx<'static>>();
        let lent = Lent { scope, note: note.map(NonNull::from), outer };
        self.0.set(Some(NonNull::from(&lent)));
        let _back = Back { loan: self, outer };
        body()
    }

    /// The scope that is lent now, if any.
    #[inline]
    pub fn with<R>(&self, body: impl for<'js> FnOnce(&Ctx<'js>) -> R) -> Option<R> {
        let lent = self.0.get()?;
        // SAFETY: the `lend` that stored it is still running: it takes the pointer back when
        // it ends, and its caller keeps the scope meanwhile. `body` cannot tell lifetimes.
        Some(body(unsafe { lent.as_ref().scope.as_ref() }))
    }

    /// Shows the notes of all calls that are running, innermost first.
    pub fn each_note(&self, mut show: impl FnMut(&N)) {
        let mut next = self.0.get();
        while let Some(lent) = next {
            // SAFETY: as in `with`, for each of the calls; the note is borrowed as long.
            unsafe {
                let lent = lent.as_ref();
                if let Some(note) = lent.note {
                    show(note.as_ref());
                }
                next = lent.outer;
            }
        }
    }

    /// Whether any call is running.
    pub fn is_lent(&self) -> bool {
        self.0.get().is_some()
    }
}

struct Back<'a, N> {
    loan: &'a ScopeLoan<N>,
    outer: Option<NonNull<Lent<N>>>,
}

impl<N> Drop for Back<'_, N> {
    fn drop(&mut self) {
        self.loan.0.set(self.outer);
    }
}

impl<N> Default for ScopeLoan<N> {
    fn default() -> Self {
        Self(Cell::new(None))
    }
}

impl<N> fmt::Debug for ScopeLoan<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeLoan").field("lent", &self.is_lent()).finish()
    }
}
