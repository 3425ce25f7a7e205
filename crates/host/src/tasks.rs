//! Work in flight: futures whose completion runs script.
//!
//! A task is polled only by the event loop, on the isolate's thread, never while script
//! runs. What it comes to is a [`Completion`], called with the realm open. A task keeps the
//! isolate alive until it is done, unless it is unreferenced.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::{FuturesUnordered, Stream};
use holm_js::{AsyncContext, Ctx, Result};
use tokio::runtime::{Builder, Runtime};

/// What a finished task does in script.
pub type Completion = Box<dyn for<'js> FnOnce(&Ctx<'js>) -> Result<()>>;

/// Names a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TaskId(u64);

type Running = Pin<Box<dyn Future<Output = (TaskId, Option<Completion>)>>>;

/// The tasks of one isolate.
#[derive(Default)]
pub struct Tasks {
    /// Added since the last poll: a future being polled may add others.
    added: RefCell<Vec<Running>>,
    running: RefCell<FuturesUnordered<Running>>,
    entries: RefCell<HashMap<TaskId, Entry>>,
    next: Cell<u64>,
    /// What a task's completion finds current is what its start found.
    context: OnceCell<Rc<AsyncContext>>,
    /// Made with the first task: timers do without.
    reactor: OnceCell<Runtime>,
}

struct Entry {
    abort: AbortHandle,
    keeps_alive: bool,
}

impl Tasks {
    /// Starts a task: when `work` is done, `then` runs with what it gave.
    pub fn spawn<T: 'static>(
        &self,
        work: impl Future<Output = T> + 'static,
        then: impl for<'js> FnOnce(&Ctx<'js>, T) -> Result<()> + 'static,
    ) -> TaskId {
        let id = TaskId(self.next.replace(self.next.get() + 1));
        let context = self.context.get().map(|context| (context.clone(), context.current()));
        let (abort, registration) = AbortHandle::new_pair();
        let work = Abortable::new(work, registration);
        self.entries.borrow_mut().insert(id, Entry { abort, keeps_alive: true });
        self.added.borrow_mut().push(Box::pin(async move {
            let completion = work.await.ok().map(|value| -> Completion {
                Box::new(move |ctx| {
                    if let Some((context, current)) = context {
                        context.set(current);
                    }
                    then(ctx, value)
                })
            });
            (id, completion)
        }));
        id
    }

    /// Has tasks carry what is current in this context.
    pub(crate) fn carry(&self, context: Rc<AsyncContext>) {
        // A second realm of the same isolate has the same.
        self.context.get_or_init(|| context);
    }

    /// What tasks wait on. Entered (`Runtime::enter`), it lets a task be prepared at once that
    /// would otherwise begin with the next turn of the loop.
    pub fn reactor(&self) -> io::Result<&Runtime> {
        if let Some(reactor) = self.reactor.get() {
            return Ok(reactor);
        }
        let made = Builder::new_current_thread().enable_all().build()?;
        Ok(self.reactor.get_or_init(|| made))
    }

    /// Drops a task; its completion never runs.
    pub fn abort(&self, id: TaskId) {
        if let Some(entry) = self.entries.borrow_mut().remove(&id) {
            entry.abort.abort();
        }
    }

    /// Says whether a task keeps the isolate alive.
    pub fn set_keeps_alive(&self, id: TaskId, keeps_alive: bool) {
        if let Some(entry) = self.entries.borrow_mut().get_mut(&id) {
            entry.keeps_alive = keeps_alive;
        }
    }

    /// Whether no task is in flight. One that was dropped is until it was polled once more: what it
    /// holds, such as a socket, is not given back before.
    pub fn is_empty(&self) -> bool {
        self.added.borrow().is_empty() && self.running.borrow().is_empty()
    }

    /// Whether a task keeps the isolate alive.
    pub fn keep_alive(&self) -> bool {
        self.entries.borrow().values().any(|entry| entry.keeps_alive)
    }

    /// The next finished task's completion. `Pending` when none is finished, also when none
    /// is in flight.
    pub fn poll_completion(&self, cx: &mut Context<'_>) -> Poll<Completion> {
        loop {
            let added = std::mem::take(&mut *self.added.borrow_mut());
            let mut running = self.running.borrow_mut();
            running.extend(added);
            match Pin::new(&mut *running).poll_next(cx) {
                Poll::Ready(Some((id, completion))) => {
                    let was_wanted = self.entries.borrow_mut().remove(&id).is_some();
                    if let (true, Some(completion)) = (was_wanted, completion) {
                        return Poll::Ready(completion);
                    }
                }
                Poll::Ready(None) | Poll::Pending if self.added.borrow().is_empty() => {
                    return Poll::Pending;
                }
                _ => {}
            }
        }
    }

    /// Drops all tasks and what they wait on, without waiting for threads that are still
    /// blocked: a read of standard input may block for ever.
    pub fn shut_down(&mut self) {
        self.entries.borrow_mut().clear();
        self.added.borrow_mut().clear();
        let running = std::mem::take(&mut *self.running.borrow_mut());
        drop(running);
        if let Some(reactor) = self.reactor.take() {
            reactor.shutdown_background();
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.shut_down();
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").field("in_flight", &self.entries.borrow().len()).finish()
    }
}
