//! `node:zlib`: what codes the bytes that `js/zlib/` gets and gives.
//!
//! <https://nodejs.org/api/zlib.html>
//!
//! A coder takes some input and fills one piece of output per call, so that script decides how much
//! of what a bomb becomes is ever there at once.

mod brotli;
mod checksums;
mod deflate;
mod inflate;

use std::cell::RefCell;

use holm_js::{
    Bytes, Call, Ctx, Error, ErrorKind, HostObject, Object, Result, Value, function, host_ref,
    sealed, throw,
};
use holm_web::weight::Weight;

use crate::{buffer, builtins, embedded, process, ticks};
use brotli::{BrotliCompressor, BrotliDecompressor, Parameters};
use deflate::Deflater;
use inflate::Inflater;

/// What is coded in one call at most: in between a script can be stopped.
const MOST_INPUT_BYTES: usize = 256 << 10;
/// What one call gives at most.
const MOST_OUTPUT_BYTES: usize = 1 << 20;

/// What the inside of a coder takes, about: its window and its tables.
const COMPRESSOR_BYTES: usize = 400 << 10;
const DECOMPRESSOR_BYTES: usize = 50 << 10;

/// How the bytes of DEFLATE are wrapped up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrapping {
    /// <https://www.rfc-editor.org/rfc/rfc1951>
    Raw,
    /// <https://www.rfc-editor.org/rfc/rfc1950>
    Zlib,
    /// <https://www.rfc-editor.org/rfc/rfc1952>
    Gzip,
}

/// Whether what went in has to come out, under zlib's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flush {
    None,
    Partial,
    Sync,
    Full,
    Finish,
}

impl Flush {
    /// <https://www.zlib.net/manual.html#Constants>
    fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Partial,
            // A block ends at a byte in either case: `Z_BLOCK` only promises less.
            2 | 5 => Self::Sync,
            3 => Self::Full,
            4 => Self::Finish,
            _ => Self::None,
        }
    }
}

/// What one call did.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    read: usize,
    written: usize,
}

/// What is wrong with the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Problem {
    code: Code,
    why: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    Zlib(&'static str),
    /// `BrotliDecoderErrorCode`, of which script knows the names.
    Brotli(i32),
}

impl Problem {
    const fn new(code: &'static str, why: &'static str) -> Self {
        Self { code: Code::Zlib(code), why }
    }

    fn data(why: &'static str) -> Self {
        Self::new("Z_DATA_ERROR", why)
    }
}

const UNEXPECTED_END: Problem = Problem::new("Z_BUF_ERROR", "unexpected end of file");

type Stepped = std::result::Result<Step, Problem>;

/// One stream being coded.
trait Coder {
    /// Codes input into `output`. What was written is less than the room for it only if all input
    /// was taken, or no more is wanted.
    fn step(&mut self, input: &[u8], output: &mut [u8], flush: Flush) -> Stepped;

    /// Whether the stream is complete.
    fn has_ended(&self) -> bool;

    /// Begins a new stream with the same options.
    fn reset(&mut self);

    /// What a number means that says how to flush.
    fn flush(&self, number: u32) -> Flush {
        Flush::from_number(number)
    }

    /// Compresses so much from here on.
    fn set_level(&mut self, _level: i32) {}
}

/// A coder, hidden in an object that no script sees.
struct Hidden {
    coder: RefCell<Box<dyn Coder + Send>>,
    /// What it fills, as long as was last asked for.
    piece: RefCell<Vec<u8>>,
    /// A script may make any number.
    _weight: Weight,
}

impl HostObject for Hidden {}

/// `node:zlib`
pub(crate) fn module<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let natives = Object::new(ctx.clone())?;
    process::error_natives(ctx, &natives)?;
    builtins::natives(ctx, &natives)?;
    let bytes = Bytes::new(ctx)?;
    natives.set("newCoder", function(ctx, "newCoder", 1, move |call| new_coder(bytes, call))?)?;
    natives.set("step", function(ctx, "step", 5, move |call| step(bytes, call))?)?;
    natives.set("crc32", function(ctx, "crc32", 2, move |call| crc32(bytes, call))?)?;
    let reset = function(ctx, "reset", 1, |call| {
        with_coder(call, |coder| coder.reset())?;
        call.undefined()
    })?;
    natives.set("reset", reset)?;
    let set_level = function(ctx, "setLevel", 2, |call| {
        let level: i32 = call.get(1)?;
        with_coder(call, |coder| coder.set_level(level))?;
        call.undefined()
    })?;
    natives.set("setLevel", set_level)?;
    natives.set("nextTick", function(ctx, "nextTick", 1, ticks::next_tick)?)?;
    // Its other scripts take the same natives.
    let script = function(ctx, "script", 1, |call| {
        let name: String = call.get(0)?;
        call.returns(embedded::load(call.ctx(), &format!("zlib/{name}"))?)
    })?;
    natives.set("script", script)?;
    embedded::load(ctx, "zlib/index")?.call((natives,))
}

/// `newCoder({ mode, level, windowBits, dictionary, params })`
fn new_coder<'js>(bytes: Bytes, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, options): (_, Object<'js>) = (call.ctx(), call.get(0)?);
    let mode: String = options.get("mode")?;
    let (coder, len_bytes) = match mode.as_str() {
        "BrotliCompress" | "BrotliDecompress" => brotli_coder(&mode, &options)?,
        _ => deflate_coder(bytes, &mode, &options)?,
    };
    let weight = Weight::new(ctx, len_bytes)?;
    let hidden = Hidden { coder: RefCell::new(coder), piece: RefCell::default(), _weight: weight };
    Ok(sealed(ctx, hidden)?.into_value())
}

/// A coder, and how many bytes it takes.
type New = (Box<dyn Coder + Send>, usize);

fn deflate_coder(bytes: Bytes, mode: &str, options: &Object<'_>) -> Result<New> {
    let dictionary: Value<'_> = options.get("dictionary")?;
    let dictionary = bytes.read(&dictionary, 0..usize::MAX, <[u8]>::to_vec);
    let level: i32 = options.get("level")?;
    let window_bits: u8 = options.get("windowBits")?;
    let deflate = |wrapping| -> New {
        let coder = Deflater::new(wrapping, level, &dictionary);
        (Box::new(coder), COMPRESSOR_BYTES + dictionary.len())
    };
    let inflate = |wrapping| -> New {
        let coder = Inflater::new(wrapping, window_bits, &dictionary);
        (Box::new(coder), DECOMPRESSOR_BYTES + dictionary.len())
    };
    Ok(match mode {
        "Deflate" => deflate(Wrapping::Zlib),
        "DeflateRaw" => deflate(Wrapping::Raw),
        "Gzip" => deflate(Wrapping::Gzip),
        "Inflate" => inflate(Some(Wrapping::Zlib)),
        "InflateRaw" => inflate(Some(Wrapping::Raw)),
        "Gunzip" => inflate(Some(Wrapping::Gzip)),
        "Unzip" => inflate(None),
        _ => return Err(Error::Unknown),
    })
}

fn brotli_coder(mode: &str, options: &Object<'_>) -> Result<New> {
    if mode == "BrotliDecompress" {
        return Ok((Box::new(BrotliDecompressor::new()), brotli::DECOMPRESSOR_BYTES));
    }
    let mut parameters = Parameters::default();
    for pair in options.get::<_, Vec<Vec<f64>>>("params")? {
        if let [number, value] = pair[..] {
            parameters.set(number as u32, value as u32);
        }
    }
    Ok((Box::new(BrotliCompressor::new(parameters)), parameters.compressor_bytes()))
}

/// `step(coder, input, offset, flush, room)`: codes from `offset` on; gives `{ read, output,
/// isFull, hasEnded }` (full: there is more to do), or `{ code, errno, message }` of what is wrong with the data.
fn step<'js>(bytes: Bytes, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, hidden, input) = (call.ctx(), call.value(0), call.value(1));
    let (offset, flush, room): (f64, u32, f64) = (call.get(2)?, call.get(3)?, call.get(4)?);
    let hidden = host_ref::<Hidden>(&hidden).ok_or(Error::Unknown)?;
    let (mut coder, mut piece) = (hidden.coder.borrow_mut(), hidden.piece.borrow_mut());
    let room = (room as usize).clamp(1, MOST_OUTPUT_BYTES);
    piece.resize(room, 0);
    let offset = offset as usize;
    let most = offset.saturating_add(MOST_INPUT_BYTES);
    let is_all = bytes.len(&input).unwrap_or(0) <= most;
    let flush = if is_all { coder.flush(flush) } else { Flush::None };
    let stepped = bytes.read(&input, offset..most, {
        let (coder, piece) = (&mut *coder, &mut *piece);
        move |input| coder.step(input, piece, flush)
    });
    let answer = Object::new(ctx.clone())?;
    match stepped {
        Ok(Step { read, written }) => {
            answer.set("read", read as f64)?;
            if written > 0 {
                answer.set("output", buffer::make(ctx, &piece[..written])?)?;
            }
            answer.set("isFull", written == room || (!is_all && read == MOST_INPUT_BYTES))?;
            answer.set("hasEnded", coder.has_ended())?;
        }
        Err(Problem { code, why }) => {
            match code {
                Code::Zlib(name) => answer.set("code", name)?,
                Code::Brotli(number) => answer.set("errno", number)?,
            }
            answer.set("message", why)?;
        }
    }
    call.returns(answer)
}

fn with_coder(call: &Call<'_, '_>, act: impl FnOnce(&mut (dyn Coder + Send))) -> Result<()> {
    let hidden = call.value(0);
    let hidden = host_ref::<Hidden>(&hidden).ok_or(Error::Unknown)?;
    let Ok(mut coder) = hidden.coder.try_borrow_mut() else {
        return Err(throw(call.ctx(), ErrorKind::Internal, "a coder was entered twice"));
    };
    act(&mut **coder);
    Ok(())
}

/// `crc32(view, before)`
fn crc32<'js>(bytes: Bytes, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let before = call.get::<f64>(1)? as u32;
    let sum =
        bytes.read(&call.value(0), 0..usize::MAX, move |bytes| checksums::crc32(before, bytes));
    call.returns(f64::from(sum))
}
