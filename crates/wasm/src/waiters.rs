//! Who waits at which address of shared memory.
//!
//! One queue per address, whoever waits: a module by `memory.atomic.wait32`, script by
//! `Atomics.wait` or `waitAsync`, on whatever thread of the engine. Wasmtime and QuickJS have
//! queues of their own, which know nothing of each other and cannot be left early.
//!
//! Nobody is woken but by [`WaitQueue::notify`], first come, first served; who waits any other
//! way gives up by itself, and says so.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::Stopper;

/// The waiters of one engine.
#[derive(Default)]
pub struct WaitQueue {
    shards: [Mutex<Shard>; SHARDS],
}

/// Those who wait at some of the addresses.
type Shard = HashMap<usize, VecDeque<Arc<Waiter>>>;

/// Threads that use different memory seldom meet.
const SHARDS: usize = 16;
/// Addresses that differ in lower bits only are in one shard: a cache line's.
const SHARD_SHIFT: u32 = 6;

/// How waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// By [`WaitQueue::notify`].
    Woken,
    /// It did not begin: there was another value.
    NotEqual,
    /// The time was over.
    TimedOut,
    /// The isolate may run no more.
    Stopped,
}

/// One who waits.
struct Waiter {
    address: usize,
    /// Changes only while the shard is locked.
    is_woken: AtomicBool,
    /// For a thread that sleeps.
    changed: Condvar,
    /// For a task.
    waker: Mutex<Option<Waker>>,
}

/// A thread that sleeps here, for who wants it to look whether it was stopped.
#[derive(Clone)]
pub(crate) struct Sleeper {
    queue: Arc<WaitQueue>,
    waiter: Arc<Waiter>,
}

impl WaitQueue {
    /// Sleeps until it is notified at `address`, until `deadline`, or until `stopper` says that
    /// nothing may run any more. Does not begin where `is_equal` says that there is another value
    /// by now: it is asked at a moment when nobody can notify.
    pub fn wait(
        self: &Arc<Self>,
        address: usize,
        is_equal: impl FnOnce() -> bool,
        deadline: Option<Instant>,
        stopper: &Stopper,
    ) -> Waited {
        let mut shard = self.shard(address);
        if !is_equal() {
            return Waited::NotEqual;
        }
        let waiter = enqueue(&mut shard, address);
        let _sleeping = stopper.sleeping(Sleeper { queue: self.clone(), waiter: waiter.clone() });
        loop {
            let now = Instant::now();
            let end = match (deadline, stopper.deadline()) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            let ended = if waiter.is_woken() {
                return Waited::Woken;
            } else if stopper.is_due(now) {
                Waited::Stopped
            } else if deadline.is_some_and(|deadline| deadline <= now) {
                Waited::TimedOut
            } else {
                shard = sleep(&waiter, shard, end.map(|end| end.saturating_duration_since(now)));
                continue;
            };
            remove(&mut shard, &waiter);
            return ended;
        }
    }

    /// Begins to wait without sleeping; `None` where there is another value by now.
    pub fn wait_async(
        self: &Arc<Self>,
        address: usize,
        is_equal: impl FnOnce() -> bool,
    ) -> Option<AsyncWait> {
        let mut shard = self.shard(address);
        is_equal().then(|| AsyncWait { queue: self.clone(), waiter: enqueue(&mut shard, address) })
    }

    /// Wakes so many who wait at `address`, the first who came first. Says how many there were.
    pub fn notify(&self, address: usize, count: u32) -> u32 {
        let mut shard = self.shard(address);
        let Entry::Occupied(mut waiters) = shard.entry(address) else { return 0 };
        let count = waiters.get().len().min(count as usize);
        let woken: Vec<_> = waiters.get_mut().drain(..count).collect();
        if waiters.get().is_empty() {
            waiters.remove();
        }
        for waiter in &woken {
            waiter.is_woken.store(true, Ordering::Release);
            waiter.changed.notify_one();
        }
        drop(shard);
        for waker in woken.iter().filter_map(|waiter| waiter.waker().take()) {
            waker.wake();
        }
        count as u32
    }

    fn shard(&self, address: usize) -> MutexGuard<'_, Shard> {
        let shard = &self.shards[(address >> SHARD_SHIFT) % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn enqueue(shard: &mut Shard, address: usize) -> Arc<Waiter> {
    let (is_woken, changed, waker) = Default::default();
    let waiter = Arc::new(Waiter { address, is_woken, changed, waker });
    shard.entry(address).or_default().push_back(waiter.clone());
    waiter
}

fn remove(shard: &mut Shard, waiter: &Arc<Waiter>) {
    if let Entry::Occupied(mut waiters) = shard.entry(waiter.address) {
        waiters.get_mut().retain(|other| !Arc::ptr_eq(other, waiter));
        if waiters.get().is_empty() {
            waiters.remove();
        }
    }
}

/// Sleeps until something changes, but no longer than that.
fn sleep<'a>(
    waiter: &Waiter,
    shard: MutexGuard<'a, Shard>,
    most: Option<std::time::Duration>,
) -> MutexGuard<'a, Shard> {
    match most {
        Some(most) => {
            let (shard, _) =
                waiter.changed.wait_timeout(shard, most).unwrap_or_else(PoisonError::into_inner);
            shard
        }
        None => waiter.changed.wait(shard).unwrap_or_else(PoisonError::into_inner),
    }
}

impl Waiter {
    fn is_woken(&self) -> bool {
        self.is_woken.load(Ordering::Acquire)
    }

    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sleeper {
    /// Has the thread look.
    pub(crate) fn nudge(&self) {
        // Locked, so that it is not between looking and sleeping.
        let _shard = self.queue.shard(self.waiter.address);
        self.waiter.changed.notify_one();
    }
}

/// Waiting without sleeping: ready when it is notified. Dropped, it waits no more.
pub struct AsyncWait {
    queue: Arc<WaitQueue>,
    waiter: Arc<Waiter>,
}

impl AsyncWait {
    /// Waits no more. Whether it was notified before.
    pub fn give_up(&self) -> bool {
        let mut shard = self.queue.shard(self.waiter.address);
        if !self.waiter.is_woken() {
            remove(&mut shard, &self.waiter);
        }
        self.waiter.is_woken()
    }
}

impl Future for AsyncWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // The waker first: who notifies sets the flag and then looks for it.
        *self.waiter.waker() = Some(cx.waker().clone());
        if self.waiter.is_woken() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for AsyncWait {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl fmt::Debug for AsyncWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncWait").field(&self.waiter.address).finish()
    }
}

impl fmt::Debug for WaitQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WaitQueue")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const HERE: usize = 0x1000;
    const SOON: Duration = Duration::from_secs(5);

    /// Has threads wait at an address, one after the other.
    fn wait_in_line(queue: &Arc<WaitQueue>, count: usize) -> std::sync::mpsc::Receiver<usize> {
        let (sender, receiver) = std::sync::mpsc::channel();
        for number in 0..count {
            let (waiting, sender) = (queue.clone(), sender.clone());
            std::thread::spawn(move || {
                let waited = waiting.wait(HERE, || true, None, &Stopper::new());
                assert_eq!(waited, Waited::Woken);
                sender.send(number).expect("the test waits");
            });
            while queue.shard(HERE).get(&HERE).map_or(0, VecDeque::len) <= number {
                std::thread::yield_now();
            }
        }
        receiver
    }

    #[test]
    fn who_came_first_is_woken_first() {
        let queue = Arc::<WaitQueue>::default();
        let woken = wait_in_line(&queue, 4);
        assert_eq!(queue.notify(HERE + 4, 1), 0);
        for number in 0..2 {
            assert_eq!(queue.notify(HERE, 1), 1);
            assert_eq!(woken.recv_timeout(SOON), Ok(number));
        }
        assert_eq!(queue.notify(HERE, u32::MAX), 2);
        let mut rest = [(); 2].map(|()| woken.recv_timeout(SOON).expect("woken"));
        rest.sort_unstable();
        assert_eq!(rest, [2, 3]);
        assert_eq!(queue.notify(HERE, u32::MAX), 0);
        assert!(queue.shard(HERE).is_empty());
    }

    #[test]
    fn who_gives_up_is_not_counted() {
        let queue = Arc::<WaitQueue>::default();
        let stopper = Stopper::new();
        assert_eq!(queue.wait(HERE, || false, None, &stopper), Waited::NotEqual);
        let soon = Some(Instant::now() + Duration::from_millis(5));
        assert_eq!(queue.wait(HERE, || true, soon, &stopper), Waited::TimedOut);
        stopper.set_deadline(soon);
        assert_eq!(queue.wait(HERE, || true, None, &stopper), Waited::Stopped);
        assert!(stopper.is_stopped());
        let abandoned = queue.wait_async(HERE, || true).expect("equal");
        let second = queue.wait_async(HERE, || true).expect("equal");
        drop(abandoned);
        assert_eq!(queue.notify(HERE, 2), 1);
        assert!(second.give_up());
        assert!(queue.shard(HERE).is_empty());
    }

    #[test]
    fn who_is_stopped_sleeps_no_more() {
        let queue = Arc::<WaitQueue>::default();
        for delay in 0..200 {
            let stopper = Stopper::new();
            let (waiting, stopped) = (queue.clone(), stopper.clone());
            let thread = std::thread::spawn(move || waiting.wait(HERE, || true, None, &stopped));
            std::thread::sleep(Duration::from_micros(delay));
            stopper.stop();
            assert_eq!(thread.join().expect("no panic"), Waited::Stopped);
        }
        assert!(queue.shard(HERE).is_empty());
    }
}
