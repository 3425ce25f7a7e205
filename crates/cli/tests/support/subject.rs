//! The program under test: the `holm` just built, or the one that `HOLM_BIN` names.

use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) struct Subject {
    pub(crate) program: PathBuf,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Holm,
    /// Another runtime, to see what it does with the same script.
    Other,
}

impl Subject {
    /// What the variable `HOLM_BIN` says: a path or a name on PATH; the `holm` just built if it says nothing.
    pub(crate) fn chosen(holm_bin: Option<OsString>) -> Subject {
        match holm_bin.filter(|name| !name.is_empty()) {
            None => Subject::named(env!("CARGO_BIN_EXE_holm").into()),
            Some(name) => Subject::named(name.into()),
        }
    }

    /// A program not called `holm…` is another runtime.
    pub(crate) fn named(program: PathBuf) -> Subject {
        let stem = program.file_stem().unwrap_or_default().to_string_lossy();
        let kind = if stem.starts_with("holm") { Kind::Holm } else { Kind::Other };
        // Cases run in folders of their own, where a relative path would mean another file.
        let program = match program.components().count() {
            1 => program,
            _ => program.canonicalize().unwrap_or(program),
        };
        Subject { program, kind }
    }

    /// The program and arguments that `words` of a case mean.
    pub(crate) fn translate(&self, words: &[String]) -> (PathBuf, Vec<String>) {
        let Some((program, arguments)) = words.split_first() else {
            return Default::default();
        };
        if program != "holm" {
            return (program.into(), arguments.to_vec());
        }
        let arguments = match (self.kind, arguments) {
            (Kind::Other, [flag, ..]) if flag == "-A" || flag.starts_with("--allow-") => {
                let rest = arguments.iter().skip_while(|word| word.starts_with('-'));
                rest.cloned().collect()
            }
            (Kind::Other, [run, rest @ ..]) if run == "run" => rest.to_vec(),
            (Kind::Other, [eval, rest @ ..]) if eval == "eval" => {
                [&["-e".to_owned()], rest].concat()
            }
            _ => arguments.to_vec(),
        };
        (self.program.clone(), arguments)
    }
}
