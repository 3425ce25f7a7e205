//! `Performance`.

use holm_host::host;
use holm_js::webidl::{Definition, Interface, convert, new_object};
use holm_js::{
    Call, Ctx, ErrorKind, Held, HostObject, Object, Result, Tracer, Value, throw, throw_dom,
};

use super::entries::{PerformanceEntry, PerformanceMark, PerformanceMeasure};
use super::entry_list::{EntryList, HasEntries, define_selection, optional_text};
use super::{now_ms, observer};

/// The timeline of a realm: its marks and measures.
#[derive(Default)]
pub(super) struct Performance {
    entries: EntryList,
}

impl HostObject for Performance {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.entries.trace(tracer);
    }
}

impl HasEntries for Performance {
    fn entries(&self) -> &EntryList {
        &self.entries
    }
}

impl Interface for Performance {
    const NAME: &'static str = "Performance";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .operation("now", 0, |_this, call| call.returns(now_ms(call.ctx())))?
            .attribute("timeOrigin", |_this, call| {
                call.returns(host(call.ctx()).clock.origin_ms())
            })?
            .operation("mark", 1, |this, call| {
                let mark = PerformanceMark::from_arguments(call)?;
                let entry = mark.entry.clone();
                this.record(call.ctx(), entry, new_object(call.ctx(), mark)?)
            })?
            .operation("measure", 1, Self::measure)?
            .operation("clearMarks", 0, |this, call| this.clear(call, "mark"))?
            .operation("clearMeasures", 0, |this, call| this.clear(call, "measure"))?
            .operation("toJSON", 0, |_this, call| {
                let json = Object::new(call.ctx().clone())?;
                json.set("timeOrigin", host(call.ctx()).clock.origin_ms())?;
                Ok(json.into_value())
            })?;
        define_selection(members)
    }
}

impl Performance {
    /// <https://w3c.github.io/user-timing/#measure-method>
    fn measure<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let ctx = call.ctx();
        let name = convert::string(ctx, &call.value(0))?;
        let options = call.value(1).into_object();
        let option = |key: &str| match &options {
            Some(options) => convert::member(options, key),
            None => Ok(None),
        };
        let (start, end) = (option("start")?, option("end")?);
        let duration = match option("duration")? {
            Some(duration) => Some(convert::double(ctx, &duration, "duration")?),
            None => None,
        };
        if options.is_some() && start.is_some() && end.is_some() && duration.is_some() {
            let text = "performance.measure: start, end and duration cannot all be given";
            return Err(throw(ctx, ErrorKind::Type, text));
        }
        let start = if options.is_some() { start } else { present(call.value(1)) };
        let end = present(call.value(2)).or(end);
        let start = start.map(|mark| self.moment(ctx, &mark)).transpose()?;
        let end = end.map(|mark| self.moment(ctx, &mark)).transpose()?;
        // 2. Compute end time, 3. compute start time: each from the other where need be.
        let end_time = end.or_else(|| Some(start? + duration?)).unwrap_or_else(|| now_ms(ctx));
        let start_time = start.or_else(|| duration.map(|length| end_time - length)).unwrap_or(0.0);
        let entry = PerformanceEntry {
            name,
            entry_type: "measure",
            start_time,
            duration: end_time - start_time,
        };
        let detail = option("detail")?.unwrap_or_else(|| Value::new_null(ctx.clone()));
        let measure = PerformanceMeasure { entry: entry.clone(), detail: Held::new(&detail) };
        self.record(ctx, entry, new_object(ctx, measure)?)
    }

    /// <https://w3c.github.io/user-timing/#convert-a-mark-to-a-timestamp>
    fn moment(&self, ctx: &Ctx<'_>, mark: &Value<'_>) -> Result<f64> {
        if mark.is_number() {
            return convert::double(ctx, mark, "mark");
        }
        let name = convert::string(ctx, mark)?;
        let found = self.entries.latest(|entry| entry.entry_type == "mark" && entry.name == name);
        found.map(|entry| entry.start_time).ok_or_else(|| {
            throw_dom(
                ctx,
                "SyntaxError",
                &format!("performance.measure: there is no mark \"{name}\""),
            )
        })
    }

    fn record<'js>(
        &self,
        ctx: &Ctx<'js>,
        entry: PerformanceEntry,
        object: Object<'js>,
    ) -> Result<Value<'js>> {
        self.entries.add(entry.clone(), &object);
        observer::queue(ctx, entry, &object)?;
        Ok(object.into_value())
    }

    fn clear<'js>(&self, call: &Call<'_, 'js>, kind: &str) -> Result<Value<'js>> {
        let name = optional_text(call.ctx(), &call.value(0))?;
        self.entries.remove(|entry| {
            entry.entry_type == kind && name.as_ref().is_none_or(|name| entry.name == *name)
        });
        call.undefined()
    }
}

fn present(value: Value<'_>) -> Option<Value<'_>> {
    if value.is_undefined() { None } else { Some(value) }
}
