//! Algorithms and what scripts say of them.
//!
//! <https://w3c.github.io/webcrypto/#algorithm-normalization>

use holm_js::webidl::convert::{self, Integer};
use holm_js::{Ctx, ErrorKind, Object, Result, Value, throw, throw_dom};

use super::data::bytes_of;
use crate::crypto::hash::Hash;

/// Algorithms that have keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    AesCbc,
    AesCtr,
    AesGcm,
    Hkdf,
    Hmac,
    Pbkdf2,
}

/// The hash functions of the specification, with the names that JSON Web Keys have for their HMACs.
const HASHES: [(&str, &str, &str); 4] = [
    ("SHA-1", "sha1", "HS1"),
    ("SHA-256", "sha256", "HS256"),
    ("SHA-384", "sha384", "HS384"),
    ("SHA-512", "sha512", "HS512"),
];

impl Name {
    const ALL: [Self; 6] =
        [Self::AesCbc, Self::AesCtr, Self::AesGcm, Self::Hkdf, Self::Hmac, Self::Pbkdf2];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::AesCbc => "AES-CBC",
            Self::AesCtr => "AES-CTR",
            Self::AesGcm => "AES-GCM",
            Self::Hkdf => "HKDF",
            Self::Hmac => "HMAC",
            Self::Pbkdf2 => "PBKDF2",
        }
    }

    pub(super) fn is_aes(self) -> bool {
        matches!(self, Self::AesCbc | Self::AesCtr | Self::AesGcm)
    }
}

/// An `AlgorithmIdentifier`: a name, and the object that it came with.
pub(super) struct Given<'js> {
    name: String,
    params: Option<Object<'js>>,
}

/// An algorithm that has keys, with what else the script says of it.
pub(super) struct Algorithm<'js> {
    pub(super) name: Name,
    params: Option<Object<'js>>,
}

impl<'js> Given<'js> {
    pub(super) fn from_js(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Self> {
        let Some(params) = value.clone().into_object() else {
            return Ok(Self { name: convert::string(ctx, value)?, params: None });
        };
        match convert::member(&params, "name")? {
            Some(name) => Ok(Self { name: convert::string(ctx, &name)?, params: Some(params) }),
            None => {
                let text = "the algorithm's member 'name' is missing";
                Err(throw(ctx, ErrorKind::Type, text))
            }
        }
    }

    /// The hash function that this is.
    pub(super) fn hash(&self, ctx: &Ctx<'js>) -> Result<Hash> {
        let found = HASHES.iter().find(|(name, ..)| name.eq_ignore_ascii_case(&self.name));
        match found.and_then(|(_, plain, _)| Hash::named(plain)) {
            Some(hash) => Ok(hash),
            None => Err(self.not_supported(ctx, "as a hash function")),
        }
    }

    /// The algorithm with keys that this is, if it is one of those that can do what is wanted.
    pub(super) fn keyed(
        self,
        ctx: &Ctx<'js>,
        what_for: &str,
        is_fit: impl Fn(Name) -> bool,
    ) -> Result<Algorithm<'js>> {
        let found =
            Name::ALL.into_iter().find(|name| name.as_str().eq_ignore_ascii_case(&self.name));
        match found.filter(|name| is_fit(*name)) {
            Some(name) => Ok(Algorithm { name, params: self.params }),
            None => Err(self.not_supported(ctx, what_for)),
        }
    }

    fn not_supported(&self, ctx: &Ctx<'js>, what_for: &str) -> holm_js::Error {
        let text = format!("The algorithm {:?} is not supported {what_for}", self.name);
        throw_dom(ctx, "NotSupportedError", &text)
    }
}

impl<'js> Algorithm<'js> {
    /// A member, if it is there.
    fn member(&self, key: &str) -> Result<Option<Value<'js>>> {
        self.params.as_ref().map_or(Ok(None), |params| convert::member(params, key))
    }

    fn required(&self, ctx: &Ctx<'js>, key: &str) -> Result<Value<'js>> {
        self.member(key)?.ok_or_else(|| {
            let text =
                format!("the member '{key}' of an algorithm {} is missing", self.name.as_str());
            throw(ctx, ErrorKind::Type, &text)
        })
    }

    pub(super) fn bytes(&self, ctx: &Ctx<'js>, key: &str) -> Result<Vec<u8>> {
        bytes_of(ctx, &self.required(ctx, key)?, key)
    }

    pub(super) fn optional_bytes(&self, ctx: &Ctx<'js>, key: &str) -> Result<Option<Vec<u8>>> {
        self.member(key)?.map(|value| bytes_of(ctx, &value, key)).transpose()
    }

    /// `[EnforceRange] unsigned long`
    pub(super) fn number(&self, ctx: &Ctx<'js>, key: &str) -> Result<u32> {
        convert::unsigned_long(ctx, &self.required(ctx, key)?, Integer::EnforceRange, key)
    }

    pub(super) fn optional_number(&self, ctx: &Ctx<'js>, key: &str) -> Result<Option<u32>> {
        self.member(key)?
            .map(|value| convert::unsigned_long(ctx, &value, Integer::EnforceRange, key))
            .transpose()
    }

    /// The member `hash`, which is an algorithm of its own.
    pub(super) fn hash(&self, ctx: &Ctx<'js>) -> Result<Hash> {
        Given::from_js(ctx, &self.required(ctx, "hash")?)?.hash(ctx)
    }
}

/// How the specification calls a hash function.
pub(super) fn hash_name(hash: Hash) -> &'static str {
    HASHES.iter().find(|(_, plain, _)| *plain == hash.name()).map_or("", |(name, ..)| name)
}

/// How a JSON Web Key calls the HMAC of a hash function.
pub(super) fn jwk_name(hash: Hash) -> &'static str {
    HASHES.iter().find(|(_, plain, _)| *plain == hash.name()).map_or("", |(.., name)| name)
}
