//! Keys made, taken in and given out.

use holm_host::host;
use holm_js::reflect::Kind;
use holm_js::webidl::convert;
use holm_js::{Call, Ctx, ErrorKind, Object, Result, Value, throw, throw_dom};

use super::algorithm::{Algorithm, Given, Name, jwk_name};
use super::data::{array_buffer, bytes_of, data_error, invalid_access, operation_error};
use super::key::{Key, Usages};
use crate::base64::{self, Alphabet};
use crate::crypto::hash::Hash;
use crate::weight::weighed;

/// The lengths of AES keys, in bits.
const AES_BITS: [u32; 3] = [128, 192, 256];

/// The longest key that is made for HMAC.
const MAX_HMAC_BITS: u32 = 1 << 27;

/// `KeyFormat`, as far as secret keys have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Raw,
    Jwk,
}

impl Format {
    pub(super) fn from_js<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Self> {
        match convert::string(ctx, value)?.as_str() {
            "raw" => Ok(Self::Raw),
            "jwk" => Ok(Self::Jwk),
            // Of the algorithms that there are, none has keys in these.
            other @ ("pkcs8" | "spki") => {
                let text = format!("The format {other:?} is not supported for secret keys");
                Err(throw_dom(ctx, "NotSupportedError", &text))
            }
            other => {
                let text = format!("{other:?} is not a KeyFormat");
                Err(throw(ctx, ErrorKind::Type, &text))
            }
        }
    }
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-importKey>
pub(super) fn import_key<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let format = Format::from_js(ctx, &call.value(0))?;
    let given = Given::from_js(ctx, &call.value(2))?;
    let is_extractable = convert::boolean(&call.value(3));
    let usages = Usages::from_js(ctx, &call.value(4), "SubtleCrypto.importKey: keyUsages")?;
    let algorithm = given.keyed(ctx, "for keys", |_| true)?;
    let key = import(ctx, format, &call.value(1), &algorithm, is_extractable, usages)?;
    Ok(key.into_object(ctx)?.into_value())
}

/// The import key operations of the algorithms.
pub(super) fn import<'js>(
    ctx: &Ctx<'js>,
    format: Format,
    data: &Value<'js>,
    algorithm: &Algorithm<'js>,
    is_extractable: bool,
    usages: Usages,
) -> Result<Key> {
    let name = algorithm.name;
    // If usages contains a value which is not one of …, then throw a SyntaxError.
    check_usages(ctx, name, usages)?;
    let hash = if name == Name::Hmac { Some(algorithm.hash(ctx)?) } else { None };
    let bytes = match format {
        Format::Raw => bytes_of(ctx, data, "keyData")?,
        Format::Jwk => {
            let jwk = JsonWebKey::from_js(ctx, data)?;
            let kind = match hash {
                Some(hash) => jwk_name(hash).to_owned(),
                None => aes_jwk_name(name, jwk.secret(ctx)?.len()),
            };
            jwk.checked(ctx, &kind, name, is_extractable, usages)?
        }
    };
    let mut len_bits =
        u32::try_from(bytes.len() * 8).map_err(|_| data_error(ctx, "The key is too long"))?;
    match name {
        Name::Hmac => {
            // If length is zero then throw a DataError. If the length member is present: greater
            // than length, or not above length minus eight, is a DataError.
            let wanted = algorithm.optional_number(ctx, "length")?.unwrap_or(len_bits);
            if len_bits == 0 || wanted > len_bits || wanted <= len_bits - 8 {
                return Err(data_error(ctx, "The key is not as long as it should be"));
            }
            len_bits = wanted;
        }
        Name::AesCbc | Name::AesCtr | Name::AesGcm if !AES_BITS.contains(&len_bits) => {
            return Err(data_error(ctx, "A key for AES has 128, 192 or 256 bits"));
        }
        // If extractable is not false, then throw a SyntaxError.
        Name::Hkdf | Name::Pbkdf2 if is_extractable => {
            let text = format!("A key for {} cannot be extractable", name.as_str());
            return Err(throw_dom(ctx, "SyntaxError", &text));
        }
        Name::Hkdf | Name::Pbkdf2 if format != Format::Raw => {
            let text = format!("A key for {} can only be imported as \"raw\"", name.as_str());
            return Err(throw_dom(ctx, "NotSupportedError", &text));
        }
        _ => {}
    }
    // If the [[type]] internal slot of result is "secret" and usages is empty, then throw a
    // SyntaxError.
    not_empty(ctx, usages)?;
    let bytes = weighed(ctx, bytes)?;
    Ok(Key { algorithm: name, hash, len_bits, is_extractable, usages, bytes })
}

fn check_usages(ctx: &Ctx<'_>, name: Name, usages: Usages) -> Result<()> {
    if usages.is_within(Usages::of(name)) {
        return Ok(());
    }
    let fit: Vec<_> = Usages::of(name).names().collect();
    let text = format!("The usages of a key for {} are {}", name.as_str(), fit.join(", "));
    Err(throw_dom(ctx, "SyntaxError", &text))
}

fn not_empty(ctx: &Ctx<'_>, usages: Usages) -> Result<()> {
    if usages.is_empty() {
        return Err(throw_dom(ctx, "SyntaxError", "A key needs at least one usage"));
    }
    Ok(())
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-generateKey>
pub(super) fn generate_key<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let given = Given::from_js(ctx, &call.value(0))?;
    let is_extractable = convert::boolean(&call.value(1));
    let usages = Usages::from_js(ctx, &call.value(2), "SubtleCrypto.generateKey: keyUsages")?;
    let algorithm =
        given.keyed(ctx, "to generate keys", |name| name == Name::Hmac || name.is_aes())?;
    let name = algorithm.name;
    let (hash, len_bits) = key_shape(ctx, &algorithm)?;
    check_usages(ctx, name, usages)?;
    let mut bytes = vec![0; len_bits.div_ceil(8) as usize];
    host(ctx).random.fill(&mut bytes).map_err(|error| {
        operation_error(ctx, &format!("the system gives no random numbers: {error}"))
    })?;
    not_empty(ctx, usages)?;
    let bytes = weighed(ctx, bytes)?;
    let key = Key { algorithm: name, hash, len_bits, is_extractable, usages, bytes };
    Ok(key.into_object(ctx)?.into_value())
}

/// The hash function of a new key, and its length in bits.
pub(super) fn key_shape<'js>(
    ctx: &Ctx<'js>,
    algorithm: &Algorithm<'js>,
) -> Result<(Option<Hash>, u32)> {
    if algorithm.name.is_aes() {
        // If the length member is not equal to one of 128, 192 or 256, then throw an
        // OperationError.
        let len_bits = algorithm.number(ctx, "length")?;
        if !AES_BITS.contains(&len_bits) {
            return Err(operation_error(ctx, "A key for AES has 128, 192 or 256 bits"));
        }
        return Ok((None, len_bits));
    }
    let hash = algorithm.hash(ctx)?;
    // If the length member is not present: let length be the block size in bits of the hash
    // function. Otherwise, if it is zero: throw an OperationError.
    let usual = u32::try_from(hash.block_bytes() * 8).unwrap_or(u32::MAX);
    let len_bits = algorithm.optional_number(ctx, "length")?.unwrap_or(usual);
    if !(1..=MAX_HMAC_BITS).contains(&len_bits) {
        let text = format!("A key for HMAC has between 1 and {MAX_HMAC_BITS} bits");
        return Err(operation_error(ctx, &text));
    }
    Ok((Some(hash), len_bits))
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-exportKey>
pub(super) fn export_key<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let format = Format::from_js(ctx, &call.value(0))?;
    let key = Key::of(ctx, &call.value(1), "SubtleCrypto.exportKey: key")?;
    export(ctx, format, &key)
}

pub(super) fn export<'js>(ctx: &Ctx<'js>, format: Format, key: &Key) -> Result<Value<'js>> {
    // If the name member of the [[algorithm]] internal slot of key does not identify a registered
    // algorithm that supports the export key operation, then throw a NotSupportedError.
    if matches!(key.algorithm, Name::Hkdf | Name::Pbkdf2) {
        let text = format!("Keys for {} cannot be exported", key.algorithm.as_str());
        return Err(throw_dom(ctx, "NotSupportedError", &text));
    }
    // If the [[extractable]] internal slot of key is false, then throw an InvalidAccessError.
    if !key.is_extractable {
        return Err(invalid_access(ctx, "The key is not extractable"));
    }
    if format == Format::Raw {
        return array_buffer(ctx, &key.bytes);
    }
    let jwk = Object::new(ctx.clone())?;
    let kind = match key.hash {
        Some(hash) => jwk_name(hash).to_owned(),
        None => aes_jwk_name(key.algorithm, key.bytes.len()),
    };
    // Members of dictionaries are set in the order of their names.
    jwk.set("alg", kind)?;
    jwk.set("ext", key.is_extractable)?;
    jwk.set("k", base64::encode(&key.bytes, Alphabet::Url))?;
    jwk.set("key_ops", key.usages.to_array(ctx)?)?;
    jwk.set("kty", "oct")?;
    Ok(jwk.into_value())
}

fn aes_jwk_name(name: Name, len_bytes: usize) -> String {
    format!("A{}{}", len_bytes * 8, name.as_str().trim_start_matches("AES-"))
}

/// `JsonWebKey`, of a secret key.
struct JsonWebKey<'js>(Object<'js>);

impl<'js> JsonWebKey<'js> {
    fn from_js(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Self> {
        use Kind::{ArrayBuffer, DataView, SharedArrayBuffer, TypedArray};
        match value.as_object().map(|object| (object, Kind::of(object))) {
            Some((object, kind))
                if !matches!(kind, ArrayBuffer | SharedArrayBuffer | TypedArray(_) | DataView) =>
            {
                Ok(Self(object.clone()))
            }
            _ => Err(throw(ctx, ErrorKind::Type, "keyData is not a JSON Web Key")),
        }
    }

    fn text(&self, ctx: &Ctx<'js>, key: &str) -> Result<Option<String>> {
        convert::member(&self.0, key)?.map(|value| convert::string(ctx, &value)).transpose()
    }

    /// The bytes of the member `k`.
    fn secret(&self, ctx: &Ctx<'js>) -> Result<Vec<u8>> {
        let no_key = || data_error(ctx, "The JSON Web Key's member 'k' is not base64url");
        let text = self.text(ctx, "k")?.ok_or_else(no_key)?;
        let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !text.bytes().all(is_digit) {
            return Err(no_key());
        }
        let standard = text.replace('-', "+").replace('_', "/");
        data_url::forgiving_base64::decode_to_vec(standard.as_bytes()).map_err(|_| no_key())
    }

    /// Its bytes, if everything else of it fits.
    fn checked(
        &self,
        ctx: &Ctx<'js>,
        kind: &str,
        name: Name,
        is_extractable: bool,
        usages: Usages,
    ) -> Result<Vec<u8>> {
        let refuse = |member: &str| {
            Err(data_error(ctx, &format!("The JSON Web Key's member '{member}' does not fit")))
        };
        // If the kty field of jwk is not "oct", then throw a DataError.
        if self.text(ctx, "kty")?.as_deref() != Some("oct") {
            return refuse("kty");
        }
        let bytes = self.secret(ctx)?;
        if self.text(ctx, "alg")?.is_some_and(|given| given != kind) {
            return refuse("alg");
        }
        // If usages is non-empty and the use field of jwk is present and is not "enc" or "sig",
        // then throw a DataError.
        let wanted = if name == Name::Hmac { "sig" } else { "enc" };
        if !usages.is_empty() && self.text(ctx, "use")?.is_some_and(|given| given != wanted) {
            return refuse("use");
        }
        // If the key_ops field of jwk is present, and does not contain all of the specified usages
        // values, then throw a DataError.
        if let Some(given) = convert::member(&self.0, "key_ops")? {
            let mut operations = Vec::new();
            for element in convert::sequence(ctx, &given, "key_ops")? {
                operations.push(convert::string(ctx, &element)?);
            }
            if !usages.names().all(|usage| operations.iter().any(|given| given == usage)) {
                return refuse("key_ops");
            }
        }
        // If the ext field of jwk is present and has the value false and extractable is true, then
        // throw a DataError.
        let ext = convert::member(&self.0, "ext")?;
        if ext.is_some_and(|ext| !convert::boolean(&ext)) && is_extractable {
            return refuse("ext");
        }
        Ok(bytes)
    }
}

/// A key out of bits that were derived.
pub(super) fn from_bits<'js>(
    ctx: &Ctx<'js>,
    bytes: Vec<u8>,
    shape: (Name, Option<Hash>, u32),
    is_extractable: bool,
    usages: Usages,
) -> Result<Value<'js>> {
    let (algorithm, hash, len_bits) = shape;
    check_usages(ctx, algorithm, usages)?;
    not_empty(ctx, usages)?;
    let bytes = weighed(ctx, bytes)?;
    let key = Key { algorithm, hash, len_bits, is_extractable, usages, bytes };
    Ok(key.into_object(ctx)?.into_value())
}
