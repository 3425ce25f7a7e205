//! `node:fs`: the native parts of `js/fs.js` and `js/fs_promises.js`.
//!
//! <https://nodejs.org/api/fs.html>
//!
//! Every operation is prepared on the isolate's thread, where its arguments are read, and gives
//! work that needs no script. The synchronous form does the work at once, the other on a thread
//! for what may block.

mod arguments;
mod constants;
mod failure;
mod folders;
mod for_guests;
mod open_files;
mod operations;
mod place;
mod reading;
mod standard;
mod trees;

pub(crate) use failure::{Failure, Outcome, Subject, to_error};
pub(crate) use for_guests::{guest_file, guest_folder};

use std::cell::OnceCell;
use std::fs::File;
use std::rc::Rc;
use std::sync::Arc;

use holm_host::{Permissions, host};
use holm_js::{
    Array, BigInt, Call, Ctx, Function, Object, Result, Root, Value, function, slot, throw_value,
};
use rustix::io::Errno;

use self::arguments::Arguments;
use self::open_files::OpenFiles;
use self::operations::OPERATIONS;
use crate::{buffer, builtins, embedded, process, scripted, ticks};

/// What the operations of a realm share.
#[derive(Default)]
struct Files {
    open: OpenFiles,
    permissions: OnceCell<Arc<Permissions>>,
}

impl Files {
    fn of(ctx: &Ctx<'_>) -> Rc<Self> {
        slot::<Self>(ctx)
    }

    fn permissions(&self, ctx: &Ctx<'_>) -> Arc<Permissions> {
        self.permissions.get_or_init(|| Arc::new(host(ctx).permissions.clone())).clone()
    }
}

/// What an operation comes to, before it is a value of script.
#[derive(Debug)]
enum Answer {
    Nothing,
    Number(f64),
    /// Bytes, or a path, which need not be text.
    Bytes(Vec<u8>),
    /// The numbers of `Stats`, in the order of `js/fs.js`.
    Stat(Vec<i64>),
    /// Names, and what kind of file each is.
    Entries(Vec<(Vec<u8>, u8)>),
    Opened(File),
}

type Work = Box<dyn FnOnce() -> Outcome<Answer> + Send>;

/// Work with what an error will say of it.
struct Prepared {
    subject: Subject,
    work: Work,
}

/// Reads the arguments of an operation.
type Prepare = for<'a, 'b> fn(&Arguments<'a, 'b>) -> Result<Prepared>;

/// `node:fs`; its `promises` are `node:fs/promises`.
pub(crate) fn module<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let natives = Object::new(ctx.clone())?;
    process::error_natives(ctx, &natives)?;
    let (now, later) = (Object::new(ctx.clone())?, Object::new(ctx.clone())?);
    for (name, prepare) in OPERATIONS {
        now.set(*name, function(ctx, name, 0, |call| run_now(call, *prepare))?)?;
        later.set(*name, function(ctx, name, 0, |call| run_later(call, *prepare))?)?;
    }
    natives.set("now", now)?;
    natives.set("later", later)?;
    let streams =
        function(ctx, "fileStreams", 0, |call| scripted::part(call.ctx(), "stream/files"))?;
    natives.set("fileStreams", streams)?;
    let copying = function(ctx, "copying", 0, |call| scripted::part(call.ctx(), "fs_copying"))?;
    natives.set("copying", copying)?;
    natives.set("Buffer", builtins::member(ctx, "buffer", "Buffer")?)?;
    builtins::natives(ctx, &natives)?;
    natives.set("nextTick", function(ctx, "nextTick", 1, ticks::next_tick)?)?;
    let constants = constants::object(ctx)?;
    natives.set("constants", constants)?;
    let classes: Value<'js> = embedded::load(ctx, "fs_classes")?.call((natives.clone(),))?;
    natives.set("classes", classes)?;
    let operations: Object<'js> = embedded::load(ctx, "fs_operations")?.call((natives.clone(),))?;
    for name in ["operations", "READ_BYTES"] {
        natives.set(name, operations.get::<_, Value<'js>>(name)?)?;
    }
    let promises = function(ctx, "promises", 1, |call| {
        let (ctx, shared): (_, Object<'_>) = (call.ctx(), call.get(0)?);
        shared.set("EventEmitter", builtins::load(ctx, "events")?)?;
        embedded::load(ctx, "fs_promises")?.call((shared,))
    })?;
    natives.set("promises", promises)?;
    embedded::load(ctx, "fs")?.call((natives,))
}

fn run_now<'js>(call: &Call<'_, 'js>, prepare: Prepare) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let Prepared { subject, work } = prepare(&Arguments::from(call, 0))?;
    let done = work().and_then(|answer| admitted(ctx, answer));
    match done {
        Ok(answer) => to_value(ctx, answer),
        Err(failure) => {
            let error = to_error(ctx, &host(ctx), failure, &subject)?;
            Err(throw_value(ctx, error))
        }
    }
}

/// The first argument is called with an error or with nothing and the result.
fn run_later<'js>(call: &Call<'_, 'js>, prepare: Prepare) -> Result<Value<'js>> {
    let callback: Root<Function<'static>> = Root::new(call.ctx(), call.value(0))?;
    let Prepared { subject, work } = prepare(&Arguments::from(call, 1))?;
    let blocking = async move {
        match tokio::task::spawn_blocking(work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::System(Errno::CANCELED)),
        }
    };
    host(call.ctx()).tasks.spawn(blocking, move |ctx, outcome| {
        let callback: Function<'_> = callback.get(ctx)?;
        let nothing = Value::new_undefined(ctx.clone());
        match outcome.and_then(|answer| admitted(ctx, answer)) {
            Ok(answer) => callback.call((Value::new_null(ctx.clone()), to_value(ctx, answer)?)),
            Err(failure) => callback.call((to_error(ctx, &host(ctx), failure, &subject)?, nothing)),
        }
    });
    call.undefined()
}

/// An opened file gets its number.
fn admitted(ctx: &Ctx<'_>, answer: Answer) -> Outcome<Answer> {
    match answer {
        Answer::Opened(file) => Ok(Answer::Number(Files::of(ctx).open.add(file)? as f64)),
        other => Ok(other),
    }
}

fn to_value<'js>(ctx: &Ctx<'js>, answer: Answer) -> Result<Value<'js>> {
    match answer {
        Answer::Nothing => Ok(Value::new_undefined(ctx.clone())),
        Answer::Number(number) => Ok(Value::new_float(ctx.clone(), number)),
        Answer::Bytes(bytes) => buffer::make(ctx, &bytes),
        Answer::Stat(fields) => {
            let values = Array::new(ctx.clone())?;
            for (index, field) in fields.into_iter().enumerate() {
                values.set(index, BigInt::from_i64(ctx.clone(), field)?)?;
            }
            Ok(values.into_value())
        }
        Answer::Entries(entries) => {
            let values = Array::new(ctx.clone())?;
            for (index, (name, kind)) in entries.iter().enumerate() {
                values.set(2 * index, buffer::make(ctx, name)?)?;
                values.set(2 * index + 1, i32::from(*kind))?;
            }
            Ok(values.into_value())
        }
        Answer::Opened(_) => Err(holm_js::throw(
            ctx,
            holm_js::ErrorKind::Internal,
            "an opened file was not admitted",
        )),
    }
}
