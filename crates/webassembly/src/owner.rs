//! Who keeps a linking group, and what keeps its owner.

use std::cell::RefCell;
use std::rc::Rc;

use holm_js::{
    Ctx, ErrorKind, Graveyard, Held, HostObject, Object, Result, Tracer, Value, Weak, host_object,
    host_ref, throw,
};
use holm_wasm::{Group, HostValues, Module};

use crate::state::State;
use crate::values::HostTable;

/// The inside of the object that owns a group: script never sees it.
struct Owner {
    values: Rc<HostTable>,
    group: Group,
}

impl HostObject for Owner {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.values.trace(tracer);
    }

    fn finalize(self, graveyard: &Graveyard) {
        graveyard.push(self.group);
    }
}

/// A fresh group, and its owner.
fn new_group<'js>(ctx: &Ctx<'js>, state: &State) -> Result<(Group, Value<'js>)> {
    let values = Rc::new(HostTable::default());
    let group = Group::new(&state.space(ctx)?, values.clone())
        .map_err(|reason| throw(ctx, ErrorKind::Range, &reason))?;
    let nothing = Object::new_proto(ctx.clone(), None)?;
    let owner = host_object(ctx, &nothing, Owner { values: values.clone(), group: group.clone() })?;
    let owner = owner.into_value();
    if let Some(weak) = Weak::new(&owner) {
        values.set_owner(weak);
    }
    Ok((group, owner))
}

/// The group for an instance of `module` that is linked with nothing, and its owner.
///
/// Script may hand a struct or an array that one module made to any other that knows its
/// type, and an object cannot leave its group. So modules that have such types share one,
/// for as long as any of them is used.
pub(crate) fn group_for<'js>(
    ctx: &Ctx<'js>,
    state: &State,
    module: &Module,
) -> Result<(Group, Value<'js>)> {
    if module.has_objects()
        && let Some(owner) = state.objects_owner().and_then(|weak| weak.upgrade(ctx))
        && let Some(inside) = host_ref::<Owner>(&owner)
    {
        let group = inside.group.clone();
        return Ok((group, owner));
    }
    new_group(ctx, state)
}

/// Notes that `module` became part of `group`: others with objects may follow.
pub(crate) fn note_objects(ctx: &Ctx<'_>, state: &State, module: &Module, group: &Group) {
    if !module.has_objects()
        || state.objects_owner().is_some_and(|weak| weak.upgrade(ctx).is_some())
    {
        return;
    }
    if let Ok(owner) = owner_of(ctx, group) {
        state.set_objects_owner(Weak::new(&owner));
    }
}

/// The owner of a group that is in use.
pub(crate) fn owner_of<'js>(ctx: &Ctx<'js>, group: &Group) -> Result<Value<'js>> {
    HostTable::of(group.host_values())
        .and_then(|table| table.owner(ctx))
        .ok_or_else(|| throw(ctx, ErrorKind::Internal, "a linking group lost its owner"))
}

/// What a wrapper keeps alive: the owners of the groups that it is part of, and the values of
/// script that belong to no group.
#[derive(Default)]
pub(crate) struct Keep {
    /// Each with the address of its table.
    owners: RefCell<Vec<(usize, Held)>>,
    values: Rc<HostTable>,
}

impl Keep {
    /// Keeps a group from now on.
    pub(crate) fn add_group(&self, ctx: &Ctx<'_>, group: &Group) {
        self.add_table(ctx, group.host_values());
    }

    /// Keeps the owner of a table from now on, if that is a group's.
    pub(crate) fn add_table(&self, ctx: &Ctx<'_>, table: &Rc<dyn HostValues>) {
        let Some(table) = HostTable::of(table) else { return };
        let address = std::ptr::from_ref(table) as usize;
        if self.owners.borrow().iter().any(|(known, _)| *known == address) {
            return;
        }
        if let Some(owner) = table.owner(ctx) {
            self.owners.borrow_mut().push((address, Held::new(&owner)));
        }
    }

    /// Where values of script stand for something that belongs to no group.
    pub(crate) fn values(&self) -> &Rc<HostTable> {
        &self.values
    }

    pub(crate) fn trace(&self, tracer: &Tracer<'_>) {
        for (_, owner) in self.owners.borrow().iter() {
            tracer.mark(owner);
        }
        self.values.trace(tracer);
    }
}
