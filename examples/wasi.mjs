// The classic flow: compile a module, give it what it imports, start it with one folder of its own.
//
//   holm examples/wasi.mjs                     reads the folder, and may not write there
//   holm --allow-write=examples/wasi/sandbox examples/wasi.mjs
//   holm --dir examples/wasi/sandbox::/sandbox examples/wasi/copy.wat     the same without a script
import { WASI } from 'node:wasi';
import source copy from './wasi/copy.wat'; // or: await WebAssembly.compile(await readFile('copy.wasm'))

const sandbox = new URL('wasi/sandbox', import.meta.url).pathname;
const wasi = new WASI({
  version: 'preview1',
  args: ['copy'],
  env: { LANG: 'C' },
  preopens: { '/sandbox': sandbox },
});
const instance = await WebAssembly.instantiate(copy, wasi.getImportObject());
console.log('ended with', wasi.start(instance));

// It also says that the copy cannot be written, on standard error; with the flag it ends with 0.

// Prints:
// a note that the module may read
// ended with 1
