//! `Atomics.wait`, `waitAsync` and `notify`: <https://tc39.es/ecma262/#sec-atomics-object>
//!
//! They stand in front of the engine's own in every realm, before script runs. Script and modules
//! wait in one queue, and who waits can be stopped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use holm_host::host;
use holm_js::{
    Attributes, Call, Coerced, Ctx, ErrorKind, Function, Object, Promise, Result, Root, Value,
    WaitableArray, define_value, function, interrupt_error, throw,
};
use holm_wasm::{AsyncWait, Stopper, WaitQueue, Waited};

/// What `wait` returns, and what `waitAsync` gives.
const WOKEN: &str = "ok";
const NOT_EQUAL: &str = "not-equal";
const TIMED_OUT: &str = "timed-out";

/// Puts the functions into a realm in which no script has run yet.
pub(crate) fn install(ctx: &Ctx<'_>, queue: &Arc<WaitQueue>, stopper: &Stopper) -> Result<()> {
    let atomics: Object<'_> = ctx.globals().get("Atomics")?;
    let (waiting, stopped) = (queue.clone(), stopper.clone());
    let wait = function(ctx, "wait", 4, move |call| wait(call, &waiting, &stopped))?;
    let waiting = queue.clone();
    let wait_async = function(ctx, "waitAsync", 4, move |call| wait_async(call, &waiting))?;
    let waiting = queue.clone();
    let notify = function(ctx, "notify", 3, move |call| notify(call, &waiting))?;
    for (name, function) in [("wait", wait), ("waitAsync", wait_async), ("notify", notify)] {
        define_value(&atomics, name, function, Attributes::BUILT_IN)?;
    }
    Ok(())
}

/// What somebody waits for.
struct Wanted<'js> {
    place: holm_js::Waitable<'js>,
    expected: i64,
    timeout: Timeout,
}

/// How long.
#[derive(Clone, Copy)]
enum Timeout {
    Never,
    At(Instant),
    Now,
}

impl<'js> Wanted<'js> {
    /// <https://tc39.es/ecma262/#sec-dowait>, up to where waiting begins.
    fn read(call: &Call<'_, 'js>) -> Result<Self> {
        let ctx = call.ctx();
        // 1. Let taRecord be ? ValidateIntegerTypedArray(typedArray, true).
        let array = WaitableArray::of(ctx, &call.value(0))?;
        // 3. If IsSharedArrayBuffer(buffer) is false, throw a TypeError exception.
        let unshared = || throw(ctx, ErrorKind::Type, "nobody else can see the array's memory");
        if !array.is_shared() {
            return Err(unshared());
        }
        // 4. Let i be ? ValidateAtomicAccess(taRecord, index).
        let place = array.element(&call.value(1))?.ok_or_else(unshared)?;
        // 6. If arrayTypeName is "BigInt64Array", let v be ? ToBigInt64(value).
        // 7. Else, let v be ? ToInt32(value).
        let expected = array.expected(&call.value(2))?;
        // 8. Let q be ? ToNumber(timeout).
        let Coerced(timeout_ms) = call.get::<Coerced<f64>>(3)?;
        // 10. If mode is sync and AgentCanSuspend() is false, throw a TypeError exception: every
        //     thread may, as in Node.
        Ok(Self { place, expected, timeout: Timeout::of_ms(timeout_ms) })
    }

    fn is_equal(&self) -> bool {
        self.place.holds(self.expected)
    }
}

impl Timeout {
    /// 9. If q is either NaN or +∞𝔽, let t be +∞; else if q is -∞𝔽, let t be 0; else let t be
    ///    max(ℝ(q), 0).
    fn of_ms(timeout_ms: f64) -> Self {
        if timeout_ms <= 0.0 {
            return Self::Now;
        }
        // What is no number, and what no clock reaches, is for ever.
        let timeout = Duration::try_from_secs_f64(timeout_ms / 1000.0).ok();
        timeout
            .and_then(|timeout| Instant::now().checked_add(timeout))
            .map_or(Self::Never, Self::At)
    }

    fn deadline(self) -> Option<Instant> {
        match self {
            Self::Never => None,
            Self::At(deadline) => Some(deadline),
            Self::Now => Some(Instant::now()),
        }
    }
}

/// <https://tc39.es/ecma262/#sec-atomics.wait>
fn wait<'js>(
    call: &Call<'_, 'js>,
    queue: &Arc<WaitQueue>,
    stopper: &Stopper,
) -> Result<Value<'js>> {
    let wanted = Wanted::read(call)?;
    let deadline = wanted.timeout.deadline();
    let waited = queue.wait(wanted.place.address(), || wanted.is_equal(), deadline, stopper);
    match waited {
        Waited::Woken => call.returns(WOKEN),
        Waited::NotEqual => call.returns(NOT_EQUAL),
        Waited::TimedOut => call.returns(TIMED_OUT),
        Waited::Stopped => Err(interrupt_error(call.ctx(), "the isolate was stopped")),
    }
}

/// <https://tc39.es/ecma262/#sec-atomics.waitasync>
fn wait_async<'js>(call: &Call<'_, 'js>, queue: &Arc<WaitQueue>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let wanted = Wanted::read(call)?;
    // 16.b. Let resultObject be OrdinaryObjectCreate(%Object.prototype%).
    let result = Object::new(ctx.clone())?;
    let begun = queue.wait_async(wanted.place.address(), || wanted.is_equal());
    let (is_async, value) = match (begun, wanted.timeout) {
        // 19. If v ≠ w, then …
        (None, _) => (false, call.returns(NOT_EQUAL)?),
        // 20. If t = 0 and mode is async, then …
        (Some(_), Timeout::Now) => (false, call.returns(TIMED_OUT)?),
        (Some(waiting), timeout) => {
            let (promise, resolve, _) = Promise::new(ctx)?;
            settle_later(ctx, waiting, timeout, &wanted, &resolve)?;
            (true, promise.into_value())
        }
    };
    define_value(&result, "async", is_async, Attributes::ALL)?;
    define_value(&result, "value", value, Attributes::ALL)?;
    Ok(result.into_value())
}

/// Resolves the promise when the waiting ends.
///
/// That keeps the program running only where it ends by itself: nobody else who could notify would
/// be left.
fn settle_later<'js>(
    ctx: &Ctx<'js>,
    waiting: AsyncWait,
    timeout: Timeout,
    wanted: &Wanted<'js>,
    resolve: &Function<'js>,
) -> Result<()> {
    let resolve = Root::<Function<'static>>::new(ctx, resolve.clone())?;
    // While somebody waits there, the address must not become another memory's.
    let buffer = Root::<Object<'static>>::new(ctx, wanted.place.buffer().clone())?;
    let deadline = timeout.deadline();
    let work = async move {
        let mut waiting = waiting;
        let Some(deadline) = deadline else {
            waiting.await;
            return WOKEN;
        };
        let ended = tokio::time::timeout_at(deadline.into(), &mut waiting).await;
        if ended.is_ok() || waiting.give_up() { WOKEN } else { TIMED_OUT }
    };
    let tasks = &host(ctx).tasks;
    let id = tasks.spawn(work, move |ctx, result| {
        drop(buffer);
        resolve.get::<Function<'_>>(ctx)?.call((result,))
    });
    tasks.set_keeps_alive(id, deadline.is_some());
    Ok(())
}

/// <https://tc39.es/ecma262/#sec-atomics.notify>
fn notify<'js>(call: &Call<'_, 'js>, queue: &Arc<WaitQueue>) -> Result<Value<'js>> {
    // 1. Let taRecord be ? ValidateIntegerTypedArray(typedArray, true).
    let array = WaitableArray::of(call.ctx(), &call.value(0))?;
    // 2. Let byteIndexInBuffer be ? ValidateAtomicAccess(taRecord, index).
    let place = array.element(&call.value(1))?;
    // 3. If count is undefined, let c be +∞. 4. Else, let intCount be ? ToIntegerOrInfinity(count);
    //    let c be max(intCount, 0).
    let count = match call.value(2) {
        count if count.is_undefined() => u32::MAX,
        _ => call.get::<Coerced<f64>>(2)?.0 as u32,
    };
    // 7. If IsSharedArrayBuffer(buffer) is false, return +0𝔽.
    let woken = place.map_or(0, |place| queue.notify(place.address(), count));
    call.returns(f64::from(woken))
}
