//! `EventTarget`, <https://dom.spec.whatwg.org/#interface-eventtarget>.

use std::cell::{Cell, RefCell};
use std::rc::{self, Rc};

use holm_host::host;
use holm_js::webidl::{Definition, Interface, construct, convert};
use holm_js::{
    Call, Ctx, ErrorKind, Held, HeldCell, HostObject, Object, Rest, Result, This, Tracer, Value,
    host_ref, is_same, is_uncatchable, take_exception, throw, throw_dom, throw_value,
};

use super::dictionary::Dictionary;
use super::error_event::ErrorEvent;
use super::event::{Event, Phase};
use crate::abort::AbortSignal;
use crate::node_errors::invalid_argument;
use crate::weight::Weight;

/// Is told that a listener of this type was added or removed; the value is the target.
pub(crate) type Changed = for<'js> fn(&Ctx<'js>, &Value<'js>, &str);

/// The inside of whatever has listeners; interfaces that inherit embed it.
#[derive(Default)]
pub struct EventTarget {
    listeners: RefCell<Vec<Rc<Listener>>>,
    changed: Option<Changed>,
}

/// What a listener takes besides its type, about.
const LISTENER_BYTES: usize = 128;

/// <https://dom.spec.whatwg.org/#concept-event-listener>
struct Listener {
    kind: Rc<str>,
    callback: HeldCell,
    is_capture: bool,
    is_once: bool,
    is_passive: bool,
    /// The one behind an event handler attribute.
    is_handler: bool,
    is_removed: Cell<bool>,
    /// What the script may make any number of.
    _weight: Weight,
}

impl EventTarget {
    /// One that tells of its listeners.
    pub(crate) fn observed(changed: Changed) -> Self {
        Self { listeners: RefCell::default(), changed: Some(changed) }
    }

    /// How many listeners there are for events of a type.
    pub(crate) fn count(&self, kind: &str) -> usize {
        let listeners = self.listeners.borrow();
        listeners.iter().filter(|one| &*one.kind == kind && !one.callback.is_empty()).count()
    }

    /// The callbacks of all listeners for events of a type.
    pub fn listeners<'js>(&self, ctx: &Ctx<'js>, kind: &str) -> Result<Vec<Value<'js>>> {
        let listeners = self.listeners.borrow();
        let callbacks = listeners.iter().filter(|one| &*one.kind == kind);
        callbacks.filter_map(|one| one.callback.get(ctx).transpose()).collect()
    }

    /// The function of an event handler attribute, or `null`.
    pub(crate) fn handler<'js>(&self, ctx: &Ctx<'js>, kind: &str) -> Result<Value<'js>> {
        match self.find_handler(kind) {
            Some(listener) => listener.callback.get_or_null(ctx),
            None => Ok(Value::new_null(ctx.clone())),
        }
    }

    /// Sets an event handler attribute: what is no object counts as `null`.
    pub(crate) fn set_handler<'js>(
        &self,
        ctx: &Ctx<'js>,
        this: &Value<'js>,
        kind: &str,
        value: &Value<'js>,
    ) -> Result<()> {
        let callback = Some(value).filter(|value| value.is_object());
        match (self.find_handler(kind), callback) {
            // Its place among the listeners is where it was set first.
            (Some(listener), callback) => listener.callback.set(callback),
            (None, Some(callback)) => {
                let weight = Weight::new(ctx, LISTENER_BYTES)?;
                let listener = Listener {
                    kind: kind.into(),
                    callback: HeldCell::new(callback),
                    is_capture: false,
                    is_once: false,
                    is_passive: false,
                    is_handler: true,
                    is_removed: Cell::new(false),
                    _weight: weight,
                };
                self.listeners.borrow_mut().push(Rc::new(listener));
            }
            (None, None) => return Ok(()),
        }
        self.tell(ctx, this, kind);
        Ok(())
    }

    fn find_handler(&self, kind: &str) -> Option<Rc<Listener>> {
        let listeners = self.listeners.borrow();
        listeners.iter().find(|one| one.is_handler && &*one.kind == kind).cloned()
    }

    fn tell<'js>(&self, ctx: &Ctx<'js>, this: &Value<'js>, kind: &str) {
        if let Some(changed) = self.changed {
            changed(ctx, this, kind);
        }
    }

    /// `addEventListener`, <https://dom.spec.whatwg.org/#dom-eventtarget-addeventlistener>
    pub(crate) fn add<'js>(&self, this: &Value<'js>, call: &Call<'_, 'js>) -> Result<()> {
        let ctx = call.ctx();
        let kind = convert::string(ctx, &call.value(0))?;
        let callback = checked_callback(call)?;
        // 1. Let capture, passive, once, and signal be the result of flattening more options.
        let options = call.value(2);
        let (is_capture, is_once, is_passive, signal) = if options.is_object() {
            let options = Dictionary::new(ctx, &options)?;
            let capture = options.boolean("capture")?;
            let once = options.boolean("once")?;
            (capture, once, options.boolean("passive")?, options.get("signal")?)
        } else {
            (convert::boolean(&options), false, false, None)
        };
        // To add an event listener: 2. If listener's signal is not null and is aborted, return.
        let signal = signal.map(|signal| checked_signal(ctx, signal)).transpose()?;
        let inside = signal.as_ref().and_then(host_ref::<AbortSignal>);
        if inside.is_some_and(AbortSignal::is_aborted) {
            return Ok(());
        }
        // 3. If listener's callback is null, then return.
        let Some(callback) = callback else { return Ok(()) };
        // 5. If the list does not contain a listener with the same type, callback and capture…
        if self.find(ctx, &kind, &callback, is_capture)?.is_some() {
            return Ok(());
        }
        // … then append listener.
        let weight = Weight::new(ctx, LISTENER_BYTES + kind.len())?;
        let listener = Listener {
            kind: kind.as_str().into(),
            callback: HeldCell::new(&callback),
            is_capture,
            is_once,
            is_passive,
            is_handler: false,
            is_removed: Cell::new(false),
            _weight: weight,
        };
        let listener = Rc::new(listener);
        // 6. If listener's signal is not null, then add the following abort steps to it:
        // 1. Remove an event listener with eventTarget and listener.
        if let (Some(inside), Some(signal)) = (inside, &signal) {
            let ended = ListenerOf { target: Held::new(this), listener: Rc::downgrade(&listener) };
            inside.end_with(ctx, signal, ended);
        }
        self.listeners.borrow_mut().push(listener);
        self.tell(ctx, this, &kind);
        Ok(())
    }

    /// `removeEventListener`
    pub(crate) fn remove<'js>(&self, this: &Value<'js>, call: &Call<'_, 'js>) -> Result<()> {
        let ctx = call.ctx();
        let kind = convert::string(ctx, &call.value(0))?;
        let callback = checked_callback(call)?;
        let options = call.value(2);
        let is_capture = match options.as_object() {
            Some(options) => convert::boolean(&options.get::<_, Value<'js>>("capture")?),
            None => convert::boolean(&options),
        };
        let Some(callback) = callback else { return Ok(()) };
        if let Some(listener) = self.find(ctx, &kind, &callback, is_capture)? {
            self.take(&listener);
            self.tell(ctx, this, &kind);
        }
        Ok(())
    }

    fn find<'js>(
        &self,
        ctx: &Ctx<'js>,
        kind: &str,
        callback: &Value<'js>,
        is_capture: bool,
    ) -> Result<Option<Rc<Listener>>> {
        for one in self.listeners.borrow().iter() {
            let is_like = !one.is_handler && one.is_capture == is_capture && &*one.kind == kind;
            if is_like && one.callback.get(ctx)?.is_some_and(|known| is_same(&known, callback)) {
                return Ok(Some(one.clone()));
            }
        }
        Ok(None)
    }

    /// <https://dom.spec.whatwg.org/#remove-an-event-listener>
    fn take(&self, listener: &Rc<Listener>) {
        listener.is_removed.set(true);
        self.listeners.borrow_mut().retain(|one| !Rc::ptr_eq(one, listener));
    }

    /// <https://dom.spec.whatwg.org/#concept-event-dispatch>, where the path is the target alone.
    /// Gives whether nobody cancelled the event.
    pub(crate) fn dispatch<'js>(
        &self,
        ctx: &Ctx<'js>,
        target: &Value<'js>,
        object: &Object<'js>,
    ) -> Result<bool> {
        let event = host_ref::<Event>(object.as_value()).ok_or(holm_js::Error::Unknown)?;
        event.is_dispatched.set(true);
        event.target.set(Some(target));
        event.current_target.set(Some(target));
        event.phase.set(Phase::AtTarget);
        let mut outcome = Ok(());
        for is_capture in [true, false] {
            if outcome.is_ok() && !event.is_stopped.get() {
                outcome = self.invoke(ctx, target, object, event, is_capture);
            }
        }
        event.phase.set(Phase::None);
        event.current_target.set(None);
        event.is_dispatched.set(false);
        event.is_stopped.set(false);
        event.is_stopped_at_once.set(false);
        outcome.map(|()| !event.is_canceled())
    }

    /// <https://dom.spec.whatwg.org/#concept-event-listener-inner-invoke>
    fn invoke<'js>(
        &self,
        ctx: &Ctx<'js>,
        target: &Value<'js>,
        object: &Object<'js>,
        event: &Event,
        is_capture: bool,
    ) -> Result<()> {
        let kind = event.kind();
        let wanted = |one: &&Rc<Listener>| one.is_capture == is_capture && one.kind == kind;
        let listeners: Vec<_> = self.listeners.borrow().iter().filter(wanted).cloned().collect();
        for listener in listeners {
            if listener.is_removed.get() {
                continue;
            }
            let Some(callback) = listener.callback.get(ctx)? else { continue };
            if listener.is_once {
                self.take(&listener);
                self.tell(ctx, target, &kind);
            }
            event.is_in_passive_listener.set(listener.is_passive);
            let called = listener.call(ctx, target, object, event, callback);
            event.is_in_passive_listener.set(false);
            if let Err(error) = called {
                // If this throws an exception, then report it.
                let thrown = take_exception(ctx, error);
                if is_uncatchable(&thrown) {
                    return Err(throw_value(ctx, thrown));
                }
                host(ctx).reported.add(ctx, thrown);
            }
            if event.is_stopped_at_once.get() {
                break;
            }
        }
        Ok(())
    }
}

/// A listener and its target, as a signal that ends it knows them.
pub(crate) struct ListenerOf {
    target: Held,
    /// The target reports what the listener holds.
    listener: rc::Weak<Listener>,
}

impl ListenerOf {
    pub(crate) fn is_gone(&self) -> bool {
        self.listener.strong_count() == 0
    }

    /// Removes the listener.
    pub(crate) fn remove(&self, ctx: &Ctx<'_>) -> Result<()> {
        if let Some(listener) = self.listener.upgrade() {
            let this = self.target.get(ctx)?;
            if let Some(target) = host_ref::<EventTarget>(&this) {
                target.take(&listener);
                target.tell(ctx, &this, &listener.kind);
            }
        }
        Ok(())
    }

    pub(crate) fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.target);
    }
}

impl Listener {
    fn call<'js>(
        &self,
        ctx: &Ctx<'js>,
        target: &Value<'js>,
        object: &Object<'js>,
        event: &Event,
        callback: Value<'js>,
    ) -> Result<()> {
        if self.is_handler {
            return call_handler(ctx, target, object, event, &callback);
        }
        if let Some(function) = callback.as_function() {
            return function.call((This(target.clone()), object.clone()));
        }
        let holder = callback.as_object().ok_or(holm_js::Error::Unknown)?;
        let method: Value<'js> = holder.get("handleEvent")?;
        let Some(method) = method.into_function() else {
            let text = "the listener's handleEvent is not a function";
            return Err(throw(ctx, ErrorKind::Type, text));
        };
        method.call((This(callback.clone()), object.clone()))
    }
}

/// <https://html.spec.whatwg.org/#the-event-handler-processing-algorithm>
fn call_handler<'js>(
    ctx: &Ctx<'js>,
    target: &Value<'js>,
    object: &Object<'js>,
    event: &Event,
    callback: &Value<'js>,
) -> Result<()> {
    let Some(function) = callback.as_function() else { return Ok(()) };
    // 2. Let special error event handling be true if event is an ErrorEvent, its type is "error",
    // and its currentTarget is a global object.
    let error = host_ref::<ErrorEvent>(object.as_value())
        .filter(|_| &*event.kind() == "error" && is_same(target, ctx.globals().as_value()));
    let arguments = match error {
        Some(error) => error.handler_arguments(ctx)?,
        None => vec![object.clone().into_value()],
    };
    let returned: Value<'js> = function.call((This(target.clone()), Rest(arguments)))?;
    // 5. With special error event handling, true cancels the event; else false does.
    if returned.as_bool() == Some(error.is_some()) {
        event.cancel();
    }
    Ok(())
}

fn checked_callback<'js>(call: &Call<'_, 'js>) -> Result<Option<Value<'js>>> {
    let callback = call.value(1);
    if callback.is_null() || callback.is_undefined() {
        return Ok(None);
    }
    if callback.is_object() {
        return Ok(Some(callback));
    }
    let text = "The \"listener\" argument must be a function or an object with handleEvent";
    Err(throw(call.ctx(), ErrorKind::Type, text))
}

/// The member `signal` of the options.
fn checked_signal<'js>(ctx: &Ctx<'js>, signal: Value<'js>) -> Result<Value<'js>> {
    if host_ref::<AbortSignal>(&signal).is_some() {
        return Ok(signal);
    }
    Err(invalid_argument(ctx, "options.signal", "an instance of AbortSignal", &signal))
}

/// `dispatchEvent`, <https://dom.spec.whatwg.org/#dom-eventtarget-dispatchevent>
pub(crate) fn dispatch_event<'js>(
    target: &EventTarget,
    this: &Value<'js>,
    call: &Call<'_, 'js>,
) -> Result<Value<'js>> {
    let (ctx, given) = (call.ctx(), call.value(0));
    let Some(event) = host_ref::<Event>(&given) else {
        let text = "EventTarget.dispatchEvent: the argument is not an Event";
        return Err(throw(ctx, ErrorKind::Type, text));
    };
    // 1. If event's dispatch flag is set, throw an "InvalidStateError" DOMException.
    if event.is_dispatched.get() {
        let text = "The event is already being dispatched";
        return Err(throw_dom(ctx, "InvalidStateError", text));
    }
    let object = given.as_object().ok_or(holm_js::Error::Unknown)?;
    call.returns(target.dispatch(ctx, this, object)?)
}

impl HostObject for EventTarget {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.listeners.borrow().iter().for_each(|one| one.callback.trace(tracer));
    }
}

impl Interface for EventTarget {
    const NAME: &'static str = "EventTarget";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(0, |call| construct(call, Self::default()))
            .operation("addEventListener", 2, |this, call| {
                this.add(&call.this(), call)?;
                call.undefined()
            })?
            .operation("removeEventListener", 2, |this, call| {
                this.remove(&call.this(), call)?;
                call.undefined()
            })?
            .operation("dispatchEvent", 1, |this, call| dispatch_event(this, &call.this(), call))?;
        Ok(())
    }
}

impl std::fmt::Debug for EventTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventTarget").finish_non_exhaustive()
    }
}
