//! `BroadcastChannel`, <https://html.spec.whatwg.org/#broadcasting-to-other-browsing-contexts>.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holm_host::host;
use holm_js::webidl::{Definition, Interface, Parent, construct, convert};
use holm_js::{
    Call, Ctx, Error, Graveyard, HostObject, Object, Result, Root, Tracer, Value, host_ref,
    throw_dom,
};

use super::line::{Arrival, Endpoint, Line, Listener};
use super::port::fire_arrival;
use crate::events::{EventTarget, event_handlers};
use crate::structured_clone::serialize;
use crate::weight::Weight;

pub(super) struct BroadcastChannel {
    target: EventTarget,
    line: Line,
    subscription: Subscription,
    /// A script may make any number.
    _weight: Weight,
}

/// What a channel takes besides its name, about.
const CHANNEL_BYTES: usize = 1024;

/// Who is subscribed, by the channel's name. What one isolate posts, all others get.
#[derive(Default)]
struct Subscribers {
    next: AtomicU64,
    by_name: Mutex<HashMap<String, Vec<(u64, Endpoint)>>>,
}

impl Subscribers {
    fn by_name(&self) -> MutexGuard<'_, HashMap<String, Vec<(u64, Endpoint)>>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends when it is dropped.
struct Subscription {
    name: String,
    id: u64,
    subscribers: Arc<Subscribers>,
}

impl Subscription {
    fn new(ctx: &Ctx<'_>, name: String) -> (Self, Line) {
        let subscribers = host(ctx).cluster.part::<Subscribers>();
        let id = subscribers.next.fetch_add(1, Ordering::Relaxed);
        let (near, far) = Endpoint::pair();
        subscribers.by_name().entry(name.clone()).or_default().push((id, far));
        (Self { name, id, subscribers }, Line::new(near))
    }

    fn end(&self) {
        let mut by_name = self.subscribers.by_name();
        let Some(others) = by_name.get_mut(&self.name) else { return };
        let gone: Vec<_> = others.extract_if(.., |(id, _)| *id == self.id).collect();
        if others.is_empty() {
            by_name.remove(&self.name);
        }
        drop(by_name);
        drop(gone);
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.end();
    }
}

impl BroadcastChannel {
    /// <https://html.spec.whatwg.org/#dom-broadcastchannel-postmessage>
    fn post<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let ctx = call.ctx();
        // 2. If this's closed flag is true, then throw an "InvalidStateError" DOMException.
        if self.line.is_closed() {
            return Err(throw_dom(ctx, "InvalidStateError", "BroadcastChannel is closed."));
        }
        // 3. Let serialized be StructuredSerialize(message).
        let message = serialize(ctx, &call.value(0), &[])?;
        // 6. Remove source from destinations. 8. For each destination in destinations …
        // A message is for one reader: the others get copies of the copy, whose making runs no
        // getters of the script.
        let copy = message.deserialize(ctx)?.value;
        let by_name = self.subscription.subscribers.by_name();
        let others = by_name.get(&self.subscription.name).into_iter().flatten();
        for (_, far) in others.filter(|(id, _)| *id != self.subscription.id) {
            far.send(ctx, serialize(ctx, &copy, &[])?)?;
        }
        drop(by_name);
        call.undefined()
    }
}

fn listeners_changed<'js>(ctx: &Ctx<'js>, this: &Value<'js>, kind: &str) {
    let Some(channel) = host_ref::<BroadcastChannel>(this).filter(|_| kind == "message") else {
        return;
    };
    let is_listened_to = channel.target.count("message") > 0;
    channel.line.set_listened_to(ctx, is_listened_to);
    let started = channel.line.start(ctx, || {
        let root = Root::<Object<'static>>::new(ctx, this.clone())?;
        let listener: Listener =
            Rc::new(move |ctx: &Ctx<'_>, arrival: Arrival<'_>| deliver(ctx, &root, arrival));
        Ok(listener)
    });
    if started.is_err() {
        // Out of memory: nothing else fails there.
        drop(ctx.catch());
    }
}

fn deliver<'js>(ctx: &Ctx<'js>, root: &Root<Object<'static>>, arrival: Arrival<'js>) -> Result<()> {
    if matches!(arrival, Arrival::Closed) {
        return Ok(());
    }
    let object: Value<'js> = root.get(ctx)?;
    let channel = host_ref::<BroadcastChannel>(&object).ok_or(Error::Unknown)?;
    fire_arrival(ctx, &channel.target, &object, arrival)
}

impl HostObject for BroadcastChannel {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.target.trace(tracer);
    }

    fn base(&self, wanted: TypeId) -> Option<&dyn Any> {
        (wanted == TypeId::of::<EventTarget>()).then_some(&self.target)
    }

    fn finalize(self, graveyard: &Graveyard) {
        graveyard.push((self.subscription, self.line));
    }
}

impl Interface for BroadcastChannel {
    const NAME: &'static str = "BroadcastChannel";

    fn parent<'js>(ctx: &Ctx<'js>) -> Result<Option<Parent<'js>>> {
        Parent::of::<EventTarget>(ctx)
    }

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, |call| {
                let name = convert::string(call.ctx(), &call.value(0))?;
                let weight = Weight::new(call.ctx(), CHANNEL_BYTES + 2 * name.len())?;
                let (subscription, line) = Subscription::new(call.ctx(), name);
                let target = EventTarget::observed(listeners_changed);
                construct(call, Self { target, line, subscription, _weight: weight })
            })
            .attribute("name", |this, call| call.returns(this.subscription.name.as_str()))?
            .operation("postMessage", 1, |this, call| this.post(call))?
            .operation("close", 0, |this, call| {
                this.subscription.end();
                this.line.close(call.ctx());
                call.undefined()
            })?
            .operation("ref", 0, |this, call| {
                this.line.set_referenced(call.ctx(), true);
                Ok(call.this())
            })?
            .operation("unref", 0, |this, call| {
                this.line.set_referenced(call.ctx(), false);
                Ok(call.this())
            })?;
        const HANDLERS: &[(&str, &str)] =
            &[("onmessage", "message"), ("onmessageerror", "messageerror")];
        event_handlers(members, HANDLERS)
    }
}
