//! Modules leave address space to the host. This file is a process of its own: the limit is the
//! process's.

use std::rc::Rc;

use holm_wasm::{Engine, Group, InstantiateError, Module, NoHost, Space, instantiate};
use rustix::process::{Resource, Rlimit, setrlimit};

/// A process that Rust's own memory is refused to ends.
#[test]
fn instances_are_refused_before_the_host_is() {
    let limit = Some(1 << 30);
    setrlimit(Resource::As, Rlimit { current: limit, maximum: limit }).expect("a limit");
    let engine = Engine::new().expect("an engine");
    let space = Space::new(&engine, Rc::new(NoHost));
    let bytes = wat::parse_str("(module (memory (export \"m\") 4))").expect("text of a module");
    let module = Module::compile(&engine, bytes.into()).expect("a valid module");
    let mut kept = Vec::new();
    let refused = loop {
        let fresh = || Group::new(&space, Rc::new(NoHost));
        match instantiate(&space, &module, Vec::new(), fresh) {
            Ok(made) => kept.push(made),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, InstantiateError::Resources(_)), "{refused:?}");
    assert!(kept.len() > 500, "only {} fit", kept.len());
    assert!(Module::compile(&engine, b"\0asm\x01\0\0\0".as_slice().into()).is_err());
    let mut left = Vec::<u8>::new();
    left.try_reserve_exact(32 << 20).expect("the host has memory");
}
