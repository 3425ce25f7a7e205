//! The suite `wasi`: the official programs for preview 1, by `node:wasi` and as commands, and Node's own tests.
//!
//! The official suite is in no package registry: without `--dir`, and without a folder in [`DIR`], only Node's own
//! tests are run, which Debian has. A peer is for scripts, or it is Wasmtime.

mod node_tests;
mod programs;
mod spec;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use self::node_tests::NodeTests;
use self::programs::{Programs, Way};
use super::expectations::Separator;
use super::{Options, Part, Suite};
use crate::command::Failure;

/// Names the folder of the official suite where no flag does.
const DIR: &str = "HOLM_WASI_TESTSUITE";
/// What the root of Node's sources has.
const NODE_TESTS: &str = "test/wasi";
/// The name of a file's only outcome.
const OUTCOME: &str = "result";

/// The parts that this runtime can run, of the suites that are there.
pub(super) fn find(options: &Options) -> Result<Vec<Part>, Failure> {
    let runs_modules_only = options.runtime.as_deref().is_some_and(is_for_modules_only);
    let named = options.dir.as_deref();
    let official = match named {
        Some(folder) => Some(folder.to_owned()).filter(|folder| !folder.join(NODE_TESTS).is_dir()),
        None => env::var_os(DIR).map(PathBuf::from),
    };
    let mut parts = Vec::new();
    if let Some(folder) = &official {
        if !runs_modules_only {
            parts.push(part("node-wasi", Programs::find(folder, Way::Api, options)?));
        }
        if runs_modules_only || options.runtime.is_none() {
            parts.push(part("command", Programs::find(folder, Way::Command, options)?));
        }
    } else if named.is_none() {
        eprintln!(
            "conformance: skipped the official suite, which is in no package registry: --dir, or {DIR}, may name a \
             copy of WebAssembly/wasi-testsuite, branch prod/testsuite-base"
        );
    }
    let is_other = named.is_some() && official.is_some();
    if !runs_modules_only && !is_other {
        parts.push(part("node-tests", NodeTests::find(named, options)?));
    }
    Ok(parts)
}

/// Every peer but one is for scripts.
fn is_for_modules_only(command: &str) -> bool {
    let program = command.split_whitespace().next().map(Path::new);
    program.and_then(Path::file_stem).is_some_and(|stem| stem == "wasmtime")
}

fn part(name: &str, suite: impl Suite + 'static) -> Part {
    Part { suite: Box::new(suite), separator: Separator::Bar, name: format!("wasi/{name}") }
}

/// A folder and all that is in it.
fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    let what = || Failure::while_doing(format!("copying {}", from.display()));
    fs::create_dir_all(to).map_err(what())?;
    for entry in fs::read_dir(from).map_err(what())? {
        let entry = entry.map_err(what())?;
        let target = to.join(entry.file_name());
        match entry.file_type().map_err(what())?.is_dir() {
            true => copy_folder(&entry.path(), &target)?,
            false => drop(fs::copy(entry.path(), &target).map_err(what())?),
        }
    }
    Ok(())
}
