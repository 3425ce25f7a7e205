// Seals, signs and hashes with libsodium, through Emscripten.
import sodium from 'libsodium-wrappers';

await sodium.ready;
const bytes = (length, first = 1) => Uint8Array.from({ length }, (_, i) => (i * 7 + first) & 255);
const key = bytes(sodium.crypto_secretbox_KEYBYTES), nonce = bytes(sodium.crypto_secretbox_NONCEBYTES);
const sealed = sodium.crypto_secretbox_easy('hello äöü', nonce, key);
console.log(sodium.to_hex(sealed), sodium.to_string(sodium.crypto_secretbox_open_easy(sealed, nonce, key)));
const pair = sodium.crypto_sign_seed_keypair(bytes(sodium.crypto_sign_SEEDBYTES), 'hex');
console.log(pair);
const signature = sodium.crypto_sign_detached('message', sodium.from_hex(pair.privateKey));
console.log(sodium.to_base64(signature), sodium.crypto_sign_verify_detached(signature, 'message', sodium.from_hex(pair.publicKey)));
console.log(sodium.crypto_generichash(32, bytes(100_000), null, 'hex'));
console.log(sodium.to_hex(sodium.crypto_scalarmult_base(bytes(32))));
console.log(sodium.crypto_aead_xchacha20poly1305_ietf_encrypt('data', 'more', null, bytes(24), key, 'base64'));
console.log(sodium.randombytes_buf(16).length, sodium.randombytes_uniform(10) < 10);
try {
  sodium.crypto_secretbox_open_easy(sealed.fill(0, 3, 5), nonce, key);
} catch (error) {
  console.log(error.message);
}
