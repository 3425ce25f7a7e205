//! Workers that post, transfer, broadcast, wait, wake and end each other at random, for a second. To look for more:
//!
//! ```text
//! HOLM_STRESS_SECONDS=60 HOLM_STRESS_SEED=7 cargo test --test worker_stress
//! ```
//!
//! The same seed makes the same decisions, but threads meet differently each time.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use std::{env, io, thread};

use holm::{Config, Engine, Error, Isolate, Output, Permissions, ProcessInfo, SourceKind, Stream};

/// All threads end this long after they were told to, on a machine that does much else; or one hangs.
const PATIENCE: Duration = Duration::from_secs(60);

const SCRIPT: &str = include_str!("worker_stress.js");

/// What script does with `Atomics`, done by a module.
const MODULE: &str = r#"(module (import "" "memory" (memory 1 32 shared))
    (func (export "wait") (param i32 i32 i64) (result i32)
        (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "notify") (param i32 i32) (result i32)
        (memory.atomic.notify (local.get 0) (local.get 1)))
    (func (export "add") (param i32 i32) (result i32)
        (i32.atomic.rmw.add (local.get 0) (local.get 1))))"#;

#[derive(Clone, Default)]
struct Kept(Rc<RefCell<String>>);

impl Output for Kept {
    fn write(&self, _stream: Stream, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().push_str(&String::from_utf8_lossy(bytes));
        Ok(())
    }
}

fn number(variable: &str, default: u64) -> u64 {
    match env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")),
        Err(_) => default,
    }
}

#[test]
fn workers_do_to_each_other_what_they_can() -> Result<(), Error> {
    let (seed, seconds) = (number("HOLM_STRESS_SEED", 1), number("HOLM_STRESS_SECONDS", 1));
    let module = wat::parse_str(MODULE).expect("a module in text");
    let source = format!(
        "const seed = {seed}, milliseconds = {seconds} * 1000, \
         compiled = new WebAssembly.Module(new Uint8Array({module:?}));\n{SCRIPT}"
    );
    let (engine, output) = (Engine::new(Config::default())?, Kept::default());
    let mut isolate = Isolate::builder(&engine)
        .permissions(Permissions::all())
        .output(output.clone())
        .node(ProcessInfo { argv: vec!["holm".into()], ..ProcessInfo::default() })
        .build()?;
    let handle = isolate.handle();
    thread::spawn(move || {
        thread::sleep(Duration::from_secs(seconds) + PATIENCE);
        handle.stop();
    });
    isolate.run_source("/stress.cjs", &source, SourceKind::CommonJs)?;
    drop(isolate);
    let counts = output.0.borrow();
    println!("seed {seed}\n{counts}");
    for what in ["started", "terminated", "messages", "buffers", "ports", "echoes", "broadcasts"] {
        let count = counts.lines().find_map(|line| line.strip_prefix(what)?.trim().parse().ok());
        assert!(count > Some(0_u64), "seed {seed}: there were no {what}:\n{counts}");
    }
    Ok(())
}
