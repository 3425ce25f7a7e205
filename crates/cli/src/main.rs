//! The `holm` command. Everything that an embedder could want is in the library; here are
//! arguments, messages, the prompt, and exit codes.

#![forbid(unsafe_code)]

mod arguments;
mod code_cache;
mod compile;
mod completions;
mod duration;
mod guest;
mod permissions;
mod repl;
mod report;
mod run;
mod size;
mod system;
mod terminal;

use std::process::ExitCode;

fn main() -> ExitCode {
    run::main()
}
