//! With little address space memories move when they grow. This file is a process of its own:
//! the limit is the process's.

use std::rc::Rc;

use holm_wasm::{
    Engine, Extern, Group, Import, Memory, MemoryTypeBuilder, Module, NoHost, Slot, Space,
    instantiate,
};
use rustix::process::{Resource, Rlimit, setrlimit};

fn make(space: &Space, text: &str, imports: Vec<Import>) -> Vec<Extern> {
    let bytes = wat::parse_str(text).expect("text of a module");
    let module = Module::compile(space.engine(), bytes.into()).expect("a valid module");
    let made = instantiate(space, &module, imports, || Group::new(space, Rc::new(NoHost)));
    made.unwrap_or_else(|error| panic!("{error:?}")).1
}

fn call(instance: &[Extern], index: usize, arguments: &[i32]) -> i32 {
    let Extern::Func(func) = &instance[index] else { panic!("a function") };
    let mut slots = [Slot::zero(); 2];
    for (slot, argument) in slots.iter_mut().zip(arguments) {
        slot.set_i32(*argument);
    }
    func.call_numbers(&mut slots).unwrap_or_else(|failure| panic!("{failure:?}"));
    slots[0].i32()
}

#[test]
fn a_memory_that_moves_moves_for_every_group() {
    let limit = Some(16 << 30);
    setrlimit(Resource::As, Rlimit { current: limit, maximum: limit }).expect("a limit");
    let engine = Engine::new().expect("an engine");
    let space = Space::new(&engine, Rc::new(NoHost));
    let mut ty = MemoryTypeBuilder::default();
    ty.min(1);
    let memory = Memory::new(&space, ty.build().expect("a type")).expect("a memory");
    let instance = || {
        let mut table = make(&space, r#"(module (table (export "t") 1 funcref))"#, vec![]);
        let table = Import::Extern(table.remove(0));
        let text = r#"(module (import "" "t" (table 1 funcref)) (import "" "m" (memory 1))
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
            (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
            (func (export "size") (result i32) memory.size))"#;
        make(&space, text, vec![table, Import::Extern(Extern::Memory(memory.clone()))])
    };
    let (one, other) = (instance(), instance());
    let start = memory.bytes().start();
    call(&one, 2, &[8, 42]);
    assert_eq!(call(&one, 0, &[100]), 1);
    assert_ne!(memory.bytes().start(), start, "it has to move here, or this tests nothing");
    drop(memory);
    assert_eq!((call(&other, 1, &[8]), call(&other, 3, &[])), (42, 101));
    for _ in 0..10 {
        call(&other, 0, &[200]);
        call(&other, 2, &[8, 43]);
        assert_eq!((call(&one, 1, &[8]), call(&one, 3, &[])), (43, call(&other, 3, &[])));
        call(&one, 2, &[8, 44]);
        assert_eq!(call(&other, 1, &[8]), 44);
    }
}
