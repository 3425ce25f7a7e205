//! Comparing and searching.

use std::ops::Range;

use holm_js::{Call, Result, Value};
use memchr::memmem;

use super::{Native, Tools, unknown_encoding};
use crate::encodings::Encoding;

pub(super) const FUNCTIONS: &[(&str, u32, Native)] =
    &[("compare", 6, compare), ("indexOf", 6, index_of)];

/// `(first, firstStart, firstEnd, second, secondStart, secondEnd)`
fn compare<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let range = |place| -> Result<Range<usize>> {
        let (start, end): (f64, f64) = (call.get(place)?, call.get(place + 1)?);
        Ok(start as usize..end as usize)
    };
    let (first, second) = (call.value(0), call.value(3));
    let (first, second) = ((&first, range(1)?), (&second, range(4)?));
    call.returns(tools.bytes.read_both(first, second, |one, two| one.cmp(two)) as i32)
}

/// `(view, wanted, offset, end, encoding, isForward)`, `wanted` being a number, a string or a
/// view. Forward it is the first place from `offset` on, else the last one up to there.
fn index_of<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    const NOT_FOUND: i32 = -1;
    let (view, wanted) = (call.value(0), call.value(1));
    let (offset, end): (f64, f64) = (call.get(2)?, call.get(3)?);
    let is_forward: bool = call.get(5)?;
    let encoding = match call.value(4) {
        absent if absent.is_undefined() => Some(Encoding::Utf8),
        given => tools.encoding(&given)?,
    };
    let needle = if let Some(byte) = wanted.as_int() {
        vec![byte as u8]
    } else if let Some(text) = tools.strings.text(wanted.clone())? {
        let encoding = encoding.ok_or_else(|| unknown_encoding(&call.value(4)))?;
        encoding.encode(&text.units()).into_owned()
    } else {
        tools.bytes.read(&wanted, 0..usize::MAX, <[u8]>::to_vec)
    };
    let len = tools.len(&view)?;
    let end = (end.max(0.0) as usize).min(len);
    // From the end, if negative.
    let start = if offset < 0.0 { offset + len as f64 } else { offset };
    let is_before = start < 0.0;
    let start = start as usize;
    if needle.is_empty() && !wanted.is_number() {
        // Nothing is found where the search begins.
        return call.returns(start.min(end) as f64);
    }
    if is_before && !is_forward {
        return call.returns(NOT_FOUND);
    }
    // Of UTF-16 only whole units match.
    let step = if encoding == Some(Encoding::Utf16) && !wanted.is_number() { 2 } else { 1 };
    if step == 2 && needle.len() < step {
        return call.returns(NOT_FOUND);
    }
    let start = start - start % step;
    let found = tools.bytes.read(&view, 0..end, |bytes| match is_forward {
        true => first(bytes, &needle, start, step),
        false => last(bytes, &needle, start, step),
    });
    call.returns(found.map_or(f64::from(NOT_FOUND), |index| index as f64))
}

fn first(bytes: &[u8], needle: &[u8], start: usize, step: usize) -> Option<usize> {
    let finder = memmem::Finder::new(needle);
    let mut from = start;
    loop {
        let found = from + finder.find(bytes.get(from..)?)?;
        if found % step == 0 {
            return Some(found);
        }
        from = found + 1;
    }
}

fn last(bytes: &[u8], needle: &[u8], start: usize, step: usize) -> Option<usize> {
    let finder = memmem::FinderRev::new(needle);
    let mut end = start.saturating_add(needle.len()).min(bytes.len());
    loop {
        let found = finder.rfind(&bytes[..end])?;
        if found % step == 0 {
            return Some(found);
        }
        end = found + needle.len() - 1;
    }
}
