//! `EncryptedPrivateKeyInfo`: private keys behind a password, by PBES2 with PBKDF2 and AES-CBC.
//!
//! <https://www.rfc-editor.org/rfc/rfc8018#section-6.2>

use p256::elliptic_curve::zeroize::Zeroizing;
use p256::pkcs8::ObjectIdentifier;
use p256::pkcs8::der::asn1::{AnyRef, OctetStringRef};
use p256::pkcs8::der::{Decode, Encode, Reader, Tag};
use p256::pkcs8::spki::AlgorithmIdentifierRef;

use super::aes::BLOCK_BYTES;
use super::ciphering::{Ciphering, Direction, Mode};
use super::hash::{Hash, Pbkdf2, Wanted};
use super::key_forms::inside;

const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");

const HMACS: [(ObjectIdentifier, &str); 5] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.7"), "sha1"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.8"), "sha224"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.9"), "sha256"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.10"), "sha384"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.11"), "sha512"),
];

const CIPHERS: [(ObjectIdentifier, &str, usize); 3] = [
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.2"), "aes-128-cbc", 16),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.22"), "aes-192-cbc", 24),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42"), "aes-256-cbc", 32),
];

/// As OpenSSL has it.
const ROUNDS: u32 = 2048;
const SALT_BYTES: usize = 16;
const WRITTEN_HMAC: (ObjectIdentifier, &str) = HMACS[2];

/// How many random bytes [`encrypt`] needs.
pub const RANDOM_BYTES: usize = SALT_BYTES + BLOCK_BYTES;

/// What came of a password.
#[derive(Debug)]
pub enum Decrypted {
    Key(Zeroizing<Vec<u8>>),
    /// The password is another one, or the work was not wanted any more.
    Refused,
    /// That is not such a key, or one that is encrypted otherwise.
    Unknown,
}

/// What a key is encrypted with.
struct Scheme<'a> {
    hash: Hash,
    salt: &'a [u8],
    rounds: u32,
    key_bytes: usize,
    iv: [u8; BLOCK_BYTES],
}

impl Scheme<'_> {
    fn start(
        &self,
        direction: Direction,
        password: &[u8],
        wanted: Wanted<'_>,
    ) -> Option<Ciphering> {
        let mut key = Zeroizing::new(vec![0; self.key_bytes]);
        let given = Pbkdf2 { password, salt: self.salt, iterations: self.rounds };
        self.hash.pbkdf2(&given, &mut key, wanted)?;
        Ciphering::new(Mode::Cbc, direction, &key, &self.iv)
    }
}

/// The `PrivateKeyInfo` inside.
pub fn decrypt(encrypted: &[u8], password: &[u8], wanted: Wanted<'_>) -> Decrypted {
    let Some((scheme, data)) = read(encrypted) else { return Decrypted::Unknown };
    let cipher = scheme.start(Direction::Decrypt, password, wanted);
    match cipher.and_then(|cipher| cipher.whole(data, None).ok()) {
        Some(key) => Decrypted::Key(Zeroizing::new(key)),
        None => Decrypted::Refused,
    }
}

fn read(encrypted: &[u8]) -> Option<(Scheme<'_>, &[u8])> {
    // EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm, encryptedData OCTET STRING }
    let mut whole = inside(AnyRef::from_der(encrypted).ok()?)?;
    let algorithm = AlgorithmIdentifierRef::decode(&mut whole).ok()?;
    let data = <&OctetStringRef>::decode(&mut whole).ok()?.as_bytes();
    // PBES2-params ::= SEQUENCE { keyDerivationFunc, encryptionScheme }
    let mut params = inside(algorithm.parameters.filter(|_| algorithm.oid == PBES2)?)?;
    let derivation = AlgorithmIdentifierRef::decode(&mut params).ok()?;
    let cipher = AlgorithmIdentifierRef::decode(&mut params).ok()?;
    let (.., key_bytes) = CIPHERS.into_iter().find(|(oid, ..)| *oid == cipher.oid)?;
    let iv = cipher.parameters?.decode_as::<&OctetStringRef>().ok()?.as_bytes();
    // PBKDF2-params ::= SEQUENCE { salt, iterationCount, keyLength OPTIONAL, prf DEFAULT
    // hmacWithSHA1 }
    let mut params = inside(derivation.parameters.filter(|_| derivation.oid == PBKDF2)?)?;
    let salt = <&OctetStringRef>::decode(&mut params).ok()?.as_bytes();
    let rounds = u32::decode(&mut params).ok()?;
    if !params.is_finished() && Tag::peek(&params).ok()? == Tag::Integer {
        let given = u32::decode(&mut params).ok()?;
        (given as usize == key_bytes).then_some(())?;
    }
    let hmac = match params.is_finished() {
        true => HMACS[0].0,
        false => AlgorithmIdentifierRef::decode(&mut params).ok()?.oid,
    };
    let (_, hash) = HMACS.into_iter().find(|(oid, _)| *oid == hmac)?;
    let (hash, iv) = (Hash::named(hash)?, iv.try_into().ok()?);
    Some((Scheme { hash, salt, rounds, key_bytes, iv }, data))
}

/// Encrypts a `PrivateKeyInfo`. `None` for a cipher that there is not.
pub fn encrypt(
    key: &[u8],
    password: &[u8],
    cipher: &str,
    random: &[u8; RANDOM_BYTES],
) -> Option<Vec<u8>> {
    let (cipher, _, key_bytes) = CIPHERS.into_iter().find(|(_, name, _)| *name == cipher)?;
    let (salt, iv) = random.split_at(SALT_BYTES);
    let hash = Hash::named(WRITTEN_HMAC.1)?;
    let scheme = Scheme { hash, salt, rounds: ROUNDS, key_bytes, iv: iv.try_into().ok()? };
    let running = scheme.start(Direction::Encrypt, password, &mut || true)?;
    let data = running.whole(key, None).ok()?;
    let octets = |bytes: &[u8]| OctetStringRef::new(bytes).ok()?.to_der().ok();
    let hmac = sequence(&[WRITTEN_HMAC.0.to_der().ok()?, AnyRef::NULL.to_der().ok()?])?;
    let derivation = sequence(&[octets(salt)?, ROUNDS.to_der().ok()?, hmac])?;
    let derivation = sequence(&[PBKDF2.to_der().ok()?, derivation])?;
    let cipher = sequence(&[cipher.to_der().ok()?, octets(iv)?])?;
    let algorithm = sequence(&[PBES2.to_der().ok()?, sequence(&[derivation, cipher])?])?;
    sequence(&[algorithm, octets(&data)?])
}

fn sequence(parts: &[Vec<u8>]) -> Option<Vec<u8>> {
    AnyRef::new(Tag::Sequence, &parts.concat()).ok()?.to_der().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_can_be_decrypted() {
        for (_, cipher, _) in CIPHERS {
            let encrypted =
                encrypt(b"a key", b"word", cipher, &[7; RANDOM_BYTES]).expect("a cipher");
            match decrypt(&encrypted, b"word", &mut || true) {
                Decrypted::Key(key) => assert_eq!(&**key, b"a key"),
                other => panic!("{other:?}"),
            }
            // One padding in 256 is right by chance; not this one.
            assert!(matches!(decrypt(&encrypted, b"else", &mut || true), Decrypted::Refused));
            let cut = &encrypted[..encrypted.len() - 1];
            assert!(matches!(decrypt(cut, b"word", &mut || true), Decrypted::Unknown));
        }
        assert!(encrypt(b"", b"", "des", &[0; RANDOM_BYTES]).is_none());
    }
}
