//! Text and bytes: the encodings that Node's buffers know.
//!
//! <https://nodejs.org/api/buffer.html#buffers-and-character-encodings>

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

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

impl Encoding {
    /// The encoding of a name, which may be written in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "utf8" | "utf-8" => Self::Utf8,
            "ucs2" | "ucs-2" | "utf16le" | "utf-16le" => Self::Utf16,
            "latin1" | "binary" => Self::Latin1,
            "ascii" => Self::Ascii,
            "hex" => Self::Hex,
            "base64" => Self::Base64,
            "base64url" => Self::Base64Url,
            _ => return None,
        })
    }

    /// The text that bytes mean.
    pub(crate) fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Self::Utf16 => {
                let units =
                    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
                char::decode_utf16(units)
                    .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect()
            }
            Self::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
            Self::Ascii => bytes.iter().map(|byte| char::from(byte & 0x7f)).collect(),
            Self::Hex => {
                let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value & 15)]);
                bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
            }
            Self::Base64 => to_base64(bytes, BASE64, "="),
            Self::Base64Url => to_base64(bytes, BASE64_URL, ""),
        }
    }

    /// The bytes that a text means. What is not of the encoding is passed over, or ends it.
    pub(crate) fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Utf16 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Latin1 | Self::Ascii => text.encode_utf16().map(|unit| unit as u8).collect(),
            Self::Hex => from_hex(text.as_bytes()),
            Self::Base64 | Self::Base64Url => from_base64(text.as_bytes()),
        }
    }
}

fn to_base64(bytes: &[u8], alphabet: &[u8; 64], padding: &str) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit <= group.len() {
                let value = bits >> (18 - 6 * digit) & 63;
                text.push(char::from(alphabet[value as usize]));
            } else {
                text.push_str(padding);
            }
        }
    }
    text
}

/// Either alphabet; other characters are passed over, and a `=` ends the text.
fn from_base64(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0u32, 0);
    for digit in text {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => continue,
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

fn from_hex(text: &[u8]) -> Vec<u8> {
    let digit = |character: u8| char::from(character).to_digit(16);
    text.chunks_exact(2)
        .map_while(|pair| Some((digit(pair[0])? << 4 | digit(pair[1])?) as u8))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Encoding;

    #[test]
    fn there_and_back() {
        let check = |name: &str, bytes: &[u8], text: &str| {
            let encoding = Encoding::named(name).expect("known");
            assert_eq!(encoding.decode(bytes), text, "{name}");
            assert_eq!(encoding.encode(text), bytes, "{name}");
        };
        check("UTF-8", "hé€😀".as_bytes(), "hé€😀");
        check("utf16le", b"a\0\x3d\xd8\0\xde", "a😀");
        check("latin1", b"a\xe9\xff", "aéÿ");
        check("hex", b"\x00\xff\x1a", "00ff1a");
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v")] {
            check("base64", bytes.as_bytes(), text);
        }
        check("base64url", b"\xfb\xff", "-_8");
        assert_eq!(Encoding::named("klingon"), None);
    }

    #[test]
    fn what_is_not_of_the_encoding() {
        assert_eq!(Encoding::Hex.encode("0g11"), b"");
        assert_eq!(Encoding::Hex.encode("111"), b"\x11");
        assert_eq!(Encoding::Base64.encode("Z m\n9-_"), b"fo\x7e\xff"[..3].to_vec());
        assert_eq!(Encoding::Base64.encode("Zg==Zg=="), b"f");
        assert_eq!(Encoding::Utf8.decode(b"\xff"), "\u{fffd}");
        assert_eq!(Encoding::Ascii.decode(b"\xe1"), "a");
    }
}
