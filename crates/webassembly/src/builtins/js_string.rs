//! String builtins: <https://webassembly.github.io/spec/js-api/#builtins-js-string>

use holm_js::{Ctx, Error, Strings, Text, Value};
use holm_wasm::{Answer, DirectCall, DirectFunction, DirectKind, Thrown};

use crate::passage::Passage;
use crate::values::host_value;

/// The set's name.
pub(super) const SET_NAME: &str = "js-string";

/// A function of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum JsString {
    Cast,
    Test,
    FromCharCodeArray,
    IntoCharCodeArray,
    FromCharCode,
    FromCodePoint,
    CharCodeAt,
    CodePointAt,
    Length,
    Concat,
    Substring,
    Equals,
    Compare,
}

use DirectKind::{Extern, I32, NonNullExtern, Units};
use JsString::{
    Cast, CharCodeAt, CodePointAt, Compare, Concat, Equals, FromCharCode, FromCharCodeArray,
    FromCodePoint, IntoCharCodeArray, Length, Substring, Test,
};

/// Each with its name and its type.
const ALL: [(JsString, &str, &[DirectKind], DirectKind); 13] = [
    (Cast, "cast", &[Extern], NonNullExtern),
    (Test, "test", &[Extern], I32),
    (FromCharCodeArray, "fromCharCodeArray", &[Units, I32, I32], NonNullExtern),
    (IntoCharCodeArray, "intoCharCodeArray", &[Extern, Units, I32], I32),
    (FromCharCode, "fromCharCode", &[I32], NonNullExtern),
    // The specification says `externref`; its own tests, and other engines, say this.
    (FromCodePoint, "fromCodePoint", &[I32], NonNullExtern),
    (CharCodeAt, "charCodeAt", &[Extern, I32], I32),
    (CodePointAt, "codePointAt", &[Extern, I32], I32),
    (Length, "length", &[Extern], I32),
    (Concat, "concat", &[Extern, Extern], NonNullExtern),
    (Substring, "substring", &[Extern, I32, I32], NonNullExtern),
    (Equals, "equals", &[Extern, Extern], I32),
    (Compare, "compare", &[Extern, Extern], I32),
];

impl JsString {
    pub(super) fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|(_, known, ..)| *known == name).map(|(function, ..)| *function)
    }

    fn name(self) -> &'static str {
        ALL[self as usize].1
    }

    /// The types of the parameters, and of the result.
    pub(super) fn signature(self) -> (&'static [DirectKind], DirectKind) {
        let (_, _, parameters, result) = ALL[self as usize];
        (parameters, result)
    }
}

/// A function of the set in a group.
pub(super) struct JsStringFunction {
    function: JsString,
    strings: Strings,
    passage: Passage,
}

impl JsStringFunction {
    pub(super) fn new(function: JsString, strings: Strings, passage: Passage) -> Self {
        Self { function, strings, passage }
    }
}

impl DirectFunction for JsStringFunction {
    fn call(&self, call: &mut DirectCall<'_>) -> Result<Answer, Thrown> {
        self.passage.run_raw(|ctx| {
            self.steps(ctx, call).map_err(|stop| match stop {
                // Throw a RuntimeError exception as if a trap was executed.
                Stop::Trap(what) => {
                    Thrown::Trap(format!("{SET_NAME} {}: {what}", self.function.name()))
                }
                Stop::Wasm(thrown) => thrown,
                Stop::Script(error) => self.passage.thrown(ctx, error),
            })
        })
    }
}

/// Why a function does not return.
enum Stop {
    Trap(String),
    Wasm(Thrown),
    /// In these functions, that there is no memory for a string, or that it would be too long.
    Script(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Script(error)
    }
}

impl From<Thrown> for Stop {
    fn from(thrown: Thrown) -> Self {
        Self::Wasm(thrown)
    }
}

type Steps<T> = Result<T, Stop>;

fn trap<T>(what: impl Into<String>) -> Steps<T> {
    Err(Stop::Trap(what.into()))
}

#[expect(clippy::wrong_self_convention, reason = "named as the functions of the set are")]
impl JsStringFunction {
    fn steps(&self, ctx: &Ctx<'_>, call: &mut DirectCall<'_>) -> Steps<Answer> {
        match self.function {
            Cast => self.cast(ctx, call),
            Test => Ok(Answer::I32(i32::from(is_string(ctx, call, 0)?))),
            FromCharCodeArray => self.from_char_code_array(ctx, call),
            IntoCharCodeArray => self.into_char_code_array(ctx, call),
            FromCharCode => self.from_char_code(ctx, call),
            FromCodePoint => self.from_code_point(ctx, call),
            CharCodeAt => self.char_code_at(ctx, call),
            CodePointAt => self.code_point_at(ctx, call),
            Length => self.length(ctx, call),
            Concat => self.concat(ctx, call),
            Substring => self.substring(ctx, call),
            Equals => self.equals(ctx, call),
            Compare => self.compare(ctx, call),
        }
    }

    /// <https://webassembly.github.io/spec/js-api/#js-string-cast>
    fn cast(&self, ctx: &Ctx<'_>, call: &DirectCall<'_>) -> Steps<Answer> {
        // 1. Return ? UnwrapString(v).
        unwrap(ctx, call, 0)?;
        Ok(Answer::Argument(0))
    }

    /// <https://webassembly.github.io/spec/js-api/#js-string-fromcharcodearray>
    fn from_char_code_array(&self, ctx: &Ctx<'_>, call: &mut DirectCall<'_>) -> Steps<Answer> {
        // 1. If array is null, throw a RuntimeError.
        if call.is_null(0) {
            return trap("the array is null");
        }
        // 2. Let length be the number of elements in array.
        let length = call.array_len(0)?;
        // 3. If start > end or end > length, throw a RuntimeError.
        let (start, end) = (call.i32(1) as u32, call.i32(2) as u32);
        if start > end || end > length {
            return trap(format!("elements {start} to {end} of an array of {length}"));
        }
        // 6. While i < end, append FromCharCode of the element at i.
        // OPTIMIZATION: all at once.
        let len = (end - start) as usize;
        let mut inline = [0; INLINE_UNITS];
        let mut many;
        let units = match inline.get_mut(..len) {
            Some(units) => units,
            None => {
                many = vec![0; len];
                &mut many[..]
            }
        };
        call.read_array(0, start, units)?;
        // 7. Return result.
        self.answer(&Strings::make(ctx, units)?)
    }

    /// <https://webassembly.github.io/spec/js-api/#js-string-intocharcodearray>
    fn into_char_code_array(&self, ctx: &Ctx<'_>, call: &mut DirectCall<'_>) -> Steps<Answer> {
        // 1. If array is null, throw a RuntimeError.
        if call.is_null(1) {
            return trap("the array is null");
        }
        // 2. Let string be ? UnwrapString(string).
        let text = self.unwrap_text(ctx, call, 0)?;
        let units = text.units();
        // 3.–4. Let stringLength be the length of string, and arrayLength that of array.
        let (string_length, array_length) = (units.len(), call.array_len(1)?);
        // 5. If start + stringLength > arrayLength, throw a RuntimeError.
        let start = call.i32(2) as u32;
        if u64::from(start) + string_length as u64 > u64::from(array_length) {
            return trap(format!(
                "a string of {string_length} from element {start} of an array of {array_length}"
            ));
        }
        // 7. While i < stringLength, set the element at start + i to CharCodeAt(string, i).
        // OPTIMIZATION: all at once.
        match units {
            holm_js::Units::Wide(units) => call.write_array(1, start, units)?,
            holm_js::Units::Narrow(_) => {
                let mut inline = [0; INLINE_UNITS];
                let mut many;
                let wide = match inline.get_mut(..string_length) {
                    Some(wide) => wide,
                    None => {
                        many = vec![0; string_length];
                        &mut many[..]
                    }
                };
                units.copy_to(wide);
                call.write_array(1, start, wide)?;
            }
        }
        // 8. Return stringLength.
        Ok(number(string_length))
    }

    /// <https://webassembly.github.io/spec/js-api/#js-string-fromcharcode>
    fn from_char_code(&self, ctx: &Ctx<'_>, call: &DirectCall<'_>) -> Steps<Answer> {
        // 1. Return FromCharCode(v).
        self.answer(&Strings::make(ctx, &[call.i32(0) as u16])?)
    }

    /// <https://webassembly.github.io/spec/js-api/#js-string-fromcodepoint>
    fn from_code_point(&self, ctx: &Ctx<'_>, call: &DirectCall<'_>) -> Steps<Answer> {
        // 1. If v > 0x10ffff, throw a RuntimeError.
        let point = call.i32(0) as u32;
        if point > u32::from(char::MAX) {
            return trap(format!("{point:#x} is no code point"));
        }
        // 2. Return ! Call(String.fromCodePoint, undefined, « ToJSValue(v) »).
        let mut pair = [0; 2];
        let units = match char::from_u32(point) {
            Some(point) => &*point.encode_utf16(&mut pair),
            // A surrogate is one unit.
            None => &[point as u16],
        };
        self.answer(&Strings::make(ctx, units)?)
    }

    /// <https://webassembly.github.io/spec/js-api/#js-string-charcodeat>
    #[inline]
    fn char_code_at(&self, ctx: &Ctx<'_>, call: &DirectCall<'_>) -> Steps<Answer> {
        // 1. Let string be ? UnwrapString(string).
        let text = self.unwrap_text(ctx, call, 0)?;
        // 3. If index >= length, throw a RuntimeError. 4. Return CharCodeAt(string, index).
        let index = call.i32(1) as u32;
        match text.units().get(index as usize) {
            Some(unit) => Ok(Answer::I32(i32::from(unit))),
            None => outside(index, &text),
        }
    }

    /// <https://webassembly.github.io/spec/js-api/#js-string-codepointat>
    fn code_point_at(&self, ctx: &Ctx<'_>, call: &DirectCall<'_>) -> Steps<Answer> {
        // 1. Let string be ? UnwrapString(string).
        let text = self.unwrap_text(ctx, call, 0)?;
        // 3. If index >= length, throw a RuntimeError. 4. Return
        //    ! Call(String.prototype.codePointAt, string, « ToJSValue(index) »).
        let index = call.i32(1) as u32;
        match text.units().code_point(index as usize) {
            Some(point) => Ok(Answer::I32(point as i32)),
            None => outside(index, &text),
        }
    }

    /// <https://webassembly.github.io/spec/js-api/#js-string-length>
    #[inline]
    fn length(&self, ctx: &Ctx<'_>, call: &DirectCall<'_>) -> Steps<Answer> {
        // 1. Let string be ? UnwrapString(v). 2. Return the length of string.
        let length = value(ctx, call, 0)?.and_then(|string| self.strings.len(&string));
        match length {
            Some(length) => Ok(Answer::I32(length as i32)),
            None => no_string(0),
        }
    }

    /// <https://webassembly.github.io/spec/js-api/#js-string-concat>
    fn concat(&self, ctx: &Ctx<'_>, call: &DirectCall<'_>) -> Steps<Answer> {
        // 1. Let first be ? UnwrapString(first). 2. Let second be ? UnwrapString(second).
        let (first, second) = (unwrap(ctx, call, 0)?, unwrap(ctx, call, 1)?);
        // 3. Return ! Call(String.prototype.concat, first, « second »).
        self.answer(&self.strings.concat(first, second)?)
    }

    /// <https://webassembly.github.io/spec/js-api/#js-string-substring>
    fn substring(&self, ctx: &Ctx<'_>, call: &DirectCall<'_>) -> Steps<Answer> {
        // 1. Let string be ? UnwrapString(string).
        let text = self.unwrap_text(ctx, call, 0)?;
        let length = text.units().len();
        let (start, end) = (call.i32(1) as u32 as usize, call.i32(2) as u32 as usize);
        // 3. If start > end or start > length, return the empty string.
        if start > end || start > length {
            return self.answer(&Strings::make(ctx, &[])?);
        }
        // 4. Return ! Call(String.prototype.substring, string, « start, end »).
        self.answer(&text.substring(start, end.min(length))?)
    }

    /// <https://webassembly.github.io/spec/js-api/#js-string-equals>
    fn equals(&self, ctx: &Ctx<'_>, call: &DirectCall<'_>) -> Steps<Answer> {
        // 1. If first is not null and first is not a String, throw a RuntimeError.
        let first = self.nullable_text(ctx, call, 0)?;
        // 2. If second is not null and second is not a String, throw a RuntimeError.
        let second = self.nullable_text(ctx, call, 1)?;
        // 3. If ! IsStrictlyEqual(first, second) is true, return 1. 4. Return 0.
        let is_equal = first.as_ref().map(Text::units) == second.as_ref().map(Text::units);
        Ok(Answer::I32(i32::from(is_equal)))
    }

    /// <https://webassembly.github.io/spec/js-api/#js-string-compare>
    fn compare(&self, ctx: &Ctx<'_>, call: &DirectCall<'_>) -> Steps<Answer> {
        // 1. Let first be ? UnwrapString(first). 2. Let second be ? UnwrapString(second).
        let first = self.unwrap_text(ctx, call, 0)?;
        let second = self.unwrap_text(ctx, call, 1)?;
        // 3. If they are strictly equal, return 0. 4. If first is less than second, return -1.
        // 5. Return 1.
        Ok(Answer::I32(first.units().cmp(&second.units()) as i32))
    }

    /// <https://webassembly.github.io/spec/js-api/#abstract-opdef-unwrapstring>, to be read.
    #[inline]
    fn unwrap_text<'js>(
        &self,
        ctx: &Ctx<'js>,
        call: &DirectCall<'_>,
        index: usize,
    ) -> Steps<Text<'js>> {
        let Some(value) = value(ctx, call, index)? else { return no_string(index) };
        match self.strings.text(value)? {
            Some(text) => Ok(text),
            None => no_string(index),
        }
    }

    /// `None` for null.
    #[inline]
    fn nullable_text<'js>(
        &self,
        ctx: &Ctx<'js>,
        call: &DirectCall<'_>,
        index: usize,
    ) -> Steps<Option<Text<'js>>> {
        if call.is_null(index) {
            return Ok(None);
        }
        self.unwrap_text(ctx, call, index).map(Some)
    }

    fn answer(&self, string: &Value<'_>) -> Steps<Answer> {
        Ok(Answer::Host(self.passage.values().add(string)))
    }
}

/// Strings of up to so many units need no memory of their own on their way to an array.
const INLINE_UNITS: usize = 64;

/// <https://webassembly.github.io/spec/js-api/#abstract-opdef-unwrapstring>
fn unwrap<'js>(ctx: &Ctx<'js>, call: &DirectCall<'_>, index: usize) -> Steps<Value<'js>> {
    // 1. If v is not a String, throw a RuntimeError exception as if a trap was executed.
    // 2. Return v.
    match value(ctx, call, index)? {
        Some(string) if Strings::is_string(&string) => Ok(string),
        _ => no_string(index),
    }
}

fn is_string(ctx: &Ctx<'_>, call: &DirectCall<'_>, index: usize) -> Steps<bool> {
    Ok(value(ctx, call, index)?.is_some_and(|value| Strings::is_string(&value)))
}

/// The value of script that an argument is, if it is one.
#[inline]
fn value<'js>(ctx: &Ctx<'js>, call: &DirectCall<'_>, index: usize) -> Steps<Option<Value<'js>>> {
    Ok(call.host(index).map(|reference| host_value(ctx, reference)).transpose()?)
}

fn no_string<T>(index: usize) -> Steps<T> {
    trap(format!("argument {index} is not a string"))
}

fn outside<T>(index: u32, text: &Text<'_>) -> Steps<T> {
    trap(format!("index {index} of a string of {}", text.units().len()))
}

fn number(length: usize) -> Answer {
    // Strings are no longer than 2³⁰ units.
    Answer::I32(length as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_functions() {
        for (index, (function, name, ..)) in ALL.iter().enumerate() {
            assert_eq!(*function as usize, index);
            assert_eq!(JsString::named(name), Some(*function));
        }
    }
}
