//! `AbortSignal`, <https://dom.spec.whatwg.org/#interface-AbortSignal>.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::time::Duration;

use holm_js::webidl::convert::{self, Integer};
use holm_js::webidl::{Definition, Interface, Parent, new_object};
use holm_js::{
    Attributes, Call, Ctx, Error, ErrorKind, Held, HeldCell, HostObject, JsString, Object, Result,
    Tracer, Value, Weak, define_value, function, host_ref, is_same, make, throw, throw_value,
};

use crate::events::{Event, EventTarget, ListenerOf, event_handlers};
use crate::shown::{self, Shown};
use crate::timers::call_later;
use crate::weight::Weight;

/// What a signal takes, about, and what each that follows it adds.
const SIGNAL_BYTES: usize = 512;

/// The inside of a signal.
pub(crate) struct AbortSignal {
    target: EventTarget,
    is_aborted: Cell<bool>,
    reason: HeldCell,
    /// Abort algorithms: listeners that end with this.
    listeners: RefCell<Vec<ListenerOf>>,
    /// Of a dependent signal: those that it follows, none of which is dependent.
    sources: RefCell<Vec<Held>>,
    is_dependent: Cell<bool>,
    dependents: RefCell<Vec<Dependent>>,
    /// A script may make any number.
    _weight: Weight,
}

/// A signal that follows another one.
struct Dependent {
    signal: Weak,
    /// While somebody listens to it, it has to be kept: it may be aborted yet.
    kept: HeldCell,
}

impl AbortSignal {
    /// A signal that is not aborted.
    pub(super) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let signal = Self {
            target: EventTarget::observed(listeners_changed),
            is_aborted: Cell::default(),
            reason: HeldCell::default(),
            listeners: RefCell::default(),
            sources: RefCell::default(),
            is_dependent: Cell::default(),
            dependents: RefCell::default(),
            _weight: Weight::new(ctx, SIGNAL_BYTES)?,
        };
        new_object(ctx, signal)
    }

    pub(crate) fn is_aborted(&self) -> bool {
        self.is_aborted.get()
    }

    /// Ends a listener with this signal, whose object is given too.
    pub(crate) fn end_with<'js>(&self, ctx: &Ctx<'js>, this: &Value<'js>, listener: ListenerOf) {
        let mut listeners = self.listeners.borrow_mut();
        let mut gone = Vec::new();
        if listeners.len() == listeners.capacity() {
            let there;
            (gone, there) = listeners.drain(..).partition(ListenerOf::is_gone);
            *listeners = there;
        }
        listeners.push(listener);
        drop(listeners);
        // What they hold may run finalizers, which look at this.
        drop(gone);
        self.keep_by_sources(ctx, this);
    }

    fn is_listened_to(&self) -> bool {
        self.target.count("abort") > 0 || !self.listeners.borrow().is_empty()
    }

    /// "A non-aborted dependent abort signal object must not be garbage collected while its
    /// source signals is non-empty and it has registered event listeners for its abort event or
    /// its abort algorithms is non-empty."
    fn keep_by_sources<'js>(&self, ctx: &Ctx<'js>, this: &Value<'js>) {
        let kept = (self.is_listened_to() && !self.is_aborted()).then_some(this);
        for source in self.sources.borrow().iter().filter_map(|source| source.get(ctx).ok()) {
            let Some(source) = host_ref::<Self>(&source) else { continue };
            for dependent in source.dependents.borrow().iter() {
                if dependent.signal.upgrade(ctx).is_some_and(|signal| is_same(&signal, this)) {
                    dependent.kept.set(kept);
                }
            }
        }
    }

    /// Follows `source`, or what it follows itself.
    fn follow<'js>(&self, ctx: &Ctx<'js>, this: &Value<'js>, source: &Value<'js>) -> Result<()> {
        let inside = host_ref::<Self>(source).ok_or(Error::Unknown)?;
        if inside.is_dependent.get() {
            let sources: Result<Vec<_>> =
                inside.sources.borrow().iter().map(|source| source.get(ctx)).collect();
            return sources?.iter().try_for_each(|source| self.follow(ctx, this, source));
        }
        for known in self.sources.borrow().iter() {
            if is_same(&known.get(ctx)?, source) {
                return Ok(());
            }
        }
        let signal = Weak::new(this).ok_or(Error::Unknown)?;
        let mut dependents = inside.dependents.borrow_mut();
        if dependents.len() == dependents.capacity() {
            dependents.retain(|one| one.signal.upgrade(ctx).is_some());
        }
        dependents.push(Dependent { signal, kept: HeldCell::default() });
        drop(dependents);
        self.sources.borrow_mut().push(Held::new(source));
        Ok(())
    }

    /// <https://dom.spec.whatwg.org/#run-the-abort-steps>
    fn run_abort_steps<'js>(&self, ctx: &Ctx<'js>, this: &Value<'js>) -> Result<()> {
        // 1. For each algorithm of signal's abort algorithms: run algorithm.
        // 2. Empty signal's abort algorithms.
        let listeners = self.listeners.take();
        let ended = listeners.iter().try_for_each(|listener| listener.remove(ctx));
        drop(listeners);
        ended?;
        // 3. Fire an event named abort at signal.
        let event = new_object(ctx, Event::trusted(ctx, "abort"))?;
        self.target.dispatch(ctx, this, &event)?;
        self.keep_by_sources(ctx, this);
        Ok(())
    }
}

/// <https://dom.spec.whatwg.org/#abortsignal-signal-abort>
pub(super) fn signal_abort<'js>(
    ctx: &Ctx<'js>,
    this: &Value<'js>,
    reason: &Value<'js>,
) -> Result<()> {
    let signal = host_ref::<AbortSignal>(this).ok_or(Error::Unknown)?;
    // 1. If signal is aborted, then return.
    if signal.is_aborted.replace(true) {
        return Ok(());
    }
    // 2. Set signal's abort reason to reason if it is given; otherwise to a new "AbortError".
    let reason = reason_or_error(ctx, reason)?;
    signal.reason.set(Some(&reason));
    // 3. Let dependentSignalsToAbort be a new list.
    // 4. For each dependentSignal of signal's dependent signals: if it is not aborted, set its
    // abort reason to signal's, and append it to dependentSignalsToAbort.
    let dependents = signal.dependents.take();
    let waiting = dependents.iter().filter_map(|one| one.signal.upgrade(ctx));
    let mut to_abort = Vec::new();
    for dependent in waiting {
        let inside = host_ref::<AbortSignal>(&dependent).ok_or(Error::Unknown)?;
        if !inside.is_aborted.replace(true) {
            inside.reason.set(Some(&reason));
            to_abort.push(dependent);
        }
    }
    drop(dependents);
    // 5. Run the abort steps for signal.
    signal.run_abort_steps(ctx, this)?;
    // 6. For each dependentSignal of dependentSignalsToAbort, run the abort steps for it.
    for dependent in &to_abort {
        let inside = host_ref::<AbortSignal>(dependent).ok_or(Error::Unknown)?;
        inside.run_abort_steps(ctx, dependent)?;
    }
    Ok(())
}

fn reason_or_error<'js>(ctx: &Ctx<'js>, reason: &Value<'js>) -> Result<Value<'js>> {
    if reason.is_undefined() {
        return exception(ctx, "AbortError", "This operation was aborted");
    }
    Ok(reason.clone())
}

fn exception<'js>(ctx: &Ctx<'js>, name: &str, message: &str) -> Result<Value<'js>> {
    let text =
        |text| -> Result<Value<'js>> { Ok(JsString::from_str(ctx.clone(), text)?.into_value()) };
    Ok(make::dom_exception(ctx, &text(name)?, &text(message)?)?.into_value())
}

fn listeners_changed<'js>(ctx: &Ctx<'js>, this: &Value<'js>, kind: &str) {
    if kind == "abort"
        && let Some(signal) = host_ref::<AbortSignal>(this)
    {
        signal.keep_by_sources(ctx, this);
    }
}

/// <https://dom.spec.whatwg.org/#dom-abortsignal-abort>
fn abort<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let signal = AbortSignal::object(call.ctx())?;
    let inside = host_ref::<AbortSignal>(signal.as_value()).ok_or(Error::Unknown)?;
    inside.reason.set(Some(&reason_or_error(call.ctx(), &call.value(0))?));
    inside.is_aborted.set(true);
    Ok(signal.into_value())
}

/// <https://dom.spec.whatwg.org/#dom-abortsignal-timeout>. As in Node, the program does not wait
/// for it.
fn timeout<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let what = "AbortSignal.timeout: the delay";
    let delay_ms = convert::unsigned_long_long(ctx, &call.value(0), Integer::EnforceRange, what)?;
    let signal = AbortSignal::object(ctx)?.into_value();
    let expire = function(ctx, "", 0, |call| {
        let text = "The operation was aborted due to timeout";
        let reason = exception(call.ctx(), "TimeoutError", text)?;
        signal_abort(call.ctx(), &call.value(0), &reason)?;
        call.undefined()
    })?;
    call_later(ctx, Duration::from_millis(delay_ms), expire.into_value(), &signal)?;
    Ok(signal)
}

/// <https://dom.spec.whatwg.org/#create-a-dependent-abort-signal>
fn any<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let signals = convert::sequence(ctx, &call.value(0), "AbortSignal.any: the signals")?;
    for signal in &signals {
        if host_ref::<AbortSignal>(signal).is_none() {
            let text = "AbortSignal.any: a member of the sequence is not an AbortSignal";
            return Err(throw(ctx, ErrorKind::Type, text));
        }
    }
    dependent(ctx, &signals)
}

/// The steps, given signals.
pub(super) fn dependent<'js>(ctx: &Ctx<'js>, signals: &[Value<'js>]) -> Result<Value<'js>> {
    // 1. Let resultSignal be a new object implementing signalInterface.
    let result = AbortSignal::object(ctx)?.into_value();
    let inside = host_ref::<AbortSignal>(&result).ok_or(Error::Unknown)?;
    // 2. For each signal of signals: if signal is aborted, then set resultSignal's abort reason
    // to signal's abort reason and return resultSignal.
    for signal in signals.iter().filter_map(host_ref::<AbortSignal>) {
        if signal.is_aborted() {
            inside.reason.set(signal.reason.get(ctx)?.as_ref());
            inside.is_aborted.set(true);
            return Ok(result.clone());
        }
    }
    // 3. Set resultSignal's dependent to true.
    inside.is_dependent.set(true);
    // 4. For each signal of signals: follow it, or its source signals if it is dependent.
    for signal in signals {
        inside.follow(ctx, &result, signal)?;
    }
    Ok(result.clone())
}

impl HostObject for AbortSignal {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.target.trace(tracer);
        self.reason.trace(tracer);
        self.listeners.borrow().iter().for_each(|one| one.trace(tracer));
        self.sources.borrow().iter().for_each(|one| tracer.mark(one));
        self.dependents.borrow().iter().for_each(|one| one.kept.trace(tracer));
    }

    fn base(&self, wanted: TypeId) -> Option<&dyn Any> {
        (wanted == TypeId::of::<EventTarget>()).then_some(&self.target)
    }
}

impl Interface for AbortSignal {
    const NAME: &'static str = "AbortSignal";

    fn parent<'js>(ctx: &Ctx<'js>) -> Result<Option<Parent<'js>>> {
        Parent::of::<EventTarget>(ctx)
    }

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .static_operation("abort", 0, abort)?
            .static_operation("timeout", 1, timeout)?
            .static_operation("any", 1, any)?
            .attribute("aborted", |this, call| call.returns(this.is_aborted()))?
            .attribute("reason", |this, call| match this.reason.get(call.ctx())? {
                Some(reason) => Ok(reason),
                None => call.undefined(),
            })?
            .operation("throwIfAborted", 0, |this, call| {
                match this.reason.get(call.ctx())?.filter(|_| this.is_aborted()) {
                    Some(reason) => Err(throw_value(call.ctx(), reason)),
                    None => call.undefined(),
                }
            })?;
        event_handlers(members, &[("onabort", "abort")])?;
        shown::define(members)
    }
}

impl Shown for AbortSignal {
    fn shown<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let object = Object::new(ctx.clone())?;
        define_value(&object, "aborted", self.is_aborted(), Attributes::ALL)?;
        Ok(object)
    }
}
