//! Running one command of a case: streams, signals, the time limit.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::directive::{Directives, Kill, Stdout, When};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(3);
/// What is kept of a stream; the rest is only counted. More than is shown of short lines, see `shown`.
const KEPT_BYTES: usize = 1 << 20;

/// What came out of a process.
#[derive(Default)]
pub(crate) struct Finished {
    pub(crate) stdout: Captured,
    pub(crate) stderr: Captured,
    pub(crate) end: End,
}

#[derive(Default, PartialEq)]
pub(crate) enum End {
    /// `0`, `1`, …, or `signal 2`.
    Exit(String),
    /// Had to be killed after this time.
    Hung(Duration),
    #[default]
    NotRun,
}

/// The beginning of a stream, and its whole length.
#[derive(Clone, Default)]
pub(crate) struct Captured {
    pub(crate) bytes: Vec<u8>,
    pub(crate) total_bytes: u64,
}

impl Captured {
    /// Takes in what the next command printed.
    pub(crate) fn append(&mut self, next: &Captured) {
        self.bytes.extend_from_slice(&next.bytes);
        self.total_bytes += next.total_bytes;
    }
}

/// Runs `command` (program, arguments, folder and environment already set) to its end or the time limit.
pub(crate) fn run(
    mut command: Command,
    stdin: &str,
    directives: &Directives,
) -> io::Result<Finished> {
    // A group of its own, so that what it leaves behind can be ended with it.
    command.stdin(Stdio::piped()).process_group(0);
    let readers = connect(&mut command, &directives.stdout)?;
    let mut child = command.spawn()?;
    // The command holds our copies of the streams' writing ends: readers see no end before they are closed.
    drop(command);
    let writer = feed(&mut child, stdin.as_bytes().to_vec());
    let status = wait(&mut child, directives, &readers.stdout)?;
    // Ignored: mostly the group is already empty.
    kill_process_group(pid(&child), Signal::KILL).ok();
    let limit = directives.timeout.unwrap_or(DEFAULT_TIMEOUT);
    let end = status.map_or(End::Hung(limit), |status| End::Exit(exit_text(status)));
    // A broken pipe only says that the program did not read to the end.
    writer.join().ok();
    Ok(Finished { stdout: readers.stdout.finish(), stderr: readers.stderr.finish(), end })
}

/// `None` when the time limit was reached; the process is dead then.
fn wait(
    child: &mut Child,
    directives: &Directives,
    stdout: &Reader,
) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut kill = directives.kill.as_ref();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > directives.timeout.unwrap_or(DEFAULT_TIMEOUT) {
            kill_process_group(pid(child), Signal::KILL)?;
            child.wait()?;
            return Ok(None);
        }
        if let Some(Kill { signal, .. }) = kill.take_if(|kill| is_due(&kill.when, start, stdout)) {
            kill_process(pid(child), *signal)?;
        }
        thread::sleep(POLL);
    }
}

fn is_due(when: &When, start: Instant, stdout: &Reader) -> bool {
    match when {
        When::After(delay) => start.elapsed() >= *delay,
        When::Printed(text) => stdout.contains(text.as_bytes()),
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

fn exit_text(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => code.to_string(),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

struct Readers {
    stdout: Reader,
    stderr: Reader,
}

fn connect(command: &mut Command, stdout: &Stdout) -> io::Result<Readers> {
    if *stdout == Stdout::Terminal {
        let (ours, theirs) = terminal()?;
        command.stdout(theirs.try_clone()?).stderr(theirs);
        return Ok(Readers {
            stdout: Reader::start(TerminalOutput(ours)),
            stderr: Reader::start(io::empty()),
        });
    }
    let (error_reader, error_writer) = io::pipe()?;
    let (reader, writer) = io::pipe()?;
    command.stdout(writer).stderr(error_writer);
    let stdout = match stdout {
        Stdout::ClosedPipe => {
            drop(reader);
            Reader::start(io::empty())
        }
        _ => Reader::start(reader),
    };
    Ok(Readers { stdout, stderr: Reader::start(error_reader) })
}

/// Both ends of a new pseudo-terminal.
fn terminal() -> io::Result<(File, File)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = OsString::from(ptsname(&ours, Vec::new())?.to_string_lossy().as_ref());
    Ok((File::from(ours), File::options().read(true).write(true).open(name)?))
}

/// Reads what a terminal shows: its line ends as a program wrote them, and an end instead of an error.
struct TerminalOutput(File);

impl Read for TerminalOutput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            Ok(count) => {
                // The line discipline writes `\r\n` for `\n`.
                let kept: Vec<u8> =
                    buffer[..count].iter().copied().filter(|byte| *byte != b'\r').collect();
                buffer[..kept.len()].copy_from_slice(&kept);
                match kept.len() {
                    // A zero would say that it is over.
                    0 if count > 0 => self.read(buffer),
                    length => Ok(length),
                }
            }
            // Linux says EIO when the last writer is gone.
            Err(_) => Ok(0),
        }
    }
}

/// A thread that reads a stream to its end.
struct Reader {
    captured: Arc<Mutex<Captured>>,
    thread: JoinHandle<()>,
}

impl Reader {
    fn start(mut stream: impl Read + Send + 'static) -> Reader {
        let captured = Arc::new(Mutex::new(Captured::default()));
        let shared = Arc::clone(&captured);
        let thread = thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                let mut captured = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let kept = count.min(KEPT_BYTES - captured.bytes.len());
                captured.bytes.extend_from_slice(&buffer[..kept]);
                captured.total_bytes += count as u64;
            }
        });
        Reader { captured, thread }
    }

    fn contains(&self, text: &[u8]) -> bool {
        let captured = self.captured.lock().unwrap_or_else(PoisonError::into_inner);
        captured.bytes.windows(text.len()).any(|window| window == text)
    }

    fn finish(self) -> Captured {
        // It can only have panicked in a read; what it read so far still tells something.
        self.thread.join().ok();
        self.captured.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn feed(child: &mut Child, content: Vec<u8>) -> JoinHandle<io::Result<()>> {
    let stdin = child.stdin.take();
    thread::spawn(move || match stdin {
        Some(mut stdin) => stdin.write_all(&content),
        None => Ok(()),
    })
}
