//! A place in a host object for a value that changes.

use std::cell::RefCell;

use rquickjs::{Ctx, Result, Value};

use crate::host_object::{Held, Tracer};

/// Holds a value or none. Like [`Held`]: only inside host objects, and reported once.
#[derive(Debug, Default)]
pub struct HeldCell(RefCell<Option<Held>>);

impl HeldCell {
    /// One that holds a value.
    pub fn new(value: &Value<'_>) -> Self {
        Self(RefCell::new(Some(Held::new(value))))
    }

    /// The value, if there is one.
    pub fn get<'js>(&self, ctx: &Ctx<'js>) -> Result<Option<Value<'js>>> {
        self.0.borrow().as_ref().map(|held| held.get(ctx)).transpose()
    }

    /// The value, or `null`.
    pub fn get_or_null<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        Ok(self.get(ctx)?.unwrap_or_else(|| Value::new_null(ctx.clone())))
    }

    /// Holds this value from now on.
    pub fn set(&self, value: Option<&Value<'_>>) {
        // Dropping the old one may run finalizers, which look at this: not while it is borrowed.
        let old = self.0.replace(value.map(Held::new));
        drop(old);
    }

    /// Whether it holds one.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_none()
    }

    /// Reports the value to the collector.
    pub fn trace(&self, tracer: &Tracer<'_>) {
        if let Some(held) = &*self.0.borrow() {
            tracer.mark(held);
        }
    }
}
