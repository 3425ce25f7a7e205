//! What a runtime may use, and how it is stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use std::sync::Mutex;

use crate::allocator::FamilyBudget;

/// The limits of one runtime.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of the JS heap; more is an out-of-memory error in script.
    pub heap_bytes: Option<usize>,
    /// What it may hold together with others.
    pub family: Option<FamilyBudget>,
    /// Bytes of native stack script may use below the point of entry; more is a
    /// `RangeError`. Must be well below what the thread really has.
    pub stack_bytes: usize,
}

/// Fits a thread of Rust's default size (2 MiB) with room for the host.
const DEFAULT_STACK_BYTES: usize = 1 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self { heap_bytes: None, family: None, stack_bytes: DEFAULT_STACK_BYTES }
    }
}

impl Limits {
    pub(crate) fn apply(&self, engine: &rquickjs::Runtime, interrupter: &Interrupter) {
        engine.set_max_stack_size(self.stack_bytes);
        let asked = interrupter.clone();
        engine.set_interrupt_handler(Some(Box::new(move || asked.is_due())));
    }
}

/// Stops script: at once, from any thread, or when its time is over. Script cannot catch it.
#[derive(Clone, Debug, Default)]
pub struct Interrupter(Arc<State>);

#[derive(Debug, Default)]
struct State {
    requested: AtomicBool,
    is_out_of_memory: AtomicBool,
    /// The lock is taken once in ten thousand calls or loop turns of script.
    deadline: Mutex<Option<Instant>>,
}

impl Interrupter {
    /// Stops whatever script runs now, and every later one.
    pub fn stop(&self) {
        self.0.requested.store(true, Ordering::Relaxed);
    }

    /// Lets script run again after [`Self::stop`].
    pub fn allow(&self) {
        self.0.requested.store(false, Ordering::Relaxed);
    }

    /// Stops script that runs at that moment or later.
    pub fn set_deadline(&self, deadline: Option<Instant>) {
        *self.0.deadline.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = deadline;
    }

    /// Stops script for good that goes on however often memory is refused.
    pub(crate) fn stop_for_memory(&self) {
        self.0.is_out_of_memory.store(true, Ordering::Relaxed);
    }

    /// Whether script has to stop now.
    pub fn is_due(&self) -> bool {
        self.0.requested.load(Ordering::Relaxed)
            || self.is_out_of_memory()
            || self.deadline().is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Whether [`Self::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.0.requested.load(Ordering::Relaxed)
    }

    /// Whether script has to stop because it went on without memory.
    pub fn is_out_of_memory(&self) -> bool {
        self.0.is_out_of_memory.load(Ordering::Relaxed)
    }

    /// When script has to stop.
    pub fn deadline(&self) -> Option<Instant> {
        *self.0.deadline.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
