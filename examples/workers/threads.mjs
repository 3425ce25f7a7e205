// Node's worker threads on one shared memory: four of them count the primes below 100 000. The
// module is compiled once, and shared like the memory.
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import source module from './primes.wat';

const END = 100_000, PIECE = 1000, THREADS = 4;

if (isMainThread) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const threads = Array.from({ length: THREADS }, () =>
    new Worker(import.meta.filename, { workerData: { module, memory } }));
  await Promise.all(threads.map((thread) => new Promise((resolve, reject) => {
    thread.on('error', reject);
    thread.on('exit', resolve);
  })));
  console.log(`${Atomics.load(new Int32Array(memory.buffer), 1)} primes below ${END}`);
} else {
  const { exports } = new WebAssembly.Instance(workerData.module, { env: { memory: workerData.memory } });
  exports.count(END, PIECE);
}

// Prints:
// 9592 primes below 100000
