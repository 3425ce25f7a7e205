//! Brotli, <https://www.rfc-editor.org/rfc/rfc7932>, by the crate `brotli`.

use brotli::enc::StandardAlloc;
use brotli::enc::encode::{
    BrotliEncoderOperation, BrotliEncoderParameter, BrotliEncoderStateStruct,
};
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};

use super::{Code, Coder, Flush, Problem, Step, Stepped, UNEXPECTED_END};

/// The largest window of the format; those of its "large window" variant could ask for gigabytes.
const MOST_WINDOW_BITS: u32 = 24;
const LEAST_WINDOW_BITS: u32 = 10;
const MOST_QUALITY: u32 = 11;

/// What the data can make a decoder keep: the largest window and tables.
pub(super) const DECOMPRESSOR_BYTES: usize = (1 << MOST_WINDOW_BITS) + (1 << 20);

/// What nobody chose is what Node chooses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameters {
    mode: u32,
    quality: u32,
    window_bits: u32,
    block_bits: u32,
    without_context: u32,
    size_hint: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            mode: 0,
            quality: MOST_QUALITY,
            window_bits: 22,
            block_bits: 0,
            without_context: 0,
            size_hint: 0,
        }
    }
}

impl Parameters {
    /// Sets one by Brotli's number. As there, what is out of range becomes what is nearest.
    pub(super) fn set(&mut self, number: u32, value: u32) {
        match number {
            0 if value <= 2 => self.mode = value,
            1 => self.quality = value.min(MOST_QUALITY),
            2 => self.window_bits = value.clamp(LEAST_WINDOW_BITS, MOST_WINDOW_BITS),
            3 => self.block_bits = if value == 0 { 0 } else { value.clamp(16, MOST_WINDOW_BITS) },
            4 => self.without_context = value.min(1),
            5 => self.size_hint = value,
            // How distances are written, and windows that are larger: what comes out is as right
            // without.
            _ => {}
        }
    }

    /// What the inside of a compressor takes, about: a window twice, and a tree of its places.
    pub(super) fn compressor_bytes(&self) -> usize {
        12 << self.window_bits
    }
}

pub(super) struct BrotliCompressor {
    parameters: Parameters,
    inner: Box<BrotliEncoderStateStruct<StandardAlloc>>,
}

impl BrotliCompressor {
    pub(super) fn new(parameters: Parameters) -> Self {
        Self { parameters, inner: Self::encoder(&parameters) }
    }

    fn encoder(parameters: &Parameters) -> Box<BrotliEncoderStateStruct<StandardAlloc>> {
        use BrotliEncoderParameter as P;
        let mut inner = BrotliEncoderStateStruct::new(StandardAlloc::default());
        inner.set_parameter(P::BROTLI_PARAM_MODE, parameters.mode);
        inner.set_parameter(P::BROTLI_PARAM_QUALITY, parameters.quality);
        inner.set_parameter(P::BROTLI_PARAM_LGWIN, parameters.window_bits);
        inner.set_parameter(P::BROTLI_PARAM_LGBLOCK, parameters.block_bits);
        inner.set_parameter(P::BROTLI_PARAM_SIZE_HINT, parameters.size_hint);
        inner.set_parameter(
            P::BROTLI_PARAM_DISABLE_LITERAL_CONTEXT_MODELING,
            parameters.without_context,
        );
        Box::new(inner)
    }
}

impl Coder for BrotliCompressor {
    fn step(&mut self, input: &[u8], output: &mut [u8], flush: Flush) -> Stepped {
        let operation = || match flush {
            Flush::None => BrotliEncoderOperation::BROTLI_OPERATION_PROCESS,
            Flush::Finish => BrotliEncoderOperation::BROTLI_OPERATION_FINISH,
            _ => BrotliEncoderOperation::BROTLI_OPERATION_FLUSH,
        };
        let (mut read, mut written) = (0, 0);
        while written < output.len() && !self.inner.is_finished() {
            let before = (read, written);
            let (mut available, mut room) = (input.len() - read, output.len() - written);
            let is_right = self.inner.compress_stream(
                operation(),
                &mut available,
                input,
                &mut read,
                &mut room,
                output,
                &mut written,
                &mut None,
                &mut |_, _, _, _| (),
            );
            if !is_right {
                let code = Code::Zlib("ERR_BROTLI_COMPRESSION_FAILED");
                return Err(Problem { code, why: "Compression failed" });
            }
            if (read, written) == before {
                break;
            }
        }
        Ok(Step { read, written })
    }

    fn has_ended(&self) -> bool {
        self.inner.is_finished()
    }

    fn reset(&mut self) {
        self.inner = Self::encoder(&self.parameters);
    }

    fn flush(&self, number: u32) -> Flush {
        known_flush(number)
    }
}

type Decoder = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

pub(super) struct BrotliDecompressor {
    inner: Box<Decoder>,
    has_ended: bool,
}

impl BrotliDecompressor {
    pub(super) fn new() -> Self {
        Self { inner: Self::decoder(), has_ended: false }
    }

    /// One that refuses windows beyond the format's.
    fn decoder() -> Box<Decoder> {
        Box::new(BrotliState::new_strict(
            StandardAlloc::default(),
            StandardAlloc::default(),
            StandardAlloc::default(),
        ))
    }
}

impl Coder for BrotliDecompressor {
    fn step(&mut self, input: &[u8], output: &mut [u8], flush: Flush) -> Stepped {
        let (mut read, mut written) = (0, 0);
        if self.has_ended {
            return Ok(Step::default());
        }
        let (mut available, mut room) = (input.len(), output.len());
        let result = BrotliDecompressStream(
            &mut available,
            &mut read,
            input,
            &mut room,
            &mut written,
            output,
            &mut 0,
            &mut self.inner,
        );
        match result {
            BrotliResult::ResultSuccess => self.has_ended = true,
            BrotliResult::ResultFailure => {
                let code = Code::Brotli(self.inner.error_code as i32);
                return Err(Problem { code, why: "Decompression failed" });
            }
            BrotliResult::NeedsMoreInput if flush == Flush::Finish && room > 0 => {
                return Err(UNEXPECTED_END);
            }
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
        Ok(Step { read, written })
    }

    fn has_ended(&self) -> bool {
        self.has_ended
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn flush(&self, number: u32) -> Flush {
        known_flush(number)
    }
}

/// Brotli has numbers of its own.
fn known_flush(number: u32) -> Flush {
    match number {
        0 => Flush::None,
        2 => Flush::Finish,
        _ => Flush::Sync,
    }
}
