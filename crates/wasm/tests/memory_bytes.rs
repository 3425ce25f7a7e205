//! What holds while a memory's bytes are lent.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use holm_wasm::{
    BytesError, Engine, Extern, Func, Group, Import, Memory, Module, NoHost, Space, instantiate,
};

fn make(text: &str, space: &Space, imports: Vec<Import>) -> Option<Vec<Extern>> {
    let bytes = wat::parse_str(text).expect("a module in text");
    let module = Module::compile(space.engine(), bytes.into()).expect("a module");
    let fresh = || Group::new(space, Rc::new(NoHost));
    instantiate(space, &module, imports, fresh).ok().map(|(_, items)| items)
}

fn space() -> Space {
    Space::new(&Engine::new().expect("an engine"), Rc::new(NoHost))
}

const MEMORY: &str = r#"(module (memory (export "m") 1) (func (export "f")))"#;

fn memory_and_function(space: &Space) -> (Memory, Func) {
    let mut items = make(MEMORY, space, Vec::new()).expect("an instance").into_iter();
    let (Some(Extern::Memory(memory)), Some(Extern::Func(func))) = (items.next(), items.next())
    else {
        panic!("other exports than the text's")
    };
    (memory, func)
}

#[test]
fn its_modules_cannot_be_called() {
    let space = space();
    let (memory, func) = memory_and_function(&space);
    let called = catch_unwind(AssertUnwindSafe(|| {
        memory.with_bytes_mut(|_| func.call_numbers(&mut []).is_ok())
    }));
    assert!(called.is_err());
    // Afterwards, they can.
    func.call_numbers(&mut []).expect("a function that does nothing");
}

#[test]
fn no_memory_grows_by_more_than_there_are_numbers() {
    let space = space();
    for is_shared in [false, true] {
        let mut builder = wasmtime::MemoryTypeBuilder::new();
        let ty = builder.min(1).max(Some(3)).shared(is_shared).build().expect("a type");
        let memory = Memory::new(&space, ty).expect("a memory");
        for delta in [3, u64::from(u32::MAX), u64::MAX / 65536, u64::MAX] {
            assert!(memory.grow(delta).is_err(), "by {delta}, shared: {is_shared}");
        }
        assert_eq!(memory.grow(2).expect("room for two"), 1);
    }
}

#[test]
fn it_neither_grows_nor_is_lent_again() {
    let space = space();
    for memory in [
        memory_and_function(&space).0,
        Memory::new(&space, holm_wasm::MemoryTypeBuilder::default().min(1).build().expect("valid"))
            .expect("a memory"),
    ] {
        let same = memory.clone();
        let done = memory.with_bytes_mut(|_| {
            assert!(same.grow(1).is_err());
            assert_eq!(same.with_bytes(|_| ()), Err(BytesError::Lent));
            assert_eq!(same.with_bytes_mut(|_| ()), Err(BytesError::Lent));
            assert_eq!(same.copy_in(0, b"x"), Err(BytesError::Lent));
        });
        assert_eq!(done, Ok(()));
        memory.with_bytes(|_| assert_eq!(same.with_bytes(<[u8]>::len), Ok(65_536))).expect("read");
        assert_eq!(memory.grow(1).expect("room"), 1);
    }
    let ty = holm_wasm::MemoryTypeBuilder::default().min(1).build().expect("valid");
    let unbound = Memory::new(&space, ty).expect("a memory");
    let same = unbound.clone();
    unbound
        .with_bytes(|_| {
            let text = r#"(module (import "" "" (memory 1)))"#;
            let imports = vec![Import::Extern(Extern::Memory(same.clone()))];
            assert!(make(text, &space, imports).is_none(), "it came to another group");
        })
        .expect("read");
}
