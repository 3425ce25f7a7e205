//! The thread that interrupts isolates which have to stop.
//!
//! There is one per engine, and only while an isolate has a deadline or was asked to stop. It
//! sends a signal again and again: one that comes at a moment when nothing can be done about it
//! is of no use.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::interrupt::Landing;
use crate::stop::{State, Stopper};

/// From one signal to the next, and up to which. Most modules end by the first. One that does
/// little but throw is hard to hit; an isolate that was told very often stays for some other
/// reason than a module: its embedder keeps it, or it does what cannot be cut short.
const RESEND: &[(u32, Duration)] = &[
    (20, Duration::from_micros(200)),
    (2_000, Duration::from_micros(10)),
    (4_000, Duration::from_millis(1)),
    (u32::MAX, Duration::from_millis(20)),
];

/// So long the thread stays when there is nothing to watch, and looks for isolates that are gone.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) struct Watch {
    engine: wasmtime::Engine,
    landing: OnceLock<Option<Landing>>,
    watched: Mutex<Watched>,
    changed: Condvar,
    /// The one that compiles components, once there is one: what it compiles looks at its epoch.
    #[cfg(feature = "components")]
    components: OnceLock<wasmtime::Engine>,
}

#[derive(Default)]
struct Watched {
    isolates: Vec<Entry>,
    has_thread: bool,
}

struct Entry {
    isolate: Weak<State>,
    signals: u32,
    next_signal: Option<Instant>,
}

impl Watch {
    pub(crate) fn new(engine: &wasmtime::Engine) -> Arc<Self> {
        let (landing, watched, changed) = Default::default();
        Arc::new(Self {
            engine: engine.clone(),
            landing,
            watched,
            changed,
            #[cfg(feature = "components")]
            components: OnceLock::new(),
        })
    }

    /// The engine that compiles components, made when it is first asked for.
    #[cfg(feature = "components")]
    pub(crate) fn components(
        &self,
        make: impl FnOnce() -> wasmtime::Result<wasmtime::Engine>,
    ) -> wasmtime::Result<&wasmtime::Engine> {
        if let Some(made) = self.components.get() {
            return Ok(made);
        }
        let made = make()?;
        Ok(self.components.get_or_init(|| made))
    }

    /// Where stopped modules go; compiled on first use. `None` where that is not supported.
    pub(crate) fn landing(&self) -> Option<&Landing> {
        self.landing.get_or_init(|| Landing::compile(&self.engine)).as_ref()
    }

    /// Interrupts the isolate when it is due.
    pub(crate) fn add(self: &Arc<Self>, stopper: &Stopper) {
        let isolate = stopper.downgrade();
        let mut watched = self.lock();
        watched.isolates.retain(|entry| entry.isolate.strong_count() > 0);
        match watched.isolates.iter_mut().find(|entry| entry.isolate.ptr_eq(&isolate)) {
            Some(known) => known.next_signal = None,
            None => watched.isolates.push(Entry { isolate, signals: 0, next_signal: None }),
        }
        self.changed.notify_one();
        if !watched.has_thread {
            let watch = self.clone();
            let thread = std::thread::Builder::new().name("holm-watch".into());
            // A system that has no thread left stops script, but no module that loops.
            watched.has_thread = thread.spawn(move || watch.run()).is_ok();
        }
    }

    fn run(&self) {
        let mut watched = self.lock();
        loop {
            watched.isolates.retain(|entry| entry.isolate.strong_count() > 0);
            let is_idle = watched.isolates.is_empty();
            let wait = self.signal_due(&mut watched.isolates);
            let (guard, timeout) = self
                .changed
                .wait_timeout(watched, wait.min(PATIENCE))
                .unwrap_or_else(PoisonError::into_inner);
            watched = guard;
            if is_idle && timeout.timed_out() && watched.isolates.is_empty() {
                watched.has_thread = false;
                return;
            }
        }
    }

    /// Sends what is due; says how long nothing else is.
    fn signal_due(&self, isolates: &mut [Entry]) -> Duration {
        let mut wait = Duration::MAX;
        for entry in isolates {
            let Some(isolate) = entry.isolate.upgrade() else { continue };
            let now = Instant::now();
            if isolate.is_due(now) {
                if entry.next_signal.is_none_or(|next| next <= now) {
                    isolate.interrupt(self.landing().map_or(0, Landing::address));
                    #[cfg(feature = "components")]
                    if let Some(components) = self.components.get() {
                        components.increment_epoch();
                    }
                    entry.signals = entry.signals.saturating_add(1);
                    let delay = RESEND.iter().find(|(most, _)| entry.signals <= *most);
                    entry.next_signal = delay.map(|(_, delay)| now + *delay);
                }
                let next = entry.next_signal.unwrap_or(now);
                wait = wait.min(next.saturating_duration_since(now));
            } else if let Some(deadline) = isolate.deadline() {
                wait = wait.min(deadline.saturating_duration_since(now));
            }
        }
        wait
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
