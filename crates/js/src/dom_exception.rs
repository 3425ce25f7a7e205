//! `DOMException` as scripts see it: the engine's, with a stack that begins with what it says.
//!
//! The engine gives each an own `stack` of frames alone. A heading is put on where one is made: by Rust, or by the
//! constructor that stands in front of the engine's.

use rquickjs::{Ctx, Function, Object, Result, Value};

use crate::function::constructor;
use crate::lazy::{Attributes, define_lazy, define_value};
use crate::reflect::{self, Filter};
use crate::root::Root;
use crate::stack_trace;
use crate::subclass::construct_as;

const NAME: &str = "DOMException";

/// Puts the constructor in front of the engine's, once a script asks for it.
pub(crate) fn install(ctx: &Ctx<'_>) -> Result<()> {
    // The engine makes one for the first realm of a runtime only.
    let Some(engines) = ctx.globals().get::<_, Value<'_>>(NAME)?.into_function() else {
        return Ok(());
    };
    let engines = Root::<Function<'static>>::new(ctx, engines)?;
    define_lazy(&ctx.globals(), NAME, Attributes::BUILT_IN, move |ctx| {
        Ok(in_front(ctx, engines.get(ctx)?)?.into_value())
    })
}

fn in_front<'js>(ctx: &Ctx<'js>, engines: Function<'js>) -> Result<Function<'js>> {
    let original = Root::<Function<'static>>::new(ctx, engines.clone())?;
    let class = constructor(ctx, NAME, 0, move |call| {
        let exception = construct_as(call, NAME, &original.get(call.ctx())?)?;
        give_heading(&exception)?;
        Ok(exception.into_value())
    })?;
    // The constants.
    let keys = reflect::own_keys(&engines, Filter::EnumerableStrings)?;
    for position in 0.. {
        let Some(name) = keys.name(position) else { break };
        if let Some(value) = keys.value(&engines, position)? {
            define_value(&class, name?, value, Attributes::ENUMERABLE)?;
        }
    }
    let prototype: Object<'js> = engines.get("prototype")?;
    define_value(&class, "prototype", prototype.clone(), Attributes::NONE)?;
    define_value(&prototype, "constructor", class.clone(), Attributes::BUILT_IN)?;
    Ok(class)
}

/// Begins the stack of a new one with its name and message.
pub(crate) fn give_heading(exception: &Object<'_>) -> Result<()> {
    let ctx = exception.ctx();
    let stack: Value<'_> = exception.get("stack")?;
    let stack = stack_trace::with_heading(ctx, exception.as_value(), stack)?;
    define_value(exception, "stack", stack, Attributes::BUILT_IN)
}
