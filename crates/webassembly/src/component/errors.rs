//! What calls of components throw.

use std::any::Any;
use std::rc::Rc;

use holm_js::reflect::{Kind, PropertyKey, own_value};
use holm_js::webidl::convert;
use holm_js::{
    Attributes, Ctx, Error, ErrorKind, Result, Value, define_value, error, is_uncatchable,
    keep_frames, take_exception, throw_class, throw_value,
};
use holm_wasm::component::ComponentFailure;
use holm_wasm::{Failure, HostRef};

use super::instance::Running;
use crate::errors::{RUNTIME_ERROR, throw_failure, throw_link};
use crate::values::host_value;

/// The name of the property in which an error carries the value of a `result`.
const PAYLOAD: &str = "payload";

/// Throws what a call of a component failed with.
pub(super) fn throw_component(ctx: &Ctx<'_>, failure: ComponentFailure) -> Error {
    match failure {
        ComponentFailure::Trap { kind, frames } => {
            throw_failure(ctx, Failure::Trap { kind, frames }, None)
        }
        ComponentFailure::Stopped => throw_failure(ctx, Failure::Stopped, None),
        ComponentFailure::Host(thrown) => match thrown.downcast::<HostRef>() {
            Ok(thrown) => match host_value(ctx, &thrown) {
                Ok(value) => throw_value(ctx, value),
                Err(error) => error,
            },
            Err(_) => Error::Unknown,
        },
        ComponentFailure::Link(reason) => throw_link(ctx, &reason),
        other => throw_class(ctx, RUNTIME_ERROR, &other.to_string()),
    }
}

/// What goes through a component when script throws.
pub(super) fn thrown(ctx: &Ctx<'_>, running: &Rc<Running>, error: Error) -> Box<dyn Any> {
    let value = take_exception(ctx, error);
    // Below here the calls that are running now may be gone.
    keep_frames(ctx, &value, None);
    Box::new(running.values.add(&value))
}

/// An `Error` with the value of a `result` that failed: what jco calls a ComponentError.
pub(super) fn throw_payload<'js>(ctx: &Ctx<'js>, payload: Value<'js>) -> Error {
    let made = (|| {
        let text = convert::string(ctx, &payload)?;
        let (text, shape) = if payload.is_string() {
            (text, Attributes::NONE)
        } else {
            (format!("{text} (see error.payload)"), Attributes::ENUMERABLE)
        };
        let error = error(ctx, ErrorKind::Plain, &text)?;
        define_value(&error, PAYLOAD, payload, shape)?;
        Ok(error)
    })();
    match made {
        Ok(error) => throw_value(ctx, error),
        Err(error) => error,
    }
}

/// What a function of script that gives a `result` means by what it threw: the error's payload,
/// or what it threw itself, if that is no error.
pub(super) fn payload_of<'js>(ctx: &Ctx<'js>, error: Error) -> Result<Value<'js>> {
    let value = take_exception(ctx, error);
    if is_uncatchable(&value) {
        return Err(throw_value(ctx, value));
    }
    let Some(object) = value.as_object() else { return Ok(value) };
    if Kind::of(object) == Kind::Proxy {
        return Ok(value);
    }
    if let Some(payload) = own_value(object, &PropertyKey::new(ctx, PAYLOAD)?)? {
        return Ok(payload);
    }
    if Kind::of(object) == Kind::Error { Err(throw_value(ctx, value)) } else { Ok(value) }
}
