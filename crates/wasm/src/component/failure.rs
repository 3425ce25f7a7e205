//! How a call of a component ends that does not return.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::host::ThreadBound;
use crate::{Frame, Stopper, TrapKind};

/// How a call ended that did not return.
#[derive(Debug)]
pub enum ComponentFailure {
    /// The component did what it may not. It cannot be entered again.
    Trap {
        /// What.
        kind: TrapKind,
        /// Where, innermost first.
        frames: Vec<Frame>,
    },
    /// A function of the host threw this. The component cannot be entered again.
    Host(Box<dyn Any>),
    /// It ended the program, with this code.
    Exit(i32),
    /// It was stopped from elsewhere: see [`Stopper`].
    Stopped,
    /// It is running: it called the function that calls it.
    Busy,
    /// The thread is in a Tokio runtime, where a component cannot wait.
    InRuntime,
    /// What it imports is not there, or does not fit.
    Link(String),
    /// Anything else: most of all, memory that could not be had.
    Other(String),
}

impl fmt::Display for ComponentFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trap { kind, .. } => kind.fmt(f),
            Self::Host(_) => f.write_str("a function of the host threw"),
            Self::Exit(code) => write!(f, "the component ended its program with code {code}"),
            Self::Stopped => f.write_str("stopped"),
            Self::Busy => f.write_str(
                "cannot enter component instance: it waits for a function that it imports",
            ),
            Self::InRuntime => f.write_str(
                "a component cannot be called from inside of a Tokio runtime: it may have to wait; \
                 call it from a thread of its own",
            ),
            Self::Link(reason) | Self::Other(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for ComponentFailure {}

/// What goes through a component when a function of the host throws.
#[derive(Debug)]
struct Passing(ThreadBound<Box<dyn Any>>);

impl fmt::Display for Passing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a function of the host threw")
    }
}

impl std::error::Error for Passing {}

/// What the component is ended with.
pub(super) fn passing(thrown: Box<dyn Any>) -> wasmtime::Error {
    wasmtime::Error::new(Passing(ThreadBound(thrown)))
}

/// What a wait is ended with that its isolate does not want to last.
pub(super) fn stopped() -> wasmtime::Error {
    wasmtime::Error::msg("stopped")
}

/// Why a call did not return. `source` is where the component is from.
pub(super) fn from_error(
    error: wasmtime::Error,
    stopper: Option<&Stopper>,
    source: &Arc<str>,
) -> ComponentFailure {
    // How it ended does not matter then.
    if stopper.is_some_and(Stopper::is_stopped) {
        return ComponentFailure::Stopped;
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return ComponentFailure::Exit(exit.0);
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        let frames = error.downcast_ref::<WasmBacktrace>();
        let frames = frames.map_or_else(Vec::new, |trace| frames_of(trace, source));
        return ComponentFailure::Trap { kind: TrapKind::of_component(*trap), frames };
    }
    // What led there is of the component, and nobody's business who threw.
    let text = format!("{:#}", error.root_cause());
    match error.downcast::<Passing>() {
        Ok(Passing(ThreadBound(thrown))) => ComponentFailure::Host(thrown),
        Err(_) => ComponentFailure::Other(text),
    }
}

fn frames_of(backtrace: &WasmBacktrace, source: &Arc<str>) -> Vec<Frame> {
    let frames = backtrace.frames().iter().map(|frame| Frame {
        source: source.clone(),
        index: frame.func_index(),
        name: frame.func_name().map(str::to_owned),
        offset: frame.module_offset(),
    });
    frames.collect()
}
