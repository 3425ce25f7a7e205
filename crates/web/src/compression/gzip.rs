//! The head of a gzip file, <https://www.rfc-editor.org/rfc/rfc1952#section-2.3>.

use flate2::Crc;

/// The head of what is written here: no name, no time, made on Unix.
pub(super) const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];

/// Names and comments have no length: a head that never ends is not read for ever.
const MAX_HEADER_BYTES: usize = 128 << 10;

/// Flags: what follows the first ten bytes.
const HAS_CHECKSUM: u8 = 1 << 1;
const HAS_EXTRA: u8 = 1 << 2;
const HAS_NAME: u8 = 1 << 3;
const HAS_COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// Reads a head that comes in pieces.
#[derive(Debug, Default)]
pub struct HeaderReader(Vec<u8>);

impl HeaderReader {
    /// Takes what belongs to the head from `input`; true once that is all.
    pub fn read(&mut self, input: &mut &[u8]) -> Result<bool, &'static str> {
        let before = self.0.len();
        let room = MAX_HEADER_BYTES - before;
        self.0.extend_from_slice(&input[..input.len().min(room)]);
        let Some(len) = header_len(&self.0)? else {
            if self.0.len() == MAX_HEADER_BYTES {
                return Err("the gzip header is too long");
            }
            *input = &[];
            return Ok(false);
        };
        *input = &input[len - before..];
        Ok(true)
    }
}

/// How long the head is that these bytes begin with; `None` if there have to be more.
fn header_len(bytes: &[u8]) -> Result<Option<usize>, &'static str> {
    // ID1, ID2 and CM: gzip, and the method "deflate".
    let known = [0x1f, 0x8b, 8];
    if bytes.iter().zip(known).any(|(byte, known)| *byte != known) {
        return Err("incorrect header check");
    }
    let Some(flags) = bytes.get(3) else { return Ok(None) };
    if flags & RESERVED != 0 {
        return Err("unknown header flags set");
    }
    let mut len = HEADER.len();
    if flags & HAS_EXTRA != 0 {
        let Some([low, high]) = bytes.get(len..len + 2) else { return Ok(None) };
        len += 2 + usize::from(u16::from_le_bytes([*low, *high]));
    }
    for flag in [HAS_NAME, HAS_COMMENT] {
        if flags & flag != 0 {
            let text = bytes.get(len..).unwrap_or_default();
            let Some(end) = text.iter().position(|byte| *byte == 0) else { return Ok(None) };
            len += end + 1;
        }
    }
    if flags & HAS_CHECKSUM != 0 {
        let Some([low, high]) = bytes.get(len..len + 2) else { return Ok(None) };
        let mut crc = Crc::new();
        crc.update(&bytes[..len]);
        // The two least significant bytes of the checksum.
        if crc.sum() as u16 != u16::from_le_bytes([*low, *high]) {
            return Err("header crc mismatch");
        }
        len += 2;
    }
    Ok((bytes.len() >= len).then_some(len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_whole_in_pieces_of_any_size() {
        let mut with_all = vec![0x1f, 0x8b, 8, 0b1_1110, 0, 0, 0, 0, 0, 3];
        with_all.extend_from_slice(b"\x02\x00ex");
        with_all.extend_from_slice(b"name\0comment\0");
        let mut crc = Crc::new();
        crc.update(&with_all);
        with_all.extend_from_slice(&(crc.sum() as u16).to_le_bytes());
        for head in [&HEADER[..], &with_all] {
            for size in 1..=head.len() {
                let mut reader = HeaderReader::default();
                let bytes = [head, b"data"].concat();
                let mut rest = &bytes[..];
                let mut is_whole = false;
                for chunk in bytes.chunks(size) {
                    let mut left = chunk;
                    is_whole = reader.read(&mut left).unwrap();
                    rest = &rest[chunk.len() - left.len()..];
                    if is_whole {
                        break;
                    }
                }
                assert!(is_whole && rest == b"data", "{head:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn bad_heads_are_refused() {
        for (head, why) in [
            (&b"PK"[..], "incorrect header check"),
            (b"\x1f\x8b\x07", "incorrect header check"),
            (b"\x1f\x8b\x08\x20", "unknown header flags set"),
            (b"\x1f\x8b\x08\x02\0\0\0\0\0\x03\0\0", "header crc mismatch"),
        ] {
            assert_eq!(HeaderReader::default().read(&mut &head[..]), Err(why));
        }
        let endless = [&[0x1f, 0x8b, 8, HAS_NAME][..], &vec![b'a'; MAX_HEADER_BYTES]].concat();
        let ended = HeaderReader::default().read(&mut &endless[..]);
        assert_eq!(ended, Err("the gzip header is too long"));
    }
}
