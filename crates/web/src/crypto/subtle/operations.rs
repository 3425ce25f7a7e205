//! Encrypting, signing, hashing.

use holm_js::{Call, Ctx, Error, Result, Value};

use super::algorithm::{Algorithm, Operation, Params, hash_of};
use super::cipher::Cipher;
use super::data::{array_buffer, bytes_of, invalid_access, operation_error};
use super::key::{Details, Key, KeyType};
use crate::crypto::curves::Curve;
use crate::crypto::same_bytes;

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-digest>
pub(super) fn digest<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let data = bytes_of(ctx, &call.value(1), "SubtleCrypto.digest: data")?;
    let hash = hash_of(ctx, &call.value(0))?;
    array_buffer(ctx, &hash.of(&data))
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-encrypt>
pub(super) fn encrypt<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let key = Key::of(ctx, &call.value(1), "SubtleCrypto.encrypt: key")?;
    let data = bytes_of(ctx, &call.value(2), "SubtleCrypto.encrypt: data")?;
    let algorithm = Algorithm::from_js(ctx, &call.value(0), Operation::Encrypt)?;
    key.check(ctx, algorithm.name, "encrypt")?;
    array_buffer(ctx, &Cipher::of(ctx, algorithm.params, &key)?.encrypt(ctx, data)?)
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-decrypt>
pub(super) fn decrypt<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let key = Key::of(ctx, &call.value(1), "SubtleCrypto.decrypt: key")?;
    let data = bytes_of(ctx, &call.value(2), "SubtleCrypto.decrypt: data")?;
    let algorithm = Algorithm::from_js(ctx, &call.value(0), Operation::Decrypt)?;
    key.check(ctx, algorithm.name, "decrypt")?;
    array_buffer(ctx, &Cipher::of(ctx, algorithm.params, &key)?.decrypt(ctx, data)?)
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-sign>
pub(super) fn sign<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let key = Key::of(ctx, &call.value(1), "SubtleCrypto.sign: key")?;
    let data = bytes_of(ctx, &call.value(2), "SubtleCrypto.sign: data")?;
    let algorithm = Algorithm::from_js(ctx, &call.value(0), Operation::Sign)?;
    key.check(ctx, algorithm.name, "sign")?;
    let Details::Pair(curve) = key.details else {
        return array_buffer(ctx, &hmac(&key, &data)?);
    };
    // If the [[type]] internal slot of key is not "private", then throw an InvalidAccessError.
    check_type(ctx, &key, KeyType::Private)?;
    let signed = curve.sign(&key.bytes, &signable(&algorithm, curve, data)?);
    let signed = signed.ok_or_else(|| operation_error(ctx, "Nothing can be signed with the key"));
    array_buffer(ctx, &signed?)
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-verify>
pub(super) fn verify<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let key = Key::of(ctx, &call.value(1), "SubtleCrypto.verify: key")?;
    let signature = bytes_of(ctx, &call.value(2), "SubtleCrypto.verify: signature")?;
    let data = bytes_of(ctx, &call.value(3), "SubtleCrypto.verify: data")?;
    let algorithm = Algorithm::from_js(ctx, &call.value(0), Operation::Verify)?;
    key.check(ctx, algorithm.name, "verify")?;
    let Details::Pair(curve) = key.details else {
        return call.returns(same_bytes(&hmac(&key, &data)?, &signature));
    };
    check_type(ctx, &key, KeyType::Public)?;
    let signable = signable(&algorithm, curve, data)?;
    call.returns(curve.verify(&key.bytes, &signable, &signature))
}

fn check_type(ctx: &Ctx<'_>, key: &Key, wanted: KeyType) -> Result<()> {
    if key.key_type == wanted {
        return Ok(());
    }
    Err(invalid_access(ctx, "A private key signs, a public one verifies"))
}

/// What of the data is signed.
fn signable(algorithm: &Algorithm, curve: Curve, data: Vec<u8>) -> Result<Vec<u8>> {
    match algorithm.params {
        Params::Hash { hash } => Ok(hash.of(&data)),
        _ if curve.hashes_itself() => Ok(data),
        _ => Err(Error::Unknown),
    }
}

fn hmac(key: &Key, data: &[u8]) -> Result<Vec<u8>> {
    let Details::Hmac(hash) = key.details else { return Err(Error::Unknown) };
    let mut running = hash.start_hmac(&key.bytes).ok_or(Error::Unknown)?;
    running.update(data);
    Ok(running.finish())
}
