//! A worker's thread, as whoever made it sees it.
//!
//! What the thread tells comes through an inbox, like messages: output, errors nobody caught,
//! the end. The isolate that made it stops it when it ends itself.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use holm_host::{
    Bell, Host, Inbox, KeepAlive, Output, ProcessInfo, Receiver, Stream, Terminal, WorkerEnd,
    WorkerKind, WorkerLimits, WorkerOrder, WorkerThread, host,
};
use holm_js::{Ctx, Promise, Result, Thrown, Value, slot, take_exception};

use crate::console::inspect::{Options, inspect};
use crate::events::Place;
use crate::structured_clone::{Message, serialize};

/// As many workers may run at once in one family of isolates: each is a thread with a heap.
pub const MAX_WORKERS: usize = 1024;
/// A stopped thread gets so long before it is left alone: a compilation cannot be interrupted.
const PATIENCE: Duration = Duration::from_secs(2);
/// Output that may wait for whoever made the worker to write it.
const MAX_WAITING_OUTPUT_BYTES: usize = 64 << 20;
/// How often a worker that waits for that looks again.
const OUTPUT_POLL: Duration = Duration::from_millis(2);

/// What the workers of one family count together.
#[derive(Default)]
struct Threads {
    /// The main thread has number 0.
    last_id: AtomicU32,
    running: AtomicUsize,
}

/// The number of the isolate's thread.
#[derive(Default)]
struct ThreadId(Cell<u32>);

/// The number of this isolate's thread: 0 for the main one.
pub fn thread_id(ctx: &Ctx<'_>) -> u32 {
    slot::<ThreadId>(ctx).0.get()
}

/// What a worker tells.
#[derive(Debug)]
pub enum WorkerEvent {
    /// Its program begins.
    Online,
    /// It wrote.
    Output(Stream, Vec<u8>),
    /// An error that nobody caught there.
    Uncaught(UncaughtInWorker),
    /// It is gone, and all it held.
    Ended(WorkerEnd),
}

/// An error that nobody caught, on its way.
#[derive(Debug)]
pub struct UncaughtInWorker {
    /// The value, where it can be cloned.
    pub value: Option<Message>,
    /// The error in short.
    pub text: String,
    /// Where it was thrown.
    pub place: Place,
}

/// What to start.
pub struct WorkerSpec {
    /// Its globals.
    pub kind: WorkerKind,
    /// A name for the thread.
    pub name: String,
    /// What it may use.
    pub limits: WorkerLimits,
    /// What its `process` tells.
    pub process: ProcessInfo,
    /// Begins its program.
    pub begin: BeginTelling,
}

/// [`holm_host::Begin`], with what tells whoever made the worker.
pub type BeginTelling =
    Box<dyn for<'js> FnOnce(&Ctx<'js>, Teller) -> Result<Option<Promise<'js>>> + Send>;

/// Tells whoever made the worker.
#[derive(Clone, Debug)]
pub struct Teller(Arc<Inbox<WorkerEvent>>);

impl Teller {
    /// Tells.
    pub fn tell(&self, event: WorkerEvent) {
        self.0.push(event);
    }
}

/// Why no worker was started.
#[derive(Debug)]
pub enum StartError {
    /// There are as many as may be.
    TooMany,
    /// Workers are not for this isolate.
    NotAllowed,
    /// The system has no thread left.
    System(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => write!(
                f,
                "{MAX_WORKERS} workers run already, which is the limit: end some with terminate()"
            ),
            Self::NotAllowed => f.write_str("this isolate may not have workers"),
            Self::System(error) => write!(f, "a thread could not be started: {error}"),
        }
    }
}

/// Acts on what a worker tells.
pub type OnEvent = Rc<dyn for<'js> Fn(&Ctx<'js>, WorkerEvent) -> Result<()>>;

/// A worker, from its start to its end.
#[derive(Clone)]
pub struct RunningWorker(Rc<Inner>);

struct Inner {
    id: u32,
    events: Arc<Inbox<WorkerEvent>>,
    waiting_bytes: Arc<AtomicUsize>,
    is_stopped: Arc<AtomicBool>,
    thread: RefCell<Option<WorkerThread>>,
    bell: RefCell<Option<Bell>>,
    on_event: RefCell<Option<OnEvent>>,
    keep_alive: RefCell<Option<KeepAlive>>,
    threads: Arc<Threads>,
    host: Weak<Host>,
}

/// The workers that an isolate has.
#[derive(Default)]
struct Workers(RefCell<Vec<RunningWorker>>);

impl Drop for Workers {
    fn drop(&mut self) {
        let workers = self.0.take();
        workers.iter().for_each(RunningWorker::stop);
        workers.iter().for_each(|worker| worker.0.finish());
    }
}

impl RunningWorker {
    /// Starts one. It keeps the isolate alive until it ends.
    pub fn start(
        ctx: &Ctx<'_>,
        spec: WorkerSpec,
        on_event: OnEvent,
    ) -> std::result::Result<Self, StartError> {
        let host = host(ctx);
        let starter = host.workers.as_deref().ok_or(StartError::NotAllowed)?;
        let threads = host.cluster.part::<Threads>();
        let seat = Seat::take(&threads)?;
        let id = threads.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let events = Arc::<Inbox<WorkerEvent>>::default();
        let (waiting_bytes, is_stopped) = (Arc::<AtomicUsize>::default(), Arc::default());
        let output = WorkerOutput {
            events: events.clone(),
            waiting_bytes: waiting_bytes.clone(),
            is_stopped: Arc::clone(&is_stopped),
            has_colors: [Stream::Out, Stream::Err].map(|stream| host.output.has_colors(stream)),
            shared: host.output.shared(),
        };
        let (begin, teller) = (spec.begin, Teller(events.clone()));
        let ended = {
            let events = events.clone();
            Box::new(move |end| events.push(WorkerEvent::Ended(end)))
        };
        let order = WorkerOrder {
            thread_name: spec.name,
            kind: spec.kind,
            limits: spec.limits,
            permissions: host.permissions.clone(),
            process: spec.process,
            output: Box::new(output),
            cluster: host.cluster.clone(),
            begin: Box::new(move |ctx| {
                slot::<ThreadId>(ctx).0.set(id);
                begin(ctx, teller)
            }),
            ended,
        };
        let worker = Self(Rc::new(Inner {
            id,
            events,
            waiting_bytes,
            is_stopped,
            thread: RefCell::default(),
            bell: RefCell::default(),
            on_event: RefCell::new(Some(on_event)),
            keep_alive: RefCell::default(),
            threads: threads.clone(),
            host: Rc::downgrade(&host),
        }));
        // Before the thread runs: what it tells comes in one order with what it posts.
        let bell = host.receivers.add(worker.0.clone());
        worker.0.events.attach(bell.clone());
        match starter.start(order) {
            Ok(thread) => worker.0.thread.replace(Some(thread)),
            Err(error) => {
                host.receivers.remove(&bell);
                return Err(StartError::System(error));
            }
        };
        seat.keep();
        worker.0.bell.replace(Some(bell));
        worker.0.keep_alive.replace(Some(host.receivers.keep_alive()));
        slot::<Workers>(ctx).0.borrow_mut().push(worker.clone());
        Ok(worker)
    }

    /// Its thread's number.
    pub fn id(&self) -> u32 {
        self.0.id
    }

    /// Ends it, wherever it is; its end is told as any other.
    pub fn stop(&self) {
        self.0.is_stopped.store(true, Ordering::Relaxed);
        if let Some(thread) = &*self.0.thread.borrow() {
            (thread.stop)();
        }
    }

    /// Whether it has not ended yet.
    pub fn is_running(&self) -> bool {
        self.0.thread.borrow().is_some()
    }

    /// Says whether it keeps the isolate alive.
    pub fn set_referenced(&self, ctx: &Ctx<'_>, is_referenced: bool) {
        let wanted = is_referenced && self.is_running();
        let keep_alive = wanted.then(|| host(ctx).receivers.keep_alive());
        drop(self.0.keep_alive.replace(keep_alive));
    }

    /// Tells nobody of what happens from now on.
    pub fn forget(&self) {
        drop(self.0.on_event.take());
        drop(self.0.keep_alive.take());
    }
}

impl Inner {
    /// Waits for the thread, which has ended or is about to.
    fn finish(&self) {
        let Some(WorkerThread { thread, .. }) = self.thread.take() else { return };
        self.threads.running.fetch_sub(1, Ordering::Relaxed);
        let deadline = Instant::now() + PATIENCE;
        while !thread.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_micros(200));
        }
        if thread.is_finished() {
            // A thread that panicked has said so itself.
            drop(thread.join());
        }
        // What it wrote last.
        while let Some(event) = self.events.pop() {
            if let (WorkerEvent::Output(stream, bytes), Some(host)) = (event, self.host.upgrade()) {
                drop(host.output.write(stream, &bytes));
            }
        }
    }
}

impl Receiver for Inner {
    fn receive(&self, ctx: &Ctx<'_>) -> Result<()> {
        let Some(event) = self.events.pop() else { return Ok(()) };
        let on_event = self.on_event.borrow().clone();
        match &event {
            WorkerEvent::Output(_, bytes) => {
                self.waiting_bytes.fetch_sub(bytes.len(), Ordering::Relaxed);
            }
            WorkerEvent::Ended(_) => {
                self.finish();
                drop(self.keep_alive.take());
                drop(self.on_event.take());
                if let Some(bell) = self.bell.take() {
                    host(ctx).receivers.remove(&bell);
                }
                let workers = slot::<Workers>(ctx);
                workers.0.borrow_mut().retain(|worker| worker.0.id != self.id);
            }
            WorkerEvent::Online | WorkerEvent::Uncaught(_) => {}
        }
        match (on_event, event) {
            (Some(on_event), event) => on_event(ctx, event),
            (None, WorkerEvent::Output(stream, bytes)) => {
                drop(host(ctx).output.write(stream, &bytes));
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }
}

/// One of the places for workers: given back unless a worker took it.
struct Seat<'a>(Option<&'a Threads>);

impl<'a> Seat<'a> {
    fn take(threads: &'a Threads) -> std::result::Result<Self, StartError> {
        let seat = Self(Some(threads));
        if threads.running.fetch_add(1, Ordering::Relaxed) >= MAX_WORKERS {
            return Err(StartError::TooMany);
        }
        Ok(seat)
    }

    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if let Some(threads) = self.0 {
            threads.running.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// A worker's output goes to whoever made it.
struct WorkerOutput {
    events: Arc<Inbox<WorkerEvent>>,
    waiting_bytes: Arc<AtomicUsize>,
    is_stopped: Arc<AtomicBool>,
    has_colors: [bool; 2],
    shared: Option<Arc<dyn Output + Send + Sync>>,
}

impl Output for WorkerOutput {
    fn write(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        while self.waiting_bytes.load(Ordering::Relaxed) > MAX_WAITING_OUTPUT_BYTES {
            if self.is_stopped.load(Ordering::Relaxed) {
                return Ok(());
            }
            std::thread::sleep(OUTPUT_POLL);
        }
        self.waiting_bytes.fetch_add(bytes.len(), Ordering::Relaxed);
        self.events.push(WorkerEvent::Output(stream, bytes.to_vec()));
        Ok(())
    }

    fn shared(&self) -> Option<Arc<dyn Output + Send + Sync>> {
        self.shared.clone()
    }

    fn file(&self, stream: Stream) -> Option<io::Result<std::fs::File>> {
        self.shared.as_ref()?.file(stream)
    }

    fn write_through(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        match &self.shared {
            Some(shared) => shared.write(stream, bytes),
            None => self.write(stream, bytes),
        }
    }

    fn terminal(&self, _stream: Stream) -> Option<Terminal> {
        None
    }

    fn has_colors(&self, stream: Stream) -> bool {
        self.has_colors[usize::from(stream == Stream::Err)]
    }
}

/// Where an error was thrown.
pub(super) fn place_of(thrown: &Thrown) -> Place {
    let frame = thrown.frames.first();
    Place {
        filename: frame.map(|frame| frame.file.clone()).unwrap_or_default(),
        line: frame.and_then(|frame| frame.line).unwrap_or_default(),
        column: frame.and_then(|frame| frame.column).unwrap_or_default(),
    }
}

/// Makes of an error what can be sent.
pub fn send_uncaught<'js>(ctx: &Ctx<'js>, error: &Value<'js>) -> UncaughtInWorker {
    let thrown = Thrown::new(ctx, error);
    let place = place_of(&thrown);
    let value = match serialize(ctx, error, &[]) {
        Ok(value) => Some(value),
        Err(error) => {
            drop(take_exception(ctx, error));
            None
        }
    };
    let text = match thrown.name {
        Some(_) => thrown.heading,
        None => inspect(ctx, error, &Options::default()).unwrap_or_else(|error| {
            drop(take_exception(ctx, error));
            thrown.heading
        }),
    };
    UncaughtInWorker { value, text, place }
}

impl fmt::Debug for RunningWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningWorker").field("id", &self.0.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for WorkerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerSpec").field("name", &self.name).finish_non_exhaustive()
    }
}
