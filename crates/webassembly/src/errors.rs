//! Errors of the interface.

use holm_js::{
    Attributes, Ctx, Error, ErrorKind, HINT_PROPERTY, Object, Result, Value, class_error,
    define_value, error, interrupt_error, keep_frames, throw, throw_class, throw_value,
};
use holm_wasm::{CompileError, Failure, Func, Invalid, TrapKind};

use crate::values::host_value;
use crate::{exception, frames};

/// Of bytes that are no module. The name of its class.
pub const COMPILE_ERROR: &str = "CompileError";
/// Of imports that are not what a module wants. The name of its class.
pub const LINK_ERROR: &str = "LinkError";
/// Of what a module did that it may not. The name of its class.
pub const RUNTIME_ERROR: &str = "RuntimeError";
/// Of a call that would have to wait and cannot. The name of its class.
pub const SUSPEND_ERROR: &str = "SuspendError";

/// Why bytes do not become a module.
#[derive(Debug)]
pub(crate) struct Refused {
    message: String,
    hint: Option<String>,
}

impl From<String> for Refused {
    fn from(message: String) -> Self {
        Self { message, hint: None }
    }
}

impl From<CompileError> for Refused {
    fn from(error: CompileError) -> Self {
        Self { message: error.to_string(), hint: error.hint().map(str::to_owned) }
    }
}

impl From<Invalid> for Refused {
    fn from(error: Invalid) -> Self {
        CompileError::Invalid(error).into()
    }
}

/// Throws a CompileError. Its hint is a property that nobody sees who does not ask for it.
pub(crate) fn throw_compile(ctx: &Ctx<'_>, prefix: &str, refused: &Refused) -> Error {
    let made = class_error(ctx, COMPILE_ERROR, &format!("{prefix}: {}", refused.message));
    let made = made.and_then(|error| {
        if let Some(hint) = &refused.hint {
            define_value(&error, HINT_PROPERTY, hint.as_str(), Attributes::BUILT_IN)?;
        }
        Ok(error.into_value())
    });
    rethrow(ctx, made)
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
        Failure::Stopped => interrupt_error(ctx, "the isolate was stopped"),
        Failure::Other(reason) => throw_class(ctx, RUNTIME_ERROR, &reason),
    }
}

fn rethrow<'js>(ctx: &Ctx<'js>, value: Result<Value<'js>>) -> Error {
    match value {
        Ok(value) => throw_value(ctx, value),
        Err(error) => error,
    }
}
