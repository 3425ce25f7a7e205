//! The prompt.

mod completion;
mod incomplete;
mod input;

use holm::{Colors, Evaluation, Exit, Isolate};

use crate::report;
use crate::run::to_stdout;
use crate::terminal::output_colors;
use input::{Input, Line};

const WELCOME: &str = concat!(
    "Holm ",
    env!("CARGO_PKG_VERSION"),
    ". Type JavaScript, .help for help, .exit or Ctrl+D to leave.\n"
);

const HELP: &str = "\
.help      this text
.exit      leave (or Ctrl+D)
Ctrl+C     give up the line
Tab        complete a name
Top-level await works, and _ is the last value. Timers run when a line is entered.
";

/// Reads and evaluates lines until there are no more.
pub(crate) fn run(isolate: Isolate) -> Exit {
    let isolate = std::rc::Rc::new(std::cell::RefCell::new(isolate));
    let mut input = Input::new(&isolate);
    if input.is_interactive() {
        to_stdout(WELCOME);
    }
    loop {
        match input.next() {
            Line::Code(code) => {
                if let Some(exit) = evaluate(&mut isolate.borrow_mut(), &code) {
                    return exit;
                }
            }
            Line::Help => to_stdout(HELP),
            Line::Unknown(command) => {
                report::message(&format!("there is no {command}"), Some("try .help"));
            }
            Line::End => return end(&mut isolate.borrow_mut()),
        }
    }
}

fn end(isolate: &mut Isolate) -> Exit {
    isolate.end().unwrap_or_else(|error| {
        report::error(&error, &holm::Permissions::default());
        Exit { code: error.exit_code(), is_unsettled: false }
    })
}

/// Evaluates one entry and prints what it gives; the exit, if it ended the program.
fn evaluate(isolate: &mut Isolate, code: &str) -> Option<Exit> {
    let colors = if output_colors() { Colors::Always } else { Colors::Never };
    match isolate.evaluate(code, colors) {
        Ok(Evaluation::Shown(text)) => {
            to_stdout(&text);
            to_stdout("\n");
            None
        }
        Ok(Evaluation::Exit(exit)) => Some(exit),
        Err(error) => {
            report::error(&error, &holm::Permissions::default());
            // A script that was stopped stays stopped.
            (error.is_stopped() || error.is_time_limit())
                .then_some(Exit { code: error.exit_code(), is_unsettled: false })
        }
    }
}
