//! Compressing.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::checksums::{Adler32, Sum};
use super::{Coder, Flush, Problem, Step, Stepped, Wrapping};

/// How far back a stream may point.
pub(super) const WINDOW_BYTES: usize = 32 << 10;
/// What nobody chose.
const DEFAULT_LEVEL: u32 = 6;

/// A stream of blocks between a head and a checksum.
pub(super) struct Deflater {
    wrapping: Wrapping,
    level: u32,
    /// What both sides know; empty if there is none.
    dictionary: Vec<u8>,
    inner: Compress,
    /// Of what went in.
    sum: Sum,
    /// What has to come out before anything else.
    waiting: Vec<u8>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Data,
    /// All blocks are written.
    Tail,
}

impl Deflater {
    pub(super) fn new(wrapping: Wrapping, level: i32, dictionary: &[u8]) -> Self {
        let dictionary = if wrapping == Wrapping::Gzip { &[] } else { dictionary };
        let mut new = Self {
            wrapping,
            level: known_level(level),
            dictionary: dictionary.to_vec(),
            inner: Compress::new(Compression::new(0), false),
            sum: Sum::None,
            waiting: Vec::new(),
            stage: Stage::Data,
        };
        new.reset();
        new
    }

    /// What goes before the blocks.
    fn head(&self) -> Vec<u8> {
        match self.wrapping {
            Wrapping::Raw => Vec::new(),
            Wrapping::Zlib => zlib_head(self.level, &self.dictionary),
            // No name, no time; how hard was tried; made on Unix.
            // https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1
            Wrapping::Gzip => {
                let effort = match self.level {
                    9 => 2,
                    1 => 4,
                    _ => 0,
                };
                vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, effort, 3]
            }
        }
    }

    fn tail(&self) -> Vec<u8> {
        match &self.sum {
            Sum::None => Vec::new(),
            Sum::Adler(sum) => sum.value().to_be_bytes().to_vec(),
            Sum::Crc(crc) => [crc.sum().to_le_bytes(), crc.amount().to_le_bytes()].concat(),
        }
    }

    /// Blocks of the dictionary, of which nothing is written: what follows points back into it.
    fn learn_dictionary(&mut self) {
        let start = self.dictionary.len().saturating_sub(WINDOW_BYTES);
        let mut input = &self.dictionary[start..];
        if input.is_empty() {
            return;
        }
        let mut unused = vec![0; WINDOW_BYTES];
        loop {
            let (read, written) = (self.inner.total_in(), self.inner.total_out());
            // In memory this never fails.
            let status = self.inner.compress(input, &mut unused, FlushCompress::Sync);
            input = &input[(self.inner.total_in() - read) as usize..];
            let is_full = self.inner.total_out() - written == unused.len() as u64;
            if status.is_err() || (input.is_empty() && !is_full) {
                return;
            }
        }
    }

    /// Writes what waits, as far as there is room.
    fn write_waiting(&mut self, output: &mut [u8]) -> usize {
        let len = self.waiting.len().min(output.len());
        output[..len].copy_from_slice(&self.waiting[..len]);
        self.waiting.drain(..len);
        len
    }
}

impl Coder for Deflater {
    fn step(&mut self, input: &[u8], output: &mut [u8], flush: Flush) -> Stepped {
        let mut done = Step { read: 0, written: self.write_waiting(output) };
        while self.stage == Stage::Data && done.written < output.len() {
            let (read, written) = (self.inner.total_in(), self.inner.total_out());
            let rest = &input[done.read..];
            let status = self
                .inner
                .compress(rest, &mut output[done.written..], flush.into())
                .map_err(|_| Problem::new("Z_STREAM_ERROR", "stream error"))?;
            let taken = (self.inner.total_in() - read) as usize;
            self.sum.update(&rest[..taken]);
            done.read += taken;
            done.written += (self.inner.total_out() - written) as usize;
            if status == Status::StreamEnd {
                self.waiting = self.tail();
                self.stage = Stage::Tail;
                done.written += self.write_waiting(&mut output[done.written..]);
            } else if done.read == input.len() && flush != Flush::Finish {
                break;
            }
        }
        Ok(done)
    }

    fn has_ended(&self) -> bool {
        self.stage == Stage::Tail && self.waiting.is_empty()
    }

    fn reset(&mut self) {
        self.inner = Compress::new(Compression::new(self.level), false);
        self.learn_dictionary();
        self.sum = match self.wrapping {
            Wrapping::Raw => Sum::None,
            Wrapping::Zlib => Sum::Adler(Adler32::NEW),
            Wrapping::Gzip => Sum::Crc(Crc::new()),
        };
        self.waiting = self.head();
        self.stage = Stage::Data;
    }

    /// Called after a flush, so all of what went in has come out: blocks of another compressor
    /// may follow, which only does not know what was before.
    fn set_level(&mut self, level: i32) {
        self.level = known_level(level);
        if self.stage == Stage::Data {
            self.inner = Compress::new(Compression::new(self.level), false);
        }
    }
}

impl From<Flush> for FlushCompress {
    fn from(flush: Flush) -> Self {
        match flush {
            Flush::None => Self::None,
            Flush::Partial => Self::Partial,
            Flush::Sync => Self::Sync,
            Flush::Full => Self::Full,
            Flush::Finish => Self::Finish,
        }
    }
}

fn known_level(level: i32) -> u32 {
    u32::try_from(level).map_or(DEFAULT_LEVEL, |level| level.min(9))
}

/// <https://www.rfc-editor.org/rfc/rfc1950#section-2.2>
fn zlib_head(level: u32, dictionary: &[u8]) -> Vec<u8> {
    const HAS_DICTIONARY: u16 = 1 << 5;
    let effort: u16 = match level {
        0 | 1 => 0,
        2..=5 => 1,
        6 => 2,
        _ => 3,
    };
    // A window of 32 KiB, whatever was asked for: it always is that large.
    let mut head = 0x7800 | effort << 6;
    if !dictionary.is_empty() {
        head |= HAS_DICTIONARY;
    }
    // "The FCHECK value must be such that CMF and FLG […] is a multiple of 31."
    head += 31 - head % 31;
    let mut bytes = head.to_be_bytes().to_vec();
    if !dictionary.is_empty() {
        bytes.extend(Adler32::of(dictionary).to_be_bytes());
    }
    bytes
}
