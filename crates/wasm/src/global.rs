//! Globals.

use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};

use wasmtime::{GlobalType, Mutability, StoreContextMut};

use crate::group::{GroupData, GroupInner};
use crate::value::{fits, lift, lower};
use crate::{Attachment, Group, Mismatch, Value};

/// A global, in a group or in none.
#[derive(Clone)]
pub struct Global(Rc<GlobalInner>);

pub(crate) struct GlobalInner {
    ty: GlobalType,
    state: RefCell<State>,
    /// What stands for it in groups that it does not belong to: it never changes.
    copies: RefCell<Vec<(Weak<GroupInner>, wasmtime::Global)>>,
    attachment: Attachment,
}

/// A global that can change belongs to one group, the first that imports it. One that cannot
/// change is copied instead.
enum State {
    Unbound(Value),
    Bound(Group, wasmtime::Global),
}

impl Global {
    /// A global that belongs to no group yet.
    pub fn new(ty: GlobalType, value: Value) -> Result<Self, Mismatch> {
        if !fits(&value, ty.content()) {
            return Err(Mismatch { reason: None });
        }
        let group = value.group().cloned();
        let made = Self::make(ty, State::Unbound(value));
        if let Some(group) = group {
            group.enter_rooted(|cx| made.bind(&group, cx).map(drop))?;
        }
        Ok(made)
    }

    fn make(ty: GlobalType, state: State) -> Self {
        let state = RefCell::new(state);
        let (copies, attachment) = Default::default();
        Self(Rc::new(GlobalInner { ty, state, copies, attachment }))
    }

    /// The handle of a global of the group's store.
    pub(crate) fn intern(
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
        global: wasmtime::Global,
    ) -> Self {
        let key = global.debug_index_in_store();
        if let Some(found) = group.interned().globals.borrow().get(&key).and_then(Weak::upgrade) {
            return Self(found);
        }
        let made = Self::make(global.ty(&*cx), State::Bound(group.clone(), global));
        made.found_as(group, global);
        made
    }

    fn found_as(&self, group: &Group, global: wasmtime::Global) {
        let key = global.debug_index_in_store();
        group.interned().globals.borrow_mut().insert(key, Rc::downgrade(&self.0));
    }

    /// Its type.
    pub fn ty(&self) -> &GlobalType {
        &self.0.ty
    }

    /// What the embedder hung onto it.
    pub fn attachment(&self) -> &Attachment {
        &self.0.attachment
    }

    /// Whether both are the same global.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// The group it belongs to.
    pub fn group(&self) -> Option<Group> {
        self.bound().map(|(group, _)| group)
    }

    pub(crate) fn is_mutable(&self) -> bool {
        self.0.ty.mutability() == Mutability::Var
    }

    fn bound(&self) -> Option<(Group, wasmtime::Global)> {
        match &*self.0.state.borrow() {
            State::Unbound(_) => None,
            State::Bound(group, global) => Some((group.clone(), *global)),
        }
    }

    /// Its value now.
    pub fn get(&self) -> Result<Value, String> {
        let Some((group, global)) = self.bound() else {
            let state = self.0.state.borrow();
            let State::Unbound(value) = &*state else { return Err("a global".to_owned()) };
            return Ok(value.clone());
        };
        group.enter_rooted(|cx| {
            let value = global.get(&mut *cx);
            lift(&group, cx, value).map_err(|error| format!("{error:#}"))
        })
    }

    /// Replaces its value. It must be mutable.
    pub fn set(&self, value: Value) -> Result<(), Mismatch> {
        if let (None, Some(group)) = (self.bound(), value.group()) {
            group.enter_rooted(|cx| self.bind(group, cx).map(drop))?;
        }
        if let Some((group, global)) = self.bound() {
            return group.enter_rooted(|cx| {
                let value = lower(&group, cx, &value, self.0.ty.content())?;
                Ok(global.set(&mut *cx, value)?)
            });
        }
        if !fits(&value, self.0.ty.content()) {
            return Err(Mismatch { reason: None });
        }
        let old = self.0.state.replace(State::Unbound(value));
        // Dropped here, with nothing borrowed: it may belong to the host.
        drop(old);
        Ok(())
    }

    /// The global as one of the group's store: itself, or a copy if it cannot change.
    pub(crate) fn in_group(
        &self,
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
    ) -> wasmtime::Result<wasmtime::Global> {
        match self.bound() {
            Some((own, global)) if own.same(group) => Ok(global),
            _ if self.is_mutable() => self.bind(group, cx),
            _ => self.copy(group, cx),
        }
    }

    fn bind(
        &self,
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
    ) -> wasmtime::Result<wasmtime::Global> {
        let value = match &*self.0.state.borrow() {
            State::Bound(_, global) => return Ok(*global),
            State::Unbound(value) => value.clone(),
        };
        let global = self.make_in(group, cx, &value)?;
        self.0.state.replace(State::Bound(group.clone(), global));
        Ok(global)
    }

    fn copy(
        &self,
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
    ) -> wasmtime::Result<wasmtime::Global> {
        let known = self.0.copies.borrow().iter().find_map(|(known, global)| {
            let known = known.upgrade().map(Group::from_inner)?;
            known.same(group).then_some(*global)
        });
        if let Some(known) = known {
            return Ok(known);
        }
        let value = self.get().map_err(wasmtime::Error::msg)?;
        let global = self.make_in(group, cx, &value)?;
        let mut copies = self.0.copies.borrow_mut();
        copies.retain(|(group, _)| group.strong_count() > 0);
        copies.push((group.downgrade(), global));
        Ok(global)
    }

    fn make_in(
        &self,
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
        value: &Value,
    ) -> wasmtime::Result<wasmtime::Global> {
        let value = lower(group, cx, value, self.0.ty.content());
        let value = value.map_err(|mismatch| {
            wasmtime::Error::msg(mismatch.reason.unwrap_or_else(|| "a global's type".into()))
        })?;
        let global = wasmtime::Global::new(&mut *cx, self.0.ty.clone(), value)?;
        self.found_as(group, global);
        Ok(global)
    }
}

impl fmt::Debug for Global {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Global").field("ty", &self.0.ty).finish_non_exhaustive()
    }
}
