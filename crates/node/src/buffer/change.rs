//! Filling, copying and swapping.

use holm_js::{Call, ErrorKind, Result, Value, throw_coded};
use holm_web::node_errors::out_of_range;

use super::{A_BUFFER, Native, Tools, index, into_buffer, make};

pub(super) const FUNCTIONS: &[(&str, u32, Native)] = &[
    ("allocate", 1, |tools, call| {
        into_buffer(tools.bytes.zeroed(call.ctx(), call.get::<f64>(0)? as usize)?)
    }),
    ("fill", 4, fill),
    ("from", 1, |tools, call| {
        let copied = tools.bytes.read(&call.value(0), 0..usize::MAX, <[u8]>::to_vec);
        make(call.ctx(), &copied)
    }),
];

pub(super) const METHODS: &[(&str, u32, Native)] = &[
    ("copy", 4, copy),
    ("swap16", 0, |tools, call| swap(tools, call, 2)),
    ("swap32", 0, |tools, call| swap(tools, call, 4)),
    ("swap64", 0, |tools, call| swap(tools, call, 8)),
];

/// The greatest index that a number can say exactly.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// `buffer.copy(target, targetStart, sourceStart, sourceEnd)`: says how many bytes it copied.
fn copy<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, this, target) = (call.ctx(), call.this(), call.value(0));
    let len = tools.view_len(&this, "source", A_BUFFER)?;
    let room = tools.view_len(&target, "target", A_BUFFER)?;
    let checked = |place, name: &str, most: Option<usize>| -> Result<Option<usize>> {
        // What is no index at all is 0.
        let index = index(call, place)?;
        match index.map(|index| if index.abs() > MAX_SAFE { 0.0 } else { index }) {
            Some(index) if index < 0.0 || most.is_some_and(|most| index > most as f64) => {
                let range = most.map_or(">= 0".to_owned(), |most| format!(">= 0 && <= {most}"));
                let shown = Value::new_number(ctx.clone(), index);
                Err(out_of_range(ctx, name, &range, &shown))
            }
            index => Ok(index.map(|index| index as usize)),
        }
    };
    let offset = checked(1, "targetStart", None)?.unwrap_or(0);
    let start = checked(2, "sourceStart", Some(len))?.unwrap_or(0);
    let end = checked(3, "sourceEnd", None)?.map_or(len, |end| end.min(len));
    let copied = end.saturating_sub(start).min(room.saturating_sub(offset));
    tools.bytes.copy((&this, start..start + copied), (&target, offset))?;
    call.returns(copied as f64)
}

/// `(view, pattern, start, end)`, which are known to be in range, the pattern being a number or not empty.
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

/// Turns around the bytes of each element of this size.
fn swap<'js>(tools: Tools, call: &Call<'_, 'js>, size: usize) -> Result<Value<'js>> {
    let this = call.this();
    if !tools.len(&this)?.is_multiple_of(size) {
        let text = format!("Buffer size must be a multiple of {}-bits", size * 8);
        return Err(throw_coded(call.ctx(), ErrorKind::Range, "ERR_INVALID_BUFFER_SIZE", &text));
    }
    tools.bytes.change(&this, 0..usize::MAX, |bytes| {
        bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    })?;
    Ok(this)
}
