//! `cargo xtask bench calls`: what a call between script and module costs, and an instance.
//!
//! [`SCRIPT`] measures itself, in nanoseconds; every round runs every runtime once, starting with
//! another one each time. Beside each peer stands the same engine's own cost of a call that has
//! nothing to do with modules: what the boundary adds is the ratio of the two.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::runtimes::{self, Runtime};
use super::stats::Summary;
use crate::command::{Command, Failure};
use crate::progress::Progress;

pub const COMMAND: Command = Command {
    name: "calls",
    summary: "calls and instances [--holm PATH] [--node PATH] [--deno PATH] [--bun PATH] [--runs N]",
    run,
};

const SCRIPT: &str = include_str!("calls.mjs");
const DEFAULT_RUNS: usize = 7;

/// What is measured, and beside what it stands.
const ROWS: [(&str, Option<&str>); 12] = [
    ("empty loop", None),
    ("script to a built-in function", None),
    ("script to module", Some("script to a built-in function")),
    ("a built-in function to script", None),
    ("module to script", Some("a built-in function to script")),
    ("instantiate", None),
    ("instantiate with a memory", None),
    ("an async function that awaits", None),
    ("a promising call that does not wait", Some("an async function that awaits")),
    ("one that waits for a number", Some("an async function that awaits")),
    ("one that waits for a promise", Some("an async function that awaits")),
    ("one of 10 000 that wait at once", None),
];

fn run(args: lexopt::Parser) -> Result<(), Failure> {
    let (given, runs) = runtimes::options(args, DEFAULT_RUNS)?;
    let runtimes = runtimes::found(&given)?;
    let folder = tempfile::tempdir().map_err(Failure::while_doing("making a temporary folder"))?;
    let script = folder.path().join("calls.mjs");
    fs::write(&script, SCRIPT).map_err(Failure::while_doing("writing calls.mjs"))?;
    let progress = Progress::new();
    let mut samples: Vec<Vec<Value>> = runtimes.iter().map(|_| Vec::new()).collect();
    for round in 0..runs {
        progress.show(&format!("round {} of {runs}", round + 1));
        for offset in 0..runtimes.len() {
            let index = (round + offset) % runtimes.len();
            samples[index].push(sample(&runtimes[index], &script)?);
        }
    }
    drop(progress);
    print!("{}", table(&runtimes, &samples, runs));
    Ok(())
}

fn sample(runtime: &Runtime, script: &Path) -> Result<Value, Failure> {
    let what = format!("running {} under {}", script.display(), runtime.name);
    let output = runtime.command(script).output().map_err(Failure::while_doing(what.clone()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or("");
    serde_json::from_str(line).map_err(|_| {
        let errors = String::from_utf8_lossy(&output.stderr);
        Failure::Failed(format!("error: {what} gave no figures\n{errors}"))
    })
}

fn table(runtimes: &[Runtime], samples: &[Vec<Value>], runs: usize) -> String {
    let mut text = String::new();
    for (runtime, samples) in runtimes.iter().zip(samples) {
        text.push_str(&format!("{} {}\n", runtime.name, runtime.version));
        for (name, beside) in ROWS {
            let Some(cost) = median(samples, name) else { continue };
            text.push_str(&format!("  {name:<36}{cost:>10.1} ns"));
            if let Some(other) = beside.and_then(|beside| median(samples, beside)) {
                text.push_str(&format!("   {:.2} × that of the line above", cost / other));
            }
            text.push('\n');
        }
    }
    text.push_str(&format!("medians of {runs} runs each, in turn; each run the best of five\n"));
    text
}

fn median(samples: &[Value], name: &str) -> Option<f64> {
    let series = samples.iter().filter_map(|sample| sample.get(name)?.as_f64()).collect();
    Summary::of(series).map(|summary| summary.median)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_puts_the_boundary_beside_the_engine() {
        let sample = serde_json::json!({
            "script to a built-in function": 20.0,
            "script to module": 30.0,
        });
        let text = table(&[Runtime::named("holm")], &[vec![sample]], 1);
        assert!(text.contains("30.0 ns   1.50 × that of the line above"), "{text}");
    }
}
