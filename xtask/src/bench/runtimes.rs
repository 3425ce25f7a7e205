//! Which runtimes are compared: the built `holm` and what is on PATH or given by flag.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo;
use crate::command::Failure;

/// A program that runs a JavaScript file, ready to be started.
pub struct Runtime {
    pub name: &'static str,
    pub version: String,
    path: PathBuf,
    /// What stands before the file's name.
    arguments: &'static [&'static str],
}

impl Runtime {
    pub fn command(&self, script: &Path) -> Command {
        let mut command = self.bare();
        command.args(self.arguments).arg(script);
        // What is measured shall not depend on what ran before.
        command.env("HOLM_CODE_CACHE", "off");
        command
    }

    /// To be given all that stands behind the program.
    pub fn bare(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.stdin(Stdio::null());
        command
    }

    /// One that is never started.
    #[cfg(test)]
    pub fn named(name: &'static str) -> Self {
        Runtime { name, version: String::new(), path: PathBuf::new(), arguments: &[] }
    }
}

impl Runtime {
    /// The same for a script that needs permissions: `flags` are Holm's, the others give all or have none.
    pub fn command_that_may(&self, flags: &[String], script: &Path) -> Command {
        let mut command = self.bare();
        command.args(self.arguments);
        match self.name {
            "holm" => command.args(flags),
            "deno" => command.arg("-A"),
            _ => &mut command,
        };
        command.arg(script).env("HOLM_CODE_CACHE", "off");
        command
    }
}

/// The peers that run scripts. The name by which one is looked up is also its flag.
pub const PEERS: [&str; 3] = ["node", "deno", "bun"];

/// Paths given by flag, by name.
#[derive(Default)]
pub struct Given(Vec<(&'static str, PathBuf)>);

impl Given {
    pub fn set(&mut self, name: &'static str, path: PathBuf) {
        self.0.push((name, path));
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.0.iter().rfind(|(given, _)| *given == name).map(|(_, path)| path.clone())
    }
}

/// Holm first, built when no path was given, then every peer that is there. A flag that names no program fails.
pub fn found(given: &Given, peers: &[&'static str]) -> Result<Vec<Runtime>, Failure> {
    let holm = match given.path("holm") {
        Some(path) => path,
        None => cargo::release_holm()?,
    };
    let mut runtimes = vec![runtime("holm", holm)?];
    for &name in peers {
        match given.path(name).or_else(|| on_path(name)) {
            Some(path) => runtimes.push(runtime(name, path)?),
            None => eprintln!("note: no {name} on PATH (--{name} PATH gives one)"),
        }
    }
    Ok(runtimes)
}

fn runtime(name: &'static str, path: PathBuf) -> Result<Runtime, Failure> {
    let asked = Command::new(&path).arg("--version").stdin(Stdio::null()).output();
    let output = asked.map_err(Failure::while_doing(format!("starting {}", path.display())))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let first_line = text.lines().next().unwrap_or("");
    let version = first_line.trim_start_matches(name).trim();
    // A benchmark may run it in another folder.
    let path = fs::canonicalize(&path).unwrap_or(path);
    let arguments: &[&str] = if name == "deno" { &["run"] } else { &[] };
    Ok(Runtime { name, version: version.into(), path, arguments })
}

fn on_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
        .find(|file| file.is_file())
}

/// What every benchmark takes: `--runs N`, and where runtimes are.
pub fn options(mut args: lexopt::Parser, default_runs: usize) -> Result<(Given, usize), Failure> {
    use lexopt::prelude::*;
    let (mut given, mut runs) = (Given::default(), default_runs);
    while let Some(arg) = args.next()? {
        match arg {
            Long("runs") => runs = args.value()?.parse()?,
            Long("holm") => given.set("holm", args.value()?.into()),
            Long("node") => given.set("node", args.value()?.into()),
            Long("deno") => given.set("deno", args.value()?.into()),
            Long("wasmtime") => given.set("wasmtime", args.value()?.into()),
            Long("bun") => given.set("bun", args.value()?.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    match runs {
        0 => Err(Failure::Usage("error: --runs must be at least 1".into())),
        _ => Ok((given, runs)),
    }
}
