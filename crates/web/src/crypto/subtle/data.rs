//! Bytes from scripts, and to them.

use holm_js::reflect::Kind;
use holm_js::{ArrayBuffer, Ctx, Error, ErrorKind, Result, Value, buffer_source, throw, throw_dom};

use crate::fetch::is_shared_view;

/// A copy of what a `BufferSource` holds.
pub(super) fn bytes_of<'js>(ctx: &Ctx<'js>, value: &Value<'js>, what: &str) -> Result<Vec<u8>> {
    if let Some(object) = value.as_object()
        && matches!(
            Kind::of(object),
            Kind::TypedArray(_) | Kind::DataView | Kind::SharedArrayBuffer
        )
        && (matches!(Kind::of(object), Kind::SharedArrayBuffer) || is_shared_view(object)?)
    {
        let text = format!("{what}: shared memory is not allowed");
        return Err(throw(ctx, ErrorKind::Type, &text));
    }
    buffer_source(ctx, value, what)
}

/// Whether a value is one that bytes are in.
pub(super) fn is_buffer_source(value: &Value<'_>) -> bool {
    use Kind::{ArrayBuffer, DataView, SharedArrayBuffer, TypedArray};
    value.as_object().is_some_and(|object| {
        matches!(Kind::of(object), ArrayBuffer | SharedArrayBuffer | TypedArray(_) | DataView)
    })
}

/// A new `ArrayBuffer` with these bytes.
pub(super) fn array_buffer<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Value<'js>> {
    Ok(ArrayBuffer::new_copy(ctx.clone(), bytes)?.into_value())
}

pub(super) fn operation_error(ctx: &Ctx<'_>, text: &str) -> Error {
    throw_dom(ctx, "OperationError", text)
}

pub(super) fn data_error(ctx: &Ctx<'_>, text: &str) -> Error {
    throw_dom(ctx, "DataError", text)
}

pub(super) fn invalid_access(ctx: &Ctx<'_>, text: &str) -> Error {
    throw_dom(ctx, "InvalidAccessError", text)
}
