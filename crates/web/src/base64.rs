//! Base64 utility methods: `atob` and `btoa`.
//!
//! <https://html.spec.whatwg.org/multipage/webappapis.html#atob>

use data_url::forgiving_base64;
use holm_js::{
    Attributes, Call, Coerced, Ctx, ErrorKind, FromJs, JsString, Result, Strings, Text, Units,
    Value, define_value, function, throw_coded, throw_dom,
};

/// Defines the methods.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let global = ctx.globals();
    define_value(&global, "atob", function(ctx, "atob", 1, atob)?, Attributes::ALL)?;
    define_value(&global, "btoa", function(ctx, "btoa", 1, btoa)?, Attributes::ALL)
}

/// The digits that a text may be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// With `+`, `/` and padding.
    Standard,
    /// With `-` and `_`, not padded.
    Url,
}

impl Alphabet {
    /// The digits, by their values.
    pub const fn digits(self) -> &'static [u8; 64] {
        match self {
            Self::Standard => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            Self::Url => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        }
    }
}

/// Bytes as base64.
pub fn encode(bytes: &[u8], alphabet: Alphabet) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit <= group.len() {
                let value = bits >> (18 - 6 * digit) & 63;
                text.push(char::from(alphabet.digits()[value as usize]));
            } else if alphabet == Alphabet::Standard {
                text.push('=');
            }
        }
    }
    text
}

/// <https://html.spec.whatwg.org/multipage/webappapis.html#dom-btoa>
fn btoa<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let data = argument(call)?;
    // The btoa(data) method must throw an "InvalidCharacterError" DOMException if data contains any
    // character whose code point is greater than U+00FF.
    let low: Option<Vec<u8>> = match data.units() {
        Units::Narrow(units) => Some(units.to_vec()),
        Units::Wide(units) => units.iter().map(|unit| u8::try_from(*unit).ok()).collect(),
    };
    let bytes = low.ok_or_else(|| invalid_character(call.ctx(), "Invalid character"))?;
    // Otherwise, the user agent must convert data to a byte sequence whose nth byte is the
    // eight-bit representation of the nth code point of data, and then must apply forgiving-base64
    // encode to that byte sequence and return the result.
    call.returns(encode(&bytes, Alphabet::Standard))
}

/// <https://html.spec.whatwg.org/multipage/webappapis.html#dom-atob>
fn atob<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let data = argument(call)?;
    // 1. Let decodedData be the result of running forgiving-base64 decode on data.
    // 2. If decodedData is failure, then throw an "InvalidCharacterError" DOMException.
    let decoded = match data.units() {
        Units::Narrow(units) => forgiving_base64::decode_to_vec(units).ok(),
        Units::Wide(_) => None,
    };
    let decoded = decoded.ok_or_else(|| {
        invalid_character(ctx, "The string to be decoded is not correctly encoded.")
    })?;
    // 3. Return decodedData.
    let text: String = decoded.iter().map(|byte| char::from(*byte)).collect();
    Ok(JsString::from_str(ctx.clone(), &text)?.into_value())
}

/// The `DOMString`, which has to be given.
fn argument<'js>(call: &Call<'_, 'js>) -> Result<Text<'js>> {
    let ctx = call.ctx();
    if call.is_empty() {
        let text = "The \"input\" argument must be specified";
        return Err(throw_coded(ctx, ErrorKind::Type, "ERR_MISSING_ARGS", text));
    }
    let value = call.value(0);
    let string = match Strings::is_string(&value) {
        true => value,
        false => Coerced::<JsString<'js>>::from_js(ctx, value)?.0.into_value(),
    };
    Strings::new(ctx)?.text(string)?.ok_or(holm_js::Error::Unknown)
}

fn invalid_character(ctx: &Ctx<'_>, text: &str) -> holm_js::Error {
    throw_dom(ctx, "InvalidCharacterError", text)
}
