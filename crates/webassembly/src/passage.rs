//! The way from a module back to script.

use std::rc::Rc;

use holm_js::{Ctx, Error, Result, Value, host_ref, is_uncatchable, keep_frames, take_exception};
use holm_wasm::{Failure, Group, Thrown};

use crate::exception::ExceptionObject;
use crate::state::Loan;
use crate::values::HostTable;

/// What a function of the host needs to run as script does.
pub(crate) struct Passage {
    values: Rc<HostTable>,
    loan: Rc<Loan>,
}

impl Passage {
    /// The way from modules of `group`.
    pub(crate) fn new(group: &Group, loan: Rc<Loan>) -> Self {
        Self { values: HostTable::shared(group.host_values()), loan }
    }

    /// Where values of script stand for the group.
    pub(crate) fn values(&self) -> &Rc<HostTable> {
        &self.values
    }

    /// Runs `body` in the scope of the script that called the module.
    #[inline]
    pub(crate) fn run<R, E: From<Thrown>>(
        &self,
        body: impl for<'js> FnOnce(&Ctx<'js>) -> Result<R>,
    ) -> std::result::Result<R, E> {
        self.run_raw(|ctx| body(ctx).map_err(|error| self.thrown(ctx, error).into()))
    }

    /// The same for a body that throws as modules do.
    #[inline]
    pub(crate) fn run_raw<R, E: From<Thrown>>(
        &self,
        body: impl for<'js> FnOnce(&Ctx<'js>) -> std::result::Result<R, E>,
    ) -> std::result::Result<R, E> {
        // Modules run in calls only, and calls lend their scope.
        self.loan.with(body).unwrap_or_else(|| {
            let reason = "script was called with no scope open".to_owned();
            Err(Thrown::Failure(Box::new(Failure::Other(reason))).into())
        })
    }

    /// What was thrown as modules see it.
    pub(crate) fn thrown(&self, ctx: &Ctx<'_>, error: Error) -> Thrown {
        self.thrown_value(&take_exception(ctx, error))
    }

    /// <https://webassembly.github.io/spec/js-api/#create-a-host-function>, step 3.10.
    fn thrown_value(&self, value: &Value<'_>) -> Thrown {
        if is_uncatchable(value) {
            return Thrown::Uncatchable(self.values.add(value));
        }
        // Below here the calls that are running now may be gone.
        keep_frames(value.ctx(), value, None);
        // 2. If v implements Exception, let address be v.[[Address]].
        if let Some(exception) = host_ref::<ExceptionObject>(value) {
            return Thrown::Exception(exception.exception().shown_as(self.values.add(value)));
        }
        // 3. Otherwise, the JavaScript exception tag with v as its payload.
        Thrown::Value(self.values.add(value))
    }
}
