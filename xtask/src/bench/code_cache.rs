//! `cargo xtask bench code-cache FILE…`: what a process waits for `new WebAssembly.Module` of its bytes, the first
//! time and when the code cache has it.
//!
//! Every sample is a process of its own. The cache is in a folder of its own, and is empty for the first.

use std::fs;
use std::path::{Path, PathBuf};

use super::runtimes::{self, Given, Runtime};
use super::stats::Summary;
use crate::command::{Command, Failure};
use crate::progress::Progress;

pub const COMMAND: Command = Command {
    name: "code-cache",
    summary: "modules compiled and found again: FILE… [--holm PATH] [--node PATH] [--bun PATH] [--runs N]",
    run,
};

/// Reads the module beside it, which every runtime but Deno lets it.
const SCRIPT: &str = "
import fs from 'node:fs';
const bytes = fs.readFileSync(new URL('./module.wasm', import.meta.url));
const start = performance.now();
new WebAssembly.Module(bytes);
console.log(performance.now() - start);
";

const DEFAULT_RUNS: usize = 15;
const MEGABYTE: f64 = 1e6;

fn run(args: lexopt::Parser) -> Result<(), Failure> {
    let (given, runs, files) = options(args)?;
    let runtimes = runtimes::found(&given, &["node", "bun"])?;
    let folder = tempfile::tempdir().map_err(Failure::while_doing("making a temporary folder"))?;
    let script = folder.path().join("compile.mjs");
    fs::write(&script, SCRIPT).map_err(Failure::while_doing("writing the script"))?;
    let progress = Progress::new();
    for file in &files {
        let copied = fs::copy(file, folder.path().join("module.wasm"));
        let bytes = copied.map_err(Failure::while_doing(format!("copying {}", file.display())))?;
        let cache = folder.path().join("cache");
        drop(fs::remove_dir_all(&cache));
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let mut line = format!("{name} ({:.1} MB)", bytes as f64 / MEGABYTE);
        for runtime in &runtimes {
            progress.show(&format!("{name} under {}", runtime.name));
            let first = sample(runtime, &script, &cache)?;
            let series = (0..runs).map(|_| sample(runtime, &script, &cache));
            let series: Vec<f64> = series.collect::<Result<_, _>>()?;
            let Some(summary) = Summary::of(series) else { continue };
            let range = summary.interquartile_range();
            let then = format!("{:.2} ms (IQR {range:.2})", summary.median);
            line.push_str(&format!(
                "\n  {:<6}{first:>10.1} ms at first, then {then}",
                runtime.name
            ));
        }
        line.push_str(&format!("\n  code  {:>10.1} MB kept by holm", held(&cache)? / MEGABYTE));
        progress.show("");
        println!("{line}");
    }
    println!("medians of {runs} processes each");
    Ok(())
}

/// Milliseconds.
fn sample(runtime: &Runtime, script: &Path, cache: &Path) -> Result<f64, Failure> {
    let what = format!("running {} under {}", script.display(), runtime.name);
    let output = runtime.command(script).env("HOLM_CODE_CACHE", cache).output();
    let output = output.map_err(Failure::while_doing(&what))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| {
        let errors = String::from_utf8_lossy(&output.stderr);
        Failure::Failed(format!("error: {what} gave no figure\n{errors}"))
    })
}

/// Bytes of all modules in the cache.
fn held(cache: &Path) -> Result<f64, Failure> {
    let doing = || Failure::while_doing(format!("reading {}", cache.display()));
    let mut bytes = 0;
    for entry in fs::read_dir(cache).map_err(doing())? {
        bytes += entry.and_then(|entry| entry.metadata()).map_err(doing())?.len();
    }
    Ok(bytes as f64)
}

fn options(mut args: lexopt::Parser) -> Result<(Given, usize, Vec<PathBuf>), Failure> {
    use lexopt::prelude::*;
    let (mut given, mut runs, mut files) = (Given::default(), DEFAULT_RUNS, Vec::new());
    while let Some(arg) = args.next()? {
        match arg {
            Long("runs") => runs = args.value()?.parse()?,
            Long("holm") => given.set("holm", args.value()?.into()),
            Long("node") => given.set("node", args.value()?.into()),
            Long("bun") => given.set("bun", args.value()?.into()),
            Value(file) => files.push(file.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    if files.is_empty() || runs == 0 {
        return Err(Failure::Usage("error: name modules to compile, and at least one run".into()));
    }
    Ok((given, runs, files))
}
