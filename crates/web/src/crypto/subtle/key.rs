//! `CryptoKey`, <https://w3c.github.io/webcrypto/#cryptokey-interface>.

use bytes::Bytes;
use holm_js::webidl::{Definition, Interface, convert, new_object};
use holm_js::{
    Array, Ctx, Error, ErrorKind, HeldCell, HostObject, Object, Result, Tracer, Value, host_ref,
    throw,
};
use p256::elliptic_curve::zeroize::Zeroizing;

use super::algorithm::{Name, hash_name};
use super::data::invalid_access;
use crate::crypto::curves::Curve;
use crate::crypto::hash::Hash;
use crate::crypto::key_forms::Half;
use crate::structured_clone::platform::{Parcel, PlatformKind};
use crate::weight::Weight;

/// What a key may be used for, in the specification's order.
pub(super) const USAGES: [&str; 8] =
    ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"];

/// A set of usages: bit by bit as in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usages(u8);

impl Usages {
    /// `sequence<KeyUsage>`
    pub(super) fn from_js<'js>(ctx: &Ctx<'js>, value: &Value<'js>, what: &str) -> Result<Self> {
        let mut usages = Self(0);
        for element in convert::sequence(ctx, value, what)? {
            let name = convert::string(ctx, &element)?;
            match Self::named(&name) {
                Some(usage) => usages.0 |= usage.0,
                None => {
                    let text = format!("{what}: {name:?} is not a KeyUsage");
                    return Err(throw(ctx, ErrorKind::Type, &text));
                }
            }
        }
        Ok(usages)
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        USAGES.iter().position(|usage| *usage == name).map(|place| Self(1 << place))
    }

    /// Those with these names.
    pub(super) fn all_of(names: &[&str]) -> Self {
        Self(names.iter().filter_map(|name| Self::named(name)).fold(0, |all, one| all | one.0))
    }

    /// Those that keys of an algorithm may have, by their type.
    pub(super) fn of(algorithm: Name, key_type: KeyType) -> Self {
        use KeyType::{Private, Public};
        Self::all_of(match (algorithm, key_type) {
            (Name::AesCbc | Name::AesCtr | Name::AesGcm, _) => {
                &["encrypt", "decrypt", "wrapKey", "unwrapKey"]
            }
            (Name::AesKw, _) => &["wrapKey", "unwrapKey"],
            (Name::Hmac, _) => &["sign", "verify"],
            (Name::Ecdsa | Name::Ed25519, Private) => &["sign"],
            (Name::Ecdsa | Name::Ed25519, _) => &["verify"],
            (Name::Ecdh | Name::X25519, Public) => &[],
            (Name::Ecdh | Name::X25519, _) | (Name::Hkdf | Name::Pbkdf2, _) => {
                &["deriveKey", "deriveBits"]
            }
        })
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        USAGES
            .into_iter()
            .enumerate()
            .filter(move |(place, _)| self.0 >> place & 1 == 1)
            .map(|(_, name)| name)
    }

    pub(super) fn to_array<'js>(self, ctx: &Ctx<'js>) -> Result<Array<'js>> {
        let array = Array::new(ctx.clone())?;
        for (index, name) in self.names().enumerate() {
            array.set(index, name)?;
        }
        Ok(array)
    }
}

/// `KeyType`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    Secret,
    Public,
    Private,
}

/// What an algorithm says of its keys beside its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Details {
    None,
    Aes,
    Hmac(Hash),
    /// Of a pair; named in the key's algorithm where that has several.
    Pair(Curve),
}

/// The slots of a key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(super) algorithm: Name,
    pub(super) details: Details,
    pub(super) key_type: KeyType,
    pub(super) is_extractable: bool,
    pub(super) usages: Usages,
    /// How long the key is, which of HMAC's need not be whole bytes.
    pub(super) len_bits: u32,
    /// Of a pair: as `crate::crypto::curves` has them.
    pub(super) bytes: Bytes,
}

/// What a key is, its slots apart, to whom wants to make another of it.
#[derive(Debug)]
pub enum Material {
    Secret(Bytes),
    Half(Half),
}

/// Bytes that count as the realm's, and are nowhere any more when nobody has them.
pub(super) fn secret(ctx: &Ctx<'_>, bytes: Zeroizing<Vec<u8>>) -> Result<Bytes> {
    let weight = Weight::new(ctx, bytes.len())?;
    Ok(Bytes::from_owner(Secret { bytes, _weight: weight }))
}

struct Secret {
    bytes: Zeroizing<Vec<u8>>,
    _weight: Weight,
}

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Key {
    pub(super) fn into_object<'js>(self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let inside =
            CryptoKey { key: self, algorithm: HeldCell::default(), usages: HeldCell::default() };
        new_object(ctx, inside)
    }

    /// The key as half of a pair.
    pub(super) fn half(&self) -> Option<Half> {
        let (Details::Pair(curve), is_private) = (self.details, self.key_type == KeyType::Private)
        else {
            return None;
        };
        Some(Half { curve, is_private, bytes: Zeroizing::new(self.bytes.to_vec()) })
    }

    /// The key that an argument is.
    pub(super) fn of<'js>(ctx: &Ctx<'js>, value: &Value<'js>, what: &str) -> Result<Self> {
        match host_ref::<CryptoKey>(value) {
            Some(inside) => Ok(inside.key.clone()),
            None => {
                let text = format!("{what} is not a CryptoKey");
                Err(throw(ctx, ErrorKind::Type, &text))
            }
        }
    }

    /// "If the name member of normalizedAlgorithm is not equal to the name attribute of the
    /// [[algorithm]] internal slot of key then throw an InvalidAccessError. If the [[usages]]
    /// internal slot of key does not contain an entry that is …, then throw an InvalidAccessError."
    pub(super) fn check(&self, ctx: &Ctx<'_>, algorithm: Name, usage: &str) -> Result<()> {
        if self.algorithm != algorithm {
            let (own, wanted) = (self.algorithm.as_str(), algorithm.as_str());
            return Err(invalid_access(
                ctx,
                &format!("The key is one for {own}, not for {wanted}"),
            ));
        }
        self.check_usage(ctx, usage)
    }

    pub(super) fn check_usage(&self, ctx: &Ctx<'_>, usage: &str) -> Result<()> {
        if Usages::named(usage).is_some_and(|usage| usage.is_within(self.usages)) {
            return Ok(());
        }
        let text = format!("The key's usages do not have {usage:?}");
        Err(invalid_access(ctx, &text))
    }
}

/// The inside of a `CryptoKey`.
pub(crate) struct CryptoKey {
    key: Key,
    /// "The cached ECMAScript object associated with the internal slot."
    algorithm: HeldCell,
    usages: HeldCell,
}

impl HostObject for CryptoKey {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.algorithm.trace(tracer);
        self.usages.trace(tracer);
    }
}

impl Interface for CryptoKey {
    const NAME: &'static str = "CryptoKey";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .attribute("type", |this, call| {
                call.returns(match this.key.key_type {
                    KeyType::Secret => "secret",
                    KeyType::Public => "public",
                    KeyType::Private => "private",
                })
            })?
            .attribute("extractable", |this, call| call.returns(this.key.is_extractable))?
            .attribute("algorithm", |this, call| {
                cached(call.ctx(), &this.algorithm, || this.algorithm_object(call.ctx()))
            })?
            .attribute("usages", |this, call| {
                let usages = || Ok(this.key.usages.to_array(call.ctx())?.into_value());
                cached(call.ctx(), &this.usages, usages)
            })?;
        Ok(())
    }
}

fn cached<'js>(
    ctx: &Ctx<'js>,
    cell: &HeldCell,
    make: impl FnOnce() -> Result<Value<'js>>,
) -> Result<Value<'js>> {
    if let Some(made) = cell.get(ctx)? {
        return Ok(made);
    }
    let made = make()?;
    cell.set(Some(&made));
    Ok(made)
}

impl CryptoKey {
    fn algorithm_object<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let (object, key) = (Object::new(ctx.clone())?, &self.key);
        object.set("name", key.algorithm.as_str())?;
        match key.details {
            Details::Aes => object.set("length", f64::from(key.len_bits))?,
            Details::Hmac(hash) => {
                object.set("length", f64::from(key.len_bits))?;
                let inner = Object::new(ctx.clone())?;
                inner.set("name", hash_name(hash))?;
                object.set("hash", inner)?;
            }
            Details::Pair(curve) if curve.is_weierstrass() => {
                object.set("namedCurve", curve.name())?;
            }
            Details::Pair(_) | Details::None => {}
        }
        Ok(object.into_value())
    }
}

/// What a `CryptoKey` holds, and whether it may be given out. `None` for any other value.
pub fn material(value: &Value<'_>) -> Option<(Material, bool)> {
    let inside = host_ref::<CryptoKey>(value)?;
    let material = match inside.key.half() {
        Some(half) => Material::Half(half),
        None => Material::Secret(inside.key.bytes.clone()),
    };
    Some((material, inside.key.is_extractable))
}

/// Keys may be cloned.
///
/// <https://w3c.github.io/webcrypto/#cryptokey-interface-clone>
pub(crate) struct KeyKind;

impl PlatformKind for KeyKind {
    fn is(&self, object: &Value<'_>) -> bool {
        host_ref::<CryptoKey>(object).is_some()
    }

    fn serialize<'js>(&self, _: &Ctx<'js>, object: &Object<'js>) -> Result<Parcel> {
        match host_ref::<CryptoKey>(object.as_value()) {
            Some(inside) => Ok(Box::new(inside.key.clone())),
            None => Err(Error::Unknown),
        }
    }

    fn receive<'js>(&self, ctx: &Ctx<'js>, parcel: Parcel) -> Result<Object<'js>> {
        parcel.downcast::<Key>().map_err(|_| Error::Unknown)?.into_object(ctx)
    }
}
