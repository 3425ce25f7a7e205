//! Keys that are given out and taken in encrypted.

use holm_js::webidl::convert;
use holm_js::{Call, Ctx, Error, Result, Value, parse_json, take_exception};
use p256::elliptic_curve::zeroize::Zeroizing;

use super::algorithm::{Algorithm, Operation};
use super::cipher::Cipher;
use super::data::{array_buffer, bytes_of, data_error};
use super::import_export::{Exported, Format, KeyData, Wanted, export, import};
use super::jwk::JsonWebKey;
use super::key::{Key, Usages};

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-wrapKey>
pub(super) fn wrap_key<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let format = Format::from_js(ctx, &call.value(0))?;
    let key = Key::of(ctx, &call.value(1), "SubtleCrypto.wrapKey: key")?;
    let wrapping = Key::of(ctx, &call.value(2), "SubtleCrypto.wrapKey: wrappingKey")?;
    // Let normalizedAlgorithm be the result of normalizing an algorithm, with alg set to algorithm
    // and op set to "wrapKey". If an error occurred, with op set to "encrypt".
    let operations = [Operation::WrapKey, Operation::Encrypt];
    let algorithm = Algorithm::for_any(ctx, &call.value(3), &operations)?;
    wrapping.check(ctx, algorithm.name, "wrapKey")?;
    let bytes = match export(ctx, format, &key)? {
        // Let json be the result of representing exportedKey as a UTF-16 string conforming to the
        // JSON grammar.
        Exported::Jwk(jwk) => {
            let json = ctx.json_stringify(jwk)?.ok_or(Error::Unknown)?;
            Zeroizing::new(json.to_string()?.into_bytes())
        }
        Exported::Bytes(bytes) => bytes,
    };
    let cipher = Cipher::of(ctx, algorithm.params, &wrapping)?;
    array_buffer(ctx, &cipher.encrypt(ctx, bytes.to_vec())?)
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-unwrapKey>
pub(super) fn unwrap_key<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let format = Format::from_js(ctx, &call.value(0))?;
    let wrapped = bytes_of(ctx, &call.value(1), "SubtleCrypto.unwrapKey: wrappedKey")?;
    let unwrapping = Key::of(ctx, &call.value(2), "SubtleCrypto.unwrapKey: unwrappingKey")?;
    let is_extractable = convert::boolean(&call.value(5));
    let usages = Usages::from_js(ctx, &call.value(6), "SubtleCrypto.unwrapKey: keyUsages")?;
    let operations = [Operation::UnwrapKey, Operation::Decrypt];
    let algorithm = Algorithm::for_any(ctx, &call.value(3), &operations)?;
    let of_key = Algorithm::from_js(ctx, &call.value(4), Operation::ImportKey)?;
    unwrapping.check(ctx, algorithm.name, "unwrapKey")?;
    let cipher = Cipher::of(ctx, algorithm.params, &unwrapping)?;
    let bytes = Zeroizing::new(cipher.decrypt(ctx, wrapped)?);
    let data = match format {
        Format::Jwk => KeyData::Jwk(parse_jwk(ctx, &bytes)?),
        _ => KeyData::Bytes(bytes),
    };
    let wanted = Wanted { is_extractable, usages };
    Ok(import(ctx, format, data, &of_key, wanted)?.into_object(ctx)?.into_value())
}

/// <https://w3c.github.io/webcrypto/#concept-parse-a-jwk>
fn parse_jwk(ctx: &Ctx<'_>, bytes: &[u8]) -> Result<JsonWebKey> {
    let text = String::from_utf8_lossy(bytes);
    let refused = || data_error(ctx, "What was wrapped is not a JSON Web Key");
    let parsed = parse_json(ctx, &text, "wrapped key").map_err(|error| {
        drop(take_exception(ctx, error));
        refused()
    })?;
    // If the kty field of key is not defined, then throw a DataError.
    let key = JsonWebKey::from_js(ctx, &parsed)?;
    if key.kty.is_none() { Err(refused()) } else { Ok(key) }
}
