//! What `process` tells a script of the process it runs in.

use std::cell::RefCell;
use std::path::PathBuf;

use crate::Terminal;

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
