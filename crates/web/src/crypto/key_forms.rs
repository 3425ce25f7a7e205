//! Keys of pairs as ASN.1: `SubjectPublicKeyInfo`, `PrivateKeyInfo`, `ECPrivateKey`.
//!
//! <https://www.rfc-editor.org/rfc/rfc5480>, <https://www.rfc-editor.org/rfc/rfc5958>,
//! <https://www.rfc-editor.org/rfc/rfc5915>, <https://www.rfc-editor.org/rfc/rfc8410>

use p256::elliptic_curve::zeroize::Zeroizing;
use p256::pkcs8::der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use p256::pkcs8::der::{Decode, Encode, SliceReader, Tag, Tagged};
use p256::pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use p256::pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use sec1::{EcParameters, EcPrivateKey};

use super::curves::Curve;

/// id-ecPublicKey
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// The fields of a certificate before its key, without that of the version.
const BEFORE_KEY: usize = 5;

/// One half of a pair of keys.
#[derive(Clone, Debug)]
pub struct Half {
    pub curve: Curve,
    pub is_private: bool,
    pub bytes: Zeroizing<Vec<u8>>,
}

impl Half {
    /// A public key. `None` if the bytes are none.
    pub fn public(curve: Curve, bytes: &[u8]) -> Option<Self> {
        let bytes = Zeroizing::new(curve.read_public(bytes)?);
        Some(Self { curve, is_private: false, bytes })
    }

    /// A private key. `None` if the bytes are none.
    pub fn private(curve: Curve, bytes: &[u8]) -> Option<Self> {
        let bytes = Zeroizing::new(curve.is_private(bytes).then(|| bytes.to_vec())?);
        Some(Self { curve, is_private: true, bytes })
    }

    /// The public half.
    pub fn to_public(&self) -> Option<Self> {
        if !self.is_private {
            return Some(self.clone());
        }
        let bytes = Zeroizing::new(self.curve.public_of(&self.bytes)?);
        Some(Self { curve: self.curve, is_private: false, bytes })
    }

    /// Out of a `SubjectPublicKeyInfo`.
    pub fn from_spki(bytes: &[u8]) -> Option<Self> {
        let info = SubjectPublicKeyInfoRef::from_der(bytes).ok()?;
        let curve = curve_of(&info.algorithm)?;
        Self::public(curve, info.subject_public_key.as_bytes()?)
    }

    /// Out of a certificate, <https://www.rfc-editor.org/rfc/rfc5280#section-4.1>. Nothing else of
    /// it is looked at.
    pub fn from_certificate(bytes: &[u8]) -> Option<Self> {
        // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }
        let tbs = AnyRef::decode(&mut inside(AnyRef::from_der(bytes).ok()?)?).ok()?;
        // TBSCertificate ::= SEQUENCE { version [0] DEFAULT v1, serialNumber, signature, issuer,
        // validity, subject, subjectPublicKeyInfo, … }
        let mut fields = inside(tbs)?;
        let is_version = Tag::peek(&fields).ok()?.is_context_specific();
        for _ in 0..BEFORE_KEY + usize::from(is_version) {
            AnyRef::decode(&mut fields).ok()?;
        }
        Self::from_spki(&AnyRef::decode(&mut fields).ok()?.to_der().ok()?)
    }

    /// Out of a `PrivateKeyInfo`.
    pub fn from_pkcs8(bytes: &[u8]) -> Option<Self> {
        let info = PrivateKeyInfoRef::from_der(bytes).ok()?;
        let curve = curve_of(&info.algorithm)?;
        if !curve.is_weierstrass() {
            let inner = <&OctetStringRef>::from_der(info.private_key.as_bytes()).ok()?;
            return Self::private(curve, inner.as_bytes());
        }
        let inner = EcPrivateKey::from_der(info.private_key.as_bytes()).ok()?;
        // If the parameters field of ecPrivateKey is present and does not contain the same object
        // identifier as the parameters field of privateKeyAlgorithm, then throw a DataError.
        if inner.parameters.is_some_and(|parameters| parameters.named_curve() != Some(curve.oid()))
        {
            return None;
        }
        Self::from_ec(curve, &inner)
    }

    /// Out of an `ECPrivateKey` that names its curve.
    pub fn from_sec1(bytes: &[u8]) -> Option<Self> {
        let inner = EcPrivateKey::from_der(bytes).ok()?;
        let curve = Curve::of_oid(inner.parameters?.named_curve()?)?;
        Self::from_ec(curve.is_weierstrass().then_some(curve)?, &inner)
    }

    fn from_ec(curve: Curve, inner: &EcPrivateKey<'_>) -> Option<Self> {
        // Some programs left zeros out, some put one in front.
        let significant = inner.private_key.iter().position(|byte| *byte != 0)?;
        let number = &inner.private_key[significant..];
        let zeros = curve.private_bytes().checked_sub(number.len())?;
        let bytes = Zeroizing::new([&vec![0; zeros], number].concat());
        let half = Self::private(curve, &bytes)?;
        // If the public key is there too, it has to be that of the private one.
        match inner.public_key.map(|public| curve.read_public(public)) {
            Some(public) if public != curve.public_of(&half.bytes) => None,
            _ => Some(half),
        }
    }

    /// As `SubjectPublicKeyInfo`, that of the public half. `compressed`: with one coordinate.
    pub fn to_spki(&self, compressed: bool) -> Option<Vec<u8>> {
        let public = self.to_public()?;
        let point = match compressed {
            true => self.curve.compressed(&public.bytes)?,
            false => public.bytes.to_vec(),
        };
        let oid = self.curve.oid();
        let info = SubjectPublicKeyInfoRef {
            algorithm: identifier(&oid, self.curve.is_weierstrass()),
            subject_public_key: BitStringRef::from_bytes(&point).ok()?,
        };
        info.to_der().ok()
    }

    /// As `PrivateKeyInfo`. `None` for a public key.
    pub fn to_pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        let inner = match self.curve.is_weierstrass() {
            // The curve is named outside.
            true => self.ec_private(false)?,
            false if self.is_private => {
                Zeroizing::new(OctetStringRef::new(&self.bytes).ok()?.to_der().ok()?)
            }
            false => return None,
        };
        let inner = OctetStringRef::new(&inner).ok()?;
        let oid = self.curve.oid();
        let algorithm = identifier(&oid, self.curve.is_weierstrass());
        let info = PrivateKeyInfoRef::new(algorithm, inner);
        Some(Zeroizing::new(info.to_der().ok()?))
    }

    /// As `ECPrivateKey`. `None` for a public key, and on Curve25519.
    pub fn to_sec1(&self) -> Option<Zeroizing<Vec<u8>>> {
        self.curve.is_weierstrass().then(|| self.ec_private(true))?
    }

    fn ec_private(&self, names_curve: bool) -> Option<Zeroizing<Vec<u8>>> {
        let public = self.is_private.then(|| self.curve.public_of(&self.bytes))??;
        let key = EcPrivateKey {
            private_key: &self.bytes,
            parameters: names_curve.then(|| EcParameters::NamedCurve(self.curve.oid())),
            public_key: Some(&public),
        };
        Some(Zeroizing::new(key.to_der().ok()?))
    }
}

/// With the curve's identifier in it where it has parameters.
fn identifier(curve: &ObjectIdentifier, is_weierstrass: bool) -> AlgorithmIdentifierRef<'_> {
    match is_weierstrass {
        true => AlgorithmIdentifierRef { oid: EC, parameters: Some(AnyRef::from(curve)) },
        false => AlgorithmIdentifierRef { oid: *curve, parameters: None },
    }
}

fn curve_of(algorithm: &AlgorithmIdentifierRef<'_>) -> Option<Curve> {
    // If the algorithm's object identifier is not id-ecPublicKey, or its parameters are absent or no
    // namedCurve, then throw a DataError. On Curve25519: if the parameters are present, likewise.
    match (algorithm.oid == EC, algorithm.parameters) {
        (true, Some(parameters)) => {
            let oid = parameters.decode_as::<ObjectIdentifier>().ok()?;
            Curve::of_oid(oid).filter(|curve| curve.is_weierstrass())
        }
        (false, None) => Curve::of_oid(algorithm.oid).filter(|curve| !curve.is_weierstrass()),
        _ => None,
    }
}

/// What a sequence consists of.
pub(super) fn inside(sequence: AnyRef<'_>) -> Option<SliceReader<'_>> {
    SliceReader::new((sequence.tag() == Tag::Sequence).then(|| sequence.value())?).ok()
}
