//! Conversions from ECMAScript values, <https://webidl.spec.whatwg.org/#js-type-mapping>.

use rquickjs::atom::PredefinedAtom;
use rquickjs::function::This;
use rquickjs::{Ctx, Object, Result, Value, qjs};

use crate::errors::{ErrorKind, throw};
use crate::reflect::is_same;
use crate::text::to_text;
use crate::{pristine, raw};

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
    let text: rquickjs::Coerced<rquickjs::String<'js>> = rquickjs::FromJs::from_js(ctx, value.clone())?;
    let lossy = to_text(ctx, text.0.as_value())?;
    let back = rquickjs::String::from_str(ctx.clone(), &lossy)?;
    Ok(is_same(back.as_value(), text.0.as_value()).then_some(lossy))
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
    let method = match raw::get_by_symbol(ctx, value, PredefinedAtom::SymbolIterator)? {
        method if method.is_undefined() || method.is_null() => {
            return Err(throw(ctx, ErrorKind::Type, message));
        }
        method => method.into_function().ok_or_else(|| throw(ctx, ErrorKind::Type, message))?,
    };
    let iterator: Value<'js> = method.call((This(value.clone()),))?;
    let Some(iterator) = iterator.into_object() else {
        return Err(throw(ctx, ErrorKind::Type, "an iterator is not an object"));
    };
    let next: Value<'js> = iterator.get("next")?;
    let Some(next) = next.into_function() else {
        return Err(throw(ctx, ErrorKind::Type, "an iterator's 'next' is not a function"));
    };
    let mut values = Vec::new();
    loop {
        let step: Value<'js> = next.call((This(iterator.clone()),))?;
        let Some(step) = step.into_object() else {
            return Err(throw(ctx, ErrorKind::Type, "an iterator's result is not an object"));
        };
        if boolean(&step.get::<_, Value<'js>>("done")?) {
            return Ok(values);
        }
        values.push(step.get("value")?);
    }
}

/// A member of a dictionary, if it is there.
pub fn member<'js>(dictionary: &Object<'js>, key: &str) -> Result<Option<Value<'js>>> {
    let value: Value<'js> = dictionary.get(key)?;
    Ok(if value.is_undefined() { None } else { Some(value) })
}
