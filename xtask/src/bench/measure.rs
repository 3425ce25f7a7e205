//! One process, started and waited for: how long it took and how much memory it had at its peak.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
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

/// The same for what writes to a pipe, which is read as by the next program in a row; and how many bytes that were.
///
/// What it says on stderr belongs to the failure, so it goes to a file, which does not fill up.
pub fn sample_piped(mut command: Command, said: &Path) -> Result<(Sample, u64), Failure> {
    let what = format!("running {command:?}");
    let file = File::create(said).map_err(Failure::while_doing(&what))?;
    command.stdout(Stdio::piped()).stderr(file);
    let start = Instant::now();
    let mut child = command.spawn().map_err(Failure::while_doing(&what))?;
    let mut read = 0;
    if let Some(mut stdout) = child.stdout.take() {
        read = io::copy(&mut stdout, &mut io::sink()).map_err(Failure::while_doing(&what))?;
    }
    let used = child.wait4().map_err(Failure::while_doing(&what))?;
    let wall_ms = start.elapsed().as_secs_f64() * 1e3;
    match used.status.success() {
        true => Ok((Sample { wall_ms, peak_rss_mb: used.rusage.maxrss as f64 / 1e6 }, read)),
        false => {
            let said = fs::read_to_string(said).unwrap_or_default();
            Err(Failure::Failed(format!("error: {what}: {}\n{}", used.status, said.trim_end())))
        }
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
