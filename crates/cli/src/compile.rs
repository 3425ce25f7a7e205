//! `holm compile`: modules compiled into the code cache ahead of their use.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use holm::{Config, Engine, Kept, Module};

use crate::arguments::Flags;
use crate::run::{FAILED, to_stderr, to_stdout};
use crate::{code_cache, report, size};

/// What names files of modules, in binary and as text.
const BINARY: &str = "wasm";
const TEXT: &str = "wat";

/// Why a module is not in the cache now.
struct Failure {
    text: String,
    hint: Option<String>,
}

/// Compiles these files, and all modules in these folders.
pub(crate) fn compile(flags: &Flags, paths: &[PathBuf]) -> ExitCode {
    let engine = code_cache::chosen(flags).map_err(str::to_owned).and_then(|cache| {
        let config = Config::default().code_cache(cache);
        Engine::new(config).map_err(|error| error.to_string())
    });
    let engine = match engine {
        Ok(engine) => engine,
        Err(reason) => {
            report::message(&reason, None);
            return ExitCode::from(FAILED);
        }
    };
    let mut all_kept = true;
    let mut files = Vec::new();
    for path in paths {
        if let Err(error) = find_modules(path, &mut files) {
            report::message(&format!("cannot read {}: {error}", path.display()), None);
            all_kept = false;
        }
    }
    for (index, file) in files.iter().enumerate() {
        let progress = format!("compiling {} ({} of {})", file.display(), index + 1, files.len());
        let outcome = showing(&progress, || compile_file(&engine, file));
        match outcome {
            Ok(line) => to_stdout(&format!("{}: {line}\n", file.display())),
            Err(failure) => {
                let text = format!("{}: {}", file.display(), failure.text);
                report::message(&text, failure.hint.as_deref());
                all_kept = false;
            }
        }
    }
    if all_kept { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

/// The file, or all modules in and below the folder, in the order of their names. Links in it
/// are not followed.
fn find_modules(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.metadata()?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut folders = vec![path.to_owned()];
    let first = files.len();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir()? {
            let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && (has_extension(&path, BINARY) || has_extension(&path, TEXT))
            {
                files.push(path);
            }
        }
    }
    files[first..].sort();
    Ok(())
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// What became of the file, in words.
fn compile_file(engine: &Engine, path: &Path) -> Result<String, Failure> {
    let failed = |text: String| Failure { text, hint: None };
    let compile_failed = |error: holm::Error| {
        let hint = error.hint().map(str::to_owned);
        Failure { text: error.to_string(), hint }
    };
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let binary = if has_extension(path, TEXT) {
        holm::to_binary(&bytes, &path.display().to_string()).map_err(compile_failed)?
    } else {
        bytes
    };
    let started = Instant::now();
    let (_, kept) = Module::compile_and_keep(engine, &binary).map_err(compile_failed)?;
    let (len, took) = (size::shown(binary.len() as u64), started.elapsed().as_secs_f64());
    match kept {
        Kept::Stored => Ok(format!("{len}, compiled in {took:.2} s")),
        Kept::Found => Ok(format!("{len}, already compiled")),
        Kept::Not(reason) => Err(failed(format!("compiled, but not kept: {reason}"))),
        _ => Err(failed("compiled, but not kept".to_owned())),
    }
}

/// Shows a line while something is done, if somebody looks.
fn showing<T>(line: &str, work: impl FnOnce() -> T) -> T {
    const CLEAR_LINE: &str = "\r\u{1b}[K";
    let is_shown = io::stderr().is_terminal();
    if is_shown {
        to_stderr(line);
    }
    let result = work();
    if is_shown {
        to_stderr(CLEAR_LINE);
    }
    result
}
