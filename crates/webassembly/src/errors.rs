//! Errors of the interface.

use holm_js::{
    Ctx, Error, ErrorKind, Object, Result, Value, class_error, error, keep_frames, throw,
    throw_class, throw_value,
};
use holm_wasm::{Failure, Func, TrapKind};

use crate::values::host_value;
use crate::{exception, frames};

/// Of bytes that are no module. The name of its class.
pub const COMPILE_ERROR: &str = "CompileError";
/// Of imports that are not what a module wants. The name of its class.
pub const LINK_ERROR: &str = "LinkError";
/// Of what a module did that it may not. The name of its class.
pub const RUNTIME_ERROR: &str = "RuntimeError";

pub(crate) fn throw_compile(ctx: &Ctx<'_>, message: &str) -> Error {
    throw_class(ctx, COMPILE_ERROR, message)
}

pub(crate) fn throw_link(ctx: &Ctx<'_>, message: &str) -> Error {
    throw_class(ctx, LINK_ERROR, message)
}

pub(crate) fn throw_type(ctx: &Ctx<'_>, message: &str) -> Error {
    throw(ctx, ErrorKind::Type, message)
}

pub(crate) fn throw_range(ctx: &Ctx<'_>, message: &str) -> Error {
    throw(ctx, ErrorKind::Range, message)
}

/// <https://webassembly.github.io/spec/js-api/#errors>: what a call that failed throws.
/// `func` is what was called, if that was a function.
pub(crate) fn throw_failure(ctx: &Ctx<'_>, failure: Failure, func: Option<&Func>) -> Error {
    match failure {
        Failure::Trap { kind, frames } => {
            let error = match kind {
                TrapKind::StackOverflow => {
                    error(ctx, ErrorKind::Range, "Maximum call stack size exceeded")
                }
                kind => class_error(ctx, RUNTIME_ERROR, &kind.to_string()),
            };
            let error = error.map(Object::into_value);
            if let Ok(error) = &error {
                keep_frames(ctx, error, Some(&frames::ended(func, &frames)));
            }
            rethrow(ctx, error)
        }
        Failure::Host(value) | Failure::Uncatchable(value) => rethrow(ctx, host_value(ctx, &value)),
        Failure::Exception(thrown) => rethrow(ctx, exception::wrapper(ctx, &thrown)),
        Failure::Other(reason) => throw_class(ctx, RUNTIME_ERROR, &reason),
    }
}

fn rethrow<'js>(ctx: &Ctx<'js>, value: Result<Value<'js>>) -> Error {
    match value {
        Ok(value) => throw_value(ctx, value),
        Err(error) => error,
    }
}
