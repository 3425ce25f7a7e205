//! Completions for shells.

use clap_complete::Shell;

use crate::arguments::command;

/// Prints the completions for a shell to standard output.
pub(crate) fn print(shell: Shell) {
    clap_complete::generate(shell, &mut command(), "holm", &mut std::io::stdout());
}
