//! A module that runs by itself, as script sees it: functions that it imports, and streams that
//! script feeds and empties.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use holm_host::{Stream, host};
use holm_js::webidl::convert;
use holm_js::{
    Call, Ctx, ErrorKind, Graveyard, HostObject, Interrupter, NativeCall, NativeFunction, Result,
    Returned, Value, throw_coded, view_bytes,
};
use holm_wasi::{
    Clock, Context, Errno, Feed, Function, GuestMemory, Machine, Parameter, SharedBytes, Spout,
    Stop, Surroundings,
};
use holm_web::weight::Weight;
use holm_webassembly::native::{Memory, with_bytes_mut};

use crate::buffer;

/// More parameters than any function has.
const MOST_PARAMETERS: usize = 9;

/// What all threads of a program have.
pub(super) struct Shared {
    pub(super) context: Context,
    /// What the isolate's embedder takes from it.
    pub(super) host_outputs: Vec<(Stream, Arc<Spout>)>,
    pub(super) time: Arc<SetTime>,
    pub(super) has_ended: Arc<AtomicBool>,
    /// What it keeps of memory beside script's heap counts for as long as it does.
    pub(super) _weights: Vec<Arc<Weight>>,
}

/// Programs whose threads find them by a number, which is a secret of theirs.
#[derive(Default)]
struct Programs(Mutex<HashMap<u64, Arc<Shared>>>);

/// Numbers of script are exact so far.
const EXACT: u64 = (1 << 53) - 1;

/// A program and its memory, once there is one.
pub(super) struct Program {
    shared: Arc<Shared>,
    memory: RefCell<Option<Memory>>,
    /// What script feeds to it.
    pub(super) input: Option<Arc<Feed>>,
    /// What script takes from it, by descriptor.
    pub(super) outputs: [Option<Arc<Spout>>; 3],
    /// How long the call that found nothing to read would wait.
    wait: Cell<Option<u64>>,
}

impl Program {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            memory: RefCell::default(),
            input: None,
            outputs: [None, None, None],
            wait: Cell::new(None),
        }
    }

    /// The number by which other threads find the program.
    pub(super) fn share(&self, ctx: &Ctx<'_>) -> Result<f64> {
        let host = host(ctx);
        let mut bytes = [0; 8];
        host.random.fill(&mut bytes).map_err(|_| holm_js::Error::Unknown)?;
        let number = u64::from_le_bytes(bytes) & EXACT;
        let programs = host.cluster.part::<Programs>();
        let mut programs = programs.0.lock().unwrap_or_else(PoisonError::into_inner);
        programs.insert(number, self.shared.clone());
        Ok(number as f64)
    }

    /// The program that another thread has by this number.
    pub(super) fn find(ctx: &Ctx<'_>, number: f64) -> Option<Self> {
        let programs = host(ctx).cluster.part::<Programs>();
        let programs = programs.0.lock().unwrap_or_else(PoisonError::into_inner);
        programs.get(&(number as u64)).cloned().map(Self::new)
    }

    /// Ends whatever its threads wait for.
    pub(super) fn end(&self, ctx: &Ctx<'_>) {
        self.shared.has_ended.store(true, Ordering::Relaxed);
        let programs = host(ctx).cluster.part::<Programs>();
        let mut programs = programs.0.lock().unwrap_or_else(PoisonError::into_inner);
        programs.retain(|_, program| !Arc::ptr_eq(program, &self.shared));
    }

    pub(super) fn set_memory(&self, memory: Option<Memory>) {
        let before = self.memory.replace(memory);
        drop(before);
    }

    fn memory(&self, ctx: &Ctx<'_>) -> Result<Memory> {
        self.memory.borrow().clone().ok_or_else(|| {
            let text = "wasi.start() has not been called";
            throw_coded(ctx, ErrorKind::Plain, "ERR_WASI_NOT_STARTED", text)
        })
    }

    fn call(
        &self,
        ctx: &Ctx<'_>,
        function: &Function,
        arguments: &[u64],
    ) -> Result<std::result::Result<(), Stop>> {
        let memory = self.memory(ctx)?;
        if memory.shared().is_some() {
            let shared = SharedMemory(&memory);
            let mut memory = GuestMemory::Shared(&shared);
            return Ok(function.call(&self.shared.context, &mut memory, arguments));
        }
        let answer = with_bytes_mut(&memory, |bytes| {
            function.call(&self.shared.context, &mut GuestMemory::Own(bytes), arguments)
        });
        // Somebody has the bytes already: that is nobody who could call this.
        Ok(answer.unwrap_or(Err(Stop::Errno(Errno::Fault))))
    }

    /// Lets the embedder have what was written to its streams.
    fn flush(&self, ctx: &Ctx<'_>) -> std::result::Result<(), Errno> {
        for (stream, spout) in &self.shared.host_outputs {
            if !spout.is_empty() {
                host(ctx).output.write_through(*stream, &spout.take())?;
            }
        }
        Ok(())
    }

    /// `(address, bytes)`: the error's number, or 0.
    pub(super) fn write_bytes(&self, call: &Call<'_, '_>) -> Result<u32> {
        let address = call.get::<f64>(0)? as i64 as u32;
        let bytes = call.value(1).as_object().map(view_bytes).transpose()?.unwrap_or_default();
        let written = self.memory(call.ctx())?.copy_in(u64::from(address), &bytes);
        Ok(written.map_or(Errno::Fault as u32, |()| 0))
    }

    /// `(realtime, monotonic)`, in nanoseconds: the time from now on.
    pub(super) fn set_time(&self, call: &Call<'_, '_>) -> Result<()> {
        let time =
            |index| convert::bigint64(call.ctx(), &call.value(index)).map(i64::cast_unsigned);
        self.shared.time.set(time(0)?, time(1)?);
        Ok(())
    }

    /// `(bytes)`: what the program reads next; nothing when that was all.
    pub(super) fn feed(&self, bytes: &Value<'_>) -> Result<()> {
        let Some(input) = &self.input else { return Ok(()) };
        match bytes.as_object() {
            Some(view) => input.push(&view_bytes(view)?),
            None => input.end(),
        }
        Ok(())
    }

    /// `(descriptor)`: what the program wrote there since the last time, if it did.
    pub(super) fn take<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let output = self.outputs.get(call.get::<f64>(0)? as usize);
        match output.and_then(Option::as_ref) {
            Some(spout) if !spout.is_empty() => buffer::make(call.ctx(), &spout.take()),
            _ => call.undefined(),
        }
    }

    /// How long the call that found nothing to read would wait; nothing where that has no end.
    pub(super) fn wait_ms(&self) -> Option<f64> {
        self.wait.get().map(|nanoseconds| nanoseconds as f64 / 1e6)
    }
}

/// One of the functions that modules import.
pub(super) struct Import {
    program: Rc<Program>,
    function: &'static Function,
}

impl Import {
    pub(super) fn new(program: Rc<Program>, function: &'static Function) -> Self {
        Self { program, function }
    }
}

impl HostObject for Import {
    fn finalize(self, graveyard: &Graveyard) {
        graveyard.push(self.program);
    }
}

/// What a function returns that found nothing to read: script feeds the program, and calls again.
const STARVED: i32 = -1;

impl NativeFunction for Import {
    /// Besides errors' numbers, returns what only `js/wasi/program.js` gets to see: [`STARVED`], and for
    /// a program that ended itself its code, as −1 − code.
    fn call<'js>(&self, call: &NativeCall<'_, 'js>) -> Result<Returned<'js>> {
        let ctx = call.ctx();
        let parameters = self.function.parameters;
        let mut arguments = [0; MOST_PARAMETERS];
        for (index, (argument, parameter)) in arguments.iter_mut().zip(parameters).enumerate() {
            *argument = match parameter {
                Parameter::I32 => u64::from(call.int32(index)?.cast_unsigned()),
                Parameter::I64 => call.bigint64(index)?.cast_unsigned(),
            };
        }
        let answer = self.program.call(ctx, self.function, &arguments[..parameters.len()])?;
        let answer = answer.and_then(|()| Ok(self.program.flush(ctx)?));
        Ok(match answer {
            Ok(()) if self.function.returns() => Returned::Int(0),
            Ok(()) => Returned::Undefined,
            Err(Stop::Errno(errno)) => Returned::Int(errno as i32),
            Err(Stop::Exit(code)) => Returned::Float(-1.0 - f64::from(code)),
            Err(Stop::Starved { nanoseconds, .. }) => {
                self.program.wait.set(nanoseconds);
                Returned::Int(STARVED)
            }
        })
    }
}

/// A memory that other threads have too.
struct SharedMemory<'a>(&'a Memory);

impl SharedBytes for SharedMemory<'_> {
    fn len(&self) -> usize {
        self.0.bytes().len()
    }

    fn copy_out(&self, offset: usize, into: &mut [u8]) {
        // It does not become shorter, and the caller has looked.
        let copied = self.0.copy_out(offset as u64, into);
        debug_assert!(copied.is_ok());
    }

    fn copy_in(&self, offset: usize, from: &[u8]) {
        let copied = self.0.copy_in(offset as u64, from);
        debug_assert!(copied.is_ok());
    }
}

/// The time that script sets, if it does: realtime and monotonic.
#[derive(Debug, Default)]
pub(super) struct SetTime(Mutex<Option<[u64; 2]>>);

impl SetTime {
    fn set(&self, realtime: u64, monotonic: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some([realtime, monotonic]);
    }

    fn get(&self, clock: Clock) -> Option<u64> {
        let [realtime, monotonic] = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        match clock {
            Clock::Realtime => Some(realtime),
            Clock::Monotonic => Some(monotonic),
            Clock::Process | Clock::Thread => None,
        }
    }
}

/// The machine's time and chance, but for time that script sets; ends with the isolate.
pub(super) struct IsolateSurroundings {
    pub(super) time: Arc<SetTime>,
    pub(super) interrupter: Interrupter,
    pub(super) has_ended: Arc<AtomicBool>,
}

impl Surroundings for IsolateSurroundings {
    fn now(&self, clock: Clock) -> u64 {
        self.time.get(clock).unwrap_or_else(|| Machine.now(clock))
    }

    fn must_stop(&self) -> bool {
        self.interrupter.is_due() || self.has_ended.load(Ordering::Relaxed)
    }
}
