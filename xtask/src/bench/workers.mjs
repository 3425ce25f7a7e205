// Threads and the messages between them. Prints its figures as JSON, and fails when a sum is wrong.
import { Worker } from 'node:worker_threads';
import process from 'node:process';

const worker = (code, options) => new Worker(`const { parentPort, workerData } = require('node:worker_threads'); ${code}`, { eval: true, ...options });
const ended = (one) => new Promise((resolve) => one.on('exit', resolve));

async function roundTrip() {
  const ROUNDS = 20_000, WARM_UP = 1000;
  const echo = worker('parentPort.on("message", (message) => parentPort.postMessage(message));');
  const time = await new Promise((resolve) => {
    let rounds = 0, began;
    echo.on('message', () => {
      rounds += 1;
      if (rounds === WARM_UP) began = performance.now();
      if (rounds === WARM_UP + ROUNDS) resolve((performance.now() - began) / ROUNDS);
      else echo.postMessage({ rounds });
    });
    echo.postMessage({ rounds: 0 });
  });
  await echo.terminate();
  return time * 1000;
}

/// Many workers, some at a time, each of which answers once.
async function manyWorkers() {
  const COUNT = 1000, AT_A_TIME = 8, SETTLED = 100;
  let started = 0, done = 0, settled;
  const began = performance.now();
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    while (started < COUNT) {
      started += 1;
      const one = worker('parentPort.once("message", (message) => parentPort.postMessage(message));');
      one.postMessage({ started });
      await ended(one);
      done += 1;
      if (done === SETTLED) settled = process.memoryUsage().rss;
    }
  }));
  const grown = (process.memoryUsage().rss - settled) / 2 ** 20;
  return { each: (performance.now() - began) / COUNT, grown };
}

async function atomicAdds() {
  const THREADS = 4, ADDS = 10_000_000;
  // (func (export "run") (param i32)), which adds 1 to the word at 0 so many times.
  const wasm = '0061736d0100000001050160017f0002100103656e76066d656d6f727902030101030201000707010372756e00000a19011700034041004101fe1e02001a200041016b22000d000b0b';
  const module = new WebAssembly.Module(Uint8Array.from(wasm.match(/../g), (byte) => parseInt(byte, 16)));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const began = performance.now();
  const threads = Array.from({ length: THREADS }, () => worker(
    'new WebAssembly.Instance(workerData.module, { env: { memory: workerData.memory } }).exports.run(workerData.ADDS)',
    { workerData: { module, memory, ADDS } }));
  await Promise.all(threads.map(ended));
  const sum = Atomics.load(new Int32Array(memory.buffer), 0);
  if (sum !== THREADS * ADDS) throw new Error(`the sum is ${sum}`);
  return (performance.now() - began) * 1e6 / (THREADS * ADDS);
}

const message = await roundTrip();
const { each, grown } = await manyWorkers();
console.log(JSON.stringify({
  'a message there and back': message,
  'a worker from start to end': each,
  'an atomic add, 4 threads at once': await atomicAdds(),
  'grown over 900 of 1 000 workers': grown,
}));
