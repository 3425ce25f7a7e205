//! Values that go from one thread to another.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use holm_js::{
    Ctx, Limits, Object, Realm, Runtime, ScriptOrigin, Thrown, Value, evaluate_script,
    take_exception, to_text,
};
use holm_wasm::{Engine, Stopper};
use holm_web::structured_clone::{Message, serialize};

fn realm(engine: &Engine) -> Realm {
    let runtime = Runtime::new(&Limits::default()).expect("a runtime");
    let realm = Realm::new(&runtime).expect("a realm");
    let engine = engine.clone();
    realm.enter(|ctx| {
        holm_host::install(ctx, Rc::default());
        let source = Rc::new(move || Ok(engine.clone()));
        holm_webassembly::install(ctx, source, &Arc::default(), &Stopper::new())
            .expect("WebAssembly");
        holm_web::install(ctx).expect("globals");
    });
    realm
}

fn eval<'js>(ctx: &Ctx<'js>, source: &str) -> holm_js::Result<Value<'js>> {
    evaluate_script(ctx, source, ScriptOrigin::new("test.js"))
}

/// What a script gives as text, or the heading of what it throws.
fn text(ctx: &Ctx<'_>, source: &str) -> String {
    let result = eval(ctx, source).and_then(|value| to_text(ctx, &value));
    result.unwrap_or_else(|error| Thrown::new(ctx, &take_exception(ctx, error)).heading)
}

/// A message made of what `source` gives; what that gives as `[value, transfer]` is transferred.
fn message(ctx: &Ctx<'_>, source: &str) -> Message {
    let pair: Object<'_> = eval(ctx, source).expect(source).into_object().expect("a pair");
    let transfer: Vec<Object<'_>> = pair.get(1).expect("a list");
    serialize(ctx, &pair.get(0).expect("a value"), &transfer).expect("serialized")
}

/// Makes the message the global `it`, and gives what `source` gives then.
fn receive(ctx: &Ctx<'_>, message: Message, source: &str) -> String {
    match message.deserialize(ctx) {
        Ok(received) => {
            ctx.globals().set("it", received.value).expect("set");
            text(ctx, source)
        }
        Err(error) => Thrown::new(ctx, &take_exception(ctx, error)).heading,
    }
}

/// A realm on another thread, which answers scripts.
struct Other {
    ask: Sender<(Option<Message>, String)>,
    answers: Receiver<String>,
    thread: thread::JoinHandle<()>,
}

impl Other {
    fn new(engine: &Engine) -> Self {
        let engine = engine.clone();
        let (ask, questions) = channel::<(Option<Message>, String)>();
        let (answer, answers) = channel();
        let thread = thread::spawn(move || {
            let realm = realm(&engine);
            for (message, source) in questions {
                let text = realm.enter(|ctx| match message {
                    Some(message) => receive(ctx, message, &source),
                    None => text(ctx, &source),
                });
                answer.send(text).expect("somebody waits");
            }
        });
        Self { ask, answers, thread }
    }

    fn ask(&self, message: Option<Message>, source: &str) -> String {
        self.ask.send((message, source.to_owned())).expect("it runs");
        self.answers.recv().expect("it answers")
    }

    fn end(self) {
        drop(self.ask);
        self.thread.join().expect("it ends well");
    }
}

#[test]
fn values_keep_their_shape_on_another_thread() {
    let engine = Engine::new().expect("an engine");
    let (here, other) = (realm(&engine), Other::new(&engine));
    let source =
        "const o = { m: new Map([[{ a: 1 }, [1, , 'é€😀']]]), d: new Date(7), b: -(2n ** 80n) };
        o.self = o; o.moved = new Uint8Array([1, 2, 3]); [o, [o.moved.buffer]]";
    let sent = here.enter(|ctx| message(ctx, source));
    assert_eq!(here.enter(|ctx| text(ctx, "o.moved.byteLength")), "0");
    let told = other.ask(
        Some(sent),
        "const [[k, v]] = it.m; [it.self === it, k.a, v.length, 1 in v, v[2], +it.d, it.b, it.moved,
            it instanceof Object, it.m instanceof Map].join()",
    );
    assert_eq!(told, "true,1,3,false,é€😀,7,-1208925819614629174706176,1,2,3,true,true");
    other.end();
}

#[test]
fn shared_buffers_are_one_memory() {
    let engine = Engine::new().expect("an engine");
    let (here, other) = (realm(&engine), Other::new(&engine));
    let source = "var fixed = new SharedArrayBuffer(8), grows = new SharedArrayBuffer(8, { maxByteLength: 32 });
        var cells = new Int32Array(fixed), all = new Uint8Array(grows);
        cells[1] = 5; [[fixed, grows, grows, cells], []]";
    let sent = here.enter(|ctx| message(ctx, source));
    let told = other.ask(
        Some(sent),
        "var [fixed, grows, same, cells] = it; Atomics.add(cells, 1, 2); grows.grow(16);
         const all = new Uint8Array(grows); all[15] = 9;
         [fixed.byteLength, grows.growable, grows.maxByteLength, grows === same, cells.buffer === fixed].join()",
    );
    assert_eq!(told, "8,true,32,true,true");
    here.enter(|ctx| {
        let told = text(ctx, "[cells[1], grows.byteLength, all.length, all[15]].join()");
        assert_eq!(told, "7,16,16,9");
        assert_eq!(text(ctx, "grows.grow(24); grows.byteLength"), "24");
    });
    assert_eq!(other.ask(None, "grows.byteLength"), "24");
    let shorter = "RangeError: SharedArrayBuffer.grow: 20 bytes are less than its 24";
    assert_eq!(other.ask(None, "grows.grow(20)"), shorter);
    // What made it goes first; then the other still has it.
    drop(here);
    assert_eq!(other.ask(None, "cells[1] + ',' + all[15]"), "7,9");
    // And a clone in the same realm shows the same.
    let cloned = "const twin = structuredClone(grows); twin.grow(32);
        [twin !== grows, twin.byteLength, grows.byteLength, new Uint8Array(twin)[15]].join()";
    assert_eq!(other.ask(None, cloned), "true,32,32,9");
    other.end();
}

#[test]
fn many_threads_add_to_one_cell() {
    const ADDS: usize = 2_000;
    let engine = Engine::new().expect("an engine");
    let here = realm(&engine);
    here.enter(|ctx| text(ctx, "var sum = new Int32Array(new SharedArrayBuffer(4))"));
    let others: Vec<_> = (0..4).map(|_| Other::new(&engine)).collect();
    for other in &others {
        let sent = here.enter(|ctx| message(ctx, "[sum, []]"));
        let source = format!("for (let i = 0; i < {ADDS}; i++) Atomics.add(it, 0, 1)");
        other.ask.send((Some(sent), source)).expect("it runs");
    }
    for other in others {
        other.answers.recv().expect("it answers");
        other.end();
    }
    assert_eq!(here.enter(|ctx| text(ctx, "sum[0]")), (4 * ADDS).to_string());
}

#[test]
fn modules_and_shared_memories_go_by_reference() {
    let engine = Engine::new().expect("an engine");
    let (here, other) = (realm(&engine), Other::new(&engine));
    here.enter(|ctx| {
        // (module (memory (export "m") (import "a" "m") 1 4 shared)
        //   (func (export "grow") (result i32) i32.const 1 memory.grow))
        let source =
            "var module = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0,
            1, 5, 1, 96, 0, 1, 127, 2, 9, 1, 1, 97, 1, 109, 2, 3, 1, 4, 3, 2, 1, 0,
            7, 8, 1, 4, 103, 114, 111, 119, 0, 0, 10, 8, 1, 6, 0, 65, 1, 64, 0, 11]));
            var memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
            var before = memory.buffer; new Uint8Array(before)[7] = 3; 'made'";
        assert_eq!(text(ctx, source), "made");
    });
    let sent = here.enter(|ctx| message(ctx, "[[module, memory, before], []]"));
    let told = other.ask(
        Some(sent),
        "var [module, memory, before] = it;
         const { grow } = new WebAssembly.Instance(module, { a: { m: memory } }).exports;
         [module instanceof WebAssembly.Module, grow(), memory.buffer.byteLength, before.byteLength,
          new Uint8Array(before)[7], new Uint8Array(memory.buffer)[7]].join()",
    );
    assert_eq!(told, "true,1,131072,65536,3,3");
    let seen = here.enter(|ctx| text(ctx, "[memory.buffer.byteLength, before.byteLength].join()"));
    assert_eq!(seen, "131072,65536");
    other.end();
}

#[test]
fn another_engine_cannot_take_a_module() {
    let (engine, another) = (Engine::new().expect("one"), Engine::new().expect("two"));
    let (here, other) = (realm(&engine), Other::new(&another));
    let empty = "new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))";
    let sent = here.enter(|ctx| message(ctx, &format!("[{empty}, []]")));
    let told = other.ask(Some(sent), "it");
    assert!(told.starts_with("DataCloneError: "), "{told}");
    other.end();
}

#[test]
fn a_message_that_nobody_reads_frees_what_it_holds() {
    let engine = Engine::new().expect("an engine");
    let here = realm(&engine);
    here.enter(|ctx| {
        let source =
            "[[new SharedArrayBuffer(8, { maxByteLength: 16 }), new ArrayBuffer(100)], []]";
        let sent = message(ctx, source);
        assert!(sent.byte_len() >= 100, "{}", sent.byte_len());
        drop(sent);
    });
}
