//! Components: what is wrong with one is an error, whatever it is.

#![cfg(feature = "components")]
#![forbid(unsafe_code)]

use std::any::Any;

use holm_wasm::Engine;
use holm_wasm::component::{
    Component, ComponentFailure, Dropper, ImportedFunction, Imports, Instance, Surroundings, Val,
    Wasi, is_component,
};

/// Gives nothing.
struct Nothing;

impl Imports for Nothing {
    fn function(
        &self,
        _interface: Option<&str>,
        name: &str,
    ) -> Result<Box<dyn ImportedFunction>, Box<dyn Any>> {
        Err(Box::new(name.to_owned()))
    }

    fn resource(
        &self,
        _ty: u32,
        _interface: Option<&str>,
        name: &str,
    ) -> Result<Dropper, Box<dyn Any>> {
        Err(Box::new(name.to_owned()))
    }
}

fn instantiate(component: &Component) -> Result<Instance, ComponentFailure> {
    Instance::new(component, &Nothing, Wasi::default, &Surroundings::default())
}

const ADDS: &str = r#"(component
    (core module $m
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 64)
        (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
        (func (export "len") (param i32 i32) (result i32) local.get 1))
    (core instance $i (instantiate $m))
    (type $r (resource (rep i32)))
    (core func $new (canon resource.new $r))
    (func (export "add") (param "a" u32) (param "b" u32) (result u32)
        (canon lift (core func $i "add")))
    (func (export "len") (param "s" string) (result u32)
        (canon lift (core func $i "len") (memory $i "memory") (realloc (core func $i "realloc")))))"#;

fn binary(text: &str) -> Vec<u8> {
    holm_wasm::to_binary(text, "test.wat").expect("text of ours")
}

#[test]
fn calls() {
    let engine = Engine::new().expect("an engine");
    let bytes = binary(ADDS);
    assert!(is_component(&bytes) && !is_component(b"\0asm\x01\0\0\0"));
    let component = Component::compile(&engine, bytes.into()).expect("it is valid");
    let instance = instantiate(&component).expect("it imports nothing");
    let (add, ty) = instance.function(None, "add").expect("at rest").expect("it is there");
    assert_eq!(ty.params().len(), 2);
    let mut results = [Val::Bool(false)];
    instance.call(&add, &[Val::U32(2), Val::U32(3)], &mut results).expect("no trap");
    assert_eq!(results, [Val::U32(5)]);
    let mismatch = instance.call(&add, &[Val::U32(2), Val::Bool(true)], &mut results);
    assert!(matches!(mismatch, Err(ComponentFailure::Other(_))), "{mismatch:?}");
    assert!(instance.function(Some("no:such/thing"), "add").expect("at rest").is_none());
}

#[test]
fn what_is_not_given() {
    let engine = Engine::new().expect("an engine");
    let wants = binary(r#"(component (import "f" (func)))"#);
    let component = Component::compile(&engine, wants.into()).expect("it is valid");
    let refused = instantiate(&component).expect_err("nothing is given");
    assert!(matches!(refused, ComponentFailure::Host(name) if name.is::<String>()));
    let module = binary(r#"(component (import "m" (core module)))"#);
    let component = Component::compile(&engine, module.into()).expect("it is valid");
    let refused = instantiate(&component).expect_err("nobody has one");
    assert!(refused.to_string().contains("a core module"), "{refused}");
}

#[test]
fn any_bytes() {
    /// Few come as far as being compiled.
    const TRIES: u32 = 3_000;
    let engine = Engine::new().expect("an engine");
    let whole = binary(ADDS);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let (mut valid, mut instantiated) = (0, 0);
    for _ in 0..TRIES {
        let mut bytes = whole.clone();
        for _ in 0..=random(3) {
            let at = 8 + random(bytes.len() - 8);
            bytes[at] = random(256) as u8;
        }
        if random(4) == 0 {
            bytes.truncate(8 + random(bytes.len() - 8));
        }
        let Ok(component) = Component::compile(&engine, bytes.into()) else { continue };
        valid += 1;
        let Ok(instance) = instantiate(&component) else { continue };
        instantiated += 1;
        let Ok(Some((add, _))) = instance.function(None, "add") else { continue };
        // Whatever it is now.
        let mut results = [Val::Bool(false)];
        drop(instance.call(&add, &[Val::U32(1), Val::U32(2)], &mut results));
    }
    assert!(valid > 50 && instantiated > 50, "{valid} valid, {instantiated} instantiated");
}

/// However deep it is nested.
#[test]
fn deep() {
    const DEPTH: usize = 20_000;
    let engine = Engine::new().expect("an engine");
    for (open, close) in [
        ("(component ", ")"),
        ("(type (component ", "))"),
        ("(type (instance ", "))"),
        ("(type (list ", "))"),
        ("(type (func (param \"x\" (option ", "))))"),
        ("(instance (instantiate $c (with \"a\" (instance ", "))))"),
    ] {
        let text = format!("(component {}{})", open.repeat(DEPTH), close.repeat(DEPTH));
        drop(holm_wasm::to_binary(&text, "deep.wat"));
    }
    // A section of a component in a component in a component …
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    for _ in 0..DEPTH {
        let mut outer = b"\0asm\x0d\0\x01\0\x04".to_vec();
        let mut len = bytes.len();
        while len > 0x7f {
            outer.push(len as u8 | 0x80);
            len >>= 7;
        }
        outer.push(len as u8);
        outer.extend(&bytes);
        bytes = outer;
    }
    let refused = Component::compile(&engine, bytes.into()).expect_err("it is too deep");
    assert!(refused.to_string().contains("within each other"), "{refused}");
    // A list of lists of lists …
    for depth in [50, 5_000] {
        let types: String =
            (1..depth).map(|at| format!("(type $t{at} (list $t{}))", at - 1)).collect();
        let text = format!(
            "(component (type $t0 (list u8)) {types} (import \"f\" (func (param \"x\" $t{}))))",
            depth - 1
        );
        let compiled = Component::compile(&engine, binary(&text).into());
        assert_eq!(compiled.is_ok(), depth == 50, "{:?}", compiled.err());
    }
}
