//! Modules that wait for asynchronous functions of the embedder's.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use holm::{BigInt, Config, Engine, Error, Imports, Isolate, Module, SourceKind};

const TEXT: &str = r#"(module
    (import "env" "later" (func $later (param i32) (result i32)))
    (import "env" "wide" (func $wide (param i64) (result i64)))
    (func (export "twice") (param i32) (result i32)
        (i32.add (call $later (local.get 0)) (call $later (local.get 0))))
    (func (export "wide") (param i64) (result i64) (call $wide (local.get 0))))"#;

/// What the work of this file's modules did.
#[derive(Clone, Default)]
struct Work {
    begun: Rc<Cell<u32>>,
    dropped: Rc<Cell<u32>>,
}

/// Counts when it goes.
struct Dropped(Rc<Cell<u32>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

/// An isolate whose script finds the exports in `direct`, and as promising functions in `waits`.
fn isolate(work: &Work) -> Result<Isolate, Error> {
    let engine = Engine::new(Config::default())?;
    let module = Module::compile(&engine, &wat::parse_str(TEXT).expect("a module in text"))?;
    let mut isolate = Isolate::builder(&engine).build()?;
    isolate.enter(|scope| {
        let work = work.clone();
        let imports = Imports::new()
            .async_function("env", "later", move |scope, arguments| {
                let milliseconds: i32 = arguments[0].to(scope)?;
                work.begun.set(work.begun.get() + 1);
                let dropped = Dropped(work.dropped.clone());
                Ok(async move {
                    let _dropped = dropped;
                    tokio::time::sleep(Duration::from_millis(milliseconds as u64)).await;
                    if milliseconds == 13 {
                        return Err("bad luck");
                    }
                    Ok(milliseconds)
                })
            })
            .async_function("env", "wide", |scope, arguments| {
                let number: i64 = arguments[0].to(scope)?;
                Ok(async move { Ok::<_, Error>(BigInt(number + 1)) })
            });
        let exports = scope.instantiate(&module, &imports)?.exports();
        for name in ["twice", "wide"] {
            let waits = exports.promising(scope, name)?;
            scope.global().set(scope, name, waits)?;
        }
        scope.global().set(scope, "direct", exports.object())
    })?;
    Ok(isolate)
}

#[test]
fn the_isolate_goes_on_while_modules_wait() -> Result<(), Error> {
    let work = Work::default();
    let script = "
        let ticks = 0;
        const timer = setInterval(() => ticks++, 1);
        const sums = await Promise.all([twice(20), twice(5), wide(2n ** 40n)]);
        clearInterval(timer);
        if (`${sums}` !== `40,10,${2n ** 40n + 1n}`) throw new Error(`${sums}`);
        if (ticks < 5) throw new Error(`only ${ticks} ticks`);
    ";
    isolate(&work)?.run_source("main.mjs", script, SourceKind::Module)?;
    assert_eq!((work.begun.get(), work.dropped.get()), (4, 4));
    Ok(())
}

#[test]
fn what_fails_goes_through_the_module() -> Result<(), Error> {
    let script = "
        const failures = [];
        const note = (error) => failures.push(String(error));
        await twice(13).catch(note);
        await twice(Symbol.iterator).catch(note);
        try { direct.twice(1) } catch (error) { failures.push(error.name) }
        const wanted = 'Error: bad luck|TypeError: cannot convert symbol to number|SuspendError';
        if (failures.join('|') !== wanted) throw new Error(failures.join('|'));
    ";
    let work = Work::default();
    isolate(&work)?.run_source("main.mjs", script, SourceKind::Module)?;
    assert_eq!(work.begun.get(), work.dropped.get());
    Ok(())
}

#[test]
fn an_isolate_may_go_while_modules_wait() -> Result<(), Error> {
    let work = Work::default();
    let mut isolate = isolate(&work)?;
    isolate.enter(|scope| {
        scope.eval::<()>("for (let i = 0; i < 100; i++) twice(60_000 + i).then(() => { throw 1 })")
    })?;
    assert_eq!((work.begun.get(), work.dropped.get()), (100, 0));
    drop(isolate);
    assert_eq!(work.dropped.get(), 100);
    Ok(())
}
