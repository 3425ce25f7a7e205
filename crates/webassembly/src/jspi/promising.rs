//! `WebAssembly.promising`, and the calls it makes.

use std::cell::RefCell;
use std::fmt;

use holm_js::{
    Call, Ctx, Error, Function, Graveyard, Held, HostObject, NativeCall, NativeFunction, Object,
    Promise, PromiseState, Result, Returned, Root, ScriptOrigin, Tracer, Value, bury, enqueue_call,
    evaluate_script, function, host_object, host_ref, is_uncatchable, mark_handled,
    native_function, promise_rejected, promise_resolve, promise_result, take_exception,
    throw_value,
};
use holm_wasm::{Func, Progress, Suspension};

use crate::errors::{throw_range, throw_type};
use crate::exported_function::{ExportedFunction, wrapper};
use crate::state::State;

/// <https://webassembly.github.io/js-promise-integration/js-api/#dom-webassembly-promising>
pub(crate) fn promising<'js>(ctx: &Ctx<'js>, wasm_func: &Value<'js>) -> Result<Value<'js>> {
    // 1. If IsCallable(wasmFunc) is false, throw a TypeError.
    if !wasm_func.is_function() {
        let text = "WebAssembly.promising(): argument 0 must be a function";
        return Err(throw_type(ctx, text));
    }
    // 2. If wasmFunc does not have a [[FunctionAddress]] internal slot, throw a TypeError.
    let Some(exported) = host_ref::<ExportedFunction>(wasm_func) else {
        let text = "WebAssembly.promising(): argument 0 must be a WebAssembly exported function";
        return Err(throw_type(ctx, text));
    };
    // 4. Return CreateBuiltinFunction(builder, 1, "", « »).
    let inside = Promising { state: exported.state().clone(), function: Held::new(wasm_func) };
    Ok(native_function(ctx, "", 1, inside)?.into_value())
}

/// The inside of a function that `promising` gave.
struct Promising {
    state: State,
    function: Held,
}

impl HostObject for Promising {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.function);
    }
}

impl NativeFunction for Promising {
    /// <https://webassembly.github.io/js-promise-integration/js-api/#run-a-promising-function>
    fn call<'js>(&self, call: &NativeCall<'_, 'js>) -> Result<Returned<'js>> {
        let ctx = call.ctx();
        // Calls that were collected since have stacks, and a loop leaves no scope.
        bury(ctx);
        let promise = match self.start(call) {
            Ok(Begun::Waiting(promise)) => promise,
            // OPTIMIZATION: a promise of what cannot have a `then` is made when that is known.
            Ok(Begun::Ended(value)) if !value.is_object() => {
                promise_resolve(ctx, &value)?.into_value()
            }
            Ok(Begun::Ended(value)) => {
                let (promise, resolve, _) = Promise::new(ctx)?;
                resolve.call::<_, ()>((value,))?;
                promise.into_value()
            }
            Err(error) => promise_rejected(ctx, &thrown(ctx, error)?)?.into_value(),
        };
        // 5. Return promise.
        Ok(Returned::Value(promise))
    }
}

/// How far a call came at once.
enum Begun<'js> {
    /// It waits, and this is its promise.
    Waiting(Value<'js>),
    Ended(Value<'js>),
}

impl Promising {
    /// <https://webassembly.github.io/js-promise-integration/js-api/#evaluate-a-promising-function>
    fn start<'js>(&self, call: &NativeCall<'_, 'js>) -> Result<Begun<'js>> {
        let ctx = call.ctx();
        let function: Value<'js> = self.function.get(ctx)?;
        let exported = host_ref::<ExportedFunction>(&function).ok_or(Error::Unknown)?;
        // 3. Let args be the result of coercing arguments (functype, arguments).
        let arguments = exported.read_arguments(call)?;
        let made = Suspension::new(exported.func());
        let mut suspension = made.map_err(|reason| {
            throw_range(ctx, &format!("a promising function cannot be called: {reason}"))
        })?;
        let running = RunningCall::Fresh(exported.func().clone());
        // 8. Let (store, result) be the result of func_invoke(store, funcaddr, args).
        let (progress, running) =
            self.state.waiting().run(ctx, exported, running, || suspension.start(arguments));
        match (progress, running) {
            (Progress::Ended(result), _) => Ok(Begun::Ended(exported.result(ctx, result)?)),
            (Progress::Waiting, Some(RunningCall::Waiting { object, promise })) => {
                let object: Value<'js> = object.get(ctx)?;
                let call = host_ref::<WaitingCall>(&object).ok_or(Error::Unknown)?;
                call.suspension.replace(Some(suspension));
                Ok(Begun::Waiting(promise.get(ctx)?))
            }
            // What waits has asked for something before, and got an object for that.
            (Progress::Waiting, _) => Err(Error::Unknown),
        }
    }
}

/// The inside of the object that stands for a call on a stack of its own. Script never sees it.
struct WaitingCall {
    state: State,
    /// There while it waits.
    suspension: RefCell<Option<Suspension>>,
    function: Held,
    resolve: Held,
    reject: Held,
}

impl HostObject for WaitingCall {
    fn trace(&self, tracer: &Tracer<'_>) {
        for held in [&self.function, &self.resolve, &self.reject] {
            tracer.mark(held);
        }
    }

    fn finalize(self, graveyard: &Graveyard) {
        // With it goes what is on its stack.
        graveyard.push(self.suspension);
    }
}

/// Resumes a call, and settles its promise if it ended.
fn go_on<'js>(ctx: &Ctx<'js>, object: &Value<'js>) -> Result<()> {
    let call = host_ref::<WaitingCall>(object).ok_or(Error::Unknown)?;
    let Some(mut suspension) = call.suspension.take() else { return Ok(()) };
    let function: Value<'js> = call.function.get(ctx)?;
    let exported = host_ref::<ExportedFunction>(&function).ok_or(Error::Unknown)?;
    let waiting = call.state.waiting();
    let running = RunningCall::Resumed(Root::new(ctx, object.clone())?);
    let (progress, _) = waiting.run(ctx, exported, running, || suspension.resume());
    let Progress::Ended(result) = progress else {
        call.suspension.replace(Some(suspension));
        return Ok(());
    };
    drop(suspension);
    // There if it ended before it looked.
    waiting.arrived.take();
    // Steps 11 to 14: resolve the promise with the result, or reject it with what was thrown.
    let (settle, value) = match exported.result(ctx, result) {
        Ok(value) => (&call.resolve, value),
        Err(error) => (&call.reject, thrown(ctx, error)?),
    };
    let settle: Value<'js> = settle.get(ctx)?;
    settle.into_function().ok_or(Error::Unknown)?.call((value,))
}

/// What was thrown, unless that is the end of the program: then it is no result of a call.
fn thrown<'js>(ctx: &Ctx<'js>, error: Error) -> Result<Value<'js>> {
    let thrown = take_exception(ctx, error);
    if is_uncatchable(&thrown) { Err(throw_value(ctx, thrown)) } else { Ok(thrown) }
}

/// The calls of a realm that run on stacks of their own, and for what they wait.
#[derive(Default)]
pub(crate) struct Waiting {
    /// Those that run now, innermost last.
    running: RefCell<Vec<RunningCall>>,
    /// What the call that is resumed waited for, and whether that was thrown.
    arrived: RefCell<Option<(Root<Value<'static>>, bool)>>,
    /// Made when first needed, as is the next.
    awaiting: RefCell<Option<Awaiting>>,
    prototype: RefCell<Option<Root<Object<'static>>>>,
}

/// A call as the function finds it for which it is going to wait.
enum RunningCall {
    /// It has not waited yet.
    Fresh(Func),
    /// It waits for the first time: the object that stands for it, and its promise.
    Waiting { object: Root<Value<'static>>, promise: Root<Value<'static>> },
    /// It was resumed: the object that stands for it.
    Resumed(Root<Value<'static>>),
}

/// The functions with which script awaits for a call.
struct Awaiting {
    awaits: Root<Function<'static>>,
    resume: Root<Function<'static>>,
}

/// `await` itself, which nothing that script may replace plays a part in.
const AWAIT: &str = "(async (value, call, resume) => {
    let result;
    try { result = await value } catch (reason) { return resume(call, reason, true) }
    resume(call, result, false);
})";

impl Waiting {
    fn run(
        &self,
        ctx: &Ctx<'_>,
        exported: &ExportedFunction,
        running: RunningCall,
        step: impl FnOnce() -> Progress,
    ) -> (Progress, Option<RunningCall>) {
        self.running.borrow_mut().push(running);
        let progress = exported.state().loan().lend(ctx, Some(exported.func()), step);
        (progress, self.running.borrow_mut().pop())
    }

    /// Lets the innermost call be resumed when `value` is settled: in a job, and so not before
    /// this returns. What PromiseResolve throws is thrown here.
    pub(crate) fn wait_for<'js>(&self, ctx: &Ctx<'js>, value: Value<'js>) -> Result<()> {
        let call = self.running_object(ctx)?;
        let (awaits, resume) = self.awaiting(ctx)?;
        let no = Value::new_bool(ctx.clone(), false);
        // OPTIMIZATION: of what is no object there is no promise to be seen.
        if !value.is_object() {
            return enqueue_call(ctx, &resume, &[call, value, no]);
        }
        // 15.1. Let prRet be PromiseResolve(%Promise%, ret.[[Value]]).
        let promise = promise_resolve(ctx, &value)?;
        // OPTIMIZATION: the reaction to a promise that is fulfilled is a job of its own.
        if promise.state() == PromiseState::Resolved {
            let result = promise_result(&promise);
            return enqueue_call(ctx, &resume, &[call, result, no]);
        }
        // 15.4.3. Let awaitResult be Completion(Await(promise)).
        let awaiting: Promise<'js> = awaits.call((promise, call, resume))?;
        // The engine's `await` throws what the promise's `constructor` does past its own `try`.
        if awaiting.state() == PromiseState::Rejected {
            mark_handled(&awaiting);
            return Err(throw_value(ctx, promise_result(&awaiting)));
        }
        Ok(())
    }

    /// The object that stands for the innermost call.
    fn running_object<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let function: Value<'js> = match self.running.borrow().last() {
            // Script holds it, which called it.
            Some(RunningCall::Fresh(func)) => wrapper(ctx, func)?,
            Some(RunningCall::Waiting { object, .. } | RunningCall::Resumed(object)) => {
                return object.get(ctx);
            }
            None => return Err(Error::Unknown),
        };
        let exported = host_ref::<ExportedFunction>(&function).ok_or(Error::Unknown)?;
        let (promise, resolve, reject) = Promise::new(ctx)?;
        let inside = WaitingCall {
            state: exported.state().clone(),
            suspension: RefCell::new(None),
            function: Held::new(&function),
            resolve: Held::new(resolve.as_value()),
            reject: Held::new(reject.as_value()),
        };
        let object = host_object(ctx, &self.no_prototype(ctx)?, inside)?.into_value();
        let (kept, promise) =
            (Root::new(ctx, object.clone())?, Root::new(ctx, promise.into_value())?);
        if let Some(running) = self.running.borrow_mut().last_mut() {
            *running = RunningCall::Waiting { object: kept, promise };
        }
        Ok(object)
    }

    /// What such objects inherit from, which nobody sees.
    fn no_prototype<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        if let Some(made) = &*self.prototype.borrow() {
            return made.get(ctx);
        }
        let made = Object::new_proto(ctx.clone(), None)?;
        self.prototype.replace(Some(Root::new(ctx, made.clone())?));
        Ok(made)
    }

    /// What arrived for the call that was resumed.
    pub(crate) fn arrived<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let (value, is_thrown) = self.arrived.take().ok_or(Error::Unknown)?;
        let value: Value<'js> = value.get(ctx)?;
        if is_thrown { Err(throw_value(ctx, value)) } else { Ok(value) }
    }

    fn awaiting<'js>(&self, ctx: &Ctx<'js>) -> Result<(Function<'js>, Function<'js>)> {
        if let Some(Awaiting { awaits, resume }) = &*self.awaiting.borrow() {
            return Ok((awaits.get(ctx)?, resume.get(ctx)?));
        }
        let awaits = evaluate_script(ctx, AWAIT, ScriptOrigin::new("holm:jspi"))?;
        let awaits = awaits.into_function().ok_or(Error::Unknown)?;
        let resume = function(ctx, "", 3, resume)?;
        let made = Awaiting {
            awaits: Root::new(ctx, awaits.clone())?,
            resume: Root::new(ctx, resume.clone())?,
        };
        self.awaiting.replace(Some(made));
        Ok((awaits, resume))
    }
}

/// `resume(call, value, isThrown)`
fn resume<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let object = call.value(0);
    if let Some(waiting) = host_ref::<WaitingCall>(&object) {
        let is_thrown = call.value(2).as_bool().unwrap_or_default();
        let arrived = (Root::new(ctx, call.value(1))?, is_thrown);
        waiting.state.waiting().arrived.replace(Some(arrived));
        go_on(ctx, &object)?;
    }
    call.returns(Value::new_undefined(ctx.clone()))
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("running", &self.running.borrow().len()).finish()
    }
}
