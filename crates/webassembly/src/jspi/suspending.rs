//! `WebAssembly.Suspending`, and what a module imports for one.

use std::convert::Infallible;

use holm_js::webidl::{self, Definition, Interface};
use holm_js::{Ctx, Held, HostObject, Result, Tracer, Value, throw_class};
use holm_wasm::Value as WasmValue;
use holm_wasm::{CannotWait, Group, SuspendingFunction, Thrown};

use crate::errors::{SUSPEND_ERROR, throw_type};
use crate::host_function::ImportedFunction;
use crate::state::State;

/// The inside of a Suspending object.
pub(crate) struct SuspendingObject {
    /// \[\[WrappedFunction\]\]
    function: Held,
}

impl HostObject for SuspendingObject {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.function);
    }
}

impl Interface for SuspendingObject {
    const NAME: &'static str = "Suspending";
    const CLASS_STRING: &'static str = "WebAssembly.Suspending";

    /// <https://webassembly.github.io/js-promise-integration/js-api/#dom-suspending-suspending>
    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members.constructor(1, |call| {
            let function = call.value(0);
            // 1. If IsCallable(jsFun) is false, throw a TypeError.
            if !function.is_function() {
                let text = "WebAssembly.Suspending(): argument 0 must be a function";
                return Err(throw_type(call.ctx(), text));
            }
            webidl::construct(call, Self { function: Held::new(&function) })
        });
        Ok(())
    }
}

impl SuspendingObject {
    /// A new one, for a function.
    pub(crate) fn marking<'js>(ctx: &Ctx<'js>, function: &Value<'js>) -> Result<Value<'js>> {
        Ok(webidl::new_object(ctx, Self { function: Held::new(function) })?.into_value())
    }

    /// \[\[WrappedFunction\]\]
    pub(crate) fn function<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        self.function.get(ctx)
    }
}

/// A function of script for whose promise the module waits.
///
/// <https://webassembly.github.io/js-promise-integration/js-api/#create-a-suspending-function>
pub(crate) struct SuspendingImport {
    function: ImportedFunction,
    state: State,
}

impl SuspendingImport {
    pub(crate) fn new(function: ImportedFunction, state: State) -> Self {
        Self { function, state }
    }
}

impl SuspendingFunction for SuspendingImport {
    fn begin(&self, _group: &Group, arguments: Vec<WasmValue>) -> std::result::Result<(), Thrown> {
        self.function.passage().run(|ctx| {
            // 10. Let ret be Completion(Call(func, undefined, jsArguments)).
            let ret = self.function.call_script(ctx, &arguments)?;
            // 15. Otherwise, await its value.
            self.state.waiting().wait_for(ctx, ret.value())
        })
    }

    fn end(&self, _group: &Group) -> std::result::Result<Vec<WasmValue>, Thrown> {
        self.function.passage().run(|ctx| {
            // 15.4.7. If awaitResult is a throw completion, throw its value.
            let result = self.state.waiting().arrived(ctx)?;
            // 15.4.8. Otherwise, return the result of coerce a JavaScript return.
            self.function.results(ctx, &result)
        })
    }

    fn refuse(&self, why: CannotWait) -> Thrown {
        // 5. If the entry for async_context in map is not active, throw a SuspendError.
        let text = match why {
            CannotWait::NotSuspendable => {
                "a call of a WebAssembly.Suspending import cannot wait: the exported function was \
                 not called through WebAssembly.promising"
            }
            CannotWait::HostBetween => {
                "a call of a WebAssembly.Suspending import cannot wait: JavaScript, or modules \
                 that are linked only by functions, are between it and WebAssembly.promising"
            }
        };
        let thrown = self
            .function
            .passage()
            .run(|ctx| -> Result<Infallible> { Err(throw_class(ctx, SUSPEND_ERROR, text)) });
        match thrown {
            Err(thrown) => thrown,
            Ok(never) => match never {},
        }
    }
}
