//! `cargo xtask bench workers`: threads and the messages between them.

use super::script::{Row, ScriptBench};
use crate::command::Command;

pub const COMMAND: Command = Command {
    name: "workers",
    summary: "threads and messages [--holm PATH] [--node PATH] [--deno PATH] [--bun PATH] [--runs N]",
    run: |args| BENCH.run(args),
};

const BENCH: ScriptBench = ScriptBench {
    file: "workers.mjs",
    script: include_str!("workers.mjs"),
    rows: &[
        row("a message there and back", "µs"),
        row("a worker from start to end", "ms"),
        row("an atomic add, 4 threads at once", "ns"),
        row("grown over 900 of 1 000 workers", "MiB"),
    ],
    note: "each run is one program",
    runs: 5,
};

const fn row(name: &'static str, unit: &'static str) -> Row {
    Row { name, unit, beside: None }
}
