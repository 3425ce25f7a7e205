//! Standard input for `process.stdin`.

use std::cell::RefCell;
use std::io;

use holm_host::host;
use holm_js::{
    Call, Ctx, ErrorKind, Function, Result, Root, TypedArray, Value, coded_error, slot, view_bytes,
};
use tokio::io::AsyncReadExt;

/// Bytes asked for at a time, as Node does.
const CHUNK_BYTES: usize = 64 << 10;

/// Bytes of a character whose end has not come yet.
#[derive(Default)]
struct Undecoded(RefCell<Vec<u8>>);

/// Reads the next chunk; calls back with an error, with bytes, or with nothing at the end.
pub(crate) fn read<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let callback: Root<Function<'static>> = Root::new(call.ctx(), call.value(0))?;
    let host = host(call.ctx());
    let has_input = host.process.has_stdin;
    host.tasks.spawn(
        async move {
            let mut bytes = vec![0; CHUNK_BYTES];
            let len = if has_input { tokio::io::stdin().read(&mut bytes).await? } else { 0 };
            bytes.truncate(len);
            Ok(bytes)
        },
        move |ctx, read| answer(ctx, &callback, read),
    );
    call.undefined()
}

fn answer(
    ctx: &Ctx<'_>,
    callback: &Root<Function<'static>>,
    read: io::Result<Vec<u8>>,
) -> Result<()> {
    let callback: Function<'_> = callback.get(ctx)?;
    let nothing = Value::new_undefined(ctx.clone());
    match read {
        Ok(bytes) if bytes.is_empty() => callback.call((nothing.clone(), nothing)),
        Ok(bytes) => callback.call((nothing, TypedArray::<u8>::new(ctx.clone(), bytes)?)),
        Err(error) => {
            let text = format!("EIO: {error}, read");
            callback.call((coded_error(ctx, ErrorKind::Plain, "EIO", &text)?,))
        }
    }
}

/// UTF-8 in pieces: a character cut at the end of one chunk comes with the next. With
/// `'last'`, what is left over.
pub(crate) fn decode<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let bytes = view_bytes(&call.get(0)?)?;
    let state = slot::<Undecoded>(call.ctx());
    let mut pending = state.0.borrow_mut();
    pending.extend_from_slice(&bytes);
    let complete =
        if call.get::<String>(1)? == "last" { pending.len() } else { complete(&pending) };
    let text = String::from_utf8_lossy(&pending[..complete]).into_owned();
    pending.drain(..complete);
    call.returns(text)
}

/// How many of the bytes make whole characters.
fn complete(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    for start in (tail..bytes.len()).rev() {
        let needed = match bytes[start] {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            0x80..=0xbf => continue,
            _ => return bytes.len(),
        };
        return if bytes.len() - start < needed { start } else { bytes.len() };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::complete;

    #[test]
    fn characters_are_not_cut() {
        let text = "aé€😀".as_bytes();
        let check = |len: usize, whole: usize| assert_eq!(complete(&text[..len]), whole, "{len}");
        for (len, whole) in
            [(0, 0), (1, 1), (2, 1), (3, 3), (4, 3), (5, 3), (6, 6), (7, 6), (9, 6), (10, 10)]
        {
            check(len, whole);
        }
        assert_eq!(complete(b"\x80\x80\x80\x80"), 4);
    }
}
