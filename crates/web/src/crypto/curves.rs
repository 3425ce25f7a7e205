//! Elliptic curves: pairs of keys, signatures, secrets that two agree on.
//!
//! `crypto.subtle` and `node:crypto` share them. Each is one row of a table. A private key is its
//! bytes, as JSON Web Keys have them in `d`; a public one is the uncompressed point, or, on
//! Curve25519, the bytes of `x`.

use ecdsa::DigestAlgorithm;
use ecdsa::hazmat::sign_prehashed_rfc6979;
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::pkcs8::ObjectIdentifier;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

/// What is drawn as a private key is one nearly always. A source of random numbers that gives the
/// same ones for ever must not make this last for ever.
const MAX_DRAWS: usize = 128;

/// Both keys on Curve25519, and the secrets there.
const EDWARDS_BYTES: usize = 32;

const UNCOMPRESSED: u8 = 4;

/// A curve, with what is done on it.
#[derive(Clone, Copy, Debug)]
pub struct Curve(&'static Row);

/// Signing and verifying. What is signed is a hash where the curve does not say itself how to make
/// it. Signatures are of two numbers of the same length.
#[derive(Debug)]
struct Signing {
    hashes_itself: bool,
    sign: fn(private: &[u8], data: &[u8]) -> Option<Vec<u8>>,
    verify: fn(public: &[u8], data: &[u8], signature: &[u8]) -> bool,
    /// Between signatures that are two numbers and those that are ASN.1.
    to_der: fn(signature: &[u8]) -> Option<Vec<u8>>,
    from_der: fn(signature: &[u8]) -> Option<Vec<u8>>,
}

/// The secret that a private and a public key come to.
type Agree = fn(private: &[u8], public: &[u8]) -> Option<Vec<u8>>;

#[derive(Debug)]
struct Row {
    /// In JSON Web Keys and the Web Cryptography API.
    name: &'static str,
    /// OpenSSL's.
    openssl_name: &'static str,
    oid: ObjectIdentifier,
    private_bytes: usize,
    /// How many bits of a private key's first byte count.
    first_byte_bits: u32,
    /// Whether so many bytes are a private key.
    is_private: fn(private: &[u8]) -> bool,
    public_of: fn(private: &[u8]) -> Option<Vec<u8>>,
    /// From any of its forms.
    read_public: fn(public: &[u8]) -> Option<Vec<u8>>,
    compressed: fn(public: &[u8]) -> Option<Vec<u8>>,
    signing: Option<Signing>,
    agree: Option<Agree>,
}

/// A curve in Weierstrass' form, by a crate of its own: they share no trait that is all of this.
macro_rules! weierstrass {
    ($crate_name:ident, $curve:ident, $name:literal, $openssl_name:literal, $oid:literal, $bits:literal) => {
        Row {
            name: $name,
            openssl_name: $openssl_name,
            oid: ObjectIdentifier::new_unwrap($oid),
            private_bytes: usize::div_ceil($bits, 8),
            first_byte_bits: ($bits - 1) % 8 + 1,
            is_private: |private| $crate_name::SecretKey::from_slice(private).is_ok(),
            public_of: |private| {
                let public = $crate_name::SecretKey::from_slice(private).ok()?.public_key();
                Some(public.to_sec1_point(false).as_bytes().to_vec())
            },
            read_public: |public| {
                // Neither the point at infinity nor one without its sign is a key.
                if !matches!(public.first(), Some(2..=4)) {
                    return None;
                }
                let public = $crate_name::PublicKey::from_sec1_bytes(public).ok()?;
                Some(public.to_sec1_point(false).as_bytes().to_vec())
            },
            compressed: |public| {
                let public = $crate_name::PublicKey::from_sec1_bytes(public).ok()?;
                Some(public.to_sec1_point(true).as_bytes().to_vec())
            },
            signing: Some(Signing {
                hashes_itself: false,
                // As RFC 6979 has it: nothing random that could fail.
                sign: |private, hash| {
                    use $crate_name::$curve;
                    let key = $crate_name::SecretKey::from_slice(private).ok()?;
                    let (signature, _) = sign_prehashed_rfc6979::<
                        $curve,
                        <$curve as DigestAlgorithm>::Digest,
                    >(&key.to_nonzero_scalar(), hash, &[]);
                    Some(signature.to_bytes().to_vec())
                },
                verify: |public, hash, signature| {
                    use $crate_name::ecdsa::signature::hazmat::PrehashVerifier;
                    use $crate_name::ecdsa::{Signature, VerifyingKey};
                    let key = VerifyingKey::from_sec1_bytes(public);
                    let parts = key.and_then(|key| Ok((key, Signature::from_slice(signature)?)));
                    parts.is_ok_and(|(key, signature)| key.verify_prehash(hash, &signature).is_ok())
                },
                to_der: |signature| {
                    let signature = $crate_name::ecdsa::Signature::from_slice(signature).ok()?;
                    Some(signature.to_der().as_bytes().to_vec())
                },
                from_der: |signature| {
                    let signature = $crate_name::ecdsa::Signature::from_der(signature).ok()?;
                    Some(signature.to_bytes().to_vec())
                },
            }),
            agree: Some(|private, public| {
                let private = $crate_name::SecretKey::from_slice(private).ok()?;
                let public = $crate_name::PublicKey::from_sec1_bytes(public).ok()?;
                let secret = private.diffie_hellman(&public);
                Some(secret.raw_secret_bytes().to_vec())
            }),
        }
    };
}

static ROWS: [Row; 5] = [
    weierstrass!(p256, NistP256, "P-256", "prime256v1", "1.2.840.10045.3.1.7", 256),
    weierstrass!(p384, NistP384, "P-384", "secp384r1", "1.3.132.0.34", 384),
    weierstrass!(p521, NistP521, "P-521", "secp521r1", "1.3.132.0.35", 521),
    Row {
        name: "Ed25519",
        openssl_name: "ed25519",
        oid: ObjectIdentifier::new_unwrap("1.3.101.112"),
        private_bytes: EDWARDS_BYTES,
        first_byte_bits: u8::BITS,
        is_private: |_| true,
        public_of: |private| {
            Some(SigningKey::try_from(private).ok()?.verifying_key().to_bytes().to_vec())
        },
        // One that is no point is found when it is used, as the specification has it.
        read_public: |public| (public.len() == EDWARDS_BYTES).then(|| public.to_vec()),
        compressed: |public| Some(public.to_vec()),
        signing: Some(Signing {
            hashes_itself: true,
            sign: |private, data| {
                use ed25519_dalek::Signer;
                Some(SigningKey::try_from(private).ok()?.sign(data).to_bytes().to_vec())
            },
            // "If the key data of key represents an invalid point or a small-order element, return
            // false. If the point R … represents an invalid point or a small-order element, return
            // false." And the equation without a cofactor.
            verify: |public, data, signature| {
                let key = VerifyingKey::try_from(public);
                let parts = key.and_then(|key| Ok((key, Signature::from_slice(signature)?)));
                parts.is_ok_and(|(key, signature)| key.verify_strict(data, &signature).is_ok())
            },
            to_der: |signature| Some(signature.to_vec()),
            from_der: |signature| Some(signature.to_vec()),
        }),
        agree: None,
    },
    Row {
        name: "X25519",
        openssl_name: "x25519",
        oid: ObjectIdentifier::new_unwrap("1.3.101.110"),
        private_bytes: EDWARDS_BYTES,
        first_byte_bits: u8::BITS,
        is_private: |_| true,
        public_of: |private| {
            Some(x25519(private.try_into().ok()?, X25519_BASEPOINT_BYTES).to_vec())
        },
        read_public: |public| (public.len() == EDWARDS_BYTES).then(|| public.to_vec()),
        compressed: |public| Some(public.to_vec()),
        signing: None,
        // "If secret is the all-zero value, then throw an OperationError. This check must be
        // performed in constant-time, as per RFC7748 Section 6.1."
        agree: Some(|private, public| {
            let secret = x25519(private.try_into().ok()?, public.try_into().ok()?);
            (!super::same_bytes(&secret, &[0; EDWARDS_BYTES])).then(|| secret.to_vec())
        }),
    },
];

impl PartialEq for Curve {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Curve {}

impl Curve {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(Self)
    }

    /// The one that JSON Web Keys call so.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|curve| curve.name() == name)
    }

    pub(super) fn of_oid(oid: ObjectIdentifier) -> Option<Self> {
        Self::all().find(|curve| curve.0.oid == oid)
    }

    pub(super) fn oid(self) -> ObjectIdentifier {
        self.0.oid
    }

    /// How JSON Web Keys call it.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// How OpenSSL calls it.
    pub fn openssl_name(self) -> &'static str {
        self.0.openssl_name
    }

    /// Whether keys have two coordinates, and an algorithm is named beside the curve.
    pub fn is_weierstrass(self) -> bool {
        self.0.signing.is_some() && self.0.agree.is_some()
    }

    /// How many bytes a private key has, and each coordinate of a public one.
    pub fn private_bytes(self) -> usize {
        self.0.private_bytes
    }

    /// Whether what is signed is hashed by the curve's own rules.
    pub fn hashes_itself(self) -> bool {
        self.0.signing.as_ref().is_some_and(|signing| signing.hashes_itself)
    }

    /// Whether there are signatures.
    pub fn signs(self) -> bool {
        self.0.signing.is_some()
    }

    /// Whether two can agree on a secret.
    pub fn agrees(self) -> bool {
        self.0.agree.is_some()
    }

    /// A new private key out of what `fill` draws. `None` if that never gives one.
    pub fn generate<E>(
        self,
        mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<Option<Vec<u8>>, E> {
        let mut private = vec![0; self.0.private_bytes];
        for _ in 0..MAX_DRAWS {
            fill(&mut private)?;
            private[0] &= u8::MAX >> (u8::BITS - self.0.first_byte_bits);
            if self.is_private(&private) {
                return Ok(Some(private));
            }
        }
        Ok(None)
    }

    /// Whether that is a private key.
    pub fn is_private(self, private: &[u8]) -> bool {
        // The crates take shorter ones.
        private.len() == self.0.private_bytes && (self.0.is_private)(private)
    }

    /// The public key of a private one; `None` if that is none.
    pub fn public_of(self, private: &[u8]) -> Option<Vec<u8>> {
        self.is_private(private).then(|| (self.0.public_of)(private))?
    }

    /// A public key in the form that keys have here, out of any form. `None` if it is none.
    pub fn read_public(self, public: &[u8]) -> Option<Vec<u8>> {
        (self.0.read_public)(public)
    }

    /// The shortest form of a public key.
    pub fn compressed(self, public: &[u8]) -> Option<Vec<u8>> {
        (self.0.compressed)(public)
    }

    /// The coordinates of a public key; the second one where there are two.
    pub fn coordinates(self, public: &[u8]) -> (&[u8], Option<&[u8]>) {
        match public.split_first() {
            Some((&UNCOMPRESSED, point)) if self.is_weierstrass() => {
                let (x, y) = point.split_at(point.len() / 2);
                (x, Some(y))
            }
            _ => (public, None),
        }
    }

    /// The public key with these coordinates. `None` if there is none.
    pub fn public_at(self, x: &[u8], y: Option<&[u8]>) -> Option<Vec<u8>> {
        match y {
            Some(y) if self.is_weierstrass() => {
                let has_length = |number: &[u8]| number.len() == self.0.private_bytes;
                (has_length(x) && has_length(y))
                    .then(|| self.read_public(&[&[UNCOMPRESSED], x, y].concat()))?
            }
            None if !self.is_weierstrass() => self.read_public(x),
            _ => None,
        }
    }

    /// A signature. `None` if there are none on this curve, or the key is none.
    pub fn sign(self, private: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        (self.0.signing.as_ref()?.sign)(private, data)
    }

    /// Whether a signature is right.
    pub fn verify(self, public: &[u8], data: &[u8], signature: &[u8]) -> bool {
        let verify = self.0.signing.as_ref().map(|signing| signing.verify);
        verify.is_some_and(|verify| verify(public, data, signature))
    }

    /// A signature as ASN.1.
    pub fn signature_to_der(self, signature: &[u8]) -> Option<Vec<u8>> {
        (self.0.signing.as_ref()?.to_der)(signature)
    }

    /// A signature that is ASN.1 as two numbers.
    pub fn signature_from_der(self, signature: &[u8]) -> Option<Vec<u8>> {
        (self.0.signing.as_ref()?.from_der)(signature)
    }

    /// The secret that the owners of two pairs share. `None` if there is none.
    pub fn agree(self, private: &[u8], public: &[u8]) -> Option<Vec<u8>> {
        (self.0.agree?)(private, public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        let pair = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        digits.map(|digits| pair(digits).expect("digits")).collect()
    }

    /// <https://www.rfc-editor.org/rfc/rfc6979#appendix-A.2.5>
    #[test]
    fn signatures_are_those_of_the_rfc() {
        let curve = Curve::named("P-256").expect("a curve");
        let private = bytes("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721");
        let hash = crate::crypto::hash::Hash::named("sha256").expect("a hash").of(b"sample");
        let signature = curve.sign(&private, &hash).expect("a signature");
        let listed = "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716\
                      F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";
        assert_eq!(signature, bytes(listed));
        let public = curve.public_of(&private).expect("a key");
        assert!(curve.verify(&public, &hash, &signature));
        assert!(!curve.verify(&public, &hash[1..], &signature));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for curve in Curve::all() {
            let len_bytes = curve.private_bytes();
            assert!(!curve.is_private(&vec![1; len_bytes - 1]), "{curve:?}");
            assert!(!curve.is_private(&vec![1; len_bytes + 1]), "{curve:?}");
            assert_eq!(curve.read_public(&[]), None, "{curve:?}");
            if curve.is_weierstrass() {
                assert!(!curve.is_private(&vec![0; len_bytes]), "zero on {curve:?}");
                assert!(!curve.is_private(&vec![255; len_bytes]), "above the order of {curve:?}");
                assert_eq!(curve.read_public(&[0]), None, "infinity on {curve:?}");
            }
        }
    }

    #[test]
    fn random_numbers_that_repeat_end_in_none() {
        let curve = Curve::named("P-384").expect("a curve");
        let drawn = curve.generate(|bytes| {
            bytes.fill(0);
            Ok::<_, ()>(())
        });
        assert_eq!(drawn, Ok(None));
    }
}
