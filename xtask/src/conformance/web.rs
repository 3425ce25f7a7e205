//! The suite `web`: folders of web-platform-tests, of which only the `.any.js` files are run.
//!
//! Each folder is compared with its own expectations, `xtask/conformance/web/FOLDER.txt`. The files
//! are put together as those of [`super::jsapi`] are; what they would get from W3C's server (by
//! `fetch`, relative to themselves) they get from the folder `resources` beside them; those of
//! `wasm/webapi` from a small server (`web/server.rs`).

mod server;

use std::fs;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use self::server::Server;
use super::jsapi::{self, Meta};
use super::outcome::FileReport;
use super::script::{LIMIT, Prepared};
use super::{Job, Options, Suite, node_source};
use crate::command::Failure;

const PRELUDE: &str = include_str!("web/prelude.js");
/// Below the root of web-platform-tests.
pub(super) const FOLDERS: [&str; 8] = [
    "streams",
    "encoding",
    "url",
    "FileAPI",
    "html/webappapis/structured-clone",
    "webmessaging/broadcastchannel",
    "WebCryptoAPI",
    WASM,
];
/// Its tests ask a server, and not only for what is beside them.
const WASM: &str = "wasm/webapi";
/// How names of files begin that are not run: descriptions of interfaces, which need a parser of
/// their own; uploads to W3C's server; an interface that only browsers have.
const NOT_RUN: [&str; 3] = ["idlharness", "send-file-formdata", "filereader"];
/// Files of which one of the parts is run that W3C's server splits them into: all take minutes.
const IN_PART: [(&str, &str); 1] = [("derive_bits_keys/pbkdf2.https.any.js", "?1-1000")];
/// What a copy without a note of its versions is called unless told.
const COPY: &str = "dir";

pub(super) struct Web {
    root: PathBuf,
    folder: &'static str,
    harness: String,
    copy: String,
    files: Vec<String>,
    server: Option<Server>,
}

impl Web {
    /// One suite for each folder that is there.
    pub(super) fn find(options: &Options) -> Result<Vec<Web>, Failure> {
        let root = match &options.dir {
            Some(folder) => folder.clone(),
            None => node_source::get()?.root(),
        };
        let harness = match &options.harness {
            Some(file) => file.clone(),
            None => root.join("resources/testharness.js"),
        };
        let harness = jsapi::read(&harness)?;
        let mut found = Vec::new();
        for folder in FOLDERS.into_iter().filter(|folder| root.join(folder).is_dir()) {
            let mut files = Vec::new();
            collect(&root.join(folder), "", &mut files)?;
            files.sort();
            let copy = options.copy.clone().unwrap_or_else(|| version(&root, folder));
            let server = match folder {
                WASM => Some(Server::start(&root)?),
                _ => None,
            };
            let (root, harness) = (root.clone(), harness.clone());
            found.push(Web { root, folder, harness, copy, files, server });
        }
        match found.is_empty() {
            false => Ok(found),
            true => Err(Failure::Failed(format!(
                "error: {} has none of the folders {}\nhint: --dir is the root of web-platform-tests",
                root.display(),
                FOLDERS.join(", ")
            ))),
        }
    }

    /// What the folder is called in a sentence, and its file of expectations.
    pub(super) fn name(&self) -> &'static str {
        self.folder.rsplit('/').next().unwrap_or(self.folder)
    }

    /// Where a script named in `file` is: on W3C's server the root is that of all tests.
    fn script_path(&self, file: &str, script: &str) -> PathBuf {
        let path = match script.strip_prefix('/') {
            Some(below) => self.root.join(below),
            None => {
                let test = self.root.join(self.folder).join(file);
                test.parent().unwrap_or(&self.root).join(script)
            }
        };
        without_parents(&path)
    }
}

impl Suite for Web {
    fn files(&self) -> &[String] {
        &self.files
    }

    fn copy(&self) -> &str {
        &self.copy
    }

    fn resources(&self) -> Option<PathBuf> {
        let folder = self.root.join(self.folder).join("resources");
        folder.is_dir().then_some(folder)
    }

    fn run(&self, file: &str, job: &Job<'_>) -> Result<FileReport, Failure> {
        self.prepare(file)?.run(file, job)
    }
}

impl Web {
    /// Turns one file into a script, or says why it can't be.
    fn prepare(&self, file: &str) -> Result<Prepared, Failure> {
        let mut test = jsapi::read(&self.root.join(self.folder).join(file))?;
        if let Some(server) = self.server.as_ref().filter(|_| file.contains(".sub.")) {
            test = server.substitute(&test);
        }
        let meta = Meta::read(&test);
        let limit = if meta.is_long { jsapi::LONG_LIMIT } else { LIMIT };
        let mut parts = Vec::new();
        if let Some(server) = &self.server {
            let url = server.url(&format!("{}/{file}", self.folder));
            parts.push(format!("globalThis.TEST_URL = {};", Value::from(url)));
        }
        parts.extend([PRELUDE.to_owned(), self.harness.clone(), jsapi::REPORT.to_owned()]);
        if let Some((_, part)) = IN_PART.iter().find(|(name, _)| *name == file) {
            parts.push(format!("location.search = {part:?};"));
        }
        for script in &meta.scripts {
            parts.push(jsapi::read(&self.script_path(file, script))?);
        }
        parts.push(jsapi::in_its_mode(test));
        let script = format!("(function () {{\n{}\n}}).call(globalThis);\n", parts.join("\n;\n"));
        Ok(Prepared { script, known: Vec::new(), names: None, limit })
    }
}

/// The tests below `folder/below` that need no browser.
fn collect(folder: &Path, below: &str, files: &mut Vec<String>) -> Result<(), Failure> {
    let place = folder.join(below);
    let what = || format!("reading {}", place.display());
    for entry in fs::read_dir(&place).map_err(Failure::while_doing(what()))? {
        let entry = entry.map_err(Failure::while_doing(what()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        if entry.path().is_dir() {
            collect(folder, &path, files)?;
        } else if name.ends_with(".any.js") && !NOT_RUN.iter().any(|not| name.starts_with(not)) {
            files.push(path);
        }
    }
    Ok(())
}

/// The commit that a copy in Node.js's sources is of.
fn version(root: &Path, folder: &str) -> String {
    let text = fs::read_to_string(root.join("versions.json")).unwrap_or_default();
    let versions: Value = serde_json::from_str(&text).unwrap_or_default();
    match versions[folder]["commit"].as_str() {
        Some(commit) => format!("wpt-{}", commit.get(..8).unwrap_or(commit)),
        None => COPY.to_owned(),
    }
}

/// The path without `..`, which a test may use for a folder that is a link.
fn without_parents(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_found_from_the_root_or_beside_their_test() {
        let web = Web {
            root: "/wpt".into(),
            folder: "streams",
            harness: String::new(),
            copy: COPY.into(),
            files: Vec::new(),
            server: None,
        };
        for (script, path) in [
            ("/common/gc.js", "/wpt/common/gc.js"),
            ("../resources/test-utils.js", "/wpt/streams/resources/test-utils.js"),
            ("./own.js", "/wpt/streams/piping/own.js"),
        ] {
            assert_eq!(web.script_path("piping/abort.any.js", script), Path::new(path));
        }
    }
}
