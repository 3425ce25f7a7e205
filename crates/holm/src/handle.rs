//! Stopping an isolate from elsewhere.

use std::sync::Arc;

use holm_host::Waker;
use holm_js::Interrupter;

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
    interrupter: Interrupter,
    waker: Arc<Waker>,
}

impl IsolateHandle {
    pub(crate) fn new(interrupter: Interrupter, waker: Arc<Waker>) -> Self {
        Self(Arc::new(State { interrupter, waker }))
    }

    /// Stops the script that runs, and the event loop; nothing of the isolate runs again.
    pub fn stop(&self) {
        self.0.interrupter.stop();
        self.0.waker.wake();
    }

    pub(crate) fn interrupter(&self) -> &Interrupter {
        &self.0.interrupter
    }
}
