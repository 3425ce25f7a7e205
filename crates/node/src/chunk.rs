//! The native parts of `js/chunk.js`: bytes that can say what text they are.

use std::cell::RefCell;

use holm_js::{
    Call, Ctx, ErrorKind, JsString, Object, Result, Root, TypedArray, Value, function, slot,
    throw_coded, to_text, view_bytes,
};

use crate::embedded::Embedded;
use crate::encodings::Encoding;

/// The class of a realm, made on first use.
#[derive(Default)]
struct Class(RefCell<Option<Root<Value<'static>>>>);

/// The class.
pub(crate) fn class<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let slot = slot::<Class>(ctx);
    if let Some(made) = &*slot.0.borrow() {
        return made.get(ctx);
    }
    let made = make(ctx)?;
    slot.0.replace(Some(Root::new(ctx, made.clone())?));
    Ok(made)
}

fn make<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let natives = Object::new(ctx.clone())?;
    let define = |name: &str, body: Native| -> Result<()> {
        natives.set(name, function(ctx, name, 2, body)?)
    };
    define("decode", decode)?;
    define("encode", encode)?;
    define("isEncoding", |call| {
        let name = call.value(0);
        let known = name.is_string() && Encoding::named(&to_text(call.ctx(), &name)?).is_some();
        call.returns(known)
    })?;
    Embedded::Chunk.load(ctx)?.call((natives,))
}

type Native = for<'a, 'b> fn(&Call<'a, 'b>) -> Result<Value<'b>>;

/// `(view, encoding)`
fn decode<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let encoding = encoding(call)?;
    let text = match call.value(0).as_object() {
        Some(view) => encoding.decode(&view_bytes(view)?),
        None => String::new(),
    };
    Ok(JsString::from_str(call.ctx().clone(), &text)?.into_value())
}

/// `(text, encoding)`
fn encode<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let bytes = encoding(call)?.encode(&to_text(call.ctx(), &call.value(0))?);
    call.returns(TypedArray::<u8>::new_copy(call.ctx().clone(), bytes)?)
}

fn encoding(call: &Call<'_, '_>) -> Result<Encoding> {
    let name = to_text(call.ctx(), &call.value(1))?;
    Encoding::named(&name).ok_or_else(|| {
        let text = format!("Unknown encoding: {name}");
        throw_coded(call.ctx(), ErrorKind::Type, "ERR_UNKNOWN_ENCODING", &text)
    })
}
