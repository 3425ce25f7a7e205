//! Standard input for `process.stdin`.

use std::cell::Cell;
use std::io;

use holm_host::{TaskId, host};
use holm_js::{Call, Ctx, ErrorKind, Function, Result, Root, TypedArray, Value, coded_error, slot};
use tokio::io::AsyncReadExt;

/// Bytes asked for at a time, as Node does.
const CHUNK_BYTES: usize = 64 << 10;

/// The read that is under way.
#[derive(Default)]
struct Reading(Cell<Option<TaskId>>);

/// Reads the next chunk; calls back with an error, with bytes, or with nothing at the end.
pub(crate) fn read<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let callback: Root<Function<'static>> = Root::new(call.ctx(), call.value(0))?;
    let host = host(call.ctx());
    let has_input = host.process.has_stdin;
    let task = host.tasks.spawn(
        async move {
            let mut bytes = vec![0; CHUNK_BYTES];
            let len = if has_input { tokio::io::stdin().read(&mut bytes).await? } else { 0 };
            bytes.truncate(len);
            Ok(bytes)
        },
        move |ctx, read| answer(ctx, &callback, read),
    );
    slot::<Reading>(call.ctx()).0.set(Some(task));
    call.undefined()
}

/// Says whether the program waits for what is being read.
pub(crate) fn keep_alive<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    if let Some(task) = slot::<Reading>(call.ctx()).0.get() {
        let keeps_alive = call.value(0).as_bool().unwrap_or(false);
        host(call.ctx()).tasks.set_keeps_alive(task, keeps_alive);
    }
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
