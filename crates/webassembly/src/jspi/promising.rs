//! `WebAssembly.promising`, and the calls it makes.

use std::cell::RefCell;
use std::fmt;

use holm_js::{
    Call, Ctx, Error, Function, Graveyard, Held, HostObject, NativeCall, NativeFunction, Object,
    Promise, Result, Returned, Root, ScriptOrigin, Tracer, Value, bury, evaluate_script, function,
    host_object, host_ref, is_uncatchable, native_function, take_exception, throw_value,
};
use holm_wasm::{Progress, Suspension};

use crate::errors::{throw_range, throw_type};
use crate::exported_function::ExportedFunction;
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
        // 1. Let promise be a new PromiseCapability Record.
        let (promise, resolve, reject) = Promise::new(ctx)?;
        // 4. Perform ? AsyncFunctionStart(promise, runner).
        if let Err(error) = self.start(call, &resolve, &reject) {
            settle(ctx, Err(error), &resolve, &reject)?;
        }
        // 5. Return promise.
        Ok(Returned::Value(promise.into_value()))
    }
}

impl Promising {
    /// <https://webassembly.github.io/js-promise-integration/js-api/#evaluate-a-promising-function>
    fn start<'js>(
        &self,
        call: &NativeCall<'_, 'js>,
        resolve: &Function<'js>,
        reject: &Function<'js>,
    ) -> Result<()> {
        let ctx = call.ctx();
        let function: Value<'js> = self.function.get(ctx)?;
        let exported = host_ref::<ExportedFunction>(&function).ok_or(Error::Unknown)?;
        // 3. Let args be the result of coercing arguments (functype, arguments).
        let arguments = exported.read_arguments(call)?;
        let suspension =
            Suspension::new(exported.func()).map_err(|reason| throw_range(ctx, &reason))?;
        let inside = WaitingCall {
            state: self.state.clone(),
            suspension: RefCell::new(Some(suspension)),
            function: Held::new(&function),
            resolve: Held::new(resolve.as_value()),
            reject: Held::new(reject.as_value()),
        };
        let nothing = Object::new_proto(ctx.clone(), None)?;
        let object = host_object(ctx, &nothing, inside)?.into_value();
        // 8. Let (store, result) be the result of func_invoke(store, funcaddr, args).
        go_on(ctx, &object, |suspension| suspension.start(arguments))
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

/// Runs a call until it waits or ends, and settles its promise if it ended.
fn go_on<'js>(
    ctx: &Ctx<'js>,
    object: &Value<'js>,
    step: impl FnOnce(&mut Suspension) -> Progress,
) -> Result<()> {
    let call = host_ref::<WaitingCall>(object).ok_or(Error::Unknown)?;
    let Some(mut suspension) = call.suspension.take() else { return Ok(()) };
    let function: Value<'js> = call.function.get(ctx)?;
    let exported = host_ref::<ExportedFunction>(&function).ok_or(Error::Unknown)?;
    let waiting = call.state.waiting();
    waiting.running.borrow_mut().push(Root::new(ctx, object.clone())?);
    let loan = call.state.loan();
    let progress = loan.lend(ctx, Some(exported.func()), || step(&mut suspension));
    waiting.running.borrow_mut().pop();
    match progress {
        Progress::Waiting => {
            call.suspension.replace(Some(suspension));
            Ok(())
        }
        Progress::Ended(result) => {
            drop(suspension);
            let result = exported.result(ctx, result);
            // There if it ended before it looked.
            waiting.arrived.take();
            settle(ctx, result, &function_of(ctx, &call.resolve)?, &function_of(ctx, &call.reject)?)
        }
    }
}

fn function_of<'js>(ctx: &Ctx<'js>, held: &Held) -> Result<Function<'js>> {
    held.get(ctx)?.into_function().ok_or(Error::Unknown)
}

/// Steps 11 to 14: resolves the promise with the result, or rejects it with what was thrown.
fn settle<'js>(
    ctx: &Ctx<'js>,
    result: Result<Value<'js>>,
    resolve: &Function<'js>,
    reject: &Function<'js>,
) -> Result<()> {
    let (function, value) = match result {
        Ok(value) => (resolve, value),
        Err(error) => {
            let thrown = take_exception(ctx, error);
            // The end of a program is no result of a call.
            if is_uncatchable(&thrown) {
                return Err(throw_value(ctx, thrown));
            }
            (reject, thrown)
        }
    };
    function.call((value,))
}

/// The calls of a realm that run on stacks of their own, and for what they wait.
#[derive(Default)]
pub(crate) struct Waiting {
    /// Those that run now, innermost last.
    running: RefCell<Vec<Root<Value<'static>>>>,
    /// What the call that is resumed waited for, and whether that was thrown.
    arrived: RefCell<Option<(Root<Value<'static>>, bool)>>,
    /// Made when first needed.
    awaiting: RefCell<Option<Awaiting>>,
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
    /// Lets the innermost call be resumed when `value` is settled, which it is not before this
    /// returns.
    pub(crate) fn wait_for<'js>(&self, ctx: &Ctx<'js>, value: Value<'js>) -> Result<()> {
        let call: Value<'js> = self.running.borrow().last().ok_or(Error::Unknown)?.get(ctx)?;
        let (awaits, resume) = self.awaiting(ctx)?;
        awaits.call::<_, ()>((value, call, resume))?;
        // PromiseResolve threw.
        if self.arrived.borrow().is_some() {
            self.arrived(ctx)?;
        }
        Ok(())
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
        go_on(ctx, &object, Suspension::resume)?;
    }
    call.returns(Value::new_undefined(ctx.clone()))
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("running", &self.running.borrow().len()).finish()
    }
}
