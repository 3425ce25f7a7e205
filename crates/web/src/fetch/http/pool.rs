//! Connections that wait for the next request.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::connection::{Connection, Origin, Sender};

/// How long a connection waits, as in Node: most servers close theirs after five seconds.
const IDLE_TIME: Duration = Duration::from_secs(4);
/// The most that wait; what comes after that is closed.
const MAX_IDLE_CONNECTIONS: usize = 64;
/// Of how many servers it is known that they speak no HTTP/2; then all is forgotten.
const MAX_KNOWN_ORIGINS: usize = 1024;

/// The connections of one realm. Clones are the same pool.
#[derive(Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Shelves>>);

#[derive(Default)]
struct Shelves {
    /// Connections that wait; of those for HTTP/2 the one that all requests share.
    waiting: HashMap<Origin, Vec<Connection>>,
    /// Where the first connection is being made: what the others wait for.
    opening: HashMap<Origin, Arc<Semaphore>>,
    /// Servers with TLS that speak HTTP/1.1 only.
    without_http2: HashSet<Origin>,
    /// Whether somebody closes what waits for too long.
    is_swept: bool,
}

impl Pool {
    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection to this server.
    pub(super) fn take(&self, origin: &Origin) -> Option<Connection> {
        let mut shelves = self.shelves();
        let waiting = shelves.waiting.get_mut(origin)?;
        waiting.retain(|one| !one.is_closed() && one.idle_since.elapsed() < IDLE_TIME);
        let shared = waiting.last_mut().and_then(|last| {
            let shared = last.share()?;
            last.idle_since = Instant::now();
            Some(shared)
        });
        if shared.is_some() {
            return shared;
        }
        let taken = waiting.pop();
        if waiting.is_empty() {
            shelves.waiting.remove(origin);
        }
        taken
    }

    /// Keeps a connection for the next request; that of HTTP/2 is shared from now on.
    pub(super) fn put(&self, origin: Origin, connection: Connection) {
        let mut shelves = self.shelves();
        if shelves.waiting.values().map(Vec::len).sum::<usize>() >= MAX_IDLE_CONNECTIONS {
            return;
        }
        let connection = Connection { idle_since: Instant::now(), ..connection };
        shelves.waiting.entry(origin).or_default().push(connection);
        if !std::mem::replace(&mut shelves.is_swept, true) {
            let pool = self.clone();
            tokio::spawn(async move { pool.sweep().await });
        }
    }

    /// Closes what waits for too long, for as long as something waits.
    async fn sweep(self) {
        loop {
            sleep(IDLE_TIME).await;
            let mut shelves = self.shelves();
            shelves.waiting.retain(|_, waiting| {
                waiting.retain(|one| !one.is_closed() && one.idle_since.elapsed() < IDLE_TIME);
                !waiting.is_empty()
            });
            if shelves.waiting.is_empty() {
                shelves.is_swept = false;
                return;
            }
        }
    }

    /// What whoever wants a first connection to a server waits for; `None` where there is no
    /// reason to wait, since requests cannot share one.
    pub(super) fn gate(&self, origin: &Origin) -> Option<Arc<Semaphore>> {
        let mut shelves = self.shelves();
        if !origin.is_secure || shelves.without_http2.contains(origin) {
            return None;
        }
        let gate = shelves.opening.entry(origin.clone());
        Some(gate.or_insert_with(|| Arc::new(Semaphore::new(1))).clone())
    }

    /// Lets all through that wait for the first connection, which is made, or failed.
    pub(super) fn open_gate(&self, origin: &Origin, made: Option<&Connection>) {
        let mut shelves = self.shelves();
        if let Some(gate) = shelves.opening.remove(origin) {
            gate.close();
        }
        if made.is_some_and(|made| matches!(made.sender, Sender::Http1(_))) {
            if shelves.without_http2.len() >= MAX_KNOWN_ORIGINS {
                shelves.without_http2.clear();
            }
            shelves.without_http2.insert(origin.clone());
        }
    }
}
