//! `MessageChannel`, <https://html.spec.whatwg.org/#message-channels>.

use holm_js::webidl::{Definition, Interface, construct};
use holm_js::{Held, HostObject, Result, Tracer};

use super::{Endpoint, MessagePort};

pub(super) struct MessageChannel {
    port1: Held,
    port2: Held,
}

impl HostObject for MessageChannel {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.port1);
        tracer.mark(&self.port2);
    }
}

impl Interface for MessageChannel {
    const NAME: &'static str = "MessageChannel";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(0, |call| {
                let (one, other) = Endpoint::pair();
                let one = MessagePort::object(call.ctx(), one)?;
                let other = MessagePort::object(call.ctx(), other)?;
                let (port1, port2) = (Held::new(one.as_value()), Held::new(other.as_value()));
                construct(call, Self { port1, port2 })
            })
            .attribute("port1", |this, call| this.port1.get(call.ctx()))?
            .attribute("port2", |this, call| this.port2.get(call.ctx()))?;
        Ok(())
    }
}
