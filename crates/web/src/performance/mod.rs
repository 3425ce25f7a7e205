//! High Resolution Time, the Performance Timeline and User Timing.
//!
//! <https://w3c.github.io/hr-time/>, <https://w3c.github.io/performance-timeline/>,
//! <https://w3c.github.io/user-timing/>

mod entries;
mod entry_list;
mod observer;
mod timeline;

use holm_host::host;
use holm_js::webidl::{interface_object, new_object};
use holm_js::{Attributes, Ctx, Result, Value, define_lazy, define_value};

use entries::{PerformanceEntry, PerformanceMark, PerformanceMeasure};
use observer::{PerformanceObserver, PerformanceObserverEntryList};
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
    })?;
    define_lazy(&global, "PerformanceObserver", shape, |ctx| {
        let class = interface_object::<PerformanceObserver>(ctx)?;
        observer::define_supported(ctx, &class)?;
        Ok(class.into_value())
    })?;
    define_lazy(&global, "PerformanceObserverEntryList", shape, |ctx| {
        Ok(interface_object::<PerformanceObserverEntryList>(ctx)?.into_value())
    })
}

/// Milliseconds since the isolate's time origin.
pub fn now_ms(ctx: &Ctx<'_>) -> f64 {
    host(ctx).clock.elapsed().as_secs_f64() * 1000.0
}

/// Tells observers of a call of a function that is timed.
pub fn record_function<'js>(
    ctx: &Ctx<'js>,
    name: String,
    start_time: f64,
    duration: f64,
    arguments: &Value<'js>,
) -> Result<()> {
    let entry = PerformanceEntry { name, entry_type: "function", start_time, duration };
    let object = new_object(ctx, entry.clone())?;
    define_value(&object, "detail", arguments.clone(), Attributes::ALL)?;
    observer::queue(ctx, entry, &object)
}
