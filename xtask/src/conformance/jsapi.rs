//! The suite `jsapi`: the WebAssembly JavaScript API's own tests, `test/js-api` of the specification's repository.
//!
//! Each `.any.js` file names in `// META: script=…` lines what it needs besides W3C's testharness.js. All of it
//! is put together into one script, each part as it is, inside one function: top-level names see one another
//! as in a shell, and hide the names that CommonJS gives a file (several tests declare an `exports`).
//!
//! <https://web-platform-tests.org/writing-tests/testharness.html#multi-global-tests>

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::outcome::FileReport;
use super::script::{LIMIT, Prepared};
use super::{Job, Options, Suite, node_source};
use crate::command::Failure;

const PRELUDE: &str = include_str!("jsapi/prelude.js");
pub(super) const REPORT: &str = include_str!("jsapi/report.js");
/// Where the suite's root is on W3C's server.
const SERVED_AT: &str = "/wasm/jsapi/";
/// For a test that calls itself long. W3C's own runner gives it a minute; an interpreter needs four
/// to put together modules of 10 000 000 segments and of a gigabyte.
pub(super) const LONG_LIMIT: Duration = Duration::from_secs(15 * 60);
/// What a copy given by `--dir` is called unless told.
const COPY: &str = "spec";

pub(super) struct JsApi {
    folder: PathBuf,
    /// The text of testharness.js.
    harness: String,
    copy: String,
    files: Vec<String>,
}

impl JsApi {
    pub(super) fn find(options: &Options) -> Result<JsApi, Failure> {
        let (folder, copy) = match &options.dir {
            Some(folder) => (folder.clone(), COPY.to_owned()),
            None => {
                let source = node_source::get()?;
                (source.jsapi(), source.copy())
            }
        };
        let harness = match &options.harness {
            Some(file) => file.clone(),
            None => node_source::get()?.harness(),
        };
        let mut files = Vec::new();
        collect(&folder, "", &mut files)?;
        files.sort();
        let harness = read(&harness)?;
        Ok(JsApi { folder, harness, copy: options.copy.clone().unwrap_or(copy), files })
    }

    fn script(&self, file: &str, test: String) -> Result<String, Failure> {
        let mut parts = vec![PRELUDE.to_owned(), self.harness.clone(), REPORT.to_owned()];
        for script in Meta::read(&test).scripts {
            parts.push(read(&self.folder.join(resolve(file, script)))?);
        }
        parts.push(in_its_mode(test));
        Ok(format!("(function () {{\n{}\n}}).call(globalThis);\n", parts.join("\n;\n")))
    }
}

impl Suite for JsApi {
    fn files(&self) -> &[String] {
        &self.files
    }

    fn resources(&self) -> Option<PathBuf> {
        let folder = self.folder.join("esm-integration/resources");
        folder.is_dir().then_some(folder)
    }

    fn copy(&self) -> &str {
        &self.copy
    }

    fn run(&self, file: &str, job: &Job<'_>) -> Result<FileReport, Failure> {
        self.prepare(file)?.run(file, job)
    }
}

impl JsApi {
    /// Turns one file into a script, or says why it can't be.
    fn prepare(&self, file: &str) -> Result<Prepared, Failure> {
        let test = read(&self.folder.join(file))?;
        let limit = if Meta::read(&test).is_long { LONG_LIMIT } else { LIMIT };
        let script = self.script(file, test)?;
        Ok(Prepared { script, known: Vec::new(), names: None, limit })
    }
}

/// The `// META: key=value` lines a test begins with.
pub(super) struct Meta<'a> {
    pub(super) scripts: Vec<&'a str>,
    globals: Vec<&'a str>,
    pub(super) is_long: bool,
}

impl Meta<'_> {
    pub(super) fn read(test: &str) -> Meta<'_> {
        let mut meta = Meta { scripts: Vec::new(), globals: Vec::new(), is_long: false };
        for line in test.lines() {
            let Some(line) = line.trim().strip_prefix("// META:") else { break };
            match line.trim().split_once('=') {
                Some(("script", script)) => meta.scripts.push(script),
                Some(("global", globals)) => meta.globals.extend(globals.split(',')),
                Some(("timeout", "long")) => meta.is_long = true,
                _ => {}
            }
        }
        meta
    }

    /// Whether the test says that it needs no browser.
    fn for_shells(&self) -> bool {
        self.globals.contains(&"jsshell")
    }
}

/// A test that is strict as a whole is a function of its own.
pub(super) fn in_its_mode(test: String) -> String {
    match is_strict(&test) {
        true => format!("(function () {{\n{test}\n}}).call(globalThis);"),
        false => test,
    }
}

/// Whether a test begins with the directive: it counts only at the beginning of a function.
fn is_strict(test: &str) -> bool {
    let code = test.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("//"));
    code.is_some_and(|line| line.starts_with("\"use strict\"") || line.starts_with("'use strict'"))
}

/// The tests below `folder/below` that are for shells.
fn collect(folder: &Path, below: &str, files: &mut Vec<String>) -> Result<(), Failure> {
    let place = folder.join(below);
    let what = || format!("reading {}", place.display());
    for entry in fs::read_dir(&place).map_err(Failure::while_doing(what()))? {
        let entry = entry.map_err(Failure::while_doing(what()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.path().is_dir() {
            collect(folder, &path, files)?;
        } else if path.ends_with(".any.js") && Meta::read(&read(&entry.path())?).for_shells() {
            files.push(path);
        }
    }
    Ok(())
}

/// Where below the suite's folder a script named in `file` is.
fn resolve(file: &str, script: &str) -> PathBuf {
    match script.strip_prefix(SERVED_AT) {
        Some(below) => below.into(),
        None => Path::new(file).parent().unwrap_or(Path::new("")).join(script),
    }
}

pub(super) fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(Failure::while_doing(format!("reading {}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meta_lines_come_first() {
        let meta = Meta::read(
            "// META: global=window,jsshell\n// META: script=/wasm/jsapi/a.js\n\
             // META: timeout=long\n// META: script=b.js\n\n// META: script=no.js\n",
        );
        assert_eq!(meta.scripts, ["/wasm/jsapi/a.js", "b.js"]);
        assert!(meta.for_shells());
        assert!(!Meta::read("// META: global=window\n").for_shells());
    }

    #[test]
    fn scripts_are_served_or_beside() {
        for (file, script, path) in [
            ("memory/grow.any.js", "/wasm/jsapi/assertions.js", "assertions.js"),
            ("memory/grow.any.js", "assertions.js", "memory/assertions.js"),
            ("limits.any.js", "helper.js", "helper.js"),
        ] {
            assert_eq!(resolve(file, script), Path::new(path));
        }
    }
}
