//! The native parts of `js/process_system.js`: what the process uses and whose it is.

use std::time::Duration;

use holm_host::{Access, Usage, UsageOf, host};
use holm_js::{
    Array, Call, Ctx, Error, ErrorKind, Object, Result, Value, function, heap_limit_bytes,
    throw_coded,
};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::{builtins, embedded, process, system_errors};

/// The members of `process` that few ask for, made on first use.
pub(crate) fn members<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let natives = Object::new(ctx.clone())?;
    process::error_natives(ctx, &natives)?;
    builtins::natives(ctx, &natives)?;
    let define = |name: &str, len: u32, body: Native| -> Result<()> {
        natives.set(name, function(ctx, name, len, body)?)
    };
    define("usage", 1, usage)?;
    define("identity", 0, identity)?;
    define("umask", 0, |call| call.returns(facts(call.ctx(), "umask")?.umask()))?;
    define("availableBytes", 0, |call| {
        let available = facts(call.ctx(), "availableMemory")?.available_bytes();
        call.returns(available.map(|bytes| bytes as f64))
    })?;
    define("limitBytes", 0, |call| {
        call.returns(heap_limit_bytes(call.ctx()).map(|bytes| bytes as f64))
    })?;
    define("send", 2, send)?;
    embedded::load(ctx, "process_system")?.call((natives,))
}

type Native = for<'a, 'b> fn(&Call<'a, 'b>) -> Result<Value<'b>>;

/// What the embedder tells; the member is named where it does not.
fn facts(ctx: &Ctx<'_>, member: &str) -> Result<&'static dyn holm_host::SystemFacts> {
    host(ctx).process.system.ok_or_else(|| {
        let text = format!("process.{member} is not available: the embedder does not tell");
        throw_coded(ctx, ErrorKind::Plain, "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", &text)
    })
}

/// Of the process, or (`true`) of the thread.
fn usage<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let of = if call.get::<bool>(0)? { UsageOf::Thread } else { UsageOf::Process };
    let Usage {
        user,
        system,
        max_resident_bytes,
        minor_faults,
        major_faults,
        read_bytes,
        written_bytes,
        voluntary_switches,
        involuntary_switches,
    } = facts(call.ctx(), "cpuUsage")?.usage(of).unwrap_or_default();
    let micros = |time: Duration| time.as_micros() as f64;
    let usage = Object::new(call.ctx().clone())?;
    for (name, value) in [
        ("userCPUTime", micros(user)),
        ("systemCPUTime", micros(system)),
        ("maxRSS", (max_resident_bytes >> 10) as f64),
        ("minorPageFault", minor_faults as f64),
        ("majorPageFault", major_faults as f64),
        ("fsRead", (read_bytes / 512) as f64),
        ("fsWrite", (written_bytes / 512) as f64),
        ("voluntaryContextSwitches", voluntary_switches as f64),
        ("involuntaryContextSwitches", involuntary_switches as f64),
    ] {
        usage.set(name, value)?;
    }
    Ok(usage.into_value())
}

fn identity<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let known = facts(call.ctx(), "getuid")?.identity();
    let groups = Array::new(call.ctx().clone())?;
    for (index, group) in known.groups.into_iter().enumerate() {
        groups.set(index, f64::from(group))?;
    }
    let identity = Object::new(call.ctx().clone())?;
    identity.set("uid", f64::from(known.user.0))?;
    identity.set("euid", f64::from(known.user.1))?;
    identity.set("gid", f64::from(known.group.0))?;
    identity.set("egid", f64::from(known.group.1))?;
    identity.set("groups", groups)?;
    Ok(identity.into_value())
}

/// `(pid, signal)`: sends a signal, or asks (0) whether there is such a process. Gives the name of what
/// went wrong.
///
/// A process may signal itself; signals to others are sent by who may start `kill`.
fn send<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, number) = (call.ctx(), call.get::<f64>(0)?);
    let host = host(ctx);
    if number != f64::from(host.process.id)
        && let Err(denied) = host.permissions.check(Access::Run("kill"))
    {
        let text = format!("process.kill({number}): {denied}");
        return Err(throw_coded(ctx, ErrorKind::Plain, "ERR_ACCESS_DENIED", &text));
    }
    // Zero and negative numbers mean groups of processes.
    let pid = Pid::from_raw(number as i32).filter(|_| number > 0.0).ok_or(Error::Unknown)?;
    let sent = match Signal::from_named_raw(call.get::<f64>(1)? as i32) {
        Some(signal) => kill_process(pid, signal),
        None => test_kill_process(pid),
    };
    match sent {
        Ok(()) => call.undefined(),
        Err(errno) => call.returns(system_errors::find(errno).map_or("EIO", |known| known.name)),
    }
}
