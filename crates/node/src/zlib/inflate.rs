//! Decompressing.

use flate2::{Crc, Decompress, FlushDecompress, Status};
use holm_web::compression::gzip::HeaderReader;

use super::checksums::{Adler32, Sum};
use super::deflate::WINDOW_BYTES;
use super::{Coder, Flush, Problem, Step, Stepped, UNEXPECTED_END, Wrapping};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZLIB_HEAD_BYTES: usize = 2;
const CHECKSUM_BYTES: usize = 4;
const MOST_WINDOW_BITS: u8 = 15;

/// A stream, or several of gzip in a row.
pub(super) struct Inflater {
    /// What the stream has to be; either of two where nothing says so.
    expected: Option<Wrapping>,
    /// What it is.
    wrapping: Wrapping,
    /// The largest window that is accepted; 0 for any.
    window_bits: u8,
    dictionary: Vec<u8>,
    inner: Decompress,
    stage: Stage,
    /// Of what came out.
    sum: Sum,
}

/// What comes next in the input.
enum Stage {
    /// What of its first bytes has come.
    Kind(Vec<u8>),
    ZlibHead(Vec<u8>),
    GzipHead(HeaderReader),
    Data,
    /// What of the checksum has come.
    Tail(Vec<u8>),
    Nothing,
}

impl Inflater {
    pub(super) fn new(expected: Option<Wrapping>, window_bits: u8, dictionary: &[u8]) -> Self {
        let mut new = Self {
            expected,
            wrapping: Wrapping::Raw,
            window_bits,
            dictionary: dictionary.to_vec(),
            inner: Decompress::new(false),
            stage: Stage::Nothing,
            sum: Sum::None,
        };
        new.reset();
        new
    }

    fn begin(&mut self, wrapping: Wrapping) {
        self.wrapping = wrapping;
        self.inner.reset(false);
        (self.stage, self.sum) = match wrapping {
            Wrapping::Raw => {
                self.learn_dictionary();
                (Stage::Data, Sum::None)
            }
            Wrapping::Zlib => (Stage::ZlibHead(Vec::new()), Sum::Adler(Adler32::NEW)),
            Wrapping::Gzip => (Stage::GzipHead(HeaderReader::default()), Sum::Crc(Crc::new())),
        };
    }

    /// The dictionary as a block before the others, of which nothing is given away.
    fn learn_dictionary(&mut self) {
        let start = self.dictionary.len().saturating_sub(WINDOW_BYTES);
        let known = &self.dictionary[start..];
        if known.is_empty() {
            return;
        }
        // "BFINAL" and "BTYPE" are 0, then its length and the complement of that,
        // https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4
        let len = known.len() as u16;
        let block = [&[0], &len.to_le_bytes()[..], &(!len).to_le_bytes(), known].concat();
        let mut unused = vec![0; WINDOW_BYTES];
        let mut rest = &block[..];
        while !rest.is_empty() {
            let read = self.inner.total_in();
            let status = self.inner.decompress(rest, &mut unused, FlushDecompress::None);
            let taken = (self.inner.total_in() - read) as usize;
            rest = &rest[taken..];
            if status.is_err() || taken == 0 {
                return;
            }
        }
    }

    /// Finds out which of two the stream is.
    fn read_kind(&mut self, input: &mut &[u8]) -> Result<(), Problem> {
        let Stage::Kind(first) = &mut self.stage else { return Ok(()) };
        if !take(input, first, GZIP_MAGIC.len()) && GZIP_MAGIC.starts_with(first) {
            return Ok(());
        }
        let first = std::mem::take(first);
        self.begin(if first == GZIP_MAGIC { Wrapping::Gzip } else { Wrapping::Zlib });
        self.read_head(&mut &first[..])
    }

    fn read_head(&mut self, input: &mut &[u8]) -> Result<(), Problem> {
        match &mut self.stage {
            Stage::ZlibHead(head) => {
                if !take(input, head, ZLIB_HEAD_BYTES) {
                    return Ok(());
                }
                let has_dictionary = check_zlib_head([head[0], head[1]], self.window_bits)?;
                if has_dictionary {
                    if !take(input, head, ZLIB_HEAD_BYTES + CHECKSUM_BYTES) {
                        return Ok(());
                    }
                    let known = Adler32::of(&self.dictionary).to_be_bytes();
                    let is_known = head[ZLIB_HEAD_BYTES..] == known;
                    if self.dictionary.is_empty() || !is_known {
                        return Err(self.wrong_dictionary());
                    }
                    self.learn_dictionary();
                }
                self.stage = Stage::Data;
            }
            Stage::GzipHead(reader) => {
                let is_whole = reader.read(input).map_err(Problem::data)?;
                if is_whole {
                    self.stage = Stage::Data;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn wrong_dictionary(&self) -> Problem {
        let is_missing = self.dictionary.is_empty();
        let why = if is_missing { "Missing dictionary" } else { "Bad dictionary" };
        Problem::new("Z_NEED_DICT", why)
    }

    /// Decompresses as long as there is input and room; gives how much was written.
    fn inflate(&mut self, input: &mut &[u8], output: &mut [u8]) -> Result<usize, Problem> {
        let mut len = 0;
        while len < output.len() {
            let (read, written) = (self.inner.total_in(), self.inner.total_out());
            let status = self
                .inner
                .decompress(input, &mut output[len..], FlushDecompress::None)
                .map_err(|_| Problem::data("invalid compressed data"))?;
            let taken = (self.inner.total_in() - read) as usize;
            let made = (self.inner.total_out() - written) as usize;
            *input = &input[taken..];
            self.sum.update(&output[len..len + made]);
            len += made;
            if status == Status::StreamEnd {
                self.stage = Stage::Tail(Vec::new());
                break;
            }
            if taken == 0 && made == 0 {
                if input.is_empty() {
                    break;
                }
                return Err(Problem::data("invalid compressed data"));
            }
        }
        Ok(len)
    }

    fn read_tail(&mut self, input: &mut &[u8]) -> Result<(), Problem> {
        let Stage::Tail(tail) = &mut self.stage else { return Ok(()) };
        let is_whole = match &self.sum {
            Sum::None => true,
            Sum::Adler(sum) => {
                let is_whole = take(input, tail, CHECKSUM_BYTES);
                if is_whole && tail[..] != sum.value().to_be_bytes() {
                    return Err(Problem::data("incorrect data check"));
                }
                is_whole
            }
            Sum::Crc(crc) => {
                let is_whole = take(input, tail, 2 * CHECKSUM_BYTES);
                if is_whole && tail[..CHECKSUM_BYTES] != crc.sum().to_le_bytes() {
                    return Err(Problem::data("incorrect data check"));
                }
                if is_whole && tail[CHECKSUM_BYTES..] != crc.amount().to_le_bytes() {
                    return Err(Problem::data("incorrect length check"));
                }
                is_whole
            }
        };
        if is_whole {
            self.stage = Stage::Nothing;
        }
        Ok(())
    }
}

impl Coder for Inflater {
    fn step(&mut self, input: &[u8], output: &mut [u8], flush: Flush) -> Stepped {
        let (mut rest, mut written) = (input, 0);
        loop {
            let needs_input = !matches!(self.stage, Stage::Data)
                && !matches!((&self.stage, &self.sum), (Stage::Tail(_), Sum::None));
            if needs_input && rest.is_empty() {
                break;
            }
            match &self.stage {
                Stage::Kind(_) => self.read_kind(&mut rest)?,
                Stage::ZlibHead(_) | Stage::GzipHead(_) => self.read_head(&mut rest)?,
                Stage::Data => {
                    written += self.inflate(&mut rest, &mut output[written..])?;
                    if matches!(self.stage, Stage::Data) {
                        break;
                    }
                }
                Stage::Tail(_) => self.read_tail(&mut rest)?,
                // Files of gzip may follow each other; zeros are only there to fill something up.
                Stage::Nothing if self.wrapping == Wrapping::Gzip && rest[0] != 0 => {
                    self.begin(Wrapping::Gzip);
                }
                Stage::Nothing => break,
            }
        }
        if flush == Flush::Finish && rest.is_empty() && written < output.len() && !self.has_ended()
        {
            return Err(UNEXPECTED_END);
        }
        Ok(Step { read: input.len() - rest.len(), written })
    }

    fn has_ended(&self) -> bool {
        matches!(self.stage, Stage::Nothing)
    }

    fn reset(&mut self) {
        match self.expected {
            Some(wrapping) => self.begin(wrapping),
            None => self.stage = Stage::Kind(Vec::new()),
        }
    }
}

/// Moves bytes until there are `len`; true if there are.
fn take(input: &mut &[u8], into: &mut Vec<u8>, len: usize) -> bool {
    let missing = len.saturating_sub(into.len()).min(input.len());
    into.extend_from_slice(&input[..missing]);
    *input = &input[missing..];
    into.len() >= len
}

/// Whether a dictionary is needed. <https://www.rfc-editor.org/rfc/rfc1950#section-2.2>
fn check_zlib_head(head: [u8; 2], most_window_bits: u8) -> Result<bool, Problem> {
    const DEFLATE: u8 = 8;
    const HAS_DICTIONARY: u8 = 1 << 5;
    if !u16::from_be_bytes(head).is_multiple_of(31) {
        return Err(Problem::data("incorrect header check"));
    }
    let [method, flags] = head;
    if method & 0xf != DEFLATE {
        return Err(Problem::data("unknown compression method"));
    }
    let window_bits = (method >> 4) + 8;
    let most = if most_window_bits == 0 { MOST_WINDOW_BITS } else { most_window_bits };
    if window_bits > most {
        return Err(Problem::data("invalid window size"));
    }
    Ok(flags & HAS_DICTIONARY != 0)
}

#[cfg(test)]
mod tests {
    use super::super::deflate::Deflater;
    use super::*;

    /// All that comes out of these bytes, in steps of so many.
    fn coded(
        coder: &mut dyn Coder,
        input: &[u8],
        size: usize,
        room: usize,
    ) -> Result<Vec<u8>, &'static str> {
        let (mut all, mut output) = (Vec::new(), vec![0; room]);
        let mut chunks = input.chunks(size).peekable();
        let mut rest: &[u8] = chunks.next().unwrap_or_default();
        loop {
            let flush = if chunks.peek().is_none() { Flush::Finish } else { Flush::None };
            let done = coder.step(rest, &mut output, flush).map_err(|problem| problem.why)?;
            all.extend_from_slice(&output[..done.written]);
            rest = &rest[done.read..];
            if done.written < room {
                match chunks.next() {
                    Some(next) => rest = next,
                    None => return Ok(all),
                }
            }
        }
    }

    const WRAPPINGS: [Wrapping; 3] = [Wrapping::Raw, Wrapping::Zlib, Wrapping::Gzip];

    fn text() -> Vec<u8> {
        let mut seed = 7_u32;
        let noise = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        });
        noise.take(5000).chain(std::iter::repeat_n(b'a', 40_000)).collect()
    }

    #[test]
    fn what_goes_in_comes_out_in_steps_of_any_size() {
        let text = text();
        for wrapping in WRAPPINGS {
            for (level, dictionary) in [(-1, &b""[..]), (0, b"aaaa"), (1, b""), (9, b"aaaaaaaa")] {
                for (size, room) in [(1, 64), (7, 100), (usize::MAX, 1), (4096, 65536)] {
                    let mut deflater = Deflater::new(wrapping, level, dictionary);
                    let small = coded(&mut deflater, &text, size, room).unwrap();
                    assert!(deflater.has_ended());
                    let mut inflater = Inflater::new(Some(wrapping), 0, dictionary);
                    let back = coded(&mut inflater, &small, size, room).unwrap();
                    assert!(back == text, "{wrapping:?} {level} in steps of {size}, {room}");
                }
            }
        }
    }

    #[test]
    fn what_is_cut_is_an_error() {
        for wrapping in WRAPPINGS {
            let mut deflater = Deflater::new(wrapping, -1, b"");
            let small = coded(&mut deflater, b"some text", 100, 100).unwrap();
            for len in 0..small.len() {
                let mut inflater = Inflater::new(Some(wrapping), 0, b"");
                let ended = coded(&mut inflater, &small[..len], 100, 100);
                assert_eq!(ended, Err("unexpected end of file"), "{wrapping:?} cut to {len}");
            }
        }
    }

    #[test]
    fn what_is_flipped_never_goes_on_for_ever() {
        let small = coded(&mut Deflater::new(Wrapping::Gzip, 9, b""), &text(), 999, 999).unwrap();
        for bit in 0..(small.len() * 8).min(2000) {
            let mut broken = small.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            let mut inflater = Inflater::new(Some(Wrapping::Gzip), 0, b"");
            // Flags and time of the head may be others.
            let is_of_no_matter = (32..80).contains(&bit) || bit == 24;
            let ended = coded(&mut inflater, &broken, 100, 1000);
            assert!(ended.is_err() || is_of_no_matter, "bit {bit}");
        }
    }
}
