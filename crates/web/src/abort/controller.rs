//! `AbortController`, <https://dom.spec.whatwg.org/#interface-abortcontroller>.

use holm_js::webidl::{Definition, Interface, construct};
use holm_js::{Ctx, Held, HostObject, Object, Result, Tracer, Value, define_value};

use super::signal::{AbortSignal, signal_abort};
use crate::shown::{self, Shown};

pub(super) struct AbortController {
    signal: Held,
}

impl HostObject for AbortController {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.signal);
    }
}

impl Interface for AbortController {
    const NAME: &'static str = "AbortController";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(0, |call| {
                let signal = AbortSignal::object(call.ctx())?;
                construct(call, Self { signal: Held::new(signal.as_value()) })
            })
            .attribute("signal", |this, call| this.signal.get(call.ctx()))?
            .operation("abort", 0, |this, call| {
                let signal = this.signal.get(call.ctx())?;
                signal_abort(call.ctx(), &signal, &call.value(0))?;
                call.undefined()
            })?;
        shown::define(members)
    }
}

impl Shown for AbortController {
    fn shown<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let object = Object::new(ctx.clone())?;
        let signal: Value<'js> = self.signal.get(ctx)?;
        define_value(&object, "signal", signal, holm_js::Attributes::ALL)?;
        Ok(object)
    }
}
