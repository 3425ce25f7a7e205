//! The asynchronous context: a value that is current where work is asked for, and is current again
//! where that work goes on. `AsyncLocalStorage` is made of it.
//!
//! Who keeps work for later (timers, ticks, tasks) takes [`AsyncContext::current`] along and
//! puts it back with [`AsyncContext::set`]. What a promise's reactions and an `await` continue with is
//! followed once [`follow_promises`] was called. QuickJS tells nobody of a reaction, neither
//! when it is added nor when it runs; so three things that it does tell are used to put a
//! *mark* into the queue of jobs, right in front of the job of the reaction. A mark makes a context
//! current and does nothing else, so one too many is harmless.
//! - Both `then` and `await` read the promise's `constructor` and add their reaction at once
//!   after that. So `Promise.prototype.constructor` becomes a getter that adds a mark: a job where the
//!   promise is settled, a reaction where it is pending.
//! - For a value that is no promise, `await` makes one of its own. The engine's promise hook tells
//!   when it is made (then its context is remembered) and when it is fulfilled, just before its
//!   reactions become jobs.
//! - [`crate::enqueue_call`] adds a mark itself.
//!
//! What remains: an `await` of an object that is no `Promise` but has a `then` which fails goes on in
//! the context that made it fail, since no hook tells of rejections.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_int, c_void};
use std::rc::Rc;

use rquickjs::function::This;
use rquickjs::{Ctx, Error, Function, Object, Result, Value, qjs};

use crate::function::{Call, function};
use crate::lazy::{Attributes, define_accessor, define_value};
use crate::raw::{self, RawContext};
use crate::realm::RealmData;
use crate::reflect::class;
use crate::root::Root;
use crate::{pristine, slot, take_exception};

/// A context; `None` where nothing was ever made current.
pub type AsyncValue = Option<Rc<Root<Value<'static>>>>;

/// What is current in a runtime.
#[derive(Debug, Default)]
pub struct AsyncContext {
    current: RefCell<AsyncValue>,
    /// A `WeakMap` from promises to the contexts they were made in, once one was made in any.
    made_in: RefCell<Option<Root<Object<'static>>>>,
    is_following: Cell<bool>,
}

/// The asynchronous context of the runtime that `ctx` belongs to.
pub fn async_context(ctx: &Ctx<'_>) -> Rc<AsyncContext> {
    RealmData::of(ctx).shared().async_context.clone()
}

impl AsyncContext {
    /// What is current.
    pub fn current(&self) -> AsyncValue {
        self.current.borrow().clone()
    }

    /// Makes `value` current.
    pub fn set(&self, value: AsyncValue) {
        let before = self.current.replace(value);
        drop(before);
    }

    /// What is current, as a value of script: `undefined` where nothing is.
    pub fn current_value<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        match self.current() {
            Some(value) => value.get(ctx),
            None => Ok(Value::new_undefined(ctx.clone())),
        }
    }

    /// Makes a value of script current.
    pub fn set_value<'js>(&self, ctx: &Ctx<'js>, value: Value<'js>) -> Result<()> {
        let value = match value.is_undefined() {
            true => None,
            false => Some(Rc::new(Root::new(ctx, value)?)),
        };
        self.set(value);
        Ok(())
    }

    /// Whether promises are followed, in any realm.
    pub(crate) fn is_following(&self) -> bool {
        self.is_following.get()
    }

    /// The engine's hook: something happened to a promise.
    fn told<'js>(
        &self,
        ctx: &Ctx<'js>,
        phase: qjs::JSPromiseHookType,
        promise: &Value<'js>,
    ) -> Result<()> {
        match phase {
            qjs::JSPromiseHookType_JS_PROMISE_HOOK_INIT => self.remember(ctx, promise),
            // Its reactions become jobs next.
            qjs::JSPromiseHookType_JS_PROMISE_HOOK_RESOLVE => {
                enqueue_mark(ctx, &self.of(ctx, promise)?)
            }
            // The `then` of what it was resolved with is called next.
            qjs::JSPromiseHookType_JS_PROMISE_HOOK_BEFORE => {
                self.set_value(ctx, self.of(ctx, promise)?)
            }
            _ => Ok(()),
        }
    }

    fn remember<'js>(&self, ctx: &Ctx<'js>, promise: &Value<'js>) -> Result<()> {
        let context = self.current_value(ctx)?;
        if context.is_undefined() {
            return Ok(());
        }
        if self.made_in.borrow().is_none() {
            let map = pristine::new_instance(ctx, class::WEAK_MAP, &mut [])?;
            self.made_in.replace(Some(Root::new(ctx, map)?));
        }
        let map = stored(ctx, &self.made_in)?;
        let mut entry = [promise.as_raw(), context.as_raw()];
        pristine::call_with(&map, class::WEAK_MAP, c"set", &mut entry).map(drop)
    }

    /// The context that the promise was made in.
    fn of<'js>(&self, ctx: &Ctx<'js>, promise: &Value<'js>) -> Result<Value<'js>> {
        if self.made_in.borrow().is_none() {
            return Ok(Value::new_undefined(ctx.clone()));
        }
        let map = stored(ctx, &self.made_in)?;
        pristine::call_with(&map, class::WEAK_MAP, c"get", &mut [promise.as_raw()])
    }

    /// For the end of the runtime.
    pub(crate) fn clear(&self) {
        drop((self.current.take(), self.made_in.take()));
    }
}

/// Has the job that is added to the queue next run in the context that is current now.
pub fn mark_next_job(ctx: &Ctx<'_>) -> Result<()> {
    let context = async_context(ctx);
    match context.is_following() {
        true => enqueue_mark(ctx, &context.current_value(ctx)?),
        false => Ok(()),
    }
}

/// What following the promises of a realm takes.
#[derive(Default)]
struct Follower {
    /// The realm's `Promise`, which the getter returns.
    class: RefCell<Option<Root<Value<'static>>>>,
    getter: RefCell<Option<Root<Function<'static>>>>,
    /// What the getter returns while a mark is added: a class whose instances are nothing, so
    /// that the mark's own `then` makes no promise.
    nothing: RefCell<Option<Root<Value<'static>>>>,
    /// `Promise.prototype.then`.
    then: RefCell<Option<Root<Function<'static>>>>,
    is_marking: Cell<bool>,
}

/// Follows the promises of the realm from now on. It costs each reaction a job, so it is not on before
/// somebody asks for it.
pub fn follow_promises(ctx: &Ctx<'_>) -> Result<()> {
    let follower = slot::<Follower>(ctx);
    if follower.class.borrow().is_some() {
        return Ok(());
    }
    let class: Object<'_> = ctx.globals().get("Promise")?;
    let prototype: Object<'_> = class.get("prototype")?;
    follower.then.replace(Some(Root::new(ctx, prototype.get::<_, Value<'_>>("then")?)?));
    follower.nothing.replace(Some(Root::new(ctx, pristine::evaluate(ctx, NOTHING)?)?));
    follower.class.replace(Some(Root::new(ctx, class)?));
    let getter = function(ctx, "get constructor", 0, read_constructor)?;
    follower.getter.replace(Some(Root::new(ctx, getter.clone())?));
    // As an assignment to an object that inherits a data property.
    let setter = function(ctx, "set constructor", 1, |call| {
        if let Some(object) = call.this().into_object() {
            define_value(&object, "constructor", call.value(0), Attributes::ALL)?;
        }
        call.undefined()
    })?;
    let shape = Attributes::CONFIGURABLE;
    define_accessor(&prototype, "constructor", Some(&getter), Some(&setter), shape)?;
    watch_promises(ctx);
    Ok(())
}

/// What the getter of `Promise.prototype.constructor` stands for; nothing for other getters. For
/// those who look at values without running script.
pub(crate) fn behind_getter<'js>(
    ctx: &Ctx<'js>,
    getter: &Value<'js>,
) -> Result<Option<Value<'js>>> {
    if !async_context(ctx).is_following() || !getter.is_function() {
        return Ok(None);
    }
    let follower = slot::<Follower>(ctx);
    if follower.getter.borrow().is_none() || stored(ctx, &follower.getter)? != *getter {
        return Ok(None);
    }
    stored(ctx, &follower.class).map(Some)
}

/// A class that `then` takes for a promise's: its instances are nothing, and so is settling them.
const NOTHING: &CStr = c"(ignore => ({
    [Symbol.species]: class { constructor(executor) { executor(ignore, ignore); } },
}))(() => {})";

/// The getter of `Promise.prototype.constructor`.
fn read_constructor<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let follower = slot::<Follower>(ctx);
    if follower.is_marking.get() {
        return stored(ctx, &follower.nothing);
    }
    let this = call.this();
    // SAFETY: asking any live value.
    if unsafe { qjs::JS_IsPromise(this.as_raw()) } {
        mark_next_reaction(ctx, &follower, this)?;
    }
    stored(ctx, &follower.class)
}

/// The reaction that is added to the promise next runs in the context that is current now.
fn mark_next_reaction<'js>(ctx: &Ctx<'js>, follower: &Follower, promise: Value<'js>) -> Result<()> {
    let context = async_context(ctx).current_value(ctx)?;
    // SAFETY: a live promise.
    let state = unsafe { qjs::JS_PromiseState(raw::context(ctx), promise.as_raw()) };
    if state != qjs::JSPromiseStateEnum_JS_PROMISE_PENDING {
        return enqueue_mark(ctx, &context);
    }
    let mut data = [context.as_raw()];
    // SAFETY: a live value, of which the function takes a reference of its own.
    let mark = unsafe {
        raw::own(
            ctx,
            qjs::JS_NewCFunctionData(
                raw::context(ctx),
                Some(mark_called),
                0,
                0,
                1,
                data.as_mut_ptr(),
            ),
        )?
    };
    let then: Function<'_> = stored(ctx, &follower.then)?.into_function().ok_or(Error::Unknown)?;
    follower.is_marking.set(true);
    let added = then.call::<_, Value<'_>>((This(promise), mark.clone(), mark));
    follower.is_marking.set(false);
    added.map(drop)
}

/// Adds a mark to the queue of jobs.
fn enqueue_mark<'js>(ctx: &Ctx<'js>, context: &Value<'js>) -> Result<()> {
    let mut data = [context.as_raw()];
    // SAFETY: a live value, of which the engine takes a reference of its own.
    let status =
        unsafe { qjs::JS_EnqueueJob(raw::context(ctx), Some(mark_job), 1, data.as_mut_ptr()) };
    raw::check(status).map(drop)
}

/// A mark as a job.
unsafe extern "C" fn mark_job(
    context: RawContext,
    _argc: c_int,
    argv: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: called by the engine with the one value that `enqueue_mark` gave it.
    unsafe { make_current(context, *argv) }
}

/// A mark as a reaction.
unsafe extern "C" fn mark_called(
    context: RawContext,
    _this: qjs::JSValue,
    _argc: c_int,
    _argv: *mut qjs::JSValue,
    _magic: c_int,
    data: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: called by the engine with the one value that the function was made with.
    unsafe { make_current(context, *data) }
}

/// # Safety
/// A live context and a live value of it.
unsafe fn make_current(context: RawContext, value: qjs::JSValue) -> qjs::JSValue {
    // SAFETY: by the caller.
    let (ctx, value) = unsafe {
        let ctx = raw::scope(context);
        let value = raw::borrow(&ctx, value);
        (ctx, value)
    };
    raw::guarded(&ctx, || {
        async_context(&ctx).set_value(&ctx, value)?;
        Ok(Value::new_undefined(ctx.clone()))
    })
}

fn stored<'js, T>(ctx: &Ctx<'js>, place: &RefCell<Option<Root<T>>>) -> Result<Value<'js>> {
    place.borrow().as_ref().ok_or(Error::Unknown)?.get(ctx)
}

/// Has the engine tell of its promises.
fn watch_promises(ctx: &Ctx<'_>) {
    async_context(ctx).is_following.set(true);
    // SAFETY: a live runtime; the callback needs no opaque pointer.
    unsafe { qjs::JS_SetPromiseHook(raw::runtime(ctx), Some(told), std::ptr::null_mut()) }
}

unsafe extern "C" fn told(
    raw_ctx: RawContext,
    phase: qjs::JSPromiseHookType,
    promise: qjs::JSValue,
    _parent: qjs::JSValue,
    _opaque: *mut c_void,
) {
    // SAFETY: QuickJS passes a live context and a live promise.
    unsafe {
        let ctx = raw::scope(raw_ctx);
        let promise = raw::borrow(&ctx, promise);
        // There is nobody here to throw to, and no failure but that there is no memory left.
        let done = raw::caught(&ctx, || async_context(&ctx).told(&ctx, phase, &promise));
        drop(done.map_err(|error| take_exception(&ctx, error)));
    }
}
