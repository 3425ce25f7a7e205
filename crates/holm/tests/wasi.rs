//! Programs of WASI from Rust: what an embedder gives them, and what it gets to see.

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use holm::{
    CommandOptions, Config, Engine, Grant, Isolate, IsolateBuilder, Output, Permissions, Preopen,
    ProcessInfo, Stream,
};

/// Keeps what is written.
#[derive(Clone, Default)]
struct Kept(Rc<RefCell<String>>);

impl Output for Kept {
    fn write(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(bytes);
        self.0.borrow_mut().push_str(&format!("{stream:?}: {text}"));
        Ok(())
    }
}

/// Shows what it can read, first of standard input and then of `note` in its folder; exits with
/// the error's number where that fails.
const READER: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1) (data (i32.const 100) "note")
    (func $copy (param $from i32) (param $to i32)
      (i32.store (i32.const 0) (i32.const 1000)) (i32.store (i32.const 4) (i32.const 100))
      (drop (call $read (local.get $from) (i32.const 0) (i32.const 1) (i32.const 8)))
      (i32.store (i32.const 4) (i32.load (i32.const 8)))
      (drop (call $write (local.get $to) (i32.const 0) (i32.const 1) (i32.const 8))))
    (func (export "_start") (local $errno i32)
      (call $copy (i32.const 0) (i32.const 1))
      (if (local.tee $errno (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 4) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 20)))
        (then (call $exit (local.get $errno))))
      (call $copy (i32.load (i32.const 20)) (i32.const 2))))"#;

const LOOPS: &str = r#"(module
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start")
      (i64.store (i32.const 24) (i64.const 3600000000000))
      (drop (call $poll (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)))))"#;

fn builder(permissions: Permissions, kept: &Kept) -> IsolateBuilder {
    let engine = Engine::new(Config::default()).expect("an engine");
    Isolate::builder(&engine)
        .permissions(permissions)
        .output(kept.clone())
        .node(ProcessInfo::default())
}

fn only(path: &Path) -> Grant {
    Grant::Only(vec![path.display().to_string()])
}

#[test]
fn a_program_gets_what_it_is_given_and_the_permissions_allow() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("reader.wat"), READER).expect("written");
    std::fs::create_dir(path("given")).expect("made");
    std::fs::write(path("given/note"), "a note").expect("written");
    std::fs::write(path("input"), "input").expect("written");
    let run = |permissions: Permissions, options: &CommandOptions| {
        let kept = Kept::default();
        let mut isolate = builder(permissions, &kept).build().expect("an isolate");
        let exit = isolate.run_command(&path("reader.wat"), options);
        let code = exit.map(|exit| exit.code).map_err(|error| error.to_string());
        let shown = kept.0.borrow().clone();
        (code, shown)
    };
    let read = || Permissions { read: only(folder.path()), ..Permissions::default() };
    let nothing = CommandOptions::default();
    // No folder: a descriptor that there is not.
    assert_eq!(run(read(), &nothing), (Ok(8), String::new()));
    let preopen = Preopen { host: path("given"), guest: "/".to_owned(), read_only: true };
    let given = CommandOptions { preopens: vec![preopen], ..nothing.clone() };
    assert_eq!(run(read(), &given), (Ok(0), "Err: a note".to_owned()));
    let with_input = CommandOptions { stdin: Some(path("input")), ..given.clone() };
    assert_eq!(run(read(), &with_input), (Ok(0), "Out: inputErr: a note".to_owned()));
    let module_only = Permissions { read: only(&path("reader.wat")), ..Permissions::default() };
    let (denied, shown) = run(module_only, &given);
    let text = denied.expect_err("the folder is not allowed");
    assert!(text.contains("--allow-read"), "{text}");
    assert_eq!(shown, "");
}

#[test]
fn a_program_that_waits_ends_with_the_isolates_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let module = folder.path().join("loops.wat");
    std::fs::write(&module, LOOPS).expect("written");
    let permissions = Permissions { read: only(folder.path()), ..Permissions::default() };
    let builder = builder(permissions, &Kept::default()).time_limit(Duration::from_millis(50));
    let mut isolate = builder.build().expect("an isolate");
    let ended = isolate.run_command(&module, &CommandOptions::default());
    assert!(ended.expect_err("an hour is too long").to_string().contains("time limit"));
}
