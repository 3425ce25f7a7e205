//! Weak references to host objects: for caches that must not keep what they find.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use rquickjs::{Ctx, Object, Value, qjs};

use crate::buffer;
use crate::host_object::{self, Held};
use crate::raw::{self, RawRuntime};
use crate::realm::RealmData;

/// Finds a host object (or the function around it) for as long as something else keeps it.
#[derive(Clone)]
pub struct Weak {
    /// No reference: valid while `alive`.
    object: qjs::JSValue,
    runtime: RawRuntime,
    alive: Rc<Cell<bool>>,
    runtime_alive: Rc<Cell<bool>>,
}

impl Weak {
    /// A weak reference to `value`; `None` for what is no host object.
    pub fn new(value: &Value<'_>) -> Option<Self> {
        Some(Self::alive_while(value, host_object::life(value)?))
    }

    /// A weak reference to an aliasing buffer, until it is detached; `None` for other buffers.
    pub fn of_buffer(buffer: &Object<'_>) -> Option<Self> {
        Some(Self::alive_while(buffer.as_value(), buffer::life(buffer)?))
    }

    fn alive_while(value: &Value<'_>, alive: Rc<Cell<bool>>) -> Self {
        let shared = RealmData::of(value.ctx()).shared();
        let (runtime, runtime_alive) = (shared.raw, shared.alive.clone());
        Self { object: value.as_raw(), runtime, alive, runtime_alive }
    }

    /// The object, if it is still there.
    pub fn upgrade<'js>(&self, ctx: &Ctx<'js>) -> Option<Value<'js>> {
        if !self.alive.get() || raw::runtime(ctx) != self.runtime {
            return None;
        }
        // SAFETY: the flag falls in the finalizer, before the object's memory goes.
        Some(unsafe { raw::borrow(ctx, self.object) })
    }

    /// The object, for another host object to hold.
    pub fn hold(&self) -> Option<Held> {
        // The flag falls when the runtime ends too: every object is finalized then.
        if !self.alive.get() {
            return None;
        }
        // SAFETY: as above.
        Some(unsafe { Held::from_raw(self.object, self.runtime, self.runtime_alive.clone()) })
    }
}

impl fmt::Debug for Weak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Weak").field("alive", &self.alive.get()).finish_non_exhaustive()
    }
}
