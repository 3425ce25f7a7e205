//! `cargo xtask bench startup`: how long `console.log('hello')` takes from nothing, and how much memory.
//!
//! Every round runs every runtime once, starting with another one each time, so that a slow spell of the
//! machine hits all alike. The table gives medians with the interquartile range; a difference smaller than
//! that range is noise.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use super::measure::{self, Sample};
use super::runtimes::{self, PEERS, Runtime};
use super::stats::Summary;
use super::table::aligned;
use crate::command::{Command, Failure};
use crate::progress::Progress;

pub const COMMAND: Command = Command {
    name: "startup",
    summary: "hello world [--holm PATH] [--node PATH] [--deno PATH] [--bun PATH] [--runs N]",
    run,
};

const SCRIPT: &str = "console.log('hello')\n";
const PRINTED: &str = "hello\n";
const FILES: [&str; 2] = ["hello.mjs", "hello.cjs"];
const WARM_UPS: usize = 3;
const DEFAULT_RUNS: usize = 40;

fn run(args: lexopt::Parser) -> Result<(), Failure> {
    let (given, runs) = runtimes::options(args, DEFAULT_RUNS)?;
    let runtimes = runtimes::found(&given, &PEERS)?;
    let folder = tempfile::tempdir().map_err(Failure::while_doing("making a temporary folder"))?;
    let mut contests = Vec::new();
    for file in FILES {
        let script = folder.path().join(file);
        fs::write(&script, SCRIPT).map_err(Failure::while_doing(format!("writing {file}")))?;
        contests.extend(runtimes.iter().map(|runtime| Contest::new(file, script.clone(), runtime)));
    }
    contests.push(Contest::floor());
    measure_in_turn(&mut contests, runs)?;
    print!("{}", table(&contests, runs));
    Ok(())
}

/// One row of the table: a script under a runtime.
struct Contest<'a> {
    file: &'static str,
    script: PathBuf,
    runtime: Option<&'a Runtime>,
    samples: Vec<Sample>,
}

impl<'a> Contest<'a> {
    fn new(file: &'static str, script: PathBuf, runtime: &'a Runtime) -> Self {
        Contest { file, script, runtime: Some(runtime), samples: Vec::new() }
    }

    /// `true`, which does nothing: what a process costs here and the least memory that can be seen.
    fn floor() -> Self {
        Contest { file: "-", script: PathBuf::new(), runtime: None, samples: Vec::new() }
    }

    fn command(&self) -> Process {
        match self.runtime {
            Some(runtime) => runtime.command(Path::new(&self.script)),
            None => Process::new("true"),
        }
    }

    fn label(&self) -> String {
        match self.runtime {
            Some(runtime) => format!("{} {}", runtime.name, runtime.version),
            None => String::from("(true)"),
        }
    }

    fn is_holm(&self) -> bool {
        self.runtime.is_some_and(|runtime| runtime.name == "holm")
    }

    fn summary(&self, of: fn(&Sample) -> f64) -> Option<Summary> {
        Summary::of(self.samples.iter().map(of).collect())
    }
}

fn measure_in_turn(contests: &mut [Contest<'_>], runs: usize) -> Result<(), Failure> {
    let progress = Progress::new();
    for contest in contests.iter() {
        progress.show(&format!("warming up {}", contest.label()));
        let expected = if contest.runtime.is_some() { PRINTED } else { "" };
        for _ in 0..WARM_UPS {
            measure::warm_up(contest.command(), expected)?;
        }
    }
    let count = contests.len();
    for round in 0..runs {
        progress.show(&format!("round {} of {runs}", round + 1));
        for offset in 0..count {
            let contest = &mut contests[(round + offset) % count];
            let sample = measure::sample(contest.command())?;
            contest.samples.push(sample);
        }
    }
    Ok(())
}

const HEADER: [&str; 9] =
    ["script", "runtime", "wall ms", "min", "IQR", "× holm", "peak RSS MB", "IQR", "× holm"];

fn table(contests: &[Contest<'_>], runs: usize) -> String {
    let mut rows = vec![HEADER.map(String::from)];
    for contest in contests {
        let rival = contests.iter().find(|other| other.file == contest.file && other.is_holm());
        rows.extend(row(contest, rival));
    }
    let mut text = aligned(&rows);
    text.push_str(&format!(
        "medians of {runs} runs each, in turn; IQR = interquartile range: smaller differences are noise\n"
    ));
    text
}

fn row(contest: &Contest<'_>, holm: Option<&Contest<'_>>) -> Option<[String; 9]> {
    let wall = |contest: &Contest<'_>| contest.summary(|sample| sample.wall_ms);
    let memory = |contest: &Contest<'_>| contest.summary(|sample| sample.peak_rss_mb);
    let ratio = |mine: Summary, holms: Option<Summary>| match holms {
        Some(holms) => format!("{:.2}", mine.median / holms.median),
        None => String::new(),
    };
    let (mine, mine_memory) = (wall(contest)?, memory(contest)?);
    Some([
        contest.file.into(),
        contest.label(),
        format!("{:.2}", mine.median),
        format!("{:.2}", mine.min),
        format!("{:.2}", mine.interquartile_range()),
        ratio(mine, holm.and_then(wall)),
        format!("{:.1}", mine_memory.median),
        format!("{:.1}", mine_memory.interquartile_range()),
        ratio(mine_memory, holm.and_then(memory)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_to_holm() {
        let holm = Runtime::named("holm");
        let node = Runtime::named("node");
        let mut contests =
            [&holm, &node].map(|runtime| Contest::new("hello.mjs", PathBuf::new(), runtime));
        contests[0].samples = vec![Sample { wall_ms: 2.0, peak_rss_mb: 8.0 }];
        contests[1].samples = vec![Sample { wall_ms: 30.0, peak_rss_mb: 40.0 }];
        let row = row(&contests[1], Some(&contests[0])).unwrap();
        assert_eq!(row[5..], ["15.00", "40.0", "0.0", "5.00"].map(String::from));
    }
}
