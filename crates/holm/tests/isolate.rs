//! Isolates as an embedder meets them.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use holm::{
    Clock, Config, Engine, Error, Isolate, IsolateBuilder, Output, ProcessInfo, SourceKind, Stream,
};

fn builder() -> IsolateBuilder {
    Isolate::builder(&Engine::new(Config::default()).expect("an engine"))
}

/// Keeps what is printed.
#[derive(Clone, Default)]
struct Kept(Rc<RefCell<Vec<u8>>>);

impl Output for Kept {
    fn write(&self, _stream: Stream, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(())
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

#[test]
fn isolates_share_nothing() -> Result<(), Error> {
    let (mut one, mut other) = (builder().build()?, builder().build()?);
    one.enter(|scope| scope.eval::<()>("globalThis.secret = 1; Object.prototype.mark = 2"))?;
    let seen: String = other.enter(|scope| scope.eval("`${typeof secret} ${typeof {}.mark}`"))?;
    assert_eq!(seen, "undefined undefined");
    Ok(())
}

#[test]
fn isolates_run_on_many_threads_at_once() {
    let engine = Engine::new(Config::default()).expect("an engine");
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let engine = engine.clone();
            std::thread::spawn(move || -> Result<i32, Error> {
                let mut sum = 0;
                for _ in 0..20 {
                    let mut isolate = Isolate::builder(&engine).build()?;
                    sum += isolate.enter(|scope| scope.eval::<i32>(&format!("{number} + 1")))?;
                }
                Ok(sum)
            })
        })
        .collect();
    let sums: Vec<i32> =
        threads.into_iter().map(|thread| thread.join().expect("no panic").expect("runs")).collect();
    assert_eq!(sums, [20, 40, 60, 80]);
}

/// Whatever waits in an isolate goes with it.
#[test]
fn an_isolate_may_be_dropped_at_any_moment() -> Result<(), Error> {
    for script in [
        "setTimeout(() => {}, 1e6)",
        "setInterval(() => {}, 1); setImmediate(() => {})",
        "process.nextTick(() => {})",
        "process.stdin.on('data', () => {})",
        "process.on('SIGUSR2', () => {})",
        "Promise.reject(new Error('nobody'))",
        "new Promise(() => {}).then(() => {})",
        "globalThis.self = globalThis; performance.mark('m'); console.group('g')",
        "new FinalizationRegistry(() => {}).register({}, 1); new WeakRef({})",
        "import('data:text/javascript,await new Promise(() => {})')",
        "(function* () { try { yield 1 } finally { console.log('never') } })().next()",
    ] {
        let process = ProcessInfo { handles_signals: true, ..ProcessInfo::default() };
        let mut isolate = builder().node(process).build()?;
        isolate.enter(|scope| scope.eval::<()>(script))?;
        drop(isolate);
    }
    Ok(())
}

#[test]
fn limits_end_script_with_errors_that_tell() -> Result<(), Error> {
    let failed = |builder: IsolateBuilder, script: &str| {
        let mut isolate = builder.build().expect("an isolate");
        isolate.enter(|scope| scope.eval::<()>(script)).expect_err(script)
    };
    let memory = failed(builder().memory_limit_bytes(8 << 20), "new Array(1e8).fill(0)");
    assert!(memory.is_limit() && !memory.is_time_limit(), "{memory}");
    let stack = failed(builder(), "(function f() { f() })()");
    assert!(stack.is_limit(), "{stack}");
    let time = builder().time_limit(Duration::from_millis(30));
    let time = failed(time, "for (;;) { try { for (;;); } catch {} }");
    assert!(time.is_time_limit(), "{time}");
    let thrown = failed(builder(), "throw new RangeError('mine')");
    assert!(thrown.is_exception() && !thrown.is_limit());
    assert_eq!(thrown.to_string(), "RangeError: mine");
    assert_eq!(thrown.frames()[0].line, Some(1));
    Ok(())
}

#[test]
fn a_time_limit_and_stop_end_a_sleep_too() -> Result<(), Error> {
    let start = Instant::now();
    let mut isolate = builder().time_limit(Duration::from_millis(50)).build()?;
    isolate.enter(|scope| scope.eval::<()>("setTimeout(() => {}, 1e6)"))?;
    assert!(isolate.run_until_idle().expect_err("ended").is_time_limit());

    let mut isolate = builder().build()?;
    let handle = isolate.handle();
    isolate.enter(|scope| scope.eval::<()>("setTimeout(() => {}, 1e6)"))?;
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        handle.stop();
    });
    assert!(isolate.run_until_idle().expect_err("ended").is_stopped());
    stopper.join().expect("no panic");
    assert!(start.elapsed() < Duration::from_secs(60), "neither waited for the timer");
    Ok(())
}

/// A clock that an embedder moves.
#[derive(Clone, Default)]
struct ByHand(Rc<RefCell<Duration>>);

impl Clock for ByHand {
    fn elapsed(&self) -> Duration {
        let mut now = self.0.borrow_mut();
        *now += Duration::from_secs(3600);
        *now
    }

    fn origin_ms(&self) -> f64 {
        0.0
    }
}

#[test]
fn hosts_hand_in_clock_and_output() -> Result<(), Error> {
    let output = Kept::default();
    let mut isolate = builder().clock(ByHand::default()).output(output.clone()).build()?;
    isolate.enter(|scope| {
        scope.eval::<()>(
            "setTimeout(() => console.log('an hour', [later]), 3.6e6); var later = { a: 1 }",
        )
    })?;
    isolate.run_until_idle()?;
    assert_eq!(output.text(), "an hour [ { a: 1 } ]\n");
    Ok(())
}

#[test]
fn nothing_is_permitted_by_default() -> Result<(), Error> {
    let mut isolate = builder().node(ProcessInfo::default()).build()?;
    let failed = isolate.run_source("/x/main.cjs", "require('/etc/hosts')", SourceKind::CommonJs);
    let failed = failed.expect_err("refused");
    assert!(failed.is_permission(), "{failed}");
    assert!(failed.to_string().contains("--allow-read=/etc/hosts"), "{failed}");

    let mut bare = builder().build()?;
    let import = "import('/etc/hosts').catch((error) => { globalThis.text = error.message })";
    bare.enter(|scope| scope.eval::<()>(import))?;
    let text: String = bare.enter(|scope| scope.eval("text"))?;
    assert!(text.contains("no module loader"), "{text}");
    assert_eq!(
        bare.enter(|scope| scope.eval::<String>("typeof process + typeof require"))?,
        "undefinedundefined"
    );
    Ok(())
}

#[test]
fn values_go_both_ways() -> Result<(), Error> {
    let mut isolate = builder().build()?;
    isolate.enter(|scope| {
        assert_eq!(scope.eval::<u32>("4294967295")?, u32::MAX);
        assert!(scope.eval::<u32>("-1").is_err());
        assert!(scope.eval::<i32>("'1'").is_err(), "nothing is coerced");
        assert_eq!(scope.eval::<Option<f64>>("null")?, None);
        scope.global().set(scope, "big", u32::MAX)?;
        assert_eq!(scope.eval::<f64>("big")?, f64::from(u32::MAX));
        let fails = scope.function("fails", |_, _| scope_error())?;
        scope.global().set(scope, "fails", fails)?;
        assert_eq!(
            scope.eval::<String>("try { fails() } catch (e) { e.message }")?,
            "the value is not a function"
        );
        Ok(())
    })
}

/// An error of the library, made where one is easy to have.
fn scope_error<'js>() -> Result<holm::Value<'js>, Error> {
    let mut inner = builder().build()?;
    inner.enter(|scope| scope.eval::<holm::Function<'_>>("1").map(drop))?;
    unreachable!("1 is no function")
}
