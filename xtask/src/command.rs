//! What a command is, how one is chosen by name, and how it ends.

use std::fmt;
use std::process::ExitCode;

/// One entry of a table of commands; the table is what help text and dispatch are made from.
pub struct Command {
    pub name: &'static str,
    /// One line for the list of commands, options included.
    pub summary: &'static str,
    pub run: fn(lexopt::Parser) -> Result<(), Failure>,
}

/// Why a command did not do its work: the caller's mistake or the work's own result.
#[derive(Debug)]
pub enum Failure {
    Usage(String),
    Failed(String),
}

/// Runs the command of `table` named by the next argument. `prefix` is what was typed so far.
pub fn dispatch(prefix: &str, table: &[Command], mut args: lexopt::Parser) -> Result<(), Failure> {
    use lexopt::prelude::*;
    let name = match args.next()? {
        Some(Value(name)) => name,
        Some(Long("help") | Short('h')) => {
            println!("{}", overview(prefix, table));
            return Ok(());
        }
        Some(other) => return Err(other.unexpected().into()),
        None => return Err(Failure::Usage(overview(prefix, table))),
    };
    match table.iter().find(|command| name == command.name) {
        Some(command) => (command.run)(args),
        None => {
            let unknown = format!("no command `{}`\n\n{}", name.display(), overview(prefix, table));
            Err(Failure::Usage(unknown))
        }
    }
}

/// Prints the failure, if there is one, and says with which code to exit.
pub fn exit_code(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            match failure {
                Failure::Usage(_) => ExitCode::from(2),
                Failure::Failed(_) => ExitCode::from(1),
            }
        }
    }
}

/// Refuses anything left on the command line.
pub fn no_more_arguments(mut args: lexopt::Parser) -> Result<(), Failure> {
    match args.next()? {
        None => Ok(()),
        Some(arg) => Err(arg.unexpected().into()),
    }
}

impl Failure {
    /// For `map_err`: what was being done, then the error that stopped it.
    pub fn while_doing<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Failure {
        move |error| Failure::Failed(format!("error: {what}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Failure::Usage(text) | Failure::Failed(text)) = self;
        f.write_str(text)
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Failure::Usage(format!("error: {error}"))
    }
}

fn overview(prefix: &str, table: &[Command]) -> String {
    let mut text = format!("usage: {prefix} COMMAND\n");
    for command in table {
        text.push_str(&format!("\n  {:<12} {}", command.name, command.summary));
    }
    text
}
