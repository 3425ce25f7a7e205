//! The heap is full at every place where it can be: what runs gets errors, and the runtime still
//! ends in order. Parsing is left out, unless `HOLM_TEST_ALL_PLACES` is set: there the engine
//! corrupts memory at about every seventh place.
//!
//! The engine aborts the process where it finds itself broken, so a second process does the
//! work and says how far it is; the test goes on behind the place that ended it.

mod support;

use std::io::Write;
use std::process::{Command, Stdio};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU8;

use holm_js::webidl::{self, Definition, Interface};
use holm_js::{
    Attributes, Backing, Ctx, Function, HostObject, JobOutcome, Limits, Realm, Result, Root,
    Runtime, ScriptOrigin, Thrown, Value, alias_resizable_buffer, class_error, define_lazy,
    define_value, error_class, evaluate_script, function, refresh_buffer, run_job, take_exception,
};

/// Says to the second process where to begin, and how many requests are refused there.
const FROM: &str = "HOLM_TEST_REFUSE_FROM";
const REFUSALS: &str = "HOLM_TEST_REFUSALS";

/// How the engine itself is known to end the process. The first two show only where each object
/// is a request of its own (under a sanitizer); elsewhere most are parts of larger blocks.
const KNOWN: &[&str] = &[
    // It puts an object whose properties it has no memory for into use.
    "JS_NewObjectFromShape",
    // `bind` frees a function that it has not finished making.
    "js_bound_function_finalizer",
    // It lost count of an object (in `JSON.stringify`, and where a prototype is set): that shows
    // when the runtime ends.
    "list_empty(&rt->gc_obj_list)",
];

/// How many places are tried of each job, unless all are asked for.
const TRIED: usize = 400;
const ALL_PLACES: &str = "HOLM_TEST_ALL_PLACES";

#[test]
fn one_refused_request_is_an_error() {
    check("1");
}

#[test]
fn a_heap_that_stays_full_is_an_error() {
    check("1000000000");
}

fn check(refusals: &str) {
    let mut from = 0;
    let mut unknown = Vec::new();
    loop {
        let output = Command::new(std::env::current_exe().expect("a path"))
            .args(["--exact", "work", "--ignored", "--nocapture", "--test-threads=1"])
            .env(FROM, from.to_string())
            .env(REFUSALS, refusals)
            // What the engine loses when it is out of memory is not what is looked for here.
            .env("ASAN_OPTIONS", "detect_leaks=0")
            .stdin(Stdio::null())
            .output()
            .expect("starts");
        let said = String::from_utf8_lossy(&output.stdout);
        let last = said.lines().filter_map(|line| Some(line.split_once("place ")?.1)).next_back();
        let (place, what) = last.and_then(|last| last.split_once(' ')).expect("it says a place");
        if output.status.success() {
            break;
        }
        let why = String::from_utf8_lossy(&output.stderr);
        if !KNOWN.iter().any(|known| why.contains(known)) {
            unknown.push(format!("{place} ({what}): {}: {why}", output.status));
        }
        from = place.parse::<usize>().expect("a number") + 1;
    }
    assert!(unknown.is_empty(), "{} places:\n{}", unknown.len(), unknown.join("\n"));
}

/// What the second process does.
#[test]
#[ignore = "the other tests run this in a process of its own"]
fn work() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<usize>().ok());
    let (Some(from), Some(refusals)) = (number(FROM), number(REFUSALS)) else {
        return;
    };
    let all = number(ALL_PLACES).is_some();
    let jobs = JOBS.iter().chain(all.then_some(&PARSING));
    for (index, job) in jobs.enumerate().skip(from / STRIDE) {
        let count = requests(usize::MAX, 1, job);
        let step = if all { 1 } else { count.div_ceil(TRIED) };
        let first = if index == from / STRIDE { from % STRIDE } else { 0 };
        for place in (0..count).step_by(step.max(1)).filter(|place| *place >= first) {
            println!("place {} {} {place}", index * STRIDE + place, job.name);
            std::io::stdout().flush().expect("written");
            requests(place, refusals, job);
        }
    }
}

/// More places than any job has.
const STRIDE: usize = 1_000_000;

/// Runs the job with memory refused after so many requests; gives how many of those it made.
fn requests(granted: usize, refused: usize, job: &Job) -> usize {
    let runtime = Runtime::new(&Limits::default()).expect("a runtime");
    let realm = Realm::new(&runtime).expect("a realm");
    let rest = realm.enter(|ctx| {
        let prepared = evaluate_script(ctx, job.source, ScriptOrigin::new("test.js"));
        prepared.expect("it parses");
        runtime.plan_refusals(Some((granted, refused)));
        if let Err(error) = (job.run)(ctx) {
            let thrown = take_exception(ctx, error);
            let _text = Thrown::new(ctx, &thrown).heading;
        }
        for _ in 0..100 {
            if matches!(run_job(ctx), JobOutcome::Idle) {
                break;
            }
        }
        runtime.plan_refusals(None)
    });
    // What is left works, but for built-in functions that were about to be made.
    realm.enter(|ctx| support::check(ctx, &[("let n = 1; n + 1", "2")]));
    runtime.collect_garbage();
    granted - rest.map_or(0, |(granted, _)| granted)
}

struct Job {
    name: &'static str,
    /// Runs while nothing is refused: the engine's compiler does not bear that.
    source: &'static str,
    run: fn(&Ctx<'_>) -> Result<()>,
}

const JOBS: &[Job] = &[
    Job { name: "language", source: include_str!("out_of_memory.js"), run: |ctx| call(ctx, "all") },
    Job {
        name: "interfaces",
        source: "function use() { const make = () => class Sub extends Thing { more = [late()] };
            const s = new (make())({ a: 1 }); return [s.get().a, s.value, Thing.zero()] }",
        run: interfaces,
    },
    Job {
        name: "errors",
        source: "function use() { class D extends C {}
            function f() { throw new D('x', { cause: new C() }) }
            try { f() } catch (e) { e.stack + e }
            Promise.reject(new C('unhandled')); (async () => { await null; null.x })();
            (function f() { f() })() }",
        run: errors,
    },
    Job { name: "buffers", source: "function use(b) { b.resize(1); b.transfer() }", run: buffers },
];

/// Parsing and compiling: asked for by [`ALL_PLACES`] only, since the engine's compiler goes on
/// with what it could not allocate, in too many ways to list.
const PARSING: Job = Job {
    name: "parsing",
    source: "",
    run: |ctx| {
        let origin = ScriptOrigin::new("parsed.js");
        evaluate_script(ctx, include_str!("out_of_memory.js"), origin).map(drop)
    },
};

/// Calls a function that the source has defined.
fn call(ctx: &Ctx<'_>, name: &str) -> Result<()> {
    ctx.globals().get::<_, Function<'_>>(name)?.call::<_, Value<'_>>(()).map(drop)
}

struct Thing(Root<Value<'static>>);

impl HostObject for Thing {}

impl Interface for Thing {
    const NAME: &'static str = "Thing";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, |call| {
                webidl::construct(call, Thing(Root::new(call.ctx(), call.value(0))?))
            })
            .operation("get", 0, |this, call| this.0.get(call.ctx()))?
            .attribute("value", |this, call| this.0.get(call.ctx()))?
            .static_operation("zero", 0, |call| call.returns(0))?;
        Ok(())
    }
}

fn interfaces(ctx: &Ctx<'_>) -> Result<()> {
    let thing = webidl::interface_object::<Thing>(ctx)?;
    define_value(&ctx.globals(), "Thing", thing, Attributes::BUILT_IN)?;
    define_lazy(&ctx.globals(), "late", Attributes::ALL, |ctx| {
        let inner = function(ctx, "late", 0, |call| call.returns("late"))?;
        Ok(inner.into_value())
    })?;
    call(ctx, "use")
}

fn errors(ctx: &Ctx<'_>) -> Result<()> {
    define_value(&ctx.globals(), "C", error_class(ctx, "CompileError")?, Attributes::ALL)?;
    class_error(ctx, "LinkError", "a message")?;
    call(ctx, "use")
}

fn buffers(ctx: &Ctx<'_>) -> Result<()> {
    static MEMORY: [AtomicU8; 1 << 20] = [const { AtomicU8::new(0) }; 1 << 20];
    let start = NonNull::from(&MEMORY).cast();
    // SAFETY: static, and of atomics.
    let backing = |len| unsafe { Backing::new(start, len, ()) };
    let buffer = alias_resizable_buffer(ctx, backing(1 << 16), 1 << 20, |ctx, _| {
        Err(holm_js::throw(ctx, holm_js::ErrorKind::Range, "no"))
    })?;
    refresh_buffer(&buffer, backing(1 << 20))?;
    ctx.globals().get::<_, Function<'_>>("use")?.call::<_, Value<'_>>((buffer,)).map(drop)
}
