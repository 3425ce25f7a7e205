//! Streaming: <https://webassembly.github.io/spec/web-api/#streaming-modules>
//!
//! What a `Response` is, is not this crate's to know: a host that has them says how to ask one
//! ([`install_streaming`]).

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use bytes::Bytes;
use holm_host::host;
use holm_js::webidl;
use holm_js::{
    Attributes, Call, Ctx, Error, Function, Object, Result, Root, Value, define_value, function,
    take_exception,
};
use holm_wasm::Module;

use crate::errors::{Refused, throw_compile, throw_type};
use crate::instance::import_object;
use crate::module::ModuleObject;
use crate::namespace::{Settle, instantiated_source, promised};
use crate::options::CompileOptions;
use crate::state::State;

/// Finds the response inside of a value of script.
pub type ResponseSource = Rc<dyn Fn(&Value<'_>) -> Option<Box<dyn Response>>>;

/// What is asked of a response.
pub trait Response {
    /// Where it came from, for messages.
    fn url(&self) -> String;
    /// The value of its `Content-Type`, without white space around it.
    fn content_type(&self) -> Option<Vec<u8>>;
    /// Whether script of this origin may read it.
    fn is_cors_same_origin(&self) -> bool;
    /// Its status, and whether that is an ok status.
    fn status(&self) -> (u16, bool);
    /// Takes its body, or throws what reading it would.
    fn take_body(&self, ctx: &Ctx<'_>) -> Result<Box<dyn Body>>;
}

/// A body that arrives.
pub trait Body {
    /// The next bytes; `None` at the end.
    fn next(&mut self) -> NextChunk<'_>;
}

/// What [`Body::next`] gives. A failure throws what it means.
pub type NextChunk<'a> =
    Pin<Box<dyn Future<Output = std::result::Result<Option<Bytes>, BodyFailure>> + 'a>>;

/// Throws why a body ended early.
pub type BodyFailure = Box<dyn FnOnce(&Ctx<'_>) -> Error>;

/// Defines `compileStreaming` and `instantiateStreaming`.
pub fn install_streaming(ctx: &Ctx<'_>, source: ResponseSource) -> Result<()> {
    let namespace: Value<'_> = ctx.globals().get("WebAssembly")?;
    let Some(namespace) = namespace.into_object() else { return Ok(()) };
    let responses = source.clone();
    let compile = function(ctx, "compileStreaming", 1, move |call| {
        promised(call, |call, settle| compile_streaming(call, settle, &responses))
    })?;
    define_value(&namespace, "compileStreaming", compile, Attributes::ALL)?;
    let instantiate = function(ctx, "instantiateStreaming", 1, move |call| {
        promised(call, |call, settle| instantiate_streaming(call, settle, &source))
    })?;
    define_value(&namespace, "instantiateStreaming", instantiate, Attributes::ALL)
}

/// <https://webassembly.github.io/spec/web-api/#dom-webassembly-compilestreaming>
fn compile_streaming(
    call: &Call<'_, '_>,
    settle: Settle,
    responses: &ResponseSource,
) -> Result<()> {
    let ctx = call.ctx();
    let prefix = "WebAssembly.compileStreaming()";
    let options = CompileOptions::read(ctx, &call.value(1), &format!("{prefix}: the options"))?;
    let job = Job { prefix, options, settle: settle.clone() };
    compile_response(ctx, &call.value(0), responses, job, move |ctx, module| {
        Ok(webidl::new_object(ctx, module)?.into_value())
    })
}

/// <https://webassembly.github.io/spec/web-api/#dom-webassembly-instantiatestreaming>
fn instantiate_streaming(
    call: &Call<'_, '_>,
    settle: Settle,
    responses: &ResponseSource,
) -> Result<()> {
    let ctx = call.ctx();
    let prefix = "WebAssembly.instantiateStreaming()";
    let imports = import_object(ctx, &call.value(1), &format!("{prefix}: argument 1"))?;
    let imports = imports.map(|imports| Root::<Object<'static>>::new(ctx, imports)).transpose()?;
    let options = CompileOptions::read(ctx, &call.value(2), &format!("{prefix}: the options"))?;
    let job = Job { prefix, options, settle: settle.clone() };
    compile_response(ctx, &call.value(0), responses, job, move |ctx, module| {
        let imports = imports.as_ref().map(|imports| imports.get::<Object<'_>>(ctx)).transpose()?;
        instantiated_source(ctx, module, imports.as_ref(), prefix)
    })
}

/// One call of either.
#[derive(Clone)]
struct Job {
    prefix: &'static str,
    options: CompileOptions,
    settle: Settle,
}

/// <https://webassembly.github.io/spec/web-api/#compile-a-potential-webassembly-response>, to the
/// promise that `then` makes the result of.
fn compile_response<'js, F>(
    ctx: &Ctx<'js>,
    source: &Value<'js>,
    responses: &ResponseSource,
    job: Job,
    then: F,
) -> Result<()>
where
    F: for<'a> Fn(&Ctx<'a>, ModuleObject) -> Result<Value<'a>> + 'static,
{
    let (then, responses) = (Rc::new(then), responses.clone());
    let rejected = job.settle.clone();
    // 2. React to source:
    let (promise, own) = Settle::new(ctx)?;
    own.resolve(ctx, source.clone())?;
    //  * If source was fulfilled with value unwrappedSource:
    let fulfil = function(ctx, "", 1, move |call| {
        let ctx = call.ctx();
        if let Err(error) = take_response(ctx, &call.value(0), &responses, &job, &then) {
            let reason = take_exception(ctx, error);
            job.settle.reject(ctx, reason)?;
        }
        call.undefined()
    })?;
    //  * If source was rejected with reason: reject returnValue with reason.
    let reject = function(ctx, "", 1, move |call| {
        rejected.reject(call.ctx(), call.value(0))?;
        call.undefined()
    })?;
    let react: Function<'js> = promise.get("then")?;
    react.call::<_, Value<'js>>((holm_js::This(promise), fulfil, reject)).map(drop)
}

fn take_response<F>(
    ctx: &Ctx<'_>,
    value: &Value<'_>,
    responses: &ResponseSource,
    job: &Job,
    then: &Rc<F>,
) -> Result<()>
where
    F: for<'a> Fn(&Ctx<'a>, ModuleObject) -> Result<Value<'a>> + 'static,
{
    let prefix = job.prefix;
    let refuse = |reason: &str| throw_type(ctx, &format!("{prefix}: {reason}"));
    // 1. Let response be unwrappedSource's response.
    let response = responses(value)
        .ok_or_else(|| refuse("argument 0 is no Response, nor a promise of one"))?;
    // 2. Let mimeType be the result of getting `Content-Type`. 3. If it is null, reject.
    let Some(mime_type) = response.content_type() else {
        return Err(refuse(&format!(
            "the response {:?} has no Content-Type; application/wasm is wanted",
            response.url()
        )));
    };
    // 5. If mimeType is not a byte-case-insensitive match for `application/wasm`, reject.
    if !mime_type.eq_ignore_ascii_case(b"application/wasm") {
        let given = String::from_utf8_lossy(&mime_type);
        return Err(refuse(&format!(
            "the response {:?} is of type {given:?}; application/wasm is wanted",
            response.url()
        )));
    }
    // 6. If response is not CORS-same-origin, reject.
    if !response.is_cors_same_origin() {
        return Err(refuse("the response may not be read"));
    }
    // 7. If response's status is not an ok status, reject.
    let (status, is_ok) = response.status();
    if !is_ok {
        return Err(refuse(&format!("the response {:?} has status {status}", response.url())));
    }
    // 8. Consume response's body as an ArrayBuffer.
    let url = response.url();
    let body = response.take_body(ctx)?;
    start(ctx, body, url, job, then.clone())
}

/// Why there is no module.
enum Problem {
    Invalid(Refused),
    Body(BodyFailure),
}

/// Validates what arrives as it arrives, and compiles it then.
fn start<F>(
    ctx: &Ctx<'_>,
    mut body: Box<dyn Body>,
    url: String,
    job: &Job,
    then: Rc<F>,
) -> Result<()>
where
    F: for<'a> Fn(&Ctx<'a>, ModuleObject) -> Result<Value<'a>> + 'static,
{
    let engine = State::of(ctx).engine(ctx)?;
    let host = host(ctx);
    let reactor = host.tasks.reactor().map_err(Error::Io)?.handle().clone();
    let Job { prefix, options, settle } = job.clone();
    let for_compiler = options.clone();
    let work = async move {
        let mut validator = engine.streaming_validator();
        let invalid = |error: holm_wasm::Invalid| Problem::Invalid(error.into());
        while let Some(chunk) = body.next().await.map_err(Problem::Body)? {
            validator.push(&chunk).map_err(invalid)?;
        }
        let job = reactor.spawn_blocking(move || {
            let module = Module::compile_streamed(&engine, validator)?;
            for_compiler.check(&module)?;
            Ok(module)
        });
        let compiled = job.await.unwrap_or_else(|error| Err(error.to_string().into()));
        compiled.map_err(Problem::Invalid)
    };
    host.tasks.spawn(work, move |ctx, result: std::result::Result<_, Problem>| {
        settle.with(ctx, || match result {
            Ok(module) => {
                // One that script made has none.
                if !url.is_empty() {
                    module.set_source(&url);
                }
                then(ctx, ModuleObject::new(module, options))
            }
            Err(Problem::Invalid(refused)) => Err(throw_compile(ctx, prefix, &refused)),
            Err(Problem::Body(failure)) => Err(failure(ctx)),
        })
    });
    Ok(())
}
