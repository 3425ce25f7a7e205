//! Algorithms and what scripts say of them.
//!
//! <https://w3c.github.io/webcrypto/#algorithm-normalization>

use holm_js::webidl::convert::{self, Integer};
use holm_js::{Ctx, ErrorKind, Object, Result, Value, throw, throw_dom};

use super::data::bytes_of;
use super::key::Key;
use crate::crypto::hash::Hash;

/// Algorithms that have keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    AesCbc,
    AesCtr,
    AesGcm,
    AesKw,
    Ecdh,
    Ecdsa,
    Ed25519,
    Hkdf,
    Hmac,
    Pbkdf2,
    X25519,
}

/// The hash functions of the specification, with the names that JSON Web Keys have for their HMACs.
const HASHES: [(&str, &str, &str); 4] = [
    ("SHA-1", "sha1", "HS1"),
    ("SHA-256", "sha256", "HS256"),
    ("SHA-384", "sha384", "HS384"),
    ("SHA-512", "sha512", "HS512"),
];

/// Those that Holm does not have, because no crate of theirs is released.
const NOT_HERE: &str = "RSA";

impl Name {
    const ALL: [Self; 11] = [
        Self::AesCbc,
        Self::AesCtr,
        Self::AesGcm,
        Self::AesKw,
        Self::Ecdh,
        Self::Ecdsa,
        Self::Ed25519,
        Self::Hkdf,
        Self::Hmac,
        Self::Pbkdf2,
        Self::X25519,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::AesCbc => "AES-CBC",
            Self::AesCtr => "AES-CTR",
            Self::AesGcm => "AES-GCM",
            Self::AesKw => "AES-KW",
            Self::Ecdh => "ECDH",
            Self::Ecdsa => "ECDSA",
            Self::Ed25519 => "Ed25519",
            Self::Hkdf => "HKDF",
            Self::Hmac => "HMAC",
            Self::Pbkdf2 => "PBKDF2",
            Self::X25519 => "X25519",
        }
    }

    pub(crate) fn is_aes(self) -> bool {
        matches!(self, Self::AesCbc | Self::AesCtr | Self::AesGcm | Self::AesKw)
    }

    /// Whether keys are out of passwords or other secrets, and never given out.
    pub(super) fn is_derivation(self) -> bool {
        matches!(self, Self::Hkdf | Self::Pbkdf2)
    }
}

/// What an algorithm is wanted for.
///
/// <https://w3c.github.io/webcrypto/#algorithm-normalization-internal>
#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    Encrypt,
    Decrypt,
    Sign,
    Verify,
    GenerateKey,
    DeriveBits,
    ImportKey,
    KeyLength,
    WrapKey,
    UnwrapKey,
}

/// The dictionaries that the members of algorithms are read as.
#[derive(Clone, Copy)]
enum Dictionary {
    Empty,
    AesCbcParams,
    AesCtrParams,
    AesGcmParams,
    AesKeyParams,
    EcdhParams,
    EcdsaParams,
    EcKeyParams,
    HkdfParams,
    HmacParams,
    Pbkdf2Params,
}

/// What these dictionaries held.
#[derive(Debug)]
pub(super) enum Params {
    Empty,
    Cbc { iv: Vec<u8> },
    Ctr { counter: Vec<u8>, bits: u32 },
    Gcm { iv: Vec<u8>, more: Option<Vec<u8>>, tag_bits: Option<u32> },
    Length { bits: u32 },
    Public { key: Key },
    Hash { hash: Hash },
    Curve { name: String },
    Hkdf { hash: Hash, info: Vec<u8>, salt: Vec<u8> },
    Hmac { hash: Hash, bits: Option<u32> },
    Pbkdf2 { hash: Hash, iterations: u32, salt: Vec<u8> },
}

/// A normalized algorithm.
#[derive(Debug)]
pub(super) struct Algorithm {
    pub(super) name: Name,
    pub(super) params: Params,
}

impl Algorithm {
    /// <https://w3c.github.io/webcrypto/#dfn-normalize-an-algorithm>
    pub(super) fn from_js<'js>(
        ctx: &Ctx<'js>,
        value: &Value<'js>,
        operation: Operation,
    ) -> Result<Self> {
        Self::for_any(ctx, value, &[operation])
    }

    /// The same, for the first of these operations that the algorithm has.
    pub(super) fn for_any<'js>(
        ctx: &Ctx<'js>,
        value: &Value<'js>,
        operations: &[Operation],
    ) -> Result<Self> {
        let given = Given::from_js(ctx, value)?;
        // If registeredAlgorithms contains a key that is a case-insensitive string match for
        // algName: set algName to the value of the matching key, and let desiredType be the IDL
        // dictionary type stored at algName. Otherwise: return a new NotSupportedError.
        let found = Name::ALL.into_iter().find(|name| given.is(name.as_str()));
        let dictionary = found.and_then(|name| {
            operations.iter().find_map(|operation| Some((name, dictionary(*operation, name)?)))
        });
        let Some((name, dictionary)) = dictionary else {
            let what_for = operations.first().map_or("", |operation| operation.purpose());
            return Err(given.not_supported(ctx, what_for));
        };
        let source = Source { ctx, name, params: given.params };
        Ok(Self { name, params: source.read(dictionary)? })
    }
}

impl Operation {
    fn purpose(self) -> &'static str {
        match self {
            Self::Encrypt => "to encrypt",
            Self::Decrypt => "to decrypt",
            Self::Sign => "to sign",
            Self::Verify => "to verify",
            Self::GenerateKey => "to generate keys",
            Self::DeriveBits => "to derive bits",
            Self::ImportKey | Self::KeyLength => "for keys",
            Self::WrapKey => "to wrap keys",
            Self::UnwrapKey => "to unwrap keys",
        }
    }
}

/// The tables at the head of each algorithm's chapter. `None` where it lacks the operation.
fn dictionary(operation: Operation, name: Name) -> Option<Dictionary> {
    use {Dictionary as D, Name as N, Operation as O};
    Some(match (name, operation) {
        (N::AesCbc, O::Encrypt | O::Decrypt) => D::AesCbcParams,
        (N::AesCtr, O::Encrypt | O::Decrypt) => D::AesCtrParams,
        (N::AesGcm, O::Encrypt | O::Decrypt) => D::AesGcmParams,
        (N::AesKw, O::WrapKey | O::UnwrapKey) => D::Empty,
        (name, O::GenerateKey | O::KeyLength) if name.is_aes() => D::AesKeyParams,
        (name, O::ImportKey) if name.is_aes() => D::Empty,
        (N::Ecdsa, O::Sign | O::Verify) => D::EcdsaParams,
        (N::Ecdh, O::DeriveBits) | (N::X25519, O::DeriveBits) => D::EcdhParams,
        (N::Ecdh | N::Ecdsa, O::GenerateKey | O::ImportKey) => D::EcKeyParams,
        (N::Ed25519, O::Sign | O::Verify) => D::Empty,
        (N::Ed25519 | N::X25519, O::GenerateKey | O::ImportKey) => D::Empty,
        (N::Hkdf, O::DeriveBits) => D::HkdfParams,
        (N::Pbkdf2, O::DeriveBits) => D::Pbkdf2Params,
        (N::Hkdf | N::Pbkdf2, O::ImportKey | O::KeyLength) => D::Empty,
        (N::Hmac, O::Sign | O::Verify) => D::Empty,
        (N::Hmac, O::GenerateKey | O::ImportKey | O::KeyLength) => D::HmacParams,
        _ => return None,
    })
}

/// An `AlgorithmIdentifier`: a name, and the object that it came with.
struct Given<'js> {
    name: String,
    params: Option<Object<'js>>,
}

impl<'js> Given<'js> {
    fn from_js(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Self> {
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

    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn not_supported(&self, ctx: &Ctx<'js>, what_for: &str) -> holm_js::Error {
        let why = match self.name.get(..NOT_HERE.len()) {
            Some(start) if start.eq_ignore_ascii_case(NOT_HERE) => {
                ": Holm has no RSA. hint: use ECDSA or Ed25519"
            }
            _ => "",
        };
        let text = format!("The algorithm {:?} is not supported {what_for}{why}", self.name);
        throw_dom(ctx, "NotSupportedError", &text)
    }
}

/// The hash function that a value names.
pub(super) fn hash_of<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Hash> {
    let given = Given::from_js(ctx, value)?;
    let found = HASHES.iter().find(|(name, ..)| given.is(name));
    match found.and_then(|(_, plain, _)| Hash::named(plain)) {
        Some(hash) => Ok(hash),
        None => Err(given.not_supported(ctx, "as a hash function")),
    }
}

/// What the members of an algorithm are read from.
struct Source<'a, 'js> {
    ctx: &'a Ctx<'js>,
    name: Name,
    params: Option<Object<'js>>,
}

impl<'js> Source<'_, 'js> {
    /// Members are read in the order of their names.
    fn read(&self, dictionary: Dictionary) -> Result<Params> {
        Ok(match dictionary {
            Dictionary::Empty => Params::Empty,
            Dictionary::AesCbcParams => Params::Cbc { iv: self.bytes("iv")? },
            Dictionary::AesCtrParams => Params::Ctr {
                counter: self.bytes("counter")?,
                bits: self.number(&self.required("length")?, "length")?,
            },
            Dictionary::AesGcmParams => {
                let more = self.member("additionalData")?;
                let more = more.map(|value| bytes_of(self.ctx, &value, "additionalData"));
                Params::Gcm {
                    more: more.transpose()?,
                    iv: self.bytes("iv")?,
                    tag_bits: self.optional_number("tagLength")?,
                }
            }
            Dictionary::AesKeyParams => {
                Params::Length { bits: self.number(&self.required("length")?, "length")? }
            }
            Dictionary::EcdhParams => {
                let public = self.required("public")?;
                Params::Public { key: Key::of(self.ctx, &public, "the algorithm's 'public'")? }
            }
            Dictionary::EcdsaParams => Params::Hash { hash: self.hash(&self.required("hash")?)? },
            Dictionary::EcKeyParams => {
                let name = self.required("namedCurve")?;
                Params::Curve { name: convert::string(self.ctx, &name)? }
            }
            Dictionary::HkdfParams => {
                let hash = self.required("hash")?;
                let (info, salt) = (self.bytes("info")?, self.bytes("salt")?);
                Params::Hkdf { hash: self.hash(&hash)?, info, salt }
            }
            Dictionary::HmacParams => {
                let hash = self.required("hash")?;
                let bits = self.optional_number("length")?;
                Params::Hmac { hash: self.hash(&hash)?, bits }
            }
            Dictionary::Pbkdf2Params => {
                let hash = self.required("hash")?;
                let iterations = self.number(&self.required("iterations")?, "iterations")?;
                let salt = self.bytes("salt")?;
                Params::Pbkdf2 { hash: self.hash(&hash)?, iterations, salt }
            }
        })
    }

    /// A member, if it is there.
    fn member(&self, key: &str) -> Result<Option<Value<'js>>> {
        self.params.as_ref().map_or(Ok(None), |params| convert::member(params, key))
    }

    fn required(&self, key: &str) -> Result<Value<'js>> {
        self.member(key)?.ok_or_else(|| {
            let text =
                format!("the member '{key}' of an algorithm {} is missing", self.name.as_str());
            throw(self.ctx, ErrorKind::Type, &text)
        })
    }

    fn bytes(&self, key: &str) -> Result<Vec<u8>> {
        bytes_of(self.ctx, &self.required(key)?, key)
    }

    /// `[EnforceRange] unsigned long`
    fn number(&self, value: &Value<'js>, key: &str) -> Result<u32> {
        convert::unsigned_long(self.ctx, value, Integer::EnforceRange, key)
    }

    fn optional_number(&self, key: &str) -> Result<Option<u32>> {
        self.member(key)?.map(|value| self.number(&value, key)).transpose()
    }

    /// A member of the type HashAlgorithmIdentifier, which is an algorithm of its own.
    fn hash(&self, value: &Value<'js>) -> Result<Hash> {
        hash_of(self.ctx, value)
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
