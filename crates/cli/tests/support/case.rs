//! A case file, read: what to lay out, what to run, what to expect.

use super::archive::Archive;
use super::directive::Directives;
use super::words;

#[derive(Debug)]
pub(crate) struct Case {
    /// Run in this order; the first that does not exit with 0 ends the case.
    pub(crate) commands: Vec<Vec<String>>,
    pub(crate) directives: Directives,
    /// Name and content; names are relative to the working directory.
    pub(crate) files: Vec<(String, String)>,
    /// Given to every command.
    pub(crate) stdin: String,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) expected: Expected,
}

/// With wildcards; see `align`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Expected {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// `0`, `1`, …, or `signal 2`.
    pub(crate) exit: String,
}

/// Sections that are not files to write.
const STDIN: &str = "stdin";
const ENV: &str = "env";
pub(crate) const STDOUT: &str = "stdout";
pub(crate) const STDERR: &str = "stderr";
pub(crate) const EXIT: &str = "exit";

impl Case {
    pub(crate) fn parse(archive: &Archive) -> Result<Case, String> {
        let (commands, directives) = read_head(&archive.head)?;
        let text = |name: &str| archive.section(name).unwrap_or_default().to_owned();
        let exit = text(EXIT).trim().to_owned();
        let expected = Expected {
            stdout: text(STDOUT),
            stderr: text(STDERR),
            exit: if exit.is_empty() { "0".into() } else { exit },
        };
        let special = [STDIN, ENV, STDOUT, STDERR, EXIT];
        let files =
            archive.sections.iter().filter(|section| !special.contains(&section.name.as_str()));
        Ok(Case {
            commands,
            directives,
            files: files.map(|section| (section.name.clone(), section.body.clone())).collect(),
            stdin: text(STDIN),
            env: read_env(&text(ENV))?,
            expected,
        })
    }
}

fn read_head(head: &str) -> Result<(Vec<Vec<String>>, Directives), String> {
    let (mut commands, mut directives) = (Vec::new(), Directives::default());
    for line in head.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            commands.push(words::split(command)?);
        } else if let Some(directive) = line.strip_prefix("! ") {
            directives.add(directive)?;
        }
    }
    let says_what_it_shows = head.lines().next().is_some_and(|line| line.ends_with(['.', '?']));
    if !says_what_it_shows {
        return Err("the first line must be a sentence that says what the case shows".into());
    }
    if commands.iter().all(Vec::is_empty) {
        return Err("no command: a line `$ holm …` is missing".into());
    }
    Ok((commands, directives))
}

fn read_env(text: &str) -> Result<Vec<(String, String)>, String> {
    let lines = text.lines().filter(|line| !line.is_empty());
    let pair = |line: &str| {
        let (name, value) =
            line.split_once('=').ok_or_else(|| format!("not NAME=VALUE: `{line}`"))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    lines.map(pair).collect()
}
