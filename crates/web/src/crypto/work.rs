//! Work that takes long: on other threads, weighed, a few at a time, ended when nobody waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use holm_host::host;
use holm_js::{Ctx, Result, slot};
use tokio::sync::Semaphore;

use super::hash::Wanted;
use crate::weight::Weight;

/// So many computations of a realm run at a time.
const MAX_RUNNING: usize = 4;

/// What a computation counts beside its bytes.
const COMPUTATION_BYTES: usize = 1024;

/// Turns of a realm's computations.
struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_RUNNING)))
    }
}

/// Bytes that the limit of the realm's heap counts while this lives.
#[derive(Debug)]
pub struct Room {
    _weight: Weight,
}

impl Room {
    /// A `RangeError` if there is none.
    pub fn new(ctx: &Ctx<'_>, len_bytes: usize) -> Result<Self> {
        Ok(Self { _weight: Weight::new(ctx, len_bytes)? })
    }
}

/// Says when it is dropped that the work is not wanted any more.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does work that needs so many bytes, and goes on with what it gives: nothing, if its thread
/// could not be had.
pub fn compute<T: Send + 'static>(
    ctx: &Ctx<'_>,
    len_bytes: usize,
    work: impl FnOnce(Wanted<'_>) -> T + Send + 'static,
    then: impl for<'js> FnOnce(&Ctx<'js>, Option<T>) -> Result<()> + 'static,
) -> Result<()> {
    let room = Room::new(ctx, len_bytes.saturating_add(COMPUTATION_BYTES))?;
    let turns = slot::<Turns>(ctx).0.clone();
    let task = async move {
        let waiting = Waiting(Arc::default());
        let is_unwanted = waiting.0.clone();
        let _turn = turns.acquire().await.ok()?;
        let running = tokio::task::spawn_blocking(move || {
            let _room = room;
            work(&mut || !is_unwanted.load(Ordering::Relaxed))
        });
        running.await.ok()
    };
    host(ctx).tasks.spawn(task, then);
    Ok(())
}
