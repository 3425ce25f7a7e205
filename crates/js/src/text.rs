//! Text out of JavaScript strings.

use rquickjs::{Ctx, Error, Result, Value, qjs};

use crate::raw;

/// `ToString(value)` as UTF-8. Lone surrogates, which UTF-8 cannot say, become U+FFFD.
pub fn to_text(ctx: &Ctx<'_>, value: &Value<'_>) -> Result<String> {
    let mut len = 0usize;
    // SAFETY: the value is alive. The bytes are copied before they are released.
    unsafe {
        let bytes = qjs::JS_ToCStringLen(raw::context(ctx), &raw mut len, value.as_raw());
        if bytes.is_null() {
            return Err(Error::Exception);
        }
        let text = from_wtf8(std::slice::from_raw_parts(bytes.cast(), len));
        qjs::JS_FreeCString(raw::context(ctx), bytes);
        Ok(text)
    }
}

/// UTF-8 in which QuickJS may have written lone surrogates as three bytes.
fn from_wtf8(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(valid);
                return text;
            }
            Err(error) => {
                let (valid, broken) = rest.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(valid));
                text.push(char::REPLACEMENT_CHARACTER);
                let surrogate = broken.first() == Some(&0xed) && broken.len() >= 3;
                rest = &broken[if surrogate { 3 } else { 1 }..];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::from_wtf8;

    #[test]
    fn surrogates_become_one_replacement_each() {
        let check = |bytes: &[u8], text: &str| assert_eq!(from_wtf8(bytes), text);
        check(b"plain", "plain");
        check("h\u{e9}llo \u{1f600}".as_bytes(), "h\u{e9}llo \u{1f600}");
        check(b"a\xed\xa0\x80b", "a\u{fffd}b");
        check(b"\xed\xa0\x80\xed\xb0\x80", "\u{fffd}\u{fffd}");
        check(b"\xff", "\u{fffd}");
        check(b"\xed", "\u{fffd}");
    }
}
