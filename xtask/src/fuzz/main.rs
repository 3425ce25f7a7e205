//! `holm-fuzz`: runs random inputs against Holm until one of them breaks it. `cargo xtask fuzz` builds it,
//! watches it, and starts it again behind an input that ended it.
//!
//! One file per [`Target`]. What an input is depends on seed and case number alone, and what is done with it on
//! its bytes alone. Whatever is wrong panics: a watcher must see aborts and hangs anyway, so it sees panics too.
//! Before each case its number is printed, and after it what became of it, each a line on stdout.

#![forbid(unsafe_code)]

mod artifacts;
mod conversions;
mod differential;
mod exercise;
mod http;
mod keys;
mod legacy;
mod modules;
mod random;
mod smith;
mod wasi;

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::panic;
use std::process;
use std::time::{Duration, Instant};

use lexopt::prelude::*;
use random::Random;
use rustix::process::{Resource, Rlimit, setrlimit};

/// One kind of input, and what is done with it.
struct Target {
    name: &'static str,
    make: fn(&mut Random) -> Vec<u8>,
    /// Says in a word how far it came.
    run: fn(&[u8]) -> &'static str,
}

const TARGETS: [Target; 8] = [
    modules::TARGET,
    legacy::TARGET,
    differential::TARGET,
    conversions::TARGET,
    artifacts::TARGET,
    http::TARGET,
    keys::TARGET,
    wasi::TARGET,
];

/// What an input may take; more is its own fault, and no reason to take down the machine.
const MEMORY_LIMIT_BYTES: u64 = 4 << 30;

#[derive(Default)]
struct Options {
    seed: u64,
    /// The first case.
    from: u64,
    /// How many; without it, as many as there is time for.
    count: Option<u64>,
    seconds: u64,
    /// Where to write the first case's input, instead of running it.
    save: Option<OsString>,
    /// Runs this file's content and nothing else.
    input: Option<OsString>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = lexopt::Parser::from_env();
    let mut target = None;
    let mut options = Options::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("seed") => options.seed = args.value()?.parse()?,
            Long("from") => options.from = args.value()?.parse()?,
            Long("count") => options.count = Some(args.value()?.parse()?),
            Long("seconds") => options.seconds = args.value()?.parse()?,
            Long("save") => options.save = Some(args.value()?),
            Long("input") => options.input = Some(args.value()?),
            Value(name) => target = TARGETS.iter().find(|target| name == target.name),
            other => return Err(other.unexpected().into()),
        }
    }
    let target = target.ok_or("no such target")?;
    // Holm makes exceptions of its own panics: none shall go by unseen.
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        print(panic);
        process::abort();
    }));
    let limit = Some(MEMORY_LIMIT_BYTES);
    setrlimit(Resource::Data, Rlimit { current: limit, maximum: limit })?;
    match &options {
        Options { input: Some(path), .. } => println!("{}", (target.run)(&fs::read(path)?)),
        Options { save: Some(path), .. } => {
            fs::write(path, (target.make)(&mut Random::of_case(options.seed, options.from)))?;
        }
        _ => run_cases(target, &options)?,
    }
    Ok(())
}

fn run_cases(target: &Target, options: &Options) -> io::Result<()> {
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let mut out = io::stdout().lock();
    let mut done = 0;
    while options.count.map_or_else(|| Instant::now() < end, |count| done < count) {
        let case = options.from + done;
        writeln!(out, "{case}")?;
        let input = (target.make)(&mut Random::of_case(options.seed, case));
        writeln!(out, "{}", (target.run)(&input))?;
        done += 1;
    }
    Ok(())
}
