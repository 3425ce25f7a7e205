//! How a message is written: tags, each followed by what it needs.
//!
//! A message never leaves the process, so the form has no version and whoever reads it trusts
//! it: what does not fit is a bug of Holm and not an input.

use holm_js::{Ctx, Error, JsString, Result, Strings, Units, Value};

/// What follows in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tag {
    Undefined,
    Null,
    True,
    False,
    /// An `i32`.
    Int,
    /// An `f64`.
    Float,
    /// A `BigInt`: an `i64`.
    BigInt,
    /// A `BigInt`: its decimal digits.
    LongBigInt,
    /// Bytes below 128.
    Ascii,
    /// Code units below 256.
    Latin1,
    /// Code units.
    Utf16,
    /// An object that was there before: its number.
    Again,
    /// Properties follow, then [`Tag::End`].
    Object,
    /// The length and how many elements follow; then properties.
    Array,
    /// In an array: nothing there.
    Hole,
    /// Keys and values follow.
    Map,
    /// Values follow.
    Set,
    End,
    /// A primitive follows.
    Boxed,
    /// An `f64`.
    Date,
    /// The source and the flags.
    RegExp,
    /// The name, and what else there is: [`super::errors`].
    Error,
    /// Name, message and stack.
    DomException,
    /// The number of its part.
    Buffer,
    /// The number of its part, and the maximum.
    ResizableBuffer,
    /// The number of its part.
    SharedBuffer,
    /// What it is, where it looks, and its buffer.
    View,
    /// The number of its kind, and that of its part.
    Platform,
}

/// All tags, in their order.
const TAGS: [Tag; 28] = [
    Tag::Undefined,
    Tag::Null,
    Tag::True,
    Tag::False,
    Tag::Int,
    Tag::Float,
    Tag::BigInt,
    Tag::LongBigInt,
    Tag::Ascii,
    Tag::Latin1,
    Tag::Utf16,
    Tag::Again,
    Tag::Object,
    Tag::Array,
    Tag::Hole,
    Tag::Map,
    Tag::Set,
    Tag::End,
    Tag::Boxed,
    Tag::Date,
    Tag::RegExp,
    Tag::Error,
    Tag::DomException,
    Tag::Buffer,
    Tag::ResizableBuffer,
    Tag::SharedBuffer,
    Tag::View,
    Tag::Platform,
];

/// A message being written.
#[derive(Debug)]
pub(super) struct Output(Vec<u8>);

/// What a small message takes.
const SMALL_BYTES: usize = 128;

impl Output {
    pub(super) fn new() -> Self {
        Self(Vec::with_capacity(SMALL_BYTES))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn tag(&mut self, tag: Tag) {
        self.0.push(tag as u8);
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// A number of objects, parts or bytes: a message has never as many as 2³².
    pub(super) fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).unwrap_or(u32::MAX));
    }

    pub(super) fn i64(&mut self, number: i64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn f64(&mut self, number: f64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// A string, with its tag.
    pub(super) fn text(&mut self, units: Units<'_>) {
        let tag = match units {
            Units::Narrow(bytes) if bytes.is_ascii() => Tag::Ascii,
            Units::Narrow(_) => Tag::Latin1,
            Units::Wide(_) => Tag::Utf16,
        };
        self.tag(tag);
        self.count(units.len());
        match units {
            Units::Narrow(bytes) => self.0.extend_from_slice(bytes),
            Units::Wide(wide) => self.0.extend(wide.iter().flat_map(|unit| unit.to_le_bytes())),
        }
    }
}

/// For a message that is not as it was written.
#[cold]
pub(super) fn corrupt() -> Error {
    Error::Unknown
}

/// A message being read.
#[derive(Debug)]
pub(super) struct Input {
    bytes: Vec<u8>,
    place: usize,
}

impl Input {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, place: 0 }
    }

    fn take(&mut self, len: usize) -> Result<&[u8]> {
        let end = self.place.checked_add(len).ok_or_else(corrupt)?;
        let taken = self.bytes.get(self.place..end).ok_or_else(corrupt)?;
        self.place = end;
        Ok(taken)
    }

    fn array<const LEN: usize>(&mut self) -> Result<[u8; LEN]> {
        self.take(LEN)?.try_into().map_err(|_| corrupt())
    }

    pub(super) fn tag(&mut self) -> Result<Tag> {
        let byte = self.byte()?;
        TAGS.get(usize::from(byte)).copied().ok_or_else(corrupt)
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn count(&mut self) -> Result<usize> {
        Ok(self.u32()? as usize)
    }

    pub(super) fn i64(&mut self) -> Result<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(super) fn f64(&mut self) -> Result<f64> {
        self.array().map(f64::from_le_bytes)
    }

    /// What follows [`Tag::Ascii`].
    pub(super) fn ascii(&mut self) -> Result<&str> {
        let len = self.count()?;
        std::str::from_utf8(self.take(len)?).map_err(|_| corrupt())
    }

    /// The string whose tag was read; `None` if that was no string's.
    pub(super) fn text<'js>(&mut self, ctx: &Ctx<'js>, tag: Tag) -> Result<Option<Value<'js>>> {
        let text = match tag {
            Tag::Ascii => JsString::from_str(ctx.clone(), self.ascii()?)?.into_value(),
            Tag::Latin1 => {
                let len = self.count()?;
                let text: String = self.take(len)?.iter().map(|byte| char::from(*byte)).collect();
                JsString::from_str(ctx.clone(), &text)?.into_value()
            }
            Tag::Utf16 => {
                let len = self.count()?.checked_mul(2).ok_or_else(corrupt)?;
                let pairs = self.take(len)?.as_chunks::<2>().0;
                let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
                Strings::make(ctx, &units)?
            }
            _ => return Ok(None),
        };
        Ok(Some(text))
    }

    /// A string, with its tag.
    pub(super) fn tagged_text<'js>(&mut self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let tag = self.tag()?;
        self.text(ctx, tag)?.ok_or_else(corrupt)
    }
}

#[cfg(test)]
mod tests {
    use super::TAGS;

    #[test]
    fn tags_are_in_their_order() {
        assert!(TAGS.iter().enumerate().all(|(place, tag)| *tag as usize == place));
    }
}
