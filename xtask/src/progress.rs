//! A line on stderr that says how far long work is; nothing at all when stderr is not a terminal.

use std::io::{self, IsTerminal, Write};

pub struct Progress {
    on_terminal: bool,
}

impl Progress {
    pub fn new() -> Self {
        Progress { on_terminal: io::stderr().is_terminal() }
    }

    /// Replaces what was shown before.
    pub fn show(&self, text: &str) {
        if self.on_terminal {
            // A terminal that went away is no reason to stop the work.
            let _ = write!(io::stderr(), "\r\x1b[K{text}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.show("");
    }
}
