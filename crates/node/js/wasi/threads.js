// wasi-threads, <https://github.com/WebAssembly/wasi-threads>: the part of the main isolate.
//
// Every thread of the program is a worker, the first one too: so this one is free to start others when they are
// asked for, and to end the program.

(function ({ builtin, natives }) {
  const { memoryOf } = natives('wasi');
  const process = builtin('process');

  // `program` has been opened here, and ends with the first thread.
  return function runThreads(module, binding, program) {
    const { Worker } = builtin('worker_threads');
    const memory = new WebAssembly.Memory(memoryOf(module));
    const shared = program.share();
    // The last thread's number, and how many run.
    const counters = new Int32Array(new SharedArrayBuffer(8));

    const end = (code) => {
      program.end();
      process.reallyExit(code);
    };
    function start(thread, argument) {
      const workerData = { argument, binding, counters, memory, module, shared, thread };
      const worker = new Worker('holm:wasi-thread', { name: `thread ${thread}`, workerData });
      worker.on('message', ({ exit, spawn }) => {
        if (exit !== undefined) end(exit);
        else start(...spawn);
      });
      // A thread that fails ends them all.
      worker.on('error', (error) => {
        program.end();
        throw error;
      });
      worker.on('exit', () => Atomics.sub(counters, 1, 1));
    }
    Atomics.add(counters, 1, 1);
    start(0);
  };
})
