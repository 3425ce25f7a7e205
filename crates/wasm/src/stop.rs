//! Ending an isolate from elsewhere: at once, or when its time is over.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

use crate::interrupt::{self, ThreadId};
use crate::waiters::Sleeper;
use crate::watch::Watch;

/// Ends what an isolate runs in modules, from any thread: for good. Clones are the same.
///
/// A call that is running fails with [`crate::Failure::Stopped`], which no module can catch, and
/// so does every later one. How that is done is told in `interrupt.rs`.
#[derive(Clone, Default)]
pub struct Stopper(Arc<State>);

#[derive(Default)]
pub(crate) struct State {
    asked: AtomicBool,
    deadline: Mutex<Option<Instant>>,
    /// Where modules are sent that have to stop: zero until that is known.
    landing: AtomicUsize,
    /// The isolate's thread, while it sleeps at an address.
    sleeper: Mutex<Option<Sleeper>>,
    /// Known once there may be modules to stop.
    target: OnceLock<Target>,
}

/// Whom to interrupt, and who does it.
struct Target {
    thread: ThreadId,
    watch: Weak<Watch>,
}

impl Stopper {
    /// A stopper that nobody has used yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends what runs now, and whatever would later.
    pub fn stop(&self) {
        self.0.asked.store(true, Ordering::Release);
        self.0.nudge_sleeper();
        self.be_watched();
    }

    /// Ends what runs at that moment or later.
    pub fn set_deadline(&self, deadline: Option<Instant>) {
        *self.0.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
        if deadline.is_some() {
            self.be_watched();
        }
    }

    /// Whether nothing may run any more.
    #[inline]
    pub fn is_stopped(&self) -> bool {
        self.0.asked.load(Ordering::Relaxed)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.0.is_due(now)
    }

    /// Says that the isolate's thread sleeps, until what this returns is dropped.
    pub(crate) fn sleeping(&self, sleeper: Sleeper) -> Sleeping<'_> {
        *self.0.sleeper() = Some(sleeper);
        Sleeping(&self.0)
    }

    /// Says that modules may run on this thread from now on.
    pub(crate) fn attach(&self, watch: &Arc<Watch>) {
        self.0.target.get_or_init(|| {
            interrupt::prepare_thread();
            Target { thread: ThreadId::current(), watch: Arc::downgrade(watch) }
        });
        if self.is_stopped() || self.0.deadline().is_some() {
            self.be_watched();
        }
    }

    /// Where modules are sent that have to stop, once that is known.
    #[inline]
    pub(crate) fn landing(&self) -> usize {
        self.0.landing.load(Ordering::Relaxed)
    }

    pub(crate) fn downgrade(&self) -> Weak<State> {
        Arc::downgrade(&self.0)
    }

    fn be_watched(&self) {
        // Without a thread there are no modules yet; `attach` looks again.
        if let Some(target) = self.0.target.get()
            && let Some(watch) = target.watch.upgrade()
        {
            watch.add(self);
        }
    }
}

/// The thread of an isolate sleeps.
pub(crate) struct Sleeping<'a>(&'a State);

impl Drop for Sleeping<'_> {
    fn drop(&mut self) {
        self.0.sleeper().take();
    }
}

impl State {
    fn sleeper(&self) -> MutexGuard<'_, Option<Sleeper>> {
        self.sleeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn nudge_sleeper(&self) {
        // It is let go of before the sleeper's own lock is taken: that one comes first.
        let sleeper = self.sleeper().clone();
        if let Some(sleeper) = sleeper {
            sleeper.nudge();
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it has to stop by now. The deadline counts as asked from then on.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.asked.store(true, Ordering::Release);
        }
        self.asked.load(Ordering::Acquire)
    }

    /// Interrupts the isolate's thread, which looks at what it is doing.
    pub(crate) fn interrupt(&self, landing: usize) {
        self.nudge_sleeper();
        self.landing.store(landing, Ordering::Relaxed);
        if let Some(target) = self.target.get() {
            target.thread.interrupt();
        }
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stopper").field(&self.is_stopped()).finish()
    }
}
