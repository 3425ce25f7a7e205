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
    let mut needle = if let Some(byte) = wanted.as_int() {
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
    // Of UTF-16 only whole units match.
    let step = if encoding == Some(Encoding::Utf16) && !wanted.is_number() { 2 } else { 1 };
    if needle.is_empty() && !wanted.is_number() {
        // Nothing is found where the search begins.
        return call.returns(start.min(end - end % step) as f64);
    }
    if is_before && !is_forward {
        return call.returns(NOT_FOUND);
    }
    needle.truncate(needle.len() - needle.len() % step);
    if needle.is_empty() {
        return call.returns(NOT_FOUND);
    }
    let found = tools.bytes.read(&view, 0..end, |bytes| match (step, is_forward) {
        (1, true) => memmem::find(bytes.get(start..)?, &needle).map(|found| start + found),
        (1, false) => {
            let end = start.saturating_add(needle.len()).min(bytes.len());
            memmem::rfind(&bytes[..end], &needle)
        }
        (_, true) => {
            let first = start / 2;
            find_units(units(bytes).skip(first), units(&needle)).map(|found| 2 * (first + found))
        }
        (_, false) => {
            let (len, wanted) = (bytes.len() / 2, needle.len() / 2);
            let len = len.min((start / 2).saturating_add(wanted));
            let found = find_units(units(&bytes[..2 * len]).rev(), units(&needle).rev())?;
            Some(2 * (len - found - wanted))
        }
    });
    call.returns(found.map_or(f64::from(NOT_FOUND), |index| index as f64))
}

fn units(bytes: &[u8]) -> impl DoubleEndedIterator<Item = u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
}

/// Where the needle, which is not empty, begins: by Knuth, Morris and Pratt, so that the time is
/// linear whatever a script searches for.
fn find_units(
    haystack: impl Iterator<Item = u16>,
    needle: impl Iterator<Item = u16>,
) -> Option<usize> {
    let needle: Vec<u16> = needle.collect();
    // Of each beginning of the needle, how much of its end is a shorter beginning.
    let mut borders = vec![0; needle.len()];
    let extended = |borders: &[usize], mut matched: usize, unit| {
        while matched > 0 && needle[matched] != unit {
            matched = borders[matched - 1];
        }
        matched + usize::from(needle[matched] == unit)
    };
    for end in 1..needle.len() {
        borders[end] = extended(&borders, borders[end - 1], needle[end]);
    }
    let mut matched = 0;
    for (index, unit) in haystack.enumerate() {
        matched = extended(&borders, matched, unit);
        if matched == needle.len() {
            return Some(index + 1 - matched);
        }
    }
    None
}
