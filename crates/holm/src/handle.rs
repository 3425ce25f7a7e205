//! Stopping an isolate from elsewhere.

use std::sync::Arc;
use std::thread::Thread;

use holm_js::Interrupter;
use tokio::sync::Notify;

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
    /// The isolate's, which may be parked.
    thread: Thread,
    notify: Notify,
}

impl IsolateHandle {
    pub(crate) fn new(interrupter: Interrupter) -> Self {
        let thread = std::thread::current();
        Self(Arc::new(State { interrupter, thread, notify: Notify::new() }))
    }

    /// Stops the script that runs, and the event loop; nothing of the isolate runs again.
    pub fn stop(&self) {
        self.0.interrupter.stop();
        self.0.notify.notify_one();
        self.0.thread.unpark();
    }

    pub(crate) fn interrupter(&self) -> &Interrupter {
        &self.0.interrupter
    }

    pub(crate) async fn stopped(&self) {
        self.0.notify.notified().await;
    }
}
