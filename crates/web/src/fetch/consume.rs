//! `arrayBuffer()`, `blob()`, `bytes()`, `formData()`, `json()`, `text()`: the `Body` mixin.
//!
//! <https://fetch.spec.whatwg.org/#body-mixin>

use std::str::FromStr;

use data_url::mime::Mime;
use holm_host::host;
use holm_js::webidl::{Definition, Interface, convert};
use holm_js::{
    ArrayBuffer, Ctx, ErrorKind, Function, HeldCell, JsString, MAX_BUFFER_BYTES, Result, Root,
    TypedArray, Value, error, heap_limit_bytes, parse_json, take_exception, throw, throw_value,
};

use super::body::Body;
use super::error::Prepared;
use super::{body_stream, form_data};
use crate::file_api::new_blob;

/// What a body is made into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Package {
    ArrayBuffer,
    /// With this type.
    Blob(String),
    Bytes,
    /// Of a body with this `Content-Type`.
    FormData(Option<Vec<u8>>),
    Json,
    Text,
}

/// An interface that includes `Body`.
pub(super) trait HasBody: Interface {
    fn body(&self) -> Option<&Body>;

    /// The stream of the body, once it has one; the body itself is then of no use.
    fn stream(&self) -> &HeldCell;

    /// What its `Content-Type` header says.
    fn content_type(&self) -> Option<Vec<u8>>;
}

/// Defines the members of the mixin.
pub(super) fn define<T: HasBody>(members: &mut Definition<'_, '_, T>) -> Result<()> {
    // The bodyUsed getter steps are to return true if this's body is non-null and this's
    // body's stream is disturbed; otherwise false.
    members.attribute("bodyUsed", |this, call| {
        call.returns(body_stream::is_disturbed(call.ctx(), this)?)
    })?;
    // The body getter steps are to return null if this's body is null; otherwise this's body's
    // stream.
    members.attribute("body", |this, call| body_stream::of(call.ctx(), this))?;
    for (name, package) in [
        ("arrayBuffer", Package::ArrayBuffer),
        ("bytes", Package::Bytes),
        ("json", Package::Json),
        ("text", Package::Text),
    ] {
        members.promise_operation(name, 0, move |this, call| {
            consume(call.ctx(), this, package.clone())
        })?;
    }
    // Return a Blob whose contents are bytes and whose type attribute is the result of get the
    // MIME type with this.
    members.promise_operation("blob", 0, |this, call| {
        let package = Package::Blob(mime_type(this.content_type()));
        consume(call.ctx(), this, package)
    })?;
    members.promise_operation("formData", 0, |this, call| {
        let package = Package::FormData(this.content_type());
        consume(call.ctx(), this, package)
    })?;
    Ok(())
}

/// <https://fetch.spec.whatwg.org/#concept-body-mime-type>, serialized; nothing on failure.
fn mime_type(content_type: Option<Vec<u8>>) -> String {
    let parse = |value| Mime::from_str(&convert::from_byte_string(value)).ok();
    content_type.as_deref().and_then(parse).map(|mime| mime.to_string()).unwrap_or_default()
}

/// The longest body that may be collected: it has to fit the heap.
pub(crate) fn max_body_bytes(ctx: &Ctx<'_>) -> usize {
    heap_limit_bytes(ctx).unwrap_or(MAX_BUFFER_BYTES).min(MAX_BUFFER_BYTES)
}

/// <https://fetch.spec.whatwg.org/#concept-body-consume-body>
fn consume<'js, T: HasBody>(ctx: &Ctx<'js>, this: &T, package: Package) -> Result<Value<'js>> {
    let unusable = || {
        let text = "Body is unusable: Body has already been read";
        throw(ctx, ErrorKind::Type, text)
    };
    // 1. If object is unusable, then return a promise rejected with a TypeError.
    if body_stream::is_unusable(ctx, this)? {
        return Err(unusable());
    }
    let max_bytes = max_body_bytes(ctx);
    if let Some(stream) = this.stream().get(ctx)? {
        return body_stream::consume(ctx, stream, package, max_bytes);
    }
    let reading = this.body().map(|body| body.take().ok_or_else(unusable)).transpose()?;
    // 2. Let promise be a new promise.
    let (promise, resolve, reject) = ctx.promise()?;
    // 3. Let errorSteps given error be to reject promise with error.
    let fail = |reason| reject.call((reason,));
    // 5. If object's body is null, then run successSteps with an empty byte sequence.
    let Some(mut reading) = reading else {
        settle(ctx, &resolve, fail, &package, &[])?;
        return Ok(promise.into_value());
    };
    // 6. Otherwise, fully read object's body given successSteps, errorSteps, and object's
    //    relevant global object.
    // OPTIMIZATION: bytes that are there need no task.
    if let Some(bytes) = reading.take_bytes() {
        settle(ctx, &resolve, fail, &package, &bytes)?;
        return Ok(promise.into_value());
    }
    let failure = Prepared::new(ctx, reject)?;
    let resolve = Root::<Function<'static>>::new(ctx, resolve)?;
    host(ctx).tasks.spawn(reading.collect(max_bytes), move |ctx, result| match result {
        Ok(Some(bytes)) => {
            let fail = |reason| failure.reject(ctx, reason);
            settle(ctx, &resolve.get(ctx)?, fail, &package, &bytes)
        }
        Ok(None) => {
            let text = format!("the body is longer than {max_bytes} bytes");
            failure.reject(ctx, error(ctx, ErrorKind::Range, &text)?.into_value())
        }
        Err(error) => failure.fail(ctx, &error),
    });
    Ok(promise.into_value())
}

/// 4. Let successSteps given a byte sequence data be to resolve promise with the result of
///    running convertBytesToJSValue with data. If that threw an exception, then run errorSteps
///    with that exception.
fn settle<'js>(
    ctx: &Ctx<'js>,
    resolve: &Function<'js>,
    fail: impl FnOnce(Value<'js>) -> Result<()>,
    package: &Package,
    bytes: &[u8],
) -> Result<()> {
    match made(ctx, package, bytes) {
        Ok(value) => resolve.call((value,)),
        Err(error) => {
            let thrown = take_exception(ctx, error);
            if thrown.is_uncatchable_error() {
                return Err(throw_value(ctx, thrown));
            }
            fail(thrown)
        }
    }
}

/// Bytes as what was asked for.
pub(crate) fn made<'js>(ctx: &Ctx<'js>, package: &Package, bytes: &[u8]) -> Result<Value<'js>> {
    match package {
        Package::ArrayBuffer => Ok(buffer(ctx, bytes)?.into_value()),
        Package::Blob(content_type) => new_blob(ctx, bytes, content_type),
        Package::Bytes => {
            let array = TypedArray::<u8>::from_arraybuffer(buffer(ctx, bytes)?)?;
            Ok(array.into_value())
        }
        Package::FormData(content_type) => {
            form_data::from_body(ctx, content_type.as_deref(), bytes)
        }
        Package::Json => parse_json(ctx, &decoded(bytes), "the body"),
        Package::Text => Ok(JsString::from_str(ctx.clone(), &decoded(bytes))?.into_value()),
    }
}

fn buffer<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<ArrayBuffer<'js>> {
    if bytes.len() > MAX_BUFFER_BYTES {
        let text = format!("a body of {} bytes fits no buffer", bytes.len());
        return Err(throw(ctx, ErrorKind::Range, &text));
    }
    ArrayBuffer::new_copy(ctx.clone(), bytes)
}

/// <https://encoding.spec.whatwg.org/#utf-8-decode>: a byte order mark is dropped, what is no
/// UTF-8 becomes U+FFFD.
fn decoded(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}
