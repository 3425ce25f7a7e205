//! What `process` tells a script of the process it runs in.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

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
    /// Tells how much memory the process holds.
    pub resident_bytes: Option<fn() -> Option<u64>>,
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
        self.resident_bytes.and_then(|ask| ask())
    }
}
