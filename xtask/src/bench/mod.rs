//! `cargo xtask bench NAME`: Holm beside its peers, all in one run, in turn.
//!
//! One file per benchmark; name it in [`BENCHMARKS`].

mod apps;
mod calls;
mod code_cache;
mod measure;
mod runtimes;
mod script;
mod startup;
mod stats;
mod table;
mod wasi;
mod workers;

use crate::command::{self, Command};

pub const COMMAND: Command = Command {
    name: "bench",
    summary: "measure Holm beside its peers: bench startup, calls, apps, workers, code-cache, wasi",
    run: |args| command::dispatch("cargo xtask bench", BENCHMARKS, args),
};

const BENCHMARKS: &[Command] = &[
    startup::COMMAND,
    calls::COMMAND,
    apps::COMMAND,
    workers::COMMAND,
    code_cache::COMMAND,
    wasi::COMMAND,
];
