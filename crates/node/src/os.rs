//! `node:os`: the native parts of `js/os.js`.
//!
//! What tells one machine or user from another is read from the files in which the system says
//! it, with the permission that reading those takes; where that is not given, or there is no
//! such file, scripts get a plain answer that is true of any machine.

use std::path::Path;

use holm_host::{Access, host};
use holm_js::{Call, Ctx, Object, Result, Value, function};
use rustix::io::Errno;
use rustix::process::Signal;

use crate::{builtins, embedded, process, system_errors};

/// The module.
pub(crate) fn module<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let natives = Object::new(ctx.clone())?;
    process::error_natives(ctx, &natives)?;
    builtins::natives(ctx, &natives)?;
    natives.set("platform", process::platform())?;
    natives.set("arch", process::architecture())?;
    natives.set("machine", std::env::consts::ARCH)?;
    natives.set("isLittleEndian", cfg!(target_endian = "little"))?;
    natives.set("readFact", function(ctx, "readFact", 1, read_fact)?)?;
    natives.set("variable", function(ctx, "variable", 1, variable)?)?;
    let threads = function(ctx, "availableParallelism", 0, |call| {
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
        call.returns(threads as f64)
    })?;
    natives.set("availableParallelism", threads)?;
    natives.set("errno", errno_numbers(ctx)?)?;
    natives.set("signals", signal_numbers(ctx)?)?;
    embedded::load(ctx, "os")?.call((natives,))
}

/// The name of a signal.
pub(crate) fn signal_name(number: i32) -> Option<&'static str> {
    SIGNALS.iter().find(|(_, signal)| signal.as_raw() == number).map(|(name, _)| *name)
}

/// The text of a file in which the system tells of itself, if the script may read it.
fn read_fact<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let path: String = call.get(0)?;
    let host = host(call.ctx());
    if let Err(denied) = host.permissions.check(Access::Read(Path::new(&path))) {
        host.lifecycle.note_refusal(denied);
        return call.undefined();
    }
    call.returns(std::fs::read_to_string(path).ok())
}

/// A variable of the environment, if the script may see it.
fn variable<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let name: String = call.get(0)?;
    call.returns(process::environment_of(call.ctx()).with(|names| names.get(&name).cloned()))
}

fn errno_numbers<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let numbers = Object::new(ctx.clone())?;
    numbers.set_prototype(None)?;
    for known in system_errors::KNOWN {
        numbers.set(known.name, known.errno.raw_os_error())?;
    }
    numbers.set("EWOULDBLOCK", Errno::WOULDBLOCK.raw_os_error())?;
    numbers.set("EOPNOTSUPP", Errno::OPNOTSUPP.raw_os_error())?;
    Ok(numbers)
}

fn signal_numbers<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let numbers = Object::new(ctx.clone())?;
    numbers.set_prototype(None)?;
    for (name, signal) in SIGNALS {
        numbers.set(*name, signal.as_raw())?;
    }
    Ok(numbers)
}

const SIGNALS: &[(&str, Signal)] = &[
    ("SIGHUP", Signal::HUP),
    ("SIGINT", Signal::INT),
    ("SIGQUIT", Signal::QUIT),
    ("SIGILL", Signal::ILL),
    ("SIGTRAP", Signal::TRAP),
    ("SIGABRT", Signal::ABORT),
    ("SIGIOT", Signal::ABORT),
    ("SIGBUS", Signal::BUS),
    ("SIGFPE", Signal::FPE),
    ("SIGKILL", Signal::KILL),
    ("SIGUSR1", Signal::USR1),
    ("SIGSEGV", Signal::SEGV),
    ("SIGUSR2", Signal::USR2),
    ("SIGPIPE", Signal::PIPE),
    ("SIGALRM", Signal::ALARM),
    ("SIGTERM", Signal::TERM),
    ("SIGCHLD", Signal::CHILD),
    ("SIGCONT", Signal::CONT),
    ("SIGSTOP", Signal::STOP),
    ("SIGTSTP", Signal::TSTP),
    ("SIGTTIN", Signal::TTIN),
    ("SIGTTOU", Signal::TTOU),
    ("SIGURG", Signal::URG),
    ("SIGXCPU", Signal::XCPU),
    ("SIGXFSZ", Signal::XFSZ),
    ("SIGVTALRM", Signal::VTALARM),
    ("SIGPROF", Signal::PROF),
    ("SIGWINCH", Signal::WINCH),
    ("SIGIO", Signal::IO),
    ("SIGSYS", Signal::SYS),
];
