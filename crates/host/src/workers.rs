//! Isolates on other threads.
//!
//! Only the room that knows all others can build an isolate; those that let script ask for one
//! say here what they want.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use holm_js::{Ctx, Promise, Result};

use crate::{Cluster, Output, Permissions, ProcessInfo};

/// Starts isolates on threads of their own.
pub trait WorkerStarter {
    /// Starts one. What can be refused at once is an error: a thread that cannot be had.
    fn start(&self, order: WorkerOrder) -> io::Result<WorkerThread>;
}

/// Which globals a worker has besides ECMAScript's and the web's. Its modules are found as
/// Node's are in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerKind {
    /// Those of a `DedicatedWorkerGlobalScope`, which nobody takes for Node's.
    Web,
    /// Node's.
    Node,
}

/// What a new worker is to be.
pub struct WorkerOrder {
    /// Shown by tools of the system.
    pub thread_name: String,
    /// Its globals.
    pub kind: WorkerKind,
    /// What it may use.
    pub limits: WorkerLimits,
    /// What it may reach.
    pub permissions: Permissions,
    /// What its `process` tells.
    pub process: ProcessInfo,
    /// Where it writes.
    pub output: Box<dyn Output + Send>,
    /// What it shares with whoever made it.
    pub cluster: Cluster,
    /// Begins its program, on its thread. The promise is that of a main module.
    pub begin: Begin,
    /// Called on its thread, when the isolate and all it held are gone.
    pub ended: Box<dyn FnOnce(WorkerEnd) + Send>,
}

/// See [`WorkerOrder::begin`].
pub type Begin = Box<dyn for<'js> FnOnce(&Ctx<'js>) -> Result<Option<Promise<'js>>> + Send>;

/// What a worker may use; what is not said is as for whoever made it.
#[derive(Clone, Copy, Debug, Default)]
pub struct WorkerLimits {
    /// Bytes of its heap and of its modules' memories.
    pub memory_bytes: Option<usize>,
    /// Bytes of stack for script.
    pub stack_bytes: Option<usize>,
}

/// How a worker ended.
#[derive(Debug)]
pub enum WorkerEnd {
    /// By itself.
    Exited(i32),
    /// By an error that nobody caught.
    Failed {
        /// The code that a program would end with.
        code: i32,
        /// The error, in short.
        text: String,
        /// Whether it was its memory limit.
        is_out_of_memory: bool,
    },
    /// It was stopped.
    Stopped,
    /// It never began: the isolate could not be made.
    NotMade(String),
}

/// A thread with an isolate.
pub struct WorkerThread {
    /// Ends it, wherever it is.
    pub stop: Arc<dyn Fn() + Send + Sync>,
    /// The thread.
    pub thread: JoinHandle<()>,
}

impl fmt::Debug for WorkerOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerOrder")
            .field("thread_name", &self.thread_name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WorkerThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerThread").field("thread", &self.thread).finish_non_exhaustive()
    }
}
