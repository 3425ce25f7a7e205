//! Ending isolates that do not want to end: from elsewhere, and by their deadline.

use std::time::{Duration, Instant};

use holm::{Config, Engine, Error, Imports, Isolate, IsolateHandle, Module};

/// Stopping may take so long, on a machine that does much else.
const SOON: Duration = Duration::from_secs(5);

fn engine() -> Engine {
    Engine::new(Config::default()).expect("an engine")
}

/// `module`: one that loops for ever; `nested`: one that calls script before it does.
const MODULES: &str = r#"
    const bytes = (text) => new Uint8Array(text.match(/../g).map((hex) => parseInt(hex, 16)));
    const module = new WebAssembly.Module(bytes('LOOP'));
    const nested = new WebAssembly.Module(bytes('NESTED'));
    const { loop } = new WebAssembly.Instance(module).exports;
"#;

fn hex(text: &str) -> String {
    let bytes = wat::parse_str(text).expect("a module in text");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn script(body: &str) -> String {
    let endless = hex(r#"(module (func (export "loop") (loop $l (br $l))))"#);
    let nested = hex(r#"(module (import "" "f" (func $f)) (func (export "run")
            (block $caught (try_table (catch_all $caught) (call $f))) (loop $l (br $l))))"#);
    MODULES.replace("LOOP", &endless).replace("NESTED", &nested) + body
}

/// Script that calls modules which loop, and does what it can against being stopped.
const DEFIANT: &[&str] = &[
    "loop()",
    "for (;;) { try { loop() } catch {} finally { loop() } }",
    "Promise.resolve().then(loop).catch(loop).finally(loop)",
    "(async () => { try { await 0; loop() } catch { loop() } })(); loop()",
    "new WebAssembly.Instance(nested, { '': { f: loop } }).exports.run()",
    "new WebAssembly.Instance(nested, { '': { f() { try { loop() } finally { loop() } } } }).exports.run()",
    "[1, 2].sort(loop); new Array(1e9).fill(0).map(loop)",
    "Object.defineProperty(globalThis, 'x', { get: loop }); x",
    "setTimeout(loop); setImmediate(loop)",
    "WebAssembly.promising(loop)()",
    "const f = new WebAssembly.Suspending(async () => {});
     const waiting = () => WebAssembly.promising(
        new WebAssembly.Instance(nested, { '': { f } }).exports.run)();
     waiting(); waiting(); waiting()",
];

fn stop_after(handle: IsolateHandle, delay: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(delay);
        handle.stop();
    });
}

fn run(isolate: &mut Isolate, body: &str) -> Result<(), Error> {
    isolate.enter(|scope| scope.eval::<()>(&script(body)))?;
    isolate.run_until_idle()
}

#[test]
fn a_module_that_loops_is_stopped() -> Result<(), Error> {
    let engine = engine();
    for body in DEFIANT {
        let mut isolate = Isolate::builder(&engine).build()?;
        stop_after(isolate.handle(), Duration::from_millis(20));
        let start = Instant::now();
        let error = run(&mut isolate, body).expect_err(body);
        assert!(error.is_stopped(), "{body}: {error}");
        assert!(start.elapsed() < SOON, "{body}");
        // Nothing runs again.
        let error = isolate.enter(|scope| scope.eval::<()>("loop()")).expect_err("stopped");
        assert!(error.is_stopped(), "{body}: {error}");
    }
    Ok(())
}

#[test]
fn a_module_that_loops_ends_at_the_time_limit() -> Result<(), Error> {
    let engine = engine();
    for body in DEFIANT {
        let limit = Duration::from_millis(50);
        // It counts from when the isolate is built.
        let start = Instant::now();
        let mut isolate = Isolate::builder(&engine).time_limit(limit).build()?;
        let error = run(&mut isolate, body).expect_err(body);
        assert!(error.is_time_limit() && !error.is_stopped(), "{body}: {error}");
        assert!(start.elapsed() >= limit && start.elapsed() < SOON, "{body}");
    }
    Ok(())
}

#[test]
fn a_module_called_from_rust_is_stopped() -> Result<(), Error> {
    let engine = engine();
    let text = r#"(module (func (export "loop") (loop $l (br $l))))"#;
    let module = Module::compile(&engine, &wat::parse_str(text).expect("a module"))?;
    for _ in 0..20 {
        let mut isolate = Isolate::builder(&engine).build()?;
        stop_after(isolate.handle(), Duration::from_millis(1));
        let error = isolate.enter(|scope| {
            let exports = scope.instantiate(&module, &Imports::new())?.exports();
            let looping = exports.function(scope, "loop")?;
            let first: Result<(), Error> = looping.call(scope, ());
            // An embedder that goes on finds nothing that does.
            let second: Result<(), Error> = looping.call(scope, ());
            assert!(first.is_err() && second.is_err());
            Ok(())
        });
        assert!(error.expect_err("stopped").is_stopped());
    }
    Ok(())
}

#[test]
fn a_thousand_are_stopped_eight_at_a_time() {
    let engine = engine();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let engine = engine.clone();
            std::thread::spawn(move || {
                for count in 0..125 {
                    let mut isolate = Isolate::builder(&engine).build().expect("an isolate");
                    stop_after(isolate.handle(), Duration::from_micros(37 * count));
                    let error = run(&mut isolate, DEFIANT[count as usize % DEFIANT.len()]);
                    assert!(error.expect_err("stopped").is_stopped());
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
}
