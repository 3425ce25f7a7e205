//! Signals for `process.on('SIG…')`.
//!
//! A signal belongs to the process, not to an isolate: only an embedder that says so
//! ([`holm_host::ProcessInfo::handles_signals`]) lets scripts listen.

use std::cell::Cell;
use std::rc::Rc;

use holm_host::{TaskId, host};
use holm_js::{Call, Ctx, Function, Result, Root, Value, function};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals a script may listen for, with their numbers on this system.
const SIGNALS: [(&str, Kind); 9] = [
    ("SIGALRM", SignalKind::alarm),
    ("SIGHUP", SignalKind::hangup),
    ("SIGINT", SignalKind::interrupt),
    ("SIGPIPE", SignalKind::pipe),
    ("SIGQUIT", SignalKind::quit),
    ("SIGTERM", SignalKind::terminate),
    ("SIGUSR1", SignalKind::user_defined1),
    ("SIGUSR2", SignalKind::user_defined2),
    ("SIGWINCH", SignalKind::window_change),
];

type Kind = fn() -> SignalKind;

/// One listener: the task that waits now, and whom it calls.
struct Listener {
    kind: SignalKind,
    task: Cell<Option<TaskId>>,
    callback: Root<Function<'static>>,
}

/// `(name, callback) → a function that stops listening`, or nothing for what is no signal.
pub(crate) fn listen<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, name): (_, String) = (call.ctx(), call.get(0)?);
    let known = SIGNALS.iter().find(|(known, _)| *known == name);
    let (Some((_, kind)), true) = (known, host(ctx).process.handles_signals) else {
        return call.undefined();
    };
    let callback = Root::new(ctx, call.value(1))?;
    // Now, not with the next turn of the loop: the signal may come before.
    let stream = register(ctx, kind());
    let listener = Rc::new(Listener { kind: kind(), task: Cell::new(None), callback });
    wait(ctx, &listener, stream);
    let stop = function(ctx, "stop", 0, move |call| {
        if let Some(task) = listener.task.take() {
            host(call.ctx()).tasks.abort(task);
        }
        call.undefined()
    })?;
    Ok(stop.into_value())
}

fn register(ctx: &Ctx<'_>, kind: SignalKind) -> Option<Signal> {
    let host = host(ctx);
    let _entered = host.tasks.reactor().ok()?.enter();
    signal(kind).ok()
}

/// Waits for the next signal; a listener alone keeps no program alive.
fn wait(ctx: &Ctx<'_>, listener: &Rc<Listener>, stream: Option<Signal>) {
    let (kind, waiting, host) = (listener.kind, listener.clone(), host(ctx));
    let next = async move {
        let mut stream = match stream {
            Some(stream) => stream,
            None => signal(kind).ok()?,
        };
        stream.recv().await?;
        Some(stream)
    };
    let task = host.tasks.spawn(next, move |ctx, stream| {
        let Some(stream) = stream else { return Ok(()) };
        wait(ctx, &waiting, Some(stream));
        let callback: Function<'_> = waiting.callback.get(ctx)?;
        callback.call((waiting.kind.as_raw_value(),))
    });
    host.tasks.set_keeps_alive(task, false);
    listener.task.set(Some(task));
}
