//! Encrypting, signing, hashing.

use holm_js::webidl::convert;
use holm_js::{Call, Ctx, Error, Result, Value, parse_json};

use super::algorithm::{Algorithm, Given, Name};
use super::data::{array_buffer, bytes_of, data_error, invalid_access, operation_error};
use super::import_export::{Format, export, import};
use super::key::{Key, Usages};
use crate::crypto::aes::{Aes, BLOCK_BYTES};
use crate::crypto::hash::Hash;
use crate::crypto::same_bytes;

/// The lengths that a tag of AES-GCM may have, in bits.
const TAG_BITS: [u32; 7] = [32, 64, 96, 104, 112, 120, 128];
const USUAL_TAG_BITS: u32 = 128;

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-digest>
pub(super) fn digest<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let algorithm = Given::from_js(ctx, &call.value(0))?;
    let data = bytes_of(ctx, &call.value(1), "SubtleCrypto.digest: data")?;
    array_buffer(ctx, &algorithm.hash(ctx)?.of(&data))
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-encrypt>
pub(super) fn encrypt<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let (algorithm, key, data) = ciphering(call, "encrypt")?;
    key.check(ctx, algorithm.name, "encrypt")?;
    array_buffer(ctx, &Cipher::of(ctx, &algorithm, &key)?.encrypt(ctx, data)?)
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-decrypt>
pub(super) fn decrypt<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let (algorithm, key, data) = ciphering(call, "decrypt")?;
    key.check(ctx, algorithm.name, "decrypt")?;
    array_buffer(ctx, &Cipher::of(ctx, &algorithm, &key)?.decrypt(ctx, data)?)
}

/// `(algorithm, key, data)`
fn ciphering<'js>(call: &Call<'_, 'js>, what: &str) -> Result<(Algorithm<'js>, Key, Vec<u8>)> {
    let ctx = call.ctx();
    let given = Given::from_js(ctx, &call.value(0))?;
    let key = Key::of(ctx, &call.value(1), &format!("SubtleCrypto.{what}: key"))?;
    let data = bytes_of(ctx, &call.value(2), &format!("SubtleCrypto.{what}: data"))?;
    Ok((given.keyed(ctx, &format!("to {what}"), Name::is_aes)?, key, data))
}

/// AES with what a mode needs.
struct Cipher {
    aes: Aes,
    mode: Mode,
}

enum Mode {
    Cbc { iv: [u8; BLOCK_BYTES] },
    Ctr { counter: [u8; BLOCK_BYTES], bits: u32 },
    Gcm { iv: Vec<u8>, more: Vec<u8>, tag_bytes: usize },
}

impl Cipher {
    fn of<'js>(ctx: &Ctx<'js>, algorithm: &Algorithm<'js>, key: &Key) -> Result<Self> {
        let block = |key: &str| -> Result<[u8; BLOCK_BYTES]> {
            // If the iv member of normalizedAlgorithm does not have a length of 16 bytes, then
            // throw an OperationError.
            algorithm.bytes(ctx, key)?.try_into().map_err(|_| {
                operation_error(ctx, &format!("The member '{key}' has to be {BLOCK_BYTES} bytes"))
            })
        };
        let mode = match algorithm.name {
            Name::AesCbc => Mode::Cbc { iv: block("iv")? },
            Name::AesCtr => {
                let (counter, bits) = (block("counter")?, algorithm.number(ctx, "length")?);
                // If the length member is zero or greater than 128, then throw an OperationError.
                if !(1..=128).contains(&bits) {
                    let text = "The member 'length' has to be between 1 and 128";
                    return Err(operation_error(ctx, text));
                }
                Mode::Ctr { counter, bits }
            }
            _ => {
                let more = algorithm.optional_bytes(ctx, "additionalData")?.unwrap_or_default();
                let iv = algorithm.bytes(ctx, "iv")?;
                let bits = algorithm.optional_number(ctx, "tagLength")?.unwrap_or(USUAL_TAG_BITS);
                if !TAG_BITS.contains(&bits) {
                    let text = format!("{bits} is not a length that a tag of AES-GCM has");
                    return Err(operation_error(ctx, &text));
                }
                if iv.is_empty() {
                    return Err(operation_error(ctx, "The member 'iv' must not be empty"));
                }
                Mode::Gcm { iv, more, tag_bytes: bits as usize / 8 }
            }
        };
        Ok(Self { aes: Aes::new(&key.bytes).ok_or(Error::Unknown)?, mode })
    }

    fn encrypt(&self, ctx: &Ctx<'_>, mut data: Vec<u8>) -> Result<Vec<u8>> {
        Ok(match &self.mode {
            Mode::Cbc { iv } => self.aes.encrypt_cbc(*iv, data),
            Mode::Ctr { counter, bits } => {
                let blocks = data.len().div_ceil(BLOCK_BYTES) as u128;
                if *bits < 128 && blocks > 1 << bits {
                    let text = "The data are longer than the counter can count";
                    return Err(operation_error(ctx, text));
                }
                self.aes.apply_ctr(*counter, *bits, &mut data);
                data
            }
            Mode::Gcm { iv, more, tag_bytes } => self.aes.encrypt_gcm(iv, more, data, *tag_bytes),
        })
    }

    fn decrypt(&self, ctx: &Ctx<'_>, data: Vec<u8>) -> Result<Vec<u8>> {
        let failed = || operation_error(ctx, "The data cannot be decrypted: are key and iv right?");
        match &self.mode {
            Mode::Cbc { iv } => self.aes.decrypt_cbc(*iv, data).ok_or_else(failed),
            Mode::Ctr { .. } => self.encrypt(ctx, data),
            Mode::Gcm { iv, more, tag_bytes } => {
                self.aes.decrypt_gcm(iv, more, data, *tag_bytes).ok_or_else(failed)
            }
        }
    }
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-sign>
pub(super) fn sign<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let given = Given::from_js(ctx, &call.value(0))?;
    let key = Key::of(ctx, &call.value(1), "SubtleCrypto.sign: key")?;
    let data = bytes_of(ctx, &call.value(2), "SubtleCrypto.sign: data")?;
    let algorithm = given.keyed(ctx, "to sign", |name| name == Name::Hmac)?;
    key.check(ctx, algorithm.name, "sign")?;
    array_buffer(ctx, &hmac(&key, &data)?)
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-verify>
pub(super) fn verify<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let given = Given::from_js(ctx, &call.value(0))?;
    let key = Key::of(ctx, &call.value(1), "SubtleCrypto.verify: key")?;
    let signature = bytes_of(ctx, &call.value(2), "SubtleCrypto.verify: signature")?;
    let data = bytes_of(ctx, &call.value(3), "SubtleCrypto.verify: data")?;
    let algorithm = given.keyed(ctx, "to verify", |name| name == Name::Hmac)?;
    key.check(ctx, algorithm.name, "verify")?;
    call.returns(same_bytes(&hmac(&key, &data)?, &signature))
}

fn hmac(key: &Key, data: &[u8]) -> Result<Vec<u8>> {
    let hash: Hash = key.hash.ok_or(Error::Unknown)?;
    let mut running = hash.start_hmac(&key.bytes).ok_or(Error::Unknown)?;
    running.update(data);
    Ok(running.finish())
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-wrapKey>
pub(super) fn wrap_key<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let format = Format::from_js(ctx, &call.value(0))?;
    let key = Key::of(ctx, &call.value(1), "SubtleCrypto.wrapKey: key")?;
    let wrapping = Key::of(ctx, &call.value(2), "SubtleCrypto.wrapKey: wrappingKey")?;
    let given = Given::from_js(ctx, &call.value(3))?;
    let algorithm = given.keyed(ctx, "to wrap keys", Name::is_aes)?;
    wrapping.check(ctx, algorithm.name, "wrapKey")?;
    if !key.is_extractable {
        return Err(invalid_access(ctx, "The key is not extractable"));
    }
    let exported = export(ctx, format, &key)?;
    let bytes = match format {
        // Let json be the result of representing exportedKey as a UTF-16 string conforming to the
        // JSON grammar.
        Format::Jwk => {
            let json = ctx.json_stringify(exported)?.ok_or(Error::Unknown)?;
            json.to_string()?.into_bytes()
        }
        Format::Raw => bytes_of(ctx, &exported, "key")?,
    };
    array_buffer(ctx, &Cipher::of(ctx, &algorithm, &wrapping)?.encrypt(ctx, bytes)?)
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-unwrapKey>
pub(super) fn unwrap_key<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let format = Format::from_js(ctx, &call.value(0))?;
    let wrapped = bytes_of(ctx, &call.value(1), "SubtleCrypto.unwrapKey: wrappedKey")?;
    let unwrapping = Key::of(ctx, &call.value(2), "SubtleCrypto.unwrapKey: unwrappingKey")?;
    let given = Given::from_js(ctx, &call.value(3))?;
    let of_key = Given::from_js(ctx, &call.value(4))?;
    let is_extractable = convert::boolean(&call.value(5));
    let usages = Usages::from_js(ctx, &call.value(6), "SubtleCrypto.unwrapKey: keyUsages")?;
    let algorithm = given.keyed(ctx, "to unwrap keys", Name::is_aes)?;
    let of_key = of_key.keyed(ctx, "for keys", |_| true)?;
    unwrapping.check(ctx, algorithm.name, "unwrapKey")?;
    let bytes = Cipher::of(ctx, &algorithm, &unwrapping)?.decrypt(ctx, wrapped)?;
    let key_data = match format {
        Format::Jwk => {
            let text = String::from_utf8_lossy(&bytes);
            let parsed = parse_json(ctx, &text, "wrapped key");
            parsed.map_err(|error| {
                drop(holm_js::take_exception(ctx, error));
                data_error(ctx, "What was wrapped is not a JSON Web Key")
            })?
        }
        Format::Raw => array_buffer(ctx, &bytes)?,
    };
    Ok(import(ctx, format, &key_data, &of_key, is_extractable, usages)?
        .into_object(ctx)?
        .into_value())
}
