//! `Blob`, <https://w3c.github.io/FileAPI/#blob-section>.

use bytes::Bytes;
use holm_js::reflect::Kind;
use holm_js::webidl::{Definition, Interface, construct, convert, new_object};
use holm_js::{
    Call, Ctx, Error, ErrorKind, HostObject, Object, Result, Value, host_ref, throw, view_bytes,
};

use super::BlobData;
use crate::fetch::{Package, is_shared_view, package_bytes};
use crate::shown::{self, Shown};
use crate::structured_clone::cannot_be_cloned;
use crate::structured_clone::platform::{Parcel, PlatformKind};
use crate::weight::{Weight, weighed};

/// The inside of a `Blob`.
pub(super) struct Blob(pub(super) BlobData);

impl HostObject for Blob {}

/// What a `Blob` or `File` is; `None` for any other value.
pub(crate) fn blob_of(value: &Value<'_>) -> Option<BlobData> {
    host_ref::<Blob>(value).map(|blob| blob.0.clone())
}

/// A new `Blob` with a copy of these bytes.
pub(crate) fn new_blob<'js>(
    ctx: &Ctx<'js>,
    bytes: &[u8],
    content_type: &str,
) -> Result<Value<'js>> {
    let bytes = weighed(ctx, bytes.to_vec())?;
    blob_object(ctx, BlobData { bytes, content_type: content_type.to_ascii_lowercase() })
}

/// A new `Blob` with this inside.
pub(super) fn blob_object<'js>(ctx: &Ctx<'js>, data: BlobData) -> Result<Value<'js>> {
    Ok(new_object(ctx, Blob(data))?.into_value())
}

impl Interface for Blob {
    const NAME: &'static str = "Blob";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(0, |call| {
                let ctx = call.ctx();
                let parts = match call.value(0) {
                    parts if parts.is_undefined() => Vec::new(),
                    parts => blob_parts(ctx, &parts, "Blob constructor")?,
                };
                let options = BlobPropertyBag::from_js(ctx, &call.value(1), "Blob constructor")?;
                construct(call, Self(options.process(ctx, parts)?))
            })
            .attribute("size", |this, call| call.returns(this.0.bytes.len() as f64))?
            .attribute("type", |this, call| call.returns(&*this.0.content_type))?
            .operation("slice", 0, |this, call| {
                Ok(new_object(call.ctx(), Self(this.slice(call)?))?.into_value())
            })?;
        for (name, package) in [
            ("arrayBuffer", Package::ArrayBuffer),
            ("bytes", Package::Bytes),
            ("text", Package::Text),
        ] {
            // The bytes are there: nothing waits.
            members.promise_operation(name, 0, move |this, call| {
                let (promise, resolve, _) = call.ctx().promise()?;
                let made = package_bytes(call.ctx(), &package, &this.0.bytes)?;
                resolve.call::<_, ()>((made,))?;
                Ok(promise.into_value())
            })?;
        }
        shown::define(members)
    }
}

impl Blob {
    /// <https://w3c.github.io/FileAPI/#slice-blob>
    fn slice(&self, call: &Call<'_, '_>) -> Result<BlobData> {
        let ctx = call.ctx();
        let len = self.0.bytes.len();
        let place = |index: usize, absent: usize| -> Result<usize> {
            let given = call.value(index);
            if given.is_undefined() {
                return Ok(absent);
            }
            // [Clamp] long long: what is negative counts from the end.
            let number = convert::unrestricted_double(ctx, &given)?;
            let number = if number.is_nan() { 0.0 } else { number.round_ties_even() };
            let from_start = if number < 0.0 { len as f64 + number } else { number };
            Ok(from_start.clamp(0.0, len as f64) as usize)
        };
        let (start, end) = (place(0, 0)?, place(1, len)?);
        let content_type = match call.value(2) {
            given if given.is_undefined() => String::new(),
            given => normalized_type(&convert::string(ctx, &given)?),
        };
        // OPTIMIZATION: the part shares the bytes.
        let bytes = self.0.bytes.slice(start..end.max(start));
        Ok(BlobData { bytes, content_type })
    }
}

/// One of `(BufferSource or Blob or USVString)`, converted.
pub(super) enum BlobPart {
    Bytes(Vec<u8>),
    Blob(Bytes),
    Text(String),
}

/// `sequence<BlobPart>`, converted.
pub(super) fn blob_parts<'js>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    what: &str,
) -> Result<Vec<BlobPart>> {
    let not_iterable =
        || throw(ctx, ErrorKind::Type, &format!("{what}: the parts are not an iterable object"));
    let object = value.as_object().ok_or_else(not_iterable)?;
    let method = convert::iterator_method(object)?.ok_or_else(not_iterable)?;
    let (mut parts, mut weight) = (Vec::new(), Weight::new(ctx, 0)?);
    convert::elements(object, &method, |element| {
        let part = blob_part(ctx, &element, what)?;
        // Counted as they come: an iterator may have no end.
        let len_bytes = weight.len_bytes() + size_of::<BlobPart>() + part.own_len_bytes();
        weight.set(ctx, len_bytes)?;
        parts.push(part);
        Ok(())
    })?;
    Ok(parts)
}

fn blob_part<'js>(ctx: &Ctx<'js>, value: &Value<'js>, what: &str) -> Result<BlobPart> {
    if let Some(blob) = blob_of(value) {
        return Ok(BlobPart::Blob(blob.bytes));
    }
    if let Some(object) = value.as_object()
        && matches!(Kind::of(object), Kind::ArrayBuffer | Kind::TypedArray(_) | Kind::DataView)
    {
        if is_shared_view(object)? {
            let text = format!("{what}: a view of a SharedArrayBuffer is not allowed");
            return Err(throw(ctx, ErrorKind::Type, &text));
        }
        return view_bytes(object).map(BlobPart::Bytes);
    }
    convert::string(ctx, value).map(BlobPart::Text)
}

/// `BlobPropertyBag`, converted.
pub(super) struct BlobPropertyBag {
    has_native_endings: bool,
    content_type: String,
}

impl BlobPropertyBag {
    pub(super) fn from_js<'js>(ctx: &Ctx<'js>, value: &Value<'js>, what: &str) -> Result<Self> {
        let mut bag = Self { has_native_endings: false, content_type: String::new() };
        let Some(given) = convert::dictionary(ctx, value, &format!("{what}: options"))? else {
            return Ok(bag);
        };
        bag.read(ctx, &given, what)?;
        Ok(bag)
    }

    /// Reads the members in the order of their names.
    fn read<'js>(&mut self, ctx: &Ctx<'js>, given: &Object<'js>, what: &str) -> Result<()> {
        if let Some(endings) = convert::member(given, "endings")? {
            self.has_native_endings = match convert::string(ctx, &endings)?.as_str() {
                "transparent" => false,
                "native" => true,
                other => {
                    let text = format!(
                        "{what}: 'endings' is {other:?}, neither \"transparent\" nor \"native\""
                    );
                    return Err(throw(ctx, ErrorKind::Type, &text));
                }
            };
        }
        if let Some(content_type) = convert::member(given, "type")? {
            self.content_type = normalized_type(&convert::string(ctx, &content_type)?);
        }
        Ok(())
    }

    /// <https://w3c.github.io/FileAPI/#process-blob-parts>
    pub(super) fn process(self, ctx: &Ctx<'_>, parts: Vec<BlobPart>) -> Result<BlobData> {
        let content_type = self.content_type;
        // OPTIMIZATION: of one blob alone the bytes are shared.
        if let [BlobPart::Blob(bytes)] = &*parts {
            return Ok(BlobData { bytes: bytes.clone(), content_type });
        }
        // 1. Let bytes be an empty sequence of bytes. 2. For each element in parts:
        let len = parts.iter().map(BlobPart::len_bytes).fold(0, usize::saturating_add);
        // Whether there is room is looked at before it is made.
        drop(Weight::new(ctx, len)?);
        let mut bytes = Vec::with_capacity(len);
        for part in parts {
            match part {
                // 2. If element is a BufferSource, get a copy of the bytes held by it.
                BlobPart::Bytes(part) => bytes.extend_from_slice(&part),
                // 3. If element is a Blob, append the bytes it represents to bytes.
                BlobPart::Blob(part) => bytes.extend_from_slice(&part),
                // 1. If element is a USVString: 2. If the endings member of options is "native",
                //    set s to the result of converting line endings to native of element. 3. Append
                //    the result of UTF-8 encoding s to bytes.
                BlobPart::Text(part) if self.has_native_endings => {
                    let text = part.replace("\r\n", "\n").replace('\r', "\n");
                    bytes.extend_from_slice(text.as_bytes());
                }
                BlobPart::Text(part) => bytes.extend_from_slice(part.as_bytes()),
            }
        }
        // 3. Return bytes.
        Ok(BlobData { bytes: weighed(ctx, bytes)?, content_type })
    }
}

impl BlobPart {
    /// What is counted nowhere else.
    fn own_len_bytes(&self) -> usize {
        if let Self::Blob(_) = self { 0 } else { self.len_bytes() }
    }

    fn len_bytes(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Blob(bytes) => bytes.len(),
            Self::Text(text) => text.len(),
        }
    }
}

/// `FilePropertyBag`: what it has more than the other, read after it.
pub(super) fn last_modified<'js>(ctx: &Ctx<'js>, options: &Value<'js>) -> Result<Option<f64>> {
    let Some(given) = convert::dictionary(ctx, options, "File constructor: options")? else {
        return Ok(None);
    };
    let Some(value) = convert::member(&given, "lastModified")? else {
        return Ok(None);
    };
    // long long
    let number = convert::unrestricted_double(ctx, &value)?;
    Ok(Some(if number.is_finite() { (number.trunc() as i64) as f64 } else { 0.0 }))
}

/// If it contains any characters outside the range U+0020 to U+007E, then the empty string;
/// otherwise in ASCII lowercase.
fn normalized_type(given: &str) -> String {
    let is_plain = given.chars().all(|character| matches!(character, ' '..='~'));
    if is_plain { given.to_ascii_lowercase() } else { String::new() }
}

impl Shown for Blob {
    const WHEN_DEEP: Option<&'static str> = Some("[Blob]");

    fn shown<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let object = Object::new(ctx.clone())?;
        object.set("size", self.0.bytes.len() as f64)?;
        object.set("type", &*self.0.content_type)?;
        Ok(object)
    }
}

/// <https://w3c.github.io/FileAPI/#blob-section>: blobs are serializable.
pub(crate) struct BlobKind;

impl PlatformKind for BlobKind {
    fn is(&self, object: &Value<'_>) -> bool {
        host_ref::<Blob>(object).is_some()
    }

    fn serialize<'js>(&self, ctx: &Ctx<'js>, object: &Object<'js>) -> Result<Parcel> {
        match blob_of(object) {
            Some(blob) => Ok(Box::new(blob)),
            None => Err(cannot_be_cloned(ctx, object)),
        }
    }

    fn receive<'js>(&self, ctx: &Ctx<'js>, parcel: Parcel) -> Result<Object<'js>> {
        let blob = parcel.downcast::<BlobData>().map_err(|_| Error::Unknown)?;
        new_object(ctx, Blob(*blob))
    }
}
