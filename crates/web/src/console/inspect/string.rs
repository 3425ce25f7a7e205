//! Strings: quoting, escaping, measuring.
//!
//! JavaScript's strings come as WTF-8: UTF-8 in which a lone surrogate is three bytes as if
//! it were a character. Lengths are JavaScript's: UTF-16 units.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

use super::options::Colors;
use super::style::without_colors;

/// The length in UTF-16 units.
pub(super) fn units(text: &str) -> usize {
    wtf8_units(text.as_bytes())
}

/// The length in UTF-16 units.
pub(super) fn wtf8_units(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    // One for each first byte, one more for those outside of the basic plane.
    let first = text.iter().filter(|byte| (**byte as i8) >= -0x40).count();
    first + text.iter().filter(|byte| **byte >= 0xf0).count()
}

/// The columns a terminal needs, without the colours that there are.
pub(super) fn width(text: &str, colors: Colors) -> usize {
    if colors == Colors::Always {
        return width(&without_colors(text), Colors::Never);
    }
    if text.is_ascii() {
        return text.bytes().filter(|byte| !byte.is_ascii_control()).count();
    }
    // As in Node, what is one sign on newer terminals (an emoji joined of several) counts
    // as its parts.
    text.chars().filter_map(char::width).sum()
}

/// The first `limit` units of a text; a pair of surrogates may be cut in two.
pub(super) fn prefix(text: &[u8], limit: usize) -> Cow<'_, [u8]> {
    if text.len() <= limit {
        return Cow::Borrowed(text);
    }
    let mut left = limit;
    for (at, point) in points(text) {
        let len = if point > 0xffff { 2 } else { 1 };
        if len <= left {
            left -= len;
            continue;
        }
        if left == 0 {
            return Cow::Borrowed(&text[..at]);
        }
        let high = 0xd800 + ((point - 0x1_0000) >> 10);
        let mut cut = text[..at].to_vec();
        cut.extend([0xed, 0x80 | (high >> 6 & 0x3f) as u8, 0x80 | (high & 0x3f) as u8]);
        return Cow::Owned(cut);
    }
    Cow::Borrowed(text)
}

/// Appends a text in quotes: single ones, or double ones or backticks if that saves escapes.
pub(super) fn push_quoted(out: &mut String, text: &[u8]) {
    let quote = if !text.contains(&b'\'') {
        '\''
    } else if !text.contains(&b'"') {
        '"'
    } else if !text.contains(&b'`') && !text.windows(2).any(|two| two == b"${") {
        '`'
    } else {
        '\''
    };
    out.push(quote);
    push_escaped(out, text, quote);
    out.push(quote);
}

/// Appends a text with control characters, backslashes, lone surrogates, and the single
/// quote if that is the quote, escaped.
pub(super) fn push_escaped(out: &mut String, text: &[u8], quote: char) {
    // Most strings are plain: nothing to decode.
    if text.iter().all(|byte| matches!(byte, 0x20..0x7f if *byte != b'\\' && *byte != b'\'')) {
        return push_lossy(out, text);
    }
    let escaped_quote = if quote == '\'' { 0x27 } else { u32::MAX };
    let mut copied = 0;
    for (at, point) in points(text) {
        let plain = match point {
            0x5c | 0..0x20 | 0x7f..=0x9f | 0xd800..=0xdfff => false,
            _ => point != escaped_quote,
        };
        if !plain {
            push_lossy(out, &text[copied..at]);
            push_escape(out, point);
            copied = (at + point_len(text[at])).min(text.len());
        }
    }
    push_lossy(out, &text[copied..]);
}

/// Appends a text in which lone surrogates become U+FFFD.
pub(super) fn push_lossy(out: &mut String, text: &[u8]) {
    if let Ok(text) = std::str::from_utf8(text) {
        out.push_str(text);
        return;
    }
    let replacement = char::REPLACEMENT_CHARACTER;
    out.extend(points(text).map(|(_, point)| char::from_u32(point).unwrap_or(replacement)));
}

fn push_escape(out: &mut String, point: u32) {
    match point {
        0x08 => out.push_str("\\b"),
        0x09 => out.push_str("\\t"),
        0x0a => out.push_str("\\n"),
        0x0c => out.push_str("\\f"),
        0x0d => out.push_str("\\r"),
        0x27 => out.push_str("\\'"),
        0x5c => out.push_str("\\\\"),
        // Writing to a String does not fail.
        0..=0xff => write!(out, "\\x{point:02X}").unwrap_or_default(),
        _ => write!(out, "\\u{point:x}").unwrap_or_default(),
    }
}

/// The code points, lone surrogates among them, with where each begins.
pub(super) fn points(text: &[u8]) -> impl Iterator<Item = (usize, u32)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let first = *text.get(at)?;
        let start = at;
        let len = point_len(first);
        let mut point = match len {
            1 => u32::from(first),
            2 => u32::from(first & 0x1f),
            3 => u32::from(first & 0x0f),
            _ => u32::from(first & 0x07),
        };
        for offset in 1..len {
            point = point << 6 | u32::from(text.get(at + offset).copied().unwrap_or(0) & 0x3f);
        }
        // Never past the end, even if the engine gave broken text.
        at = (at + len).min(text.len());
        Some((start, point))
    })
}

fn point_len(first: u8) -> usize {
    match first {
        0..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    }
}

/// Whether a key needs no quotes: `/^[a-zA-Z_][a-zA-Z_0-9]*$/`.
pub(super) fn is_identifier(text: &[u8]) -> bool {
    text.first().is_some_and(|byte| !byte.is_ascii_digit())
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes() {
        let check = |text: &[u8], expected: &str| {
            let mut out = String::new();
            push_quoted(&mut out, text);
            assert_eq!(out, expected);
        };
        check(b"a", "'a'");
        check(b"it's", "\"it's\"");
        check(b"it's \"it\"", "`it's \"it\"`");
        check(b"it's \"it\" `", "'it\\'s \"it\" `'");
        check(b"\x00\x1b\n\\", "'\\x00\\x1B\\n\\\\'");
        check(b"\xed\xa0\x80!", "'\\ud800!'");
        check("\u{9f}\u{e9}\u{1f600}".as_bytes(), "'\\x9F\u{e9}\u{1f600}'");
    }

    #[test]
    fn lengths() {
        assert_eq!(units("h\u{e9}\u{1f600}"), 4);
        assert_eq!(wtf8_units(b"\xed\xa0\x80"), 1);
        assert_eq!(&*prefix("a\u{1f600}b".as_bytes(), 2), b"a\xed\xa0\xbd");
        assert_eq!(&*prefix("a\u{1f600}b".as_bytes(), 3), "a\u{1f600}".as_bytes());
        assert_eq!(&*prefix(b"abc", 0), b"");
        assert_eq!(width("\u{1b}[33m12\u{1b}[39m", Colors::Always), 2);
        assert_eq!(width("\u{4e2d}\u{6587}\0", Colors::Never), 4);
    }
}
