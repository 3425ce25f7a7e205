//! `StringDecoder`: text of bytes that come in pieces.
//!
//! <https://nodejs.org/api/string_decoder.html>
//!
//! What was left over of a character is kept in bytes of the decoder's, in script: first the bytes
//! themselves, then how many are missing, then how many there are.

use holm_js::{Call, Result, Value};

use super::{Native, Tools};
use crate::encodings::{Decoded, Encoding};

pub(super) const FUNCTIONS: &[(&str, u32, Native)] = &[
    ("decode", 3, decode),
    ("flush", 2, flush),
    ("encodingOf", 1, |tools, call| {
        let name = call.value(0);
        // Anything that is nothing is UTF-8.
        let is_nothing = !name.is_object() && !holm_js::webidl::convert::boolean(&name);
        let encoding = if is_nothing { Some(Encoding::Utf8) } else { tools.encoding(&name)? };
        call.returns(encoding.map(Encoding::name))
    }),
];

/// Longest character, or group of base64.
const MOST_BYTES: usize = 4;
const STATE_BYTES: usize = MOST_BYTES + 2;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Unfinished {
    bytes: [u8; MOST_BYTES],
    missing: usize,
    len: usize,
}

/// `(state, encoding, view)`
fn decode<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (state, view) = (call.value(0), call.value(2));
    let encoding = tools.encoding_or_utf8(&call.value(1))?;
    let mut unfinished = Unfinished::load(tools, &state);
    let whole = 0..usize::MAX;
    let (text, unfinished) = tools.bytes.read(&view, whole, move |bytes| {
        let text = unfinished.decode(encoding, bytes);
        (text, unfinished)
    });
    unfinished.store(tools, &state)?;
    text.into_value(call.ctx())
}

/// `(state, encoding)`: what is left over, as it is.
fn flush<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let state = call.value(0);
    let encoding = tools.encoding_or_utf8(&call.value(1))?;
    let unfinished = Unfinished::load(tools, &state);
    Unfinished { bytes: unfinished.bytes, ..Unfinished::default() }.store(tools, &state)?;
    encoding.decode(&unfinished.bytes[..unfinished.len]).into_value(call.ctx())
}

impl Unfinished {
    /// Script can reach the bytes: whatever they are, they are in range afterwards.
    fn load(tools: Tools, state: &Value<'_>) -> Self {
        let mut found = [0; STATE_BYTES];
        if tools.bytes.get(state, 0, &mut found).is_none() {
            return Self::default();
        }
        let [b0, b1, b2, b3, missing, len] = found;
        let len = usize::from(len).min(MOST_BYTES);
        let missing = usize::from(missing).min(MOST_BYTES - len);
        Self { bytes: [b0, b1, b2, b3], missing, len }
    }

    fn store(self, tools: Tools, state: &Value<'_>) -> Result<()> {
        let [b0, b1, b2, b3] = self.bytes;
        let bytes = [b0, b1, b2, b3, self.missing as u8, self.len as u8];
        tools.bytes.set(state, 0, &bytes).map(drop)
    }

    /// The text of all characters that are whole; what is left over is kept.
    fn decode(&mut self, encoding: Encoding, bytes: &[u8]) -> Decoded {
        let mut rest = bytes;
        let mut text = None;
        if self.missing > 0 {
            rest = self.complete(encoding, rest);
            if self.missing > 0 {
                return encoding.decode(&[]);
            }
            text = Some(encoding.decode(&self.bytes[..self.len]));
            self.len = 0;
        }
        let (len, missing) = left_over(encoding, rest);
        let (whole, tail) = rest.split_at(rest.len() - len);
        self.bytes[..len].copy_from_slice(tail);
        (self.len, self.missing) = (len, missing);
        match text {
            Some(text) => text.followed_by(encoding.decode(whole)),
            None => encoding.decode(whole),
        }
    }

    /// Takes what is missing; gives what remains.
    fn complete<'a>(&mut self, encoding: Encoding, bytes: &'a [u8]) -> &'a [u8] {
        let most = &bytes[..self.missing.min(bytes.len())];
        let mut taken = most.len();
        self.missing -= taken;
        if encoding == Encoding::Utf8
            && let Some(stranger) = most.iter().position(|byte| !is_continuation(*byte))
        {
            // The character ends here, broken, and another one begins.
            taken = stranger;
            self.missing = 0;
        }
        self.bytes[self.len..self.len + taken].copy_from_slice(&bytes[..taken]);
        self.len += taken;
        &bytes[taken..]
    }
}

/// How many bytes at the end belong to a character that is not whole, and how many it lacks.
fn left_over(encoding: Encoding, bytes: &[u8]) -> (usize, usize) {
    match encoding {
        Encoding::Utf8 => left_over_utf8(bytes),
        Encoding::Utf16 if bytes.len() % 2 == 1 => (1, 1),
        Encoding::Utf16 if is_high_surrogate(bytes) => (2, 2),
        Encoding::Base64 | Encoding::Base64Url => match bytes.len() % 3 {
            0 => (0, 0),
            len => (len, 3 - len),
        },
        _ => (0, 0),
    }
}

/// As Node has it, what begins a character is not looked at closely: `e0 80` may still become one.
fn left_over_utf8(bytes: &[u8]) -> (usize, usize) {
    for (before, byte) in bytes.iter().rev().take(MOST_BYTES).enumerate() {
        let whole = match byte {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            byte if is_continuation(*byte) => continue,
            _ => return (0, 0),
        };
        let len = before + 1;
        return if len < whole { (len, whole - len) } else { (0, 0) };
    }
    (0, 0)
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Whether UTF-16 ends with the first half of a pair.
fn is_high_surrogate(bytes: &[u8]) -> bool {
    bytes.last().is_some_and(|last| last & 0xfc == 0xd8)
}
