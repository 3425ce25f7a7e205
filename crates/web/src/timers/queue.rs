//! The queues behind the timer functions.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use holm_js::{
    AsyncValue, Ctx, Function, Object, Rest, Result, Root, This, Value, async_context, slot,
};

/// The timers of the realm that `ctx` belongs to.
pub fn timers(ctx: &Ctx<'_>) -> Rc<Timers> {
    slot::<Timers>(ctx)
}

/// All timers and immediates of a realm.
#[derive(Debug, Default)]
pub struct Timers {
    entries: RefCell<HashMap<u64, Entry>>,
    /// By the moment they are due, then by age.
    due: RefCell<BTreeMap<(Duration, u64), u64>>,
    immediates: RefCell<VecDeque<u64>>,
    next_id: Cell<u64>,
    next_age: Cell<u64>,
    /// How many entries keep the isolate alive.
    referenced: Cell<usize>,
}

#[derive(Debug)]
struct Entry {
    action: Rc<Action>,
    /// `None` for an immediate.
    schedule: Option<Schedule>,
    keeps_alive: bool,
}

#[derive(Debug)]
struct Schedule {
    delay: Duration,
    repeats: bool,
    /// Its key in `due`, while it waits.
    place: Option<(Duration, u64)>,
}

/// What a timer calls.
#[derive(Debug)]
pub(super) struct Action {
    /// The `Timeout` or `Immediate`, which the callback gets as `this`.
    pub(super) object: Root<Object<'static>>,
    pub(super) callback: Root<Function<'static>>,
    pub(super) arguments: Vec<Root<Value<'static>>>,
    context: AsyncValue,
}

impl Action {
    pub(super) fn new<'js>(
        ctx: &Ctx<'js>,
        object: Value<'js>,
        callback: Value<'js>,
        arguments: Vec<Value<'js>>,
    ) -> Result<Self> {
        let arguments = arguments.into_iter().map(|argument| Root::new(ctx, argument)).collect();
        Ok(Self {
            object: Root::new(ctx, object)?,
            callback: Root::new(ctx, callback)?,
            arguments: Result::from_iter::<Vec<Result<_>>>(arguments)?,
            context: async_context(ctx).current(),
        })
    }
}

/// How often a timer calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    Once,
    Always,
}

/// A timer whose moment has come.
#[derive(Debug)]
pub struct TimerCall {
    id: u64,
    action: Rc<Action>,
}

impl Timers {
    pub(super) fn new_id(&self) -> u64 {
        // Ids begin at 1: `clearTimeout(0)` clears nothing.
        self.next_id.set(self.next_id.get() + 1);
        self.next_id.get()
    }

    pub(super) fn add(
        &self,
        id: u64,
        action: Action,
        delay: Duration,
        repeat: Repeat,
        now: Duration,
    ) {
        let schedule = Schedule { delay, repeats: repeat == Repeat::Always, place: None };
        self.insert(id, action, Some(schedule));
        self.schedule(id, now);
    }

    pub(super) fn add_immediate(&self, id: u64, action: Action) {
        self.insert(id, action, None);
        self.immediates.borrow_mut().push_back(id);
    }

    fn insert(&self, id: u64, action: Action, schedule: Option<Schedule>) {
        let entry = Entry { action: Rc::new(action), schedule, keeps_alive: true };
        self.entries.borrow_mut().insert(id, entry);
        self.referenced.set(self.referenced.get() + 1);
    }

    /// Begins the delay of a timer anew.
    pub(super) fn schedule(&self, id: u64, now: Duration) {
        let mut entries = self.entries.borrow_mut();
        let Some(schedule) = entries.get_mut(&id).and_then(|entry| entry.schedule.as_mut()) else {
            return;
        };
        let mut due = self.due.borrow_mut();
        if let Some(place) = schedule.place {
            due.remove(&place);
        }
        let age = self.next_age.replace(self.next_age.get() + 1);
        let place = (now.saturating_add(schedule.delay), age);
        due.insert(place, id);
        schedule.place = Some(place);
    }

    /// Forgets a timer or immediate; gives back what it would have called.
    pub(super) fn remove(&self, id: u64) -> Option<Rc<Action>> {
        let entry = self.entries.borrow_mut().remove(&id)?;
        if let Some(place) = entry.schedule.and_then(|schedule| schedule.place) {
            self.due.borrow_mut().remove(&place);
        }
        if entry.keeps_alive {
            self.referenced.set(self.referenced.get() - 1);
        }
        Some(entry.action)
    }

    pub(super) fn contains(&self, id: u64) -> bool {
        self.entries.borrow().contains_key(&id)
    }

    pub(super) fn set_keeps_alive(&self, id: u64, keeps_alive: bool) {
        if let Some(entry) = self.entries.borrow_mut().get_mut(&id)
            && entry.keeps_alive != keeps_alive
        {
            entry.keeps_alive = keeps_alive;
            let count = self.referenced.get();
            self.referenced.set(if keeps_alive { count + 1 } else { count - 1 });
        }
    }

    pub(super) fn keeps_alive(&self, id: u64) -> bool {
        self.entries.borrow().get(&id).is_some_and(|entry| entry.keeps_alive)
    }

    /// Whether anything here keeps the isolate alive.
    pub fn keep_alive(&self) -> bool {
        self.referenced.get() > 0
    }

    /// When the next timer is due.
    pub fn next_due(&self) -> Option<Duration> {
        self.due.borrow().keys().next().map(|(moment, _age)| *moment)
    }

    /// Takes the oldest timer that is due at `now`.
    pub fn take_due(&self, now: Duration) -> Option<TimerCall> {
        let (place, id) = self.due.borrow().first_key_value().map(|(place, id)| (*place, *id))?;
        if place.0 > now {
            return None;
        }
        self.due.borrow_mut().remove(&place);
        let mut entries = self.entries.borrow_mut();
        let entry = entries.get_mut(&id)?;
        let repeats = entry.schedule.as_mut().is_some_and(|schedule| {
            schedule.place = None;
            schedule.repeats
        });
        let action = entry.action.clone();
        drop(entries);
        if !repeats {
            self.remove(id);
        }
        Some(TimerCall { id, action })
    }

    /// How many immediates wait now.
    pub fn immediates(&self) -> usize {
        self.immediates.borrow().len()
    }

    /// Takes the oldest immediate; `None` inside when it was cleared meanwhile.
    pub fn take_immediate(&self) -> Option<Option<TimerCall>> {
        let id = self.immediates.borrow_mut().pop_front()?;
        let action = self.remove(id);
        Some(action.map(|action| TimerCall { id, action }))
    }

    /// After a call: a repeating timer that is still wanted waits again.
    fn finished(&self, id: u64, now: Duration) {
        let waits_again = self.entries.borrow().get(&id).is_some_and(|entry| {
            entry.schedule.as_ref().is_some_and(|schedule| schedule.place.is_none())
        });
        if waits_again {
            self.schedule(id, now);
        }
    }
}

impl TimerCall {
    /// Calls the callback.
    pub fn run(self, ctx: &Ctx<'_>) -> Result<()> {
        let callback: Function<'_> = self.action.callback.get(ctx)?;
        let arguments: Result<Vec<Value<'_>>> =
            self.action.arguments.iter().map(|argument| argument.get(ctx)).collect();
        let this: Value<'_> = self.action.object.get(ctx)?;
        async_context(ctx).set(self.action.context.clone());
        let result = callback.call::<_, Value<'_>>((This(this), Rest(arguments?)));
        timers(ctx).finished(self.id, holm_host::host(ctx).clock.elapsed());
        result.map(drop)
    }
}
