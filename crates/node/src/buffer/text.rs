//! Bytes to strings, and back.

use std::ops::Range;

use holm_js::{Call, ErrorKind, Object, Result, Text, Value, throw_coded};

use super::{MAX_STRING_LEN, Native, Tools, define_one, index, make, out_of_bounds, out_of_range};
use crate::encodings::Encoding;

pub(super) const FUNCTIONS: &[(&str, u32, Native)] = &[
    ("byteLength", 2, byte_length),
    ("encode", 2, encode),
    ("encodingOf", 1, |tools, call| {
        call.returns(tools.encoding(&call.value(0))?.map(Encoding::name))
    }),
    ("isAscii", 1, |tools, call| {
        call.returns(tools.bytes.read(&call.value(0), 0..usize::MAX, |bytes| bytes.is_ascii()))
    }),
    ("isUtf8", 1, |tools, call| {
        let is_utf8 = |bytes: &[u8]| str::from_utf8(bytes).is_ok();
        call.returns(tools.bytes.read(&call.value(0), 0..usize::MAX, is_utf8))
    }),
    ("transcode", 3, transcode),
    ("write", 5, write),
];

pub(super) const METHODS: &[(&str, u32, Native)] = &[("toString", 3, to_string)];

/// The methods that have an encoding in their names, which packages reach for.
pub(super) fn define_slices(tools: Tools, prototype: &Object<'_>) -> Result<()> {
    for encoding in Encoding::ALL {
        let name = match encoding {
            Encoding::Utf16 => "ucs2",
            other => other.name(),
        };
        define_one(tools, prototype, &format!("{name}Slice"), 2, move |tools, call| {
            slice(tools, call, encoding)
        })?;
        define_one(tools, prototype, &format!("{name}Write"), 3, move |tools, call| {
            write_part(tools, call, encoding)
        })?;
    }
    Ok(())
}

/// `buffer.toString(encoding, start, end)`. This behaves neither like a string nor like an array:
/// what is out of range is set to the bounds.
fn to_string<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let this = call.this();
    let len = tools.len(&this)?;
    let start = clamped(index(call, 1)?.unwrap_or(0.0), len);
    let end = index(call, 2)?.map_or(len, |end| clamped(end, len));
    if start >= end {
        return call.returns("");
    }
    let encoding = tools.encoding_or_utf8(&call.value(0))?;
    // Converting an index may have run script, but what is not there is not read.
    decode(tools, call, &this, encoding, start..end)
}

/// `(start, end)`, of which neither may be beyond the end.
fn slice<'js>(tools: Tools, call: &Call<'_, 'js>, encoding: Encoding) -> Result<Value<'js>> {
    let this = call.this();
    let len = tools.len(&this)?;
    let (start, end) = (index(call, 0)?.unwrap_or(0.0), index(call, 1)?.unwrap_or(len as f64));
    if start < 0.0 || end < 0.0 || end > len as f64 {
        return Err(out_of_range(call.ctx()));
    }
    decode(tools, call, &this, encoding, clamped(start, len)..clamped(end, len))
}

fn clamped(index: f64, len: usize) -> usize {
    // A cast of floats is bounded already; no length is above 2³¹.
    (index as usize).min(len)
}

fn decode<'js>(
    tools: Tools,
    call: &Call<'_, 'js>,
    view: &Value<'js>,
    encoding: Encoding,
    range: Range<usize>,
) -> Result<Value<'js>> {
    if encoding.decoded_len(range.len()) > MAX_STRING_LEN {
        let text = format!("Cannot create a string longer than 0x{MAX_STRING_LEN:x} characters");
        return Err(throw_coded(call.ctx(), ErrorKind::Plain, "ERR_STRING_TOO_LONG", &text));
    }
    tools.bytes.read(view, range, |bytes| encoding.decode(bytes)).into_value(call.ctx())
}

/// `(string, offset, length)`
fn write_part<'js>(tools: Tools, call: &Call<'_, 'js>, encoding: Encoding) -> Result<Value<'js>> {
    let this = call.this();
    let len = tools.len(&this)? as f64;
    let text = text(tools, call, &call.value(0))?;
    let offset = index(call, 1)?.unwrap_or(0.0);
    if offset < 0.0 || offset > len {
        return Err(out_of_bounds(call.ctx(), Some("offset")));
    }
    let rest = len - offset;
    let given = index(call, 2)?.unwrap_or(rest);
    let is_strict = matches!(encoding, Encoding::Utf8 | Encoding::Latin1 | Encoding::Ascii);
    if given < 0.0 || (is_strict && given > rest) {
        return Err(out_of_bounds(call.ctx(), Some("length")));
    }
    let written = write_text(tools, &this, &text, encoding, offset as usize, given.min(rest))?;
    call.returns(written)
}

/// `(view, string, encoding, offset, length)`, which are known to be in range.
fn write<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let text = text(tools, call, &call.value(1))?;
    let encoding = tools.encoding_or_utf8(&call.value(2))?;
    let (offset, length): (f64, f64) = (call.get(3)?, call.get(4)?);
    call.returns(write_text(tools, &call.value(0), &text, encoding, offset as usize, length)?)
}

fn write_text(
    tools: Tools,
    view: &Value<'_>,
    text: &Text<'_>,
    encoding: Encoding,
    offset: usize,
    room: f64,
) -> Result<f64> {
    let bytes = encoding.encode_into(&text.units(), room as usize);
    let written = tools.bytes.set(view, offset, &bytes)?;
    Ok(if written.is_some() { bytes.len() as f64 } else { 0.0 })
}

fn text<'js>(tools: Tools, call: &Call<'_, 'js>, value: &Value<'js>) -> Result<Text<'js>> {
    tools.strings.text(value.clone())?.ok_or_else(|| {
        let message = "argument must be a string";
        throw_coded(call.ctx(), ErrorKind::Type, "ERR_INVALID_ARG_TYPE", message)
    })
}

/// `(string, encoding)` to a `Buffer`.
fn encode<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let text = text(tools, call, &call.value(0))?;
    let encoding = tools.encoding_or_utf8(&call.value(1))?;
    make(call.ctx(), &encoding.encode(&text.units()))
}

/// `(string, encoding)`; of an unknown encoding as of UTF-8.
fn byte_length<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let text = text(tools, call, &call.value(0))?;
    let encoding = tools.encoding(&call.value(1))?.unwrap_or(Encoding::Utf8);
    call.returns(encoding.encoded_len(&text.units()) as f64)
}

/// `(view, from, to)` to a `Buffer`; nothing where one of the encodings has no characters.
fn transcode<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let encoding = |place: usize| -> Result<Option<Encoding>> {
        let found = tools.encoding(&call.value(place))?;
        Ok(found.filter(|encoding| {
            use Encoding::{Ascii, Latin1, Utf8, Utf16};
            matches!(encoding, Utf8 | Utf16 | Latin1 | Ascii)
        }))
    };
    let (Some(from), Some(to)) = (encoding(1)?, encoding(2)?) else {
        return call.undefined();
    };
    let whole = 0..usize::MAX;
    make(call.ctx(), &tools.bytes.read(&call.value(0), whole, |bytes| from.transcode(bytes, to)))
}
