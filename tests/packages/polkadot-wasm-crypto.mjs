// Keys and signatures of Polkadot. Rust with glue of its own, compressed within a string.
import * as crypto from '@polkadot/wasm-crypto';

await crypto.waitReady();
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const phrase = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const seed = crypto.bip39ToMiniSecret(phrase, '');
console.log(crypto.isReady(), crypto.bip39Validate(phrase), crypto.bip39Validate('not one'), hex(seed));
const pair = crypto.ed25519KeypairFromSeed(seed);
const message = new TextEncoder().encode('hello wörld');
const signature = crypto.ed25519Sign(pair.subarray(32), pair.subarray(0, 32), message);
console.log(hex(signature), crypto.ed25519Verify(signature, message, pair.subarray(32)));
const sr = crypto.sr25519KeypairFromSeed(seed);
const sr2 = crypto.sr25519Sign(sr.subarray(64), sr.subarray(0, 64), message);
console.log(hex(sr.subarray(64)), crypto.sr25519Verify(sr2, message, sr.subarray(64)));
for (const name of ['keccak256', 'sha512', 'twox']) console.log(name, hex(crypto[name](message, 2)));
console.log(hex(crypto.blake2b(message, new Uint8Array(), 32)), hex(crypto.pbkdf2(message, seed, 100)));
console.log(hex(crypto.scrypt(message, seed, 4, 8, 1)), crypto.bip39Generate(12).split(' ').length);
try {
  crypto.ed25519KeypairFromSeed(new Uint8Array(3));
} catch (error) {
  console.log(error.message);
}
