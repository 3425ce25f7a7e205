// Hashes with BLAKE3. Rust through an old wasm-bindgen, for Node.
import { createHash, createKeyed, deriveKey, hash } from 'blake3-wasm';

const bytes = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31) & 255));
console.log(hash('hello').toString('hex'));
console.log(hash(bytes, { length: 64 }).toString('base64'));
const hasher = createHash();
for (let at = 0; at < bytes.length; at += 7_777) hasher.update(bytes.subarray(at, at + 7_777));
console.log(hasher.digest('hex') === hash(bytes).toString('hex'));
console.log(createKeyed(Buffer.alloc(32, 7)).update('keyed').digest('hex'));
console.log(deriveKey('holm 2026 test context', 'material').toString('hex'));
const reader = createHash().update('long').reader();
reader.position = 1_000_000n;
console.log(reader.read(24).toString('hex'), reader.position);
