// Compresses with Zstandard, whole, as a stream and with a dictionary. An old Emscripten.
import { ZstdCodec } from 'zstd-codec';

const zstd = await new Promise((resolve) => ZstdCodec.run(resolve));
const digest = (bytes) => bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x1000193) >>> 0, 0x811c9dc5).toString(16);
const text = Array.from({ length: 3000 }, (_, i) => `line ${i % 97} of ${(i * i) % 1013} wörds`).join('\n');
const bytes = new TextEncoder().encode(text);
const simple = new zstd.Simple();
for (const level of [1, 9, 19]) {
  const packed = simple.compress(bytes, level);
  console.log(level, packed.length, digest(packed), digest(simple.decompress(packed)) === digest(bytes));
}
const streaming = new zstd.Streaming();
const chunks = [0, 1, 2].map((i) => bytes.subarray((i * bytes.length) / 3, ((i + 1) * bytes.length) / 3));
const packed = streaming.compressChunks(chunks, bytes.length, 5);
console.log(packed.length, digest(streaming.decompress(packed)) === digest(bytes));
const small = new TextEncoder().encode('line 11 of 121 wörds');
const dictionary = new zstd.Dict.Compression(bytes, 5);
const withOne = simple.compressUsingDict(small, dictionary);
console.log(withOne.length, new TextDecoder().decode(simple.decompressUsingDict(withOne, new zstd.Dict.Decompression(bytes))));
console.log(simple.decompress(Uint8Array.of(1, 2, 3)));
