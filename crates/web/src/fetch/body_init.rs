//! From the script's body to bytes: `BodyInit`, <https://fetch.spec.whatwg.org/#bodyinit-unions>.

use std::borrow::Cow;

use bytes::Bytes;
use holm_host::host;
use holm_js::reflect::Kind;
use holm_js::webidl::convert;
use holm_js::{
    Ctx, ErrorKind, PredefinedAtom, Result, Value, throw, view_bytes, well_known_symbol,
};

use super::multipart::{self, Part};
use super::{body_stream, form_data};
use crate::file_api::{BlobData, blob_of};
use crate::streams::{self, body_helper};
use crate::url::search_params_text;
use crate::weight::{Weight, weighed};

/// `BodyInit`, converted.
pub(super) enum GivenBody<'js> {
    /// A `ReadableStream`.
    Stream(Value<'js>),
    /// All else.
    Whole(BodyInit),
}

/// `BodyInit` that is there as a whole.
pub(super) enum BodyInit {
    Blob(BlobData),
    /// A `BufferSource`'s bytes.
    Bytes(Vec<u8>),
    /// What a `FormData` holds.
    Form(Vec<Part>),
    /// The serialization of a `URLSearchParams`.
    SearchParams(String),
    Text(String),
}

/// <https://fetch.spec.whatwg.org/#body-with-type>
pub(super) struct BodyWithType {
    pub(super) bytes: Bytes,
    pub(super) content_type: Option<Cow<'static, str>>,
}

impl<'js> GivenBody<'js> {
    /// `BodyInit?`: `None` for `null` and `undefined`.
    pub(super) fn from_js(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Option<Self>> {
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        if streams::is_readable(ctx, value)? {
            return Ok(Some(Self::Stream(value.clone())));
        }
        if let Some(whole) = BodyInit::of_object(ctx, value)? {
            return Ok(Some(Self::Whole(whole)));
        }
        if is_async_iterable(value)? {
            let stream = body_helper(ctx, "ofIterable")?.call((value.clone(),))?;
            return Ok(Some(Self::Stream(stream)));
        }
        let text = convert::string(ctx, value)?;
        Ok(Some(Self::Whole(BodyInit::Text(text))))
    }

    /// <https://fetch.spec.whatwg.org/#concept-bodyinit-extract>. Of a stream the body is empty:
    /// the stream stands for it.
    pub(super) fn extract(
        self,
        ctx: &Ctx<'js>,
        what: &str,
    ) -> Result<(Option<Value<'js>>, BodyWithType)> {
        match self {
            Self::Whole(whole) => Ok((None, whole.extract(ctx)?)),
            Self::Stream(stream) => {
                // 12.2. If object is disturbed or locked, then throw a TypeError.
                if body_stream::is_stream_unusable(ctx, &stream)? {
                    let text = format!("{what} body object should not be disturbed or locked");
                    return Err(throw(ctx, ErrorKind::Type, &text));
                }
                Ok((Some(stream), BodyWithType { bytes: Bytes::new(), content_type: None }))
            }
        }
    }
}

/// Whether it can be iterated over asynchronously, and so is a body as in Node.
fn is_async_iterable(value: &Value<'_>) -> Result<bool> {
    let Some(object) = value.as_object() else { return Ok(false) };
    let symbol = well_known_symbol(value.ctx(), PredefinedAtom::SymbolAsyncIterator)?;
    Ok(object.get::<_, Value<'_>>(symbol)?.is_function())
}

impl BodyInit {
    /// `None` for what is none of these objects.
    fn of_object<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Option<Self>> {
        if let Some(blob) = blob_of(value) {
            return Ok(Some(Self::Blob(blob)));
        }
        if let Some(parts) = form_data::parts_of(ctx, value)? {
            return Ok(Some(Self::Form(parts)));
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
        Ok(None)
    }

    fn extract(self, ctx: &Ctx<'_>) -> Result<BodyWithType> {
        let (bytes, content_type) = match self {
            // Blob: set source to object. If object's type attribute is not the empty byte
            // sequence, set type to its value. (Its bytes are counted already.)
            Self::Blob(BlobData { bytes, content_type }) => {
                let content_type = Some(content_type).filter(|ty| !ty.is_empty()).map(Cow::Owned);
                return Ok(BodyWithType { bytes, content_type });
            }
            // FormData: set source to the result of running the multipart/form-data encoding
            // algorithm. Set type to `multipart/form-data; boundary=`, followed by the boundary.
            Self::Form(parts) => {
                let boundary = boundary(ctx)?;
                // Whether there is room is looked at before it is made.
                drop(Weight::new(ctx, multipart::max_len_bytes(&parts, &boundary))?);
                let content_type = format!("multipart/form-data; boundary={boundary}");
                (multipart::written(&parts, &boundary), Some(content_type.into()))
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

/// What is between the parts of a form, and nobody can have put into them.
fn boundary(ctx: &Ctx<'_>) -> Result<String> {
    let mut random = [0; 16];
    host(ctx)
        .random
        .fill(&mut random)
        .map_err(|error| throw(ctx, ErrorKind::Plain, &format!("no random bytes: {error}")))?;
    let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("----formdata-holm-{digits}"))
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
