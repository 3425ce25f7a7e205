//! `CustomEvent`, <https://dom.spec.whatwg.org/#interface-customevent>.

use std::any::{Any, TypeId};

use holm_js::webidl::{Definition, Interface, Parent, construct, convert};
use holm_js::{Ctx, HeldCell, HostObject, Result, Tracer};

use super::event::{Event, or_null};

pub(super) struct CustomEvent {
    event: Event,
    detail: HeldCell,
}

impl HostObject for CustomEvent {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.event.trace(tracer);
        self.detail.trace(tracer);
    }

    fn base(&self, wanted: TypeId) -> Option<&dyn Any> {
        (wanted == TypeId::of::<Event>()).then_some(&self.event)
    }
}

impl Interface for CustomEvent {
    const NAME: &'static str = "CustomEvent";

    fn parent<'js>(ctx: &Ctx<'js>) -> Result<Option<Parent<'js>>> {
        Parent::of::<Event>(ctx)
    }

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, |call| {
                let (event, init) = Event::constructed(call)?;
                let detail = HeldCell::new(&or_null(call.ctx(), init.get("detail")?));
                construct(call, Self { event, detail })
            })
            .attribute("detail", |this, call| this.detail.get_or_null(call.ctx()))?
            .operation("initCustomEvent", 1, |this, call| {
                let kind = convert::string(call.ctx(), &call.value(0))?;
                let [bubbles, is_cancelable] =
                    [1, 2].map(|index| convert::boolean(&call.value(index)));
                if !this.event.is_dispatched.get() {
                    this.event.weigh(call.ctx(), kind.len())?;
                    this.event.initialize(&kind, bubbles, is_cancelable);
                    let detail = (call.len() > 3).then(|| call.value(3));
                    this.detail.set(Some(&or_null(call.ctx(), detail)));
                }
                call.undefined()
            })?;
        Ok(())
    }
}
