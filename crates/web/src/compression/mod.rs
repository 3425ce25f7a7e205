//! The Compression standard: `CompressionStream` and `DecompressionStream`.
//!
//! <https://compression.spec.whatwg.org/>. The interfaces are `js/streams/compression.js`; here is
//! what codes their chunks. The algorithms are the crate `flate2`'s.

mod coder;
pub mod gzip;

use std::cell::RefCell;

use holm_js::{
    ArrayBuffer, Call, Ctx, Error, ErrorKind, Function, HostObject, Object, Result, TypedArray,
    Value, buffer_source, function, host_ref, sealed, throw, throw_coded,
};

use crate::weight::Weight;
use coder::{Coder, Direction};

pub(crate) use coder::{Decompressor, Failure, Format};

/// What the inside of a coder takes, about: its window, its tables, and what comes out of it.
const COMPRESSOR_BYTES: usize = 400 << 10;
const DECOMPRESSOR_BYTES: usize = 110 << 10;

/// What a stream codes with, hidden in an object that no script sees.
struct Hidden {
    coder: RefCell<Coder>,
    /// A script may make any number.
    _weight: Weight,
}

impl HostObject for Hidden {}

/// Gives the scripts of `js/streams/` what they make the interfaces of.
pub(crate) fn natives<'js>(ctx: &Ctx<'js>, natives: &Object<'js>) -> Result<()> {
    natives.set("newCoder", function(ctx, "newCoder", 2, new_coder)?)?;
    natives.set("codeChunk", function(ctx, "codeChunk", 3, code_chunk)?)?;
    natives.set("finishCoder", function(ctx, "finishCoder", 2, finish)?)
}

/// `newCoder(format, isCompressing)`
fn new_coder<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let format = match call.get::<String>(0)?.as_str() {
        "deflate" => Format::Deflate,
        "deflate-raw" => Format::DeflateRaw,
        _ => Format::Gzip,
    };
    let (direction, len_bytes) = match call.get::<bool>(1)? {
        true => (Direction::Compress, COMPRESSOR_BYTES),
        false => (Direction::Decompress, DECOMPRESSOR_BYTES),
    };
    let weight = Weight::new(ctx, len_bytes)?;
    let coder = RefCell::new(Coder::new(format, direction));
    Ok(sealed(ctx, Hidden { coder, _weight: weight })?.into_value())
}

/// `codeChunk(coder, chunk, enqueue)`
fn code_chunk<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    // 1. If chunk is not a BufferSource type, then throw a TypeError.
    let input = buffer_source(call.ctx(), &call.value(1), "the chunk")?;
    run(call, &call.value(2), |coder, each| coder.code(&input, each))
}

/// `finishCoder(coder, enqueue)`
fn finish<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    run(call, &call.value(1), |coder, each| coder.finish(each))
}

/// Codes, and hands each piece of what comes out to `enqueue` as a `Uint8Array`.
fn run<'js>(
    call: &Call<'_, 'js>,
    enqueue: &Value<'js>,
    code: impl FnOnce(
        &mut Coder,
        &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> std::result::Result<(), Failure>,
) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let hidden = call.value(0);
    let hidden = host_ref::<Hidden>(&hidden).ok_or(Error::Unknown)?;
    let enqueue: &Function<'js> = enqueue.as_function().ok_or(Error::Unknown)?;
    // A piece that is enqueued may run script, which can't get here again: writes wait for the
    // one before. If it could, this says so.
    let Ok(mut coder) = hidden.coder.try_borrow_mut() else {
        return Err(throw(ctx, ErrorKind::Internal, "a coder was entered twice"));
    };
    let mut each = |piece: &[u8]| -> Result<()> {
        let buffer = ArrayBuffer::new_copy(ctx.clone(), piece)?;
        enqueue.call((TypedArray::<u8>::from_arraybuffer(buffer)?,))
    };
    match code(&mut coder, &mut each) {
        Ok(()) => call.undefined(),
        Err(Failure::Script(error)) => Err(error),
        Err(Failure::Data { code, why }) => Err(throw_coded(ctx, ErrorKind::Type, code, why)),
    }
}
