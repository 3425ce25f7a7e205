//! `PerformanceObserver`, <https://w3c.github.io/performance-timeline/#the-performanceobserver-interface>.

use std::cell::{Cell, RefCell};

use holm_host::host;
use holm_js::webidl::{Definition, Interface, construct, convert, new_object};
use holm_js::{
    Array, Attributes, Call, Ctx, ErrorKind, Function, Held, HostObject, Object, Result, Root,
    This, Tracer, Value, define_value, freeze, host_ref, slot, take_exception, throw_coded,
    throw_dom,
};

use super::entries::PerformanceEntry;
use super::entry_list::{EntryList, HasEntries, define_selection};
use super::timeline::Performance;
use crate::node_errors::invalid_argument;

/// The types that there are entries of.
const SUPPORTED: [&str; 3] = ["function", "mark", "measure"];

/// Who observes in a realm.
#[derive(Default)]
struct Observers {
    registered: RefCell<Vec<Root<Object<'static>>>>,
    /// The performance observer task queued flag.
    is_queued: Cell<bool>,
}

/// The inside of a `PerformanceObserver`.
pub(super) struct PerformanceObserver {
    callback: Held,
    /// What it observes; nothing while it is not registered.
    types: RefCell<Vec<String>>,
    kind: Cell<Option<ObserverKind>>,
    buffer: EntryList,
}

/// Which of its two forms `observe` was first called in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ObserverKind {
    Single,
    Multiple,
}

impl HostObject for PerformanceObserver {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.callback);
        self.buffer.trace(tracer);
    }
}

impl Interface for PerformanceObserver {
    const NAME: &'static str = "PerformanceObserver";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(0, |call| {
                let callback = call.value(0);
                if !callback.is_function() {
                    return Err(invalid_argument(
                        call.ctx(),
                        "callback",
                        "of type function",
                        &callback,
                    ));
                }
                construct(
                    call,
                    Self {
                        callback: Held::new(&callback),
                        types: RefCell::default(),
                        kind: Cell::default(),
                        buffer: EntryList::default(),
                    },
                )
            })
            .operation("observe", 0, Self::observe)?
            .operation("disconnect", 0, |this, call| {
                unregister(call)?;
                this.types.borrow_mut().clear();
                this.kind.set(None);
                drop(this.buffer.take());
                call.undefined()
            })?
            .operation("takeRecords", 0, |this, call| {
                this.buffer.take().array(call.ctx(), |_| true)
            })?;
        Ok(())
    }
}

/// Defines `PerformanceObserver.supportedEntryTypes`.
pub(super) fn define_supported<'js>(ctx: &Ctx<'js>, class: &Object<'js>) -> Result<()> {
    let types = Array::new(ctx.clone())?;
    for (index, name) in SUPPORTED.into_iter().enumerate() {
        types.set(index, name)?;
    }
    freeze(&types)?;
    define_value(class, "supportedEntryTypes", types, Attributes::ALL)
}

impl PerformanceObserver {
    /// <https://w3c.github.io/performance-timeline/#observe-method>
    fn observe<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let ctx = call.ctx();
        let options = convert::dictionary(ctx, &call.value(0), "PerformanceObserver: options")?;
        let member = |key: &str| match &options {
            Some(options) => convert::member(options, key),
            None => Ok(None),
        };
        let (types, single) = (member("entryTypes")?, member("type")?);
        let wanted = match (types, single) {
            // 2. If options's entryTypes and type members are both omitted, then throw a TypeError.
            (None, None) => {
                let text =
                    "The \"options.entryTypes\" and \"options.type\" arguments must be specified";
                return Err(throw_coded(ctx, ErrorKind::Type, "ERR_MISSING_ARGS", text));
            }
            // 3. If options's entryTypes is present and any other member is also present, then throw.
            (Some(_), Some(_)) => {
                let text = "options.entryTypes can not be set with options.type together";
                return Err(throw_coded(ctx, ErrorKind::Type, "ERR_INVALID_ARG_VALUE", text));
            }
            (Some(types), None) => {
                self.become_kind(ctx, ObserverKind::Multiple)?;
                if !types.is_array() {
                    return Err(invalid_argument(ctx, "options.entryTypes", "string[]", &types));
                }
                let types = convert::sequence(ctx, &types, "options.entryTypes")?;
                // 6. Replace the options of who is registered.
                self.types.borrow_mut().clear();
                types.iter().map(|kind| convert::string(ctx, kind)).collect::<Result<Vec<_>>>()?
            }
            (None, Some(kind)) => {
                self.become_kind(ctx, ObserverKind::Single)?;
                vec![convert::string(ctx, &kind)?]
            }
        };
        let is_buffered = member("buffered")?.is_some_and(|value| convert::boolean(&value));
        // Remove all types from entry types that are not contained in the supported ones.
        let wanted = wanted.into_iter().filter(|kind| SUPPORTED.contains(&kind.as_str()));
        for kind in wanted {
            if is_buffered && self.kind.get() == Some(ObserverKind::Single) {
                self.take_earlier(ctx, &kind)?;
            }
            if !self.types.borrow().contains(&kind) {
                self.types.borrow_mut().push(kind);
            }
        }
        if !self.types.borrow().is_empty() {
            register(call)?;
        }
        call.undefined()
    }

    fn become_kind(&self, ctx: &Ctx<'_>, kind: ObserverKind) -> Result<()> {
        match self.kind.replace(Some(kind)) {
            Some(before) if before != kind => {
                self.kind.set(Some(before));
                let text =
                    "PerformanceObserver can not change between single and multiple observations";
                Err(throw_dom(ctx, "InvalidModificationError", text))
            }
            _ => Ok(()),
        }
    }

    /// The buffered flag: what was recorded before is observed too.
    fn take_earlier(&self, ctx: &Ctx<'_>, kind: &str) -> Result<()> {
        let timeline: Value<'_> = ctx.globals().get("performance")?;
        if let Some(timeline) = host_ref::<Performance>(&timeline) {
            timeline.entries().copy_to(ctx, &self.buffer, |entry| entry.entry_type == kind)?;
            queue_task(ctx);
        }
        Ok(())
    }
}

fn register(call: &Call<'_, '_>) -> Result<()> {
    unregister(call)?;
    let this = Root::new(call.ctx(), call.this())?;
    slot::<Observers>(call.ctx()).registered.borrow_mut().push(this);
    Ok(())
}

fn unregister(call: &Call<'_, '_>) -> Result<()> {
    let (ctx, this) = (call.ctx(), call.this());
    let observers = slot::<Observers>(ctx);
    let mut kept = Vec::new();
    for observer in observers.registered.take() {
        if observer.get::<Value<'_>>(ctx)? != this {
            kept.push(observer);
        }
    }
    observers.registered.replace(kept);
    Ok(())
}

/// <https://w3c.github.io/performance-timeline/#queue-a-performanceentry>
pub(super) fn queue<'js>(
    ctx: &Ctx<'js>,
    entry: PerformanceEntry,
    object: &Object<'js>,
) -> Result<()> {
    let observers = slot::<Observers>(ctx);
    let mut is_wanted = false;
    for observer in observers.registered.borrow().iter() {
        let observer: Value<'_> = observer.get(ctx)?;
        let Some(observer) = host_ref::<PerformanceObserver>(&observer) else { continue };
        if observer.types.borrow().iter().any(|kind| *kind == entry.entry_type) {
            observer.buffer.add(entry.clone(), object);
            is_wanted = true;
        }
    }
    if is_wanted {
        queue_task(ctx);
    }
    Ok(())
}

/// <https://w3c.github.io/performance-timeline/#queue-the-performanceobserver-task>
fn queue_task(ctx: &Ctx<'_>) {
    if slot::<Observers>(ctx).is_queued.replace(true) {
        return;
    }
    host(ctx).tasks.spawn(async {}, |ctx, ()| {
        let observers = slot::<Observers>(ctx);
        observers.is_queued.set(false);
        let notified: Result<Vec<Object<'_>>> =
            observers.registered.borrow().iter().map(|observer| observer.get(ctx)).collect();
        for observer in notified? {
            if let Err(error) = notify(ctx, &observer) {
                host(ctx).reported.add(ctx, take_exception(ctx, error));
            }
        }
        Ok(())
    });
}

fn notify<'js>(ctx: &Ctx<'js>, object: &Object<'js>) -> Result<()> {
    let Some(observer) = host_ref::<PerformanceObserver>(object) else { return Ok(()) };
    if observer.buffer.is_empty() {
        return Ok(());
    }
    let list = new_object(ctx, PerformanceObserverEntryList(observer.buffer.take()))?;
    let callback = observer.callback.get(ctx)?;
    let callback: Function<'js> = callback.into_function().ok_or(holm_js::Error::Unknown)?;
    callback.call::<_, Value<'js>>((This(object.clone()), list, object.clone())).map(drop)
}

/// The inside of a `PerformanceObserverEntryList`.
pub(super) struct PerformanceObserverEntryList(EntryList);

impl HostObject for PerformanceObserverEntryList {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.0.trace(tracer);
    }
}

impl Interface for PerformanceObserverEntryList {
    const NAME: &'static str = "PerformanceObserverEntryList";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        define_selection(members)
    }
}

impl HasEntries for PerformanceObserverEntryList {
    fn entries(&self) -> &EntryList {
        &self.0
    }
}
