//! Text and bytes: the encodings that Node's buffers know.
//!
//! <https://nodejs.org/api/buffer.html#buffers-and-character-encodings>

use std::borrow::Cow;

use holm_js::{Ctx, JsString, Result, Strings, Units, Value};
use holm_web::base64::{self, Alphabet};

/// The longest name of an encoding.
const LONGEST_NAME: usize = "base64url".len();

/// UTF-8 of U+FFFD.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// One of the encodings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf16,
    Latin1,
    /// As `Latin1`, but seven bits of each byte make the text.
    Ascii,
    Hex,
    Base64,
    Base64Url,
}

/// Text that bytes mean.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    Text(String),
    /// May have lone surrogates.
    Utf16(Vec<u16>),
}

impl Encoding {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Utf8,
        Self::Utf16,
        Self::Latin1,
        Self::Ascii,
        Self::Hex,
        Self::Base64,
        Self::Base64Url,
    ];

    /// The encoding of a name, which may be written in any case.
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        let mut lower = [0; LONGEST_NAME];
        let lower = lower.get_mut(..name.len())?;
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"utf8" | b"utf-8" => Self::Utf8,
            b"ucs2" | b"ucs-2" | b"utf16le" | b"utf-16le" => Self::Utf16,
            b"latin1" | b"binary" => Self::Latin1,
            b"ascii" => Self::Ascii,
            b"hex" => Self::Hex,
            b"base64" => Self::Base64,
            b"base64url" => Self::Base64Url,
            _ => return None,
        })
    }

    /// The one of its names that Node prefers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf8",
            Self::Utf16 => "utf16le",
            Self::Latin1 => "latin1",
            Self::Ascii => "ascii",
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
        }
    }

    /// The text that bytes mean.
    pub(crate) fn decode(self, bytes: &[u8]) -> Decoded {
        Decoded::Text(match self {
            Self::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Self::Utf16 => {
                let pairs = bytes.chunks_exact(2);
                let units = pairs.map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
                return Decoded::Utf16(units);
            }
            Self::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
            Self::Ascii => bytes.iter().map(|byte| char::from(byte & 0x7f)).collect(),
            Self::Hex => to_hex(bytes),
            Self::Base64 => base64::encode(bytes, Alphabet::Standard),
            Self::Base64Url => base64::encode(bytes, Alphabet::Url),
        })
    }

    /// How many units of text `decode` gives of so many bytes, at most.
    pub(crate) fn decoded_len(self, len_bytes: usize) -> usize {
        match self {
            Self::Utf8 | Self::Latin1 | Self::Ascii => len_bytes,
            Self::Utf16 => len_bytes / 2,
            Self::Hex => len_bytes * 2,
            Self::Base64 | Self::Base64Url => len_bytes.div_ceil(3) * 4,
        }
    }

    /// The bytes that a text means. What is not of the encoding is passed over, or ends it.
    pub(crate) fn encode<'a>(self, text: &Units<'a>) -> Cow<'a, [u8]> {
        match (self, text) {
            (Self::Utf8, Units::Narrow(units)) => latin1_to_utf8(units),
            (Self::Utf8, Units::Wide(units)) => utf16_to_utf8(units).into(),
            (Self::Utf16, Units::Narrow(units)) => {
                units.iter().flat_map(|unit| [*unit, 0]).collect()
            }
            (Self::Utf16, Units::Wide(units)) => {
                units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
            }
            // Of a unit that is no byte, the other encodings see its low byte.
            (_, Units::Wide(units)) => {
                let low: Vec<u8> = units.iter().map(|unit| *unit as u8).collect();
                match self {
                    Self::Hex => from_hex(&low).into(),
                    Self::Base64 | Self::Base64Url => from_base64(&low).into(),
                    _ => low.into(),
                }
            }
            (Self::Latin1 | Self::Ascii, Units::Narrow(units)) => Cow::Borrowed(units),
            (Self::Hex, Units::Narrow(units)) => from_hex(units).into(),
            (Self::Base64 | Self::Base64Url, Units::Narrow(units)) => from_base64(units).into(),
        }
    }

    /// The bytes that have room: no part of a character, where the encoding has such.
    pub(crate) fn encode_into<'a>(self, text: &Units<'a>, room: usize) -> Cow<'a, [u8]> {
        let text = match self {
            // No unit makes less than a byte. A pair that is cut in two made more than there is
            // room for, as its half does.
            Self::Utf8 | Self::Utf16 | Self::Latin1 | Self::Ascii => text.first(room),
            Self::Hex => text.first(room * 2),
            Self::Base64 | Self::Base64Url => *text,
        };
        let mut bytes = self.encode(&text);
        if bytes.len() > room {
            let mut end = room;
            match self {
                Self::Utf8 => {
                    while end > 0 && bytes[end] & 0xc0 == 0x80 {
                        end -= 1;
                    }
                }
                Self::Utf16 => end -= end % 2,
                _ => {}
            }
            match &mut bytes {
                Cow::Borrowed(bytes) => *bytes = &bytes[..end],
                Cow::Owned(bytes) => bytes.truncate(end),
            }
        }
        bytes
    }

    /// The bytes that mean the same in another encoding, both being of characters. What the other
    /// one cannot say becomes `?`.
    pub(crate) fn transcode(self, bytes: &[u8], to: Self) -> Vec<u8> {
        let text: String = match (self, self.decode(bytes)) {
            (Self::Ascii, _) => String::from_utf8_lossy(
                &bytes
                    .iter()
                    .map(|byte| if byte.is_ascii() { *byte } else { 0xff })
                    .collect::<Vec<_>>(),
            )
            .into_owned(),
            (_, Decoded::Text(text)) => text,
            (_, Decoded::Utf16(units)) => characters(&units).collect(),
        };
        let narrowed = |below: u32| {
            let characters = text.chars().map(u32::from);
            characters.map(|point| if point < below { point as u8 } else { b'?' }).collect()
        };
        match to {
            Self::Utf16 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Latin1 => narrowed(0x100),
            Self::Ascii => narrowed(0x80),
            _ => text.into_bytes(),
        }
    }

    /// How many bytes `encode` gives; of base64 at most.
    pub(crate) fn encoded_len(self, text: &Units<'_>) -> usize {
        match (self, text) {
            (Self::Utf8, Units::Narrow(units)) => {
                units.len() + units.iter().filter(|unit| **unit >= 0x80).count()
            }
            (Self::Utf8, Units::Wide(units)) => characters(units).map(char::len_utf8).sum(),
            (Self::Utf16, _) => text.len() * 2,
            (Self::Latin1 | Self::Ascii, _) => text.len(),
            (Self::Hex, _) => text.len() / 2,
            (Self::Base64 | Self::Base64Url, _) => {
                let mut digits = text.len();
                for most in 0..2 {
                    if digits > most && text.get(digits - 1) == Some(u16::from(b'=')) {
                        digits -= 1;
                    }
                }
                digits * 3 / 4
            }
        }
    }
}

impl Decoded {
    /// Both, of which neither ends or begins with half a character of the other's.
    pub(crate) fn followed_by(self, second: Self) -> Self {
        match (self, second) {
            (Self::Text(first), Self::Text(second)) => Self::Text(first + &second),
            (Self::Utf16(mut first), Self::Utf16(second)) => {
                first.extend(second);
                Self::Utf16(first)
            }
            // One encoding makes only one of them.
            (first, _) => first,
        }
    }

    /// The string of script.
    pub(crate) fn into_value<'js>(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        match self {
            Self::Text(text) => Ok(JsString::from_str(ctx.clone(), &text)?.into_value()),
            Self::Utf16(units) => Strings::make(ctx, &units),
        }
    }
}

/// The characters of UTF-16, U+FFFD for a lone surrogate.
fn characters(units: &[u16]) -> impl Iterator<Item = char> {
    char::decode_utf16(units.iter().copied())
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
}

fn utf16_to_utf8(units: &[u16]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(units.len() * REPLACEMENT.len());
    for character in characters(units) {
        bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    bytes
}

fn latin1_to_utf8(units: &[u8]) -> Cow<'_, [u8]> {
    if units.is_ascii() {
        return Cow::Borrowed(units);
    }
    let text: String = units.iter().map(|unit| char::from(*unit)).collect();
    text.into_bytes().into()
}

fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(*byte));
    }
    text
}

/// Either alphabet; other characters are passed over, and a `=` ends the text.
fn from_base64(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut held) = (0u32, 0);
    for digit in text {
        let value = match BASE64_VALUES[usize::from(*digit)] {
            END => break,
            NOT_A_DIGIT => continue,
            value => value,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

/// What is passed over.
const NOT_A_DIGIT: u8 = 0xff;
/// The padding.
const END: u8 = 0xfe;

static BASE64_VALUES: [u8; 256] = {
    let mut values = [NOT_A_DIGIT; 256];
    let mut value = 0;
    while value < 64 {
        values[Alphabet::Standard.digits()[value] as usize] = value as u8;
        values[Alphabet::Url.digits()[value] as usize] = value as u8;
        value += 1;
    }
    values[b'=' as usize] = END;
    values
};

fn from_hex(text: &[u8]) -> Vec<u8> {
    let digit = |character: u8| char::from(character).to_digit(16);
    text.chunks_exact(2)
        .map_while(|pair| Some((digit(pair[0])? << 4 | digit(pair[1])?) as u8))
        .collect()
}

#[cfg(test)]
mod tests {
    use holm_js::Units;

    use super::{Decoded, Encoding};

    fn decode(encoding: Encoding, bytes: &[u8]) -> String {
        match encoding.decode(bytes) {
            Decoded::Text(text) => text,
            Decoded::Utf16(units) => String::from_utf16(&units).expect("no lone surrogate"),
        }
    }

    fn encode(encoding: Encoding, text: &str) -> Vec<u8> {
        let units: Vec<u16> = text.encode_utf16().collect();
        let wide = encoding.encode(&Units::Wide(&units)).into_owned();
        if units.iter().all(|unit| *unit < 0x100) {
            let narrow: Vec<u8> = units.iter().map(|unit| *unit as u8).collect();
            assert_eq!(encoding.encode(&Units::Narrow(&narrow)), wide, "{encoding:?} {text}");
        }
        wide
    }

    #[test]
    fn there_and_back() {
        let check = |name: &str, bytes: &[u8], text: &str| {
            let encoding = Encoding::named(name.as_bytes()).expect("known");
            assert_eq!(decode(encoding, bytes), text, "{name}");
            assert_eq!(encode(encoding, text), bytes, "{name}");
            let units: Vec<u16> = text.encode_utf16().collect();
            assert_eq!(encoding.encoded_len(&Units::Wide(&units)), bytes.len(), "{name}");
        };
        check("UTF-8", "hé€😀".as_bytes(), "hé€😀");
        check("utf16le", b"a\0\x3d\xd8\0\xde", "a😀");
        check("latin1", b"a\xe9\xff", "aéÿ");
        check("hex", b"\x00\xff\x1a", "00ff1a");
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v")] {
            check("base64", bytes.as_bytes(), text);
        }
        check("base64url", b"\xfb\xff", "-_8");
        assert_eq!(Encoding::named(b"klingon"), None);
        assert_eq!(Encoding::named(b"a name longer than any"), None);
        for encoding in Encoding::ALL {
            assert_eq!(Encoding::named(encoding.name().as_bytes()), Some(encoding));
        }
    }

    #[test]
    fn what_is_not_of_the_encoding() {
        assert_eq!(encode(Encoding::Hex, "0g11"), b"");
        assert_eq!(encode(Encoding::Hex, "111"), b"\x11");
        assert_eq!(encode(Encoding::Hex, "\u{130}1"), b"\x01");
        assert_eq!(encode(Encoding::Base64, "Z m\n9-_"), b"fo\x7e\xff"[..3].to_vec());
        assert_eq!(encode(Encoding::Base64, "Zg==Zg=="), b"f");
        assert_eq!(decode(Encoding::Utf8, b"\xff"), "\u{fffd}");
        assert_eq!(decode(Encoding::Ascii, b"\xe1"), "a");
        let lone = Encoding::Utf8.encode(&Units::Wide(&[0xd800, 0x61])).into_owned();
        assert_eq!(lone, "\u{fffd}a".as_bytes());
    }

    #[test]
    fn what_has_room() {
        let check = |encoding: Encoding, text: &str, room: usize, bytes: &[u8]| {
            let units: Vec<u16> = text.encode_utf16().collect();
            let found = encoding.encode_into(&Units::Wide(&units), room);
            assert_eq!(found, bytes, "{encoding:?} {text} {room}");
        };
        check(Encoding::Utf8, "a€b", 3, b"a");
        check(Encoding::Utf8, "a€b", 4, "a€".as_bytes());
        check(Encoding::Utf8, "ab😀", 3, b"ab");
        check(Encoding::Utf8, "ab😀", 5, b"ab");
        check(Encoding::Utf8, "😀", 0, b"");
        check(Encoding::Utf16, "ab", 3, b"a\0");
        check(Encoding::Hex, "aabbcc", 2, b"\xaa\xbb");
        check(Encoding::Base64, "  Zm9v", 2, b"fo");
    }
}
