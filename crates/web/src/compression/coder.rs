//! Compressing and decompressing, a piece at a time.
//!
//! However much a chunk grows, no more than a piece of it is here at once.

use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};
use holm_js::{Error, Result};

use super::gzip::{self, HeaderReader};

/// What is handed on at once.
const PIECE_BYTES: usize = 64 << 10;
/// A checksum and a length, <https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1>.
const TRAILER_BYTES: usize = 8;

/// <https://compression.spec.whatwg.org/#supported-formats>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// With zlib's head and checksum.
    Deflate,
    DeflateRaw,
    Gzip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Compress,
    Decompress,
}

/// Why coding ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The data is not what it should be; the code is zlib's.
    Data { code: &'static str, why: &'static str },
    /// Whoever took a piece threw.
    Script(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Script(error)
    }
}

type Each<'a> = &'a mut dyn FnMut(&[u8]) -> Result<()>;

/// One stream being coded.
pub(super) enum Coder {
    Compress(Compressor),
    Decompress(Decompressor),
}

impl Coder {
    pub(super) fn new(format: Format, direction: Direction) -> Self {
        match direction {
            Direction::Compress => Self::Compress(Compressor::new(format)),
            Direction::Decompress => Self::Decompress(Decompressor::new(format)),
        }
    }

    /// Codes a chunk.
    pub(super) fn code(
        &mut self,
        input: &[u8],
        each: Each<'_>,
    ) -> std::result::Result<(), Failure> {
        match self {
            Self::Compress(coder) => coder.code(input, each),
            Self::Decompress(coder) => coder.code(input, each),
        }
    }

    /// The input has ended.
    pub(super) fn finish(&mut self, each: Each<'_>) -> std::result::Result<(), Failure> {
        match self {
            Self::Compress(coder) => coder.finish(each),
            Self::Decompress(coder) => coder.finish(),
        }
    }
}

pub(super) struct Compressor {
    inner: Compress,
    /// Of what went in; for gzip only.
    crc: Option<Crc>,
    has_begun: bool,
    piece: Vec<u8>,
}

impl Compressor {
    fn new(format: Format) -> Self {
        let inner = Compress::new(Compression::default(), format == Format::Deflate);
        let crc = (format == Format::Gzip).then(Crc::new);
        Self { inner, crc, has_begun: false, piece: vec![0; PIECE_BYTES] }
    }

    fn code(&mut self, input: &[u8], each: Each<'_>) -> std::result::Result<(), Failure> {
        self.begin(each)?;
        if let Some(crc) = &mut self.crc {
            crc.update(input);
        }
        self.run(input, FlushCompress::None, each)
    }

    fn finish(&mut self, each: Each<'_>) -> std::result::Result<(), Failure> {
        self.begin(each)?;
        self.run(&[], FlushCompress::Finish, each)?;
        if let Some(crc) = &self.crc {
            each(&[crc.sum().to_le_bytes(), crc.amount().to_le_bytes()].concat())?;
        }
        Ok(())
    }

    fn begin(&mut self, each: Each<'_>) -> Result<()> {
        if !std::mem::replace(&mut self.has_begun, true) && self.crc.is_some() {
            each(&gzip::HEADER)?;
        }
        Ok(())
    }

    fn run(
        &mut self,
        mut input: &[u8],
        flush: FlushCompress,
        each: Each<'_>,
    ) -> std::result::Result<(), Failure> {
        loop {
            let (read, written) = (self.inner.total_in(), self.inner.total_out());
            let status = self
                .inner
                .compress(input, &mut self.piece, flush)
                .map_err(|_| broken("the compressor failed"))?;
            input = &input[(self.inner.total_in() - read) as usize..];
            let made = (self.inner.total_out() - written) as usize;
            if made > 0 {
                each(&self.piece[..made])?;
            }
            let is_drained = input.is_empty() && made < self.piece.len();
            if status == Status::StreamEnd || (flush == FlushCompress::None && is_drained) {
                return Ok(());
            }
        }
    }
}

pub(crate) struct Decompressor {
    inner: Decompress,
    stage: Stage,
    /// Of what came out; for gzip only.
    crc: Option<Crc>,
    piece: Vec<u8>,
    /// Whether the last piece was full, so that more may come out without more coming in.
    was_full: bool,
}

/// What comes next in the input.
enum Stage {
    Header(HeaderReader),
    Data,
    /// What of it has come.
    Trailer(Vec<u8>),
    Nothing,
}

impl Decompressor {
    pub(crate) fn new(format: Format) -> Self {
        let is_gzip = format == Format::Gzip;
        Self {
            inner: Decompress::new(format == Format::Deflate),
            stage: if is_gzip { Stage::Header(HeaderReader::default()) } else { Stage::Data },
            crc: is_gzip.then(Crc::new),
            piece: vec![0; PIECE_BYTES],
            was_full: false,
        }
    }

    /// Whether the end of what was compressed has come.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.stage, Stage::Nothing)
    }

    fn code(&mut self, mut input: &[u8], each: Each<'_>) -> std::result::Result<(), Failure> {
        while let Some(piece) = self.next_piece(&mut input)? {
            each(piece)?;
        }
        Ok(())
    }

    /// The next piece of what comes out; `None` once all of the input is taken.
    pub(crate) fn next_piece(
        &mut self,
        input: &mut &[u8],
    ) -> std::result::Result<Option<&[u8]>, Failure> {
        while !input.is_empty() || self.was_full {
            match &mut self.stage {
                Stage::Header(reader) => {
                    if reader.read(input).map_err(broken)? {
                        self.stage = Stage::Data;
                    }
                }
                Stage::Data => {
                    let len = self.inflate(input)?;
                    if len > 0 {
                        return Ok(Some(&self.piece[..len]));
                    }
                }
                Stage::Trailer(trailer) => {
                    let count = input.len().min(TRAILER_BYTES - trailer.len());
                    trailer.extend_from_slice(&input[..count]);
                    *input = &input[count..];
                    if trailer.len() == TRAILER_BYTES {
                        self.check_trailer()?;
                    }
                }
                // "It is an error if there is additional input data after the end."
                Stage::Nothing => {
                    return Err(Failure::Data {
                        code: "ERR_TRAILING_JUNK_AFTER_STREAM_END",
                        why: "Trailing junk found after the end of the compressed stream",
                    });
                }
            }
        }
        Ok(None)
    }

    /// Fills a piece as far as it goes.
    fn inflate(&mut self, input: &mut &[u8]) -> std::result::Result<usize, Failure> {
        let (read, written) = (self.inner.total_in(), self.inner.total_out());
        let status = self
            .inner
            .decompress(input, &mut self.piece, FlushDecompress::None)
            .map_err(|_| broken("invalid compressed data"))?;
        let taken = (self.inner.total_in() - read) as usize;
        let made = (self.inner.total_out() - written) as usize;
        *input = &input[taken..];
        self.was_full = made == self.piece.len();
        if let Some(crc) = &mut self.crc {
            crc.update(&self.piece[..made]);
        }
        if status == Status::StreamEnd {
            self.was_full = false;
            self.stage = match self.crc {
                Some(_) => Stage::Trailer(Vec::new()),
                None => Stage::Nothing,
            };
        } else if taken == 0 && made == 0 && !input.is_empty() {
            return Err(broken("invalid compressed data"));
        }
        Ok(made)
    }

    fn check_trailer(&mut self) -> std::result::Result<(), Failure> {
        let Stage::Trailer(trailer) = std::mem::replace(&mut self.stage, Stage::Nothing) else {
            return Ok(());
        };
        let Some(crc) = &self.crc else { return Ok(()) };
        if trailer[..4] != crc.sum().to_le_bytes() {
            return Err(broken("incorrect data check"));
        }
        if trailer[4..] != crc.amount().to_le_bytes() {
            return Err(broken("incorrect length check"));
        }
        Ok(())
    }

    fn finish(&self) -> std::result::Result<(), Failure> {
        match self.stage {
            Stage::Nothing => Ok(()),
            // "If the end of the compressed input has not been reached, then throw a TypeError."
            _ => Err(Failure::Data { code: "Z_BUF_ERROR", why: "unexpected end of file" }),
        }
    }
}

fn broken(why: &'static str) -> Failure {
    Failure::Data { code: "Z_DATA_ERROR", why }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes these chunks; what comes out, or the reason why it ended.
    fn coded<'a>(
        format: Format,
        direction: Direction,
        chunks: impl IntoIterator<Item = &'a [u8]>,
    ) -> std::result::Result<Vec<u8>, &'static str> {
        let mut coder = Coder::new(format, direction);
        let mut all = Vec::new();
        let mut each = |piece: &[u8]| {
            all.extend_from_slice(piece);
            Ok(())
        };
        let mut ended = Ok(());
        for chunk in chunks {
            ended = ended.and_then(|()| coder.code(chunk, &mut each));
        }
        match ended.and_then(|()| coder.finish(&mut each)) {
            Ok(()) => Ok(all),
            Err(Failure::Data { why, .. }) => Err(why),
            Err(Failure::Script(_)) => Err("script"),
        }
    }

    const FORMATS: [Format; 3] = [Format::Deflate, Format::DeflateRaw, Format::Gzip];

    #[test]
    fn what_goes_in_comes_out_in_chunks_of_any_size() {
        let mut seed = 7_u32;
        let noise = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        });
        let text: Vec<u8> = noise.take(100_000).chain(std::iter::repeat_n(b'a', 300_000)).collect();
        for format in FORMATS {
            let small = coded(format, Direction::Compress, [&text[..]]).unwrap();
            for size in [1, 7, 4096, small.len()] {
                let back = coded(format, Direction::Decompress, small.chunks(size)).unwrap();
                assert!(back == text, "{format:?} in chunks of {size}");
            }
        }
    }

    #[test]
    fn nothing_compresses_to_something_and_back() {
        for format in FORMATS {
            let small = coded(format, Direction::Compress, []).unwrap();
            assert!(!small.is_empty());
            assert_eq!(coded(format, Direction::Decompress, [&small[..]]).unwrap(), b"");
        }
    }

    #[test]
    fn what_is_cut_or_added_is_an_error() {
        for format in FORMATS {
            let small = coded(format, Direction::Compress, [&b"some text"[..]]).unwrap();
            for len in 0..small.len() {
                let ended = coded(format, Direction::Decompress, [&small[..len]]);
                assert_eq!(ended, Err("unexpected end of file"), "{format:?} cut to {len}");
            }
            let junk = [&small[..], b"x"].concat();
            let why = "Trailing junk found after the end of the compressed stream";
            assert_eq!(coded(format, Direction::Decompress, [&junk[..]]), Err(why));
        }
    }

    #[test]
    fn checksums_are_looked_at() {
        let mut small = coded(Format::Gzip, Direction::Compress, [&b"some text"[..]]).unwrap();
        let last = small.len() - 1;
        small[last] ^= 1;
        let decompress = |small: &[u8]| coded(Format::Gzip, Direction::Decompress, [small]);
        assert_eq!(decompress(&small), Err("incorrect length check"));
        small[last] ^= 1;
        small[last - 4] ^= 1;
        assert_eq!(decompress(&small), Err("incorrect data check"));
    }
}
