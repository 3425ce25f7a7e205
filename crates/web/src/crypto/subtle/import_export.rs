//! Keys taken in, made and given out, whatever their algorithm.

use holm_js::webidl::convert;
use holm_js::{Call, Ctx, ErrorKind, Result, Value, throw, throw_dom};
use p256::elliptic_curve::zeroize::Zeroizing;

use super::algorithm::{Algorithm, Name, Operation};
use super::data::{array_buffer, bytes_of, invalid_access, is_buffer_source};
use super::jwk::JsonWebKey;
use super::key::{Details, Key, KeyType, Usages};
use super::{pair_keys, secret_keys};

/// `KeyFormat`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Raw,
    Spki,
    Pkcs8,
    Jwk,
}

impl Format {
    pub(super) fn from_js<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Self> {
        match convert::string(ctx, value)?.as_str() {
            "raw" => Ok(Self::Raw),
            "spki" => Ok(Self::Spki),
            "pkcs8" => Ok(Self::Pkcs8),
            "jwk" => Ok(Self::Jwk),
            other => {
                let text = format!("{other:?} is not a KeyFormat");
                Err(throw(ctx, ErrorKind::Type, &text))
            }
        }
    }

    /// The error where keys of an algorithm do not have this format.
    pub(super) fn not_supported(self, ctx: &Ctx<'_>, name: Name) -> holm_js::Error {
        let format = match self {
            Self::Raw => "raw",
            Self::Spki => "spki",
            Self::Pkcs8 => "pkcs8",
            Self::Jwk => "jwk",
        };
        let text = format!("A key of this type for {} has no format {format:?}", name.as_str());
        throw_dom(ctx, "NotSupportedError", &text)
    }
}

/// `(BufferSource or JsonWebKey)`
#[derive(Debug)]
pub(super) enum KeyData {
    Bytes(Zeroizing<Vec<u8>>),
    Jwk(JsonWebKey),
}

/// What is wanted of a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) is_extractable: bool,
    pub(super) usages: Usages,
}

impl KeyData {
    fn from_js<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Self> {
        match is_buffer_source(value) {
            true => Ok(Self::Bytes(Zeroizing::new(bytes_of(ctx, value, "keyData")?))),
            false => Ok(Self::Jwk(JsonWebKey::from_js(ctx, value)?)),
        }
    }

    pub(super) fn bytes(self, ctx: &Ctx<'_>) -> Result<Zeroizing<Vec<u8>>> {
        // If the keyData parameter passed to the importKey() method is a JsonWebKey dictionary,
        // throw a TypeError.
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Jwk(_) => Err(throw(ctx, ErrorKind::Type, "keyData is not a BufferSource")),
        }
    }

    pub(super) fn jwk(self, ctx: &Ctx<'_>) -> Result<JsonWebKey> {
        // If the keyData parameter passed to the importKey() method is not a JsonWebKey dictionary,
        // throw a TypeError.
        match self {
            Self::Jwk(jwk) => Ok(jwk),
            Self::Bytes(_) => Err(throw(ctx, ErrorKind::Type, "keyData is not a JSON Web Key")),
        }
    }
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-importKey>
///
/// Gives the key itself, not a promise of it.
pub fn import_key<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let format = Format::from_js(ctx, &call.value(0))?;
    let data = KeyData::from_js(ctx, &call.value(1))?;
    let is_extractable = convert::boolean(&call.value(3));
    let usages = Usages::from_js(ctx, &call.value(4), "SubtleCrypto.importKey: keyUsages")?;
    let algorithm = Algorithm::from_js(ctx, &call.value(2), Operation::ImportKey)?;
    let key = import(ctx, format, data, &algorithm, Wanted { is_extractable, usages })?;
    Ok(key.into_object(ctx)?.into_value())
}

pub(super) fn import(
    ctx: &Ctx<'_>,
    format: Format,
    data: KeyData,
    algorithm: &Algorithm,
    wanted: Wanted,
) -> Result<Key> {
    let key = match algorithm.name {
        Name::Ecdh | Name::Ecdsa | Name::Ed25519 | Name::X25519 => {
            pair_keys::import(ctx, format, data, algorithm, wanted)?
        }
        _ => secret_keys::import(ctx, format, data, algorithm, wanted)?,
    };
    // If the [[type]] internal slot of result is "secret" or "private" and usages is empty, then
    // throw a SyntaxError.
    if key.key_type != KeyType::Public {
        check_not_empty(ctx, key.usages)?;
    }
    Ok(key)
}

/// If usages contains a value which is not one of …, then throw a SyntaxError.
pub(super) fn check_usages(ctx: &Ctx<'_>, name: Name, usages: Usages, fit: Usages) -> Result<()> {
    if usages.is_within(fit) {
        return Ok(());
    }
    let fit: Vec<_> = fit.names().collect();
    let text = match fit.is_empty() {
        true => format!("A key of this type for {} has no usages", name.as_str()),
        false => {
            let fit = fit.join(", ");
            format!("The usages of a key of this type for {} are {fit}", name.as_str())
        }
    };
    Err(throw_dom(ctx, "SyntaxError", &text))
}

pub(super) fn check_not_empty(ctx: &Ctx<'_>, usages: Usages) -> Result<()> {
    if usages.is_empty() {
        return Err(throw_dom(ctx, "SyntaxError", "A key needs at least one usage"));
    }
    Ok(())
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-generateKey>
pub(super) fn generate_key<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let is_extractable = convert::boolean(&call.value(1));
    let usages = Usages::from_js(ctx, &call.value(2), "SubtleCrypto.generateKey: keyUsages")?;
    let algorithm = Algorithm::from_js(ctx, &call.value(0), Operation::GenerateKey)?;
    let wanted = Wanted { is_extractable, usages };
    match algorithm.name {
        Name::Ecdh | Name::Ecdsa | Name::Ed25519 | Name::X25519 => {
            pair_keys::generate(ctx, &algorithm, wanted)
        }
        _ => {
            let key = secret_keys::generate(ctx, &algorithm, wanted)?;
            check_not_empty(ctx, usages)?;
            Ok(key.into_object(ctx)?.into_value())
        }
    }
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-exportKey>
pub(super) fn export_key<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let format = Format::from_js(ctx, &call.value(0))?;
    let key = Key::of(ctx, &call.value(1), "SubtleCrypto.exportKey: key")?;
    match export(ctx, format, &key)? {
        Exported::Bytes(bytes) => array_buffer(ctx, &bytes),
        Exported::Jwk(jwk) => Ok(jwk),
    }
}

/// What a key is given out as.
pub(super) enum Exported<'js> {
    Bytes(Zeroizing<Vec<u8>>),
    Jwk(Value<'js>),
}

pub(super) fn export<'js>(ctx: &Ctx<'js>, format: Format, key: &Key) -> Result<Exported<'js>> {
    // If the name member of the [[algorithm]] internal slot of key does not identify a registered
    // algorithm that supports the export key operation, then throw a NotSupportedError.
    if key.algorithm.is_derivation() {
        let text = format!("Keys for {} cannot be exported", key.algorithm.as_str());
        return Err(throw_dom(ctx, "NotSupportedError", &text));
    }
    // If the [[extractable]] internal slot of key is false, then throw an InvalidAccessError.
    if !key.is_extractable {
        return Err(invalid_access(ctx, "The key is not extractable"));
    }
    match key.details {
        Details::Pair(curve) => pair_keys::export(ctx, format, key, curve),
        _ => secret_keys::export(ctx, format, key),
    }
}
