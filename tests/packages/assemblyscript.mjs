// Compiles a program with AssemblyScript, whose optimiser is Binaryen, and runs it.
import asc from 'assemblyscript/asc';

const source = `
  export function fib(n: i32): i32 { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
  export function sum(values: StaticArray<f64>): f64 {
    let total = 0.0;
    for (let i = 0; i < values.length; i++) total += values[i];
    return total;
  }
  export function shout(text: string): string { return text.toUpperCase() + "!"; }
`;
const files = { 'module.ts': source };
const { error, stderr } = await asc.main(
  ['module.ts', '--outFile', 'module.wasm', '--bindings', 'raw', '--optimize', '--exportRuntime'],
  {
    readFile: (name) => files[name] ?? null,
    writeFile: (name, contents) => { files[name] = contents; },
    listFiles: () => [],
  },
);
if (error) throw new Error(stderr.toString());
console.log(Object.keys(files).sort(), WebAssembly.validate(files['module.wasm']));
const { instance } = await WebAssembly.instantiate(files['module.wasm'], {
  env: { abort: () => { throw new Error('abort'); } },
});
console.log(instance.exports.fib(20));
const { __new, memory, shout } = instance.exports;
const pointer = __new(8, 2);
new Uint16Array(memory.buffer, pointer, 4).set([...'holm'].map((c) => c.charCodeAt(0)));
const out = shout(pointer) >>> 0;
const length = new Uint32Array(memory.buffer)[(out - 4) >>> 2] >>> 1;
console.log(String.fromCharCode(...new Uint16Array(memory.buffer, out, length)));
