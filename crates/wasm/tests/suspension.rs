//! Calls that wait: in any order, nested, dropped, with references on their stacks.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use holm_wasm::{
    CannotWait, Engine, Extern, Failure, Func, Group, HostFunction, Import, MAX_WAITING_CALLS,
    Memory, Module, NoHost, Observer, Passed, Progress, Slot, Space, SuspendingFunction,
    Suspension, Thrown, Value, instantiate,
};

/// What a suspending function was asked, and what it is to answer.
#[derive(Default)]
struct Answers {
    asked: RefCell<Vec<i32>>,
    next: Cell<Option<Result<i32, &'static str>>>,
}

struct Ask(Rc<Answers>);

impl SuspendingFunction for Ask {
    fn begin(&self, _group: &Group, arguments: Vec<Value>) -> Result<(), Thrown> {
        let Some(Value::I32(number)) = arguments.first() else { panic!("an i32") };
        self.0.asked.borrow_mut().push(*number);
        Ok(())
    }

    fn end(&self, _group: &Group) -> Result<Vec<Value>, Thrown> {
        match self.0.next.take().expect("an answer") {
            Ok(number) => Ok(vec![Value::I32(number)]),
            Err(text) => Err(Thrown::Trap(text.to_owned())),
        }
    }

    fn refuse(&self, why: CannotWait) -> Thrown {
        Thrown::Trap(format!("{why:?}"))
    }
}

/// Keeps account of the stack that we are on, as a host has to.
struct Stacks {
    end: Rc<Cell<usize>>,
    left: RefCell<Vec<usize>>,
}

/// A test's thread has 2 MiB.
const USABLE_BYTES: usize = 1 << 20;

fn below_here(bytes: usize) -> usize {
    let here = 0u8;
    std::ptr::from_ref(std::hint::black_box(&here)) as usize - bytes
}

impl Observer for Stacks {
    fn memory_grown(&self, _memory: &Memory) {}

    fn stack_end(&self) -> Option<Rc<Cell<usize>>> {
        Some(self.end.clone())
    }

    fn stack_entered(&self, usable_bytes: usize) {
        self.left.borrow_mut().push(self.end.replace(below_here(usable_bytes)));
    }

    fn stack_left(&self) {
        self.end.set(self.left.borrow_mut().pop().expect("a stack that was entered"));
    }
}

struct World {
    engine: Engine,
    space: Space,
    answers: Rc<Answers>,
}

type Call = Box<dyn Fn(&mut [Slot]) -> Result<(), Thrown>>;

struct Host(Call);

impl HostFunction for Host {
    fn call_numbers(&self, slots: &mut [Slot]) -> Result<(), Box<Thrown>> {
        Ok((self.0)(slots)?)
    }

    fn call(&self, _group: &Group, _arguments: Vec<Value>) -> Result<Vec<Value>, Thrown> {
        panic!("only numbers")
    }
}

impl World {
    fn new() -> Self {
        let engine = Engine::new().expect("an engine");
        let end = Rc::new(Cell::new(below_here(USABLE_BYTES)));
        let space = Space::new(&engine, Rc::new(Stacks { end, left: RefCell::default() }));
        Self { engine, space, answers: Rc::default() }
    }

    fn ask(&self) -> Import {
        let answers = self.answers.clone();
        Import::Suspending(Box::new(move |_| Box::new(Ask(answers))))
    }

    fn exports(&self, text: &str, imports: Vec<Import>) -> Vec<Func> {
        let bytes = wat::parse_str(text).expect("text of a module");
        let module = Module::compile(&self.engine, bytes.into()).expect("a valid module");
        let fresh = || Group::new(&self.space, Rc::new(NoHost));
        let (_, exports) = instantiate(&self.space, &module, imports, fresh).expect("an instance");
        let funcs = exports.into_iter().map(|export| match export {
            Extern::Func(func) => func,
            other => panic!("{other:?}"),
        });
        funcs.collect()
    }

    fn answer(&self, suspension: &mut Suspension, number: i32) -> Progress {
        self.answers.next.set(Some(Ok(number)));
        suspension.resume()
    }
}

fn start(func: &Func, argument: i32) -> (Suspension, Progress) {
    let mut suspension = Suspension::new(func).expect("a stack");
    let mut slots = vec![Slot::zero(); func.signature().slots()];
    if let Some(slot) = slots.first_mut() {
        slot.set_i32(argument);
    }
    let progress = suspension.start(Passed::Numbers(slots));
    (suspension, progress)
}

fn number(progress: Progress) -> i32 {
    match progress {
        Progress::Ended(Ok(Passed::Numbers(slots))) => slots[0].i32(),
        other => panic!("{other:?}"),
    }
}

fn failure(progress: Progress) -> String {
    match progress {
        Progress::Ended(Err(error)) => format!("{error:?}"),
        other => panic!("{other:?}"),
    }
}

/// Adds what it asks for to its argument, twice.
const TWICE: &str = r#"(module
    (import "" "ask" (func $ask (param i32) (result i32)))
    (func (export "twice") (param i32) (result i32)
        local.get 0
        (call $ask (local.get 0))
        i32.add
        (call $ask (i32.const 7))
        i32.add)
    (func (export "plain") (param i32) (result i32)
        (i32.mul (local.get 0) (i32.const 2)))
    (func (export "deep") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (call 3 (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
            (else (call $ask (i32.const 1)))))
    (func (export "endless") (param i32) (result i32) (call 4 (local.get 0))))"#;

#[test]
fn calls_wait_and_go_on_in_any_order() {
    let world = World::new();
    let exports = world.exports(TWICE, vec![world.ask()]);
    let mut calls: VecDeque<_> = (0..50).map(|index| start(&exports[0], index)).collect();
    assert!(calls.iter().all(|(_, progress)| matches!(progress, Progress::Waiting)));
    assert_eq!(*world.answers.asked.borrow(), (0..50).collect::<Vec<_>>());
    for (index, (call, _)) in calls.iter_mut().enumerate() {
        assert!(matches!(world.answer(call, index as i32 * 100), Progress::Waiting));
        let mut slots = [Slot::zero()];
        slots[0].set_i32(21);
        exports[1].call_numbers(&mut slots).expect("a plain call meanwhile");
        assert_eq!(slots[0].i32(), 42);
    }
    for index in (0..50).rev() {
        let (mut call, _) = calls.pop_back().expect("a call");
        assert_eq!(number(world.answer(&mut call, 5)), index * 101 + 5);
    }
}

#[test]
fn a_deep_stack_waits_and_an_endless_one_fails() {
    let world = World::new();
    let exports = world.exports(TWICE, vec![world.ask()]);
    let (mut call, progress) = start(&exports[2], 1000);
    assert!(matches!(progress, Progress::Waiting));
    let (_endless, progress) = start(&exports[3], 0);
    assert!(failure(progress).contains("StackOverflow"));
    assert_eq!(number(world.answer(&mut call, 3)), 1003);
}

#[test]
fn a_call_that_is_dropped_unwinds() {
    let world = World::new();
    let exports = world.exports(TWICE, vec![world.ask()]);
    for _ in 0..3 {
        let calls: Vec<_> = (0..100).map(|index| start(&exports[0], index)).collect();
        drop(calls);
    }
    let (mut call, _) = start(&exports[0], 1);
    assert!(matches!(world.answer(&mut call, 1), Progress::Waiting));
    assert_eq!(number(world.answer(&mut call, 1)), 3);
}

#[test]
fn what_ends_a_wait_badly_ends_the_call() {
    let world = World::new();
    let exports = world.exports(TWICE, vec![world.ask()]);
    let (mut call, _) = start(&exports[0], 1);
    world.answers.next.set(Some(Err("no answer")));
    assert!(failure(call.resume()).contains("no answer"));
}

#[test]
fn only_a_call_on_its_own_stack_can_wait() {
    let world = World::new();
    let exports = world.exports(TWICE, vec![world.ask()]);
    let mut slots = [Slot::zero()];
    let refused = exports[0].call_numbers(&mut slots).expect_err("no stack of its own");
    assert!(format!("{refused:?}").contains("NotSuspendable"), "{refused:?}");
}

/// `outer` calls a host function, which calls `twice` of the same instance.
#[test]
fn nothing_of_the_host_may_be_between() {
    const TEXT: &str = r#"(module
        (import "" "ask" (func $ask (param i32) (result i32)))
        (import "" "host" (func $host (param i32) (result i32)))
        (func (export "twice") (param i32) (result i32) (call $ask (local.get 0)))
        (func (export "outer") (param i32) (result i32) (call $host (local.get 0))))"#;
    let world = World::new();
    let inner: Rc<RefCell<Option<Func>>> = Rc::default();
    let called = inner.clone();
    let host: Call = Box::new(move |slots| {
        let func = called.borrow().clone().expect("the export");
        func.call_numbers(slots).map_err(|failure| Thrown::Trap(format!("{failure:?}")))
    });
    let host = Import::Host(Box::new(move |_| Box::new(Host(host))));
    let exports = world.exports(TEXT, vec![world.ask(), host]);
    inner.replace(Some(exports[0].clone()));
    let (_call, progress) = start(&exports[1], 1);
    assert!(failure(progress).contains("HostBetween"));
    inner.replace(None);
}

/// A host function of a running module begins and resumes calls of the same instance.
#[test]
fn calls_wait_while_their_instance_runs() {
    const TEXT: &str = r#"(module
        (import "" "ask" (func $ask (param i32) (result i32)))
        (import "" "host" (func $host (param i32) (result i32)))
        (func (export "twice") (param i32) (result i32)
            (i32.add (call $ask (local.get 0)) (local.get 0)))
        (func (export "outer") (param i32) (result i32)
            (i32.add (call $host (local.get 0)) (call $host (local.get 0))))
        (func (export "fails") (param i32) (result i32) unreachable))"#;
    let world = World::new();
    let inner: Rc<RefCell<Vec<Func>>> = Rc::default();
    let waiting: Rc<RefCell<Vec<Suspension>>> = Rc::default();
    let (called, kept, answers) = (inner.clone(), waiting.clone(), world.answers.clone());
    let host: Call = Box::new(move |slots| {
        let func = called.borrow()[0].clone();
        let fails = called.borrow()[2].clone();
        let resumed = kept.borrow_mut().pop();
        if let Some(mut resumed) = resumed {
            answers.next.set(Some(Ok(1000)));
            slots[0].set_i32(number(resumed.resume()));
            return Ok(());
        }
        let (call, progress) = start(&func, slots[0].i32());
        assert!(matches!(progress, Progress::Waiting), "{progress:?}");
        kept.borrow_mut().push(call);
        // The trap of another call finds its way, though a stack was left between.
        assert!(matches!(fails.call_numbers(slots), Err(failure)
            if matches!(*failure, Failure::Trap { ref frames, .. } if frames.len() == 2)));
        slots[0].set_i32(5);
        Ok(())
    });
    let host = Import::Host(Box::new(move |_| Box::new(Host(host))));
    let exports = world.exports(TEXT, vec![world.ask(), host]);
    inner.replace(exports.clone());
    let mut slots = [Slot::zero()];
    slots[0].set_i32(30);
    exports[1].call_numbers(&mut slots).expect("a result");
    assert_eq!(slots[0].i32(), 5 + 1030);
    inner.borrow_mut().clear();
}

/// References of every kind stand on the stack while others collect garbage.
#[test]
fn references_on_a_waiting_stack_are_kept_and_follow_their_objects() {
    const TEXT: &str = r#"(module
        (type $pair (struct (field (mut i32)) (field (mut anyref))))
        (type $list (array (mut i32)))
        (tag $tag (param i32))
        (import "" "ask" (func $ask (param i32) (result i32)))
        (func (export "waits") (param i32) (result i32)
            (local $one (ref null $pair)) (local $two (ref null $list))
            (local $three anyref) (local $four exnref) (local $five externref)
            (local.set $one (struct.new $pair (local.get 0) (ref.i31 (i32.const 9))))
            (struct.set $pair 1 (local.get $one) (local.get $one))
            (local.set $two (array.new $list (local.get 0) (i32.const 100)))
            (local.set $three (ref.i31 (local.get 0)))
            (local.set $five (extern.convert_any (struct.new $pair (local.get 0) (ref.null any))))
            (local.set $four (block $caught (result exnref)
                (try_table (catch_all_ref $caught) (throw $tag (local.get 0)))
                unreachable))
            (drop (call $ask (local.get 0)))
            (call $inner (local.get $one) (local.get $two))
            (i32.add (struct.get $pair 0 (local.get $one)))
            (i32.add (struct.get $pair 0 (ref.cast (ref $pair)
                (struct.get $pair 1 (local.get $one)))))
            (i32.add (array.get $list (local.get $two) (i32.const 99)))
            (i32.add (i31.get_s (ref.cast (ref i31) (local.get $three))))
            (i32.add (struct.get $pair 0 (ref.cast (ref $pair)
                (any.convert_extern (local.get $five)))))
            (i32.add (block $again (result i32)
                (try_table (catch $tag $again) (throw_ref (local.get $four)))
                unreachable)))
        (func $inner (param (ref null $pair) (ref null $list)) (result i32)
            (local i32)
            (local.set 2 (call $ask (i32.const 0)))
            (i32.add (local.get 2)
                (i32.add (struct.get $pair 0 (local.get 0))
                    (array.len (local.get 1)))))
        (func (export "garbage") (param i32) (result i32)
            (loop $again
                (drop (array.new $list (i32.const -1) (i32.const 1000)))
                (drop (struct.new $pair (i32.const -1) (ref.null any)))
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (br_if $again (local.get 0)))
            (i32.const 0)))"#;
    let world = World::new();
    let exports = world.exports(TEXT, vec![world.ask()]);
    let garbage = || {
        let mut slots = [Slot::zero()];
        slots[0].set_i32(3000);
        exports[1].call_numbers(&mut slots).expect("garbage");
    };
    let mut calls: Vec<_> = (1..=20).map(|index| start(&exports[0], index).0).collect();
    garbage();
    for call in calls.iter_mut().rev() {
        assert!(matches!(world.answer(call, 0), Progress::Waiting));
    }
    garbage();
    for (index, mut call) in (1..=20).zip(calls) {
        garbage();
        // The answer, the field seven times over, and a length.
        assert_eq!(number(world.answer(&mut call, 1_000)), 1_000 + 100 + 7 * index);
    }
}

#[test]
fn ten_thousand_wait_at_once_and_there_is_an_end() {
    let world = World::new();
    let exports = world.exports(TWICE, vec![world.ask()]);
    let mut calls = Vec::new();
    for index in 0..MAX_WAITING_CALLS {
        calls.push(start(&exports[0], index as i32).0);
    }
    let refused = Suspension::new(&exports[0]).expect_err("a limit");
    assert!(refused.contains("20000 calls are waiting"), "{refused}");
    for (index, call) in calls.iter_mut().enumerate().take(10_000) {
        assert!(matches!(world.answer(call, 1), Progress::Waiting));
        assert_eq!(number(world.answer(call, 1)), index as i32 + 2);
    }
    drop(calls);
    assert!(matches!(start(&exports[0], 1).1, Progress::Waiting));
}

/// While one stack runs, those below it have references too: of the thread's own, of another
/// call's, one or several calls deep.
#[test]
fn references_below_another_stack_follow_their_objects() {
    const TEXT: &str = r#"(module
        (type $pair (struct (field (mut i32))))
        (type $list (array (mut i32)))
        (import "" "ask" (func $ask (param i32) (result i32)))
        (import "" "host" (func $host (param i32) (result i32)))
        (func (export "outer") (param i32) (result i32)
            (local $one (ref null $pair)) (local $two (ref null $pair))
            (local.set $one (struct.new $pair (local.get 0)))
            (local.set $two (struct.new $pair (i32.add (local.get 0) (i32.const 1))))
            (drop (call $host (local.get 0)))
            (if (i32.ne (struct.get $pair 0 (local.get $one)) (local.get 0)) (then unreachable))
            (drop (call $host (local.get 0)))
            (i32.add (struct.get $pair 0 (local.get $one)) (struct.get $pair 0 (local.get $two))))
        (func (export "mess") (param i32) (result i32)
            (local $one (ref null $pair))
            (local.set $one (struct.new $pair (local.get 0)))
            (call $litter)
            (drop (call $host (local.get 0)))
            (call $litter)
            (drop (call $ask (local.get 0)))
            (call $litter)
            (struct.get $pair 0 (local.get $one)))
        (func $litter (local i32)
            (local.set 0 (i32.const 2000))
            (loop $again
                (drop (array.new $list (i32.const -1) (i32.const 1000)))
                (drop (struct.new $pair (i32.const -1)))
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (br_if $again (local.get 0)))))"#;
    let world = World::new();
    let exports: Rc<RefCell<Vec<Func>>> = Rc::default();
    let (resumed, waiting) = (Rc::new(Cell::new(0)), RefCell::new(Vec::<Suspension>::new()));
    let (called, counted, answers) = (exports.clone(), resumed.clone(), world.answers.clone());
    // Each call but the deepest goes one deeper: in the same stack, on a new one, and again.
    let host: Call = Box::new(move |slots| {
        let depth = slots[0].i32();
        let [outer, mess] = &called.borrow()[..] else { panic!("two exports") };
        if let Some(mut call) = (depth % 2 == 0).then(|| waiting.borrow_mut().pop()).flatten() {
            answers.next.set(Some(Ok(0)));
            assert!(number(call.resume()) > 102);
            counted.set(counted.get() + 1);
        }
        if depth < 104 {
            let (call, progress) = start(mess, depth + 1);
            assert!(matches!(progress, Progress::Waiting), "{progress:?}");
            waiting.borrow_mut().push(call);
            let mut inner = [Slot::zero()];
            inner[0].set_i32(depth + 1);
            outer
                .call_numbers(&mut inner)
                .map_err(|failure| Thrown::Trap(format!("{failure:?}")))?;
            assert_eq!(inner[0].i32(), 2 * (depth + 1) + 1);
        }
        Ok(())
    });
    let host = Import::Host(Box::new(move |_| Box::new(Host(host))));
    exports.replace(world.exports(TEXT, vec![world.ask(), host]));
    let outer = exports.borrow()[0].clone();
    let mut slots = [Slot::zero()];
    slots[0].set_i32(102);
    outer.call_numbers(&mut slots).expect("a result");
    assert_eq!(slots[0].i32(), 205);
    assert!(resumed.get() >= 4, "{} calls were resumed", resumed.get());
    exports.borrow_mut().clear();
}
