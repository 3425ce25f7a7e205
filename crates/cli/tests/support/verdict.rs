//! A case file run and judged, or blessed.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use super::align::{Step, align, matches};
use super::archive::Archive;
use super::bless::blessed;
use super::case::{Case, Expected};
use super::process::{self, End, Finished};
use super::sandbox::Sandbox;
use super::shown::shown;
use super::subject::{Kind, Subject};

/// What to do with a difference.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    Check,
    Bless,
}

pub(crate) fn read(path: &Path) -> Result<(Archive, Case), String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let archive = Archive::parse(&text);
    let case = Case::parse(&archive).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok((archive, case))
}

/// `Err` holds what a person should read.
pub(crate) fn judge(path: &Path, subject: &Subject, mode: Mode) -> Result<(), String> {
    let (archive, case) = read(path)?;
    let outcome = observe(&case, subject);
    if mode == Mode::Bless {
        let text = blessed(archive, &outcome?).to_string();
        return fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()));
    }
    let verdict = outcome.and_then(|actual| compare(&case.expected, &actual));
    match (verdict, &case.directives.fails) {
        (Ok(()), Some(reason)) => {
            Err(format!("passes, but says `! fails {reason}`: take that line out"))
        }
        (Err(_), Some(_)) => Ok(()),
        (verdict, None) => verdict.map_err(|text| format!("{}\n{text}", path.display())),
    }
}

/// Runs the commands of a case in a fresh sandbox and says what they printed, all together.
pub(crate) fn observe(case: &Case, subject: &Subject) -> Result<Expected, String> {
    let sandbox =
        Sandbox::for_case(case).map_err(|error| format!("laying out the files: {error}"))?;
    let mut all = Finished::default();
    for words in &case.commands {
        let one = run_command(words, case, subject, &sandbox)
            .map_err(|error| format!("{words:?}: {error}"))?;
        all.stdout.append(&one.stdout);
        all.stderr.append(&one.stderr);
        all.end = one.end;
        if all.end != End::Exit("0".into()) {
            break;
        }
    }
    let (stdout, stderr) = (shown(&all.stdout, &sandbox), shown(&all.stderr, &sandbox));
    match all.end {
        End::Exit(exit) => Ok(Expected { stdout, stderr, exit }),
        End::Hung(limit) => {
            let limit = limit.as_secs();
            Err(format!(
                "hung: killed after {limit} s; until then\nstdout:\n{stdout}stderr:\n{stderr}"
            ))
        }
        End::NotRun => Err("no command was run".into()),
    }
}

fn run_command(
    words: &[String],
    case: &Case,
    subject: &Subject,
    sandbox: &Sandbox,
) -> io::Result<Finished> {
    let expanded: Vec<String> = words.iter().map(|word| sandbox.expanded(word)).collect();
    let (program, arguments) = subject.translate(&expanded);
    let mut command = Command::new(program);
    command.args(arguments).current_dir(sandbox.cwd()).env_clear();
    command.env("HOME", sandbox.home()).env("TERM", "dumb");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    if subject.kind == Kind::Other {
        // Node warns on stderr about what it calls experimental; no case is about that.
        command.env("NODE_NO_WARNINGS", "1");
    }
    command.envs(case.env.iter().map(|(name, value)| (name, sandbox.expanded(value))));
    process::run(command, &case.stdin, &case.directives)
}

/// `Err` holds a diff of every stream that differs.
pub(crate) fn compare(expected: &Expected, actual: &Expected) -> Result<(), String> {
    let streams = [
        ("stdout", &expected.stdout, &actual.stdout),
        ("stderr", &expected.stderr, &actual.stderr),
        ("exit", &expected.exit, &actual.exit),
    ];
    let diffs: Vec<String> = streams
        .into_iter()
        .filter(|(_, expected, actual)| !matches(expected, actual))
        .map(|(name, expected, actual)| {
            format!("{name}: (- expected, + actual)\n{}", diff(expected, actual))
        })
        .collect();
    if diffs.is_empty() {
        return Ok(());
    }
    // Why a program failed mostly stands on its stderr, also where the case expects nothing particular there.
    let told = diffs.iter().any(|diff| diff.starts_with("stderr"));
    let hint = if told || actual.stderr.is_empty() { "" } else { "stderr:\n" };
    let stderr = if hint.is_empty() { "" } else { &actual.stderr };
    Err(format!("{}{hint}{stderr}", diffs.concat()))
}

fn diff(expected: &str, actual: &str) -> String {
    let line = |step: &Step<'_>| match step {
        Step::Same { actual, .. } => format!("  {actual}\n"),
        Step::Wildcard => String::from("  ...\n"),
        Step::Covered(actual) => format!("~ {actual}\n"),
        Step::Missing(expected) => format!("- {expected}\n"),
        Step::Extra(actual) => format!("+ {actual}\n"),
    };
    align(expected, actual).iter().map(line).collect()
}
