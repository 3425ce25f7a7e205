//! What `process` tells a script of the process it runs in.

use std::path::PathBuf;

/// Plain facts, given by the embedder: the library reads none of them itself.
#[derive(Clone, Debug, Default)]
pub struct ProcessInfo {
    /// `process.argv`, beginning with the runtime and the script.
    pub argv: Vec<String>,
    /// `process.execPath`.
    pub exec_path: String,
    /// `process.execArgv`.
    pub exec_argv: Vec<String>,
    /// The folder relative paths count from.
    pub current_dir: PathBuf,
    /// The environment; a script sees the names it is permitted to.
    pub env: Vec<(String, String)>,
    /// `process.pid`.
    pub id: u32,
    /// `process.ppid`.
    pub parent_id: u32,
    /// Whether standard input can be read.
    pub has_stdin: bool,
}
