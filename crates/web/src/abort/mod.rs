//! `AbortController` and `AbortSignal`.
//!
//! <https://dom.spec.whatwg.org/#aborting-ongoing-activities>

mod controller;
mod signal;

use holm_js::webidl::interface_object;
use holm_js::{Attributes, Ctx, Result, Value, define_lazy};

pub(crate) use controller::AbortController;
pub(crate) use signal::AbortSignal;

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

/// A signal that nobody aborts.
pub(crate) fn new_signal<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    Ok(AbortSignal::object(ctx)?.into_value())
}

/// <https://dom.spec.whatwg.org/#create-a-dependent-abort-signal> from one signal.
pub(crate) fn following<'js>(ctx: &Ctx<'js>, signal: &Value<'js>) -> Result<Value<'js>> {
    signal::dependent(ctx, std::slice::from_ref(signal))
}
