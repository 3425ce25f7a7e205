//! `cargo xtask fuzz TARGET`: random inputs against Holm, the same for the same seed.
//!
//! `fuzz/main.rs` makes and runs them, in a process of its own that says what it is doing. Here is who watches it:
//! what panics, aborts or hangs is kept below `target/fuzz/`, with the command that runs it again, and the process
//! is started anew behind it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{self, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::cargo;
use crate::command::{Command, Failure};
use crate::progress::Progress;

pub const COMMAND: Command = Command {
    name: "fuzz",
    summary: "run random inputs: modules|legacy|differential|conversions|artifacts|http|keys|wasi|all [--seconds N] [--seed S] …",
    run,
};

const HELP: &str = "usage: cargo xtask fuzz TARGET [OPTIONS]

  TARGET is modules|legacy|differential|conversions|artifacts|http|keys|wasi|all

  --seconds N   for how long, each target (default: 60)
  --seed S      what the inputs are made from (default: 1)
  --case N      only this case
  --input FILE  only this input

What fails is kept in target/fuzz.";

const TARGETS: [&str; 8] =
    ["modules", "legacy", "differential", "conversions", "artifacts", "http", "keys", "wasi"];
/// An input that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(10);
/// So many failures are enough to look at.
const MOST_FAILURES: usize = 10;
/// Lines shown of what a process said before it ended: a panic's own words come first.
const LINES_SHOWN: usize = 20;

struct Options {
    target: String,
    seconds: u64,
    seed: u64,
    case: Option<u64>,
    input: Option<PathBuf>,
}

fn run(args: lexopt::Parser) -> Result<(), Failure> {
    let Some(options) = parse(args)? else {
        println!("{HELP}");
        return Ok(());
    };
    let targets = match options.target.as_str() {
        "all" => TARGETS.to_vec(),
        one => match TARGETS.iter().find(|target| **target == one) {
            Some(target) => vec![*target],
            None => return Err(Failure::Usage(format!("error: no target `{one}`\n\n{HELP}"))),
        },
    };
    let program = build()?;
    let folder = cargo::target_directory()?.join("fuzz");
    fs::create_dir_all(&folder)
        .map_err(Failure::while_doing(format!("making {}", folder.display())))?;
    if let Some(input) = &options.input {
        let mut command = process::Command::new(program);
        command.arg(targets[0]).arg("--input").arg(input);
        return cargo::run(command);
    }
    let mut failures = 0;
    for target in targets {
        let watch = Watch { program: &program, folder: &folder, target, options: &options };
        failures += watch.run()?;
    }
    match failures {
        0 => Ok(()),
        count => Err(Failure::Failed(format!("error: {count} inputs failed"))),
    }
}

fn parse(mut args: lexopt::Parser) -> Result<Option<Options>, Failure> {
    use lexopt::prelude::*;
    let mut options =
        Options { target: String::new(), seconds: 60, seed: 1, case: None, input: None };
    while let Some(arg) = args.next()? {
        match arg {
            Long("help") | Short('h') => return Ok(None),
            Long("seconds") => options.seconds = args.value()?.parse()?,
            Long("seed") => options.seed = args.value()?.parse()?,
            Long("case") => options.case = Some(args.value()?.parse()?),
            Long("input") => options.input = Some(args.value()?.into()),
            Value(target) if options.target.is_empty() => options.target = target.string()?,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(options))
}

/// Builds both programs in the way that shares most with other builds, and says where the fuzzer is.
fn build() -> Result<PathBuf, Failure> {
    for arguments in [
        // All of the workspace decides on features, so that Wasmtime is the one that the tests have.
        ["--workspace", "--bin=holm-fuzz", "--features=xtask/fuzz"],
        ["--package=xtask", "--bin=holm-fuzz-smith", "--features=smith"],
    ] {
        let mut command = cargo::cargo();
        command.arg("build").args(arguments);
        cargo::run(command)?;
    }
    let name = format!("holm-fuzz{}", std::env::consts::EXE_SUFFIX);
    Ok(cargo::target_directory()?.join("debug").join(name))
}

/// What it takes to run a target and see how that ends.
struct Watch<'a> {
    program: &'a Path,
    folder: &'a Path,
    target: &'static str,
    options: &'a Options,
}

/// How a process ended.
enum End {
    Done,
    /// While it ran this case.
    Failed(u64, ExitStatus),
    Hung(u64),
}

impl Watch<'_> {
    /// Runs cases until time is up, and says how many failed.
    fn run(&self) -> Result<usize, Failure> {
        let end = Instant::now() + Duration::from_secs(self.options.seconds);
        let mut outcomes = BTreeMap::new();
        let mut failures = 0;
        let mut from = self.options.case.unwrap_or(0);
        loop {
            let seconds = end.saturating_duration_since(Instant::now()).as_secs();
            let (case, how) = match self.process(from, seconds, &mut outcomes)? {
                End::Done => break,
                End::Failed(case, status) => (case, format!("ended with {status}")),
                End::Hung(case) => (case, format!("took more than {} s", LIMIT.as_secs())),
            };
            self.report(case, &how)?;
            failures += 1;
            from = case + 1;
            if self.options.case.is_some() || failures == MOST_FAILURES || Instant::now() > end {
                break;
            }
        }
        let total: u64 = outcomes.values().sum();
        let parts: Vec<_> = outcomes.iter().map(|(word, n)| format!("{n} {word}")).collect();
        let parts = parts.join(", ");
        println!("{}: {total} inputs ({parts}), {failures} failures", self.target);
        Ok(failures)
    }

    /// Runs one process to its end, which may come before its time is up.
    fn process(
        &self,
        from: u64,
        seconds: u64,
        outcomes: &mut BTreeMap<String, u64>,
    ) -> Result<End, Failure> {
        let mut command = self.command(from);
        match self.options.case {
            Some(_) => command.args(["--count", "1"]),
            None => command.args(["--seconds", &seconds.to_string()]),
        };
        let errors = self.errors();
        let errors = File::create(&errors)
            .map_err(Failure::while_doing(format!("making {}", errors.display())))?;
        let running = "running holm-fuzz";
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(Failure::while_doing(running))?;
        let lines = lines_of(child.stdout.take().expect("it is piped"));
        let progress = Progress::new();
        let mut case = from;
        loop {
            match lines.recv_timeout(LIMIT) {
                Ok(line) => match line.parse() {
                    Ok(number) => {
                        case = number;
                        progress.show(&format!("{} {case}", self.target));
                    }
                    Err(_) => *outcomes.entry(line).or_default() += 1,
                },
                Err(RecvTimeoutError::Timeout) => {
                    child.kill().map_err(Failure::while_doing(running))?;
                    child.wait().map_err(Failure::while_doing(running))?;
                    return Ok(End::Hung(case));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let status = child.wait().map_err(Failure::while_doing(running))?;
                    return Ok(if status.success() {
                        End::Done
                    } else {
                        End::Failed(case, status)
                    });
                }
            }
        }
    }

    /// Keeps the input, and says what happened and how to see it again.
    fn report(&self, case: u64, how: &str) -> Result<(), Failure> {
        let Options { seed, .. } = self.options;
        let input = self.folder.join(format!("{}-{seed}-{case}", self.target));
        let mut save = self.command(case);
        save.arg("--save").arg(&input);
        cargo::run(save)?;
        let said = fs::read_to_string(self.errors()).unwrap_or_default();
        let said = said.lines().take(LINES_SHOWN).collect::<Vec<_>>().join("\n");
        eprintln!("{}: case {case} {how}\n{said}", self.target);
        eprintln!("input: {}", input.display());
        eprintln!("again: cargo xtask fuzz {} --seed {seed} --case {case}\n", self.target);
        Ok(())
    }

    fn command(&self, from: u64) -> process::Command {
        let mut command = process::Command::new(self.program);
        command.arg(self.target);
        command.args(["--seed", &self.options.seed.to_string(), "--from", &from.to_string()]);
        command
    }

    /// Where the process says why it ends.
    fn errors(&self) -> PathBuf {
        self.folder.join(format!("{}.stderr", self.target))
    }
}

fn lines_of(output: process::ChildStdout) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
