//! High Resolution Time and User Timing.
//!
//! <https://w3c.github.io/hr-time/>, <https://w3c.github.io/user-timing/>

mod entries;
mod timeline;

use holm_host::host;
use holm_js::webidl::{interface_object, new_object};
use holm_js::{Attributes, Ctx, Result, define_lazy};

use entries::{PerformanceEntry, PerformanceMark, PerformanceMeasure};
use timeline::Performance;

/// Defines `performance` and its interfaces.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let global = ctx.globals();
    let shape = Attributes::ALL;
    define_lazy(&global, "performance", shape, |ctx| {
        Ok(new_object(ctx, Performance::default())?.into_value())
    })?;
    let shape = Attributes::BUILT_IN;
    define_lazy(&global, "Performance", shape, |ctx| {
        Ok(interface_object::<Performance>(ctx)?.into_value())
    })?;
    define_lazy(&global, "PerformanceEntry", shape, |ctx| {
        Ok(interface_object::<PerformanceEntry>(ctx)?.into_value())
    })?;
    define_lazy(&global, "PerformanceMark", shape, |ctx| {
        Ok(interface_object::<PerformanceMark>(ctx)?.into_value())
    })?;
    define_lazy(&global, "PerformanceMeasure", shape, |ctx| {
        Ok(interface_object::<PerformanceMeasure>(ctx)?.into_value())
    })
}

/// Milliseconds since the isolate's time origin.
pub fn now_ms(ctx: &Ctx<'_>) -> f64 {
    host(ctx).clock.elapsed().as_secs_f64() * 1000.0
}
