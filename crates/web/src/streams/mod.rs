//! The Streams standard: `ReadableStream`, `WritableStream`, `TransformStream` and all around them.
//!
//! <https://streams.spec.whatwg.org/>. It is JavaScript, in `js/streams/`, compiled when Holm is
//! built; here is what that is given, and how its interfaces become globals.

mod transfer;

use std::cell::RefCell;

use holm_js::webidl::interface_object;
use holm_js::{
    Attributes, Call, Ctx, Error, ErrorKind, Function, Object, Result, Root, Value, coded_error,
    define_lazy, function, run_bytecode, slot, take_exception,
};

use crate::abort::{AbortController, AbortSignal};
use crate::compression;
use crate::encoding::{TextDecoder, TextEncoder};
use crate::events::EventTarget;
use crate::messaging::MessagePort;
use crate::node_errors::invalid_argument;
use crate::structured_clone::data_clone_error;

pub(crate) use transfer::StreamKind;

/// What the scripts have made, once a script has asked for any of it.
#[derive(Default)]
struct Made(RefCell<Option<Root<Object<'static>>>>);

/// The scripts of `js/streams/`.
macro_rules! parts {
    ($($name:literal),* $(,)?) => {
        fn bytecode(name: &str) -> Option<&'static [u8]> {
            match name {
                $($name => Some(include_bytes!(
                    concat!(env!("OUT_DIR"), "/streams/", $name, ".bytecode")
                )),)*
                _ => None,
            }
        }
    };
}

parts!(
    "base",
    "bodies",
    "byte_controller",
    "compression",
    "index",
    "iteration",
    "pipe",
    "readable",
    "readable_bytes",
    "readable_default",
    "readable_stream",
    "signals",
    "strategies",
    "tee",
    "text",
    "transfer",
    "transform",
    "views",
    "writable",
    "writer",
);

/// Defines the interfaces.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    macro_rules! define {
        ($($name:literal),* $(,)?) => {
            $(define_lazy(&ctx.globals(), $name, Attributes::BUILT_IN, |ctx| {
                made(ctx)?.get($name)
            })?;)*
        };
    }
    define!(
        "ByteLengthQueuingStrategy",
        "CompressionStream",
        "CountQueuingStrategy",
        "DecompressionStream",
        "ReadableByteStreamController",
        "ReadableStream",
        "ReadableStreamBYOBReader",
        "ReadableStreamBYOBRequest",
        "ReadableStreamDefaultController",
        "ReadableStreamDefaultReader",
        "TextDecoderStream",
        "TextEncoderStream",
        "TransformStream",
        "TransformStreamDefaultController",
        "WritableStream",
        "WritableStreamDefaultController",
        "WritableStreamDefaultWriter",
    );
    Ok(())
}

/// All that the scripts give, made on first use.
pub(crate) fn made<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let slot = slot::<Made>(ctx);
    if let Some(made) = &*slot.0.borrow() {
        return made.get(ctx);
    }
    let made = run(ctx, "index", natives(ctx)?.into_value())?;
    let made = made.into_object().ok_or(Error::Unknown)?;
    slot.0.replace(Some(Root::new(ctx, made.clone())?));
    Ok(made)
}

/// Whether it is a `ReadableStream`.
pub(crate) fn is_readable<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<bool> {
    // OPTIMIZATION: nobody has one before the scripts ran.
    if slot::<Made>(ctx).0.borrow().is_none() || !value.is_object() {
        return Ok(false);
    }
    body_helper(ctx, "isStream")?.call((value.clone(),))
}

/// Whether an object is a stream, a reader, or another of the interfaces here.
pub(crate) fn is_platform_object<'js>(ctx: &Ctx<'js>, object: &Object<'js>) -> Result<bool> {
    if slot::<Made>(ctx).0.borrow().is_none() {
        return Ok(false);
    }
    made(ctx)?.get::<_, Function<'js>>("isPlatformObject")?.call((object.clone(),))
}

/// One of the functions of `js/streams/bodies.js`.
pub(crate) fn body_helper<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Function<'js>> {
    made(ctx)?.get::<_, Object<'js>>("bodies")?.get(name)
}

/// What a part makes of what it is given.
fn run<'js>(ctx: &Ctx<'js>, part: &str, given: Value<'js>) -> Result<Value<'js>> {
    let script: Function<'js> = run_bytecode(ctx, bytecode(part).ok_or(Error::Unknown)?)?
        .into_function()
        .ok_or(Error::Unknown)?;
    script.call((given,))
}

fn natives<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let natives = Object::new(ctx.clone())?;
    natives.set(
        "part",
        function(ctx, "part", 2, |call| run(call.ctx(), &call.get::<String>(0)?, call.value(1)))?,
    )?;
    natives.set("codedError", function(ctx, "codedError", 3, made_error)?)?;
    let refusal = function(ctx, "invalidArgument", 3, |call| {
        let (name, expected): (String, String) = (call.get(0)?, call.get(1)?);
        let error = invalid_argument(call.ctx(), &name, &expected, &call.value(2));
        Ok(take_exception(call.ctx(), error))
    })?;
    natives.set("invalidArgument", refusal)?;
    natives.set("AbortController", interface_object::<AbortController>(ctx)?)?;
    natives.set("AbortSignal", interface_object::<AbortSignal>(ctx)?)?;
    natives.set("EventTarget", interface_object::<EventTarget>(ctx)?)?;
    define_lazy(&natives, "MessagePort", Attributes::ALL, |ctx| {
        Ok(interface_object::<MessagePort>(ctx)?.into_value())
    })?;
    let refusal = function(ctx, "DataCloneError", 1, |call| {
        let error = data_clone_error(call.ctx(), &call.get::<String>(0)?);
        Ok(take_exception(call.ctx(), error))
    })?;
    natives.set("DataCloneError", refusal)?;
    natives.set("TextDecoder", interface_object::<TextDecoder>(ctx)?)?;
    natives.set("TextEncoder", interface_object::<TextEncoder>(ctx)?)?;
    compression::natives(ctx, &natives)?;
    Ok(natives)
}

/// An error of the class of that name, with a code as Node has it.
fn made_error<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (class, code, message): (String, String, String) =
        (call.get(0)?, call.get(1)?, call.get(2)?);
    let kind = if class == "RangeError" { ErrorKind::Range } else { ErrorKind::Type };
    Ok(coded_error(call.ctx(), kind, &code, &message)?.into_value())
}
