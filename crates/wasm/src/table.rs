//! Tables.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::{Rc, Weak};

use wasmtime::{AsContextMut, RootScope, StoreContextMut, TableType, Val, ValType};

use crate::group::GroupData;
use crate::limiter::MAX_TABLE_ELEMENTS;
use crate::value::{fits, lift, lower};
use crate::{Attachment, Group, Mismatch, Ref, Value};

/// A table, in a group or in none.
#[derive(Clone)]
pub struct Table(Rc<TableInner>);

pub(crate) struct TableInner {
    ty: TableType,
    state: RefCell<State>,
    attachment: Attachment,
}

/// A table belongs to no group until an instance imports it, or something of a group is put
/// into it.
enum State {
    Unbound(Elements),
    Bound(Group, wasmtime::Table),
}

/// Most elements are what the table was made or grown with, and stand here once for all.
struct Elements {
    /// Of the same element each: where they end, in order.
    runs: Vec<(u64, Ref)>,
    /// What stands in the place of those.
    single: HashMap<u64, Ref>,
}

/// Why something could not be done with a table.
#[derive(Debug)]
pub enum TableError {
    /// There is no such element.
    OutOfBounds,
    /// It may not grow so much.
    TooLarge,
    /// The element is not of the table's type.
    Mismatch(Mismatch),
    /// Anything else.
    Other(String),
}

impl Table {
    /// A table of `init`s that belongs to no group yet.
    pub fn new(ty: TableType, init: Ref) -> Result<Self, TableError> {
        if ty.minimum() > MAX_TABLE_ELEMENTS as u64 {
            return Err(TableError::TooLarge);
        }
        if !fits(&Value::Ref(init.clone()), &ValType::Ref(ty.element().clone())) {
            return Err(TableError::Mismatch(Mismatch { reason: None }));
        }
        let group = Value::Ref(init.clone()).group().cloned();
        let state = RefCell::new(State::Unbound(Elements::new(ty.minimum(), init)));
        let made = Self(Rc::new(TableInner { ty, state, attachment: Attachment::default() }));
        if let Some(group) = group {
            made.bind(&group)?;
        }
        Ok(made)
    }

    /// The handle of a table of the group's store.
    pub(crate) fn intern(
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
        table: wasmtime::Table,
    ) -> Self {
        let key = table.debug_index_in_store();
        if let Some(found) = group.interned().tables.borrow().get(&key).and_then(Weak::upgrade) {
            return Self(found);
        }
        let made = Self(Rc::new(TableInner {
            ty: table.ty(&*cx),
            state: RefCell::new(State::Bound(group.clone(), table)),
            attachment: Attachment::default(),
        }));
        group.interned().tables.borrow_mut().insert(key, Rc::downgrade(&made.0));
        made
    }

    /// Its type. The minimum is what it was made with.
    pub fn ty(&self) -> &TableType {
        &self.0.ty
    }

    /// What the embedder hung onto it.
    pub fn attachment(&self) -> &Attachment {
        &self.0.attachment
    }

    /// Whether both are the same table.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// The group it belongs to.
    pub fn group(&self) -> Option<Group> {
        self.bound().map(|(group, _)| group)
    }

    fn bound(&self) -> Option<(Group, wasmtime::Table)> {
        match &*self.0.state.borrow() {
            State::Unbound(_) => None,
            State::Bound(group, table) => Some((group.clone(), *table)),
        }
    }

    /// How many elements it has.
    pub fn len(&self) -> u64 {
        match &*self.0.state.borrow() {
            State::Unbound(elements) => elements.len(),
            State::Bound(group, table) => group.enter(|cx| table.size(&*cx)),
        }
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at `index`.
    pub fn get(&self, index: u64) -> Result<Ref, TableError> {
        let Some((group, table)) = self.bound() else {
            let state = self.0.state.borrow();
            let State::Unbound(elements) = &*state else { return Err(TableError::OutOfBounds) };
            return elements.get(index).cloned().ok_or(TableError::OutOfBounds);
        };
        group.enter_rooted(|cx| {
            let element = table.get(&mut *cx, index).ok_or(TableError::OutOfBounds)?;
            match lift(&group, cx, Val::from(element)) {
                Ok(Value::Ref(element)) => Ok(element),
                Ok(_) => Err(TableError::Other("a number in a table".to_owned())),
                Err(error) => Err(TableError::from(error)),
            }
        })
    }

    /// Replaces the element at `index`.
    pub fn set(&self, index: u64, element: Ref) -> Result<(), TableError> {
        let value = Value::Ref(element);
        self.bind_for(&value)?;
        if let Some((group, table)) = self.bound() {
            return group.enter_rooted(|cx| {
                let element = self.lowered(&group, cx, &value)?;
                if index >= table.size(&*cx) {
                    return Err(TableError::OutOfBounds);
                }
                Ok(table.set(&mut *cx, index, element)?)
            });
        }
        let element = self.checked(value)?;
        match &mut *self.0.state.borrow_mut() {
            State::Unbound(elements) => elements.set(index, element),
            State::Bound(..) => Err(TableError::OutOfBounds),
        }
    }

    /// Adds `delta` elements. Returns how many there were.
    pub fn grow(&self, delta: u64, element: Ref) -> Result<u64, TableError> {
        let value = Value::Ref(element);
        self.bind_for(&value)?;
        let before = self.len();
        let most = self.0.ty.maximum().unwrap_or(u64::MAX).min(MAX_TABLE_ELEMENTS as u64);
        if before.checked_add(delta).is_none_or(|after| after > most) {
            return Err(TableError::TooLarge);
        }
        if let Some((group, table)) = self.bound() {
            return group.enter_rooted(|cx| {
                let element = self.lowered(&group, cx, &value)?;
                table.grow(&mut *cx, delta, element).map_err(|_| TableError::TooLarge)
            });
        }
        let element = self.checked(value)?;
        if let State::Unbound(elements) = &mut *self.0.state.borrow_mut() {
            elements.grow(delta, element);
        }
        Ok(before)
    }

    fn lowered(
        &self,
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
        value: &Value,
    ) -> Result<wasmtime::Ref, TableError> {
        let ty = ValType::Ref(self.0.ty.element().clone());
        let lowered = lower(group, cx, value, &ty).map_err(TableError::Mismatch)?;
        lowered.ref_().ok_or_else(|| TableError::Other("a number for a table".to_owned()))
    }

    fn checked(&self, value: Value) -> Result<Ref, TableError> {
        let ty = ValType::Ref(self.0.ty.element().clone());
        match value {
            Value::Ref(element) if fits(&Value::Ref(element.clone()), &ty) => Ok(element),
            _ => Err(TableError::Mismatch(Mismatch { reason: None })),
        }
    }

    /// Something of a group can only stand in a table of that group.
    fn bind_for(&self, value: &Value) -> Result<(), TableError> {
        match value.group() {
            Some(group) if self.group().is_none() => self.bind(group),
            _ => Ok(()),
        }
    }

    fn bind(&self, group: &Group) -> Result<(), TableError> {
        group.enter_rooted(|cx| self.in_group(group, cx).map(drop)).map_err(TableError::from)
    }

    /// The table as one of the group's store, if it is not another group's.
    pub(crate) fn in_group(
        &self,
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
    ) -> wasmtime::Result<wasmtime::Table> {
        let mut state = self.0.state.borrow_mut();
        let elements = match &*state {
            State::Bound(_, table) => return Ok(*table),
            State::Unbound(elements) => elements,
        };
        let element_type = ValType::Ref(self.0.ty.element().clone());
        let lowered = |cx: &mut StoreContextMut<'_, GroupData>, element: &Ref| {
            let value = lower(group, cx, &Value::Ref(element.clone()), &element_type);
            let value = value.map_err(|_| wasmtime::Error::msg("a table element's type"))?;
            value.ref_().ok_or_else(|| wasmtime::Error::msg("a number for a table"))
        };
        let mut runs = elements.runs.iter();
        let Some(&(mut start, ref first)) = runs.next() else {
            return Err(wasmtime::Error::msg("a table without elements to begin with"));
        };
        let first = lowered(cx, first)?;
        let table = wasmtime::Table::new(&mut *cx, self.type_of_len(elements.len())?, first)?;
        for (end, element) in runs {
            let element = lowered(cx, element)?;
            table.fill(&mut *cx, start, element, end - start)?;
            start = *end;
        }
        for (index, element) in &elements.single {
            let mut scope = RootScope::new(&mut *cx);
            let cx = &mut scope.as_context_mut();
            let element = lowered(cx, element)?;
            table.set(cx, *index, element)?;
        }
        *state = State::Bound(group.clone(), table);
        let key = table.debug_index_in_store();
        group.interned().tables.borrow_mut().insert(key, Rc::downgrade(&self.0));
        Ok(table)
    }

    /// Its type with the minimum that it has now.
    fn type_of_len(&self, len: u64) -> wasmtime::Result<TableType> {
        let ty = &self.0.ty;
        if ty.is_64() {
            return Ok(TableType::new64(ty.element().clone(), len, ty.maximum()));
        }
        let maximum = ty.maximum().map(u32::try_from).transpose()?;
        Ok(TableType::new(ty.element().clone(), u32::try_from(len)?, maximum))
    }
}

impl Elements {
    fn new(len: u64, element: Ref) -> Self {
        Self { runs: vec![(len, element)], single: HashMap::new() }
    }

    fn len(&self) -> u64 {
        self.runs.last().map_or(0, |(end, _)| *end)
    }

    fn get(&self, index: u64) -> Option<&Ref> {
        if let Some(element) = self.single.get(&index) {
            return Some(element);
        }
        let run = self.runs.partition_point(|(end, _)| *end <= index);
        self.runs.get(run).map(|(_, element)| element)
    }

    fn set(&mut self, index: u64, element: Ref) -> Result<(), TableError> {
        if index >= self.len() {
            return Err(TableError::OutOfBounds);
        }
        self.single.insert(index, element);
        Ok(())
    }

    fn grow(&mut self, delta: u64, element: Ref) {
        let len = self.len() + delta;
        match (self.runs.last_mut(), &element) {
            _ if delta == 0 => {}
            (Some((end, Ref::Null)), Ref::Null) => *end = len,
            _ => self.runs.push((len, element)),
        }
    }
}

impl From<wasmtime::Error> for TableError {
    fn from(error: wasmtime::Error) -> Self {
        Self::Other(format!("{error:#}"))
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("ty", &self.0.ty).finish_non_exhaustive()
    }
}
