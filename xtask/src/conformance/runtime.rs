//! The program that runs a script, and running it: output into files, a time limit, a folder of its own.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::command::Failure;

/// Between two looks at whether the process is gone.
const POLL: Duration = Duration::from_millis(3);

/// `program arguments… FILE.js`.
#[derive(Debug)]
pub(super) struct Runtime {
    program: PathBuf,
    arguments: Vec<String>,
    /// What is granted to scripts.
    permission: Option<&'static str>,
}

pub(super) struct Ended {
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) end: End,
}

pub(super) enum End {
    Exited(ExitStatus),
    /// Killed after so many seconds.
    TimedOut(u64),
}

/// Where scripts are while they run: nothing else is there but a `package.json`.
pub(super) struct Place(TempDir);

impl Runtime {
    /// A command line: words, the first one a path or a name to look up.
    pub(super) fn parse(command: &str) -> Result<Runtime, Failure> {
        let mut words = command.split_whitespace();
        let Some(program) = words.next() else {
            return Err(Failure::Usage("error: --runtime names no program".into()));
        };
        // Scripts run in another folder: a path must hold there too.
        let program = match program.contains('/') {
            true => fs::canonicalize(program)
                .map_err(Failure::while_doing(format!("looking for {program}")))?,
            false => program.into(),
        };
        let arguments = words.map(str::to_owned).collect();
        Ok(Runtime { program, arguments, permission: None })
    }

    pub(super) fn holm(program: PathBuf, permission: &'static str) -> Runtime {
        Runtime { program, arguments: Vec::new(), permission: Some(permission) }
    }

    /// To run what is no script, and is granted nothing.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // What is tested is this compiler, not what an earlier one left.
        command.args(&self.arguments).env("NO_COLOR", "1").env("HOLM_CODE_CACHE", "off");
        command
    }

    pub(super) fn script_command(&self) -> Command {
        let mut command = self.command();
        command.args(self.permission);
        command
    }

    /// Writes the script to `path` and runs it until it ends or has had its time.
    pub(super) fn run(&self, script: &str, path: &Path, limit: Duration) -> Result<Ended, Failure> {
        fs::write(path, script)
            .map_err(Failure::while_doing(format!("writing {}", path.display())))?;
        let mut command = self.script_command();
        command.arg(path).current_dir(path.parent().unwrap_or(path));
        let ended = Ended::of(command, path, limit)?;
        fs::remove_file(path)
            .map_err(Failure::while_doing(format!("removing {}", path.display())))?;
        Ok(ended)
    }
}

impl Ended {
    /// Starts it with nothing to read and waits until it ends or has had its time. What it writes goes to files
    /// beside `path`, so that a child of its own that stays behind keeps nobody waiting.
    pub(super) fn of(mut command: Command, path: &Path, limit: Duration) -> Result<Ended, Failure> {
        let [out, err] = ["out", "err"].map(|extension| path.with_extension(extension));
        let make = |path: &Path| {
            File::create(path).map_err(Failure::while_doing(format!("making {}", path.display())))
        };
        command.stdin(Stdio::null()).stdout(make(&out)?).stderr(make(&err)?);
        let end = End::of(&mut spawn(&mut command)?, limit)?;
        let ended = Ended { stdout: lossy(&out)?, stderr: lossy(&err)?, end };
        for file in [&out, &err] {
            fs::remove_file(file)
                .map_err(Failure::while_doing(format!("removing {}", file.display())))?;
        }
        Ok(ended)
    }

    /// The same by pipes, which can be polled, unlike files; that of stdin is closed at the other end.
    pub(super) fn of_piped(mut command: Command, limit: Duration) -> Result<Ended, Failure> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn(&mut command)?;
        drop(child.stdin.take());
        let out = child.stdout.take().map(read_aside);
        let err = child.stderr.take().map(read_aside);
        let end = End::of(&mut child, limit)?;
        Ok(Ended { stdout: joined(out)?, stderr: joined(err)?, end })
    }
}

fn spawn(command: &mut Command) -> Result<Child, Failure> {
    command
        .spawn()
        .map_err(Failure::while_doing(format!("running {}", command.get_program().display())))
}

/// Reads to the end on a thread of its own, so that no pipe fills up.
fn read_aside(mut pipe: impl Read + Send + 'static) -> JoinHandle<io::Result<Vec<u8>>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).map(|_| bytes)
    })
}

fn joined(reader: Option<JoinHandle<io::Result<Vec<u8>>>>) -> Result<String, Failure> {
    let Some(reader) = reader else { return Ok(String::new()) };
    let bytes = reader.join().expect("reading does not panic");
    let bytes = bytes.map_err(Failure::while_doing("reading what a process wrote"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl End {
    /// Waits until it ends or has had its time.
    fn of(child: &mut Child, limit: Duration) -> Result<End, Failure> {
        let what = "waiting for a process";
        let started = Instant::now();
        loop {
            if let Some(status) = child.try_wait().map_err(Failure::while_doing(what))? {
                return Ok(End::Exited(status));
            }
            if started.elapsed() > limit {
                child.kill().map_err(Failure::while_doing(what))?;
                child.wait().map_err(Failure::while_doing(what))?;
                return Ok(End::TimedOut(limit.as_secs()));
            }
            thread::sleep(POLL);
        }
    }
}

impl Place {
    pub(super) fn new(resources: Option<&Path>) -> Result<Place, Failure> {
        let folder = TempDir::with_prefix("holm-conformance-")
            .map_err(Failure::while_doing("making a temporary folder"))?;
        // Deno takes a `.js` file for a module, which is strict, unless told.
        fs::write(folder.path().join("package.json"), "{ \"type\": \"commonjs\" }\n")
            .map_err(Failure::while_doing("writing package.json"))?;
        if let Some(resources) = resources {
            // Copied: a script may read below its own folder only.
            let what = || format!("copying {}", resources.display());
            let beside = folder.path().join(resources.file_name().unwrap_or_default());
            fs::create_dir(&beside).map_err(Failure::while_doing(what()))?;
            for entry in fs::read_dir(resources).map_err(Failure::while_doing(what()))? {
                let from = entry.map_err(Failure::while_doing(what()))?.path();
                let to = beside.join(from.file_name().unwrap_or_default());
                fs::copy(&from, &to).map_err(Failure::while_doing(what()))?;
            }
            // They are imported.
            fs::write(beside.join("package.json"), "{ \"type\": \"module\" }\n")
                .map_err(Failure::while_doing("writing package.json"))?;
        }
        Ok(Place(folder))
    }

    pub(super) fn script(&self, index: usize) -> PathBuf {
        self.0.path().join(format!("{index}.js"))
    }

    /// A new, empty folder.
    pub(super) fn folder(&self, index: usize) -> Result<PathBuf, Failure> {
        let folder = self.0.path().join(index.to_string());
        fs::create_dir(&folder)
            .map_err(Failure::while_doing(format!("making {}", folder.display())))?;
        Ok(folder)
    }
}

fn lossy(path: &Path) -> Result<String, Failure> {
    let bytes =
        fs::read(path).map_err(Failure::while_doing(format!("reading {}", path.display())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
