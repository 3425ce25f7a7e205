//! `cargo xtask bench wasi`: what programs for preview 1 take from start to end, by themselves and by `node:wasi`.
//!
//! What is measured is the whole process, its start included; its output goes to a pipe that is read to the end.
//! Holm runs each program both ways, Wasmtime as a command, Node by a script.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use serde_json::json;
use wast::Wat;
use wast::parser::{ParseBuffer, parse};

use super::measure::{self, Sample};
use super::runtimes::{self, Runtime};
use super::stats::Summary;
use super::table::aligned;
use crate::command::{Command, Failure};
use crate::progress::Progress;

pub const COMMAND: Command = Command {
    name: "wasi",
    summary: "programs for WASI [--holm PATH] [--node PATH] [--wasmtime PATH] [--runs N]",
    run,
};

/// Runs a program by `node:wasi`, as for the official suite.
const START: &str = include_str!("../conformance/wasi/start.mjs");
const DEFAULT_RUNS: usize = 9;
/// The file that programs read.
const DATA: &str = "data";
const DATA_BYTES: u64 = 100 << 20;

const PROGRAMS: &[Program] = &[
    Program {
        what: "1 000 000 fd_write of 16 bytes",
        text: include_str!("wasi/write.wat"),
        prints: 16_000_000,
        needs_folder: false,
        code: Code::Compiled,
    },
    Program {
        what: "100 MiB by fd_read of 64 KiB",
        text: include_str!("wasi/read.wat"),
        prints: 0,
        needs_folder: true,
        code: Code::Compiled,
    },
    Program {
        what: "10 000 path_open, fd_close",
        text: include_str!("wasi/open.wat"),
        prints: 0,
        needs_folder: true,
        code: Code::Compiled,
    },
    Program {
        what: "hello",
        text: include_str!("wasi/hello.wat"),
        prints: 6,
        needs_folder: false,
        code: Code::Compiled,
    },
    Program {
        what: "hello, its code kept",
        text: include_str!("wasi/hello.wat"),
        prints: 6,
        needs_folder: false,
        code: Code::Kept,
    },
];

struct Program {
    what: &'static str,
    text: &'static str,
    /// Bytes. A run with another number is no run.
    prints: u64,
    needs_folder: bool,
    code: Code,
}

/// What a run finds in the runtime's cache of compiled code; Node has none for this.
#[derive(Clone, Copy)]
enum Code {
    /// Nothing: there is no cache.
    Compiled,
    /// The program, after the first run.
    Kept,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Command,
    Script,
}

/// One row of the table.
struct Contest<'a> {
    program: &'a Program,
    module: PathBuf,
    runtime: &'a Runtime,
    way: Way,
    /// Or why there are none.
    samples: Result<Vec<Sample>, Failure>,
}

fn run(args: lexopt::Parser) -> Result<(), Failure> {
    let (given, runs) = runtimes::options(args, DEFAULT_RUNS)?;
    let runtimes = runtimes::found(&given, &["wasmtime", "node"])?;
    let folder = tempfile::tempdir().map_err(Failure::while_doing("making a temporary folder"))?;
    let place = Place::new(folder.path())?;
    let mut contests = Vec::new();
    for (index, program) in PROGRAMS.iter().enumerate() {
        let module = place.folder.join(format!("{index}.wasm"));
        fs::write(&module, assembled(program.text)?)
            .map_err(Failure::while_doing("writing a program"))?;
        for runtime in &runtimes {
            let ways: &[Way] = match runtime.name {
                "holm" => &[Way::Command, Way::Script],
                "wasmtime" => &[Way::Command],
                _ => &[Way::Script],
            };
            contests.extend(ways.iter().map(|&way| {
                let (module, samples) = (module.clone(), Ok(Vec::new()));
                Contest { program, module, runtime, way, samples }
            }));
        }
    }
    measure_in_turn(&mut contests, &place, runs);
    for contest in &contests {
        if let Err(failure) = &contest.samples {
            eprintln!("{failure}");
        }
    }
    print!("{}", table(&contests, runs));
    Ok(())
}

fn assembled(text: &str) -> Result<Vec<u8>, Failure> {
    let what = "assembling a program";
    let text = ParseBuffer::new(text).map_err(Failure::while_doing(what))?;
    let mut program = parse::<Wat<'_>>(&text).map_err(Failure::while_doing(what))?;
    program.encode().map_err(Failure::while_doing(what))
}

/// Of one program after the other, every round runs every row once, starting with another one each time. The first
/// round makes what caches are to have, and is not counted. A row that fails is not run again.
fn measure_in_turn(contests: &mut [Contest<'_>], place: &Place, runs: usize) {
    let progress = Progress::new();
    for contests in contests.chunk_by_mut(|one, other| one.module == other.module) {
        for round in 0..=runs {
            for offset in 0..contests.len() {
                let index = (round + offset) % contests.len();
                let contest = &mut contests[index];
                progress.show(&format!("{}, round {round} of {runs}", contest.program.what));
                let Ok(samples) = &mut contest.samples else { continue };
                let sample = sample(
                    contest.program,
                    place.command(contest.program, &contest.module, contest.runtime, contest.way),
                    &place.said,
                );
                match sample {
                    Ok(sample) if round > 0 => samples.push(sample),
                    Ok(_) => {}
                    Err(failure) => contest.samples = Err(failure),
                }
            }
        }
    }
}

fn sample(program: &Program, command: Process, said: &Path) -> Result<Sample, Failure> {
    let what = format!("{command:?}");
    let (sample, printed) = measure::sample_piped(command, said)?;
    match printed == program.prints {
        true => Ok(sample),
        false => Err(Failure::Failed(format!(
            "error: {what} printed {printed} bytes, not {}",
            program.prints
        ))),
    }
}

/// What is on disk while programs run.
struct Place {
    folder: PathBuf,
    /// What is preopened.
    root: PathBuf,
    script: PathBuf,
    /// Of Holm.
    cache: PathBuf,
    /// Of Wasmtime, which wants its cache named in a file.
    cache_config: PathBuf,
    said: PathBuf,
}

impl Place {
    fn new(folder: &Path) -> Result<Place, Failure> {
        let [root, script, cache, cache_config, said] =
            ["root", "start.mjs", "cache", "cache.toml", "said"].map(|name| folder.join(name));
        let what = || Failure::while_doing(format!("writing below {}", folder.display()));
        fs::create_dir(&root).map_err(what())?;
        // Not made in memory: no peak below our own could be seen.
        let mut data = File::create(root.join(DATA)).map_err(what())?;
        io::copy(&mut io::repeat(b'x').take(DATA_BYTES), &mut data).map_err(what())?;
        fs::write(&script, START).map_err(what())?;
        let directory = folder.join("wasmtime");
        let config = format!("[cache]\ndirectory = {:?}\n", directory.display().to_string());
        fs::write(&cache_config, config).map_err(what())?;
        Ok(Place { folder: folder.to_owned(), root, script, cache, cache_config, said })
    }

    fn command(&self, program: &Program, module: &Path, runtime: &Runtime, way: Way) -> Process {
        let mut command = runtime.bare();
        command.current_dir(&self.folder).env("NODE_NO_WARNINGS", "1");
        match (runtime.name, program.code) {
            ("holm", Code::Compiled) => command.env("HOLM_CODE_CACHE", "off"),
            ("holm", Code::Kept) => command.env("HOLM_CODE_CACHE", &self.cache),
            ("wasmtime", Code::Compiled) => command.args(["run", "-C", "cache=n"]),
            ("wasmtime", Code::Kept) => {
                let config = format!("cache-config={}", self.cache_config.display());
                command.args(["run", "-C", &config])
            }
            _ => &mut command,
        };
        match way {
            Way::Command => {
                if program.needs_folder {
                    command.arg("--dir").arg(format!("{}::/", self.root.display()));
                }
                command.arg(module);
            }
            Way::Script => {
                let preopens =
                    if program.needs_folder { json!({ "/": self.root }) } else { json!({}) };
                if runtime.name == "holm" {
                    command.arg("--allow-all");
                }
                let given = json!({ "module": module, "preopens": preopens });
                command.arg(&self.script).arg(given.to_string());
            }
        }
        command
    }
}

impl Contest<'_> {
    fn label(&self) -> String {
        match (self.runtime.name, self.way) {
            ("holm", Way::Command) => "holm, command".to_owned(),
            ("holm", Way::Script) => "holm, node:wasi".to_owned(),
            (name, _) => format!("{name} {}", self.runtime.version),
        }
    }

    fn summary(&self, of: fn(&Sample) -> f64) -> Option<Summary> {
        Summary::of(self.samples.as_ref().ok()?.iter().map(of).collect())
    }
}

const HEADER: [&str; 8] =
    ["program", "runtime", "wall ms", "min", "IQR", "× wasmtime", "× node", "peak RSS MB"];

fn table(contests: &[Contest<'_>], runs: usize) -> String {
    let mut rows = vec![HEADER.map(String::from)];
    for contest in contests {
        let beside = |name| {
            contests
                .iter()
                .find(|other| other.module == contest.module && other.runtime.name == name)
        };
        rows.push(row(contest, beside("wasmtime"), beside("node")));
    }
    let mut text = aligned(&rows);
    text.push_str(&format!(
        "medians of {runs} processes each, in turn; IQR = interquartile range: smaller differences are noise\n"
    ));
    text
}

fn row(
    contest: &Contest<'_>,
    wasmtime: Option<&Contest<'_>>,
    node: Option<&Contest<'_>>,
) -> [String; 8] {
    let wall = |contest: &Contest<'_>| contest.summary(|sample| sample.wall_ms);
    let names = [contest.program.what.to_owned(), contest.label()];
    let figures = match (wall(contest), contest.summary(|sample| sample.peak_rss_mb)) {
        (Some(mine), Some(memory)) => {
            let ratio = |other: Option<&Contest<'_>>| match other.and_then(wall) {
                Some(other) => format!("{:.2}", mine.median / other.median),
                None => String::new(),
            };
            [
                format!("{:.1}", mine.median),
                format!("{:.1}", mine.min),
                format!("{:.1}", mine.interquartile_range()),
                ratio(wasmtime),
                ratio(node),
                format!("{:.1}", memory.median),
            ]
        }
        _ => ["failed", "", "", "", "", ""].map(String::from),
    };
    let ([what, label], [wall, min, range, to_wasmtime, to_node, memory]) = (names, figures);
    [what, label, wall, min, range, to_wasmtime, to_node, memory]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_can_be_assembled() {
        for program in PROGRAMS {
            assert!(assembled(program.text).unwrap().starts_with(b"\0asm"), "{}", program.what);
        }
        assert!(assembled("(module (func (unknown)))").is_err());
    }

    #[test]
    fn ratios_are_to_the_same_program() {
        let [holm, wasmtime] = ["holm", "wasmtime"].map(Runtime::named);
        let contest = |program, module: &str, runtime, wall_ms: f64| Contest {
            program,
            module: module.into(),
            runtime,
            way: Way::Command,
            samples: Ok(vec![Sample { wall_ms, peak_rss_mb: 8.0 }]),
        };
        let (write, read) = (&PROGRAMS[0], &PROGRAMS[1]);
        let mut contests = [
            contest(read, "1.wasm", &wasmtime, 1.0),
            contest(write, "0.wasm", &holm, 30.0),
            contest(write, "0.wasm", &wasmtime, 20.0),
        ];
        let of_holm = |contests: &[Contest<'_>]| {
            let text = table(contests, 1);
            let words = text.lines().nth(2).unwrap().split_whitespace().skip(8);
            words.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(of_holm(&contests), ["command", "30.0", "30.0", "0.0", "1.50", "8.0"]);
        contests[1].samples = Err(Failure::Failed("error".to_owned()));
        assert_eq!(of_holm(&contests), ["command", "failed"]);
    }
}
