//! The official suite's programs for preview 1, one way or the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::outcome::{FileReport, Outcome, Status};
use super::super::runtime::{Ended, Runtime};
use super::super::{Job, Options, Suite};
use super::spec::Spec;
use super::{OUTCOME, copy_folder};
use crate::command::Failure;

const START: &str = include_str!("start.mjs");
/// Below the folder of each language that tests are written in.
const BUILT: &str = "testsuite/wasm32-wasip1";
/// Many times what the slowest takes.
const LIMIT: Duration = Duration::from_secs(10);
/// What a copy is called unless told.
const COPY: &str = "dir";

/// How a program is run.
#[derive(Clone, Copy)]
pub(super) enum Way {
    /// By a script that uses `node:wasi`.
    Api,
    /// By itself: `holm module.wasm`.
    Command,
}

pub(super) struct Programs {
    /// The suite's folder of languages.
    folder: PathBuf,
    way: Way,
    copy: String,
    files: Vec<String>,
}

impl Programs {
    pub(super) fn find(root: &Path, way: Way, options: &Options) -> Result<Programs, Failure> {
        let folder = fs::canonicalize(root.join("tests"));
        let folder = folder.map_err(Failure::while_doing(format!(
            "looking for {} (--dir is the root of wasi-testsuite)",
            root.join("tests").display()
        )))?;
        let what = || Failure::while_doing(format!("reading {}", folder.display()));
        let mut files = Vec::new();
        for language in fs::read_dir(&folder).map_err(what())? {
            let language = language.map_err(what())?.file_name().to_string_lossy().into_owned();
            // Not every language has tests of this version.
            let Ok(entries) = fs::read_dir(folder.join(&language).join(BUILT)) else { continue };
            for entry in entries {
                let name = entry.map_err(what())?.file_name().to_string_lossy().into_owned();
                if name.ends_with(".wasm") {
                    files.push(format!("{language}/{name}"));
                }
            }
        }
        files.sort();
        if files.is_empty() {
            return Err(Failure::Failed(format!(
                "error: {} has no LANGUAGE/{BUILT}/*.wasm\n\
                 hint: built programs are on the branch prod/testsuite-base",
                folder.display()
            )));
        }
        let copy = options.copy.clone().unwrap_or_else(|| COPY.to_owned());
        Ok(Programs { folder, way, copy, files })
    }

    fn path(&self, file: &str) -> PathBuf {
        let (language, name) = file.split_once('/').unwrap_or(("", file));
        self.folder.join(language).join(BUILT).join(name)
    }

    /// What runs the program in `place`, which is its own.
    fn command(
        &self,
        module: &Path,
        spec: &Spec,
        runtime: &Runtime,
        place: &Path,
    ) -> Result<Command, Failure> {
        let root = place.join("root");
        if let Some(folder) = &spec.root {
            copy_folder(&module.with_file_name(folder), &root)?;
        }
        let has_root = spec.root.is_some();
        let mut command = match self.way {
            Way::Api => {
                let script = place.join("start.mjs");
                fs::write(&script, START).map_err(Failure::while_doing("writing a script"))?;
                let name = module.file_name().unwrap_or_default().to_string_lossy();
                let args: Vec<&str> =
                    [&*name].into_iter().chain(spec.args.iter().map(String::as_str)).collect();
                let preopens = if has_root { json!({ "/": root }) } else { json!({}) };
                let given = json!({
                    "module": module, "args": args, "env": spec.env, "preopens": preopens
                });
                let mut command = runtime.script_command();
                command.arg(script).arg(given.to_string());
                // Node says of `node:wasi`, on stderr, that it is an experiment.
                command.env("NODE_NO_WARNINGS", "1");
                command
            }
            Way::Command => {
                let mut command = runtime.command();
                if has_root {
                    command.arg("--dir").arg(format!("{}::/", root.display()));
                }
                for (name, value) in &spec.env {
                    command.arg("--env").arg(format!("{name}={value}"));
                }
                command.arg(module).args(&spec.args);
                command
            }
        };
        command.current_dir(place);
        Ok(command)
    }
}

impl Suite for Programs {
    fn files(&self) -> &[String] {
        &self.files
    }

    fn copy(&self) -> &str {
        &self.copy
    }

    fn run(&self, file: &str, job: &Job<'_>) -> Result<FileReport, Failure> {
        let module = self.path(file);
        let place = job.place.folder(job.index)?;
        let status = match Spec::read(&read_json(&module.with_extension("json"))?) {
            Err(rule) => Status::Skip(rule),
            Ok(spec) => {
                let command = self.command(&module, &spec, job.runtime, &place)?;
                spec.judge(&Ended::of_piped(command, LIMIT)?)
            }
        };
        fs::remove_dir_all(&place)
            .map_err(Failure::while_doing(format!("removing {}", place.display())))?;
        let outcome = Outcome { name: OUTCOME.to_owned(), status };
        Ok(FileReport { file: file.to_owned(), outcomes: vec![outcome] })
    }
}

/// Without such a file the defaults hold.
fn read_json(path: &Path) -> Result<Value, Failure> {
    let what = format!("reading {}", path.display());
    match path.exists() {
        false => Ok(Value::Null),
        true => {
            let text = fs::read_to_string(path).map_err(Failure::while_doing(&what))?;
            serde_json::from_str(&text).map_err(Failure::while_doing(&what))
        }
    }
}
