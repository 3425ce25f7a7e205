//! `setTimeout` and its family.

use std::time::Duration;

use holm_host::host;
use holm_js::webidl::{convert, new_object};
use holm_js::{
    Attributes, Call, Ctx, Function, Held, Object, Result, Root, Value, define_value, function,
    mark_next_job,
};

use super::objects::{Immediate, Timeout, id_of};
use super::queue::{Action, Repeat, timers};
use crate::node_errors::invalid_argument;

/// The longest delay; longer ones are 1 ms, as in Node.
const MAX_DELAY_MS: f64 = 2_147_483_647.0;

/// Defines the timer functions.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let global = ctx.globals();
    let set = |name: &str, repeat| -> Result<()> {
        let set = function(ctx, name, 2, move |call| set_timer(call, repeat))?;
        define_value(&global, name, set, Attributes::ALL)
    };
    set("setTimeout", Repeat::Once)?;
    set("setInterval", Repeat::Always)?;
    let set_immediate = function(ctx, "setImmediate", 1, set_immediate)?;
    define_value(&global, "setImmediate", set_immediate, Attributes::ALL)?;
    let microtask: Root<Function<'static>> =
        Root::new(ctx, global.get::<_, Value<'_>>("queueMicrotask")?)?;
    let queue = function(ctx, "queueMicrotask", 1, move |call| {
        let callback = checked_callback(call)?;
        mark_next_job(call.ctx())?;
        microtask.get::<Function<'_>>(call.ctx())?.call((callback,))
    })?;
    define_value(&global, "queueMicrotask", queue, Attributes::ALL)?;
    for name in ["clearTimeout", "clearInterval", "clearImmediate"] {
        let clear = function(ctx, name, 1, |call| {
            if let Some(id) = id_of(call.ctx(), &call.value(0)) {
                timers(call.ctx()).remove(id);
            }
            call.undefined()
        })?;
        define_value(&global, name, clear, Attributes::ALL)?;
    }
    Ok(())
}

fn set_timer<'js>(call: &Call<'_, 'js>, repeat: Repeat) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let (callback, delay) = (checked_callback(call)?, delay(ctx, &call.value(1))?);
    let (timers, arguments) = (timers(ctx), call.rest(2));
    let id = timers.new_id();
    let timeout = Timeout {
        id,
        delay,
        callback: Held::new(&callback),
        arguments: arguments.iter().map(Held::new).collect(),
    };
    let object = new_object(ctx, timeout)?.into_value();
    let action = Action::new(ctx, object.clone(), callback, arguments)?;
    timers.add(id, action, delay, repeat, host(ctx).clock.elapsed());
    Ok(object)
}

fn set_immediate<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, callback) = (call.ctx(), checked_callback(call)?);
    let timers = timers(ctx);
    let id = timers.new_id();
    let object: Object<'js> = new_object(ctx, Immediate { id })?;
    let action = Action::new(ctx, object.clone().into_value(), callback, call.rest(1))?;
    timers.add_immediate(id, action);
    Ok(object.into_value())
}

/// Calls a function with an argument after a time; the isolate does not live on for that.
pub(crate) fn call_later<'js>(
    ctx: &Ctx<'js>,
    delay: Duration,
    callback: Value<'js>,
    argument: &Value<'js>,
) -> Result<()> {
    let timers = timers(ctx);
    let id = timers.new_id();
    let action = Action::new(ctx, argument.clone(), callback, vec![argument.clone()])?;
    timers.add(id, action, delay, Repeat::Once, host(ctx).clock.elapsed());
    timers.set_keeps_alive(id, false);
    Ok(())
}

fn checked_callback<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let callback = call.value(0);
    if callback.is_function() {
        return Ok(callback);
    }
    Err(invalid_argument(call.ctx(), "callback", "of type function", &callback))
}

/// Node's rule: what is not from 1 to 2^31 - 1 is 1.
fn delay(ctx: &Ctx<'_>, value: &Value<'_>) -> Result<Duration> {
    let number = convert::unrestricted_double(ctx, value)?;
    let in_range = (1.0..=MAX_DELAY_MS).contains(&number);
    Ok(Duration::from_millis(if in_range { number as u64 } else { 1 }))
}
