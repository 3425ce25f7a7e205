//! `PerformanceEntry`, `PerformanceMark` and `PerformanceMeasure`.

use std::any::{Any, TypeId};

use holm_js::webidl::{Definition, Interface, Parent, construct, convert};
use holm_js::{Call, Ctx, Held, HostObject, Object, Result, Tracer, Value};

use super::now_ms;

/// <https://w3c.github.io/performance-timeline/#the-performanceentry-interface>
#[derive(Clone)]
pub(super) struct PerformanceEntry {
    pub(super) name: String,
    pub(super) entry_type: &'static str,
    pub(super) start_time: f64,
    pub(super) duration: f64,
}

impl HostObject for PerformanceEntry {}

impl Interface for PerformanceEntry {
    const NAME: &'static str = "PerformanceEntry";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .attribute("name", |this, call| call.returns(this.name.as_str()))?
            .attribute("entryType", |this, call| call.returns(this.entry_type))?
            .attribute("startTime", |this, call| call.returns(this.start_time))?
            .attribute("duration", |this, call| call.returns(this.duration))?
            .operation("toJSON", 0, |this, call| {
                let json = Object::new(call.ctx().clone())?;
                json.set("name", this.name.as_str())?;
                json.set("entryType", this.entry_type)?;
                json.set("startTime", this.start_time)?;
                json.set("duration", this.duration)?;
                Ok(json.into_value())
            })?;
        Ok(())
    }
}

/// <https://w3c.github.io/user-timing/#performancemark>
pub(super) struct PerformanceMark {
    pub(super) entry: PerformanceEntry,
    pub(super) detail: Held,
}

/// <https://w3c.github.io/user-timing/#performancemeasure>
pub(super) struct PerformanceMeasure {
    pub(super) entry: PerformanceEntry,
    pub(super) detail: Held,
}

/// What the two interfaces that inherit have in common.
macro_rules! derived_entry {
    ($type:ident, $name:literal, $define:expr) => {
        impl HostObject for $type {
            fn trace(&self, tracer: &Tracer<'_>) {
                tracer.mark(&self.detail);
            }

            fn base(&self, wanted: TypeId) -> Option<&dyn Any> {
                (wanted == TypeId::of::<PerformanceEntry>()).then_some(&self.entry as &dyn Any)
            }
        }

        impl Interface for $type {
            const NAME: &'static str = $name;

            fn parent<'js>(ctx: &Ctx<'js>) -> Result<Option<Parent<'js>>> {
                Parent::of::<PerformanceEntry>(ctx)
            }

            fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
                let define: fn(&mut Definition<'_, '_, Self>) = $define;
                define(members);
                members.attribute("detail", |this, call| this.detail.get(call.ctx()))?;
                Ok(())
            }
        }
    };
}

derived_entry!(PerformanceMark, "PerformanceMark", |members| {
    members.constructor(1, |call| construct(call, PerformanceMark::from_arguments(call)?));
});

derived_entry!(PerformanceMeasure, "PerformanceMeasure", |_members| {});

impl PerformanceMark {
    /// <https://w3c.github.io/user-timing/#the-performancemark-constructor>
    pub(super) fn from_arguments(call: &Call<'_, '_>) -> Result<Self> {
        let ctx = call.ctx();
        let name = convert::string(ctx, &call.value(0))?;
        let options = convert::dictionary(ctx, &call.value(1), "PerformanceMark: options")?;
        let (mut start_time, mut detail) = (now_ms(ctx), Value::new_null(ctx.clone()));
        if let Some(options) = options {
            if let Some(start) = convert::member(&options, "startTime")? {
                start_time = convert::double(ctx, &start, "startTime")?;
            }
            detail = convert::member(&options, "detail")?.unwrap_or(detail);
        }
        if start_time < 0.0 {
            return Err(holm_js::throw(
                ctx,
                holm_js::ErrorKind::Type,
                "PerformanceMark: startTime cannot be negative",
            ));
        }
        let entry = PerformanceEntry { name, entry_type: "mark", start_time, duration: 0.0 };
        Ok(Self { entry, detail: Held::new(&detail) })
    }
}
