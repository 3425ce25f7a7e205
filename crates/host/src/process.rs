//! What `process` tells a script of the process it runs in.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::Terminal;

/// Variables that several isolates may share. Clones are the same environment.
#[derive(Clone, Debug, Default)]
pub struct Environment(Arc<Mutex<BTreeMap<String, String>>>);

impl Environment {
    /// Reads or changes it.
    pub fn with<R>(&self, body: impl FnOnce(&mut BTreeMap<String, String>) -> R) -> R {
        body(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another one with the same variables.
    pub fn copy(&self) -> Self {
        self.with(|variables| Self(Arc::new(Mutex::new(variables.clone()))))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        Self(Arc::new(Mutex::new(variables.into_iter().collect())))
    }
}

/// Plain facts, given by the embedder: the library reads none of them itself.
#[derive(Clone, Debug, Default)]
pub struct ProcessInfo {
    /// `process.argv`, beginning with the runtime and the script.
    pub argv: Vec<String>,
    /// `process.execPath`.
    pub exec_path: String,
    /// `process.execArgv`.
    pub exec_argv: Vec<String>,
    /// The folder relative paths count from. The isolate's own: the process keeps its.
    pub current_dir: RefCell<PathBuf>,
    /// The environment; a script sees the names it is permitted to.
    pub env: Vec<(String, String)>,
    /// What workers see instead, where it was given to them: no permission is asked for these.
    pub shared_env: Option<Environment>,
    /// `process.pid`.
    pub id: u32,
    /// `process.ppid`.
    pub parent_id: u32,
    /// Conditions for the `exports` and `imports` of packages, besides Node's own.
    pub conditions: Vec<String>,
    /// Whether standard input can be read.
    pub has_stdin: bool,
    /// Whether the script may listen for the signals of the process.
    pub handles_signals: bool,
    /// The terminal behind standard input, if it is one.
    pub input_terminal: Option<Terminal>,
    /// What the process uses and whose it is; nothing where the embedder does not tell.
    pub system: Option<&'static dyn SystemFacts>,
}

/// What a process uses and whose it is, asked when a script wants to know.
pub trait SystemFacts: fmt::Debug + Sync {
    /// Memory that the process holds.
    fn resident_bytes(&self) -> Option<u64>;
    /// Memory that the machine could still give.
    fn available_bytes(&self) -> Option<u64>;
    /// What was used so far.
    fn usage(&self, of: UsageOf) -> Option<Usage>;
    /// Users and groups.
    fn identity(&self) -> Identity;
    /// The permissions that new files do not get.
    fn umask(&self) -> Option<u32>;
}

/// Whose usage is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageOf {
    /// All threads together.
    Process,
    /// The thread that asks.
    Thread,
}

/// What a process has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time in its own code.
    pub user: Duration,
    /// Time in the system's.
    pub system: Duration,
    /// The most memory it ever held.
    pub max_resident_bytes: u64,
    /// Pages found without reading.
    pub minor_faults: u64,
    /// Pages that had to be read.
    pub major_faults: u64,
    /// Bytes read from disks.
    pub read_bytes: u64,
    /// Bytes written to disks.
    pub written_bytes: u64,
    /// How often it waited.
    pub voluntary_switches: u64,
    /// How often others were let run before.
    pub involuntary_switches: u64,
}

/// Whose process it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The user, and the one that counts for permissions.
    pub user: (u32, u32),
    /// The group, and the one that counts for permissions.
    pub group: (u32, u32),
    /// All groups.
    pub groups: Vec<u32>,
}

impl ProcessInfo {
    /// The folder relative paths count from.
    pub fn current_dir(&self) -> PathBuf {
        self.current_dir.borrow().clone()
    }

    /// Changes the folder relative paths count from.
    pub fn set_current_dir(&self, folder: PathBuf) {
        self.current_dir.replace(folder);
    }

    /// How much memory the process holds, where the embedder tells.
    pub fn resident_bytes(&self) -> Option<u64> {
        self.system?.resident_bytes()
    }
}
