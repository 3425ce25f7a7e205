//! Keys of AES, HMAC and what derives keys: one secret.

use holm_host::host;
use holm_js::{Ctx, Result, throw_dom};
use p256::elliptic_curve::zeroize::Zeroizing;

use super::algorithm::{Algorithm, Name, Params, jwk_name};
use super::data::{data_error, operation_error};
use super::import_export::{Exported, Format, KeyData, Wanted, check_usages};
use super::jwk::{self, Expected};
use super::key::{Details, Key, KeyType, Usages, secret};
use crate::base64::{self, Alphabet};

/// The lengths of AES keys, in bits.
const AES_BITS: [u32; 3] = [128, 192, 256];

/// The longest key that is made for HMAC.
const MAX_HMAC_BITS: u32 = 1 << 27;

/// The import key operations.
pub(super) fn import(
    ctx: &Ctx<'_>,
    format: Format,
    data: KeyData,
    algorithm: &Algorithm,
    wanted: Wanted,
) -> Result<Key> {
    let name = algorithm.name;
    if name.is_derivation() && format != Format::Raw {
        return Err(format.not_supported(ctx, name));
    }
    check_usages(ctx, name, wanted.usages, Usages::of(name, KeyType::Secret))?;
    // If extractable is not false, then throw a SyntaxError.
    if name.is_derivation() && wanted.is_extractable {
        let text = format!("A key for {} cannot be extractable", name.as_str());
        return Err(throw_dom(ctx, "SyntaxError", &text));
    }
    let details = details(algorithm);
    let bytes = match format {
        Format::Raw => data.bytes(ctx)?,
        Format::Jwk => {
            let key = data.jwk(ctx)?;
            let use_ = if name == Name::Hmac { "sig" } else { "enc" };
            let Wanted { is_extractable, usages } = wanted;
            key.check(ctx, &Expected { kty: "oct", use_, is_extractable, usages })?;
            let bytes = jwk::decoded(ctx, "k", key.k.as_ref().map(|k| k.as_str()))?;
            key.check_alg(ctx, &[&jwk_alg(name, details, bytes.len())])?;
            bytes
        }
        Format::Spki | Format::Pkcs8 => return Err(format.not_supported(ctx, name)),
    };
    let mut len_bits =
        u32::try_from(bytes.len() * 8).map_err(|_| data_error(ctx, "The key is too long"))?;
    if name.is_aes() && !AES_BITS.contains(&len_bits) {
        return Err(data_error(ctx, "A key for AES has 128, 192 or 256 bits"));
    }
    if let Params::Hmac { bits, .. } = algorithm.params {
        // If length is zero then throw a DataError. If the length member is present: greater than
        // length, or not above length minus eight, is a DataError.
        let wanted = bits.unwrap_or(len_bits);
        if len_bits == 0 || wanted > len_bits || wanted <= len_bits - 8 {
            return Err(data_error(ctx, "The key is not as long as it should be"));
        }
        len_bits = wanted;
    }
    made(ctx, algorithm, wanted, len_bits, bytes)
}

fn details(algorithm: &Algorithm) -> Details {
    match algorithm.params {
        Params::Hmac { hash, .. } => Details::Hmac(hash),
        _ if algorithm.name.is_aes() => Details::Aes,
        _ => Details::None,
    }
}

fn made(
    ctx: &Ctx<'_>,
    algorithm: &Algorithm,
    wanted: Wanted,
    len_bits: u32,
    bytes: Zeroizing<Vec<u8>>,
) -> Result<Key> {
    Ok(Key {
        algorithm: algorithm.name,
        details: details(algorithm),
        key_type: KeyType::Secret,
        is_extractable: wanted.is_extractable,
        usages: wanted.usages,
        len_bits,
        bytes: secret(ctx, bytes)?,
    })
}

/// The generate key operations.
pub(super) fn generate(ctx: &Ctx<'_>, algorithm: &Algorithm, wanted: Wanted) -> Result<Key> {
    let name = algorithm.name;
    check_usages(ctx, name, wanted.usages, Usages::of(name, KeyType::Secret))?;
    let len_bits = key_bits(ctx, algorithm)?.unwrap_or_default();
    let mut bytes = Zeroizing::new(vec![0; len_bits.div_ceil(8) as usize]);
    host(ctx).random.fill(&mut bytes).map_err(|error| {
        operation_error(ctx, &format!("the system gives no random numbers: {error}"))
    })?;
    made(ctx, algorithm, wanted, len_bits, bytes)
}

/// The get key length operations: `None` for a key that takes any length.
pub(super) fn key_bits(ctx: &Ctx<'_>, algorithm: &Algorithm) -> Result<Option<u32>> {
    match algorithm.params {
        // If the length member is not equal to one of 128, 192 or 256, then throw an
        // OperationError.
        Params::Length { bits } if !AES_BITS.contains(&bits) => {
            Err(operation_error(ctx, "A key for AES has 128, 192 or 256 bits"))
        }
        Params::Length { bits } => Ok(Some(bits)),
        Params::Hmac { hash, bits } => {
            // If the length member is not present: let length be the block size in bits of the hash
            // function. Otherwise, if it is zero: throw an OperationError.
            let usual = u32::try_from(hash.block_bytes() * 8).unwrap_or(u32::MAX);
            let bits = bits.unwrap_or(usual);
            if !(1..=MAX_HMAC_BITS).contains(&bits) {
                let text = format!("A key for HMAC has between 1 and {MAX_HMAC_BITS} bits");
                return Err(operation_error(ctx, &text));
            }
            Ok(Some(bits))
        }
        _ => Ok(None),
    }
}

/// The export key operations.
pub(super) fn export<'js>(ctx: &Ctx<'js>, format: Format, key: &Key) -> Result<Exported<'js>> {
    match format {
        Format::Raw => Ok(Exported::Bytes(Zeroizing::new(key.bytes.to_vec()))),
        Format::Jwk => {
            let alg = jwk_alg(key.algorithm, key.details, key.bytes.len());
            let k = Zeroizing::new(base64::encode(&key.bytes, Alphabet::Url));
            let members = [("alg", alg.as_str()), ("k", &k), ("kty", "oct")];
            Ok(Exported::Jwk(jwk::make(ctx, key, &members)?))
        }
        Format::Spki | Format::Pkcs8 => Err(format.not_supported(ctx, key.algorithm)),
    }
}

fn jwk_alg(name: Name, details: Details, len_bytes: usize) -> String {
    match details {
        Details::Hmac(hash) => jwk_name(hash).to_owned(),
        _ => format!("A{}{}", len_bytes * 8, name.as_str().trim_start_matches("AES-")),
    }
}
