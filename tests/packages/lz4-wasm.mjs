// Compresses with LZ4. Rust through wasm-bindgen for bundlers: a module of WebAssembly is imported as one.
import { compress, decompress } from 'lz4-wasm/lz4_wasm.js';

const text = Array.from({ length: 3000 }, (_, i) => `line ${i % 97} of ${(i * i) % 1013} wörds`).join('\n');
const bytes = new TextEncoder().encode(text);
const digest = (bytes) => bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x1000193) >>> 0, 0x811c9dc5).toString(16);
const packed = compress(bytes);
console.log(bytes.length, packed.length, digest(packed));
console.log(new TextDecoder().decode(decompress(packed)) === text, compress(new Uint8Array()));
try {
  decompress(packed.subarray(0, 100));
} catch (error) {
  console.log(String(error));
}
