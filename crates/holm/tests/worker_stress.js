// What `worker_stress.rs` runs: threads that do to each other whatever they can, in an order made from a seed.
// It puts `seed`, `milliseconds` and `compiled` before this. What cannot be so throws.
// Shared memory is touched by atomic operations only: a script may race, but a checker of races could not tell
// whose race it is.
'use strict';
const { Worker, BroadcastChannel } = require('node:worker_threads');

const WORKERS = 4;
/// So many messages may be on the way from each worker.
const MOST_UNREAD = 50;
/// Cells of the shared memory, as 32-bit numbers: where the adders add, two to wait at, whether to end, and from
/// where on each worker's messages are counted that the main thread has read.
const [SUM, WAIT, END, READ] = [0, 16, 32, 48];

function random(seed) {
  let state = (seed * 2654435761) | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function check(what, text) {
  if (!what) throw new Error(text);
}

function worker(random, check, { MOST_UNREAD, SUM, WAIT, END, READ }) {
  const { parentPort, workerData, BroadcastChannel, MessageChannel, Worker } = require('node:worker_threads');
  const { id, seed, memory, compiled } = workerData;
  const below = random(seed);
  const cells = new Int32Array(memory.buffer);
  const { wait, notify, add } = new WebAssembly.Instance(compiled, { '': { memory } }).exports;
  const children = [];
  const ports = new Set();
  let [sent, added, echoes, heard] = [0, 0, 0, 0];

  const open = () => {
    const channel = new BroadcastChannel('stress');
    channel.onmessage = ({ data }) => check(data.pad.length === data.n, `${id}: a broadcast is not whole`) ?? heard++;
    return channel;
  };
  let channel = open();

  const post = (message, transfer) => {
    if (sent - Atomics.load(cells, READ + id) < MOST_UNREAD)
      parentPort.postMessage({ n: sent++, added, echoes, heard, ...message }, transfer);
    else for (const left of transfer ?? []) left.close?.();
  };

  // Numbered messages to whoever has the other end, which come back in order until somebody closes.
  const keep = (port) => {
    ports.add(port);
    port.on('close', () => ports.delete(port));
    if (ports.size > 4) ports.values().next().value.close();
  };
  const answer = (port) => {
    port.on('message', (n) => port.postMessage(n, [n.buffer]));
    keep(port);
  };
  const ask = (port) => {
    let [asked, next] = [0, 0];
    const send = () => port.postMessage(new Uint32Array([asked++]));
    port.on('message', ([n]) => {
      check(n === next++, `${id}: ${n} came back, not ${next - 1}`);
      echoes++;
      if (n > 20 + below(20)) port.close();
      else send();
    });
    for (let i = 0; i < 3; i++) send();
    keep(port);
  };
  parentPort.on('message', ask);

  const actions = [
    () => post({ text: 'x'.repeat(below(1000)), map: new Map([[id, new Set([1n])]]) }),
    () => {
      const bytes = new Uint8Array(1 + below(5000)).fill(id);
      post({ bytes }, [bytes.buffer]);
    },
    () => {
      const { port1, port2 } = new MessageChannel();
      answer(port1);
      post({ port: port2 }, [port2]);
    },
    () => channel.postMessage({ n: id, pad: 'p'.repeat(id) }),
    () => {
      channel.close();
      channel = open();
    },
    () => void (Atomics.add(cells, SUM, 1), added++),
    () => void (add(SUM * 4, 1), added++),
    () => Atomics.wait(cells, WAIT + below(2), 0, below(4)),
    () => Atomics.waitAsync(cells, WAIT + below(2), 0, below(4)),
    () => Atomics.notify(cells, WAIT + below(2), below(3)),
    () => wait((WAIT + below(2)) * 4, 0, BigInt(below(4) * 1e6)),
    () => notify((WAIT + below(2)) * 4, below(3)),
    () => check(memory.grow(below(4) ? 0 : 1) >= 1, 'the memory has shrunk'),
    () => {
      if (below(10)) return;
      const looping = 'const { buffer } = require("node:worker_threads").workerData; for (;;) Atomics.load(new Int8Array(buffer), 0);';
      if (children.length) children.pop().terminate();
      else children.push(new Worker(looping, { eval: true, workerData: memory }));
    },
  ];

  const step = () => {
    if (Atomics.load(cells, END)) {
      for (const child of children) child.terminate();
      for (const port of ports) port.close();
      channel.close();
      parentPort.close();
      return;
    }
    for (let i = below(6); i >= 0; i--) {
      try {
        actions[below(actions.length)]();
      } catch (error) {
        // The memory is as large as it may be.
        if (!(error instanceof RangeError)) throw error;
      }
    }
    setImmediate(step);
  };
  step();
}

const below = random(seed);
const memory = new WebAssembly.Memory({ initial: 1, maximum: 32, shared: true });
const cells = new Int32Array(memory.buffer);
const shared = { MOST_UNREAD, SUM, WAIT, END, READ };
const source = `(${worker})(${random}, ${check}, ${JSON.stringify(shared)})`;
const running = new Map();
const counts = { started: 0, terminated: 0, messages: 0, buffers: 0, ports: 0, echoes: 0, broadcasts: 0 };
let added = 0;

const channel = new BroadcastChannel('stress');
channel.onmessage = ({ data }) => check(data.pad.length === data.n, 'a broadcast is not whole');

const someone = () => [...running.values()][below(running.size)];

function start() {
  const id = counts.started++;
  const state = new Worker(source, { eval: true, workerData: { id, seed: seed + id + 1, memory, compiled } });
  let next = 0;
  let last = { added: 0, echoes: 0, heard: 0 };
  running.set(id, state);
  state.on('message', (message) => {
    check(message.n === next++, `message ${message.n} of worker ${id}, not ${next - 1}`);
    check(!message.bytes || message.bytes.every((byte) => byte === (id & 255)), 'another buffer');
    check(!message.map || message.map.get(id).has(1n), 'another map');
    counts.messages++;
    counts.buffers += message.bytes ? 1 : 0;
    counts.ports += message.port ? 1 : 0;
    if (message.port && running.size) someone().postMessage(message.port, [message.port]);
    last = message;
    Atomics.add(cells, READ + id, 1);
  });
  state.on('error', (error) => { throw error; });
  state.on('exit', () => {
    added += last.added;
    counts.echoes += last.echoes;
    counts.broadcasts += last.heard;
    running.delete(id);
    if (!Atomics.load(cells, END)) start();
    else if (!running.size) end();
  });
}

function end() {
  channel.close();
  const sum = Atomics.load(cells, SUM);
  check(added > 0 && added <= sum, `${sum} was added, not ${added} or more`);
  console.log(Object.entries(counts).map(([what, count]) => `${what} ${count}`).join('\n'));
}

for (let i = 0; i < WORKERS; i++) start();
let tick = 0;
const ticks = setInterval(() => {
  Atomics.notify(cells, WAIT + below(2));
  channel.postMessage({ n: 3, pad: 'ppp' });
  if (tick++ % 10 === 0 && running.size) {
    counts.terminated++;
    someone().terminate();
  }
}, 5);
setTimeout(() => {
  clearInterval(ticks);
  Atomics.store(cells, END, 1);
}, milliseconds);
