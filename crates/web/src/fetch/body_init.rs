//! From the script's body to bytes: `BodyInit`, <https://fetch.spec.whatwg.org/#bodyinit-unions>.

use std::borrow::Cow;

use bytes::Bytes;
use holm_js::reflect::Kind;
use holm_js::webidl::convert;
use holm_js::{Ctx, ErrorKind, Result, Value, throw, view_bytes};

use crate::file_api::{BlobData, blob_of};
use crate::streams;
use crate::url::search_params_text;
use crate::weight::weighed;

/// `BodyInit`, converted. (`FormData` comes with that interface; a
/// response takes a `ReadableStream` before this.)
pub(super) enum BodyInit {
    Blob(BlobData),
    /// A `BufferSource`'s bytes.
    Bytes(Vec<u8>),
    /// The serialization of a `URLSearchParams`.
    SearchParams(String),
    Text(String),
}

/// <https://fetch.spec.whatwg.org/#body-with-type>
pub(super) struct BodyWithType {
    pub(super) bytes: Bytes,
    pub(super) content_type: Option<Cow<'static, str>>,
}

impl BodyInit {
    /// `BodyInit?`: `None` for `null` and `undefined`.
    pub(super) fn from_js<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Option<Self>> {
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        if streams::is_readable(ctx, value)? {
            let text = "a ReadableStream is not supported as the body of a request yet; read it \
                        first: await new Response(stream).bytes()";
            return Err(throw(ctx, ErrorKind::Type, text));
        }
        if let Some(blob) = blob_of(value) {
            return Ok(Some(Self::Blob(blob)));
        }
        if let Some(text) = search_params_text(value) {
            return Ok(Some(Self::SearchParams(text)));
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
            // Blob: set source to object. If object's type attribute is not the empty byte
            // sequence, set type to its value. (Its bytes are counted already.)
            Self::Blob(BlobData { bytes, content_type }) => {
                let content_type = Some(content_type).filter(|ty| !ty.is_empty()).map(Cow::Owned);
                return Ok(BodyWithType { bytes, content_type });
            }
            // URLSearchParams: set source to the result of running the serializer with object's
            // list. Set type to `application/x-www-form-urlencoded;charset=UTF-8`.
            Self::SearchParams(text) => {
                let content_type = "application/x-www-form-urlencoded;charset=UTF-8";
                (text.into_bytes(), Some(Cow::Borrowed(content_type)))
            }
            // BufferSource: set source to a copy of the bytes held by object.
            Self::Bytes(bytes) => (bytes, None),
            // Scalar value string: set source to the UTF-8 encoding of object. Set type to
            // `text/plain;charset=UTF-8`.
            Self::Text(text) => (text.into_bytes(), Some("text/plain;charset=UTF-8".into())),
        };
        Ok(BodyWithType { bytes: weighed(ctx, bytes)?, content_type })
    }
}

/// Whether a view looks at memory that other threads may change.
pub(crate) fn is_shared(object: &holm_js::Object<'_>) -> Result<bool> {
    let buffer = match Kind::of(object) {
        Kind::TypedArray(_) => holm_js::reflect::typed_array(object)?.buffer,
        Kind::DataView => holm_js::reflect::data_view(object)?.buffer,
        _ => return Ok(false),
    };
    Ok(buffer.as_object().is_some_and(|buffer| Kind::of(buffer) == Kind::SharedArrayBuffer))
}
