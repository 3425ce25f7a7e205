//! testharness.js, a copy of the JavaScript API's tests, some of the web's, and Node's own tests of `node:wasi`, out of
//! Debian's source package `nodejs`.
//!
//! The tests are in no crate and in no npm package; Node.js's sources carry them, and Debian keeps those.
//! `apt-get` downloads and verifies with whatever mirror this machine is set up for: we only turn its own list of
//! sources into one of source packages, and keep all it writes below `target/conformance`. Debian 12 and 13 carry
//! the same copy, and a copy other than [`COMMIT`] is refused, so that expectations mean what they say.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cargo;
use crate::command::Failure;

/// The commit of web-platform-tests/wpt that `wasm/jsapi` is from.
const COMMIT: &str = "cde25e7e3c3b9d2280eb088a3fb9da988793d255";
/// What is taken out of the archive, below `test/fixtures/wpt`.
const WANTED: [&str; 12] = [
    "wasm/jsapi/*",
    "wasm/webapi/*",
    "resources/testharness.js",
    "versions.json",
    "common/*",
    "streams/*",
    "encoding/*",
    "url/*",
    "FileAPI/*",
    "html/webappapis/structured-clone/*",
    "webmessaging/*",
    "WebCryptoAPI/*",
];
/// And this, from the archive's root, of Node's own tests.
const WANTED_OF_NODE: [&str; 4] =
    ["test/wasi/*", "test/fixtures/wasi*", "test/fixtures/simple.wasm", "src/node_version.h"];
const HINT: &str = "\nhint: on a machine without apt-get: --dir FOLDER --harness testharness.js";

/// The extracted files.
pub(super) struct NodeSource(PathBuf);

/// Downloads them unless they are there: 30 MB, once.
pub(super) fn get() -> Result<NodeSource, Failure> {
    let root = cargo::target_directory()?.join("conformance");
    let source = NodeSource(root.join(format!("wpt-{}", &COMMIT[..8])));
    // An older xtask took less.
    let is_there = |folder: &&str| source.root().join(folder).exists();
    if source.harness().exists() && ["WebCryptoAPI", "wasm/webapi", "node"].iter().all(is_there) {
        return Ok(source);
    }
    eprintln!("conformance: getting the source package nodejs by apt-get");
    let work = root.join("apt");
    remove(&work)?;
    make(&work.join("lists/partial"))?;
    make(&work.join("cache/archives/partial"))?;
    make(&work.join("parts"))?;
    let texts = configured_sources()?;
    write(&work.join("parts/deb-src.sources"), &stanzas(&texts))?;
    write(&work.join("parts/deb-src.list"), &lines(&texts))?;
    apt_get(&work, &["update"])?;
    apt_get(&work, &["source", "--download-only", "--tar-only", "nodejs"])?;
    let extracted = work.join("wpt");
    make(&extracted)?;
    let archive = archive(&work)?;
    extract(&archive, &extracted, "test/fixtures/wpt/", &WANTED)?;
    let of_node = extracted.join("node");
    make(&of_node)?;
    extract(&archive, &of_node, "", &WANTED_OF_NODE)?;
    check_commit(&extracted)?;
    remove(&source.0)?;
    fs::rename(&extracted, &source.0)
        .map_err(Failure::while_doing(format!("making {}", source.0.display())))?;
    remove(&work)?;
    Ok(source)
}

impl NodeSource {
    pub(super) fn root(&self) -> PathBuf {
        self.0.clone()
    }

    pub(super) fn jsapi(&self) -> PathBuf {
        self.0.join("wasm/jsapi")
    }

    /// As the root of Node's sources, with little in it.
    pub(super) fn node(&self) -> PathBuf {
        self.0.join("node")
    }

    pub(super) fn harness(&self) -> PathBuf {
        self.0.join("resources/testharness.js")
    }

    /// What expectations call this copy.
    pub(super) fn copy(&self) -> String {
        format!("wpt-{}", &COMMIT[..8])
    }
}

/// The texts of all lists that apt reads, as (is it of stanzas, text).
fn configured_sources() -> Result<Vec<(bool, String)>, Failure> {
    let mut paths = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        paths.extend(entries.flatten().map(|entry| entry.path()));
    }
    paths.sort();
    let mut texts = Vec::new();
    for path in paths {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let of_stanzas = match extension {
            Some("sources") => true,
            Some("list") => false,
            _ => continue,
        };
        if let Ok(text) = fs::read_to_string(&path) {
            texts.push((of_stanzas, text));
        }
    }
    match texts.is_empty() {
        true => Err(Failure::Failed(format!("error: apt has no list of sources{HINT}"))),
        false => Ok(texts),
    }
}

/// Debian's entries of the newer format (`Types: deb`), asking for source packages.
fn stanzas(texts: &[(bool, String)]) -> String {
    let mut result = String::new();
    for text in texts.iter().filter(|(of_stanzas, _)| *of_stanzas).map(|(_, text)| text) {
        for stanza in text.split("\n\n") {
            let fields: Vec<&str> =
                stanza.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
            if !fields.iter().any(|line| line.starts_with("URIs:") && is_debian(line)) {
                continue;
            }
            for line in fields {
                result.push_str(if line.starts_with("Types:") { "Types: deb-src" } else { line });
                result.push('\n');
            }
            result.push('\n');
        }
    }
    result
}

/// Debian's entries of the older format (`deb URI SUITE COMPONENT…`), asking for source packages.
fn lines(texts: &[(bool, String)]) -> String {
    let mut result = Vec::new();
    for text in texts.iter().filter(|(of_stanzas, _)| !of_stanzas).map(|(_, text)| text) {
        for line in text.lines().map(str::trim).filter(|line| is_debian(line)) {
            let rest = line.strip_prefix("deb ").or_else(|| line.strip_prefix("deb-src "));
            let line = rest.map(|rest| format!("deb-src {}\n", rest.trim()));
            result.extend(line.filter(|line| !result.contains(line)));
        }
    }
    result.concat()
}

/// Mirrors differ in host, not in path: `…/debian`, `…/debian-security`. Others may offer a `nodejs` of their own.
fn is_debian(line: &str) -> bool {
    line.contains("/debian")
}

fn apt_get(work: &Path, arguments: &[&str]) -> Result<(), Failure> {
    let mut command = Command::new("apt-get");
    command.arg("--quiet").args(arguments).current_dir(work).stdin(Stdio::null());
    for (option, value) in [
        ("Dir::Etc::sourcelist", Path::new("/dev/null")),
        ("Dir::Etc::sourceparts", &work.join("parts")),
        ("Dir::State::lists", &work.join("lists")),
        ("Dir::Cache", &work.join("cache")),
        // The user apt drops its rights to may not write here.
        ("APT::Sandbox::User", Path::new("root")),
    ] {
        command.arg("-o").arg(format!("{option}={}", value.display()));
    }
    quietly(command)
}

fn archive(work: &Path) -> Result<PathBuf, Failure> {
    let entries = fs::read_dir(work)
        .map_err(Failure::while_doing(format!("reading {}", work.display())))?
        .flatten();
    let mut names = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("nodejs_") && name.contains(".orig.tar.")
    });
    names
        .next()
        .ok_or_else(|| Failure::Failed("error: apt-get delivered no nodejs_*.orig.tar.*".into()))
}

/// Takes what matches `below` and a pattern out of `node-vX.Y.Z/`; `folder` then has what is below `below`.
fn extract(archive: &Path, folder: &Path, below: &str, wanted: &[&str]) -> Result<(), Failure> {
    let above = 1 + below.matches('/').count();
    let mut tar = Command::new("tar");
    tar.arg("--extract").arg("--file").arg(archive).arg("--directory").arg(folder);
    tar.args(["--wildcards", &format!("--strip-components={above}")]);
    tar.args(wanted.iter().map(|path| format!("node-v*/{below}{path}")));
    quietly(tar)
}

/// Node.js notes where its copies come from.
fn check_commit(folder: &Path) -> Result<(), Failure> {
    let path = folder.join("versions.json");
    let text = fs::read_to_string(&path)
        .map_err(Failure::while_doing(format!("reading {}", path.display())))?;
    let versions: Value = serde_json::from_str(&text)
        .map_err(Failure::while_doing(format!("reading {}", path.display())))?;
    match versions["wasm/jsapi"]["commit"].as_str() {
        Some(COMMIT) => Ok(()),
        other => Err(Failure::Failed(format!(
            "error: this Debian's nodejs carries wasm/jsapi of commit {other:?}, expected {COMMIT}\n\
             hint: change COMMIT in {}, then --bless",
            file!()
        ))),
    }
}

/// Runs; shows what it wrote only if it failed.
fn quietly(mut command: Command) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| Failure::Failed(format!("error: running {program}: {error}{HINT}")))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    Err(Failure::Failed(format!("{text}\nerror: {program} ended with {}{HINT}", output.status)))
}

fn make(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Failure::while_doing(format!("making {}", folder.display())))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(Failure::while_doing(format!("writing {}", path.display())))
}

fn remove(folder: &Path) -> Result<(), Failure> {
    match folder.exists() {
        true => fs::remove_dir_all(folder)
            .map_err(Failure::while_doing(format!("removing {}", folder.display()))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_ask_for_source_packages() {
        let texts = [
            (true, "Types: deb\n# note\nURIs: http://h/debian\nSuites: x\nComponents: main\n".into()),
            (true, "Types: deb\nURIs: http://other/node\nSuites: y\n".to_owned()),
            (false, "deb [a=b] http://h/debian-security x main\ndeb-src [a=b] http://h/debian-security x main\n# deb http://h/debian z\ndeb http://other/ y main\n".into()),
        ];
        let stanza = "Types: deb-src\nURIs: http://h/debian\nSuites: x\nComponents: main\n\n";
        assert_eq!(stanzas(&texts), stanza);
        assert_eq!(lines(&texts), "deb-src [a=b] http://h/debian-security x main\n");
    }
}
