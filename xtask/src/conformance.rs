//! `cargo xtask conformance SUITE`: foreign test suites, unchanged, under Holm or under a peer.
//!
//! A suite says which files it has and runs one: most ([`jsapi`], [`core`], [`web`]) turn it into a [`script`] that prints
//! what came of it, [`wasi`] looks at how a program ended. Files run in an empty folder, two at a time. What Holm is
//! known to fail is committed in `xtask/conformance/SUITE.txt`, each with its reason: an unlisted failure fails the
//! command, and so does a listed one that passes or is no longer there. A peer (`--runtime`) is only reported on.

mod core;
mod expectations;
mod jsapi;
mod node_source;
mod outcome;
mod runtime;
mod script;
mod table;
mod wasi;
mod web;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::cargo;
use crate::command::{Command, Failure};
use crate::progress::Progress;
use expectations::{Comparison, Expectations, Separator};
use outcome::{FileReport, Status};
use runtime::Runtime;

pub const COMMAND: Command = Command {
    name: "conformance",
    summary: "run a foreign suite: jsapi|core|web|wasi [--dir DIR] [--runtime CMD] [--filter TEXT] [--bless] [-v] …",
    run,
};

const HELP: &str = "usage: cargo xtask conformance jsapi|core|web|wasi [OPTIONS]

  --dir DIR            the suite's files, instead of those a package registry delivers
                       (wasi: the official suite, which none does, or Node.js's sources)
  --harness FILE       jsapi, web: the testharness.js to use
  --copy NAME          what expectations call the files in DIR (jsapi: spec, others: dir)
  --holm PATH          the command to test, instead of one that is built
  --runtime CMD        run under CMD and report; without it: Holm, compared with what is expected
  --expectations PATH  compare with PATH, whatever the runtime (web, wasi: a folder)
  --messages exact|any core: whether a trap's message must begin with the suite's (default: exact for Holm)
  --filter TEXT        only files with TEXT in their path
  --bless              write what failed to the expectations
  --markdown           print the table as Markdown
  --keep DIR           write the scripts that are run to DIR as well
  -v, --verbose        print every failure, expected ones too";

/// How many files run at once. More would make a slow file run into its time limit on a small machine.
const AT_ONCE: usize = 2;

/// One foreign suite, its files found.
trait Suite: Sync {
    /// Paths below the suite's folder, in the order they are reported.
    fn files(&self) -> &[String];
    /// What the expectations call this copy of the suite.
    fn copy(&self) -> &str;
    /// A folder that scripts find beside them, under its own name.
    fn resources(&self) -> Option<PathBuf> {
        None
    }
    /// Runs one file and says what came of it.
    fn run(&self, file: &str, job: &Job<'_>) -> Result<FileReport, Failure>;
}

/// By what one file is run, and where.
struct Job<'a> {
    runtime: &'a Runtime,
    place: &'a runtime::Place,
    /// No other file has the same number.
    index: usize,
    /// Where scripts are kept for a look at them.
    keep: Option<&'a Path>,
}

#[derive(Default)]
struct Options {
    suite: String,
    dir: Option<PathBuf>,
    harness: Option<PathBuf>,
    copy: Option<String>,
    holm: Option<PathBuf>,
    runtime: Option<String>,
    expectations: Option<PathBuf>,
    messages: Option<core::Messages>,
    filter: String,
    actions: Actions,
    keep: Option<PathBuf>,
}

/// What is done with the result besides the comparison.
#[derive(Default)]
struct Actions {
    bless: bool,
    markdown: bool,
    verbose: bool,
}

fn run(args: lexopt::Parser) -> Result<(), Failure> {
    let Some(options) = parse(args)? else {
        println!("{HELP}");
        return Ok(());
    };
    let runtime = match &options.runtime {
        Some(command) => Runtime::parse(command)?,
        None => Runtime::holm(holm(&options)?, permission(&options.suite)),
    };
    let (mut totals, mut failed) = (Vec::new(), Vec::new());
    for part in find(&options)? {
        let Compared { total, verdict } = run_part(&part, &runtime, &options)?;
        totals.push(total);
        failed.extend(verdict.err());
    }
    if totals.len() > 1 {
        println!("{}: {}", options.suite, totals.join(", "));
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::Failed(failed.join("\n"))),
    }
}

fn holm(options: &Options) -> Result<PathBuf, Failure> {
    match &options.holm {
        // Files run in another folder: a path must hold there too.
        Some(path) => fs::canonicalize(path)
            .map_err(Failure::while_doing(format!("looking for {}", path.display()))),
        None => cargo::release_holm(),
    }
}

/// What Holm grants a suite's scripts.
fn permission(suite: &str) -> &'static str {
    match suite {
        // They read what is theirs, write below it, and start themselves again.
        "wasi" => "--allow-all",
        // A server that some tests need.
        _ => "--allow-net=127.0.0.1,localhost",
    }
}

/// What is run and compared as one.
struct Part {
    suite: Box<dyn Suite>,
    separator: Separator,
    /// The name of its expectations, without ending, below `xtask/conformance`.
    name: String,
}

/// The parts that have a file which the filter lets through.
fn find(options: &Options) -> Result<Vec<Part>, Failure> {
    let one = |suite: Box<dyn Suite>, separator| {
        vec![Part { suite, separator, name: options.suite.clone() }]
    };
    let mut parts = match options.suite.as_str() {
        "jsapi" => one(Box::new(jsapi::JsApi::find(options)?), Separator::Bar),
        "core" => one(Box::new(core::Core::find(options)?), Separator::Colon),
        "web" => {
            let part = |web: web::Web| {
                let name = format!("web/{}", web.name());
                Part { suite: Box::new(web), separator: Separator::Bar, name }
            };
            web::Web::find(options)?.into_iter().map(part).collect()
        }
        "wasi" => wasi::find(options)?,
        other => return Err(Failure::Usage(format!("error: no suite `{other}`\n\n{HELP}"))),
    };
    parts.retain(|part| !part.files(options).is_empty());
    match parts.is_empty() {
        true => Err(Failure::Failed(format!("error: no file has `{}` in it", options.filter))),
        false => Ok(parts),
    }
}

impl Part {
    fn short_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// A filter may name the part itself, and then a file of it.
    fn files(&self, options: &Options) -> Vec<String> {
        let path =
            |file: &&String| format!("{}/{file}", self.short_name()).contains(&options.filter);
        self.suite.files().iter().filter(path).cloned().collect()
    }

    /// Ours, unless another is named or the runtime is a peer.
    fn expectations(&self, options: &Options) -> Option<PathBuf> {
        let file = format!("{}.txt", self.name);
        match &options.expectations {
            Some(folder) if folder.is_dir() => {
                Some(folder.join(file.rsplit('/').next().unwrap_or(&file)))
            }
            Some(file) => Some(file.clone()),
            None if options.runtime.is_some() => None,
            None => Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance").join(file)),
        }
    }
}

/// What came of a part.
struct Compared {
    /// As `streams 1014 of 1017`.
    total: String,
    /// What is not as expected.
    verdict: Result<(), String>,
}

fn run_part(part: &Part, runtime: &Runtime, options: &Options) -> Result<Compared, Failure> {
    let Part { suite, separator, name } = part;
    let reports = run_all(part, runtime, options)?;
    let path = part.expectations(options);
    let mut result = match options.suite == *name {
        true => String::new(),
        false => format!("{name}\n"),
    };
    result.push_str(&table::render(&reports, options.actions.markdown));
    if path.is_none() || options.actions.verbose {
        result.push_str(&failures(&reports));
    }
    io::stdout()
        .write_all(result.as_bytes())
        .map_err(Failure::while_doing("writing the result"))?;
    eprint!("{}", table::skipped(&reports));
    let (passed, of) = table::total(&reports);
    let total = format!("{} {passed} of {of}", part.short_name());
    let Some(path) = path else { return Ok(Compared { total, verdict: Ok(()) }) };
    // A list that is not there yet expects nothing.
    let text = match options.actions.bless && !path.exists() {
        true => String::new(),
        false => fs::read_to_string(&path)
            .map_err(Failure::while_doing(format!("reading {}", path.display())))?,
    };
    let mut expectations = Expectations::parse(&text, *separator)
        .map_err(Failure::while_doing(format!("reading {}", path.display())))?;
    if options.actions.bless {
        expectations.bless(&reports, suite.copy());
        fs::write(&path, expectations.to_string())
            .map_err(Failure::while_doing(format!("writing {}", path.display())))?;
        eprintln!("conformance: wrote {}", path.display());
        return Ok(Compared { total, verdict: Ok(()) });
    }
    let every_file_ran = options.filter.is_empty();
    let comparison = expectations.compare(&reports, suite.copy(), every_file_ran);
    Ok(Compared { total, verdict: verdict(&comparison, &path) })
}

fn parse(mut args: lexopt::Parser) -> Result<Option<Options>, Failure> {
    use lexopt::prelude::*;
    let mut options = Options::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("help") | Short('h') => return Ok(None),
            Long("dir") => options.dir = Some(args.value()?.into()),
            Long("harness") => options.harness = Some(args.value()?.into()),
            Long("copy") => options.copy = Some(args.value()?.string()?),
            Long("holm") => options.holm = Some(args.value()?.into()),
            Long("runtime") => options.runtime = Some(args.value()?.string()?),
            Long("expectations") => options.expectations = Some(args.value()?.into()),
            Long("messages") => options.messages = Some(args.value()?.parse()?),
            Long("filter") => options.filter = args.value()?.string()?,
            Long("keep") => options.keep = Some(args.value()?.into()),
            Long("bless") => options.actions.bless = true,
            Long("markdown") => options.actions.markdown = true,
            Long("verbose") | Short('v') => options.actions.verbose = true,
            Value(suite) if options.suite.is_empty() => options.suite = suite.string()?,
            other => return Err(other.unexpected().into()),
        }
    }
    match options.suite.as_str() {
        "" => Err(Failure::Usage(HELP.into())),
        _ => Ok(Some(options)),
    }
}

/// Runs the files that the filter lets through; the reports come in the suite's order.
fn run_all(part: &Part, runtime: &Runtime, options: &Options) -> Result<Vec<FileReport>, Failure> {
    let suite = part.suite.as_ref();
    let files = part.files(options);
    if let Some(folder) = &options.keep {
        fs::create_dir_all(folder)
            .map_err(Failure::while_doing(format!("making {}", folder.display())))?;
    }
    let place = runtime::Place::new(suite.resources().as_deref())?;
    let progress = Progress::new();
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let work = || -> Result<(), Failure> {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(file) = files.get(index) else { return Ok(()) };
                progress.show(&format!("{}/{} {file}", index + 1, files.len()));
                let keep = options.keep.as_deref();
                let report = suite.run(file, &Job { runtime, place: &place, index, keep })?;
                reports.lock().expect("no worker panics").push((index, report));
            }
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("no worker panics"))
    })?;
    let mut reports = reports.into_inner().expect("no worker panics");
    reports.sort_by_key(|(index, _)| *index);
    Ok(reports.into_iter().map(|(_, report)| report).collect())
}

fn failures(reports: &[FileReport]) -> String {
    let mut text = String::new();
    for report in reports {
        for outcome in &report.outcomes {
            if let Status::Fail(message) = &outcome.status
                && message != outcome::NOT_REACHED
            {
                text.push_str(&format!(
                    "FAIL {} | {}\n     {message}\n",
                    report.file, outcome.name
                ));
            }
        }
    }
    text
}

fn verdict(comparison: &Comparison, path: &Path) -> Result<(), String> {
    if comparison.problems.is_empty() {
        eprintln!(
            "conformance: as expected ({} listed in {})",
            comparison.expected_failures,
            path.display()
        );
        return Ok(());
    }
    let mut text = comparison.problems.join("\n");
    text.push_str(&format!(
        "\nerror: {} results are not those of {}",
        comparison.problems.len(),
        path.display()
    ));
    text.push_str("\nhint: --bless writes them there; each entry needs a reason");
    Err(text)
}
