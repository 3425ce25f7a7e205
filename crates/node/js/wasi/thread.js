// One thread of a program of WASI: the worker's side of `threads.js`.

(function ({ builtin, part }) {
  const { parentPort, workerData } = builtin('worker_threads');
  const { joinProgram } = part('wasi/program');
  const { reallyExit } = builtin('process');
  const { argument, binding, counters, memory, module, shared, thread } = workerData;

  const MOST_THREADS = 1000, MOST_NUMBER = 0x1fffffff;
  const AGAIN = 6;

  const exit = (code) => {
    parentPort.postMessage({ exit: code });
    // Nothing of this thread runs from here on; the program's end comes from the main isolate.
    reallyExit(0);
  };

  function spawn(given) {
    if (Atomics.add(counters, 1, 1) >= MOST_THREADS) {
      Atomics.sub(counters, 1, 1);
      return -AGAIN;
    }
    const number = (Atomics.add(counters, 0, 1) % MOST_NUMBER) + 1;
    parentPort.postMessage({ spawn: [number, given] });
    return number;
  }

  const { imports, setMemory } = joinProgram({ binding, shared, exit });
  const all = { [binding]: imports, wasi: { 'thread-spawn': spawn } };
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind === 'memory') (all[from] ??= {})[name] = memory;
  }
  const { exports } = new WebAssembly.Instance(module, all);
  setMemory(memory);
  if (thread > 0) {
    exports.wasi_thread_start(thread, argument);
  } else {
    exports._start();
    exit(0);
  }
  return undefined;
})
