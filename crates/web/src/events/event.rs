//! `Event`, <https://dom.spec.whatwg.org/#interface-event>.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use holm_js::webidl::{Definition, Interface, construct, convert};
use holm_js::{Array, Call, Ctx, HeldCell, HostObject, Result, Tracer, Value};

use super::dictionary::Dictionary;
use crate::performance::now_ms;
use crate::weight::Weight;

/// What an event takes besides its texts, about.
const EVENT_BYTES: usize = 256;

/// The inside of an event; interfaces that inherit embed it.
#[derive(Debug)]
pub struct Event {
    pub(super) kind: RefCell<Rc<str>>,
    bubbles: Cell<bool>,
    is_cancelable: Cell<bool>,
    is_composed: bool,
    is_trusted: bool,
    time_stamp_ms: f64,
    pub(super) target: HeldCell,
    pub(super) current_target: HeldCell,
    pub(super) phase: Cell<Phase>,
    pub(super) is_dispatched: Cell<bool>,
    pub(super) is_stopped: Cell<bool>,
    pub(super) is_stopped_at_once: Cell<bool>,
    pub(super) is_in_passive_listener: Cell<bool>,
    is_canceled: Cell<bool>,
    /// Of one that script made: of these it may make any number.
    weight: RefCell<Option<Weight>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    None = 0,
    AtTarget = 2,
}

impl Event {
    /// An event of the host.
    pub fn trusted(ctx: &Ctx<'_>, kind: &str) -> Self {
        Self::make(ctx, kind, true, [false, false, false])
    }

    /// As [`Self::trusted`], which `preventDefault` cancels.
    pub fn trusted_cancelable(ctx: &Ctx<'_>, kind: &str) -> Self {
        Self::make(ctx, kind, true, [false, true, false])
    }

    fn make(ctx: &Ctx<'_>, kind: &str, is_trusted: bool, [b, c, composed]: [bool; 3]) -> Self {
        Self {
            kind: RefCell::new(kind.into()),
            bubbles: Cell::new(b),
            is_cancelable: Cell::new(c),
            is_composed: composed,
            is_trusted,
            time_stamp_ms: now_ms(ctx),
            target: HeldCell::default(),
            current_target: HeldCell::default(),
            phase: Cell::new(Phase::None),
            is_dispatched: Cell::default(),
            is_stopped: Cell::default(),
            is_stopped_at_once: Cell::default(),
            is_in_passive_listener: Cell::default(),
            is_canceled: Cell::default(),
            weight: RefCell::default(),
        }
    }

    /// <https://dom.spec.whatwg.org/#inner-event-creation-steps>, for a constructor: the type is
    /// its first argument, the dictionary its second.
    pub(crate) fn constructed<'js>(call: &Call<'_, 'js>) -> Result<(Self, Dictionary<'js>)> {
        let ctx = call.ctx();
        let kind = convert::string(ctx, &call.value(0))?;
        let init = Dictionary::new(ctx, &call.value(1))?;
        let flags =
            [init.boolean("bubbles")?, init.boolean("cancelable")?, init.boolean("composed")?];
        let event = Self::make(ctx, &kind, false, flags);
        event.weigh(ctx, EVENT_BYTES + kind.len())?;
        Ok((event, init))
    }

    /// Counts what an event of script holds, besides what was counted.
    pub(crate) fn weigh(&self, ctx: &Ctx<'_>, bytes: usize) -> Result<()> {
        let mut weight = self.weight.borrow_mut();
        let known = weight.as_ref().map_or(0, Weight::len_bytes);
        match &mut *weight {
            Some(weight) => weight.set(ctx, known + bytes),
            None => {
                *weight = Some(Weight::new(ctx, bytes)?);
                Ok(())
            }
        }
    }

    /// Its type.
    pub fn kind(&self) -> Rc<str> {
        self.kind.borrow().clone()
    }

    /// Whether `preventDefault` was called.
    pub fn is_canceled(&self) -> bool {
        self.is_canceled.get()
    }

    /// <https://dom.spec.whatwg.org/#set-the-canceled-flag>
    pub(super) fn cancel(&self) {
        if self.is_cancelable.get() && !self.is_in_passive_listener.get() {
            self.is_canceled.set(true);
        }
    }

    /// <https://dom.spec.whatwg.org/#concept-event-initialize>
    pub(super) fn initialize(&self, kind: &str, bubbles: bool, is_cancelable: bool) {
        self.is_stopped.set(false);
        self.is_stopped_at_once.set(false);
        self.is_canceled.set(false);
        self.target.set(None);
        self.kind.replace(kind.into());
        self.bubbles.set(bubbles);
        self.is_cancelable.set(is_cancelable);
    }
}

impl HostObject for Event {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.target.trace(tracer);
        self.current_target.trace(tracer);
    }
}

impl Interface for Event {
    const NAME: &'static str = "Event";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members.constructor(1, |call| {
            let (event, _) = Self::constructed(call)?;
            construct(call, event)
        });
        attributes(members)?;
        operations(members)?;
        for (name, phase) in
            [("NONE", 0), ("CAPTURING_PHASE", 1), ("AT_TARGET", 2), ("BUBBLING_PHASE", 3)]
        {
            members.constant(name, phase)?;
        }
        Ok(())
    }
}

fn attributes(members: &mut Definition<'_, '_, Event>) -> Result<()> {
    members
        .attribute("type", |this, call| call.returns(&*this.kind()))?
        .attribute("target", |this, call| this.target.get_or_null(call.ctx()))?
        .attribute("srcElement", |this, call| this.target.get_or_null(call.ctx()))?
        .attribute("currentTarget", |this, call| this.current_target.get_or_null(call.ctx()))?
        .attribute("eventPhase", |this, call| call.returns(this.phase.get() as i32))?
        .attribute("bubbles", |this, call| call.returns(this.bubbles.get()))?
        .attribute("cancelable", |this, call| call.returns(this.is_cancelable.get()))?
        .attribute("defaultPrevented", |this, call| call.returns(this.is_canceled.get()))?
        .attribute("composed", |this, call| call.returns(this.is_composed))?
        .attribute("isTrusted", |this, call| call.returns(this.is_trusted))?
        .attribute("timeStamp", |this, call| call.returns(this.time_stamp_ms))?
        .writable_attribute(
            "cancelBubble",
            |this, call| call.returns(this.is_stopped.get()),
            |this, call| {
                if convert::boolean(&call.value(0)) {
                    this.is_stopped.set(true);
                }
                Ok(())
            },
        )?
        .writable_attribute(
            "returnValue",
            |this, call| call.returns(!this.is_canceled.get()),
            |this, call| {
                if !convert::boolean(&call.value(0)) {
                    this.cancel();
                }
                Ok(())
            },
        )?;
    Ok(())
}

fn operations(members: &mut Definition<'_, '_, Event>) -> Result<()> {
    members
        .operation("composedPath", 0, |this, call| {
            let path = Array::new(call.ctx().clone())?;
            if let Some(target) = this.current_target.get(call.ctx())? {
                path.set(0, target)?;
            }
            Ok(path.into_value())
        })?
        .operation("stopPropagation", 0, |this, call| {
            this.is_stopped.set(true);
            call.undefined()
        })?
        .operation("stopImmediatePropagation", 0, |this, call| {
            this.is_stopped.set(true);
            this.is_stopped_at_once.set(true);
            call.undefined()
        })?
        .operation("preventDefault", 0, |this, call| {
            this.cancel();
            call.undefined()
        })?
        .operation("initEvent", 1, |this, call| {
            let kind = convert::string(call.ctx(), &call.value(0))?;
            let [bubbles, is_cancelable] = [1, 2].map(|index| convert::boolean(&call.value(index)));
            if !this.is_dispatched.get() {
                this.weigh(call.ctx(), kind.len())?;
                this.initialize(&kind, bubbles, is_cancelable);
            }
            call.undefined()
        })?;
    Ok(())
}

/// A member of a dictionary, `null` where it is missing.
pub(super) fn or_null<'js>(ctx: &Ctx<'js>, value: Option<Value<'js>>) -> Value<'js> {
    value.unwrap_or_else(|| Value::new_null(ctx.clone()))
}
