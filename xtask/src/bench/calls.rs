//! `cargo xtask bench calls`: what a call between script and module costs, and an instance.
//!
//! Beside each peer stands the same engine's own cost of a call that has nothing to do with
//! modules: what the boundary adds is the ratio of the two.

use super::script::{Row, ScriptBench};
use crate::command::Command;

pub const COMMAND: Command = Command {
    name: "calls",
    summary: "calls and instances [--holm PATH] [--node PATH] [--deno PATH] [--bun PATH] [--runs N]",
    run: |args| BENCH.run(args),
};

const BENCH: ScriptBench = ScriptBench {
    file: "calls.mjs",
    script: include_str!("calls.mjs"),
    rows: ROWS,
    note: "each run the best of five",
    runs: 7,
};

/// What is measured, and beside what it stands.
const ROWS: &[Row] = &[
    row("empty loop", None),
    row("script to a built-in function", None),
    row("script to module", Some("script to a built-in function")),
    row("a built-in function to script", None),
    row("module to script", Some("a built-in function to script")),
    row("instantiate", None),
    row("instantiate with a memory", None),
    row("an async function that awaits", None),
    row("a promising call that does not wait", Some("an async function that awaits")),
    row("one that waits for a number", Some("an async function that awaits")),
    row("one that waits for a promise", Some("an async function that awaits")),
    row("one of 10 000 that wait at once", None),
];

const fn row(name: &'static str, beside: Option<&'static str>) -> Row {
    Row { name, unit: "ns", beside }
}
