//! What linking groups promise: how long they live, what they share, and that the same thing is
//! the same handle however it was reached.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use holm_wasm::{
    Engine, Extern, Failure, Func, Global, GlobalType, Group, HostFunction, HostRef, HostValues,
    Import, InstantiateError, Memory, MemoryTypeBuilder, Module, Mutability, Observer, Ref, Slot,
    Space, Table, TableType, Thrown, TrapKind, ValType, Value, instantiate,
};

/// A table of host values that only counts them.
#[derive(Default)]
struct Tickets {
    live: Cell<usize>,
    made: Cell<u32>,
    kept: RefCell<Vec<Rc<dyn HostValues>>>,
}

impl Tickets {
    fn take(self: &Rc<Self>) -> HostRef {
        let ticket = self.next();
        HostRef::new(self.clone(), ticket)
    }

    fn next(&self) -> u32 {
        self.live.set(self.live.get() + 1);
        self.made.set(self.made.get() + 1);
        self.made.get()
    }
}

impl HostValues for Tickets {
    fn duplicate(&self, _from: &HostRef) -> u32 {
        self.next()
    }

    fn keep_group(&self, other: &Rc<dyn HostValues>) {
        self.kept.borrow_mut().push(other.clone());
    }

    fn release(&self, _ticket: u32) {
        self.live.set(self.live.get() - 1);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn into_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }
}

/// Counts what it is told of.
#[derive(Default)]
struct Growths(Cell<usize>);

impl Observer for Growths {
    fn memory_grown(&self, _memory: &Memory) {
        self.0.set(self.0.get() + 1);
    }
}

struct World {
    engine: Engine,
    space: Space,
    growths: Rc<Growths>,
}

/// An instance: its exports, and the table of its group's host values.
struct Instance {
    group: Group,
    names: Vec<String>,
    exports: Vec<Extern>,
}

impl World {
    fn new() -> Self {
        let engine = Engine::new().expect("an engine");
        let growths = Rc::new(Growths::default());
        let space = Space::new(&engine, growths.clone());
        Self { engine, space, growths }
    }

    fn module(&self, text: &str) -> Module {
        let bytes = wat::parse_str(text).expect("text of a module");
        Module::compile(&self.engine, bytes.into()).expect("a valid module")
    }

    fn link(
        &self,
        text: &str,
        imports: Vec<Import>,
        tickets: &Rc<Tickets>,
    ) -> Result<Instance, InstantiateError> {
        let module = self.module(text);
        let names = module.exports().iter().map(|export| export.name.to_string()).collect();
        let made =
            instantiate(&self.space, &module, imports, || Group::new(&self.space, tickets.clone()));
        made.map(|(group, exports)| Instance { group, names, exports })
    }

    fn instance(&self, text: &str, imports: Vec<Import>) -> Instance {
        let made = self.link(text, imports, &Rc::default());
        made.unwrap_or_else(|error| panic!("{error:?}"))
    }
}

impl Instance {
    fn get(&self, name: &str) -> &Extern {
        let index = self.names.iter().position(|known| known == name);
        &self.exports[index.unwrap_or_else(|| panic!("an export {name}"))]
    }

    fn give(&self, name: &str) -> Import {
        Import::Extern(self.get(name).clone())
    }

    fn func(&self, name: &str) -> Func {
        match self.get(name) {
            Extern::Func(func) => func.clone(),
            other => panic!("{name} is {other:?}"),
        }
    }

    fn table(&self, name: &str) -> Table {
        match self.get(name) {
            Extern::Table(table) => table.clone(),
            other => panic!("{name} is {other:?}"),
        }
    }

    fn call(&self, name: &str, arguments: &[i32]) -> Result<i32, Failure> {
        let mut slots = [Slot::zero(); 4];
        for (slot, argument) in slots.iter_mut().zip(arguments) {
            slot.set_i32(*argument);
        }
        self.func(name).call_numbers(&mut slots).map_err(|failure| *failure)?;
        Ok(slots[0].i32())
    }

    fn number(&self, name: &str, arguments: &[i32]) -> i32 {
        self.call(name, arguments).unwrap_or_else(|failure| panic!("{name}: {failure:?}"))
    }
}

type Body = Box<dyn Fn(&mut [Slot]) -> Result<(), Thrown>>;

/// A host function made of a closure.
struct Closure(Body);

impl HostFunction for Closure {
    fn call_numbers(&self, slots: &mut [Slot]) -> Result<(), Box<Thrown>> {
        Ok((self.0)(slots)?)
    }

    fn call(&self, _group: &Group, arguments: Vec<Value>) -> Result<Vec<Value>, Thrown> {
        Ok(arguments)
    }
}

fn host(body: impl Fn(&mut [Slot]) -> Result<(), Thrown> + 'static) -> Import {
    Import::Host(Box::new(move |_group| Box::new(Closure(Box::new(body)))))
}

fn memory(world: &World, min: u64, max: Option<u64>) -> Memory {
    let mut ty = MemoryTypeBuilder::default();
    ty.min(min).max(max);
    Memory::new(&world.space, ty.build().expect("a memory's type")).expect("a memory")
}

const TABLE: &str = r#"(module (table (export "t") 4 funcref) (func (export "own")))"#;

const WITH_MEMORY: &str = r#"(module
  (import "" "t" (table 1 funcref)) (import "" "m" (memory 1))
  (func (export "size") (result i32) memory.size)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1))))"#;

/// Two instances that have a memory in common and nothing else.
fn two_groups(world: &World, shared: &Memory) -> (Instance, Instance) {
    let make = || {
        let table = world.instance(TABLE, vec![]).give("t");
        let memory = Import::Extern(Extern::Memory(shared.clone()));
        world.instance(WITH_MEMORY, vec![table, memory])
    };
    let (one, other) = (make(), make());
    assert!(!one.group.same(&other.group), "two tables of two groups");
    (one, other)
}

#[test]
fn a_group_goes_with_its_last_handle() {
    let world = World::new();
    let tickets = Rc::<Tickets>::default();
    let text = r#"(module (func (export "f")) (table (export "t") 1 funcref) (memory (export "m") 1)
        (global (export "g") (mut i32) (i32.const 0)))"#;
    let instance = world.link(text, vec![], &tickets).expect("an instance");
    let (func, table) = (instance.func("f"), instance.table("t"));
    let (Extern::Memory(memory), Extern::Global(global)) = (instance.get("m"), instance.get("g"))
    else {
        panic!("exports of other kinds");
    };
    let (memory, global) = (memory.clone(), global.clone());
    drop(instance);
    assert!(Rc::strong_count(&tickets) > 1, "the function, table and global keep it");
    drop(func);
    drop(table);
    assert!(Rc::strong_count(&tickets) > 1, "the global keeps it");
    drop(global);
    assert_eq!(Rc::strong_count(&tickets), 1, "a memory does not");
    assert_eq!(memory.pages(), 1);
    assert!(memory.group().is_none());
    assert_eq!(memory.grow(1).expect("growth without a group"), 1);
}

#[test]
fn host_functions_go_with_their_group() {
    struct Dropped(Rc<Cell<bool>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let world = World::new();
    let flag = Rc::new(Cell::new(false));
    let dropped = Dropped(flag.clone());
    let import = host(move |_| {
        let _ = &dropped;
        Ok(())
    });
    let text = r#"(module (import "" "f" (func)) (func (export "g") (call 0)))"#;
    let instance = world.instance(text, vec![import]);
    instance.number("g", &[]);
    assert!(!flag.get());
    drop(instance);
    assert!(flag.get());
}

#[test]
fn adoption_moves_nothing() {
    let world = World::new();
    let memory = memory(&world, 1, Some(100));
    let start = memory.bytes().start();
    // SAFETY: inside of the memory, which nothing else uses now.
    unsafe { start.as_ptr().add(8).write(7) };
    let (one, other) = two_groups(&world, &memory);
    assert_eq!(memory.bytes().start(), start);
    assert_eq!((one.number("load", &[8]), other.number("load", &[8])), (7, 7));
    one.number("store", &[16, 99]);
    assert_eq!(other.number("load", &[16]), 99);
}

#[test]
fn growth_reaches_every_group() {
    let world = World::new();
    let memory = memory(&world, 1, None);
    let (one, other) = two_groups(&world, &memory);
    assert_eq!(one.number("grow", &[3]), 1);
    assert_eq!((memory.pages(), one.number("size", &[]), other.number("size", &[])), (4, 4, 4));
    assert_eq!(world.growths.0.get(), 1, "the host is told once");
    one.number("store", &[200_000, 5]);
    assert_eq!(other.number("load", &[200_000]), 5);
    assert_eq!(memory.grow(1).expect("growth by the host"), 4);
    assert_eq!((one.number("size", &[]), other.number("size", &[])), (5, 5));
    assert_eq!(other.number("grow", &[1]), 5);
    assert_eq!(one.number("size", &[]), 6);
}

#[test]
fn growth_reaches_every_group_after_the_handle_is_gone() {
    let world = World::new();
    let memory = memory(&world, 1, None);
    let (one, other) = two_groups(&world, &memory);
    drop(memory);
    assert_eq!(one.number("grow", &[3]), 1);
    assert_eq!(other.number("size", &[]), 4);
}

/// The group is told by the functions' contexts and code addresses, which are read from
/// Wasmtime's own record: if its layout were another, these would be different or all the same.
#[test]
fn the_same_function_is_the_same_handle() {
    let world = World::new();
    let text = r#"(module (import "" "h" (func $h)) (func $f (export "f")) (func $g (export "g"))
        (export "f2" (func $f)) (export "h" (func $h)) (elem declare func $f)
        (table (export "t") funcref (elem $f $g $h $f))
        (func (export "ref") (result funcref) (ref.func $f)))"#;
    let one = world.instance(text, vec![host(|_| Ok(()))]);
    let (f, g, h) = (one.func("f"), one.func("g"), one.func("h"));
    assert!(f.same(&one.func("f2")) && !f.same(&g) && !f.same(&h) && !g.same(&h));
    assert_eq!((f.index(), g.index(), h.index()), (1, 2, 0));
    let found = |index| match one.table("t").get(index) {
        Ok(Ref::Func(func)) => func,
        other => panic!("{other:?}"),
    };
    assert!(found(0).same(&f) && found(1).same(&g) && found(2).same(&h) && found(3).same(&f));
    match one.func("ref").call(&[]).expect("a call").as_slice() {
        [Value::Ref(Ref::Func(func))] => assert!(func.same(&f)),
        other => panic!("{other:?}"),
    }
    let again = r#"(module (import "" "f" (func)) (export "again" (func 0)))"#;
    let two = world.instance(again, vec![one.give("f")]);
    assert!(two.func("again").same(&f) && two.group.same(&one.group));
    let (a, b) = (world.instance(TABLE, vec![]), world.instance(TABLE, vec![]));
    assert!(!a.func("own").same(&b.func("own")), "the same code in another instance");
}

#[test]
fn bridges_keep_identity() {
    let world = World::new();
    let tickets = Rc::<Tickets>::default();
    let text = r#"(module (global $n (mut i32) (i32.const 40)) (func (export "next") (result i32)
        (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))"#;
    let one = world.link(text, vec![], &tickets).expect("an instance");
    let two = world.link(
        r#"(module (table (export "t") 2 funcref) (type $n (func (result i32)))
          (func (export "call") (result i32) (call_indirect (type $n) (i32.const 0))))"#,
        vec![],
        &Rc::default(),
    );
    let two = two.expect("an instance");
    let next = one.func("next");
    two.table("t").set(0, Ref::Func(next.clone())).expect("a function of another group");
    two.table("t").set(1, Ref::Func(next.clone())).expect("a function of another group");
    assert_eq!((two.number("call", &[]), one.number("next", &[])), (41, 42));
    let found = |index| match two.table("t").get(index) {
        Ok(Ref::Func(func)) => func,
        other => panic!("{other:?}"),
    };
    assert!(found(0).same(&next) && found(1).same(&next));
    // With no handle left a new one is made, of the function and not of the bridge.
    drop(next);
    let through_two = found(0);
    assert!(through_two.same(&one.func("next")) && through_two.group().same(&one.group));
}

#[test]
fn bridges_in_both_directions_keep_nothing() {
    let world = World::new();
    let (first, second) = (Rc::<Tickets>::default(), Rc::<Tickets>::default());
    let one = world.link(TABLE, vec![], &first).expect("an instance");
    let two = world.link(TABLE, vec![], &second).expect("an instance");
    one.table("t").set(0, Ref::Func(two.func("own"))).expect("a bridge");
    two.table("t").set(0, Ref::Func(one.func("own"))).expect("a bridge");
    // The embedder is told to keep what can be called.
    assert_eq!((first.kept.borrow().len(), second.kept.borrow().len()), (1, 1));
    first.kept.take();
    second.kept.take();
    drop((one, two));
    assert_eq!((Rc::strong_count(&first), Rc::strong_count(&second)), (1, 1));
}

#[test]
fn bridges_stop_before_the_stack_ends() {
    let text = r#"(module (type $v (func (param i32))) (table (export "t") 1 funcref)
        (func $r (export "r") (param i32)
          (if (local.get 0)
            (then (call $r (i32.sub (local.get 0) (i32.const 1))))
            (else (if (i32.eqz (ref.is_null (table.get 0 (i32.const 0))))
              (then (call_indirect (type $v) (i32.const 6000) (i32.const 0))))))))"#;
    let on_a_small_stack = move || {
        let world = World::new();
        let instances: Vec<_> = (0..40).map(|_| world.instance(text, vec![])).collect();
        for pair in instances.windows(2) {
            pair[0].table("t").set(0, Ref::Func(pair[1].func("r"))).expect("a bridge");
        }
        match instances[0].call("r", &[6000]) {
            Err(Failure::Trap { kind, .. }) => assert_eq!(kind, TrapKind::StackOverflow),
            other => panic!("{other:?}"),
        }
        assert!(instances[39].call("r", &[100]).is_ok(), "it works again afterwards");
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(on_a_small_stack);
    thread.expect("a thread").join().expect("no panic");
}

#[test]
fn tables_of_two_groups_cannot_be_linked() {
    let world = World::new();
    let (one, two) = (world.instance(TABLE, vec![]), world.instance(TABLE, vec![]));
    let text = r#"(module (import "" "a" (table 1 funcref)) (import "" "b" (table 1 funcref)))"#;
    let linked = world.link(text, vec![one.give("t"), two.give("t")], &Rc::default());
    match linked.err() {
        Some(InstantiateError::Link(error)) => assert_eq!(error.index, 1),
        other => panic!("{other:?}"),
    }
}

#[test]
fn host_references_are_given_back() {
    let world = World::new();
    let tickets = Rc::<Tickets>::default();
    let text = r#"(module (table (export "t") 8 externref) (global (export "g") (mut externref) (ref.null extern))
        (func (export "same") (param externref) (result externref) (local.get 0)))"#;
    let instance = world.link(text, vec![], &tickets).expect("an instance");
    for _ in 0..200_000 {
        let value = Value::Ref(Ref::Host(tickets.take()));
        let results = instance.func("same").call(&[value]).expect("a call");
        assert!(matches!(results.as_slice(), [Value::Ref(Ref::Host(_))]));
    }
    assert!(tickets.live.get() <= 110_000, "{} are held", tickets.live.get());
    instance.table("t").set(0, Ref::Host(tickets.take())).expect("a table of references");
    let unbound = Global::new(
        GlobalType::new(ValType::EXTERNREF, Mutability::Var),
        Value::Ref(Ref::Host(tickets.take())),
    );
    drop(unbound);
    drop(instance);
    assert_eq!(tickets.live.get(), 0);
    let ty = TableType::new(holm_wasm::RefType::EXTERNREF, 100, None);
    let table = Table::new(ty, Ref::Host(tickets.take())).expect("a table");
    table.set(3, Ref::Host(tickets.take())).expect("an element");
    drop(table);
    assert_eq!(tickets.live.get(), 0);
}

#[test]
fn host_functions_may_come_back() {
    let world = World::new();
    let again = Rc::new(RefCell::new(None::<Func>));
    let inner = again.clone();
    let import = host(move |slots| {
        let depth = slots[0].i32();
        if depth > 0 {
            let func = inner.borrow().clone();
            let mut slots = [Slot::zero(); 1];
            slots[0].set_i32(depth - 1);
            func.expect("the function")
                .call_numbers(&mut slots)
                .map_err(|failure| Thrown::from(*failure))?;
        }
        slots[0].set_i32(depth * 2);
        Ok(())
    });
    let text = r#"(module (import "" "f" (func (param i32) (result i32))) (memory (export "m") 1)
        (func (export "g") (param i32) (result i32) (drop (memory.grow (i32.const 1))) (call 0 (local.get 0)))
        (func (export "size") (result i32) memory.size))"#;
    let instance = world.instance(text, vec![import]);
    again.replace(Some(instance.func("g")));
    assert_eq!(instance.number("g", &[20]), 40);
    assert_eq!(instance.number("size", &[]), 22);
    assert_eq!(world.growths.0.get(), 21, "each growth is told before the host looks");
    again.take();
}

#[test]
fn a_module_may_be_instantiated_while_its_group_runs() {
    let world = Rc::new(World::new());
    let table = Table::new(TableType::new(holm_wasm::RefType::FUNCREF, 4, None), Ref::Null);
    let table = table.expect("a table");
    let text = r#"(module (import "" "t" (table 1 funcref)) (import "" "f" (func (param i32)))
        (func (export "g") (param i32) (call 0 (local.get 0))) (elem (i32.const 0) func 1))"#;
    let (inner, shared) = (world.clone(), table.clone());
    let import = host(move |slots| {
        if slots[0].i32() == 1 {
            let table = Import::Extern(Extern::Table(shared.clone()));
            let nested = inner.instance(text, vec![table, host(|_| Ok(()))]);
            nested.number("g", &[0]);
        }
        Ok(())
    });
    let given = Import::Extern(Extern::Table(table));
    let instance = world.instance(text, vec![given, import]);
    instance.number("g", &[1]);
    instance.number("g", &[0]);
}
