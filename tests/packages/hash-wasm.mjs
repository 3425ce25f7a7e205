// Hashes of many kinds, of strings and bytes, whole and in pieces.
import * as hash from 'hash-wasm';

const text = 'The quick brown fox jumps over the lazy dog: äöü 日本';
const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) & 255);
for (const name of ['md5', 'sha1', 'sha256', 'sha512', 'sha3', 'blake2b', 'blake3', 'crc32', 'xxhash64', 'whirlpool']) {
  console.log(name, await hash[name](text), (await hash[name](bytes)).slice(0, 16));
}
const inPieces = await hash.createSHA256();
inPieces.init();
for (let at = 0; at < bytes.length; at += 12_345) inPieces.update(bytes.subarray(at, at + 12_345));
console.log(inPieces.digest() === (await hash.sha256(bytes)));
console.log((await hash.createHMAC(hash.createSHA1(), 'key')).init().update(text).digest());
const salt = new Uint8Array(16).fill(7);
console.log(await hash.argon2id({ password: 'pass', salt, parallelism: 1, iterations: 2, memorySize: 512, hashLength: 32 }));
console.log(await hash.pbkdf2({ password: 'pass', salt, iterations: 1000, hashLength: 32, hashFunction: hash.createSHA256() }));
console.log(await hash.bcryptVerify({ password: 'pass', hash: await hash.bcrypt({ password: 'pass', salt, costFactor: 4 }) }));
