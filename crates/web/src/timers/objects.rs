//! The objects that timer functions return: <https://nodejs.org/api/timers.html>.

use std::time::Duration;

use holm_host::host;
use holm_js::webidl::{Definition, Interface};
use holm_js::{
    Attributes, Call, Ctx, Held, HostObject, PredefinedAtom, Result, Tracer, Value, define_value,
    function, host_ref, well_known_symbol,
};

use super::queue::{Action, Repeat, timers};

/// The inside of a `Timeout`.
pub(super) struct Timeout {
    pub(super) id: u64,
    pub(super) delay: Duration,
    pub(super) callback: Held,
    pub(super) arguments: Vec<Held>,
}

/// The inside of an `Immediate`.
pub(super) struct Immediate {
    pub(super) id: u64,
}

impl HostObject for Timeout {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.callback);
        self.arguments.iter().for_each(|argument| tracer.mark(argument));
    }
}

impl HostObject for Immediate {}

impl Interface for Timeout {
    const NAME: &'static str = "Timeout";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        reference_operations(members, |timeout| timeout.id)?;
        members
            .operation("refresh", 0, |this, call| {
                this.refresh(call)?;
                Ok(call.this())
            })?
            .operation("close", 0, |this, call| {
                timers(call.ctx()).remove(this.id);
                Ok(call.this())
            })?;
        let ctx = members.ctx();
        let to_primitive = function(ctx, "[Symbol.toPrimitive]", 0, |call| {
            let this = call.this();
            call.returns(host_ref::<Timeout>(&this).map(|timeout| timeout.id as f64))
        })?;
        let key = well_known_symbol(ctx, PredefinedAtom::SymbolToPrimitive)?;
        define_value(members.prototype(), key, to_primitive, Attributes::BUILT_IN)
    }
}

impl Timeout {
    /// Begins the delay anew; a timer that already fired is started again.
    fn refresh(&self, call: &Call<'_, '_>) -> Result<()> {
        let (ctx, timers) = (call.ctx(), timers(call.ctx()));
        let now = host(ctx).clock.elapsed();
        if timers.contains(self.id) {
            timers.schedule(self.id, now);
            return Ok(());
        }
        let arguments: Result<Vec<Value<'_>>> =
            self.arguments.iter().map(|argument| argument.get(ctx)).collect();
        let callback = self.callback.get(ctx)?;
        let action = Action::new(ctx, call.this(), callback, arguments?)?;
        timers.add(self.id, action, self.delay, Repeat::Once, now);
        Ok(())
    }
}

impl Interface for Immediate {
    const NAME: &'static str = "Immediate";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        reference_operations(members, |immediate| immediate.id)
    }
}

fn reference_operations<T: Interface>(
    members: &mut Definition<'_, '_, T>,
    id: fn(&T) -> u64,
) -> Result<()> {
    members
        .operation("ref", 0, move |this, call| {
            timers(call.ctx()).set_keeps_alive(id(this), true);
            Ok(call.this())
        })?
        .operation("unref", 0, move |this, call| {
            timers(call.ctx()).set_keeps_alive(id(this), false);
            Ok(call.this())
        })?
        .operation("hasRef", 0, move |this, call| {
            call.returns(timers(call.ctx()).keeps_alive(id(this)))
        })?;
    Ok(())
}

/// The id that a `clear` function means: of an object, or a number, or its text.
pub(super) fn id_of(ctx: &Ctx<'_>, value: &Value<'_>) -> Option<u64> {
    if let Some(timeout) = host_ref::<Timeout>(value) {
        return Some(timeout.id);
    }
    if let Some(immediate) = host_ref::<Immediate>(value) {
        return Some(immediate.id);
    }
    if value.is_number() {
        return value.as_number().map(|number| number as u64);
    }
    let text = value.as_string().and_then(|text| holm_js::to_text(ctx, text.as_value()).ok())?;
    text.parse().ok()
}
