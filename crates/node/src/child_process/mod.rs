//! `node:child_process`: the native parts of `js/child_process.js`.
//!
//! A program is started only where the permissions name it. What it may do after that is its own:
//! whoever allows running anything has allowed everything that can do.

mod blocking;
mod command;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::process::ExitStatus;
use std::rc::Rc;

use holm_host::{TaskId, host};
use holm_js::{
    Call, Ctx, Error, Function, Object, Result, Root, Value, function, slot, view_bytes,
};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};

use crate::{buffer, builtins, embedded, os, process, system_errors, ticks};
use command::{Spec, spec};

/// Bytes asked for at a time, as Node does.
const CHUNK_BYTES: usize = 64 << 10;

/// The programs that this isolate started and that run.
#[derive(Default)]
struct Children {
    running: RefCell<HashMap<u32, Rc<Running>>>,
    last: Cell<u32>,
}

struct Running {
    /// While it runs: the number may be another's after that.
    pid: Cell<Option<u32>>,
    stdin: RefCell<Option<ChildStdin>>,
    stdout: RefCell<Option<ChildStdout>>,
    stderr: RefCell<Option<ChildStderr>>,
    waiting: Cell<Option<TaskId>>,
    /// Of the two outputs.
    reading: [Cell<Option<TaskId>>; 2],
}

/// The module.
pub(crate) fn module<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let natives = Object::new(ctx.clone())?;
    process::error_natives(ctx, &natives)?;
    builtins::natives(ctx, &natives)?;
    natives.set("nextTick", function(ctx, "nextTick", 1, ticks::next_tick)?)?;
    let define = |name: &str, len: u32, body: Native| -> Result<()> {
        natives.set(name, function(ctx, name, len, body)?)
    };
    define("start", 1, start)?;
    define("read", 3, read)?;
    define("write", 3, write)?;
    define("end", 1, end)?;
    define("close", 2, close)?;
    define("forget", 1, forget)?;
    define("keepAlive", 2, keep_alive)?;
    define("kill", 2, kill)?;
    define("run", 2, blocking::run)?;
    define("environment", 0, |call| {
        let entries = process::environment_of(call.ctx()).with(|names| {
            names.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
        });
        call.returns(entries)
    })?;
    define("describe", 1, |call| {
        let name: String = call.get(0)?;
        let known = system_errors::KNOWN.iter().find(|known| known.name == name);
        call.returns(known.map(|known| -f64::from(known.errno.raw_os_error())))
    })?;
    embedded::load(ctx, "child_process")?.call((natives,))
}

type Native = for<'a, 'b> fn(&Call<'a, 'b>) -> Result<Value<'b>>;

/// `(spec)`: starts a program; gives `{ id, pid }`, or the name of the system's error.
fn start<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let host = host(ctx);
    let spec: Spec = spec(call)?;
    let reactor = host.tasks.reactor().map_err(|_| Error::Unknown)?;
    let _entered = reactor.enter();
    let started = spec
        .command(&host)
        .and_then(|command| tokio::process::Command::from(command).kill_on_drop(false).spawn());
    let mut child = match started {
        Ok(child) => child,
        Err(error) => return call.returns(name_of(&error)),
    };
    let children = slot::<Children>(ctx);
    let id = children.last.get().wrapping_add(1);
    children.last.set(id);
    let running = Rc::new(Running {
        pid: Cell::new(child.id()),
        stdin: RefCell::new(child.stdin.take()),
        stdout: RefCell::new(child.stdout.take()),
        stderr: RefCell::new(child.stderr.take()),
        waiting: Cell::default(),
        reading: Default::default(),
    });
    children.running.borrow_mut().insert(id, running.clone());
    let answer = Object::new(ctx.clone())?;
    answer.set("id", f64::from(id))?;
    answer.set("pid", running.pid.get().map(f64::from))?;
    let waiter = function(ctx, "", 1, {
        let child = RefCell::new(Some(child));
        move |call| {
            if let Some(child) = child.borrow_mut().take() {
                begin_waiting(call, &running, child)?;
            }
            call.undefined()
        }
    })?;
    answer.set("wait", waiter)?;
    call.returns(answer)
}

/// Calls back with the code and the signal with which the program ends.
fn begin_waiting(call: &Call<'_, '_>, running: &Rc<Running>, mut child: Child) -> Result<()> {
    let callback: Root<Function<'static>> = Root::new(call.ctx(), call.value(0))?;
    let work = async move { child.wait().await.ok() };
    let ended = running.clone();
    let task = host(call.ctx()).tasks.spawn(work, move |ctx, status| {
        ended.pid.set(None);
        let (code, signal) = outcome(status);
        callback.get::<Function<'_>>(ctx)?.call((code, signal))
    });
    running.waiting.set(Some(task));
    Ok(())
}

/// The exit code, or else the signal's name.
fn outcome(status: Option<ExitStatus>) -> (Option<i32>, Option<&'static str>) {
    use std::os::unix::process::ExitStatusExt;
    let Some(status) = status else { return (None, None) };
    (status.code(), status.signal().and_then(os::signal_name))
}

fn running(call: &Call<'_, '_>) -> Result<Option<Rc<Running>>> {
    let id: f64 = call.get(0)?;
    Ok(slot::<Children>(call.ctx()).running.borrow().get(&(id as u32)).cloned())
}

/// `(id, fd, callback)`: calls back with an error's name, bytes, or nothing at the end.
fn read<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let callback: Root<Function<'static>> = Root::new(call.ctx(), call.value(2))?;
    let index = output_index(call)?;
    let Some(running) = running(call)? else { return nothing_left(call, callback) };
    macro_rules! read_from {
        ($stream:ident) => {{
            let Some(mut stream) = running.$stream.borrow_mut().take() else {
                return nothing_left(call, callback);
            };
            let work = async move {
                let mut bytes = vec![0; CHUNK_BYTES];
                let read = stream.read(&mut bytes).await;
                (stream, bytes, read)
            };
            let reader = running.clone();
            let task = host(call.ctx()).tasks.spawn(work, move |ctx, (stream, mut bytes, read)| {
                let running = reader;
                running.reading[index].set(None);
                bytes.truncate(*read.as_ref().unwrap_or(&0));
                if !bytes.is_empty() {
                    running.$stream.replace(Some(stream));
                }
                answer(ctx, &callback, read.map(|_| bytes))
            });
            running.reading[index].set(Some(task));
        }};
    }
    if index == 0 {
        read_from!(stdout);
    } else {
        read_from!(stderr);
    }
    call.undefined()
}

/// `(id, fd)`: nobody reads more of an output. Who writes there is told by the system.
fn close<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let index = output_index(call)?;
    if let Some(running) = running(call)? {
        if let Some(task) = running.reading[index].take() {
            host(call.ctx()).tasks.abort(task);
        }
        match index {
            0 => drop(running.stdout.take()),
            _ => drop(running.stderr.take()),
        }
    }
    call.undefined()
}

/// `(id)`: it has ended, and all that it wrote was read.
fn forget<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let id: f64 = call.get(0)?;
    slot::<Children>(call.ctx()).running.borrow_mut().remove(&(id as u32));
    call.undefined()
}

/// Which of the two outputs the second argument means.
fn output_index(call: &Call<'_, '_>) -> Result<usize> {
    Ok(usize::from(call.get::<f64>(1)? != 1.0))
}

fn nothing_left<'js>(
    call: &Call<'_, 'js>,
    callback: Root<Function<'static>>,
) -> Result<Value<'js>> {
    host(call.ctx()).tasks.spawn(async {}, move |ctx, ()| answer(ctx, &callback, Ok(Vec::new())));
    call.undefined()
}

fn answer(
    ctx: &Ctx<'_>,
    callback: &Root<Function<'static>>,
    read: std::io::Result<Vec<u8>>,
) -> Result<()> {
    let callback: Function<'_> = callback.get(ctx)?;
    let nothing = Value::new_undefined(ctx.clone());
    match read {
        Ok(bytes) if bytes.is_empty() => callback.call((nothing.clone(), nothing)),
        Ok(bytes) => callback.call((nothing, buffer::make(ctx, &bytes)?)),
        Err(error) => callback.call((name_of(&error),)),
    }
}

/// `(id, bytes, callback)`: calls back with an error's name, or nothing.
fn write<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let callback: Root<Function<'static>> = Root::new(call.ctx(), call.value(2))?;
    let bytes = match call.value(1).as_object() {
        Some(view) => view_bytes(view)?,
        None => Vec::new(),
    };
    let running = running(call)?;
    let stream = running.as_ref().and_then(|running| running.stdin.borrow_mut().take());
    let work = async move {
        let Some(mut stream) = stream else {
            return (None, Err(std::io::ErrorKind::BrokenPipe.into()));
        };
        let written = match stream.write_all(&bytes).await {
            Ok(()) => stream.flush().await,
            failed => failed,
        };
        (Some(stream), written)
    };
    host(call.ctx()).tasks.spawn(work, move |ctx, (stream, written): (_, std::io::Result<()>)| {
        if let (Some(running), Some(stream), Ok(())) = (running, stream, &written) {
            running.stdin.replace(Some(stream));
        }
        callback.get::<Function<'_>>(ctx)?.call((written.err().map(|error| name_of(&error)),))
    });
    call.undefined()
}

/// `(id)`: nothing more will be written.
fn end<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    if let Some(running) = running(call)? {
        drop(running.stdin.take());
    }
    call.undefined()
}

/// `(id, flag)`: says whether the program waits for the other.
fn keep_alive<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    if let Some(running) = running(call)?
        && let Some(task) = running.waiting.get()
    {
        let keeps_alive = call.value(1).as_bool().unwrap_or(true);
        host(call.ctx()).tasks.set_keeps_alive(task, keeps_alive);
    }
    call.undefined()
}

/// `(id, signal)`: whether it was sent; 0 only asks whether the program runs.
fn kill<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let number: f64 = call.get(1)?;
    let pid = running(call)?.and_then(|running| running.pid.get());
    let Some(pid) = pid.and_then(|pid| Pid::from_raw(pid as i32)) else {
        return call.returns(false);
    };
    let sent = match Signal::from_named_raw(number as i32) {
        Some(signal) => kill_process(pid, signal).is_ok(),
        None => rustix::process::test_kill_process(pid).is_ok(),
    };
    call.returns(sent)
}

fn name_of(error: &std::io::Error) -> String {
    let errno = rustix::io::Errno::from_io_error(error).unwrap_or(rustix::io::Errno::IO);
    system_errors::find(errno).map_or_else(|| "EIO".to_owned(), |known| known.name.to_owned())
}
