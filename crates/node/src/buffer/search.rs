//! Comparing and searching.

use std::ops::Range;

use holm_js::webidl::convert::{self, Integer};
use holm_js::{Call, Result, Value};
use holm_web::node_errors::invalid_argument;
use memchr::memmem;

use super::{A_BUFFER, Native, Tools, unknown_encoding};
use crate::encodings::Encoding;

pub(super) const FUNCTIONS: &[(&str, u32, Native)] = &[("compare", 6, compare)];

pub(super) const METHODS: &[(&str, u32, Native)] = &[
    ("equals", 1, equals),
    ("includes", 4, |tools, call| call.returns(search(tools, call, Direction::Forward)?.is_some())),
    ("indexOf", 4, |tools, call| call.returns(shown(search(tools, call, Direction::Forward)?))),
    ("lastIndexOf", 4, |tools, call| {
        call.returns(shown(search(tools, call, Direction::Backward)?))
    }),
];

/// An index as script has it.
fn shown(found: Option<usize>) -> f64 {
    found.map_or(-1.0, |index| index as f64)
}

/// `buffer.equals(other)`
fn equals<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (this, other) = (call.this(), call.value(0));
    tools.len(&this)?;
    if tools.bytes.array_len(&other).is_none() {
        return Err(invalid_argument(call.ctx(), "otherBuffer", A_BUFFER, &other));
    }
    let (one, two) = ((&this, 0..usize::MAX), (&other, 0..usize::MAX));
    call.returns(tools.bytes.read_both(one, two, |one, two| one == two))
}

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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

/// `(value, offset, end, encoding)`, any of the last three left out. Forward it is the first
/// place from `offset` on, else the last one up to there.
fn search(tools: Tools, call: &Call<'_, '_>, direction: Direction) -> Result<Option<usize>> {
    let (view, second, third) = (call.this(), call.value(1), call.value(2));
    let expected = "an instance of Buffer, TypedArray, or DataView";
    let len = tools.view_len(&view, "buffer", expected)?;
    let (mut offset, mut end, mut name) = (f64::NAN, len, call.value(3));
    if second.is_string() {
        name = second;
    } else {
        if !second.is_undefined() {
            offset = convert::unrestricted_double(call.ctx(), &second)?.trunc();
        }
        match third.as_number() {
            Some(given) => end = (given as usize).min(len),
            None if third.is_string() => name = third,
            None => {}
        }
    }
    let encoding = match name.is_undefined() {
        true => Some(Encoding::Utf8),
        false => tools.encoding(&name)?,
    };
    let start = match direction {
        _ if offset < 0.0 => offset + len as f64,
        Direction::Forward if offset.is_nan() => 0.0,
        Direction::Backward if offset.is_nan() => len as f64,
        _ => offset,
    };
    // Of UTF-16 only whole units match.
    let step = if encoding == Some(Encoding::Utf16) && !call.value(0).is_number() { 2 } else { 1 };
    let mut needle = needle(tools, call, encoding, &name)?;
    if needle.is_empty() {
        // Nothing is found where the search begins.
        return Ok(Some((start as usize).min(end - end % step)));
    }
    needle.truncate(needle.len() - needle.len() % step);
    if needle.is_empty() || (start < 0.0 && direction == Direction::Backward) {
        return Ok(None);
    }
    let start = start as usize;
    Ok(tools.bytes.read(&view, 0..end, |bytes| match step {
        1 => find(bytes, &needle, start, direction),
        // Though the unit that `start` is in counts, there has to be room from there on.
        _ if direction == Direction::Forward
            && start.saturating_add(needle.len()) > bytes.len() =>
        {
            None
        }
        _ => find_aligned(bytes, &needle, start / 2, direction).map(|index| index * 2),
    }))
}

/// The bytes that are searched for.
fn needle(
    tools: Tools,
    call: &Call<'_, '_>,
    encoding: Option<Encoding>,
    name: &Value<'_>,
) -> Result<Vec<u8>> {
    let wanted = call.value(0);
    if wanted.is_number() {
        let number = convert::unsigned_long(call.ctx(), &wanted, Integer::Wrap, "value")?;
        return Ok(vec![number as u8]);
    }
    if let Some(text) = tools.strings.text(wanted.clone())? {
        let encoding = encoding.ok_or_else(|| unknown_encoding(name))?;
        return Ok(encoding.encode(&text.units()).into_owned());
    }
    if tools.bytes.array_len(&wanted).is_none() {
        let expected = format!("one of type number or string or {A_BUFFER}");
        return Err(invalid_argument(call.ctx(), "value", &expected, &wanted));
    }
    Ok(tools.bytes.read(&wanted, 0..usize::MAX, <[u8]>::to_vec))
}

fn find(bytes: &[u8], needle: &[u8], start: usize, direction: Direction) -> Option<usize> {
    match direction {
        Direction::Forward => memmem::find(bytes.get(start..)?, needle).map(|found| start + found),
        Direction::Backward => {
            let end = start.saturating_add(needle.len()).min(bytes.len());
            memmem::rfind(&bytes[..end], needle)
        }
    }
}

/// The same by units, in which `start` and the result count.
fn find_aligned(bytes: &[u8], needle: &[u8], start: usize, direction: Direction) -> Option<usize> {
    match direction {
        Direction::Forward => {
            find_units(units(bytes).skip(start), units(needle)).map(|found| start + found)
        }
        Direction::Backward => {
            let wanted = needle.len() / 2;
            let len = (bytes.len() / 2).min(start.saturating_add(wanted));
            let found = find_units(units(&bytes[..2 * len]).rev(), units(needle).rev())?;
            Some(len - found - wanted)
        }
    }
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
