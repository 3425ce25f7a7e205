//! Stacks on which calls run that may pause.
//!
//! Wasmtime switches stacks for asynchronous calls only, and a store with such calls can do
//! little else: it refuses ordinary calls and instantiation from then on. So each stack belongs
//! to a store of its own, which has no modules. Its one asynchronous call, of a function of the
//! host, never ends: it runs one job after the other, and whatever a job calls, code of other
//! stores included, is on the same stack. Pausing is calling an asynchronous function of that
//! store that is not ready when it is first asked.

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::pin::Pin;
use std::ptr::NonNull;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use wasmtime::{Caller, Func, Store};

use crate::host::ThreadBound;

/// A stack, and what is on it.
pub(crate) struct Fiber {
    /// Owns the store. Polling it continues where it paused.
    running: Pin<Box<dyn Future<Output = wasmtime::Result<()>>>>,
    shared: Rc<Shared>,
}

/// What both sides know, the one on the stack and the one outside.
#[derive(Default)]
struct Shared {
    job: Cell<Option<Job>>,
    is_idle: Cell<bool>,
    /// The way back into the fiber's own store, for as long as the stack is there.
    inside: Cell<Option<NonNull<Caller<'static, Data>>>>,
    pause: OnceCell<Func>,
    /// Whether the stack is being given up: all that is on it has to return.
    is_given_up: Cell<bool>,
}

type Job = Box<dyn FnOnce()>;
type Data = ThreadBound<Rc<Shared>>;

/// From inside of a job: the way out, until somebody resumes the fiber.
#[derive(Clone)]
pub(crate) struct Pause(Rc<Shared>);

impl Fiber {
    pub(crate) fn new(engine: &wasmtime::Engine) -> wasmtime::Result<Self> {
        let shared = Rc::<Shared>::default();
        let mut store = Store::try_new(engine, ThreadBound(shared.clone()))?;
        let pause = Func::wrap_async(&mut store, |_, ()| Box::new(Later));
        shared.pause.get_or_init(|| pause);
        let work = Func::wrap(&mut store, work).typed::<(), ()>(&store)?;
        let running = Box::pin(async move { work.call_async(&mut store, ()).await });
        Ok(Self { running, shared })
    }

    pub(crate) fn pause(&self) -> Pause {
        Pause(self.shared.clone())
    }

    /// What [`Self::resume`] will begin.
    pub(crate) fn give(&self, job: Job) {
        self.shared.job.set(Some(job));
    }

    /// Runs until the job pauses or ends.
    pub(crate) fn resume(&mut self) -> wasmtime::Result<()> {
        self.shared.is_idle.set(false);
        match self.running.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => Ok(()),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) => Err(wasmtime::Error::msg("a stack ended")),
        }
    }

    /// Whether the last job ended.
    pub(crate) fn is_idle(&self) -> bool {
        self.shared.is_idle.get()
    }
}

impl Pause {
    /// Leaves the stack until it is resumed. Fails if it is given up instead: then everything
    /// on it must return.
    pub(crate) fn wait(&self) -> wasmtime::Result<()> {
        let (Some(mut inside), Some(pause)) = (self.0.inside.get(), self.0.pause.get()) else {
            return Err(wasmtime::Error::msg("there is no stack to leave"));
        };
        IS_LEAVING.set(true);
        // SAFETY: `work` stored it, which is below us on the stack and uses it only while no
        // job runs. The function has neither parameters nor results.
        let waited = unsafe { pause.call_unchecked(inside.as_mut(), &mut [] as *mut [_]) };
        // A call that failed before it asked leaves nothing for the next one to find.
        IS_LEAVING.set(false);
        self.0.is_given_up.set(waited.is_err());
        waited
    }
}

/// What runs at the bottom of each such stack.
fn work(mut caller: Caller<'_, Data>) -> wasmtime::Result<()> {
    let shared = caller.data().0.clone();
    // The lifetime is forgotten here; `Leave` keeps it.
    let inside = NonNull::from(&mut caller).cast::<Caller<'static, Data>>();
    shared.inside.set(Some(inside));
    let _leave = Leave(&shared);
    let pause = Pause(shared.clone());
    loop {
        if let Some(job) = shared.job.take() {
            job();
        }
        if shared.is_given_up.get() {
            return Err(wasmtime::Error::msg("the stack was given up"));
        }
        shared.is_idle.set(true);
        pause.wait()?;
    }
}

struct Leave<'a>(&'a Shared);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.inside.set(None);
    }
}

thread_local! {
    /// Whether a job has asked to leave its stack and is still on it.
    static IS_LEAVING: Cell<bool> = const { Cell::new(false) };
}

/// Is not ready when a job leaves its stack, and is when that is resumed.
///
/// It holds nothing, so that putting it into a box takes no memory.
struct Later;

impl Future for Later {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        if IS_LEAVING.replace(false) { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl fmt::Debug for Fiber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fiber").field("is_idle", &self.is_idle()).finish_non_exhaustive()
    }
}
