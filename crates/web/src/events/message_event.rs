//! `MessageEvent`, <https://html.spec.whatwg.org/#the-messageevent-interface>.

use std::any::{Any, TypeId};

use holm_js::webidl::convert;
use holm_js::webidl::{Definition, Interface, Parent, construct};
use holm_js::{
    Array, Ctx, ErrorKind, Held, HeldCell, HostObject, Object, Result, Tracer, Value, freeze, throw,
};

use super::event::{Event, or_null};

/// A message that came.
#[derive(Debug)]
pub struct MessageEvent {
    event: Event,
    data: HeldCell,
    origin: String,
    last_event_id: String,
    source: HeldCell,
    /// A frozen array.
    ports: Held,
}

impl MessageEvent {
    /// The event of the host.
    pub fn trusted<'js>(
        ctx: &Ctx<'js>,
        kind: &str,
        data: &Value<'js>,
        ports: Vec<Object<'js>>,
    ) -> Result<Self> {
        let list = Array::new(ctx.clone())?;
        for (index, port) in ports.into_iter().enumerate() {
            list.set(index, port)?;
        }
        freeze(list.as_object())?;
        Ok(Self {
            event: Event::trusted(ctx, kind),
            data: HeldCell::new(data),
            origin: String::new(),
            last_event_id: String::new(),
            source: HeldCell::default(),
            ports: Held::new(list.as_value()),
        })
    }

    /// The same, from this origin.
    pub(crate) fn of_origin(self, origin: String) -> Self {
        Self { origin, ..self }
    }
}

impl HostObject for MessageEvent {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.event.trace(tracer);
        self.data.trace(tracer);
        self.source.trace(tracer);
        tracer.mark(&self.ports);
    }

    fn base(&self, wanted: TypeId) -> Option<&dyn Any> {
        (wanted == TypeId::of::<Event>()).then_some(&self.event)
    }
}

impl Interface for MessageEvent {
    const NAME: &'static str = "MessageEvent";

    fn parent<'js>(ctx: &Ctx<'js>) -> Result<Option<Parent<'js>>> {
        Parent::of::<Event>(ctx)
    }

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, |call| {
                let ctx = call.ctx();
                let (event, init) = Event::constructed(call)?;
                let data = HeldCell::new(&or_null(ctx, init.get("data")?));
                let last_event_id = init.string(ctx, "lastEventId")?;
                let origin = init.string(ctx, "origin")?;
                event.weigh(ctx, origin.len() + last_event_id.len())?;
                let ports = Held::new(&ports(ctx, init.get("ports")?)?);
                let source = HeldCell::new(&or_null(ctx, init.get("source")?));
                construct(call, Self { event, data, origin, last_event_id, source, ports })
            })
            .attribute("data", |this, call| this.data.get_or_null(call.ctx()))?
            .attribute("origin", |this, call| call.returns(this.origin.as_str()))?
            .attribute("lastEventId", |this, call| call.returns(this.last_event_id.as_str()))?
            .attribute("source", |this, call| this.source.get_or_null(call.ctx()))?
            .attribute("ports", |this, call| this.ports.get(call.ctx()))?;
        Ok(())
    }
}

/// A sequence of ports as a frozen array.
fn ports<'js>(ctx: &Ctx<'js>, given: Option<Value<'js>>) -> Result<Value<'js>> {
    let list = Array::new(ctx.clone())?;
    if let Some(given) = given {
        let method = match given.as_object() {
            Some(object) => convert::iterator_method(object)?,
            None => None,
        };
        let method = method
            .ok_or_else(|| throw(ctx, ErrorKind::Type, "MessageEvent: ports is no sequence"))?;
        convert::elements(&given, &method, |port| list.set(list.len(), port))?;
    }
    freeze(list.as_object())?;
    Ok(list.into_value())
}
