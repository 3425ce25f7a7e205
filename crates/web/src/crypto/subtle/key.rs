//! `CryptoKey`, <https://w3c.github.io/webcrypto/#cryptokey-interface>.

use bytes::Bytes;
use holm_js::webidl::{Definition, Interface, convert, new_object};
use holm_js::{
    Array, Ctx, Error, ErrorKind, HeldCell, HostObject, Object, Result, Tracer, Value, host_ref,
    throw,
};

use super::algorithm::{Name, hash_name};
use super::data::invalid_access;
use crate::crypto::hash::Hash;
use crate::structured_clone::platform::{Parcel, PlatformKind};

/// What a key may be used for, in the specification's order.
pub(super) const USAGES: [&str; 8] =
    ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"];

/// A set of usages: bit by bit as in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usages(u8);

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

    /// Those that keys of an algorithm may have.
    pub(super) fn of(algorithm: Name) -> Self {
        let names: &[&str] = match algorithm {
            Name::AesCbc | Name::AesCtr | Name::AesGcm => {
                &["encrypt", "decrypt", "wrapKey", "unwrapKey"]
            }
            Name::Hmac => &["sign", "verify"],
            Name::Hkdf | Name::Pbkdf2 => &["deriveKey", "deriveBits"],
        };
        Self(names.iter().filter_map(|name| Self::named(name)).fold(0, |all, one| all | one.0))
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

/// The slots of a key; all keys so far are secret ones.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) algorithm: Name,
    /// Of a key for HMAC.
    pub(super) hash: Option<Hash>,
    /// How long the key is, which of HMAC's need not be whole bytes.
    pub(super) len_bits: u32,
    pub(super) is_extractable: bool,
    pub(super) usages: Usages,
    pub(super) bytes: Bytes,
}

impl Key {
    pub(super) fn into_object<'js>(self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let inside =
            CryptoKey { key: self, algorithm: HeldCell::default(), usages: HeldCell::default() };
        new_object(ctx, inside)
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
            .attribute("type", |_, call| call.returns("secret"))?
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
        if key.algorithm.is_aes() || key.hash.is_some() {
            object.set("length", f64::from(key.len_bits))?;
        }
        if let Some(hash) = key.hash {
            let inner = Object::new(ctx.clone())?;
            inner.set("name", hash_name(hash))?;
            object.set("hash", inner)?;
        }
        Ok(object.into_value())
    }
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
