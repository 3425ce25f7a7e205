//! The job queue (microtasks), and promises that were rejected with nobody listening.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{c_int, c_void};

use rquickjs::{Ctx, Error, Function, Promise, Result, Value, qjs};

use crate::async_context::mark_next_job;
use crate::modules;
use crate::raw::{self, RawContext, RawRuntime};
use crate::realm::RealmData;
use crate::root::Root;

/// What running one job came to.
#[derive(Debug)]
pub enum JobOutcome<'js> {
    /// There was none.
    Idle,
    /// It ran.
    Ran,
    /// It threw this.
    Threw(Value<'js>),
}

/// Runs the oldest job of the runtime.
pub fn run_job<'js>(ctx: &Ctx<'js>) -> JobOutcome<'js> {
    // A job may be an import that fails.
    modules::advance(ctx);
    let mut job_context: RawContext = std::ptr::null_mut();
    // SAFETY: a live runtime with the scope open.
    let status = unsafe { qjs::JS_ExecutePendingJob(raw::runtime(ctx), &raw mut job_context) };
    match status {
        0 => JobOutcome::Idle,
        1.. => {
            RealmData::of(ctx).shared().kept_objects.clear();
            JobOutcome::Ran
        }
        // SAFETY: a failed job leaves its exception in the context it ran in.
        _ => JobOutcome::Threw(unsafe { raw::scope(job_context) }.catch()),
    }
}

/// Says that somebody looks after a promise's rejection.
pub fn mark_handled(promise: &Promise<'_>) {
    // SAFETY: a live promise.
    unsafe { qjs::JS_PromiseMarkAsHandled(raw::context(promise.ctx()), promise.as_raw()) }
}

/// What a promise was settled with; `undefined` while it is pending.
pub fn promise_result<'js>(promise: &Promise<'js>) -> Value<'js> {
    let ctx = promise.ctx();
    // SAFETY: a live promise; its result comes with a reference of its own.
    unsafe {
        Value::from_raw(ctx.clone(), qjs::JS_PromiseResult(raw::context(ctx), promise.as_raw()))
    }
}

/// `PromiseResolve(%Promise%, value)`: the value itself if it is a promise.
pub fn promise_resolve<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Promise<'js>> {
    settled(ctx, value, false)
}

/// A promise that is rejected.
pub fn promise_rejected<'js>(ctx: &Ctx<'js>, reason: &Value<'js>) -> Result<Promise<'js>> {
    settled(ctx, reason, true)
}

fn settled<'js>(ctx: &Ctx<'js>, value: &Value<'js>, is_rejected: bool) -> Result<Promise<'js>> {
    // SAFETY: a live value of this runtime.
    let made = unsafe {
        let promise = qjs::JS_NewSettledPromise(raw::context(ctx), is_rejected, value.as_raw());
        raw::own(ctx, promise)?
    };
    made.into_promise().ok_or(Error::Unknown)
}

/// Calls the function in a job of its own, with these arguments.
pub fn enqueue_call<'js>(
    ctx: &Ctx<'js>,
    function: &Function<'js>,
    [first, second, third]: &[Value<'js>; 3],
) -> Result<()> {
    mark_next_job(ctx)?;
    let mut values = [function.as_raw(), first.as_raw(), second.as_raw(), third.as_raw()];
    // SAFETY: live values of this runtime; the engine takes its own references.
    let status = unsafe {
        let count = values.len() as c_int;
        qjs::JS_EnqueueJob(raw::context(ctx), Some(call_first), count, values.as_mut_ptr())
    };
    if status < 0 { Err(Error::Exception) } else { Ok(()) }
}

/// A job: calls its first value with the others.
unsafe extern "C" fn call_first(
    context: RawContext,
    argc: c_int,
    argv: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: the engine calls this with what `enqueue_call` gave it: a function at least.
    unsafe { qjs::JS_Call(context, *argv, qjs::JS_UNDEFINED, argc - 1, argv.add(1)) }
}

/// A promise rejected without a handler, and why.
#[derive(Debug)]
pub struct Rejection {
    /// The promise.
    pub promise: Root<Value<'static>>,
    /// What it was rejected with.
    pub reason: Root<Value<'static>>,
}

/// Takes the promises that were rejected since the last call and are still unhandled, oldest
/// first. To be asked after the jobs are done.
pub fn take_rejections(ctx: &Ctx<'_>) -> Vec<Rejection> {
    RealmData::of(ctx).shared().rejections.take()
}

/// Takes the promises that were handled after [`take_rejections`] had given them.
pub fn take_handled_late(ctx: &Ctx<'_>) -> Vec<Root<Value<'static>>> {
    let rejections = &RealmData::of(ctx).shared().rejections;
    std::mem::take(&mut rejections.0.borrow_mut().handled_late)
}

/// Unhandled promises by age, and where each stands by its address.
#[derive(Default)]
pub(crate) struct Rejections(RefCell<Pending>);

#[derive(Default)]
struct Pending {
    next: u64,
    by_age: BTreeMap<u64, Rejection>,
    by_promise: HashMap<usize, u64>,
    /// Addresses of promises that were taken. Not kept alive: an address that comes again
    /// is that of a new promise, which is added before it can be handled.
    taken: HashSet<usize>,
    handled_late: Vec<Root<Value<'static>>>,
}

impl Rejections {
    fn add(&self, address: usize, rejection: Rejection) {
        let mut pending = self.0.borrow_mut();
        let age = pending.next;
        pending.next += 1;
        pending.taken.remove(&address);
        pending.by_age.insert(age, rejection);
        pending.by_promise.insert(address, age);
    }

    fn remove(&self, address: usize) -> Option<Rejection> {
        let mut pending = self.0.borrow_mut();
        let age = pending.by_promise.remove(&address)?;
        pending.by_age.remove(&age)
    }

    fn was_taken(&self, address: usize) -> bool {
        self.0.borrow_mut().taken.remove(&address)
    }

    fn take(&self) -> Vec<Rejection> {
        let mut pending = self.0.borrow_mut();
        let addresses = std::mem::take(&mut pending.by_promise);
        pending.taken.extend(addresses.into_keys());
        std::mem::take(&mut pending.by_age).into_values().collect()
    }

    pub(crate) fn clear(&self) {
        drop(self.take());
        let late = std::mem::take(&mut self.0.borrow_mut().handled_late);
        drop(late);
    }
}

/// Registers the rejection tracker.
///
/// # Safety
/// The runtime's contexts all carry realm data when script runs in them.
pub(crate) unsafe fn install_hooks(runtime: RawRuntime) {
    // SAFETY: the callback needs no opaque pointer.
    unsafe {
        qjs::JS_SetHostPromiseRejectionTracker(runtime, Some(track), std::ptr::null_mut());
    }
}

unsafe extern "C" fn track(
    raw_ctx: RawContext,
    promise: qjs::JSValue,
    reason: qjs::JSValue,
    is_handled: bool,
    _opaque: *mut c_void,
) {
    // SAFETY: QuickJS passes a live context and live values.
    unsafe {
        let ctx = raw::scope(raw_ctx);
        let promise = raw::borrow(&ctx, promise);
        let reason = raw::borrow(&ctx, reason);
        let address = qjs::JS_VALUE_GET_PTR(promise.as_raw()) as usize;
        let rejections = &RealmData::of(&ctx).shared().rejections;
        if is_handled {
            let was_pending = rejections.remove(address).is_some();
            if !was_pending
                && rejections.was_taken(address)
                && let Ok(root) = Root::new(&ctx, promise)
            {
                rejections.0.borrow_mut().handled_late.push(root);
            }
            return;
        }
        let made: Result<Rejection> = (|| {
            Ok(Rejection { promise: Root::new(&ctx, promise)?, reason: Root::new(&ctx, reason)? })
        })();
        if let Ok(rejection) = made {
            rejections.add(address, rejection);
        }
    }
}
