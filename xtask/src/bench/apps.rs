//! `cargo xtask bench apps`: the scripts of `tests/packages` from nothing to their end, under every runtime.
//!
//! Holm runs each twice: with an empty code cache, so that modules are compiled, and with one that has them. A
//! runtime that fails a script has no figure there, and totals are over those that all runtimes ran.

use std::path::Path;
use std::process::Command as Process;

use super::measure;
use super::runtimes::{self, PEERS, Runtime};
use super::stats::Summary;
use crate::command::{Command, Failure};
use crate::packages;
use crate::progress::Progress;

pub const COMMAND: Command = Command {
    name: "apps",
    summary: "published packages, end to end [--holm PATH] [--node PATH] [--deno PATH] [--bun PATH] [--runs N]",
    run,
};

const DEFAULT_RUNS: usize = 5;

fn run(args: lexopt::Parser) -> Result<(), Failure> {
    let (given, runs) = runtimes::options(args, DEFAULT_RUNS)?;
    let runtimes = runtimes::found(&given, &PEERS)?;
    let place = packages::place()?;
    let scripts = packages::install(&place, &[])?;
    let cache = tempfile::tempdir().map_err(Failure::while_doing("making a temporary folder"))?;
    let columns: Vec<Column<'_>> = runtimes.iter().flat_map(Column::of).collect();
    let progress = Progress::new();
    let mut rows = Vec::new();
    for name in &scripts {
        let mut samples = vec![Vec::new(); columns.len()];
        // The first round makes what the cache is to have, and is not counted.
        for round in 0..=runs {
            for (column, samples) in columns.iter().zip(&mut samples) {
                progress.show(&format!("{name}, round {round} of {runs}: {}", column.label()));
                let sample = column.sample(&place, name, cache.path());
                if round > 0 {
                    samples.extend(sample);
                }
            }
        }
        let medians = samples.into_iter().map(|samples| {
            if samples.len() < runs {
                None
            } else {
                Summary::of(samples).map(|summary| summary.median)
            }
        });
        rows.push((name.as_str(), medians.collect::<Vec<_>>()));
    }
    progress.show("");
    print!("{}", table(&columns.iter().map(Column::label).collect::<Vec<_>>(), &rows, runs));
    Ok(())
}

/// A runtime, and of Holm, whether its code cache has what it needs.
struct Column<'a> {
    runtime: &'a Runtime,
    state: Option<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Cold,
    Warm,
}

impl<'a> Column<'a> {
    fn of(runtime: &'a Runtime) -> Vec<Self> {
        match runtime.name {
            "holm" => [State::Cold, State::Warm]
                .map(|state| Column { runtime, state: Some(state) })
                .into(),
            _ => vec![Column { runtime, state: None }],
        }
    }

    fn label(&self) -> String {
        match self.state {
            None => format!("{} {}", self.runtime.name, self.runtime.version),
            Some(State::Cold) => "holm, cold".to_owned(),
            Some(State::Warm) => "holm, warm".to_owned(),
        }
    }

    /// Milliseconds; nothing if it failed.
    fn sample(&self, place: &Path, name: &str, cache: &Path) -> Option<f64> {
        let script = format!("{name}.mjs");
        let mut command: Process = self
            .runtime
            .command_that_may(&packages::flags(&place.join(&script)).ok()?, Path::new(&script));
        command.current_dir(place);
        if self.state == Some(State::Warm) {
            command.env("HOLM_CODE_CACHE", cache);
        }
        measure::sample(command).ok().map(|sample| sample.wall_ms)
    }
}

fn table(columns: &[String], rows: &[(&str, Vec<Option<f64>>)], runs: usize) -> String {
    let cell = |value: Option<f64>| value.map_or("failed".to_owned(), |ms| format!("{ms:.0}"));
    let mut text = format!("{:<24}", "milliseconds");
    let widths: Vec<usize> = columns.iter().map(|column| column.len().max(8)).collect();
    for (column, width) in columns.iter().zip(&widths) {
        text.push_str(&format!("  {column:>width$}"));
    }
    text.push('\n');
    let mut line = |name: &str, values: &[Option<f64>]| {
        text.push_str(&format!("{name:<24}"));
        for (value, width) in values.iter().zip(&widths) {
            text.push_str(&format!("  {:>width$}", cell(*value)));
        }
        text.push('\n');
    };
    for (name, values) in rows {
        line(name, values);
    }
    let common: Vec<_> =
        rows.iter().filter(|(_, values)| values.iter().all(Option::is_some)).collect();
    let totals = (0..columns.len())
        .map(|index| Some(common.iter().filter_map(|(_, values)| values[index]).sum::<f64>()));
    line(&format!("total of {} that all ran", common.len()), &totals.collect::<Vec<_>>());
    text.push_str(&format!("medians of {runs} runs each, in turn\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn totals_are_of_what_all_ran() {
        let columns = ["holm".to_owned(), "node".to_owned()];
        let rows = [("a", vec![Some(1.0), Some(2.0)]), ("b", vec![Some(10.0), None])];
        let text = table(&columns, &rows, 5);
        let total = text.lines().nth(3).expect("the fourth line");
        assert_eq!(total.split_whitespace().collect::<Vec<_>>()[5..], ["ran", "1", "2"]);
        assert!(text.contains("failed"), "{text}");
    }
}
