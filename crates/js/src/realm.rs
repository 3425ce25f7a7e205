//! A realm: one global object, its intrinsics, and what Holm keeps beside them.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use rquickjs::{Context, Ctx, Error, Result, qjs};

use crate::runtime::{Runtime, Shared};
use crate::{dom_exception, raw, stack, stack_trace, weak_refs};

/// One global object of a [`Runtime`], with its own intrinsics and interface prototypes.
#[derive(Clone)]
pub struct Realm {
    context: Context,
    runtime: Runtime,
}

impl Realm {
    /// Makes a realm with all of ECMAScript in it, and nothing of the web or of Node.
    pub fn new(runtime: &Runtime) -> Result<Self> {
        let context = runtime.new_context()?;
        let data = Rc::new(RealmData {
            slots: RefCell::default(),
            shared: runtime.shared().clone(),
            context: context.as_raw().as_ptr(),
        });
        // SAFETY: the context is new and nobody else uses its opaque pointer. The data is
        // kept by the runtime until after the context is freed.
        unsafe {
            let pointer = Rc::as_ptr(&data).cast_mut();
            qjs::JS_SetContextOpaque(context.as_raw().as_ptr(), pointer.cast());
        }
        runtime.keep_realm_data(data);
        let realm = Self { context, runtime: runtime.clone() };
        realm.enter(|ctx| {
            stack_trace::install(ctx)?;
            weak_refs::install(ctx)?;
            dom_exception::install(ctx)
        })?;
        Ok(realm)
    }

    /// Runs `body` with the realm open. Not for use inside of another `enter` of the same
    /// runtime: a callback already has its `Ctx`.
    pub fn enter<R>(&self, body: impl FnOnce(&Ctx<'_>) -> R) -> R {
        let result = self.context.with(|ctx| {
            // The stack may be at another depth than at the last entry: limits count from here.
            stack::enter_realm(&ctx, &self.runtime.shared().stack);
            let _entered = Entered::new(&ctx, self.runtime.shared());
            body(&ctx)
        });
        self.runtime.shared().kept_objects.clear();
        self.runtime.shared().bury();
        result
    }

    /// The runtime the realm lives in.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }
}

/// That script runs in a realm, until it is dropped.
struct Entered<'a> {
    shared: &'a Shared,
    before: raw::RawContext,
}

impl<'a> Entered<'a> {
    fn new(ctx: &Ctx<'_>, shared: &'a Shared) -> Self {
        Self { shared, before: shared.shared_blocks.enter(raw::context(ctx)) }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.shared.shared_blocks.enter(self.before);
    }
}

impl fmt::Debug for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Realm").finish_non_exhaustive()
    }
}

/// What every other room keeps per realm: one value of each type, made on first use.
///
/// The value lives until the runtime ends, so it may hold [`crate::Root`]s.
pub fn slot<T: Default + 'static>(ctx: &Ctx<'_>) -> Rc<T> {
    RealmData::of(ctx).slot()
}

/// Holm's side of a `JSContext`, reached through its opaque pointer.
pub(crate) struct RealmData {
    slots: RefCell<HashMap<TypeId, Rc<dyn Any>>>,
    shared: Rc<Shared>,
    /// Whose it is; contexts inside of the realm have it too.
    context: raw::RawContext,
}

impl RealmData {
    pub(crate) fn of<'a>(ctx: &'a Ctx<'_>) -> &'a Self {
        // SAFETY: every context of ours got its data in `Realm::new`, and the runtime frees
        // that only after the last context is gone.
        unsafe { &*qjs::JS_GetContextOpaque(raw::context(ctx)).cast::<Self>() }
    }

    /// Whether it was made for this context.
    pub(crate) fn is_of(&self, ctx: &Ctx<'_>) -> bool {
        self.context == raw::context(ctx)
    }

    pub(crate) fn shared(&self) -> &Rc<Shared> {
        &self.shared
    }

    pub(crate) fn slot<T: Default + 'static>(&self) -> Rc<T> {
        if let Some(found) = self.slots.borrow().get(&TypeId::of::<T>()) {
            return found.clone().downcast().expect("the key is the type");
        }
        let made = Rc::new(T::default());
        self.slots.borrow_mut().insert(TypeId::of::<T>(), made.clone());
        made
    }

    /// Drops everything kept here; for the end of the runtime.
    pub(crate) fn clear(&self) {
        // Dropping a slot may reach for another one: take them out first.
        let slots = std::mem::take(&mut *self.slots.borrow_mut());
        drop(slots);
    }
}

/// The error for a value that came from another runtime.
pub(crate) fn foreign() -> Error {
    Error::UnrelatedRuntime
}
