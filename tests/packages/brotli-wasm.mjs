// Compresses with Brotli, whole and in pieces. Rust through wasm-bindgen, for Node.
import { createRequire } from 'node:module';

const digest = (bytes) => bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x1000193) >>> 0, 0x811c9dc5).toString(16);
const brotli = createRequire(import.meta.url)('brotli-wasm');

const text = Array.from({ length: 3000 }, (_, i) => `line ${i % 97} of ${(i * i) % 1013} wörds`).join('\n');
const bytes = new TextEncoder().encode(text);
for (const quality of [1, 5, 11]) {
  const packed = brotli.compress(bytes, { quality });
  console.log(quality, packed.length, digest(packed));
  console.log(new TextDecoder().decode(brotli.decompress(packed)) === text);
}
const stream = new brotli.DecompressStream();
const packed = brotli.compress(bytes);
let length = 0;
for (let at = 0; at < packed.length; ) {
  const { buf, code, input_offset } = stream.decompress(packed.subarray(at, at + 200), 10_000);
  length += buf.length;
  at += input_offset;
  if (code === brotli.BrotliStreamResultCode.ResultSuccess) break;
}
console.log(length === bytes.length, stream.total_out());
try {
  brotli.decompress(Uint8Array.of(1, 2, 3));
} catch (error) {
  console.log(String(error));
}
