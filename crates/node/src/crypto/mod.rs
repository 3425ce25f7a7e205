//! `node:crypto`: the native parts of `js/crypto.js` and its parts.
//!
//! <https://nodejs.org/api/crypto.html>
//!
//! The algorithms are those of `crypto.subtle` (`holm_web::crypto`). Arguments are checked in
//! script, in Node's words.

mod ciphers;
mod derive;
mod hashing;
mod pairs;
mod random;

use holm_js::{Bytes, Call, Ctx, Error, Object, Result, Strings, Text, Value, function};

use crate::encodings::Encoding;
use crate::{buffer, builtins, embedded, process, scripted, ticks};

/// The rights that the native parts need.
#[derive(Clone, Copy)]
struct Tools {
    bytes: Bytes,
    strings: Strings,
}

type Native = for<'a, 'b> fn(Tools, &Call<'a, 'b>) -> Result<Value<'b>>;

/// `node:crypto`
pub(crate) fn module<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let natives = Object::new(ctx.clone())?;
    process::error_natives(ctx, &natives)?;
    builtins::natives(ctx, &natives)?;
    natives.set("Buffer", builtins::member(ctx, "buffer", "Buffer")?)?;
    natives.set("nextTick", function(ctx, "nextTick", 1, ticks::next_tick)?)?;
    let transform = function(ctx, "transform", 0, |call| {
        let made =
            scripted::part(call.ctx(), "stream/transform")?.into_object().ok_or(Error::Unknown)?;
        made.get("Transform")
    })?;
    natives.set("transform", transform)?;
    let part = function(ctx, "part", 2, |call| {
        let name: String = call.get(0)?;
        // Loaded when one of its members is first touched.
        embedded::load(call.ctx(), &format!("crypto_{name}"))?.call((call.value(1),))
    })?;
    natives.set("part", part)?;
    natives.set("webcrypto", ctx.globals().get::<_, Value<'js>>("crypto")?)?;
    let tools = Tools { bytes: Bytes::new(ctx)?, strings: Strings::new(ctx)? };
    for functions in [
        FUNCTIONS,
        ciphers::FUNCTIONS,
        derive::FUNCTIONS,
        hashing::FUNCTIONS,
        pairs::FUNCTIONS,
        random::FUNCTIONS,
    ] {
        for (name, length, body) in functions {
            natives.set(*name, function(ctx, name, *length, move |call| body(tools, call))?)?;
        }
    }
    embedded::load(ctx, "crypto")?.call((natives,))
}

const FUNCTIONS: &[(&str, u32, Native)] =
    &[("isBytes", 1, |tools, call| call.returns(tools.bytes.len(&call.value(0)).is_some()))];

impl Tools {
    fn of(ctx: &Ctx<'_>) -> Result<Self> {
        Ok(Self { bytes: Bytes::new(ctx)?, strings: Strings::new(ctx)? })
    }

    /// Lends the bytes of a string in an encoding, or those of a view.
    fn read<'js, R>(
        self,
        data: &Value<'js>,
        encoding: &Value<'js>,
        look: impl FnOnce(&[u8]) -> R + Send,
    ) -> Result<R> {
        let Some(text) = self.strings.text(data.clone())? else {
            return Ok(self.bytes.read(data, 0..usize::MAX, look));
        };
        let encoding = self.encoding(encoding)?.unwrap_or(Encoding::Utf8);
        Ok(look(&encoding.encode(&text.units())))
    }

    /// A copy of the bytes that a view shows.
    fn copy(self, view: &Value<'_>) -> Vec<u8> {
        self.bytes.read(view, 0..usize::MAX, <[u8]>::to_vec)
    }

    /// The encoding of a name; `None` for one that Node does not know, and for what is no name.
    fn encoding(self, name: &Value<'_>) -> Result<Option<Encoding>> {
        let text: Option<Text<'_>> = self.strings.text(name.clone())?;
        Ok(text.and_then(|text| match text.units() {
            holm_js::Units::Narrow(name) => Encoding::named(name),
            holm_js::Units::Wide(_) => None,
        }))
    }

    /// Bytes as text, or as a `Buffer` where no encoding is named.
    fn shown<'js>(self, ctx: &Ctx<'js>, bytes: &[u8], encoding: &Value<'js>) -> Result<Value<'js>> {
        match self.encoding(encoding)? {
            Some(encoding) => encoding.decode(bytes).into_value(ctx),
            None => buffer::make(ctx, bytes),
        }
    }
}
