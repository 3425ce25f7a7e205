//! Keys of pairs: ECDSA, ECDH, Ed25519, X25519.
//!
//! <https://w3c.github.io/webcrypto/#ecdsa>, <https://w3c.github.io/webcrypto/#ed25519>

use holm_host::host;
use holm_js::{Ctx, Error, Object, Result, Value, throw_dom};
use p256::elliptic_curve::zeroize::Zeroizing;

use super::algorithm::{Algorithm, Name, Params};
use super::data::{data_error, operation_error};
use super::import_export::{Exported, Format, KeyData, Wanted, check_not_empty, check_usages};
use super::jwk::{self, Expected, JsonWebKey};
use super::key::{Details, Key, KeyType, Usages, secret};
use crate::base64::{self, Alphabet};
use crate::crypto::curves::Curve;
use crate::crypto::key_forms::Half;

/// The curve that an algorithm names, or is of.
fn curve(algorithm: &Algorithm) -> Option<Curve> {
    match &algorithm.params {
        Params::Curve { name } => Curve::named(name).filter(|curve| curve.is_weierstrass()),
        _ => Curve::named(algorithm.name.as_str()),
    }
}

/// The import key operations.
pub(super) fn import(
    ctx: &Ctx<'_>,
    format: Format,
    data: KeyData,
    algorithm: &Algorithm,
    wanted: Wanted,
) -> Result<Key> {
    let name = algorithm.name;
    let check = |key_type| check_usages(ctx, name, wanted.usages, Usages::of(name, key_type));
    let unreadable = || data_error(ctx, &format!("That is not a key for {}", name.as_str()));
    let half = match format {
        Format::Raw => {
            // If the namedCurve member of normalizedAlgorithm is not a named curve, then throw a
            // DataError.
            let curve = curve(algorithm).ok_or_else(|| unknown_curve(ctx, "DataError"))?;
            check(KeyType::Public)?;
            Half::public(curve, &data.bytes(ctx)?)
        }
        Format::Spki => {
            check(KeyType::Public)?;
            Half::from_spki(&data.bytes(ctx)?)
        }
        Format::Pkcs8 => {
            check(KeyType::Private)?;
            Half::from_pkcs8(&data.bytes(ctx)?)
        }
        Format::Jwk => {
            let jwk = data.jwk(ctx)?;
            // If the d field is present and usages contains a value which is not "sign", or if it
            // is not present and usages contains a value which is not "verify", then throw a
            // SyntaxError.
            check(if jwk.d.is_some() { KeyType::Private } else { KeyType::Public })?;
            Some(from_jwk(ctx, &jwk, algorithm, wanted)?)
        }
    };
    // If namedCurve is defined, and not equal to the namedCurve member of normalizedAlgorithm, throw
    // a DataError. If the public key value is not a valid point on the curve, throw a DataError.
    let half = half.filter(|half| curve(algorithm) == Some(half.curve)).ok_or_else(unreadable)?;
    made(ctx, name, half, wanted.is_extractable, wanted.usages)
}

fn from_jwk(
    ctx: &Ctx<'_>,
    key: &JsonWebKey,
    algorithm: &Algorithm,
    wanted: Wanted,
) -> Result<Half> {
    let is_okp = matches!(algorithm.name, Name::Ed25519 | Name::X25519);
    let signs = matches!(algorithm.name, Name::Ecdsa | Name::Ed25519);
    let Wanted { is_extractable, usages } = wanted;
    key.check(
        ctx,
        &Expected {
            kty: if is_okp { "OKP" } else { "EC" },
            use_: if signs { "sig" } else { "enc" },
            is_extractable,
            usages,
        },
    )?;
    // Let namedCurve be a string whose value is equal to the crv field of jwk. If namedCurve is not
    // equal to the namedCurve member of normalizedAlgorithm, throw a DataError.
    let curve = curve(algorithm).filter(|curve| key.crv.as_deref() == Some(curve.name()));
    let curve = curve.ok_or_else(|| jwk::unfit(ctx, "crv"))?;
    match algorithm.name {
        Name::Ecdsa => key.check_alg(ctx, &[ecdsa_alg(curve)])?,
        Name::Ed25519 => key.check_alg(ctx, &["EdDSA", "Ed25519"])?,
        _ => {}
    }
    // If jwk does not meet the requirements of section 6.2 of JSON Web Algorithms, then throw a
    // DataError.
    let x = jwk::decoded(ctx, "x", key.x.as_deref())?;
    let y = match is_okp {
        true => None,
        false => Some(jwk::decoded(ctx, "y", key.y.as_deref())?),
    };
    let y = y.as_ref().map(|y| y.as_slice());
    let public = curve.public_at(&x, y).ok_or_else(|| jwk::unfit(ctx, "x"))?;
    let Some(d) = &key.d else {
        return Half::public(curve, &public).ok_or_else(|| jwk::unfit(ctx, "x"));
    };
    let private = Half::private(curve, &jwk::decoded(ctx, "d", Some(d))?);
    let fits = |half: &Half| half.curve.public_of(&half.bytes).as_ref() == Some(&public);
    private.filter(fits).ok_or_else(|| jwk::unfit(ctx, "d"))
}

fn ecdsa_alg(curve: Curve) -> &'static str {
    match curve.name() {
        "P-256" => "ES256",
        "P-384" => "ES384",
        _ => "ES512",
    }
}

fn unknown_curve(ctx: &Ctx<'_>, error: &str) -> Error {
    throw_dom(ctx, error, "The member 'namedCurve' is not \"P-256\", \"P-384\" or \"P-521\"")
}

fn made(
    ctx: &Ctx<'_>,
    name: Name,
    half: Half,
    is_extractable: bool,
    usages: Usages,
) -> Result<Key> {
    Ok(Key {
        algorithm: name,
        details: Details::Pair(half.curve),
        key_type: if half.is_private { KeyType::Private } else { KeyType::Public },
        is_extractable,
        usages,
        len_bits: 0,
        bytes: secret(ctx, half.bytes)?,
    })
}

/// The generate key operations: a `CryptoKeyPair`.
pub(super) fn generate<'js>(
    ctx: &Ctx<'js>,
    algorithm: &Algorithm,
    wanted: Wanted,
) -> Result<Value<'js>> {
    let name = algorithm.name;
    let of = |key_type| Usages::of(name, key_type);
    check_usages(ctx, name, wanted.usages, of(KeyType::Private).or(of(KeyType::Public)))?;
    // If the namedCurve member of normalizedAlgorithm is … Otherwise, throw a NotSupportedError.
    let curve = curve(algorithm).ok_or_else(|| unknown_curve(ctx, "NotSupportedError"))?;
    let drawn = curve.generate(|bytes| host(ctx).random.fill(bytes));
    // If performing the key generation operation results in an error, then throw an OperationError.
    let failed = |why: &str| operation_error(ctx, &format!("No key could be generated: {why}"));
    let drawn = drawn.map_err(|error| failed(&error.to_string()))?.map(Zeroizing::new);
    let private = drawn.and_then(|bytes| Half::private(curve, &bytes));
    let private = private.ok_or_else(|| failed("the random numbers repeat"))?;
    let public = private.to_public().ok_or(Error::Unknown)?;
    let usages = wanted.usages.and(of(KeyType::Public));
    let public = made(ctx, name, public, true, usages)?;
    let usages = wanted.usages.and(of(KeyType::Private));
    let private = made(ctx, name, private, wanted.is_extractable, usages)?;
    // If the [[usages]] internal slot of the privateKey attribute of result is the empty sequence,
    // then throw a SyntaxError.
    check_not_empty(ctx, usages)?;
    let pair = Object::new(ctx.clone())?;
    pair.set("publicKey", public.into_object(ctx)?)?;
    pair.set("privateKey", private.into_object(ctx)?)?;
    Ok(pair.into_value())
}

/// The export key operations.
pub(super) fn export<'js>(
    ctx: &Ctx<'js>,
    format: Format,
    key: &Key,
    curve: Curve,
) -> Result<Exported<'js>> {
    let half = key.half().ok_or(Error::Unknown)?;
    // If the [[type]] internal slot of key is not "public", then throw an InvalidAccessError; for
    // "pkcs8", if it is not "private".
    if format != Format::Jwk && half.is_private != (format == Format::Pkcs8) {
        let text = "A private key is exported as \"pkcs8\" or \"jwk\", a public one otherwise";
        return Err(throw_dom(ctx, "InvalidAccessError", text));
    }
    let bytes = match format {
        Format::Raw => Some(half.bytes),
        Format::Spki => half.to_spki(false).map(Zeroizing::new),
        Format::Pkcs8 => half.to_pkcs8(),
        Format::Jwk => return Ok(Exported::Jwk(to_jwk(ctx, key, &half, curve)?)),
    };
    Ok(Exported::Bytes(bytes.ok_or(Error::Unknown)?))
}

fn to_jwk<'js>(ctx: &Ctx<'js>, key: &Key, half: &Half, curve: Curve) -> Result<Value<'js>> {
    let public = half.to_public().ok_or(Error::Unknown)?;
    let (x, y) = curve.coordinates(&public.bytes);
    let x = base64::encode(x, Alphabet::Url);
    let y = y.map(|y| base64::encode(y, Alphabet::Url));
    let d = half.is_private.then(|| Zeroizing::new(base64::encode(&half.bytes, Alphabet::Url)));
    let kty = if curve.is_weierstrass() { "EC" } else { "OKP" };
    let mut members = vec![("crv", curve.name()), ("kty", kty), ("x", &x)];
    members.extend(y.as_deref().map(|y| ("y", y)));
    members.extend(d.as_ref().map(|d| ("d", d.as_str())));
    if key.algorithm == Name::Ed25519 {
        members.push(("alg", "Ed25519"));
    }
    jwk::make(ctx, key, &members)
}
