//! Modules that wait for each other: one queue, exact traps, and an end when they are stopped.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use holm_wasm::{
    ArtifactKey, Engine, Extern, Failure, Func, Group, Import, InstantiateError, Memory,
    MemoryType, Module, NoHost, Observer, Settings, Slot, Space, Stopper, TrapKind, WaitQueue,
    Waited, instantiate,
};

const SOON: Duration = Duration::from_secs(5);

/// Exports that take an address first.
const WAITING: &str = r#"(module $waiting (import "" "m" (memory 1 4 shared)) (memory $own 1 1)
    (func $wait32 (export "wait32") (param i32 i32 i64) (result i32)
        (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
    (func $wait64 (export "wait64") (param i32 i64 i64) (result i32)
        (memory.atomic.wait64 offset=8 (local.get 0) (local.get 1) (local.get 2)))
    (func $notify (export "notify") (param i32 i32) (result i32)
        (memory.atomic.notify (local.get 0) (local.get 1)))
    (func (export "unshared") (param i32 i32 i64) (result i32)
        (memory.atomic.wait32 $own (local.get 0) (local.get 1) (local.get 2))))"#;

struct Stoppable(Stopper);

impl Observer for Stoppable {
    fn memory_grown(&self, _memory: &Memory) {}

    fn stopper(&self) -> Option<Stopper> {
        Some(self.0.clone())
    }
}

fn space(engine: &Engine, stopper: &Stopper) -> Space {
    Space::new(engine, Rc::new(Stoppable(stopper.clone())))
}

fn compile(engine: &Engine, text: &str) -> Module {
    let bytes = wat::parse_str(text).expect("text of a module");
    Module::compile(engine, bytes.into()).expect("a valid module")
}

fn shared(engine: &Engine) -> Memory {
    Memory::new(&space(engine, &Stopper::new()), MemoryType::shared(1, 4)).expect("a memory")
}

struct Exports {
    names: Vec<String>,
    items: Vec<Extern>,
}

fn link(space: &Space, module: &Module, memory: &Memory) -> Result<Exports, InstantiateError> {
    let memory = memory.shared().expect("a shared memory").clone();
    let imports = module
        .imports()
        .iter()
        .map(|_| Import::Extern(Extern::Memory(Memory::from_shared(space, memory.clone()))));
    let imports = imports.collect();
    let made = instantiate(space, module, imports, || Group::new(space, Rc::new(NoHost)));
    let names = module.exports().iter().map(|export| export.name.to_string()).collect();
    made.map(|(_, items)| Exports { names, items })
}

impl Exports {
    fn func(&self, name: &str) -> Func {
        let index = self.names.iter().position(|known| known == name);
        match &self.items[index.expect("an export")] {
            Extern::Func(func) => func.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// Calls with an address and two more numbers, as many as it takes.
    fn call(&self, name: &str, numbers: [i64; 3]) -> Result<i32, Failure> {
        let mut slots = numbers.map(|number| {
            let mut slot = Slot::zero();
            slot.set_i64(number);
            slot
        });
        self.func(name).call_numbers(&mut slots).map_err(|failure| *failure)?;
        Ok(slots[0].i32())
    }
}

fn trap(result: Result<i32, Failure>) -> (String, Option<usize>) {
    match result {
        Err(Failure::Trap { kind: TrapKind::Other(text), frames }) => {
            (text.to_owned(), frames.first().and_then(|frame| frame.offset))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_module_sees_what_it_always_did() {
    let engine = Engine::new().expect("an engine");
    let module = compile(&engine, WAITING);
    let names: Vec<_> = module.exports().iter().map(|export| &*export.name).collect();
    assert_eq!(names, ["wait32", "wait64", "notify", "unshared"]);
    let memory = shared(&engine);
    let space = space(&engine, &Stopper::new());
    let exports = link(&space, &module, &memory).expect("an instance");
    // Another value, and the time being over: 1 and 2.
    assert_eq!(exports.call("wait32", [0, 7, -1]).expect("no trap"), 1);
    assert_eq!(exports.call("wait64", [0, 7, -1]).expect("no trap"), 1);
    assert_eq!(exports.call("wait32", [0, 0, 0]).expect("no trap"), 2);
    let start = Instant::now();
    assert_eq!(exports.call("wait64", [0, 0, 20_000_000]).expect("no trap"), 2);
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert_eq!(exports.call("notify", [0, 9, 0]).expect("no trap"), 0);
    let end = 0x1_0000;
    assert_eq!(exports.call("notify", [end - 4, 9, 0]).expect("no trap"), 0);
    // Traps, with the place of the instruction that was written.
    let bytes = module.bytes();
    for (name, address, text, opcode) in [
        ("wait32", 2, "unaligned atomic", 1),
        ("wait64", 4, "unaligned atomic", 2),
        ("notify", 1, "unaligned atomic", 0),
        ("wait32", end, "out of bounds memory access", 1),
        ("wait64", end - 8, "out of bounds memory access", 2),
        ("wait64", -8, "out of bounds memory access", 2),
        ("notify", end, "out of bounds memory access", 0),
        ("unshared", 0, "expected shared memory", 1),
    ] {
        let (found, place) = trap(exports.call(name, [address, 0, 0]));
        assert_eq!(found, text, "{name} {address}");
        let place = place.expect("a place");
        assert_eq!(bytes[place..place + 2], [0xfe, opcode], "{name} {address}");
    }
}

#[test]
fn threads_wake_each_other_whoever_they_are() {
    let queue = Arc::<WaitQueue>::default();
    let settings = Settings { waiters: queue.clone(), ..Settings::default() };
    let engine = Engine::with_settings(settings).expect("an engine");
    let key = ArtifactKey::new(&[7; 32]);
    let compiled = compile(&engine, WAITING);
    let artifact = compiled.serialize(&key).expect("an artifact");
    let loaded = Module::deserialize(&engine, &key, &artifact, compiled.bytes().clone());
    let loaded = loaded.expect("the same module");
    let memory = shared(&engine);
    for module in [compiled, loaded] {
        let wait = |name: &'static str| {
            let (engine, module) = (engine.clone(), module.clone());
            let raw = memory.shared().expect("a shared memory").clone();
            std::thread::spawn(move || {
                let space = space(&engine, &Stopper::new());
                let memory = Memory::from_shared(&space, raw);
                let exports = link(&space, &module, &memory).expect("an instance");
                exports.call(name, [64, 0, -1]).expect("no trap")
            })
        };
        let space = space(&engine, &Stopper::new());
        let exports = link(&space, &module, &memory).expect("an instance");
        let threads = [wait("wait32"), wait("wait32"), wait("wait64")];
        let wake = |address: i64| {
            let start = Instant::now();
            while exports.call("notify", [address, 1, 0]).expect("no trap") == 0 {
                assert!(start.elapsed() < SOON, "nobody waits at {address}");
                std::thread::yield_now();
            }
        };
        wake(64);
        wake(64);
        // An offset is part of the address.
        wake(72);
        for thread in threads {
            assert_eq!(thread.join().expect("no panic"), 0);
        }
        // From outside of modules.
        let thread = wait("wait32");
        let address = memory.bytes().start().as_ptr() as usize + 64;
        let start = Instant::now();
        while queue.notify(address, 1) == 0 {
            assert!(start.elapsed() < SOON, "nobody waits");
            std::thread::yield_now();
        }
        assert_eq!(thread.join().expect("no panic"), 0);
        assert_eq!(queue.wait(address, || false, None, &Stopper::new()), Waited::NotEqual);
    }
}

#[test]
fn who_waits_is_stopped() {
    let engine = Engine::new().expect("an engine");
    let module = compile(&engine, WAITING);
    let starting = compile(
        &engine,
        r#"(module (import "" "m" (memory 1 4 shared)) (start $f) (func $f
            (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))"#,
    );
    let memory = shared(&engine);
    for round in 0..100 {
        let stopper = Stopper::new();
        let space = space(&engine, &stopper);
        let exports = link(&space, &module, &memory).expect("an instance");
        if round % 2 == 0 {
            stopper.set_deadline(Some(Instant::now() + Duration::from_millis(2)));
        } else {
            let stopper = stopper.clone();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_micros(20 * round));
                stopper.stop();
            });
        }
        let start = Instant::now();
        let ended = match round % 3 {
            0 => match link(&space, &starting, &memory) {
                Err(InstantiateError::Failure(failure)) => Err(failure),
                other => panic!("{:?}", other.err()),
            },
            _ => exports.call("wait32", [0, 0, -1]),
        };
        assert!(matches!(ended, Err(Failure::Stopped)), "{ended:?}");
        assert!(start.elapsed() < SOON);
    }
}

#[test]
fn a_start_function_runs_once_and_may_wait() {
    let engine = Engine::new().expect("an engine");
    let module = compile(
        &engine,
        r#"(module (import "" "m" (memory 1 4 shared)) (start $f)
        (data (i32.const 128) "\05")
        (func $f (drop (i32.atomic.rmw.add (i32.const 128) (memory.atomic.wait32 (i32.const 0)
            (i32.const 1) (i64.const -1)))))
        (func (export "sum") (param i32 i32 i64) (result i32)
            (drop (memory.atomic.notify (i32.const 0) (i32.const 0))) (i32.load (i32.const 128))))"#,
    );
    let space = space(&engine, &Stopper::new());
    let exports = link(&space, &module, &shared(&engine)).expect("an instance");
    assert_eq!(exports.call("sum", [0; 3]).expect("no trap"), 6);
    let trapping = compile(
        &engine,
        r#"(module (import "" "m" (memory 1 4 shared)) (start $f)
        (func $f (drop (memory.atomic.notify (i32.const 1) (i32.const 0)))))"#,
    );
    match link(&space, &trapping, &shared(&engine)) {
        Err(InstantiateError::Failure(failure)) => {
            assert_eq!(trap(Err(failure)).0, "unaligned atomic");
        }
        other => panic!("{:?}", other.err()),
    }
}
