//! `node:buffer` and `node:string_decoder`: the native parts of `js/buffer.js` and
//! `js/string_decoder.js`.
//!
//! <https://nodejs.org/api/buffer.html>
//!
//! What touches bytes is here, since in script each would cost as much as a call; how buffers are
//! made is script. All reads and writes go through [`Bytes`], so that shared, detached, resized and
//! immutable buffers are looked after in one place.

mod change;
mod decoder;
mod numbers;
mod search;
mod text;

use std::cell::RefCell;

use holm_js::reflect::Kind;
use holm_js::webidl::convert;
use holm_js::{
    ArrayBuffer, Bytes, Call, Ctx, Error, ErrorKind, MAX_BUFFER_BYTES, Object, Result, Root,
    Strings, TypedArray, Value, function, slot, throw_coded, to_text,
};
use holm_web::file_api::blob_of_url;
use holm_web::node_errors::{self, invalid_argument};

use crate::encodings::Encoding;
use crate::{builtins, embedded, process};

/// The longest string of the engine, in units (`JS_STRING_LEN_MAX` of quickjs.c).
const MAX_STRING_LEN: usize = (1 << 30) - 1;

/// The rights that the native parts need.
#[derive(Clone, Copy)]
struct Tools {
    bytes: Bytes,
    strings: Strings,
}

type Native = for<'a, 'b> fn(Tools, &Call<'a, 'b>) -> Result<Value<'b>>;

/// `Buffer.prototype` of a realm, once `node:buffer` was made.
#[derive(Default)]
struct Prototype(RefCell<Option<Root<Object<'static>>>>);

/// `node:buffer`
pub(crate) fn module<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let natives = Object::new(ctx.clone())?;
    process::error_natives(ctx, &natives)?;
    builtins::natives(ctx, &natives)?;
    natives.set("MAX_LENGTH", MAX_BUFFER_BYTES as f64)?;
    natives.set("MAX_STRING_LENGTH", MAX_STRING_LEN as f64)?;
    let tools = Tools { bytes: Bytes::new(ctx)?, strings: Strings::new(ctx)? };
    for parts in [KINDS, text::FUNCTIONS, change::FUNCTIONS, search::FUNCTIONS] {
        define(tools, &natives, parts)?;
    }
    let resolve = function(ctx, "resolveObjectURL", 1, |call| {
        let found = blob_of_url(call.ctx(), &to_text(call.ctx(), &call.value(0))?)?;
        found.map_or_else(|| call.undefined(), Ok)
    })?;
    natives.set("resolveObjectURL", resolve)?;
    // Called once, with `Buffer.prototype`.
    let set_up = function(ctx, "setUp", 1, move |call| {
        let prototype: Object<'_> = call.get(0)?;
        define(tools, &prototype, &[("subarray", 2, subarray), ("slice", 2, subarray)])?;
        for methods in [text::METHODS, change::METHODS, search::METHODS] {
            define(tools, &prototype, methods)?;
        }
        text::define_slices(tools, &prototype)?;
        numbers::define(tools, &prototype)?;
        let root = Root::new(call.ctx(), prototype)?;
        slot::<Prototype>(call.ctx()).0.replace(Some(root));
        call.undefined()
    })?;
    natives.set("setUp", set_up)?;
    embedded::load(ctx, "buffer")?.call((natives,))
}

/// `node:string_decoder`
pub(crate) fn string_decoder<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let natives = Object::new(ctx.clone())?;
    process::error_natives(ctx, &natives)?;
    builtins::natives(ctx, &natives)?;
    let tools = Tools { bytes: Bytes::new(ctx)?, strings: Strings::new(ctx)? };
    define(tools, &natives, decoder::FUNCTIONS)?;
    embedded::load(ctx, "string_decoder")?.call((natives,))
}

/// A `Buffer` with a copy of these bytes: in the script's heap, whose limit holds for it.
pub(crate) fn make<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Value<'js>> {
    let buffer = ArrayBuffer::new_copy(ctx.clone(), bytes)?;
    let array = TypedArray::<u8>::from_arraybuffer(buffer)?.into_object();
    into_buffer(array)
}

/// The array, which nobody else has, as a `Buffer`.
fn into_buffer<'js>(array: Object<'js>) -> Result<Value<'js>> {
    let ctx = array.ctx();
    let slot = slot::<Prototype>(ctx);
    if slot.0.borrow().is_none() {
        builtins::load(ctx, "buffer")?;
    }
    let prototype: Object<'js> = match &*slot.0.borrow() {
        Some(prototype) => prototype.get(ctx)?,
        None => return Err(Error::Unknown),
    };
    array.set_prototype(Some(&prototype))?;
    Ok(array.into_value())
}

/// `buffer.subarray(start, end)`, of which negative ones count from the end.
fn subarray<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let this = call.this();
    let len = tools.len(&this)?;
    let place = |index: f64| {
        let from_start = if index < 0.0 { index + len as f64 } else { index };
        (from_start as usize).min(len)
    };
    let start = index(call, 0)?.map_or(0, place);
    let end = index(call, 1)?.map_or(len, place).max(start);
    let array = this.as_object().ok_or(Error::Unknown)?;
    into_buffer(tools.bytes.part(array, start..end)?)
}

/// What a value is, whatever its prototype says.
const KINDS: &[(&str, u32, Native)] = &[
    ("isAnyArrayBuffer", 1, |_, call| {
        let kind = call.value(0).as_object().map(Kind::of);
        call.returns(matches!(kind, Some(Kind::ArrayBuffer | Kind::SharedArrayBuffer)))
    }),
    ("isUint8Array", 1, |tools, call| {
        call.returns(tools.bytes.array_len(&call.value(0)).is_some())
    }),
    ("isTypedArray", 1, |_, call| {
        let kind = call.value(0).as_object().map(Kind::of);
        call.returns(matches!(kind, Some(Kind::TypedArray(_))))
    }),
];

fn define(tools: Tools, object: &Object<'_>, parts: &[(&str, u32, Native)]) -> Result<()> {
    for (name, length, body) in parts {
        define_one(tools, object, name, *length, *body)?;
    }
    Ok(())
}

fn define_one(
    tools: Tools,
    object: &Object<'_>,
    name: &str,
    length: u32,
    body: impl for<'a, 'b> Fn(Tools, &Call<'a, 'b>) -> Result<Value<'b>> + 'static,
) -> Result<()> {
    object.set(name, function(object.ctx(), name, length, move |call| body(tools, call))?)
}

impl Tools {
    /// How many bytes the argument shows, which has to be a buffer or a view.
    fn len(self, value: &Value<'_>) -> Result<usize> {
        self.bytes.len(value).ok_or_else(|| {
            let (ctx, text) = (value.ctx(), "argument must be a buffer");
            throw_coded(ctx, ErrorKind::Type, "ERR_INVALID_ARG_TYPE", text)
        })
    }

    /// How many bytes a view shows that an argument has to be.
    fn view_len(self, value: &Value<'_>, name: &str, expected: &str) -> Result<usize> {
        let kind = value.as_object().map(Kind::of);
        let is_view = matches!(kind, Some(Kind::TypedArray(_) | Kind::DataView));
        self.bytes
            .len(value)
            .filter(|_| is_view)
            .ok_or_else(|| invalid_argument(value.ctx(), name, expected, value))
    }

    /// The encoding that a value names.
    fn encoding(self, value: &Value<'_>) -> Result<Option<Encoding>> {
        if let Some(text) = self.strings.text(value.clone())? {
            return Ok(match text.units() {
                holm_js::Units::Narrow(name) => Encoding::named(name),
                holm_js::Units::Wide(_) => None,
            });
        }
        Ok(Encoding::named(to_text(value.ctx(), value)?.as_bytes()))
    }

    /// The same, UTF-8 where none is named.
    fn encoding_or_utf8(self, value: &Value<'_>) -> Result<Encoding> {
        if value.is_undefined() {
            return Ok(Encoding::Utf8);
        }
        match self.encoding(value)? {
            Some(encoding) => Ok(encoding),
            None => Err(unknown_encoding(value)),
        }
    }
}

fn unknown_encoding(name: &Value<'_>) -> Error {
    let ctx = name.ctx();
    match to_text(ctx, name) {
        Ok(name) => {
            let text = format!("Unknown encoding: {name}");
            throw_coded(ctx, ErrorKind::Type, "ERR_UNKNOWN_ENCODING", &text)
        }
        Err(error) => error,
    }
}

/// What most methods want.
const A_BUFFER: &str = "an instance of Buffer or Uint8Array";

/// `ERR_OUT_OF_RANGE` as the native parts of Node say it.
fn out_of_range(ctx: &Ctx<'_>) -> Error {
    throw_coded(ctx, ErrorKind::Range, "ERR_OUT_OF_RANGE", "Index out of range")
}

/// `ERR_BUFFER_OUT_OF_BOUNDS`
fn out_of_bounds(ctx: &Ctx<'_>, name: Option<&str>) -> Error {
    let text = match name {
        Some(name) => format!("\"{name}\" is outside of buffer bounds"),
        None => "Attempt to access memory outside buffer bounds".to_owned(),
    };
    throw_coded(ctx, ErrorKind::Range, "ERR_BUFFER_OUT_OF_BOUNDS", &text)
}

/// An index that has to be a whole number, and no greater than `most`.
fn bounded(call: &Call<'_, '_>, place: usize, name: &str, most: usize) -> Result<usize> {
    let (ctx, number) = (call.ctx(), number(call, place, name)?);
    if !number.is_finite() || number.trunc() != number {
        return Err(node_errors::out_of_range(ctx, name, "an integer", &call.value(place)));
    }
    if !(0.0..=most as f64).contains(&number) {
        let range = format!(">= 0 && <= {most}");
        return Err(node_errors::out_of_range(ctx, name, &range, &call.value(place)));
    }
    Ok(number as usize)
}

/// A number that has to be one.
fn number(call: &Call<'_, '_>, index: usize, name: &str) -> Result<f64> {
    let value = call.value(index);
    value.as_number().ok_or_else(|| invalid_argument(call.ctx(), name, "of type number", &value))
}

/// An index: the value made a number and cut to an integer, NaN being 0. `None` for `undefined`.
fn index(call: &Call<'_, '_>, place: usize) -> Result<Option<f64>> {
    let value = call.value(place);
    if value.is_undefined() {
        return Ok(None);
    }
    let number = match value.as_number() {
        Some(number) => number,
        None => convert::unrestricted_double(call.ctx(), &value)?,
    };
    Ok(Some(if number.is_nan() { 0.0 } else { number.trunc() }))
}
