// One measurement of each kind of call between script and module, in nanoseconds, as JSON.
// Runs unchanged in every runtime; `cargo xtask bench calls` reads the last line.
const wasm = (hex) => Uint8Array.from(hex.match(/../g), (byte) => parseInt(byte, 16));

// (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
const ADD = wasm(
  '0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b',
);
// (module (import "m" "f" (func (param i32 i32) (result i32)))
//   (func (export "loop") (param i32) (result i32) (local i32)
//     loop local.get 0 local.get 1 call 0 local.set 1
//       local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end local.get 1))
const LOOP = wasm(
  '0061736d01000000010c0260027f7f017f60017f017f020701016d0166000003020101070801046c' +
    '6f6f7000010a1c011a01017f03402000200110002101200041016b22000d000b20010b',
);
// (module (import "m" "i" (func (result i32))) (func (export "waits") (result i32) call 0)
//   (func (export "does_not") (result i32) i32.const 1))
const WAITS = wasm(
  '0061736d010000000105016000017f020701016d01690000030302000007140205776169747300010864' +
    '6f65735f6e6f7400020a0b02040010000b040041010b',
);
// (module (memory (export "m") 1))
const MEMORY = wasm('0061736d010000000503010001070501016d0200');

const clock = () => performance.now() * 1e6;
const best = (count, body) => {
  let least = Infinity;
  for (let round = 0; round < 5; round++) {
    const start = clock();
    body(count);
    least = Math.min(least, (clock() - start) / count);
  }
  return least;
};

const bestAwaited = async (count, body) => {
  let least = Infinity;
  for (let round = 0; round < 5; round++) {
    const start = clock();
    await body(count);
    least = Math.min(least, (clock() - start) / count);
  }
  return least;
};

const CALLS = 1_000_000;
const { add } = new WebAssembly.Instance(new WebAssembly.Module(ADD)).exports;
const { loop } = new WebAssembly.Instance(new WebAssembly.Module(LOOP), {
  m: { f: (a, b) => (a + b) | 0 },
}).exports;
const builtin = Math.imul;
const callback = (a, b) => (a + b) | 0;
const zeros = new Array(CALLS).fill(0);
const small = new WebAssembly.Module(ADD);
const withMemory = new WebAssembly.Module(MEMORY);

const results = {
  'empty loop': best(CALLS, (n) => {
    for (let i = 0; i < n; i++);
  }),
  'script to a built-in function': best(CALLS, (n) => {
    for (let i = 0; i < n; i++) builtin(i, 1);
  }),
  'script to module': best(CALLS, (n) => {
    for (let i = 0; i < n; i++) add(i, 1);
  }),
  'a built-in function to script': best(CALLS, () => zeros.reduce(callback)),
  'module to script': best(CALLS, (n) => loop(n)),
  'instantiate': best(2000, (n) => {
    for (let i = 0; i < n; i++) new WebAssembly.Instance(small);
  }),
  'instantiate with a memory': best(2000, (n) => {
    for (let i = 0; i < n; i++) new WebAssembly.Instance(withMemory);
  }),
};
if (WebAssembly.promising) Object.assign(results, await waiting());
console.log(JSON.stringify(results));

async function waiting() {
  const module = new WebAssembly.Module(WAITS);
  const promising = (i, name) => {
    const imports = { m: { i: new WebAssembly.Suspending(i) } };
    return WebAssembly.promising(new WebAssembly.Instance(module, imports).exports[name]);
  };
  const each = (call) => bestAwaited(CALLS / 10, async (n) => {
    for (let i = 0; i < n; i++) await call();
  });
  const settled = Promise.resolve(1);
  const resolves = [];
  const open = promising(() => new Promise((resolve) => resolves.push(resolve)), 'waits');
  return {
    'an async function that awaits': await each(async () => await settled),
    'a promising call that does not wait': await each(promising(() => 1, 'does_not')),
    'one that waits for a number': await each(promising(() => 1, 'waits')),
    'one that waits for a promise': await each(promising(() => settled, 'waits')),
    'one of 10 000 that wait at once': await bestAwaited(10_000, async (n) => {
      const calls = Array.from({ length: n }, () => open());
      for (const resolve of resolves.splice(0).reverse()) resolve(1);
      await Promise.all(calls);
    }),
  };
}
