//! The `WebAssembly` namespace: <https://webassembly.github.io/spec/js-api/#webassembly-namespace>

use std::rc::Rc;
use std::sync::Arc;

use holm_host::host;
use holm_js::webidl::{self, Interface};
use holm_js::{
    Attributes, Call, Ctx, Function, Object, PredefinedAtom, Promise, Result, Root, Value,
    buffer_source, define_accessor, define_value, error_class, function, host_ref, take_exception,
    well_known_symbol,
};
use holm_wasm::{Module, Stopper, WaitQueue};

use crate::errors::{
    COMPILE_ERROR, LINK_ERROR, RUNTIME_ERROR, Refused, SUSPEND_ERROR, throw_compile,
};
use crate::exception::ExceptionObject;
use crate::global::GlobalObject;
use crate::instance::{self, InstanceObject, import_object, read_imports};
use crate::jspi::{self, SuspendingObject};
use crate::memory::MemoryObject;
use crate::module::{ModuleObject, compile};
use crate::module_source;
use crate::options::CompileOptions;
use crate::state::{EngineSource, State};
use crate::table::TableObject;
use crate::tag::{self, TagObject};
use crate::{atomics, esm};

/// Defines the global `WebAssembly`, and has `Atomics` wait in `waiters`. `source` is asked for the
/// engine when it is needed: one with the same waiters. `stopper` ends what modules run, and who
/// waits.
pub fn install(
    ctx: &Ctx<'_>,
    source: EngineSource,
    waiters: &Arc<WaitQueue>,
    stopper: &Stopper,
) -> Result<()> {
    State::of(ctx).set_engine_source(source, stopper);
    atomics::install(ctx, waiters, stopper)?;
    let namespace = Object::new(ctx.clone())?;
    let tag = well_known_symbol(ctx, PredefinedAtom::SymbolToStringTag)?;
    define_value(&namespace, tag, "WebAssembly", Attributes::CONFIGURABLE)?;
    let validate = function(ctx, "validate", 1, validate)?;
    define_value(&namespace, "validate", validate, Attributes::ALL)?;
    let compile = function(ctx, "compile", 1, |call| promised(call, compile_bytes))?;
    define_value(&namespace, "compile", compile, Attributes::ALL)?;
    let instantiate = function(ctx, "instantiate", 1, |call| promised(call, instantiate))?;
    define_value(&namespace, "instantiate", instantiate, Attributes::ALL)?;
    let promising =
        function(ctx, "promising", 1, |call| jspi::promising(call.ctx(), &call.value(0)))?;
    define_value(&namespace, "promising", promising, Attributes::ALL)?;
    let of_namespace = function(ctx, "namespaceInstance", 1, esm::namespace_instance)?;
    define_value(&namespace, "namespaceInstance", of_namespace, Attributes::ALL)?;
    let js_tag = function(ctx, "get JSTag", 0, |call| {
        let space = State::of(call.ctx()).space(call.ctx())?;
        tag::wrapper(call.ctx(), space.host_tag())
    })?;
    let shape = Attributes::ENUMERABLE | Attributes::CONFIGURABLE;
    define_accessor(&namespace, "JSTag", Some(&js_tag), None, shape)?;
    let module = define_interface::<ModuleObject>(&namespace)?;
    module_source::install(ctx, &module)?;
    define_interface::<InstanceObject>(&namespace)?;
    define_interface::<MemoryObject>(&namespace)?;
    define_interface::<TableObject>(&namespace)?;
    define_interface::<GlobalObject>(&namespace)?;
    define_interface::<TagObject>(&namespace)?;
    define_interface::<ExceptionObject>(&namespace)?;
    define_interface::<SuspendingObject>(&namespace)?;
    for name in [COMPILE_ERROR, LINK_ERROR, RUNTIME_ERROR, SUSPEND_ERROR] {
        define_value(&namespace, name, error_class(ctx, name)?, Attributes::BUILT_IN)?;
    }
    define_value(&ctx.globals(), "WebAssembly", namespace, Attributes::BUILT_IN)
}

fn define_interface<'js, T: Interface>(namespace: &Object<'js>) -> Result<Object<'js>> {
    let interface = webidl::interface_object::<T>(namespace.ctx())?;
    define_value(namespace, T::NAME, interface.clone(), Attributes::BUILT_IN)?;
    Ok(interface)
}

/// <https://webassembly.github.io/spec/js-api/#dom-webassembly-validate>
fn validate<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    // 1. Let stableBytes be a copy of the bytes held by the buffer bytes.
    let bytes = buffer_source(ctx, &call.value(0), "WebAssembly.validate(): argument 0")?;
    let what = "WebAssembly.validate(): the options";
    let options = CompileOptions::read(ctx, &call.value(1), what)?;
    // 2. Compile stableBytes as a WebAssembly module. 3. If module is error, return false.
    if holm_wasm::check(&bytes).is_err() {
        return call.returns(false);
    }
    if options.is_empty() {
        return call.returns(true);
    }
    // 6. If validating builtins and imported strings returns false, return false.
    let engine = State::of(ctx).engine(ctx)?;
    let module = Module::compile(&engine, bytes.into());
    call.returns(module.is_ok_and(|module| options.check(&module).is_ok()))
}

/// Runs the steps of an operation that returns a promise: what they throw, it is rejected with.
pub(crate) fn promised<'js>(
    call: &Call<'_, 'js>,
    steps: impl FnOnce(&Call<'_, 'js>, Settle) -> Result<()>,
) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let (promise, settle) = Settle::new(ctx)?;
    let again = settle.clone();
    if let Err(error) = steps(call, settle) {
        let reason = take_exception(ctx, error);
        again.reject(ctx, reason)?;
    }
    Ok(promise.into_value())
}

/// How a promise will be settled.
#[derive(Clone)]
pub(crate) struct Settle {
    resolve: Rc<Root<Function<'static>>>,
    reject: Rc<Root<Function<'static>>>,
}

impl Settle {
    pub(crate) fn new<'js>(ctx: &Ctx<'js>) -> Result<(Promise<'js>, Self)> {
        let (promise, resolve, reject) = Promise::new(ctx)?;
        let resolve = Rc::new(Root::new(ctx, resolve)?);
        let reject = Rc::new(Root::new(ctx, reject)?);
        Ok((promise, Self { resolve, reject }))
    }

    pub(crate) fn resolve<'js>(&self, ctx: &Ctx<'js>, value: Value<'js>) -> Result<()> {
        let resolve: Function<'js> = self.resolve.get(ctx)?;
        resolve.call((value,))
    }

    pub(crate) fn reject<'js>(&self, ctx: &Ctx<'js>, reason: Value<'js>) -> Result<()> {
        let reject: Function<'js> = self.reject.get(ctx)?;
        reject.call((reason,))
    }

    /// Resolves with what `steps` give, or rejects with what they throw.
    pub(crate) fn with<'js>(
        &self,
        ctx: &Ctx<'js>,
        steps: impl FnOnce() -> Result<Value<'js>>,
    ) -> Result<()> {
        match steps() {
            Ok(value) => self.resolve(ctx, value),
            Err(error) => {
                let reason = take_exception(ctx, error);
                self.reject(ctx, reason)
            }
        }
    }
}

/// <https://webassembly.github.io/spec/js-api/#dom-webassembly-compile>
fn compile_bytes(call: &Call<'_, '_>, settle: Settle) -> Result<()> {
    let ctx = call.ctx();
    let bytes = buffer_source(ctx, &call.value(0), "WebAssembly.compile(): argument 0")?;
    let what = "WebAssembly.compile(): the options";
    let options = CompileOptions::read(ctx, &call.value(1), what)?;
    asynchronously_compile(ctx, bytes, options, move |ctx, module| {
        settle.with(ctx, || {
            let module =
                module.map_err(|refused| throw_compile(ctx, "WebAssembly.compile()", &refused))?;
            Ok(webidl::new_object(ctx, module)?.into_value())
        })
    })
}

/// Modules of up to so many bytes are compiled where they are: a thread costs more.
const SMALL_MODULE_BYTES: usize = 16 << 10;

/// <https://webassembly.github.io/spec/js-api/#asynchronously-compile-a-webassembly-module>
pub(crate) fn asynchronously_compile(
    ctx: &Ctx<'_>,
    bytes: Vec<u8>,
    options: CompileOptions,
    then: impl for<'js> FnOnce(&Ctx<'js>, std::result::Result<ModuleObject, Refused>) -> Result<()>
    + 'static,
) -> Result<()> {
    let engine = State::of(ctx).engine(ctx)?;
    let bytes: Arc<[u8]> = bytes.into();
    let host = host(ctx);
    let for_module = options.clone();
    let finish = move |ctx: &Ctx<'_>, module: std::result::Result<Module, Refused>| {
        then(ctx, module.map(|module| ModuleObject::new(module, for_module)))
    };
    if bytes.len() <= SMALL_MODULE_BYTES {
        let work = async move { compile(&engine, bytes, &options) };
        host.tasks.spawn(work, finish);
        return Ok(());
    }
    let reactor = host.tasks.reactor().map_err(holm_js::Error::Io)?;
    let job = reactor.spawn_blocking(move || compile(&engine, bytes, &options));
    let work = async move { job.await.unwrap_or_else(|error| Err(error.to_string().into())) };
    host.tasks.spawn(work, finish);
    Ok(())
}

/// <https://webassembly.github.io/spec/js-api/#dom-webassembly-instantiate>, both overloads.
fn instantiate(call: &Call<'_, '_>, settle: Settle) -> Result<()> {
    let ctx = call.ctx();
    let prefix = "WebAssembly.instantiate()";
    let source = call.value(0);
    if let Some(module) = host_ref::<ModuleObject>(&source) {
        let what = "WebAssembly.instantiate(): argument 1";
        let import_object = import_object(ctx, &call.value(1), what)?;
        return asynchronously_instantiate(ctx, module.clone(), import_object.as_ref(), settle);
    }
    let what = "WebAssembly.instantiate(): argument 0";
    let bytes = buffer_source(ctx, &source, what)?;
    let what = "WebAssembly.instantiate(): argument 1";
    let imports = import_object(ctx, &call.value(1), what)?;
    let imports = imports.map(|imports| Root::<Object<'static>>::new(ctx, imports)).transpose()?;
    let what = "WebAssembly.instantiate(): the options";
    let options = CompileOptions::read(ctx, &call.value(2), what)?;
    asynchronously_compile(ctx, bytes, options, move |ctx, module| {
        settle.with(ctx, || {
            let module = module.map_err(|refused| throw_compile(ctx, prefix, &refused))?;
            let imports = imports.map(|imports| imports.get::<Object<'_>>(ctx)).transpose()?;
            instantiated_source(ctx, module, imports.as_ref(), prefix)
        })
    })
}

/// <https://webassembly.github.io/spec/js-api/#instantiate-a-promise-of-a-module>, for a module
/// that is there.
pub(crate) fn instantiated_source<'js>(
    ctx: &Ctx<'js>,
    module: ModuleObject,
    imports: Option<&Object<'js>>,
    prefix: &str,
) -> Result<Value<'js>> {
    let compiled = module.compiled().clone();
    let module = webidl::new_object(ctx, module)?;
    let imports = read_imports(ctx, &compiled, imports, prefix)?;
    let instance = instance::new_instance(ctx, &compiled, imports, prefix)?;
    // Let result be the WebAssemblyInstantiatedSource value «[ "module" → module, "instance" →
    // instance ]».
    let result = Object::new(ctx.clone())?;
    define_value(&result, "module", module, Attributes::ALL)?;
    define_value(&result, "instance", instance, Attributes::ALL)?;
    Ok(result.into_value())
}

/// <https://webassembly.github.io/spec/js-api/#asynchronously-instantiate-a-webassembly-module>
fn asynchronously_instantiate<'js>(
    ctx: &Ctx<'js>,
    module: ModuleObject,
    imports: Option<&Object<'js>>,
    settle: Settle,
) -> Result<()> {
    let prefix = "WebAssembly.instantiate()";
    let compiled = module.compiled().clone();
    // 5. Read the imports of module with imports importObject, and let imports be the result.
    let imports = read_imports(ctx, &compiled, imports, prefix)?.rooted(ctx)?;
    // 6. Queue a task to instantiate the core of the module.
    host(ctx).tasks.spawn(std::future::ready(()), move |ctx, ()| {
        settle.with(ctx, || {
            let imports = imports.unrooted(ctx)?;
            Ok(instance::new_instance(ctx, &compiled, imports, prefix)?.into_value())
        })
    });
    Ok(())
}
