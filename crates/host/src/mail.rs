//! What other threads tell an isolate: messages for its ports, and what its workers do.
//!
//! An [`Inbox`] is filled from anywhere. Whoever empties it is a [`Receiver`] of one isolate,
//! which the event loop calls once for each ring of its [`Bell`], so that ticks and promise jobs
//! run between two messages.
//!
//! Lock order: an inbox's queue, then the isolate's list of rings; nothing is called with
//! either held.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Thread;

use holm_js::{Ctx, Result};
use tokio::sync::Notify;

/// Wakes the event loop of an isolate, from any thread.
#[derive(Debug)]
pub struct Waker {
    thread: Thread,
    notify: Notify,
}

impl Waker {
    /// Of the thread that calls this.
    pub fn of_this_thread() -> Arc<Self> {
        Arc::new(Self { thread: std::thread::current(), notify: Notify::new() })
    }

    /// Ends the loop's sleep, or its next one.
    pub fn wake(&self) {
        self.notify.notify_one();
        self.thread.unpark();
    }

    /// Completes when woken.
    pub async fn woken(&self) {
        self.notify.notified().await;
    }
}

/// Who empties an inbox.
pub trait Receiver {
    /// Takes one message and acts on it. Called once for each ring.
    fn receive(&self, ctx: &Ctx<'_>) -> Result<()>;
}

/// Names a receiver of one isolate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ReceiverId(u64);

/// Tells one receiver that there is something for it. `Send`, and cheap to clone.
#[derive(Clone)]
pub struct Bell {
    id: ReceiverId,
    rings: Arc<Rings>,
}

struct Rings {
    waiting: Mutex<VecDeque<ReceiverId>>,
    /// Whether there are any, for whoever looks often.
    is_any: AtomicBool,
    waker: Arc<Waker>,
}

impl Bell {
    /// The receiver will be called once more.
    pub fn ring(&self) {
        let was_quiet = {
            let mut waiting = lock(&self.rings.waiting);
            waiting.push_back(self.id);
            self.rings.is_any.store(true, Ordering::Release);
            waiting.len() == 1
        };
        // Whoever rang before has woken the loop already, and it looks again before it sleeps.
        if was_quiet {
            self.rings.waker.wake();
        }
    }
}

/// The receivers of one isolate.
pub struct Receivers {
    rings: Arc<Rings>,
    table: RefCell<HashMap<ReceiverId, Rc<dyn Receiver>>>,
    next: Cell<u64>,
    keeping_alive: Rc<Cell<usize>>,
}

impl Default for Receivers {
    /// Of an isolate on the thread that calls this.
    fn default() -> Self {
        let waker = Waker::of_this_thread();
        let rings = Rings { waiting: Mutex::default(), is_any: AtomicBool::new(false), waker };
        Self {
            rings: Arc::new(rings),
            table: RefCell::default(),
            next: Cell::new(0),
            keeping_alive: Rc::default(),
        }
    }
}

impl Receivers {
    /// What wakes the isolate.
    pub fn waker(&self) -> &Arc<Waker> {
        &self.rings.waker
    }

    /// Adds one; it stays until it is removed.
    pub fn add(&self, receiver: Rc<dyn Receiver>) -> Bell {
        let id = ReceiverId(self.next.replace(self.next.get() + 1));
        self.table.borrow_mut().insert(id, receiver);
        Bell { id, rings: self.rings.clone() }
    }

    /// Removes the receiver behind a bell: rings that come later are for nobody.
    pub fn remove(&self, bell: &Bell) {
        let gone = self.table.borrow_mut().remove(&bell.id);
        drop(gone);
    }

    /// The receiver for whom it rang first.
    pub fn next_called(&self) -> Option<Rc<dyn Receiver>> {
        loop {
            let id = {
                let mut waiting = lock(&self.rings.waiting);
                let id = waiting.pop_front()?;
                self.rings.is_any.store(!waiting.is_empty(), Ordering::Release);
                id
            };
            if let Some(found) = self.table.borrow().get(&id) {
                return Some(found.clone());
            }
        }
    }

    /// Whether it rang for anybody.
    pub fn is_called(&self) -> bool {
        self.rings.is_any.load(Ordering::Acquire)
    }

    /// Keeps the event loop going until the result is dropped.
    pub fn keep_alive(&self) -> KeepAlive {
        self.keeping_alive.set(self.keeping_alive.get() + 1);
        KeepAlive(self.keeping_alive.clone())
    }

    /// Whether anything keeps the event loop going.
    pub fn keeps_alive(&self) -> bool {
        self.keeping_alive.get() > 0
    }

    /// Forgets all receivers.
    pub fn clear(&self) {
        let all = std::mem::take(&mut *self.table.borrow_mut());
        drop(all);
    }
}

/// See [`Receivers::keep_alive`].
pub struct KeepAlive(Rc<Cell<usize>>);

impl Drop for KeepAlive {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Messages on their way to one receiver.
pub struct Inbox<T>(Mutex<Queue<T>>);

struct Queue<T> {
    messages: VecDeque<T>,
    bell: Option<Bell>,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Self(Mutex::new(Queue { messages: VecDeque::new(), bell: None }))
    }
}

impl<T> Inbox<T> {
    /// Adds a message at the end.
    pub fn push(&self, message: T) {
        let mut queue = lock(&self.0);
        queue.messages.push_back(message);
        if let Some(bell) = &queue.bell {
            bell.ring();
        }
    }

    /// Takes the oldest message.
    pub fn pop(&self) -> Option<T> {
        lock(&self.0).messages.pop_front()
    }

    /// Takes the oldest message, if it is like that.
    pub fn pop_if(&self, is_wanted: impl FnOnce(&T) -> bool) -> Option<T> {
        lock(&self.0).messages.pop_front_if(|message| is_wanted(message))
    }

    /// Has a bell ring for each message, those that are here already included.
    pub fn attach(&self, bell: Bell) {
        let mut queue = lock(&self.0);
        for _ in 0..queue.messages.len() {
            bell.ring();
        }
        queue.bell = Some(bell);
    }

    /// Lets messages wait again.
    pub fn detach(&self) {
        lock(&self.0).bell = None;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Receivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receivers").field("known", &self.table.borrow().len()).finish()
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bell").field(&self.id).finish()
    }
}

impl fmt::Debug for KeepAlive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeepAlive").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Inbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("waiting", &lock(&self.0).messages.len()).finish()
    }
}
