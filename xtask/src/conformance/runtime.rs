//! The program that runs a script, and running it: output into files, a time limit, a folder of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
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
        Ok(Runtime { program, arguments: words.map(str::to_owned).collect() })
    }

    /// Holm, which may ask the server that some tests need.
    pub(super) fn holm(program: PathBuf) -> Runtime {
        Runtime { program, arguments: vec!["--allow-net=127.0.0.1,localhost".to_owned()] }
    }

    /// Writes the script to `path` and runs it until it ends or has had its time.
    pub(super) fn run(&self, script: &str, path: &Path, limit: Duration) -> Result<Ended, Failure> {
        let [out, err] = ["out", "err"].map(|extension| path.with_extension(extension));
        let make = |path: &Path| {
            File::create(path).map_err(Failure::while_doing(format!("making {}", path.display())))
        };
        fs::write(path, script)
            .map_err(Failure::while_doing(format!("writing {}", path.display())))?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg(path).env("NO_COLOR", "1");
        // What is tested is this compiler, not what an earlier one left.
        command.env("HOLM_CODE_CACHE", "off");
        command.current_dir(path.parent().unwrap_or(path));
        command.stdin(Stdio::null()).stdout(make(&out)?).stderr(make(&err)?);
        let what = format!("running {}", self.program.display());
        let mut child = command.spawn().map_err(Failure::while_doing(&what))?;
        let started = Instant::now();
        let end = loop {
            if let Some(status) = child.try_wait().map_err(Failure::while_doing(&what))? {
                break End::Exited(status);
            }
            if started.elapsed() > limit {
                child.kill().map_err(Failure::while_doing(&what))?;
                child.wait().map_err(Failure::while_doing(&what))?;
                break End::TimedOut(limit.as_secs());
            }
            thread::sleep(POLL);
        };
        let ended = Ended { stdout: lossy(&out)?, stderr: lossy(&err)?, end };
        for file in [path, &out, &err] {
            fs::remove_file(file)
                .map_err(Failure::while_doing(format!("removing {}", file.display())))?;
        }
        Ok(ended)
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
}

fn lossy(path: &Path) -> Result<String, Failure> {
    let bytes =
        fs::read(path).map_err(Failure::while_doing(format!("reading {}", path.display())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
