//! The values of script that modules refer to.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use holm_js::{Ctx, Held, Result, Tracer, Value, Weak};
use holm_wasm::{HostRef, HostValues};

/// A table of values of script, reported to the collector by one object: a group's owner, or
/// the wrapper of something that belongs to no group yet.
#[derive(Default)]
pub(crate) struct HostTable {
    places: RefCell<Places>,
    /// The object that reports it, if that is a group's owner.
    owner: RefCell<Option<Weak>>,
    /// The owners of groups whose functions this one can call, with the addresses of their
    /// tables.
    kept: RefCell<Vec<(usize, Held)>>,
}

/// A ticket for no place, which stands for `undefined`.
const UNDEFINED: u32 = u32::MAX;

#[derive(Default)]
struct Places {
    values: Vec<Option<Rc<Held>>>,
    free: Vec<u32>,
}

impl HostTable {
    pub(crate) fn set_owner(&self, owner: Weak) {
        self.owner.replace(Some(owner));
    }

    /// The group's owner.
    pub(crate) fn owner<'js>(&self, ctx: &Ctx<'js>) -> Option<Value<'js>> {
        self.owner.borrow().as_ref()?.upgrade(ctx)
    }

    /// The table behind a group, to hold on to.
    pub(crate) fn shared(values: &Rc<dyn HostValues>) -> Rc<Self> {
        // Every table is made by this crate.
        values.clone().into_any().downcast().unwrap_or_default()
    }

    /// The table behind a reference or a group.
    pub(crate) fn of(values: &Rc<dyn HostValues>) -> Option<&Self> {
        values.as_any().downcast_ref()
    }

    /// Adds a value.
    pub(crate) fn add(self: &Rc<Self>, value: &Value<'_>) -> HostRef {
        // What a table of script has in most places needs no place here.
        if value.is_undefined() {
            return HostRef::new(self.clone(), UNDEFINED);
        }
        let ticket = self.insert(Rc::new(Held::new(value)));
        HostRef::new(self.clone(), ticket)
    }

    /// Adds a value for as long as the table lives, and returns it for calls.
    pub(crate) fn keep(&self, value: Held) -> Rc<Held> {
        let held = Rc::new(value);
        self.insert(held.clone());
        held
    }

    fn insert(&self, held: Rc<Held>) -> u32 {
        let mut places = self.places.borrow_mut();
        if let Some(ticket) = places.free.pop() {
            places.values[ticket as usize] = Some(held);
            return ticket;
        }
        places.values.push(Some(held));
        (places.values.len() - 1) as u32
    }

    fn held(&self, ticket: u32) -> Option<Rc<Held>> {
        self.places.borrow().values.get(ticket as usize)?.clone()
    }

    pub(crate) fn trace(&self, tracer: &Tracer<'_>) {
        for held in self.places.borrow().values.iter().flatten() {
            tracer.mark(held);
        }
        for (_, owner) in self.kept.borrow().iter() {
            tracer.mark(owner);
        }
    }
}

/// The value that a reference stands for.
pub(crate) fn host_value<'js>(ctx: &Ctx<'js>, reference: &HostRef) -> Result<Value<'js>> {
    let held = HostTable::of(reference.table()).and_then(|table| table.held(reference.ticket()));
    match held {
        Some(held) => held.get(ctx),
        None => Ok(Value::new_undefined(ctx.clone())),
    }
}

impl HostValues for HostTable {
    fn duplicate(&self, from: &HostRef) -> u32 {
        let held = Self::of(from.table()).and_then(|table| table.held(from.ticket()));
        match held {
            Some(held) => self.insert(Rc::new(held.duplicate())),
            // Or its table's owner is gone, and the value with it.
            None => UNDEFINED,
        }
    }

    fn keep_group(&self, other: &Rc<dyn HostValues>) {
        let Some(other) = Self::of(other) else { return };
        let address = std::ptr::from_ref(other) as usize;
        if self.kept.borrow().iter().any(|(known, _)| *known == address) {
            return;
        }
        if let Some(owner) = other.owner.borrow().as_ref().and_then(Weak::hold) {
            self.kept.borrow_mut().push((address, owner));
        }
    }

    fn release(&self, ticket: u32) {
        let old = {
            let mut places = self.places.borrow_mut();
            let Some(place) = places.values.get_mut(ticket as usize) else { return };
            let old = place.take();
            places.free.push(ticket);
            old
        };
        // Dropped with nothing borrowed: it may be the last reference to something of ours.
        drop(old);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn into_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }
}

impl fmt::Debug for HostTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostTable")
            .field("values", &self.places.borrow().values.len())
            .finish_non_exhaustive()
    }
}
