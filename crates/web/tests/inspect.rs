//! Values as Node shows them: `inspect_cases.txt` against ours.

use holm_js::{
    Ctx, Error, Limits, Object, Realm, Result, Runtime, ScriptOrigin, Value, compile_module,
    error_class, evaluate_module, evaluate_script, function, to_text,
};
use holm_web::console::inspect::{self, Options, inspect_function};

const CASES: &str = include_str!("inspect_cases.txt");
const PRELUDE: &str = include_str!("inspect_prelude.js");

fn in_realm(body: impl FnOnce(&Ctx<'_>)) {
    realm().enter(|ctx| {
        install(ctx).expect("functions");
        eval(ctx, PRELUDE).expect("the prelude runs");
        body(ctx);
    });
}

fn realm() -> Realm {
    let runtime = Runtime::new(&Limits::default()).expect("a runtime");
    Realm::new(&runtime).expect("a realm")
}

/// The functions that cases use.
fn install(ctx: &Ctx<'_>) -> Result<()> {
    let globals = ctx.globals();
    globals.set("i", inspect_function(ctx)?)?;
    let format = function(ctx, "f", 0, |call| {
        let values: Vec<_> = (0..call.len()).map(|index| call.value(index)).collect();
        call.returns(inspect::format(call.ctx(), &values, &Options::default())?)
    })?;
    globals.set("f", format)?;
    let web_assembly = Object::new(ctx.clone())?;
    web_assembly.set("CompileError", error_class(ctx, "CompileError")?)?;
    globals.set("WebAssembly", web_assembly)?;
    let format_with = function(ctx, "fo", 1, |call| {
        let values: Vec<_> = (1..call.len()).map(|index| call.value(index)).collect();
        let options: Object<'_> = call.value(0).get()?;
        call.returns(inspect::format(call.ctx(), &values, &Options::from_js(&options)?)?)
    })?;
    globals.set("fo", format_with)?;
    let table = function(ctx, "t", 2, |call| {
        let columns: Option<Vec<String>> = call.value(1).get()?;
        let options = Options::default();
        let table = inspect::table(call.ctx(), &call.value(0), columns, &options)?;
        match table {
            Some(table) => call.returns(table),
            None => call.returns(inspect::format(call.ctx(), &[call.value(0)], &options)?),
        }
    })?;
    globals.set("t", table)
}

fn eval<'js>(ctx: &Ctx<'js>, source: &str) -> Result<Value<'js>> {
    evaluate_script(ctx, source, ScriptOrigin::new("case.js"))
}

/// The text a case makes, or what it throws.
fn shown(ctx: &Ctx<'_>, case: &str) -> String {
    let result = eval(ctx, &format!("({}\n)", &case[2..])).and_then(|value| {
        if case.starts_with('>') {
            inspect::inspect(ctx, &value, &Options::default())
        } else {
            to_text(ctx, &value)
        }
    });
    match result {
        Ok(text) => text,
        Err(Error::Exception) => {
            format!("throws {}", to_text(ctx, &ctx.catch()).expect("an error has a text"))
        }
        Err(other) => panic!("{case}: {other}"),
    }
}

/// Case and expected text, in order.
fn cases() -> Vec<(&'static str, String)> {
    let mut cases: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in CASES.lines() {
        if line.starts_with("> ") || line.starts_with("$ ") {
            cases.push((line, Vec::new()));
        } else if !line.starts_with('#')
            && let Some((_, text)) = cases.last_mut()
        {
            text.push(line);
        }
    }
    // An empty line ends a case.
    let text = |mut lines: Vec<&str>| {
        lines.pop();
        lines.join("\n")
    };
    cases.into_iter().map(|(case, lines)| (case, text(lines))).collect()
}

#[test]
fn as_in_node() {
    let cases = cases();
    let total = cases.len();
    let mut wrong = 0;
    in_realm(|ctx| {
        for (case, expected) in cases {
            let found = shown(ctx, case);
            if found != expected {
                wrong += 1;
                println!("{case}\n--- node\n{expected}\n--- holm\n{found}\n");
            }
            assert!(!ctx.has_exception(), "left over after {case}");
        }
    });
    assert_eq!(wrong, 0, "of {total}");
}

/// A script's changes to built-in objects change nothing.
#[test]
fn with_patched_prototypes() {
    const PATCHES: &str = "
        const { ownKeys, defineProperty, deleteProperty } = Reflect;
        const { OldError, mapSet } = globalThis;
        const typed = Object.getPrototypeOf(Uint8Array);
        const classes = [Map, Set, Date, RegExp, Error, TypeError, Promise, String, Number, Boolean,
            Symbol, BigInt, Uint8Array, typed, ArrayBuffer, DataView, WeakMap, Function, Array, Object];
        const kept = { __proto__: null, constructor: 1, prototype: 1, name: 1, message: 1, length: 1 };
        const patch = (holder) => {
          const keys = ownKeys(holder);
          for (let n = 0; n < keys.length; n++) {
            const key = keys[n];
            if (kept[key] || key === tag) continue;
            const attributes = { __proto__: null, get() { throw new OldError('patched') }, set: no,
                configurable: true, enumerable: false };
            try { defineProperty(holder, key, attributes) } catch {}
          }
        };
        const tag = Symbol.toStringTag, no = () => {};
        for (let n = 0; n < classes.length; n++) {
          const C = classes[n];
          patch(C.prototype);
          patch(C);
        }
        for (let n = 0; n < 2; n++) deleteProperty(mapSet[n], 'next');";
    const VALUES: &[&str] = &[
        "[1, 'a', [2], , 3]",
        "edit([1, 2], a => a.x = 1)",
        "range(30)",
        "new Array(1e9)",
        "({ a: 1, b: { c: [1] } })",
        "new Map([['a', { b: 1 }], [1, 2]])",
        "new Set([1, [2]])",
        "new Map([['a', 1], [2, 3]]).keys()",
        "edit(new Map([['a', 1], [2, 3]]).entries(), i => i.next())",
        "new Set([1, 2]).values()",
        "new Date(0)",
        "/a/gi",
        "new Error('x')",
        "st(new TypeError('x'), 'TypeError: x')",
        "Promise.resolve([1])",
        "new String('abc')",
        "new Number(-0)",
        "new Boolean(true)",
        "Object(Symbol('s'))",
        "Object(1n)",
        "Symbol('s')",
        "1n",
        "new Uint8Array([1, 2, 3])",
        "new ArrayBuffer(2)",
        "new DataView(new ArrayBuffer(2), 1)",
        "new WeakMap",
        "new Proxy({ a: 1 }, {})",
        "class A extends Array {}",
        "async () => 1",
        "Object.create(null)",
        "args(1, 2)",
        "(function* () {})()",
    ];
    in_realm(|ctx| {
        let globals = ctx.globals();
        let setup = format!(
            "globalThis.mapSet = [new Map().keys(), new Set().keys()].map(Object.getPrototypeOf);
             globalThis.OldError = Error; globalThis.values = [{}];",
            VALUES.join(",\n")
        );
        eval(ctx, &setup).expect("values");
        let values: Vec<Value<'_>> = globals.get("values").expect("a list");
        let show = |value| inspect::inspect(ctx, value, &Options::default()).expect("shown");
        let before: Vec<_> = values.iter().map(show).collect();
        eval(ctx, PATCHES).expect("patched");
        for patched in ["[].map", "new Map().size", "new Date().getTime", "({}).toString"] {
            assert!(eval(ctx, patched).is_err(), "{patched}");
        }
        ctx.catch();
        for ((value, before), case) in values.iter().zip(before).zip(VALUES) {
            assert_eq!(show(value), before, "{case}");
        }
    });
}

/// What `script` makes shows as `expected`, or as a text that begins with it and goes on
/// after `...`.
fn check(script: &str, options: &Options, expected: &str) {
    in_realm(|ctx| {
        let value = eval(ctx, script).expect(script);
        let text = inspect::inspect(ctx, &value, options).expect(script);
        match expected.strip_suffix("...") {
            Some(start) => assert!(text.starts_with(start), "{script}: {text:.400}"),
            None => assert_eq!(text, expected, "{script}"),
        }
        assert!(!ctx.has_exception(), "left over after {script}");
    });
}

fn deep() -> Options {
    Options { depth: inspect::Depth::Unlimited, ..Options::default() }
}

const INTERRUPTED: &str = "Inspection interrupted prematurely. Maximum call stack size exceeded.]";

#[test]
fn deep_values_end() {
    for script in [
        "nest(1e6)",
        "(() => { let a = []; for (let n = 0; n < 1e6; n++) a = [a]; return a })()",
        "(() => { let a = new Map; for (let n = 0; n < 1e5; n++) a = new Map([[a, a]]); return a })",
        "(() => { let e = new Error('x'); for (let n = 0; n < 1e4; n++) e = new Error('x', { cause: e }); return e })()",
        "(() => { let p = Promise.resolve(); for (let n = 0; n < 1e5; n++) p = Promise.resolve({ p }); return p })()",
        "({ get [custom]() { return () => ({ __proto__: this }) } })",
        "(() => { let o = null; for (let n = 0; n < 1e5; n++) o = Object.create(o); return o })()",
        "(() => { let p = {}; for (let n = 0; n < 1e5; n++) p = new Proxy(p, {}); return p })()",
    ] {
        in_realm(|ctx| {
            let value = eval(ctx, script).expect(script);
            for show_proxy in [false, true] {
                let options = Options { show_proxy, ..deep() };
                let text = inspect::inspect(ctx, &value, &options).expect(script);
                let whole = !text.contains(INTERRUPTED);
                let open = !script.contains("nest(") && !script.contains("[a]");
                assert!(open || !whole, "{script}");
                assert!(text.len() < 20_000_000, "{script}: {}", text.len());
            }
        });
    }
}

#[test]
fn deep_values_end_on_a_small_stack() {
    let body = || {
        in_realm(|ctx| {
            let value = eval(ctx, "nest(1e5)").expect("made");
            let text = inspect::inspect(ctx, &value, &deep()).expect("shown");
            assert!(text.contains(INTERRUPTED));
        });
    };
    // QuickJS takes 1 MiB unless told otherwise.
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(body);
    thread.expect("a thread").join().expect("no overflow");
}

#[test]
fn hostile_objects_show_as_what_they_are() {
    let plain = Options::default();
    let proxy = "const no = () => { throw 1 };
        const traps = Object.fromEntries(Reflect.ownKeys(Reflect)
            .filter(k => typeof k === 'string').map(k => [k, no]));";
    check(&format!("{proxy} new Proxy({{ a: 1 }}, traps)"), &plain, "{ a: 1 }");
    check(&format!("{proxy} new Proxy(class A {{}}, traps)"), &plain, "[class A]");
    check(&format!("{proxy} Object.create(new Proxy({{ constructor: 1 }}, traps))"), &plain, "{}");
    check(
        &format!("{proxy} Object.setPrototypeOf(class A {{}}, new Proxy(class B {{}}, traps))"),
        &plain,
        "[class A extends B]",
    );
    check("const o = {}; Object.setPrototypeOf(o, new Proxy(o, {})); o", &plain, "Object <...");
    check("({ get constructor() { throw 1 } })", &plain, "{ constructor: [Getter] }");
    check(
        "({ get [Symbol.toStringTag]() { throw 1 } })",
        &plain,
        "{ [Symbol(Symbol.toStringTag)]: [Getter] }",
    );
    check("new (class A { get [Symbol.toStringTag]() { throw 1 } })", &plain, "A {}");
    check("new (class A { static get name() { throw 1 } })", &plain, "undefined {}");
    check("new (class A { static [Symbol.hasInstance]() { throw 1 } })", &plain, "{}");
    check("class A { static get name() { throw 1 } }; A", &plain, "[class (anonymous)]...");
    check(
        "const e = new Error('x'); for (const k of ['stack', 'name', 'message', 'cause', 'errors']) Object.defineProperty(e, k, { get() { throw 1 } }); e",
        &plain,
        "[Error] { [cause]: [Getter] }",
    );
    check(
        "Error.prepareStackTrace = () => { throw 1 }; const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); [proxy]",
        &plain,
        "[ <Revoked Proxy> ]",
    );
    check(
        "Error.prepareStackTrace = () => { throw 1 }; detach(new ArrayBuffer(1))",
        &plain,
        "ArrayBuffer { (detached), byteLength: 0 }",
    );
    check("new Array(4294967295)", &plain, "[ <4294967295 empty items> ]");
    check("const a = [1]; a[4294967294] = 2; a", &plain, "[ 1, <4294967293 empty items>, 2 ]");
    check(
        "[edit(Object.create(null), o => { o.__proto__ = 1; o.toString = 2 })]",
        &plain,
        "[ [Object: null prototype] { ['__proto__']: 1, toString: 2 } ]",
    );
    check(
        "delete Object.prototype.constructor; delete Array.prototype.constructor; [{}, []]",
        &plain,
        "Object(2) [ {}, Object(0) [] ]",
    );
}

#[test]
fn big_values_are_cut() {
    let plain = Options::default();
    check("'x'.repeat(1e7)", &plain, "'xxxxxxxxxx...");
    check("new Uint8Array(1e8)", &plain, "Uint8Array(100000000) [\n  0, 0, 0...");
    check("new Map(range(1e5, x => [x, x]))", &plain, "Map(100000) {\n  0 => 0,\n...");
    // A tree of shared leaves: 2^40 lines if nothing stopped it.
    let options = Options { max_output_units: 1 << 20, ..deep() };
    in_realm(|ctx| {
        let script = "let o = { text: 'x'.repeat(5000) };
            for (let n = 0; n < 40; n++) o = { l: o, r: o }; o";
        let value = eval(ctx, script).expect("made");
        let text = inspect::inspect(ctx, &value, &options).expect("shown");
        assert!(text.len() < 1 << 24, "{}", text.len());
        assert!(text.contains("[Object]"));
    });
}

/// Node can't show these from an expression.
#[test]
fn module_namespaces() {
    in_realm(|ctx| {
        let check = |source: &str, expected: &str| {
            let module = compile_module(ctx, "m", source).expect(source);
            let (done, module) = evaluate_module(module).expect(source);
            let failed = done.state() == holm_js::PromiseState::Rejected;
            assert_eq!(failed, source.contains("throw"), "{source}");
            let namespace = module.namespace().expect(source).into_value();
            let text = inspect::inspect(ctx, &namespace, &Options::default());
            assert_eq!(text.expect(source), expected);
        };
        check(
            "export let a = 1, f = () => 1",
            "[Module: null prototype] { a: 1, f: [Function: f] }",
        );
        check("export default class {}", "[Module: null prototype] { default: [class default] }");
        check(
            "export let a = 1; throw a; export let later = 2",
            "[Module: null prototype] { a: 1, later: <uninitialized> }",
        );
    });
}

/// A deadline that passes during an inspection ends it.
#[test]
fn a_termination_is_not_swallowed() {
    for script in [
        "globalThis.a = new (class A { get [Symbol.toStringTag]() { for (;;); } })",
        "globalThis.a = Object.fromEntries(Array.from({ length: 3e4 }, (_, n) => ['k' + n, {}]))",
        "let a = {}; for (let n = 0; n < 40; n++) a = { l: a, r: a }; globalThis.a = a",
    ] {
        let realm = realm();
        realm.enter(|ctx| eval(ctx, script).map(drop)).expect(script);
        realm.runtime().interrupter().stop();
        realm.enter(|ctx| {
            let value: Value<'_> = ctx.globals().get("a").expect("made");
            assert!(inspect::inspect(ctx, &value, &deep()).is_err(), "{script}");
        });
    }
}
