//! Filling, copying and swapping. Script has checked the arguments.

use holm_js::{Call, Result, Value};

use super::{Native, Tools, make};

pub(super) const FUNCTIONS: &[(&str, u32, Native)] = &[
    ("copy", 5, copy),
    ("fill", 4, fill),
    ("from", 1, |tools, call| {
        let copied = tools.bytes.read(&call.value(0), 0..usize::MAX, <[u8]>::to_vec);
        make(call.ctx(), &copied)
    }),
    ("swap", 2, swap),
];

/// `(source, sourceStart, sourceEnd, target, targetStart)`
fn copy<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (start, end, offset): (f64, f64, f64) = (call.get(1)?, call.get(2)?, call.get(4)?);
    let source = (&call.value(0), start as usize..end as usize);
    tools.bytes.copy(source, (&call.value(3), offset as usize))?;
    call.undefined()
}

/// `(view, pattern, start, end)`, the pattern being a number or not empty.
fn fill<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (start, end): (f64, f64) = (call.get(2)?, call.get(3)?);
    let range = start as usize..end as usize;
    let pattern = call.value(1);
    let pattern = match pattern.as_int() {
        Some(byte) => vec![byte as u8],
        None => tools.bytes.read(&pattern, 0..usize::MAX, <[u8]>::to_vec),
    };
    tools.bytes.change(&call.value(0), range, move |target| match *pattern {
        [] => {}
        [byte] => target.fill(byte),
        _ => {
            for part in target.chunks_mut(pattern.len()) {
                part.copy_from_slice(&pattern[..part.len()]);
            }
        }
    })?;
    call.undefined()
}

/// `(view, size)`: turns around the bytes of each element of that size.
fn swap<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let size: usize = call.get(1)?;
    tools.bytes.change(&call.value(0), 0..usize::MAX, |bytes| {
        bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    })?;
    call.undefined()
}
