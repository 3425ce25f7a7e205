//! `MessagePort`, <https://html.spec.whatwg.org/#message-ports>.
//!
//! As in Node, whoever listens for messages has started the port, and it keeps the isolate alive
//! for as long as somebody does.

use std::any::{Any, TypeId};
use std::rc::Rc;

use holm_js::webidl::{Definition, Interface, Parent, new_object};
use holm_js::{
    Call, Ctx, Error, Graveyard, HostObject, Object, Result, Root, Tracer, Value, host_ref,
    throw_dom,
};

use super::line::{Arrival, Endpoint, Line, Listener};
use super::options::{Posted, posted};
use crate::events::{Event, EventTarget, MessageEvent, event_handlers};
use crate::structured_clone::platform::{Parcel, PlatformKind};
use crate::structured_clone::{Received, data_clone_error, serialize};
use crate::weight::Weight;

/// The inside of a port.
#[derive(Debug)]
pub struct MessagePort {
    target: EventTarget,
    line: Line,
    /// A script may make any number.
    _weight: Weight,
}

/// What a port and its end of the channel take, about.
const PORT_BYTES: usize = 512;

impl MessagePort {
    /// A port object for an end of a channel.
    pub fn object<'js>(ctx: &Ctx<'js>, endpoint: Endpoint) -> Result<Object<'js>> {
        let target = EventTarget::observed(listeners_changed);
        let weight = Weight::new(ctx, PORT_BYTES)?;
        new_object(ctx, Self { target, line: Line::new(endpoint), _weight: weight })
    }

    /// Its end of the channel.
    pub fn line(&self) -> &Line {
        &self.line
    }

    fn start<'js>(&self, ctx: &Ctx<'js>, this: &Value<'js>) -> Result<()> {
        self.line.start(ctx, || listener(ctx, this))
    }

    fn post<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let (ctx, Posted { value, transfer }) = (call.ctx(), posted(call)?);
        let this = call.this();
        // 3. If transfer contains this MessagePort, then throw a "DataCloneError" DOMException.
        if transfer.iter().any(|item| holm_js::is_same(item.as_value(), &this)) {
            let text = "Transfer list contains source port";
            return Err(throw_dom(ctx, "DataCloneError", text));
        }
        // 4. Let doomed be false. 5. If transfer contains targetPort, then set doomed to true.
        let is_doomed = transfer.iter().any(|item| self.is_other_end(item));
        let message = serialize(ctx, &value, &transfer)?;
        // 8. If targetPort is null, or if doomed is true, then return.
        if !is_doomed {
            self.line.send(ctx, message)?;
        }
        call.undefined()
    }

    fn is_other_end(&self, item: &Object<'_>) -> bool {
        let other = host_ref::<Self>(item.as_value());
        other.is_some_and(|other| {
            let of_both = self.line.with_endpoint(|mine| {
                other.line.with_endpoint(|theirs| mine.is_other_end_of(theirs))
            });
            of_both.flatten().unwrap_or(false)
        })
    }
}

/// Fires events at the port; keeps it, as long as it can get any.
fn listener<'js>(ctx: &Ctx<'js>, this: &Value<'js>) -> Result<Listener> {
    let root = Root::<Object<'static>>::new(ctx, this.clone())?;
    Ok(Rc::new(move |ctx: &Ctx<'_>, arrival: Arrival<'_>| deliver(ctx, &root, arrival)))
}

fn listeners_changed<'js>(ctx: &Ctx<'js>, this: &Value<'js>, kind: &str) {
    let Some(port) = host_ref::<MessagePort>(this) else { return };
    let is_listened_to = port.target.count(kind) > 0;
    let started = match kind {
        "message" => {
            port.line.set_listened_to(ctx, is_listened_to);
            if is_listened_to { port.start(ctx, this) } else { Ok(()) }
        }
        "close" if is_listened_to => port.line.watch(ctx, || listener(ctx, this)),
        _ => Ok(()),
    };
    if started.is_err() {
        // Out of memory: nothing else fails there.
        drop(ctx.catch());
    }
}

/// Fires the event of what came.
fn deliver<'js>(ctx: &Ctx<'js>, root: &Root<Object<'static>>, arrival: Arrival<'js>) -> Result<()> {
    let object: Value<'js> = root.get(ctx)?;
    let port = host_ref::<MessagePort>(&object).ok_or(Error::Unknown)?;
    fire_arrival(ctx, &port.target, &object, arrival)
}

/// Fires `message`, `messageerror` or `close`.
pub(crate) fn fire_arrival<'js>(
    ctx: &Ctx<'js>,
    target: &EventTarget,
    object: &Value<'js>,
    arrival: Arrival<'js>,
) -> Result<()> {
    let event = match arrival {
        Arrival::Message(Received { value, ports }) => {
            new_object(ctx, MessageEvent::trusted(ctx, "message", &value, ports)?)?
        }
        Arrival::Unreadable(error) => {
            new_object(ctx, MessageEvent::trusted(ctx, "messageerror", &error, Vec::new())?)?
        }
        Arrival::Closed => new_object(ctx, Event::trusted(ctx, "close"))?,
    };
    target.dispatch(ctx, object, &event).map(drop)
}

/// Ports can be transferred: <https://html.spec.whatwg.org/#message-ports:transfer-steps>.
pub(crate) struct Ports;

impl PlatformKind for Ports {
    fn is(&self, object: &Value<'_>) -> bool {
        host_ref::<MessagePort>(object).is_some()
    }

    fn is_transferable(&self) -> bool {
        true
    }

    fn transfer<'js>(&self, ctx: &Ctx<'js>, object: &Object<'js>) -> Result<Parcel> {
        let port = host_ref::<MessagePort>(object).ok_or(Error::Unknown)?;
        match port.line.hand_on(ctx) {
            Some(endpoint) => Ok(Box::new(endpoint)),
            None => Err(data_clone_error(ctx, "MessagePort in transfer list is already detached")),
        }
    }

    fn receive<'js>(&self, ctx: &Ctx<'js>, parcel: Parcel) -> Result<Object<'js>> {
        let endpoint = parcel.downcast::<Endpoint>().map_err(|_| Error::Unknown)?;
        MessagePort::object(ctx, *endpoint)
    }

    fn is_port(&self) -> bool {
        true
    }
}

impl HostObject for MessagePort {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.target.trace(tracer);
    }

    fn base(&self, wanted: TypeId) -> Option<&dyn Any> {
        (wanted == TypeId::of::<EventTarget>()).then_some(&self.target)
    }

    fn finalize(self, graveyard: &Graveyard) {
        // Dropping the last of a line closes its channel, which tells other isolates.
        graveyard.push(self.line);
    }
}

impl Interface for MessagePort {
    const NAME: &'static str = "MessagePort";

    fn parent<'js>(ctx: &Ctx<'js>) -> Result<Option<Parent<'js>>> {
        Parent::of::<EventTarget>(ctx)
    }

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .operation("postMessage", 1, |this, call| this.post(call))?
            .operation("start", 0, |this, call| {
                this.start(call.ctx(), &call.this())?;
                call.undefined()
            })?
            .operation("close", 0, |this, call| {
                // So that the event of it comes, whether or not messages were wanted.
                this.start(call.ctx(), &call.this())?;
                this.line.close(call.ctx());
                call.undefined()
            })?
            // What Node adds.
            .operation("ref", 0, |this, call| {
                this.line.set_referenced(call.ctx(), true);
                call.undefined()
            })?
            .operation("unref", 0, |this, call| {
                this.line.set_referenced(call.ctx(), false);
                call.undefined()
            })?
            .operation("hasRef", 0, |this, call| call.returns(this.line.keeps_alive()))?;
        const HANDLERS: &[(&str, &str)] =
            &[("onmessage", "message"), ("onmessageerror", "messageerror"), ("onclose", "close")];
        event_handlers(members, HANDLERS)
    }
}
