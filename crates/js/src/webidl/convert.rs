//! Conversions from ECMAScript values, <https://webidl.spec.whatwg.org/#js-type-mapping>.

use rquickjs::atom::PredefinedAtom;
use rquickjs::prelude::This;
use rquickjs::{Ctx, Function, Object, Result, Value, qjs};

use crate::errors::{ErrorKind, throw};
use crate::lazy::well_known_symbol;
use crate::reflect::is_same;
use crate::text::to_text;
use crate::{pristine, raw};

pub use super::record::record;

/// What to do with a number that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integer {
    /// Modulo 2^n, as `ToInt32`.
    Wrap,
    /// `[EnforceRange]`: a `TypeError`.
    EnforceRange,
    /// `[Clamp]`: the nearest.
    Clamp,
}

/// `double`: any finite number.
pub fn double(ctx: &Ctx<'_>, value: &Value<'_>, what: &str) -> Result<f64> {
    let number = unrestricted_double(ctx, value)?;
    if number.is_finite() {
        return Ok(number);
    }
    Err(throw(ctx, ErrorKind::Type, &format!("{what} is not a finite number")))
}

/// `unrestricted double`: `ToNumber`.
pub fn unrestricted_double(ctx: &Ctx<'_>, value: &Value<'_>) -> Result<f64> {
    let mut number = 0.0;
    // SAFETY: a live value; the result is written on success only.
    raw::check(unsafe { qjs::JS_ToFloat64(raw::context(ctx), &raw mut number, value.as_raw()) })?;
    Ok(number)
}

/// `boolean`: `ToBoolean`.
pub fn boolean(value: &Value<'_>) -> bool {
    // SAFETY: a live value; converting to a boolean never throws.
    unsafe { qjs::JS_ToBool(raw::context(value.ctx()), value.as_raw()) > 0 }
}

/// `long`.
pub fn long(ctx: &Ctx<'_>, value: &Value<'_>, how: Integer, what: &str) -> Result<i32> {
    let number = integer(ctx, value, how, what, f64::from(i32::MIN), f64::from(i32::MAX))?;
    Ok(number as i64 as i32)
}

/// `unsigned short`.
pub fn unsigned_short(ctx: &Ctx<'_>, value: &Value<'_>, how: Integer, what: &str) -> Result<u16> {
    let number = integer(ctx, value, how, what, 0.0, f64::from(u16::MAX))?;
    Ok(number as i64 as u16)
}

/// `unsigned long`.
pub fn unsigned_long(ctx: &Ctx<'_>, value: &Value<'_>, how: Integer, what: &str) -> Result<u32> {
    let number = integer(ctx, value, how, what, 0.0, f64::from(u32::MAX))?;
    Ok(number as i64 as u32)
}

/// `unsigned long long`, in the range that a number holds exactly.
pub fn unsigned_long_long(
    ctx: &Ctx<'_>,
    value: &Value<'_>,
    how: Integer,
    what: &str,
) -> Result<u64> {
    const LAST_EXACT: f64 = 9_007_199_254_740_991.0;
    let number = integer(ctx, value, how, what, 0.0, LAST_EXACT)?;
    Ok(number as i64 as u64)
}

/// `ToBigInt64`.
pub fn bigint64(ctx: &Ctx<'_>, value: &Value<'_>) -> Result<i64> {
    // SAFETY: a live value.
    unsafe { raw::to_bigint64(ctx, value.as_raw()) }
}

/// `ToBigInt`, which has to be from 0 to 2^64 − 1.
pub fn big_unsigned<'js>(ctx: &Ctx<'js>, value: &Value<'js>, what: &str) -> Result<u64> {
    if !value.is_object() {
        // So that what cannot become a BigInt is an error of this realm.
        bigint64(ctx, value)?;
    }
    let exact = pristine::to_big_int(ctx, value)?;
    let mut low = 0;
    // SAFETY: a live BigInt, of which 64 bits are read.
    let whole = unsafe {
        raw::check(qjs::JS_ToBigUint64(raw::context(ctx), &raw mut low, exact.as_raw()))?;
        raw::own(ctx, qjs::JS_NewBigUint64(raw::context(ctx), low))?
    };
    if is_same(&whole, &exact) {
        return Ok(low);
    }
    let text = format!("{what} is not an integer from 0 to {}", u64::MAX);
    Err(throw(ctx, ErrorKind::Type, &text))
}

/// <https://webidl.spec.whatwg.org/#abstract-opdef-converttoint>
fn integer(
    ctx: &Ctx<'_>,
    value: &Value<'_>,
    how: Integer,
    what: &str,
    low: f64,
    high: f64,
) -> Result<f64> {
    // 4. Let x be ? ToNumber(V).
    let number = unrestricted_double(ctx, value)?;
    match how {
        // 6. If [EnforceRange]: 1. If x is NaN or infinite, then throw a TypeError.
        //    2. Set x to IntegerPart(x). 3. If x is out of range, then throw a TypeError.
        Integer::EnforceRange => {
            let whole = number.trunc();
            if !number.is_finite() || whole < low || whole > high {
                let text = format!("{what} is not an integer from {low} to {high}");
                return Err(throw(ctx, ErrorKind::Type, &text));
            }
            Ok(whole)
        }
        // 7. If [Clamp]: round to the nearest integer, choosing the even one.
        Integer::Clamp if number.is_nan() => Ok(0.0),
        Integer::Clamp => Ok(number.clamp(low, high).round_ties_even()),
        // 8. If x is NaN or infinite, then return +0. 10. Set x to x modulo 2^bitLength.
        Integer::Wrap if !number.is_finite() => Ok(0.0),
        Integer::Wrap => {
            let size = high - low + 1.0;
            let rest = number.trunc().rem_euclid(size);
            Ok(if rest > high { rest - size } else { rest })
        }
    }
}

/// `DOMString` and `USVString`: `ToString`; lone surrogates become U+FFFD.
pub fn string(ctx: &Ctx<'_>, value: &Value<'_>) -> Result<String> {
    to_text(ctx, value)
}

/// `DOMString`, if it can be written in UTF-8: if it has no lone surrogate.
pub fn dom_string<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Option<String>> {
    let text: rquickjs::Coerced<rquickjs::String<'js>> =
        rquickjs::FromJs::from_js(ctx, value.clone())?;
    let lossy = to_text(ctx, text.0.as_value())?;
    let back = rquickjs::String::from_str(ctx.clone(), &lossy)?;
    Ok(is_same(back.as_value(), text.0.as_value()).then_some(lossy))
}

/// <https://webidl.spec.whatwg.org/#js-ByteString>: each byte is a character up to U+00FF.
pub fn byte_string(ctx: &Ctx<'_>, value: &Value<'_>) -> Result<Vec<u8>> {
    // 1. Let x be ? ToString(V).
    let text = to_text(ctx, value)?;
    let mut bytes = Vec::with_capacity(text.len());
    for (index, character) in text.chars().enumerate() {
        // 2. If the value of any element of x is greater than 255, then throw a TypeError.
        let Ok(byte) = u8::try_from(character) else {
            let unit = u32::from(character.encode_utf16(&mut [0; 2])[0]);
            let text = format!(
                "Cannot convert argument to a ByteString because the character at index {index} \
                 has a value of {unit} which is greater than 255."
            );
            return Err(throw(ctx, ErrorKind::Type, &text));
        };
        // 3. Return a byte sequence of the same length.
        bytes.push(byte);
    }
    Ok(bytes)
}

/// A `ByteString` as script sees it.
pub fn from_byte_string(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// `GetMethod(object, %Symbol.iterator%)`: what tells a sequence from a record.
pub fn iterator_method<'js>(object: &Object<'js>) -> Result<Option<Function<'js>>> {
    let ctx = object.ctx();
    let symbol = well_known_symbol(ctx, PredefinedAtom::SymbolIterator)?;
    let method: Value<'js> = object.get(symbol)?;
    if method.is_undefined() || method.is_null() {
        return Ok(None);
    }
    method
        .into_function()
        .map(Some)
        .ok_or_else(|| throw(ctx, ErrorKind::Type, "Symbol.iterator is not a function"))
}

/// <https://webidl.spec.whatwg.org/#create-sequence-from-iterable>: hands each element to
/// `each`, which converts it.
pub fn elements<'js>(
    iterable: &Value<'js>,
    method: &Function<'js>,
    mut each: impl FnMut(Value<'js>) -> Result<()>,
) -> Result<()> {
    let ctx = iterable.ctx();
    let not_object = || throw(ctx, ErrorKind::Type, "an iterator's result is not an object");
    // 1. Let iteratorRecord be ? GetIteratorFromMethod(iterable, method).
    let iterator: Value<'js> = method.call((This(iterable.clone()),))?;
    let iterator = iterator.into_object().ok_or_else(not_object)?;
    let next: Value<'js> = iterator.get("next")?;
    let next = next
        .into_function()
        .ok_or_else(|| throw(ctx, ErrorKind::Type, "an iterator's next is not a function"))?;
    // 3. Repeat: 1. Let next be ? IteratorStepValue(iteratorRecord).
    loop {
        let result: Value<'js> = next.call((This(iterator.clone()),))?;
        let result = result.into_object().ok_or_else(not_object)?;
        // 2. If next is done, then return.
        if boolean(&result.get("done")?) {
            return Ok(());
        }
        // 3. Initialize S_i to the result of converting next to T.
        each(result.get("value")?)?;
    }
}

/// A dictionary: an object, or nothing where `undefined` or `null` was passed.
pub fn dictionary<'js>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    what: &str,
) -> Result<Option<Object<'js>>> {
    if value.is_undefined() || value.is_null() {
        return Ok(None);
    }
    value
        .clone()
        .into_object()
        .map(Some)
        .ok_or_else(|| throw(ctx, ErrorKind::Type, &format!("{what} is not an object")))
}

/// `sequence<any>`: an object that can be iterated.
pub fn sequence<'js>(ctx: &Ctx<'js>, value: &Value<'js>, what: &str) -> Result<Vec<Value<'js>>> {
    if !value.is_object() {
        return Err(throw(ctx, ErrorKind::Type, &format!("{what}: not an iterable object")));
    }
    iterate(ctx, value, &format!("{what}: not iterable"))
}

/// `IteratorToList(GetIteratorFromMethod(value, GetMethod(value, %Symbol.iterator%)))`; a
/// `TypeError` with this message if there is no such method.
pub fn iterate<'js>(ctx: &Ctx<'js>, value: &Value<'js>, message: &str) -> Result<Vec<Value<'js>>> {
    let method = raw::get_by_symbol(ctx, value, PredefinedAtom::SymbolIterator)?;
    let Some(method) = method.into_function() else {
        return Err(throw(ctx, ErrorKind::Type, message));
    };
    let mut values = Vec::new();
    elements(value, &method, |element| {
        values.push(element);
        Ok(())
    })?;
    Ok(values)
}

/// A member of a dictionary, if it is there.
pub fn member<'js>(dictionary: &Object<'js>, key: &str) -> Result<Option<Value<'js>>> {
    let value: Value<'js> = dictionary.get(key)?;
    Ok(if value.is_undefined() { None } else { Some(value) })
}
