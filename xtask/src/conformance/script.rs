//! What most suites make of a file: one script, which prints what came of it (see [`super::outcome`]).

use std::fs;
use std::time::Duration;

use super::Job;
use super::outcome::{FileReport, Outcome};
use crate::command::Failure;

/// For a file that does not say how long it may take.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// One file of a suite, ready to run.
pub(super) struct Prepared {
    pub(super) script: String,
    /// What is known before the script runs: what is skipped and why.
    pub(super) known: Vec<Outcome>,
    /// All the names the script is going to report, where they can be known beforehand.
    pub(super) names: Option<Vec<String>>,
    /// Its process is ended after this long.
    pub(super) limit: Duration,
}

impl Prepared {
    pub(super) fn run(self, file: &str, job: &Job<'_>) -> Result<FileReport, Failure> {
        if let Some(folder) = job.keep {
            let path = folder.join(format!("{}.js", file.replace('/', "_")));
            fs::write(&path, &self.script)
                .map_err(Failure::while_doing(format!("writing {}", path.display())))?;
        }
        let path = job.place.script(job.index);
        let ended = job.runtime.run(&self.script, &path, self.limit)?;
        Ok(FileReport::from_run(file, self, &ended))
    }
}
