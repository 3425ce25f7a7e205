//! One process, started and waited for: how long it took and how much memory it had at its peak.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Instant;

use wait4::Wait4;

use crate::command::Failure;

/// One run.
#[derive(Clone, Copy)]
pub struct Sample {
    pub wall_ms: f64,
    pub peak_rss_mb: f64,
}

/// From just before the process is made to its exit, its output thrown away.
///
/// The kernel counts what we hold between fork and exec as the child's, so no peak below our own can be seen:
/// that is why the table has a row for `true`.
pub fn sample(mut command: Command) -> Result<Sample, Failure> {
    let what = format!("running {command:?}");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let child = command.spawn().map_err(Failure::while_doing(&what))?;
    let used = child.wait4().map_err(Failure::while_doing(&what))?;
    let wall_ms = start.elapsed().as_secs_f64() * 1e3;
    match used.status.success() {
        true => Ok(Sample { wall_ms, peak_rss_mb: used.rusage.maxrss as f64 / 1e6 }),
        false => Err(Failure::Failed(format!("error: {what}: {}", used.status))),
    }
}

/// A run that is not measured: fails unless it prints exactly `expected`, so that no broken start is timed.
pub fn warm_up(mut command: Command, expected: &str) -> Result<(), Failure> {
    let what = format!("running {command:?}");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(Failure::while_doing(&what))?;
    let mut printed = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_end(&mut printed).map_err(Failure::while_doing(&what))?;
    }
    let status = child.wait().map_err(Failure::while_doing(&what))?;
    if status.success() && printed == expected.as_bytes() {
        return Ok(());
    }
    let printed = String::from_utf8_lossy(&printed);
    Err(Failure::Failed(format!("error: {what}: {status}, printed {printed:?}, not {expected:?}")))
}
