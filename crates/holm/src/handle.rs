//! Stopping an isolate from elsewhere.

use std::sync::Arc;
use std::time::Instant;

use holm_host::Waker;
use holm_js::Interrupter;
use holm_webassembly::Stopper;

/// Stops an isolate, from any thread. Clones are the same handle.
///
/// ```
/// # use holm::{Config, Engine, Isolate};
/// # let engine = Engine::new(Config::default())?;
/// let mut isolate = Isolate::builder(&engine).build()?;
/// let handle = isolate.handle();
/// std::thread::spawn(move || handle.stop());
/// let error = isolate.enter(|scope| scope.eval::<()>("for (;;);")).unwrap_err();
/// assert!(error.is_stopped());
/// # Ok::<(), holm::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct IsolateHandle(Arc<State>);

#[derive(Debug)]
struct State {
    /// Of script.
    interrupter: Interrupter,
    /// Of modules.
    stopper: Stopper,
    waker: Arc<Waker>,
}

impl IsolateHandle {
    pub(crate) fn new(interrupter: Interrupter, stopper: Stopper, waker: Arc<Waker>) -> Self {
        Self(Arc::new(State { interrupter, stopper, waker }))
    }

    /// Stops what runs, in script or in a module, and the event loop; nothing of the isolate
    /// runs again.
    ///
    /// What cannot be cut short is ended with the isolate: a module that is being compiled, one
    /// instruction that fills or copies much memory.
    pub fn stop(&self) {
        self.0.interrupter.stop();
        self.0.stopper.stop();
        self.0.waker.wake();
    }

    /// Stops what runs at that moment or later.
    pub(crate) fn set_deadline(&self, deadline: Option<Instant>) {
        self.0.interrupter.set_deadline(deadline);
        self.0.stopper.set_deadline(deadline);
    }

    pub(crate) fn interrupter(&self) -> &Interrupter {
        &self.0.interrupter
    }
}
