//! Lists of entries, and how script selects from them.

use std::cell::RefCell;

use holm_js::webidl::{Definition, Interface, convert};
use holm_js::{Array, Ctx, Held, Object, Result, Tracer, Value};

use super::entries::PerformanceEntry;

/// Entries in order of their start. Part of a host object, which reports them.
#[derive(Default)]
pub(super) struct EntryList(RefCell<Vec<Recorded>>);

struct Recorded {
    entry: PerformanceEntry,
    object: Held,
}

impl EntryList {
    pub(super) fn trace(&self, tracer: &Tracer<'_>) {
        self.0.borrow().iter().for_each(|recorded| tracer.mark(&recorded.object));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    pub(super) fn add(&self, entry: PerformanceEntry, object: &Object<'_>) {
        let mut entries = self.0.borrow_mut();
        let place = entries.partition_point(|other| other.entry.start_time <= entry.start_time);
        entries.insert(place, Recorded { entry, object: Held::new(object.as_value()) });
    }

    /// The last that is wanted.
    pub(super) fn latest(
        &self,
        wanted: impl Fn(&PerformanceEntry) -> bool,
    ) -> Option<PerformanceEntry> {
        let entries = self.0.borrow();
        let found = entries.iter().rev().find(|recorded| wanted(&recorded.entry));
        found.map(|recorded| recorded.entry.clone())
    }

    pub(super) fn remove(&self, unwanted: impl Fn(&PerformanceEntry) -> bool) {
        // Releasing an object may run finalizers: not while the list is borrowed.
        let entries = std::mem::take(&mut *self.0.borrow_mut());
        let (removed, kept): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|recorded| unwanted(&recorded.entry));
        *self.0.borrow_mut() = kept;
        drop(removed);
    }

    /// Adds those that are wanted to another list.
    pub(super) fn copy_to(
        &self,
        ctx: &Ctx<'_>,
        other: &EntryList,
        wanted: impl Fn(&PerformanceEntry) -> bool,
    ) -> Result<()> {
        for recorded in self.0.borrow().iter().filter(|recorded| wanted(&recorded.entry)) {
            let object = recorded.object.get(ctx)?;
            let held = Recorded { entry: recorded.entry.clone(), object: Held::new(&object) };
            other.0.borrow_mut().push(held);
        }
        Ok(())
    }

    /// All entries, which are not here any more.
    pub(super) fn take(&self) -> Self {
        Self(RefCell::new(std::mem::take(&mut *self.0.borrow_mut())))
    }

    /// Those that are wanted, as an array.
    pub(super) fn array<'js>(
        &self,
        ctx: &Ctx<'js>,
        wanted: impl Fn(&PerformanceEntry) -> bool,
    ) -> Result<Value<'js>> {
        let list = Array::new(ctx.clone())?;
        let entries = self.0.borrow();
        let selected = entries.iter().filter(|recorded| wanted(&recorded.entry));
        for (index, recorded) in selected.enumerate() {
            list.set(index, recorded.object.get(ctx)?)?;
        }
        Ok(list.into_value())
    }
}

/// What script may select entries of.
pub(super) trait HasEntries: Interface {
    fn entries(&self) -> &EntryList;
}

/// Defines `getEntries`, `getEntriesByType` and `getEntriesByName`.
pub(super) fn define_selection<T: HasEntries>(members: &mut Definition<'_, '_, T>) -> Result<()> {
    members
        .operation("getEntries", 0, |this, call| this.entries().array(call.ctx(), |_| true))?
        .operation("getEntriesByType", 1, |this, call| {
            let kind = convert::string(call.ctx(), &call.value(0))?;
            this.entries().array(call.ctx(), |entry| entry.entry_type == kind)
        })?
        .operation("getEntriesByName", 1, |this, call| {
            let name = convert::string(call.ctx(), &call.value(0))?;
            let kind = optional_text(call.ctx(), &call.value(1))?;
            this.entries().array(call.ctx(), |entry| {
                entry.name == name && kind.as_ref().is_none_or(|kind| entry.entry_type == kind)
            })
        })?;
    Ok(())
}

pub(super) fn optional_text(ctx: &Ctx<'_>, value: &Value<'_>) -> Result<Option<String>> {
    if value.is_undefined() { Ok(None) } else { convert::string(ctx, value).map(Some) }
}
