//! Errors of the interface.

use holm_js::{Ctx, Error, ErrorKind, Result, Value, throw, throw_class, throw_value};
use holm_wasm::{Failure, TrapKind};

use crate::exception;
use crate::values::host_value;

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
pub(crate) fn throw_failure(ctx: &Ctx<'_>, failure: Failure) -> Error {
    match failure {
        Failure::Trap { kind: TrapKind::StackOverflow, .. } => {
            throw_range(ctx, "Maximum call stack size exceeded")
        }
        Failure::Trap { kind, .. } => throw_class(ctx, RUNTIME_ERROR, &kind.to_string()),
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
