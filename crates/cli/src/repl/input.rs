//! Where the prompt's lines come from: a terminal with an editor, or plain text.

use std::cell::RefCell;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::rc::Rc;

use holm::Isolate;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};

use super::completion::Prompt;
use super::incomplete::is_incomplete;

const PROMPT: &str = "> ";
/// Entries kept in the history file.
const MAX_HISTORY: usize = 1000;

/// What was entered.
pub(super) enum Line {
    Code(String),
    Help,
    Unknown(String),
    End,
}

/// The source of lines.
pub(super) enum Input {
    Terminal { editor: Box<Editor<Prompt, FileHistory>>, history: Option<PathBuf> },
    Text,
}

impl Input {
    pub(super) fn new(isolate: &Rc<RefCell<Isolate>>) -> Self {
        if !std::io::stdin().is_terminal() {
            return Self::Text;
        }
        let config = Config::builder().max_history_size(MAX_HISTORY).map(|builder| builder.build());
        let editor = config.and_then(Editor::with_config);
        let Ok(mut editor) = editor else { return Self::Text };
        editor.set_helper(Some(Prompt(isolate.clone())));
        let history = history_file();
        if let Some(path) = &history {
            // The first time there is none.
            drop(editor.load_history(path));
        }
        Self::Terminal { editor: Box::new(editor), history }
    }

    pub(super) fn is_interactive(&self) -> bool {
        matches!(self, Self::Terminal { .. })
    }

    /// The next entry, of one line or more.
    pub(super) fn next(&mut self) -> Line {
        loop {
            let Some(entry) = self.read() else { return Line::End };
            match entry.trim() {
                "" => {}
                ".exit" => return Line::End,
                ".help" => return Line::Help,
                command if is_command(command) => return Line::Unknown(command.to_owned()),
                _ => return Line::Code(entry),
            }
        }
    }

    fn read(&mut self) -> Option<String> {
        let Self::Terminal { editor, history } = self else { return read_text() };
        loop {
            match editor.readline(PROMPT) {
                Ok(entry) => {
                    // A history that cannot be kept is no reason to stop.
                    drop(editor.add_history_entry(entry.as_str()));
                    if let Some(path) = history {
                        drop(editor.save_history(path));
                    }
                    return Some(entry);
                }
                Err(ReadlineError::Interrupted) => {}
                Err(_) => return None,
            }
        }
    }
}

/// Lines up to where an entry is complete.
fn read_text() -> Option<String> {
    let mut entry = String::new();
    for line in std::io::stdin().lock().lines() {
        entry.push_str(&line.ok()?);
        if !is_incomplete(&entry) {
            return Some(entry);
        }
        entry.push('\n');
    }
    if entry.is_empty() { None } else { Some(entry) }
}

/// `.name`, but not `.5`.
fn is_command(entry: &str) -> bool {
    entry.strip_prefix('.').is_some_and(|name| name.starts_with(char::is_alphabetic))
}

/// The user's own file, made with its folder when it is first written.
fn history_file() -> Option<PathBuf> {
    let data =
        std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::home_dir().map(|home| home.join(".local/share"));
    let folder = data.or_else(home)?.join("holm");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}
