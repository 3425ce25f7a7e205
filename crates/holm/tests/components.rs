//! Components that are programs.

#![cfg(feature = "components")]
#![forbid(unsafe_code)]

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use holm::{CommandOptions, Config, Engine, Isolate, Output, Permissions, Preopen, Result, Stream};

/// What all of them have: `$run` is a core function that gives 0, or 1 if it failed.
fn program(parts: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            {parts}
            (func $run (result (result)) (canon lift (core func $i "run")))
            (instance $exports (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $exports)))"#
    );
    holm::to_binary(text.as_bytes(), "program.wat").expect("text of ours")
}

/// A program of one core function without imports.
fn alone(body: &str) -> Vec<u8> {
    program(&format!(
        r#"(core module $m (memory 1) (func (export "run") (result i32) {body}))
           (core instance $i (instantiate $m))"#
    ))
}

/// Fails unless it sees two arguments, one variable and one folder; says so.
const SEES: &str = r#"
    (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
    (alias export $error "error" (type $error-type))
    (import "wasi:io/streams@0.2.0" (instance $streams
      (export "output-stream" (type $stream (sub resource)))
      (alias outer 1 $error-type (type $e'))
      (export "error" (type $e (eq $e')))
      (type $stream-error' (variant (case "last-operation-failed" (own $e)) (case "closed")))
      (export "stream-error" (type $stream-error (eq $stream-error')))
      (export "[method]output-stream.blocking-write-and-flush" (func
        (param "self" (borrow $stream)) (param "contents" (list u8))
        (result (result (error $stream-error)))))))
    (alias export $streams "output-stream" (type $stream))
    (import "wasi:cli/stdout@0.2.0" (instance $stdout
      (alias outer 1 $stream (type $s'))
      (export "output-stream" (type $s (eq $s')))
      (export "get-stdout" (func (result (own $s))))))
    (import "wasi:cli/environment@0.2.0" (instance $environment
      (export "get-environment" (func (result (list (tuple string string)))))
      (export "get-arguments" (func (result (list string))))))
    (import "wasi:filesystem/types@0.2.0" (instance $types
      (export "descriptor" (type (sub resource)))))
    (alias export $types "descriptor" (type $descriptor))
    (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
      (alias outer 1 $descriptor (type $d'))
      (export "descriptor" (type $d (eq $d')))
      (export "get-directories" (func (result (list (tuple (own $d) string)))))))
    (core module $libc
      (memory (export "memory") 1)
      (data (i32.const 64) "seen")
      (global $next (mut i32) (i32.const 1024))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
        (global.set $next (i32.add (local.get $at) (local.get 3)))
        local.get $at))
    (core instance $libc (instantiate $libc))
    (alias core export $libc "memory" (core memory $memory))
    (alias core export $libc "realloc" (core func $realloc))
    (core func $get-stdout (canon lower (func $stdout "get-stdout")))
    (core func $write (canon lower
      (func $streams "[method]output-stream.blocking-write-and-flush") (memory $memory)))
    (core func $env (canon lower
      (func $environment "get-environment") (memory $memory) (realloc $realloc)))
    (core func $args (canon lower
      (func $environment "get-arguments") (memory $memory) (realloc $realloc)))
    (core func $folders (canon lower
      (func $preopens "get-directories") (memory $memory) (realloc $realloc)))
    (core module $m
      (import "" "memory" (memory 1))
      (import "" "get-stdout" (func $get-stdout (result i32)))
      (import "" "write" (func $write (param i32 i32 i32 i32)))
      (import "" "env" (func $env (param i32)))
      (import "" "args" (func $args (param i32)))
      (import "" "folders" (func $folders (param i32)))
      (func $count (param $at i32) (result i32) (i32.load offset=4 (local.get $at)))
      (func (export "run") (result i32)
        (call $write (call $get-stdout) (i32.const 64) (i32.const 4) (i32.const 8))
        (call $env (i32.const 16))
        (call $args (i32.const 24))
        (call $folders (i32.const 32))
        (i32.or (i32.ne (call $count (i32.const 16)) (i32.const 1))
          (i32.or (i32.ne (call $count (i32.const 24)) (i32.const 2))
            (i32.ne (call $count (i32.const 32)) (i32.const 1))))))
    (core instance $i (instantiate $m (with "" (instance
      (export "memory" (memory $memory))
      (export "get-stdout" (func $get-stdout))
      (export "write" (func $write))
      (export "env" (func $env))
      (export "args" (func $args))
      (export "folders" (func $folders))))))"#;

/// Sleeps for an hour.
const SLEEPS: &str = r#"
    (import "wasi:io/poll@0.2.0" (instance $poll
      (export "pollable" (type $p (sub resource)))
      (export "[method]pollable.block" (func (param "self" (borrow $p))))))
    (alias export $poll "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
      (alias outer 1 $pollable (type $p'))
      (export "pollable" (type $p (eq $p')))
      (type $d' u64)
      (export "duration" (type $d (eq $d')))
      (export "subscribe-duration" (func (param "when" $d) (result (own $p))))))
    (core func $subscribe (canon lower (func $clock "subscribe-duration")))
    (core func $block (canon lower (func $poll "[method]pollable.block")))
    (core module $m
      (import "" "subscribe" (func $subscribe (param i64) (result i32)))
      (import "" "block" (func $block (param i32)))
      (func (export "run") (result i32)
        (call $block (call $subscribe (i64.const 3600000000000)))
        i32.const 0))
    (core instance $i (instantiate $m (with "" (instance
      (export "subscribe" (func $subscribe))
      (export "block" (func $block))))))"#;

/// As long as a test may take that is to end early.
const SOON: Duration = Duration::from_secs(20);

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Output for Written {
    fn write(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        assert_eq!(stream, Stream::Out);
        self.0.lock().expect("no test panics with it").extend(bytes);
        Ok(())
    }
}

fn engine() -> Engine {
    Engine::new(Config::default()).expect("an engine")
}

fn run(isolate: &mut Isolate, wasm: &[u8]) -> Result<i32> {
    isolate.run_component("program.wasm", wasm, &CommandOptions::default())
}

#[test]
fn sees_what_it_is_given() -> Result<()> {
    let written = Written::default();
    let builder = Isolate::builder(&engine()).output(written.clone());
    let mut isolate = builder.permissions(Permissions::all()).build()?;
    let wasm = program(SEES);
    let folder = tempfile::tempdir().expect("a folder");
    let preopen =
        Preopen { host: folder.path().to_owned(), guest: "/data".into(), read_only: true };
    let given = CommandOptions {
        args: vec!["program".into(), "argument".into()],
        env: vec![("NAME".into(), "value".into())],
        preopens: vec![preopen],
        ..CommandOptions::default()
    };
    assert_eq!(isolate.run_component("program.wasm", &wasm, &given)?, 0);
    assert_eq!(*written.0.lock().expect("as above"), b"seen");
    // Nothing is given unasked.
    assert_eq!(run(&mut isolate, &wasm)?, 1);
    Ok(())
}

#[test]
fn a_folder_that_is_not_there_or_not_allowed() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |permissions, host: &std::path::Path| {
        let mut isolate = Isolate::builder(&engine()).permissions(permissions).build()?;
        let preopen = Preopen { host: host.to_owned(), guest: "/".into(), read_only: false };
        let given = CommandOptions { preopens: vec![preopen], ..CommandOptions::default() };
        let error = isolate.run_component("program.wasm", &program(SEES), &given).unwrap_err();
        Ok::<_, holm::Error>(error.to_string())
    };
    let error = run(Permissions::all(), "/does/not/exist".as_ref())?;
    assert!(error.contains("ENOENT") && error.contains("/does/not/exist"), "{error}");
    let error = run(Permissions::default(), folder.path())?;
    assert!(error.contains("--allow-read"), "{error}");
    Ok(())
}

#[test]
fn fails_as_it_says() -> Result<()> {
    let mut isolate = Isolate::builder(&engine()).build()?;
    assert_eq!(run(&mut isolate, &alone("i32.const 0"))?, 0);
    assert_eq!(run(&mut isolate, &alone("i32.const 1"))?, 1);
    let trapped = run(&mut isolate, &alone("unreachable")).unwrap_err();
    assert!(trapped.is_trap(), "{trapped:?}");
    assert!(trapped.frames()[0].file.starts_with("program.wasm"), "{trapped:?}");
    let nothing = run(&mut isolate, b"\0asm\x0d\0\x01\0").unwrap_err();
    assert!(nothing.to_string().contains("wasi:cli/run"), "{nothing}");
    assert!(run(&mut isolate, b"\0asm\x0d\0\x01\0\xff").unwrap_err().is_compile_error());
    Ok(())
}

#[test]
fn ends_with_its_time() -> Result<()> {
    for wasm in [alone("(loop $l (br $l)) i32.const 0"), program(SLEEPS)] {
        let limit = Duration::from_millis(200);
        let mut isolate = Isolate::builder(&engine()).time_limit(limit).build()?;
        let began = Instant::now();
        assert!(run(&mut isolate, &wasm).unwrap_err().is_time_limit());
        assert!(began.elapsed() < SOON);
    }
    Ok(())
}

#[test]
fn ends_when_it_is_stopped() -> Result<()> {
    for wasm in [alone("(loop $l (br $l)) i32.const 0"), program(SLEEPS)] {
        let mut isolate = Isolate::builder(&engine()).build()?;
        let handle = isolate.handle();
        let stopper = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            handle.stop();
        });
        assert!(run(&mut isolate, &wasm).unwrap_err().is_stopped());
        stopper.join().expect("it only sleeps");
    }
    Ok(())
}

#[test]
fn another_isolate_goes_on() -> Result<()> {
    let engine = engine();
    let other = engine.clone();
    let stopped = std::thread::spawn(move || {
        let limit = Duration::from_millis(100);
        let mut isolate = Isolate::builder(&other).time_limit(limit).build()?;
        let ended = run(&mut isolate, &alone("(loop $l (br $l)) i32.const 0"));
        assert!(ended.unwrap_err().is_time_limit());
        Ok::<(), holm::Error>(())
    });
    // Counts for longer than the other one may.
    let counts = alone(
        "(local $n i64)
         (loop $l
           (local.set $n (i64.add (local.get $n) (i64.const 1)))
           (br_if $l (i64.lt_u (local.get $n) (i64.const 1000000000))))
         i32.const 0",
    );
    assert_eq!(run(&mut Isolate::builder(&engine).build()?, &counts)?, 0);
    stopped.join().expect("no panic")
}

#[test]
fn keeps_to_its_memory() -> Result<()> {
    let mut isolate = Isolate::builder(&engine()).memory_limit_bytes(32 << 20).build()?;
    // 64 KiB a page: 1 000 are too many, 100 are not, and are given back.
    let grows =
        |pages: u32| alone(&format!("(i32.eq (memory.grow (i32.const {pages})) (i32.const -1))"));
    assert_eq!(run(&mut isolate, &grows(1_000))?, 1);
    for _ in 0..20 {
        assert_eq!(run(&mut isolate, &grows(100))?, 0);
    }
    Ok(())
}

#[test]
fn not_inside_of_another_runtime() -> Result<()> {
    let mut isolate = Isolate::builder(&engine()).build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let error = runtime.block_on(async { run(&mut isolate, &alone("i32.const 0")).unwrap_err() });
    assert!(error.to_string().contains("Tokio"), "{error}");
    Ok(())
}
