//! Roots: JS values that Rust keeps alive outside of any object.
//!
//! The values stand in a table of the runtime, and a [`Root`] is a ticket for its place.
//! So a root that outlives its runtime is an empty ticket, not a dangling pointer, and the
//! runtime can end at any moment: it empties the table first.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use rquickjs::{Ctx, Error, FromJs, IntoJs, Result, Value, qjs};

use crate::raw;
use crate::realm::{RealmData, foreign};
use crate::runtime::Shared;

/// Keeps a value of the JS type `T` (`Value`, `Object`, `Function` …) alive until dropped.
///
/// A root is invisible to the collector: a value that can reach its own root leaks. For
/// values inside objects use [`crate::Held`].
pub struct Root<T> {
    index: usize,
    shared: Rc<Shared>,
    _type: PhantomData<fn() -> T>,
}

impl<T> Root<T> {
    /// Roots a value.
    pub fn new<'js>(ctx: &Ctx<'js>, value: impl IntoJs<'js>) -> Result<Self> {
        let value = value.into_js(ctx)?;
        let shared = RealmData::of(ctx).shared().clone();
        let index = shared.roots.insert(raw::give(&value));
        Ok(Self { index, shared, _type: PhantomData })
    }

    /// The value, in a scope of its runtime.
    pub fn get<'js, U: FromJs<'js>>(&self, ctx: &Ctx<'js>) -> Result<U> {
        if raw::runtime(ctx) != self.shared.raw {
            return Err(foreign());
        }
        let value = self.shared.roots.get(self.index).ok_or(Error::Unknown)?;
        // SAFETY: the table owns a reference, and the runtime is that of the scope.
        let value: Value<'js> = unsafe { raw::borrow(ctx, value) };
        U::from_js(ctx, value)
    }
}

impl<T> Drop for Root<T> {
    fn drop(&mut self) {
        let value = self.shared.roots.remove(self.index);
        if let (Some(value), true) = (value, self.shared.alive.get()) {
            // SAFETY: the table's reference, in a heap that still exists.
            unsafe { qjs::JS_FreeValueRT(self.shared.raw, value) }
        }
    }
}

impl<T> fmt::Debug for Root<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Root").field(&self.index).finish()
    }
}

/// The table behind the tickets.
#[derive(Default)]
pub(crate) struct Roots {
    places: RefCell<Vec<Option<qjs::JSValue>>>,
    free: RefCell<Vec<usize>>,
}

impl Roots {
    fn insert(&self, value: qjs::JSValue) -> usize {
        let mut places = self.places.borrow_mut();
        if let Some(index) = self.free.borrow_mut().pop() {
            places[index] = Some(value);
            return index;
        }
        places.push(Some(value));
        places.len() - 1
    }

    fn get(&self, index: usize) -> Option<qjs::JSValue> {
        self.places.borrow().get(index).copied().flatten()
    }

    fn remove(&self, index: usize) -> Option<qjs::JSValue> {
        let value = self.places.borrow_mut().get_mut(index)?.take();
        self.free.borrow_mut().push(index);
        value
    }

    /// Releases everything; tickets still out there find nothing.
    pub(crate) fn release_all(&self, runtime: raw::RawRuntime) {
        let places = std::mem::take(&mut *self.places.borrow_mut());
        for value in places.into_iter().flatten() {
            // SAFETY: the table's own references, in a heap that still exists.
            unsafe { qjs::JS_FreeValueRT(runtime, value) }
        }
    }
}
