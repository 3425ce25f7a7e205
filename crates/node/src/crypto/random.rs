//! Random numbers, and comparing in a time that tells nothing.

use holm_host::host;
use holm_js::{Call, ErrorKind, Result, Value, throw_coded};
use holm_web::crypto::same_bytes;

use super::{Native, Tools};

/// So many bytes are asked for at a time.
const CHUNK_BYTES: usize = 1 << 16;

/// `randomInt` takes numbers of so many bytes: its range is below 2⁴⁸.
const INTEGER_BYTES: usize = 6;

pub(super) const FUNCTIONS: &[(&str, u32, Native)] = &[
    ("fillRandom", 3, fill_random),
    // A number below 2⁴⁸.
    ("randomInteger", 0, |_, call| {
        let mut bytes = [0; 8];
        random(call, &mut bytes[..INTEGER_BYTES])?;
        call.returns(u64::from_le_bytes(bytes) as f64)
    }),
    ("sameBytes", 2, |tools, call| {
        let all = 0..usize::MAX;
        let (first, second) = (call.value(0), call.value(1));
        let same = tools.bytes.read_both((&first, all.clone()), (&second, all), same_bytes);
        call.returns(same)
    }),
];

/// `(view, offset, size)`, which are known to be in range.
fn fill_random<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let view = call.value(0);
    let (offset, size) = (call.get::<f64>(1)? as usize, call.get::<f64>(2)? as usize);
    let mut chunk = vec![0; size.min(CHUNK_BYTES)];
    let mut filled = 0;
    while filled < size {
        let part = &mut chunk[..CHUNK_BYTES.min(size - filled)];
        random(call, part)?;
        tools.bytes.set(&view, offset + filled, part)?;
        filled += part.len();
    }
    call.undefined()
}

pub(super) fn random(call: &Call<'_, '_>, bytes: &mut [u8]) -> Result<()> {
    host(call.ctx()).random.fill(bytes).map_err(|error| {
        let text = format!("the system gives no random numbers: {error}");
        throw_coded(call.ctx(), ErrorKind::Plain, "ERR_CRYPTO_OPERATION_FAILED", &text)
    })
}
