//! Instances are freed: what a program makes and drops is not there in the end.

use holm::{Config, Engine, Isolate};

/// ```wat
/// (module
///   (import "e" "f" (func $f (param externref) (result externref)))
///   (memory (export "m") 1) (table (export "t") 1 funcref)
///   (func (export "g") (param externref) (result externref) (call $f (local.get 0))))
/// ```
///
/// Each instance touches a page of its memory, so one that is left is 4 KiB at the least.
const MODULE: &str = "
const module = new WebAssembly.Module(Uint8Array.fromHex(
    '0061736d0100000001060160016f016f020701016501660000030201000404017000010503010001070d03016d020001740100016700010a08010600200010000b000b046e616d65010401000166'));
const make = f => {
    const exports = new WebAssembly.Instance(module, { e: { f } }).exports;
    new Uint8Array(exports.m.buffer)[0] = 1;
    return exports;
};";

/// ```wat
/// (module
///   (import "e" "f" (func $f))
///   (func (export "again") (block $b (result exnref)
///     (try_table (catch_all_ref $b) (call $f)) (return)) throw_ref)
///   (func (export "drop") (param i32) (loop $l
///     (block $b (try_table (catch_all $b) (call $f)))
///     (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
/// ```
///
/// Each exception keeps a KiB, and script keeps none.
const CATCHES: &str = "
const tag = new WebAssembly.Tag({ parameters: ['i32'] });
globalThis.catches = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.fromHex(
    '0061736d0100000001080260000060017f00020701016501660000030302000107100205616761696e00010464726f7000020a2b020f0002691f4001030010000b0f0b0a0b1900034002401f4001020010000b0b200041016b22000d000b0b001b046e616d65010401000166030e020101000162020200016c010162')), { e: { f() { throw thrown(); } } }).exports;
globalThis.value = () => ({ own: new Uint8Array(1024) });
globalThis.exception = () => Object.assign(new WebAssembly.Exception(tag, [1]), value());
globalThis.thrown = exception;";

/// Instances in a debug build, where making one takes ten times as long.
const TIMES: u32 = if cfg!(debug_assertions) { 20_000 } else { 100_000 };

/// What a page of each instance would be, over four: the bound below which nothing leaks.
fn bound_bytes(times: u32) -> usize {
    times as usize * 4096 / 4
}

fn isolate() -> Isolate {
    let engine = Engine::new(Config::default()).expect("an engine");
    Isolate::builder(&engine).build().expect("an isolate")
}

/// What the process has in memory.
fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("statistics of the process");
    let pages: usize = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("pages");
    pages * 4096
}

/// By how much `times` rounds of `body` grow the process, after a tenth of them.
///
/// Each test of this file runs alone: they measure the process.
fn growth_bytes(body: &str, times: u32) -> usize {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut isolate = isolate();
    let source = format!("{MODULE} {CATCHES} globalThis.make = make; globalThis.kept = []; 0");
    eval(&mut isolate, &source);
    let mut run = |times: u32| {
        let source = format!("for (let i = 0; i < {times}; i++) {{ {body} }} 0");
        eval(&mut isolate, &source);
    };
    run(times / 10);
    let before = resident_bytes();
    run(times);
    resident_bytes().saturating_sub(before)
}

fn eval(isolate: &mut Isolate, source: &str) {
    let done = isolate.enter(|scope| scope.eval::<i32>(source));
    done.expect("the script runs");
}

#[track_caller]
fn assert_flat(body: &str, times: u32) {
    let grown = growth_bytes(body, times);
    assert!(grown < bound_bytes(times), "{times} rounds hold {grown} bytes");
}

#[test]
fn instances_that_are_called_and_dropped() {
    assert_flat("make(value => value).g(i);", TIMES);
}

#[test]
fn instances_in_a_cycle_with_script() {
    assert_flat("const o = {}; o.x = make(() => o.x); o.x.g(o);", 10_000);
}

#[test]
fn instances_that_call_each_other() {
    assert_flat(
        "const a = make(v => v), b = make(v => v); a.t.set(0, b.g); b.t.set(0, a.g);",
        5_000,
    );
}

#[test]
fn instances_in_failed_instantiations() {
    assert_flat("try { make(5) } catch {} try { make(() => { throw 1 }).g() } catch {}", 5_000);
}

const EXCEPTIONS: u32 = if cfg!(debug_assertions) { 50_000 } else { 1_000_000 };

#[test]
fn values_of_script_that_pass() {
    assert_flat("thrown = value; try { catches.again() } catch {}", EXCEPTIONS);
}

#[test]
fn exceptions_of_script_that_pass() {
    assert_flat("try { catches.again() } catch {}", EXCEPTIONS);
}

#[test]
fn exceptions_of_script_that_a_module_catches_in_one_call() {
    let grown = growth_bytes("catches.drop(1000)", EXCEPTIONS / 1000);
    assert!(grown < bound_bytes(EXCEPTIONS), "{EXCEPTIONS} exceptions hold {grown} bytes");
}

/// The control: with what is kept on purpose the bound is broken.
#[test]
fn what_is_kept_is_noticed() {
    let times = 5_000;
    let grown = growth_bytes("kept.push(make(value => value));", times);
    assert!(grown > bound_bytes(times), "{times} instances are said to take {grown} bytes");
}
