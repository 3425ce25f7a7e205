//! Programs that script waits for: `spawnSync` and its like.

use std::io::{self, Read, Write};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use holm_host::host;
use holm_js::{
    Call, Ctx, MAX_BUFFER_BYTES, Object, Result, Value, budget, interrupt_error, must_stop,
    view_bytes,
};
use rustix::process::{Pid, Signal, kill_process};

use super::command::spec;
use super::{name_of, outcome};
use crate::buffer;

/// Between two looks at whether the program has ended, or script has to.
const SHORTEST_POLL: Duration = Duration::from_micros(200);
const LONGEST_POLL: Duration = Duration::from_millis(10);

/// What a program may do before it is killed.
struct Bounds {
    deadline: Option<Instant>,
    max_bytes: usize,
    signal: Option<Signal>,
}

/// `(spec, { input, timeout, maxBuffer, killSignal })`: runs a program to its end; gives
/// `{ pid, status, signal, stdout, stderr, error }`, the last being the name of an error.
pub(super) fn run<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, options): (_, Object<'js>) = (call.ctx(), call.get(1)?);
    let spec = spec(call)?;
    let answer = Object::new(ctx.clone())?;
    let input = match options.get::<_, Value<'js>>("input")?.as_object() {
        Some(view) => view_bytes(view)?,
        None => Vec::new(),
    };
    let timeout: f64 = options.get("timeout")?;
    let max_bytes: f64 = options.get("maxBuffer")?;
    let signal: f64 = options.get("killSignal")?;
    let bounds = Bounds {
        deadline: (timeout > 0.0).then(|| Instant::now() + Duration::from_secs_f64(timeout / 1e3)),
        // However much the script says: it has to fit into what the script may hold.
        max_bytes: if max_bytes.is_finite() { max_bytes as usize } else { usize::MAX }
            .min(room_bytes(ctx)),
        signal: Signal::from_named_raw(signal as i32),
    };
    let started = spec.command(&host(ctx)).and_then(|mut command| command.spawn());
    let mut child = match started {
        Ok(child) => child,
        Err(error) => {
            answer.set("error", name_of(&error))?;
            return call.returns(answer);
        }
    };
    answer.set("pid", f64::from(child.id()))?;
    let outputs = [
        collect(child.stdout.take(), bounds.max_bytes),
        collect(child.stderr.take(), bounds.max_bytes),
    ];
    if let Some(mut stdin) = child.stdin.take() {
        // A program need not read what it is given.
        thread::spawn(move || drop(stdin.write_all(&input)));
    }
    let ended = wait(&mut child, &bounds, &outputs, || must_stop(ctx));
    let (error, was_stopped) = match ended {
        // Its output may have been closed for being too much.
        Ended::Itself if outputs.iter().flatten().any(Output::is_too_much) => {
            (Some("ENOBUFS"), false)
        }
        Ended::Itself => (None, false),
        Ended::TimedOut => (Some("ETIMEDOUT"), false),
        Ended::TooMuch => (Some("ENOBUFS"), false),
        Ended::Stopped => (None, true),
    };
    let status = child.wait().ok();
    if was_stopped {
        return Err(interrupt_error(ctx, "the script has to stop"));
    }
    let (code, signal) = outcome(status);
    answer.set("status", code)?;
    answer.set("signal", signal)?;
    answer.set("error", error)?;
    for (name, output) in ["stdout", "stderr"].into_iter().zip(outputs) {
        if let Some(output) = output {
            // What the program started may hold on to its output; after a kill nobody waits for that.
            let bytes = output.rest(|| error.is_some() || must_stop(ctx));
            answer.set(name, buffer::make(ctx, &bytes)?)?;
        }
    }
    call.returns(answer)
}

/// What may still be held, of both outputs alike.
fn room_bytes(ctx: &Ctx<'_>) -> usize {
    let budget = budget(ctx);
    let room =
        budget.limit_bytes().map_or(usize::MAX, |limit| limit.saturating_sub(budget.used_bytes()));
    room.min(MAX_BUFFER_BYTES) / 2
}

enum Ended {
    Itself,
    TimedOut,
    TooMuch,
    Stopped,
}

fn wait(
    child: &mut Child,
    bounds: &Bounds,
    outputs: &[Option<Output>; 2],
    must_stop: impl Fn() -> bool,
) -> Ended {
    let mut poll = SHORTEST_POLL;
    loop {
        // Over when its output is: what it started may still write.
        if let Ok(Some(_)) | Err(_) = child.try_wait() {
            return Ended::Itself;
        }
        let why = if must_stop() {
            Ended::Stopped
        } else if bounds.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            Ended::TimedOut
        } else if outputs.iter().flatten().any(Output::is_too_much) {
            Ended::TooMuch
        } else {
            thread::sleep(poll);
            poll = (poll * 2).min(LONGEST_POLL);
            continue;
        };
        let signal = if matches!(why, Ended::Stopped) { None } else { bounds.signal };
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        match (signal, pid) {
            (Some(signal), Some(pid)) => drop(kill_process(pid, signal)),
            _ => drop(child.kill()),
        }
        return why;
    }
}

/// What a program writes, as a thread reads it.
struct Output {
    chunks: Receiver<Vec<u8>>,
    too_much: Arc<AtomicBool>,
}

fn collect(stream: Option<impl Read + Send + 'static>, max_bytes: usize) -> Option<Output> {
    let mut stream = stream?;
    let (sender, chunks) = mpsc::channel();
    let too_much = Arc::<AtomicBool>::default();
    let told = too_much.clone();
    thread::spawn(move || -> io::Result<()> {
        let (mut bytes, mut total) = (vec![0; super::CHUNK_BYTES], 0_usize);
        loop {
            let len = stream.read(&mut bytes)?;
            total = total.saturating_add(len);
            if len == 0 || sender.send(bytes[..len].to_vec()).is_err() {
                return Ok(());
            }
            if total > max_bytes {
                // Nobody reads more of it: the program is going to be killed.
                told.store(true, Ordering::Relaxed);
                return Ok(());
            }
        }
    });
    Some(Output { chunks, too_much })
}

impl Output {
    fn is_too_much(&self) -> bool {
        self.too_much.load(Ordering::Relaxed)
    }

    /// All there is until it is closed, or until nobody wants to wait.
    fn rest(self, is_enough: impl Fn() -> bool) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            match self.chunks.recv_timeout(LONGEST_POLL) {
                Ok(chunk) => all.extend(chunk),
                Err(RecvTimeoutError::Timeout) if !is_enough() => {}
                Err(_) => return all,
            }
        }
    }
}
