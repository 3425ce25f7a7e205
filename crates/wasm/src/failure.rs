//! How a call ends that does not return, in the words of the specification.

use std::fmt;
use std::sync::Arc;

use wasmtime::{AsContextMut, ExnRef, RootScope, StoreContextMut, Trap, WasmBacktrace};

use crate::group::{GroupData, GroupInner};
use crate::host::ThreadBound;
use crate::{Exception, Group, HostRef, Thrown};

/// How a call ended that did not return.
#[derive(Debug)]
pub enum Failure {
    /// The module did what it may not.
    Trap {
        /// What.
        kind: TrapKind,
        /// Where, innermost first.
        frames: Vec<Frame>,
    },
    /// A host function threw, and nothing caught it.
    Host(HostRef),
    /// A host function threw what nothing may catch.
    Uncatchable(HostRef),
    /// An exception was thrown and not caught.
    Exception(Exception),
    /// It was stopped from elsewhere: see [`crate::Stopper`].
    Stopped,
    /// Anything else: most of all, memory that could not be had.
    Other(String),
}

/// What a module did that it may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrapKind {
    /// The stack is full.
    StackOverflow,
    /// There is no more memory for objects.
    OutOfMemory,
    /// Any other, with the specification's text for it.
    Other(&'static str),
    /// One of a function of the host, with its text.
    Host(String),
}

/// A function of a module on the stack.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Where its module is from: [`crate::Module::source`].
    pub source: Arc<str>,
    /// Its index in its module.
    pub index: u32,
    /// Its name, if the module says.
    pub name: Option<String>,
    /// The place within the module's bytes.
    pub offset: Option<usize>,
}

/// As browsers show it:
/// <https://webassembly.github.io/spec/web-api/#conventions>
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name} (")?;
        }
        write!(f, "{}:wasm-function[{}]", self.source, self.index)?;
        if let Some(offset) = self.offset {
            write!(f, ":{offset:#x}")?;
        }
        f.write_str(if self.name.is_some() { ")" } else { "" })
    }
}

/// One that modules do not end with.
const UNKNOWN_TRAP: &str = "trap";

impl TrapKind {
    fn of(trap: Trap) -> Self {
        Self::Other(match trap {
            Trap::StackOverflow => return Self::StackOverflow,
            Trap::AllocationTooLarge => return Self::OutOfMemory,
            Trap::MemoryOutOfBounds => "out of bounds memory access",
            Trap::HeapMisaligned => "unaligned atomic",
            Trap::TableOutOfBounds => "out of bounds table access",
            Trap::IndirectCallToNull => "uninitialized element",
            Trap::BadSignature => "indirect call type mismatch",
            Trap::IntegerOverflow => "integer overflow",
            Trap::IntegerDivisionByZero => "integer divide by zero",
            Trap::BadConversionToInteger => "invalid conversion to integer",
            Trap::UnreachableCodeReached => "unreachable",
            Trap::AtomicWaitNonSharedMemory => "expected shared memory",
            Trap::NullReference => "null reference",
            Trap::ArrayOutOfBounds => "out of bounds array access",
            Trap::CastFailure => "cast failure",
            _ => UNKNOWN_TRAP,
        })
    }
}

#[cfg(feature = "components")]
impl TrapKind {
    /// The same, with what can only go wrong between components.
    pub(crate) fn of_component(trap: Trap) -> Self {
        match Self::of(trap) {
            Self::Other(UNKNOWN_TRAP) => {
                let text = trap.to_string();
                Self::Host(text.trim_start_matches("wasm trap: ").to_owned())
            }
            known => known,
        }
    }
}

impl fmt::Display for TrapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StackOverflow => "call stack exhausted",
            Self::OutOfMemory => "out of memory",
            Self::Other(text) => text,
            Self::Host(text) => text,
        })
    }
}

/// What goes through a module when a host function throws what it need not see.
#[derive(Debug)]
struct Passing(ThreadBound<Thrown>);

impl fmt::Display for Passing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a host function threw")
    }
}

impl std::error::Error for Passing {}

/// What the module gets when a host function throws.
pub(crate) fn into_error(
    group: &GroupInner,
    cx: &mut StoreContextMut<'_, GroupData>,
    thrown: Thrown,
) -> wasmtime::Error {
    let group = Group::of(group);
    let exception = match thrown {
        Thrown::Exception(exception) => exception,
        // Only code that can catch needs an exception that can be caught.
        Thrown::Value(value) if group.catches() => {
            let payload = vec![crate::Value::Ref(crate::Ref::Host(value))];
            Exception::new(group.space().host_tag(), payload)
        }
        other => return wasmtime::Error::new(Passing(ThreadBound(other))),
    };
    if !group.catches() {
        return wasmtime::Error::new(Passing(ThreadBound(Thrown::Exception(exception))));
    }
    group.collect_if_due(cx);
    match exception.lower(&group, cx) {
        Ok(exception) => match cx.throw::<()>(exception) {
            Err(thrown) => thrown,
            Ok(()) => wasmtime::Error::msg("throwing returned"),
        },
        Err(error) => error,
    }
}

/// Why a call of the module did not return.
pub(crate) fn from_error(
    group: &Group,
    cx: &mut StoreContextMut<'_, GroupData>,
    error: wasmtime::Error,
) -> Failure {
    // How it ended does not matter then, and what it left is nobody's any more.
    if group.is_stopped() {
        return Failure::Stopped;
    }
    if error.is::<wasmtime::ThrownException>() {
        // A call of the host has no scope of its own: roots made in it would never go.
        let mut scope = RootScope::new(&mut *cx);
        let cx = &mut scope.as_context_mut();
        if let Some(exception) = cx.take_pending_exception() {
            return from_exception(group, cx, exception);
        }
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        let mut kind = TrapKind::of(*trap);
        // Wasmtime has one trap for both.
        if matches!(trap, Trap::TableOutOfBounds) && is_indirect_call(group, &error) {
            kind = TrapKind::Other("undefined element");
        }
        return Failure::Trap { kind, frames: frames(group, &error) };
    }
    if error.is::<wasmtime::GcHeapOutOfMemory<()>>() {
        return Failure::Trap { kind: TrapKind::OutOfMemory, frames: frames(group, &error) };
    }
    let text = format!("{error:#}");
    let frames = if is_trap_of_host(&error) { frames(group, &error) } else { Vec::new() };
    match error.downcast::<Passing>() {
        Ok(Passing(ThreadBound(thrown))) => match thrown {
            Thrown::Trap(text) => Failure::Trap { kind: TrapKind::Host(text), frames },
            Thrown::Value(value) => Failure::Host(value),
            Thrown::Exception(exception) => Failure::Exception(exception),
            Thrown::Uncatchable(value) => Failure::Uncatchable(value),
            Thrown::Failure(failure) => *failure,
        },
        Err(_other) => Failure::Other(text),
    }
}

fn is_trap_of_host(error: &wasmtime::Error) -> bool {
    let passing = error.downcast_ref::<Passing>();
    passing.is_some_and(|Passing(ThreadBound(thrown))| matches!(thrown, Thrown::Trap(_)))
}

fn from_exception(
    group: &Group,
    cx: &mut StoreContextMut<'_, GroupData>,
    exception: wasmtime::Rooted<ExnRef>,
) -> Failure {
    let exception = match Exception::lift(group, cx, exception) {
        Ok(exception) => exception,
        Err(error) => return Failure::Other(format!("{error:#}")),
    };
    if exception.tag().same(group.space().host_tag())
        && let Some(crate::Value::Ref(crate::Ref::Host(value))) = exception.payload().first()
    {
        return Failure::Host(value.clone());
    }
    Failure::Exception(exception)
}

/// Whether the instruction that failed is `call_indirect` or `return_call_indirect`.
fn is_indirect_call(group: &Group, error: &wasmtime::Error) -> bool {
    const CALL_INDIRECT: u8 = 0x11;
    const RETURN_CALL_INDIRECT: u8 = 0x13;
    let frame = error.downcast_ref::<WasmBacktrace>().and_then(|trace| trace.frames().first());
    let opcode =
        frame.and_then(|frame| group.module_of(frame.module())?.byte_at(frame.module_offset()?));
    matches!(opcode, Some(CALL_INDIRECT | RETURN_CALL_INDIRECT))
}

fn frames(group: &Group, error: &wasmtime::Error) -> Vec<Frame> {
    error.downcast_ref::<WasmBacktrace>().map_or_else(Vec::new, |trace| frames_of(group, trace))
}

pub(crate) fn frames_of(group: &Group, backtrace: &WasmBacktrace) -> Vec<Frame> {
    let frames = backtrace.frames().iter().filter_map(|frame| {
        // Code of this crate's own is nobody's business.
        let module = group.module_of(frame.module())?;
        Some(Frame {
            source: module.source().clone(),
            index: frame.func_index(),
            name: frame.func_name().map(str::to_owned),
            offset: frame.module_offset().map(|at| module.original_offset(at)),
        })
    });
    frames.collect()
}
