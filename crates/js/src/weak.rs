//! Weak references to host objects: for caches that must not keep what they find.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use rquickjs::{Ctx, Value, qjs};

use crate::host_object;
use crate::raw::{self, RawRuntime};

/// Finds a host object (or the function around it) for as long as something else keeps it.
#[derive(Clone)]
pub struct Weak {
    /// No reference: valid while `alive`.
    object: qjs::JSValue,
    runtime: RawRuntime,
    alive: Rc<Cell<bool>>,
}

impl Weak {
    /// A weak reference to `value`; `None` for what is no host object.
    pub fn new(value: &Value<'_>) -> Option<Self> {
        let alive = host_object::life(value)?;
        Some(Self { object: value.as_raw(), runtime: raw::runtime(value.ctx()), alive })
    }

    /// The object, if it is still there.
    pub fn upgrade<'js>(&self, ctx: &Ctx<'js>) -> Option<Value<'js>> {
        if !self.alive.get() || raw::runtime(ctx) != self.runtime {
            return None;
        }
        // SAFETY: the flag falls in the finalizer, before the object's memory goes.
        Some(unsafe { raw::borrow(ctx, self.object) })
    }
}

impl fmt::Debug for Weak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Weak").field("alive", &self.alive.get()).finish_non_exhaustive()
    }
}
