//! Strings by their code units, lone surrogates included.
//!
//! The engine's interface copies a string, or makes UTF-8 of it, to show what is in it. In a
//! loop over a string that is too slow, so its strings are read where they are. How they are
//! laid out is measured before the first is read: [`Strings::new`] fails where it is not the
//! layout that this file knows.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::fmt;

use rquickjs::{Ctx, Error, Result, Value, qjs};

use crate::errors::{ErrorKind, throw};
use crate::realm::slot;
use crate::{pristine, raw};

/// The right to read strings: their layout is known.
#[derive(Clone, Copy, Debug)]
pub struct Strings {
    /// From a `JSString` to its units. How many there are depends on how the engine was built.
    header_bytes: usize,
}

/// A string that can be read.
pub struct Text<'js> {
    /// Flat: no rope. Keeps the units.
    value: Value<'js>,
    units: RawUnits,
}

#[derive(Clone, Copy)]
enum RawUnits {
    Narrow(*const [u8]),
    Wide(*const [u16]),
}

/// The code units of a string.
#[derive(Clone, Copy, Debug)]
pub enum Units<'a> {
    /// All are below 256.
    Narrow(&'a [u8]),
    /// Any.
    Wide(&'a [u16]),
}

/// The strings up to this many bytes are copied when a part of them is taken; of longer ones
/// the engine makes slices.
const MOST_BYTES_COPIED: usize = 1024;

/// Strings of up to so many units are concatenated by copying: quicker than calling the engine.
const MOST_UNITS_JOINED: usize = 64;

impl Strings {
    /// Measures the layout, once per realm.
    pub fn new(ctx: &Ctx<'_>) -> Result<Self> {
        let known = slot::<Known>(ctx);
        let strings = match known.0.get() {
            Some(strings) => *strings,
            None => {
                let measured = measure(ctx)?;
                *known.0.get_or_init(|| measured)
            }
        };
        strings.ok_or_else(|| {
            let text = "this build's strings are not laid out as Holm knows them";
            throw(ctx, ErrorKind::Internal, text)
        })
    }

    /// Whether the value is a string.
    #[inline]
    pub fn is_string(value: &Value<'_>) -> bool {
        // SAFETY: reading the tag of any value is allowed.
        unsafe { qjs::JS_IsString(value.as_raw()) }
    }

    /// How many units a string has. `None` if the value is no string.
    #[inline]
    pub fn len(self, value: &Value<'_>) -> Option<u32> {
        if !Self::is_string(value) {
            return None;
        }
        // SAFETY: a string of either kind begins with these 32 bits: `measure` looked.
        let first = unsafe { qjs::JS_VALUE_GET_PTR(value.as_raw()).cast::<u32>().read() };
        Some(first & !WIDE)
    }

    /// The string, to be read. `None` if the value is no string.
    #[inline]
    pub fn text<'js>(self, value: Value<'js>) -> Result<Option<Text<'js>>> {
        // SAFETY: reading the tag of any value is allowed.
        let tag = unsafe { qjs::JS_VALUE_GET_TAG(value.as_raw()) };
        if tag == qjs::JS_TAG_STRING {
            let units = self.units(&value);
            return Ok(Some(Text { value, units }));
        }
        if tag != qjs::JS_TAG_STRING_ROPE {
            return Ok(None);
        }
        let ctx = value.ctx();
        // The engine makes a rope flat and remembers that, if somebody else has it too.
        // SAFETY: a live value; the result is ours.
        let flat = unsafe { raw::own(ctx, qjs::JS_ToString(raw::context(ctx), value.as_raw()))? };
        let units = self.units(&flat);
        Ok(Some(Text { value: flat, units }))
    }

    /// Where the units of a flat string are.
    #[inline]
    fn units(self, flat: &Value<'_>) -> RawUnits {
        // SAFETY: a live flat string, laid out as `measure` found, whose units do not move:
        // the engine appends in place only to strings that nobody else has.
        unsafe {
            let string = qjs::JS_VALUE_GET_PTR(flat.as_raw()).cast::<u8>().cast_const();
            let header = string.cast::<Header>().read();
            let body = string.add(self.header_bytes);
            let start = match header.kind() {
                NORMAL => body,
                SLICE => {
                    let slice = body.cast::<Slice>().read();
                    slice.parent.add(self.header_bytes).add(slice.start_bytes as usize)
                }
                // INDIRECT
                _ => body.cast::<*const u8>().read(),
            };
            let len = (header.len & !WIDE) as usize;
            if header.len & WIDE == 0 {
                RawUnits::Narrow(std::ptr::slice_from_raw_parts(start, len))
            } else {
                RawUnits::Wide(std::ptr::slice_from_raw_parts(start.cast(), len))
            }
        }
    }

    /// A string of these units.
    pub fn make<'js>(ctx: &Ctx<'js>, units: &[u16]) -> Result<Value<'js>> {
        if units.iter().all(|unit| *unit < 0x80) {
            let mut inline = [0; MOST_UNITS_JOINED];
            if let Some(ascii) = inline.get_mut(..units.len()) {
                for (byte, unit) in ascii.iter_mut().zip(units) {
                    *byte = *unit as u8;
                }
                return from_utf8(ctx, ascii);
            }
            let ascii: Vec<u8> = units.iter().map(|unit| *unit as u8).collect();
            return from_utf8(ctx, &ascii);
        }
        if units.iter().all(|unit| *unit < 0x100) {
            // The engine finds that none is above, and makes a narrow string.
            let text: String = units.iter().map(|unit| char::from(*unit as u8)).collect();
            return from_utf8(ctx, text.as_bytes());
        }
        // SAFETY: the engine copies the units; the result is ours.
        unsafe {
            let len = units.len() as qjs::size_t;
            raw::own(ctx, qjs::JS_NewStringUTF16(raw::context(ctx), units.as_ptr(), len))
        }
    }

    /// A string of the units of `first` and then those of `second`, both strings.
    pub fn concat<'js>(self, first: Value<'js>, second: Value<'js>) -> Result<Value<'js>> {
        let (Some(first_len), Some(second_len)) = (self.len(&first), self.len(&second)) else {
            return Err(Error::Unknown);
        };
        match (first_len, second_len) {
            (0, _) => return Ok(second),
            (_, 0) => return Ok(first),
            _ => {}
        }
        if u64::from(first_len) + u64::from(second_len) > MOST_UNITS_JOINED as u64 {
            return pristine::add(&first, &second);
        }
        let ctx = first.ctx().clone();
        let (first, second) = (self.text(first)?, self.text(second)?);
        let mut joined = [0; MOST_UNITS_JOINED];
        let mut end = 0;
        for text in [&first, &second].into_iter().flatten() {
            let start = end;
            end += text.units().len();
            text.units().copy_to(&mut joined[start..end]);
        }
        Self::make(&ctx, &joined[..end])
    }
}

impl<'js> Text<'js> {
    /// Its code units.
    #[inline]
    pub fn units(&self) -> Units<'_> {
        // SAFETY: `value` keeps them, and they do not change: see `Strings::units`.
        unsafe {
            match self.units {
                RawUnits::Narrow(units) => Units::Narrow(&*units),
                RawUnits::Wide(units) => Units::Wide(&*units),
            }
        }
    }

    /// The units from `start` to before `end`, as a string.
    ///
    /// # Panics
    /// If they are not in order, or there are not so many.
    pub fn substring(&self, start: usize, end: usize) -> Result<Value<'js>> {
        let ctx = self.value.ctx();
        let units = self.units();
        if start == 0 && end == units.len() {
            return Ok(self.value.clone());
        }
        let part = units.slice(start, end);
        match part {
            Units::Narrow(bytes) if bytes.len() <= MOST_BYTES_COPIED && bytes.is_ascii() => {
                from_utf8(ctx, bytes)
            }
            Units::Wide(wide) if wide.len() * 2 <= MOST_BYTES_COPIED => Strings::make(ctx, wide),
            _ => {
                // Units are at most 2³⁰.
                let number = |index| qjs::JS_MKVAL(qjs::JS_TAG_INT, index as i32);
                let mut arguments = [number(start), number(end)];
                let class = crate::reflect::class::STRING;
                pristine::call_with(&self.value, class, c"substring", &mut arguments)
            }
        }
    }
}

impl Units<'_> {
    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Self::Narrow(units) => units.len(),
            Self::Wide(units) => units.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one at `index`.
    #[inline]
    pub fn get(&self, index: usize) -> Option<u16> {
        match self {
            Self::Narrow(units) => units.get(index).copied().map(u16::from),
            Self::Wide(units) => units.get(index).copied(),
        }
    }

    /// The code point at `index`: a surrogate that is half of no pair is one itself.
    #[inline]
    pub fn code_point(&self, index: usize) -> Option<u32> {
        let first = self.get(index)?;
        let pair = self.get(index + 1).and_then(|second| {
            char::decode_utf16([first, second]).next()?.ok().filter(|point| *point > '\u{ffff}')
        });
        Some(pair.map_or(u32::from(first), u32::from))
    }

    /// Copies all of them.
    ///
    /// # Panics
    /// If `target` is not of their length.
    pub fn copy_to(&self, target: &mut [u16]) {
        match self {
            Self::Narrow(units) => {
                assert_eq!(units.len(), target.len());
                for (target, unit) in target.iter_mut().zip(*units) {
                    *target = u16::from(*unit);
                }
            }
            Self::Wide(units) => target.copy_from_slice(units),
        }
    }

    /// The first `len`, or all if there are fewer.
    #[must_use]
    pub fn first(&self, len: usize) -> Self {
        self.slice(0, len.min(self.len()))
    }

    fn slice(&self, start: usize, end: usize) -> Self {
        match self {
            Self::Narrow(units) => Self::Narrow(&units[start..end]),
            Self::Wide(units) => Self::Wide(&units[start..end]),
        }
    }
}

impl PartialEq for Units<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Narrow(one), Self::Narrow(two)) => std::ptr::eq(*one, *two) || one == two,
            (Self::Wide(one), Self::Wide(two)) => std::ptr::eq(*one, *two) || one == two,
            (Self::Narrow(narrow), Self::Wide(wide)) | (Self::Wide(wide), Self::Narrow(narrow)) => {
                narrow.len() == wide.len()
                    && narrow.iter().zip(*wide).all(|(narrow, wide)| u16::from(*narrow) == *wide)
            }
        }
    }
}

impl Eq for Units<'_> {}

impl PartialOrd for Units<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Units<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let widen = |unit: &u8| u16::from(*unit);
        match (self, other) {
            (Self::Narrow(one), Self::Narrow(two)) => one.cmp(two),
            (Self::Wide(one), Self::Wide(two)) => one.cmp(two),
            (Self::Narrow(one), Self::Wide(two)) => one.iter().map(widen).cmp(two.iter().copied()),
            (Self::Wide(one), Self::Narrow(two)) => one.iter().copied().cmp(two.iter().map(widen)),
        }
    }
}

fn from_utf8<'js>(ctx: &Ctx<'js>, text: &[u8]) -> Result<Value<'js>> {
    // SAFETY: the engine copies the bytes; the result is ours.
    unsafe {
        let len = text.len() as qjs::size_t;
        raw::own(ctx, qjs::JS_NewStringLen(raw::context(ctx), text.as_ptr().cast(), len))
    }
}

/// `None` inside: the layout is another one.
#[derive(Debug, Default)]
struct Known(OnceCell<Option<Strings>>);

/// The flag beside the length: two bytes a unit.
const WIDE: u32 = 1 << 31;

/// The beginning of `JSString` in quickjs.c. A `JSStringRope` begins with a length too.
#[repr(C)]
#[derive(Clone, Copy)]
struct Header {
    /// With [`WIDE`].
    len: u32,
    hash_and_kind: u32,
}

impl Header {
    fn kind(self) -> u32 {
        self.hash_and_kind >> 28 & 3
    }
}

/// The units follow.
const NORMAL: u32 = 0;
/// A [`Slice`] follows.
const SLICE: u32 = 1;

/// `JSStringSlice`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Slice {
    /// A normal string.
    parent: *const u8,
    start_bytes: u32,
}

/// Makes strings of every kind, and looks whether they are as this file says. What is read
/// before that is known lies within strings that are long enough for any header.
fn measure(ctx: &Ctx<'_>) -> Result<Option<Strings>> {
    const LEN: usize = 2_000;
    let known_endianness = cfg!(target_endian = "little") && size_of::<usize>() == 8;
    let wide: Vec<u16> = (0..LEN as u16).map(|index| index + 0x1000).collect();
    let narrow: Vec<u16> = (0..LEN as u16).map(|index| index % 251).collect();
    let wide_string = Strings::make(ctx, &wide)?;
    let narrow_string = Strings::make(ctx, &narrow)?;
    // Of a wide string this shows the units where they are.
    // SAFETY: a live string; the pointer is only compared, and given back.
    let header_bytes = unsafe {
        let context = raw::context(ctx);
        let mut len: qjs::size_t = 0;
        let units = qjs::JS_ToCStringLenUTF16(context, &raw mut len, wide_string.as_raw());
        if units.is_null() {
            return Err(Error::Exception);
        }
        qjs::JS_FreeCStringUTF16(context, units);
        (units as usize).wrapping_sub(qjs::JS_VALUE_GET_PTR(wide_string.as_raw()) as usize)
    };
    if !known_endianness || !(size_of::<Header>()..=64).contains(&header_bytes) {
        return Ok(None);
    }
    let strings = Strings { header_bytes };
    if !strings.shows(&wide_string, NORMAL, &wide)
        || !strings.shows(&narrow_string, NORMAL, &narrow)
    {
        return Ok(None);
    }
    let (from, to) = (7, LEN - 3);
    for (string, units) in [(&wide_string, &wide), (&narrow_string, &narrow)] {
        let Some(text) = strings.text(string.clone())? else { return Ok(None) };
        let slice = text.substring(from, to)?;
        if !strings.shows(&slice, SLICE, &units[from..to]) {
            return Ok(None);
        }
    }
    let mut rope = wide_string.clone();
    let mut joined = wide.clone();
    for _ in 0..5 {
        rope = pristine::add(&rope, &narrow_string)?;
        joined.extend(&narrow);
    }
    // SAFETY: reading a tag.
    let is_rope = unsafe { qjs::JS_VALUE_GET_TAG(rope.as_raw()) } == qjs::JS_TAG_STRING_ROPE;
    let has_len = strings.len(&rope) == Some(joined.len() as u32);
    let flat = strings.text(rope)?;
    let is_known =
        is_rope && has_len && flat.is_some_and(|flat| flat.units() == Units::Wide(&joined));
    Ok(is_known.then_some(strings))
}

impl Strings {
    /// Whether a flat string, 64 bytes long or more, is of this kind with these units.
    fn shows(self, string: &Value<'_>, kind: u32, wanted: &[u16]) -> bool {
        // SAFETY: an allocation of the engine's, long enough for a header.
        let header = unsafe {
            if qjs::JS_VALUE_GET_TAG(string.as_raw()) != qjs::JS_TAG_STRING {
                return false;
            }
            qjs::JS_VALUE_GET_PTR(string.as_raw()).cast::<Header>().read()
        };
        if (header.len & !WIDE) as usize != wanted.len() || header.kind() != kind {
            return false;
        }
        let text = Text { value: string.clone(), units: self.units(string) };
        text.units() == Units::Wide(wanted)
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Text").field("len", &self.units().len()).finish()
    }
}
