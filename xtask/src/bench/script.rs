//! Benchmarks that a script measures itself: its last line is an object with a figure for each row.
//!
//! Every round runs every runtime once, starting with another one each time.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::runtimes::{self, PEERS, Runtime};
use super::stats::Summary;
use crate::command::Failure;
use crate::progress::Progress;

/// A script and what it measures.
pub struct ScriptBench {
    pub file: &'static str,
    pub script: &'static str,
    pub rows: &'static [Row],
    /// What one run's figure is.
    pub note: &'static str,
    pub runs: usize,
}

/// One figure.
pub struct Row {
    pub name: &'static str,
    pub unit: &'static str,
    /// The row that this one is put in relation to.
    pub beside: Option<&'static str>,
}

impl ScriptBench {
    /// Runs it under each runtime that is there, and prints the medians.
    pub fn run(&self, args: lexopt::Parser) -> Result<(), Failure> {
        let (given, runs) = runtimes::options(args, self.runs)?;
        let runtimes = runtimes::found(&given, &PEERS)?;
        let folder =
            tempfile::tempdir().map_err(Failure::while_doing("making a temporary folder"))?;
        let script = folder.path().join(self.file);
        fs::write(&script, self.script).map_err(Failure::while_doing("writing the script"))?;
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
        print!("{}", self.table(&runtimes, &samples, runs));
        Ok(())
    }

    fn table(&self, runtimes: &[Runtime], samples: &[Vec<Value>], runs: usize) -> String {
        let mut text = String::new();
        for (runtime, samples) in runtimes.iter().zip(samples) {
            text.push_str(&format!("{} {}\n", runtime.name, runtime.version));
            for Row { name, unit, beside } in self.rows {
                let Some(cost) = median(samples, name) else { continue };
                text.push_str(&format!("  {name:<40}{cost:>10.1} {unit}"));
                let beside = beside.and_then(|name| Some((name, median(samples, name)?)));
                if let Some((name, other)) = beside {
                    text.push_str(&format!("   {:.2} × {name}", cost / other));
                }
                text.push('\n');
            }
        }
        text.push_str(&format!("medians of {runs} runs each, in turn; {}\n", self.note));
        text
    }
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

fn median(samples: &[Value], name: &str) -> Option<f64> {
    let series = samples.iter().filter_map(|sample| sample.get(name)?.as_f64()).collect();
    Summary::of(series).map(|summary| summary.median)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_puts_a_row_beside_another() {
        const ROWS: &[Row] = &[
            Row { name: "base", unit: "ns", beside: None },
            Row { name: "more", unit: "ns", beside: Some("base") },
        ];
        let bench = ScriptBench { file: "", script: "", rows: ROWS, note: "", runs: 1 };
        let sample = serde_json::json!({ "base": 20.0, "more": 30.0 });
        let text = bench.table(&[Runtime::named("holm")], &[vec![sample]], 1);
        assert!(text.contains("30.0 ns   1.50 × base"), "{text}");
    }
}
