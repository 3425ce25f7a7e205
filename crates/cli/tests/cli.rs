//! Runs every `tests/cases/<area>/<name>.case` as a test called `<area>/<name>`; areas may have
//! areas in them.
//!
//! `README.md` beside this file says how a case is written. `HOLM_BLESS=1` rewrites expectations,
//! `HOLM_BIN=node` runs the same scripts under another program.

#![forbid(unsafe_code)]

mod support;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::{env, fs};

use libtest_mimic::{Arguments, Trial};
use support::subject::{Kind, Subject};
use support::verdict::{self, Mode};

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let subject = Arc::new(Subject::chosen(env::var_os("HOLM_BIN")));
    let blessing = env::var_os("HOLM_BLESS").is_some_and(|value| value == "1");
    let mode = if blessing { Mode::Bless } else { Mode::Check };
    match case_files(&root) {
        Ok(files) => {
            let trials = files.into_iter().map(|file| trial(&root, file, &subject, mode)).collect();
            libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
        }
        Err(error) => {
            eprintln!("error: reading {}: {error}", root.display());
            ExitCode::FAILURE
        }
    }
}

fn trial(root: &Path, file: PathBuf, subject: &Arc<Subject>, mode: Mode) -> Trial {
    let name = file.strip_prefix(root).unwrap_or(&file).with_extension("").display().to_string();
    let subject = Arc::clone(subject);
    // A case that can't be read fails when it is run, with what is wrong in it.
    let only_holm = verdict::read(&file).is_ok_and(|(_, case)| case.directives.only_holm.is_some());
    let ignored = only_holm && subject.kind == Kind::Other;
    Trial::test(name, move || Ok(verdict::judge(&file, &subject, mode)?)).with_ignored_flag(ignored)
}

fn case_files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "case"));
    files.sort();
    Ok(files)
}
