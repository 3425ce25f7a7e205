//! Node's own tests of `node:wasi`, each in a copy of what it needs, with a stand-in for Node's `test/common`.
//!
//! Node's own `test/common` checks that no global is there which its version does not have, and starts children
//! with flags of V8's: not even a newer Node runs it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::super::outcome::{FileReport, Outcome, Status};
use super::super::runtime::{Ended, Runtime};
use super::super::script::LIMIT;
use super::super::{Job, Options, Suite, jsapi, node_source};
use super::spec::Spec;
use super::{OUTCOME, copy_folder};
use crate::command::Failure;

/// `test/common`, and what is added to its `index.js` for tests of before Node 20.
const COMMON: [(&str, &str); 4] = [
    ("index.js", include_str!("common/index.js")),
    ("tmpdir.js", include_str!("common/tmpdir.js")),
    ("fixtures.js", include_str!("common/fixtures.js")),
    ("wasi.js", include_str!("common/wasi.js")),
];
const BEFORE_20: &str = include_str!("common/before_20.js");
/// How the line begins in which a test says that it is for a Node with other flags than ours.
const FLAGS: &str = "// Flags:";
/// How the line begins that says which program a test has come to.
const EXECUTING: &str = "executing ";

pub(super) struct NodeTests {
    /// Node's `test`.
    folder: PathBuf,
    /// Node's major version.
    version: u32,
    copy: String,
    files: Vec<String>,
}

impl NodeTests {
    pub(super) fn find(root: Option<&Path>, options: &Options) -> Result<NodeTests, Failure> {
        let root = match root {
            Some(root) => root.to_owned(),
            None => node_source::get()?.node(),
        };
        let header = jsapi::read(&root.join("src/node_version.h"))?;
        let Some(version) = major_version(&header) else {
            return Err(Failure::Failed(format!(
                "error: {}/src/node_version.h has no NODE_MAJOR_VERSION",
                root.display()
            )));
        };
        let folder = root.join("test");
        let what = || Failure::while_doing(format!("reading {}/wasi", folder.display()));
        let mut files = Vec::new();
        for entry in fs::read_dir(folder.join("wasi")).map_err(what())? {
            let name = entry.map_err(what())?.file_name().to_string_lossy().into_owned();
            if name.starts_with("test-") && name.ends_with(".js") {
                files.push(name);
            }
        }
        files.sort();
        let copy = options.copy.clone().unwrap_or_else(|| format!("node-{version}"));
        Ok(NodeTests { folder, version, copy, files })
    }

    /// Brings what tests need to `place`.
    fn install(&self, place: &Path, runtime: &Runtime) -> Result<(), Failure> {
        for name in ["wasi", "fixtures"] {
            copy_folder(&self.folder.join(name), &place.join(name))?;
        }
        let common = place.join("common");
        let what = || Failure::while_doing(format!("writing {}", common.display()));
        fs::create_dir(&common).map_err(what())?;
        for (name, text) in COMMON {
            let more = if name == "index.js" && self.version < 20 { BEFORE_20 } else { "" };
            fs::write(common.join(name), [text, more].concat()).map_err(what())?;
        }
        let again = common.join("again");
        fs::write(&again, shell_script(runtime)).map_err(what())?;
        fs::set_permissions(&again, fs::Permissions::from_mode(0o755)).map_err(what())
    }
}

impl Suite for NodeTests {
    fn files(&self) -> &[String] {
        &self.files
    }

    fn copy(&self) -> &str {
        &self.copy
    }

    fn run(&self, file: &str, job: &Job<'_>) -> Result<FileReport, Failure> {
        let text = jsapi::read(&self.folder.join("wasi").join(file))?;
        let status = match text.lines().find_map(|line| line.strip_prefix(FLAGS)) {
            Some(flags) => Status::Skip(format!("it needs the flags{flags}")),
            None => {
                let place = job.place.folder(job.index)?;
                self.install(&place, job.runtime)?;
                let mut command = job.runtime.script_command();
                command.arg(place.join("wasi").join(file)).current_dir(&place);
                let ended = Ended::of(command, &place.join("test"), LIMIT)?;
                fs::remove_dir_all(&place)
                    .map_err(Failure::while_doing(format!("removing {}", place.display())))?;
                judge(&ended)
            }
        };
        let outcome = Outcome { name: OUTCOME.to_owned(), status };
        Ok(FileReport { file: file.to_owned(), outcomes: vec![outcome] })
    }
}

/// A test passes if it exits with 0; one that does not may say how far it came.
fn judge(ended: &Ended) -> Status {
    let mut status = Spec::default().judge(ended);
    let last = ended.stdout.lines().rev().find_map(|line| line.strip_prefix(EXECUTING));
    if let (Status::Fail(message), Some(program)) = (&mut status, last) {
        message.insert_str(0, &format!("{program}: "));
    }
    status
}

/// Runs the runtime as the test was run.
fn shell_script(runtime: &Runtime) -> String {
    let command = runtime.script_command();
    let words = [command.get_program()].into_iter().chain(command.get_args());
    let quoted = words.map(|word| format!("'{}'", word.to_string_lossy().replace('\'', r"'\''")));
    format!("#!/bin/sh\nexec {} \"$@\"\n", quoted.collect::<Vec<_>>().join(" "))
}

fn major_version(header: &str) -> Option<u32> {
    let line =
        header.lines().find_map(|line| line.trim().strip_prefix("#define NODE_MAJOR_VERSION "))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_starts_itself_again_as_it_was_started() {
        let runtime = Runtime::holm("/a b/it's".into(), "--allow-all");
        let script = "#!/bin/sh\nexec '/a b/it'\\''s' '--allow-all' \"$@\"\n";
        assert_eq!(shell_script(&runtime), script);
    }

    #[test]
    fn the_version_is_in_a_header() {
        let header = "#ifndef X\n#define NODE_MAJOR_VERSION 18\n#define NODE_MINOR_VERSION 20\n";
        assert_eq!((major_version(header), major_version("")), (Some(18), None));
    }
}
