//! One budget for script and modules.

use holm::{Config, Engine, Error, Isolate};

const LIMIT_BYTES: usize = 32 << 20;

/// What the scripts below begin with: `attempt` gives what a call came to, as text.
const PRELUDE: &str = r"
    const attempt = (body) => { try { return String(body()); } catch (error) { return String(error); } };
    const instance = (text) => new WebAssembly.Instance(new WebAssembly.Module(
        new Uint8Array(text.match(/../g).map((hex) => parseInt(hex, 16))))).exports;
";

fn hex(text: &str) -> String {
    let bytes = wat::parse_str(text).expect("a module in text");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn isolate() -> Isolate {
    let engine = Engine::new(Config::default()).expect("an engine");
    Isolate::builder(&engine).memory_limit_bytes(LIMIT_BYTES).build().expect("an isolate")
}

/// Evaluates a script that finds the module of `text` as `wasm`.
fn eval(isolate: &mut Isolate, text: &str, script: &str) -> Result<String, Error> {
    let source = format!("{{{PRELUDE} const wasm = '{}'; {script}}}", hex(text));
    isolate.enter(|scope| scope.eval::<String>(&source))
}

fn check(text: &str, script: &str, expected: &str) {
    let mut isolate = isolate();
    let result = eval(&mut isolate, text, script);
    match result {
        Ok(found) => assert_eq!(found, expected, "{script}"),
        Err(error) => panic!("{script}: {error}"),
    }
}

const REFUSED: &str = "more than the isolate's memory limit leaves";

#[test]
fn memories_count() {
    let made = "attempt(() => new WebAssembly.Memory({ initial: 1000 }))";
    let text = format!(
        "RangeError: WebAssembly.Memory(): could not allocate memory: 65536000 bytes are {REFUSED}"
    );
    check("(module)", made, &text);
    let made =
        "attempt(() => new WebAssembly.Memory({ initial: 1000, maximum: 2000, shared: true }))";
    check("(module)", made, &text);
    let text = format!("RangeError: WebAssembly.Memory.grow(): 65536000 bytes are {REFUSED}");
    let grown = "const memory = new WebAssembly.Memory({ initial: 100 });
        attempt(() => memory.grow(1000))";
    check("(module)", grown, &text);
    let grown =
        "const memory = new WebAssembly.Memory({ initial: 1, maximum: 9999, shared: true });
        attempt(() => memory.grow(1000))";
    check("(module)", grown, &text);
    // Together they are too many; no longer used, they are none.
    let several = "const some = [];
        const make = () => some.push(new WebAssembly.Memory({ initial: 150 }));
        const all = [1, 2, 3, 4].map(() => attempt(make).slice(0, 10)).join();
        some.length = 0;
        `${all} ${attempt(make)}`";
    check("(module)", several, "1,2,3,RangeError 1");
}

#[test]
fn modules_are_told_that_they_cannot_grow() {
    let text = r#"(module (memory 1) (table 1 funcref)
        (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "table") (param i32) (result i32)
            (table.grow (ref.null func) (local.get 0))))"#;
    let script = "const { memory, table } = instance(wasm);
        [memory(1000), memory(10), memory(1), table(9_000_000), table(10), table(1)].join()";
    check(text, script, "-1,1,11,-1,1,11");
    let refused = format!("RangeError: WebAssembly.Instance(): 65536000 bytes are {REFUSED}");
    check("(module (memory 1000))", "attempt(() => instance(wasm))", &refused);
    let refused =
        format!("RangeError: WebAssembly.Instance(): 9000000 elements of a table are {REFUSED}");
    check("(module (table 9000000 externref))", "attempt(() => instance(wasm))", &refused);
}

#[test]
fn objects_of_modules_count() {
    let text = r#"(module (type $array (array (mut i64)))
        (type $list (struct (field (ref null $list)) (field (ref $array))))
        (func (export "keep") (param i32) (local $list (ref null $list)) (loop $more
            (local.set $list (struct.new $list (local.get $list)
                (array.new $array (i64.const 1) (i32.const 1000))))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br_if $more (local.get 0)))))"#;
    let script = "const { keep } = instance(wasm);
        [() => keep(100), () => keep(100_000), () => keep(100)].map(attempt).join('; ')";
    check(text, script, "undefined; RuntimeError: out of memory; undefined");
}

#[test]
fn script_has_what_modules_leave() {
    let mut isolate = isolate();
    let script = "globalThis.memory = new WebAssembly.Memory({ initial: 400 });
        new Array(2_000_000).fill(0); ''";
    let error = eval(&mut isolate, "(module)", script).expect_err("no room for the array");
    assert!(error.is_limit() && error.is_memory_limit(), "{error}");
    // And the other way round.
    let mut isolate = self::isolate();
    let script = "globalThis.array = new Array(1_000_000).fill(0);
        new WebAssembly.Memory({ initial: 400 }); ''";
    let error = eval(&mut isolate, "(module)", script).expect_err("no room for the memory");
    assert!(error.is_limit() && error.is_memory_limit(), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn what_is_dropped_is_given_back() {
    let text = r#"(module (memory (export "memory") 40) (table 10000 funcref))"#;
    let script = "for (let i = 0; i < 500; i++) instance(wasm);
        for (let i = 0; i < 500; i++) new WebAssembly.Memory({ initial: 40 }).grow(10);
        for (let i = 0; i < 200; i++) {
            new WebAssembly.Memory({ initial: 40, maximum: 90, shared: true }).grow(10);
        }
        'done'";
    check(text, script, "done");
}
