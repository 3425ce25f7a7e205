// Hashes with xxHash. WebAssembly written by hand.
import xxhash from 'xxhash-wasm';

const { h32, h32ToString, h32Raw, h64, h64ToString, h64Raw, create32, create64 } = await xxhash();
const text = 'The quick brown fox: äöü 日本 😀';
const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) & 255);
console.log(h32(text), h32ToString(text, 0xabcd), h32Raw(bytes));
console.log(h64(text), h64ToString(text, 0xabcdn), h64Raw(bytes, 2n ** 64n - 1n));
const one = create32(7), two = create64(7n);
for (let at = 0; at < bytes.length; at += 12_345) {
  one.update(bytes.subarray(at, at + 12_345));
  two.update(bytes.subarray(at, at + 12_345));
}
console.log(one.digest() === h32Raw(bytes, 7), two.digest() === h64Raw(bytes, 7n));
