//! `AbortController` and `AbortSignal`.
//!
//! <https://dom.spec.whatwg.org/#aborting-ongoing-activities>

mod controller;
mod signal;

use holm_js::webidl::interface_object;
use holm_js::{Attributes, Ctx, Result, define_lazy};

pub(crate) use signal::AbortSignal;

use controller::AbortController;

/// Defines the interfaces.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let (global, shape) = (ctx.globals(), Attributes::BUILT_IN);
    define_lazy(&global, "AbortController", shape, |ctx| {
        Ok(interface_object::<AbortController>(ctx)?.into_value())
    })?;
    define_lazy(&global, "AbortSignal", shape, |ctx| {
        Ok(interface_object::<AbortSignal>(ctx)?.into_value())
    })
}
