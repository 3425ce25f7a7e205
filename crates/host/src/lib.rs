//! What an isolate may ask of the world outside, and how answers come back.
//!
//! The rooms above (`web`, `node`) reach files, clocks and terminals only through the
//! [`Host`] of their isolate; the embedder decides what stands behind it. Nothing here is
//! process-wide: two isolates can have two hosts.

#![forbid(unsafe_code)]

mod clock;
mod cluster;
mod lifecycle;
mod mail;
pub mod network;
mod output;
mod permissions;
mod process;
mod random;
mod reported;
mod scripts;
mod tasks;
mod workers;

pub use clock::{Clock, SystemClock};
pub use cluster::Cluster;
pub use lifecycle::{Lifecycle, UncaughtError};
pub use mail::{Bell, Inbox, KeepAlive, Receiver, Receivers, Waker};
pub use output::{NoOutput, Output, Stream, Terminal};
pub use permissions::{Access, Denied, Grant, Permissions};
pub use process::{Environment, Identity, ProcessInfo, SystemFacts, Usage, UsageOf};
pub use random::{Random, SystemRandom};
pub use reported::Reported;
pub use scripts::{Scripts, Uncaught, UncaughtOrigin};
pub use tasks::{Completion, TaskId, Tasks};
pub use workers::{
    Begin, WorkerEnd, WorkerKind, WorkerLimits, WorkerOrder, WorkerStarter, WorkerThread,
};

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use holm_js::{Ctx, async_context, slot};

use network::Network;

/// Everything one isolate asks of its embedder. The default grants nothing and prints
/// nowhere.
pub struct Host {
    /// Time, for timers, `Date` excepted.
    pub clock: Box<dyn Clock>,
    /// Random bytes.
    pub random: Box<dyn Random>,
    /// Where `console` and `process.stdout` write.
    pub output: Box<dyn Output>,
    /// What may be reached.
    pub permissions: Permissions,
    /// What `process` tells of itself.
    pub process: ProcessInfo,
    /// Work whose completion will run script.
    pub tasks: Tasks,
    /// The way to other machines. Tasks hold it, which must not hold the host that holds them.
    pub network: Rc<Network>,
    /// Who gets what other threads send.
    pub receivers: Receivers,
    /// Runs scripts and modules by their URLs, where the isolate has modules.
    pub scripts: Option<Rc<dyn Scripts>>,
    /// Asked before an error ends the program.
    pub uncaught: RefCell<Option<Rc<Uncaught>>>,
    /// Starts workers, where the isolate may have some.
    pub workers: Option<Box<dyn WorkerStarter>>,
    /// Errors that no caller is told of.
    pub reported: Reported,
    /// How long the event loop has slept.
    pub idle: Cell<Duration>,
    /// Whether and how the isolate ends.
    pub lifecycle: Lifecycle,
    /// What it shares with its workers.
    pub cluster: Cluster,
}

impl Default for Host {
    fn default() -> Self {
        Self {
            clock: Box::new(SystemClock::default()),
            random: Box::new(SystemRandom),
            output: Box::new(NoOutput),
            permissions: Permissions::default(),
            process: ProcessInfo::default(),
            tasks: Tasks::default(),
            network: Rc::default(),
            receivers: Receivers::default(),
            scripts: None,
            uncaught: RefCell::default(),
            workers: None,
            reported: Reported::default(),
            idle: Cell::default(),
            lifecycle: Lifecycle::default(),
            cluster: Cluster::default(),
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("permissions", &self.permissions).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct HostSlot(RefCell<Rc<Host>>);

/// The host of the isolate that `ctx` belongs to.
pub fn host(ctx: &Ctx<'_>) -> Rc<Host> {
    slot::<HostSlot>(ctx).0.borrow().clone()
}

/// Gives a realm its host, before script runs.
pub fn install(ctx: &Ctx<'_>, host: Rc<Host>) {
    host.tasks.carry(async_context(ctx));
    slot::<HostSlot>(ctx).0.replace(host);
}
