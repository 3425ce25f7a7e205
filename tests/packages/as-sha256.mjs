// Hashes with SHA-256. AssemblyScript, with SIMD.
import { SHA256, digest, digest2Bytes32, digest64, hashInto } from '@chainsafe/as-sha256';

const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) & 255);
const hex = (hash) => Buffer.from(hash).toString('hex');
console.log(hex(digest(bytes)), hex(digest(new Uint8Array())));
console.log(hex(digest64(bytes.subarray(3, 67))), hex(digest(bytes.subarray(3, 67))));
console.log(hex(digest2Bytes32(bytes.subarray(0, 32), bytes.subarray(32, 64))));
const hasher = new SHA256().init();
for (let at = 0; at < bytes.length; at += 777) hasher.update(bytes.subarray(at, at + 777));
console.log(hex(hasher.final()));
const out = new Uint8Array(32 * 8);
hashInto(bytes.subarray(0, 64 * 8), out);
console.log(hex(out.subarray(0, 8)), hex(out.subarray(224, 232)));
try {
  digest64(bytes);
} catch (error) {
  console.log(error.message);
}
