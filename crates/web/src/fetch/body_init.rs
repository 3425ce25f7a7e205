//! From the script's body to bytes: `BodyInit`, <https://fetch.spec.whatwg.org/#bodyinit-unions>.

use bytes::Bytes;
use holm_js::reflect::Kind;
use holm_js::webidl::convert;
use holm_js::{Ctx, ErrorKind, Result, Value, throw, view_bytes};

use super::weight::weighed;

/// `BodyInit`, converted. (`Blob`, `FormData`, `URLSearchParams` and `ReadableStream` come with
/// those interfaces.)
pub(super) enum BodyInit {
    /// A `BufferSource`'s bytes.
    Bytes(Vec<u8>),
    Text(String),
}

/// <https://fetch.spec.whatwg.org/#body-with-type>
pub(super) struct BodyWithType {
    pub(super) bytes: Bytes,
    pub(super) content_type: Option<&'static str>,
}

impl BodyInit {
    /// `BodyInit?`: `None` for `null` and `undefined`.
    pub(super) fn from_js<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Option<Self>> {
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        if let Some(object) = value.as_object() {
            let kind = Kind::of(object);
            if matches!(kind, Kind::ArrayBuffer | Kind::TypedArray(_) | Kind::DataView) {
                if is_shared(object)? {
                    let text = "the body is a view of a SharedArrayBuffer, which is not allowed";
                    return Err(throw(ctx, ErrorKind::Type, text));
                }
                return view_bytes(object).map(|bytes| Some(Self::Bytes(bytes)));
            }
        }
        convert::string(ctx, value).map(|text| Some(Self::Text(text)))
    }

    /// <https://fetch.spec.whatwg.org/#concept-bodyinit-extract>
    pub(super) fn extract(self, ctx: &Ctx<'_>) -> Result<BodyWithType> {
        let (bytes, content_type) = match self {
            // BufferSource: set source to a copy of the bytes held by object.
            Self::Bytes(bytes) => (bytes, None),
            // Scalar value string: set source to the UTF-8 encoding of object. Set type to
            // `text/plain;charset=UTF-8`.
            Self::Text(text) => (text.into_bytes(), Some("text/plain;charset=UTF-8")),
        };
        Ok(BodyWithType { bytes: weighed(ctx, bytes)?, content_type })
    }
}

/// Whether a view looks at memory that other threads may change.
fn is_shared(object: &holm_js::Object<'_>) -> Result<bool> {
    let buffer = match Kind::of(object) {
        Kind::TypedArray(_) => holm_js::reflect::typed_array(object)?.buffer,
        Kind::DataView => holm_js::reflect::data_view(object)?.buffer,
        _ => return Ok(false),
    };
    Ok(buffer.as_object().is_some_and(|buffer| Kind::of(buffer) == Kind::SharedArrayBuffer))
}
