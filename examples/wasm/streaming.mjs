// Streaming: the module is checked while its bytes arrive. `holm streaming.mjs http://…` takes
// one from a server on this machine.
import { argv } from 'node:process';

const inline =
  'data:application/wasm;base64,AGFzbQEAAAABBwFgAn9/AX8DAgEABwcBA2FkZAAACgkBBwAgACABags=';
const { instance } = await WebAssembly.instantiateStreaming(fetch(argv[2] ?? inline));
console.log('77 + 88 =', instance.exports.add(77, 88));

const page = new Response('<!DOCTYPE html>', { headers: { 'content-type': 'text/html' } });
await WebAssembly.compileStreaming(page).catch((error) => console.log(`${error}`));

// Prints:
// 77 + 88 = 165
// TypeError: WebAssembly.compileStreaming(): the response "" is of type "text/html"; application/wasm is wanted
