//! `CloseEvent`, <https://websockets.spec.whatwg.org/#the-closeevent-interface>.

use std::any::{Any, TypeId};

use holm_js::webidl::convert::{self, Integer};
use holm_js::webidl::{Definition, Interface, Parent, construct};
use holm_js::{Ctx, HostObject, Result, Tracer};

use super::conversation::Ending;
use crate::events::Event;

/// A socket was closed.
pub(super) struct CloseEvent {
    event: Event,
    ending: Ending,
}

impl CloseEvent {
    /// The event of the host.
    pub(super) fn trusted(ctx: &Ctx<'_>, ending: Ending) -> Self {
        Self { event: Event::trusted(ctx, "close"), ending }
    }
}

impl HostObject for CloseEvent {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.event.trace(tracer);
    }

    fn base(&self, wanted: TypeId) -> Option<&dyn Any> {
        (wanted == TypeId::of::<Event>()).then_some(&self.event)
    }
}

impl Interface for CloseEvent {
    const NAME: &'static str = "CloseEvent";

    fn parent<'js>(ctx: &Ctx<'js>) -> Result<Option<Parent<'js>>> {
        Parent::of::<Event>(ctx)
    }

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, |call| {
                let ctx = call.ctx();
                let (event, init) = Event::constructed(call)?;
                // Members are read in the order of their names.
                let code = init.get("code")?;
                let code =
                    code.map(|code| convert::unsigned_short(ctx, &code, Integer::Wrap, "code"));
                let code = code.transpose()?.unwrap_or(0);
                let reason = init.string(ctx, "reason")?;
                event.weigh(ctx, reason.len())?;
                let is_clean = init.boolean("wasClean")?;
                construct(call, Self { event, ending: Ending { code, reason, is_clean } })
            })
            .attribute("wasClean", |this, call| call.returns(this.ending.is_clean))?
            .attribute("code", |this, call| call.returns(this.ending.code))?
            .attribute("reason", |this, call| call.returns(&*this.ending.reason))?;
        Ok(())
    }
}
