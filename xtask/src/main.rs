//! Holm's project chores: `cargo xtask COMMAND`.
//!
//! One file per command. To add one, write the file with a `pub const COMMAND: Command` and name it in
//! [`COMMANDS`] below (a benchmark goes into `bench/` and is named in `bench/mod.rs` instead).
//! Data goes to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 bad usage.

#![forbid(unsafe_code)]

mod arrows;
mod bench;
mod cargo;
mod command;
mod conformance;
mod fuzz;
mod gc_stress;
mod instrumented;
mod packages;
mod progress;
mod races;
mod sanitize;

use std::process::ExitCode;

use command::Command;

const COMMANDS: &[Command] = &[
    arrows::COMMAND,
    bench::COMMAND,
    conformance::COMMAND,
    packages::COMMAND,
    fuzz::COMMAND,
    sanitize::COMMAND,
    gc_stress::COMMAND,
    races::COMMAND,
];

fn main() -> ExitCode {
    command::exit_code(command::dispatch("cargo xtask", COMMANDS, lexopt::Parser::from_env()))
}
