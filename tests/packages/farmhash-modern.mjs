// Fingerprints of strings and bytes. Rust through wasm-bindgen, for Node.
import * as farmhash from 'farmhash-modern';

const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 31) & 255);
for (const value of ['', 'hello wörld 日本', bytes]) {
  console.log(farmhash.fingerprint32(value), farmhash.fingerprint64(value), farmhash.hash32(value), farmhash.hash64(value));
}
console.log(farmhash.bigqueryFingerprint('hello world'), farmhash.bigqueryFingerprint('ä'));
console.log(farmhash.hash32WithSeed('seeded', 42), farmhash.hash64WithSeed('seeded', 42n));
try {
  farmhash.fingerprint32(42);
} catch (error) {
  console.log(error.message);
}
