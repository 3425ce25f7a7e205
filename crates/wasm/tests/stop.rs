//! What stopping promises: whatever a module does, its call ends soon, and the process lives.
//!
//! `HOLM_STOPS=100000` stops each of the modules so often; a few times is the default.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use holm_wasm::{
    CallError, Engine, Extern, Failure, Func, Group, HostFunction, Import, InstantiateError,
    Memory, Module, NoHost, Observer, Passed, Progress, Slot, Space, Stopper, Suspension, Thrown,
    Value, instantiate,
};

/// Stopping may take so long, on a machine that does much else.
const SOON: Duration = Duration::from_secs(5);

/// Every one of them runs for ever when `run` is called.
const ENDLESS: &[(&str, &str)] = &[
    ("nothing but a loop", "(func (export \"run\") (loop $l (br $l)))"),
    (
        "a loop that counts in memory",
        r#"(memory 1) (func (export "run") (loop $l
            (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1))) (br $l)))"#,
    ),
    (
        "calls of small functions",
        r#"(func $fib (param i32) (result i32) (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
            (then (local.get 0)) (else (i32.add
              (call $fib (i32.sub (local.get 0) (i32.const 1)))
              (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
        (func (export "run") (loop $l (drop (call $fib (i32.const 12))) (br $l)))"#,
    ),
    (
        "calls through a table, and one of many branches",
        r#"(table 2 2 funcref) (elem (i32.const 0) $a $b)
        (func $a (result i32) (i32.const 1)) (func $b (result i32) (i32.const 0))
        (func (export "run") (local i32) (loop $l
            (local.set 0 (call_indirect (result i32) (local.get 0)))
            (block $two (block $one (br_table $one $two $l (local.get 0)))) (br $l)))"#,
    ),
    (
        "tail calls with arguments on the stack",
        r#"(func $few (param i64) (return_call $many (local.get 0) (i64.const 1) (i64.const 2)
            (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8)))
        (func $many (param i64 i64 i64 i64 i64 i64 i64 i64 i64) (return_call $few (local.get 8)))
        (func (export "run") (call $few (i64.const 1)))"#,
    ),
    (
        "calls of the host",
        r#"(import "" "host" (func $host (param i32))) (func (export "run")
            (loop $l (call $host (i32.const 1)) (br $l)))"#,
    ),
    (
        "tail calls of the host",
        r#"(import "" "host" (func $host (param i32)))
        (func $tail (return_call $host (i32.const 1)))
        (func (export "run") (loop $l (call $tail) (br $l)))"#,
    ),
    (
        "filling and copying a little",
        r#"(memory 4) (func (export "run") (loop $l
            (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x1000))
            (memory.copy (i32.const 0x10) (i32.const 0x2000) (i32.const 0x1000)) (br $l)))"#,
    ),
    (
        "filling much, so that hardly anything else runs",
        r#"(memory 512) (func (export "run") (loop $l
            (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x1ff_ffff)) (br $l)))"#,
    ),
    (
        "asking for memory that is refused",
        r#"(memory 1 2) (func (export "run") (loop $l (drop (memory.grow (i32.const 9))) (br $l)))"#,
    ),
    (
        "growing tables and filling them",
        r#"(table 10 1000 funcref) (func (export "run") (loop $l
            (drop (table.grow (ref.null func) (i32.const 1)))
            (table.fill (i32.const 0) (ref.null func) (i32.const 10)) (br $l)))"#,
    ),
    (
        "throwing and catching",
        r#"(tag $t (param i32)) (func $throw (throw $t (i32.const 1)))
        (func (export "run") (loop $l (drop (block $caught (result i32)
            (try_table (catch $t $caught) (call $throw)) (i32.const 0))) (br $l)))"#,
    ),
    (
        "throwing and catching in one function",
        r#"(tag $t (param i32)) (func (export "run") (loop $l (drop (block $caught (result i32)
            (try_table (catch $t $caught) (throw $t (i32.const 1))) (i32.const 0))) (br $l)))"#,
    ),
    (
        "catching everything",
        r#"(func (export "run") (loop $again (block $caught
            (try_table (catch_all $caught) (loop $l (br $l)))) (br $again)))"#,
    ),
    (
        "making objects and leaving them to the collector",
        r#"(type $node (struct (field (mut (ref null $node))) (field i64)))
        (type $array (array (mut i32)))
        (func (export "run") (local $list (ref null $node)) (local $i i32) (loop $l
            (local.set $list (struct.new $node
                (if (result (ref null $node)) (i32.and (local.get $i) (i32.const 0xfff))
                    (then (local.get $list)) (else (ref.null $node))) (i64.const 1)))
            (drop (array.new $array (i32.const 3) (i32.const 100)))
            (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $l)))"#,
    ),
    (
        "rounding, which old processors leave to a function",
        r#"(func (export "run") (local f64) (loop $l
            (local.set 0 (f64.nearest (f64.add (local.get 0) (f64.const 0.3)))) (br $l)))"#,
    ),
    (
        "dividing, shifting and vectors",
        r#"(memory 1) (func (export "run") (local v128 i64) (loop $l
            (local.set 1 (i64.add (i64.div_u (i64.const 0x7fff_ffff_ffff) (i64.or (local.get 1) (i64.const 1))) (i64.const 3)))
            (local.set 0 (i64x2.add (local.get 0) (i64x2.splat (local.get 1))))
            (v128.store (i32.const 16) (local.get 0)) (br $l)))"#,
    ),
];

/// Watches nothing but its stopper.
struct Stoppable(Stopper);

impl Observer for Stoppable {
    fn memory_grown(&self, _memory: &Memory) {}

    fn stopper(&self) -> Option<Stopper> {
        Some(self.0.clone())
    }
}

/// Keeps account of the stack that we are on as well, as calls on stacks of their own need it.
struct OnStacks {
    stopper: Stopper,
    end: Rc<Cell<usize>>,
    outer: RefCell<Vec<usize>>,
}

/// Of a test's thread.
const STACK_BYTES: usize = 512 << 10;

impl OnStacks {
    fn new(stopper: &Stopper) -> Rc<Self> {
        let end = Rc::new(Cell::new(stack_address() - STACK_BYTES));
        Rc::new(Self { stopper: stopper.clone(), end, outer: RefCell::default() })
    }
}

fn stack_address() -> usize {
    let here = 0u8;
    std::ptr::from_ref(std::hint::black_box(&here)) as usize
}

impl Observer for OnStacks {
    fn memory_grown(&self, _memory: &Memory) {}

    fn stopper(&self) -> Option<Stopper> {
        Some(self.stopper.clone())
    }

    fn stack_end(&self) -> Option<Rc<Cell<usize>>> {
        Some(self.end.clone())
    }

    fn stack_entered(&self, usable_bytes: usize) {
        self.outer.borrow_mut().push(self.end.replace(stack_address() - usable_bytes));
    }

    fn stack_left(&self) {
        self.end.set(self.outer.borrow_mut().pop().expect("it was entered"));
    }
}

/// Calls a function back, if it has one.
#[derive(Clone, Default)]
struct Host(Rc<RefCell<Option<Func>>>);

impl HostFunction for Host {
    fn call_numbers(&self, slots: &mut [Slot]) -> Result<(), Box<Thrown>> {
        let callee = self.0.borrow().clone();
        let called = callee.map_or(Ok(()), |callee| callee.call_numbers(slots));
        called.map_err(|failure| Thrown::from(*failure).into())
    }

    fn call(&self, _: &Group, _: Vec<Value>) -> Result<Vec<Value>, Thrown> {
        unreachable!("only numbers go in and out")
    }
}

fn compile(engine: &Engine, text: &str) -> Module {
    let bytes = wat::parse_str(format!("(module {text})")).expect("text of a module");
    Module::compile(engine, bytes.into()).expect("a valid module")
}

fn space(engine: &Engine, stopper: &Stopper) -> Space {
    Space::new(engine, Rc::new(Stoppable(stopper.clone())))
}

/// The module's only export, a function.
fn export(space: &Space, module: &Module, host: &Host) -> Result<Func, InstantiateError> {
    let host = |_: &_| {
        Import::Host(Box::new({
            let host = host.clone();
            move |_: &Group| Box::new(host) as Box<dyn HostFunction>
        }))
    };
    let imports = module.imports().iter().map(host).collect();
    let (_, exports) = instantiate(space, module, imports, || Group::new(space, Rc::new(NoHost)))?;
    match exports.into_iter().next() {
        Some(Extern::Func(func)) => Ok(func),
        other => panic!("{other:?}"),
    }
}

/// Stops what it is given, each a moment later than the one before.
struct Enemy(mpsc::Sender<(Stopper, Duration)>);

impl Enemy {
    fn new() -> Self {
        let (sender, receiver) = mpsc::channel::<(Stopper, Duration)>();
        std::thread::spawn(move || {
            for (stopper, delay) in receiver {
                let start = Instant::now();
                while start.elapsed() < delay {
                    std::hint::spin_loop();
                }
                stopper.stop();
            }
        });
        Self(sender)
    }

    fn stop(&self, stopper: &Stopper, delay: Duration) {
        self.0.send((stopper.clone(), delay)).expect("the other thread lives");
    }
}

fn times() -> u32 {
    std::env::var("HOLM_STOPS").map_or(60, |times| times.parse().expect("a number"))
}

/// Delays that are no pattern.
fn delays(times: u32) -> impl Iterator<Item = Duration> {
    (0..times).map(|index| Duration::from_nanos(u64::from(index.wrapping_mul(2_654_435_761) >> 13)))
}

fn assert_stopped(result: Result<(), Box<Failure>>, what: &str) {
    match result.map_err(|failure| *failure) {
        Err(Failure::Stopped) => {}
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn whatever_a_module_does_it_can_be_stopped() {
    let (engine, enemy) = (Engine::new().expect("an engine"), Enemy::new());
    for (what, text) in ENDLESS {
        let module = compile(&engine, text);
        let start = Instant::now();
        let mut longest = Duration::ZERO;
        for delay in delays(times()) {
            let stopper = Stopper::new();
            let space = space(&engine, &stopper);
            let run = export(&space, &module, &Host::default()).expect("an instance");
            let asked = Instant::now();
            enemy.stop(&stopper, delay);
            assert_stopped(run.call_numbers(&mut []), what);
            // And from then on.
            assert_stopped(run.call_numbers(&mut []), what);
            longest = longest.max(asked.elapsed().saturating_sub(delay));
        }
        assert!(longest < SOON, "{what}: {longest:?}");
        println!("{what}: {:?}, {longest:?} at most", start.elapsed() / times());
    }
}

#[test]
fn so_can_what_runs_on_a_stack_of_its_own() {
    let (engine, enemy) = (Engine::new().expect("an engine"), Enemy::new());
    for (what, text) in ENDLESS {
        let module = compile(&engine, text);
        for delay in delays(times().div_ceil(4)) {
            let stopper = Stopper::new();
            let space = Space::new(&engine, OnStacks::new(&stopper));
            let run = export(&space, &module, &Host::default()).expect("an instance");
            let mut suspension = Suspension::new(&run).expect("a stack");
            enemy.stop(&stopper, delay);
            match suspension.start(Passed::Numbers(Vec::new())) {
                Progress::Ended(Err(CallError::Failure(Failure::Stopped))) => {}
                other => panic!("{what}: {other:?}"),
            }
            assert_stopped(run.call_numbers(&mut []), what);
        }
    }
}

#[test]
fn a_deadline_ends_a_module() {
    let engine = Engine::new().expect("an engine");
    let module = compile(&engine, ENDLESS[0].1);
    for before in [true, false] {
        let stopper = Stopper::new();
        let deadline = Some(Instant::now() + Duration::from_millis(20));
        if before {
            stopper.set_deadline(deadline);
        }
        let space = space(&engine, &stopper);
        let run = export(&space, &module, &Host::default()).expect("an instance");
        stopper.set_deadline(deadline);
        let start = Instant::now();
        assert_stopped(run.call_numbers(&mut []), "a loop");
        assert!(start.elapsed() < SOON);
    }
}

#[test]
fn a_start_function_can_be_stopped() {
    let (engine, enemy) = (Engine::new().expect("an engine"), Enemy::new());
    let module = compile(&engine, "(func $f (loop $l (br $l))) (start $f)");
    for delay in delays(times()) {
        let stopper = Stopper::new();
        let space = space(&engine, &stopper);
        enemy.stop(&stopper, delay);
        match export(&space, &module, &Host::default()) {
            Err(InstantiateError::Failure(Failure::Stopped)) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Two modules that call each other through the host, at several depths, before one loops.
#[test]
fn calls_in_calls_all_end() {
    let (engine, enemy) = (Engine::new().expect("an engine"), Enemy::new());
    let module = compile(
        &engine,
        r#"(import "" "host" (func $host (param i32)))
        (func (export "run") (param i32)
            (if (local.get 0)
                (then (call $host (i32.sub (local.get 0) (i32.const 1))))
                (else (loop $l (br $l))))
            (loop $l (br $l)))"#,
    );
    for (delay, depth) in delays(times()).zip((0..30).cycle()) {
        let stopper = Stopper::new();
        let space = space(&engine, &stopper);
        let (first, second) = (Host::default(), Host::default());
        let one = export(&space, &module, &first).expect("an instance");
        let two = export(&space, &module, &second).expect("an instance");
        first.0.replace(Some(two));
        second.0.replace(Some(one.clone()));
        enemy.stop(&stopper, delay);
        let mut slots = [Slot::zero()];
        slots[0].set_i32(depth);
        assert_stopped(one.call_numbers(&mut slots), "calls in calls");
        first.0.take();
        second.0.take();
    }
}

#[test]
fn others_on_the_thread_go_on() {
    let (engine, enemy) = (Engine::new().expect("an engine"), Enemy::new());
    let calling = compile(
        &engine,
        r#"(import "" "host" (func $host (param i32)))
        (func (export "run") (param i32) (call $host (local.get 0)) (loop $l (br $l)))"#,
    );
    let counting = compile(
        &engine,
        r#"(func (export "run") (param i32) (loop $l
            (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $l (local.get 0))))"#,
    );
    for delay in delays(times()) {
        let (stopper, unharmed) = (Stopper::new(), Stopper::new());
        let (stopped, other) = (space(&engine, &stopper), space(&engine, &unharmed));
        let host = Host::default();
        let run = export(&stopped, &calling, &host).expect("an instance");
        let count = export(&other, &counting, &Host::default()).expect("an instance");
        host.0.replace(Some(count.clone()));
        enemy.stop(&stopper, delay);
        let mut slots = [Slot::zero()];
        slots[0].set_i32(3_000_000);
        assert_stopped(run.call_numbers(&mut slots), "the outer one");
        slots[0].set_i32(1_000);
        assert!(count.call_numbers(&mut slots).is_ok(), "the inner one was not stopped");
    }
}
