//! Workers as an embedder meets them: threads that end with their isolate, and hold nothing.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use holm::{Config, Engine, Error, Isolate, Output, Permissions, ProcessInfo, SourceKind, Stream};

/// Keeps what is written.
#[derive(Clone, Default)]
struct Kept(Rc<RefCell<String>>);

impl Output for Kept {
    fn write(&self, _stream: Stream, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().push_str(&String::from_utf8_lossy(bytes));
        Ok(())
    }
}

fn isolate(engine: &Engine, output: &Kept) -> Result<Isolate, Error> {
    Isolate::builder(engine)
        .permissions(Permissions::all())
        .output(output.clone())
        .node(ProcessInfo { argv: vec!["holm".into()], ..ProcessInfo::default() })
        .build()
}

fn run(source: &str) -> Result<String, Error> {
    let (engine, output) = (Engine::new(Config::default())?, Kept::default());
    let mut isolate = isolate(&engine, &output)?;
    isolate.run_source("/app.cjs", source, SourceKind::CommonJs)?;
    drop(isolate);
    let text = output.0.borrow().clone();
    Ok(text)
}

/// Threads of this process.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

const WORKERS: &str = "const { Worker, MessageChannel } = require('node:worker_threads');\n";

#[test]
fn workers_end_with_their_isolate_wherever_they_are() -> Result<(), Error> {
    let engine = Engine::new(Config::default())?;
    let before = threads();
    for body in [
        "for (;;);",
        "setInterval(() => {}, 1)",
        "const { parentPort } = require('node:worker_threads'); parentPort.on('message', () => {});",
        "for (;;) require('node:worker_threads').parentPort.postMessage(new Uint8Array(1 << 16));",
        "new (require('node:worker_threads').Worker)('for (;;);', { eval: true }); for (;;);",
        "const wasm = new Uint8Array([0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,8,1,0,10,9,1,7,0,3,64,12,0,11,11]);
         new WebAssembly.Instance(new WebAssembly.Module(wasm));",
    ] {
        let output = Kept::default();
        let mut isolate = isolate(&engine, &output)?;
        let source = format!(
            "{WORKERS} let online = 0; for (let i = 0; i < 3; i++) \
             new Worker({body:?}, {{ eval: true }}).on('online', () => {{ if (++online === 3) setTimeout(process.reallyExit, 20, 0) }});"
        );
        isolate.run_source("/app.cjs", &source, SourceKind::CommonJs)?;
        let began = Instant::now();
        drop(isolate);
        assert!(began.elapsed() < Duration::from_secs(2), "left alone: {body}");
    }
    // A thread that has ended may still be listed for a moment.
    let deadline = Instant::now() + Duration::from_secs(5);
    while threads() > before + 1 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(threads() <= before + 1, "{} threads are left of {before}", threads());
    Ok(())
}

#[test]
fn what_comes_after_the_isolate_is_nobodys() -> Result<(), Error> {
    let engine = Engine::new(Config::default())?;
    for _ in 0..20 {
        let output = Kept::default();
        let mut isolate = isolate(&engine, &output)?;
        let source = format!(
            "{WORKERS} const worker = new Worker(\"const {{ parentPort }} = require('node:worker_threads'); \
             setInterval(() => parentPort.postMessage('x'.repeat(1000)))\", {{ eval: true }}); \
             worker.once('message', () => process.reallyExit(0)); \
             globalThis.kept = new Promise((resolve) => worker.on('exit', resolve));"
        );
        isolate.run_source("/app.cjs", &source, SourceKind::CommonJs)?;
        drop(isolate);
    }
    Ok(())
}

#[test]
fn messages_of_many_threads_arrive_whole_and_in_order() -> Result<(), Error> {
    let text = run(&format!(
        "{WORKERS}
        const code = `const {{ parentPort, workerData }} = require('node:worker_threads');
            for (let n = 0; n < 500; n++) parentPort.postMessage({{ from: workerData, n, pad: 'p'.repeat(n) }});`;
        let done = 0;
        for (let from = 0; from < 4; from++) {{
          let next = 0;
          const worker = new Worker(code, {{ eval: true, workerData: from }});
          worker.on('message', (m) => {{
            if (m.from !== from || m.n !== next++ || m.pad.length !== m.n) throw new Error('mixed up');
          }});
          worker.on('exit', () => {{ if (++done === 4) console.log('all', next); }});
        }}"
    ))?;
    assert_eq!(text, "all 500\n");
    Ok(())
}

#[test]
fn a_module_is_shared_and_not_compiled_again() -> Result<(), Error> {
    let text = run(&format!(
        "{WORKERS}
        const wasm = new Uint8Array([0,97,115,109,1,0,0,0,1,7,1,96,2,127,127,1,127,3,2,1,0,7,7,1,3,97,100,100,0,0,10,9,1,7,0,32,0,32,1,106,11]);
        const compiled = new WebAssembly.Module(wasm);
        const memory = new WebAssembly.Memory({{ initial: 1, maximum: 10, shared: true }});
        const worker = new Worker(`const {{ parentPort, workerData: {{ compiled, memory }} }} = require('node:worker_threads');
            memory.grow(2);
            new Uint8Array(memory.buffer)[2 * 65536] = new WebAssembly.Instance(compiled).exports.add(77, 88);
            parentPort.postMessage(memory);`, {{ eval: true, workerData: {{ compiled, memory }} }});
        worker.on('message', (back) => console.log(
            back === memory, memory.buffer.byteLength / 65536, new Uint8Array(back.buffer)[2 * 65536]));
        for (const wrong of [new WebAssembly.Memory({{ initial: 1 }}), new WebAssembly.Instance(compiled)]) {{
          try {{ worker.postMessage(wrong); }} catch (error) {{ console.log(error.name); }}
        }}"
    ))?;
    assert_eq!(text, "DataCloneError\nDataCloneError\ntrue 3 165\n");
    Ok(())
}
