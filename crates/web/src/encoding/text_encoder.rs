//! `TextEncoder`, <https://encoding.spec.whatwg.org/#interface-textencoder>.

use holm_js::reflect::{Kind, TypedArrayKind};
use holm_js::webidl::{Definition, Interface, construct, convert};
use holm_js::{
    ArrayBuffer, Call, ErrorKind, HostObject, Object, Result, TypedArray, Value, fill_view, throw,
    view_len,
};

pub(crate) struct TextEncoder;

impl HostObject for TextEncoder {}

impl Interface for TextEncoder {
    const NAME: &'static str = "TextEncoder";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(0, |call| construct(call, Self))
            .attribute("encoding", |_, call| call.returns("utf-8"))?
            .operation("encode", 0, |_, call| encode(call))?
            .operation("encodeInto", 2, |_, call| encode_into(call))?;
        Ok(())
    }
}

/// <https://encoding.spec.whatwg.org/#dom-textencoder-encode>
fn encode<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let input = match call.value(0) {
        absent if absent.is_undefined() => String::new(),
        // The conversion to USVString.
        given => convert::string(ctx, &given)?,
    };
    let buffer = ArrayBuffer::new_copy(ctx.clone(), input.as_bytes())?;
    Ok(TypedArray::<u8>::from_arraybuffer(buffer)?.into_value())
}

/// <https://encoding.spec.whatwg.org/#dom-textencoder-encodeinto>
fn encode_into<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let source = convert::string(ctx, &call.value(0))?;
    let destination = call.value(1);
    let destination = destination
        .as_object()
        .filter(|object| matches!(Kind::of(object), Kind::TypedArray(TypedArrayKind::Uint8)))
        .ok_or_else(|| {
            let text = "TextEncoder.encodeInto: the destination is not a Uint8Array";
            throw(ctx, ErrorKind::Type, text)
        })?;
    let written = source.floor_char_boundary(view_len(destination)?);
    let text = &source[..written];
    fill_view(destination, text.as_bytes())?;
    let read: usize = text.chars().map(char::len_utf16).sum();
    let result = Object::new(ctx.clone())?;
    result.set("read", read as f64)?;
    result.set("written", written as f64)?;
    Ok(result.into_value())
}
