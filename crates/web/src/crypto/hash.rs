//! Hash functions, and what is made of them: HMAC, PBKDF2, HKDF.
//!
//! `crypto.subtle` and `node:crypto` share them. Each is one row of a table.

use blake2::{Blake2b512, Blake2s256};
use digest::block_api::BlockSizeUser;
use digest::typenum::Unsigned;
use digest::{
    Digest, ExtendableOutput, FixedOutput, KeyInit, Output, OutputSizeUser, Update, XofReader,
};
use hkdf::hmac::{Hmac, SimpleHmac};
use hkdf::{GenericHkdf, HmacImpl};
use md5::Md5;
use ripemd::Ripemd160;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};
use shake::{Shake128, Shake256};

/// PBKDF2 asks once in so many rounds whether to go on: the engine passes on only one of 10 000 such
/// questions.
const ROUNDS_PER_QUESTION: u32 = 8;

/// A hash function.
#[derive(Clone, Copy, Debug)]
pub struct Hash(&'static Row);

/// What is fed with bytes, and gives some at the end: a hash or a MAC.
#[derive(Clone)]
pub struct Digesting(Box<dyn Absorb>);

/// Whether long work is still wanted.
pub type Wanted<'a> = &'a mut dyn FnMut() -> bool;

#[derive(Debug)]
struct Row {
    name: &'static str,
    /// How OpenSSL calls it too, in lower case.
    aliases: &'static [&'static str],
    len_bytes: usize,
    block_bytes: usize,
    /// `None` for the length: the usual one.
    start: fn(len_bytes: Option<usize>) -> Option<Digesting>,
    keyed: Option<Keyed>,
}

/// What needs a MAC.
#[derive(Debug)]
struct Keyed {
    start: fn(key: &[u8]) -> Option<Digesting>,
    pbkdf2: for<'a> fn(&Pbkdf2<'_>, out: &mut [u8], Wanted<'a>) -> bool,
    hkdf: fn(&Hkdf<'_>, out: &mut [u8]) -> bool,
}

/// What PBKDF2 works on.
#[derive(Debug)]
pub struct Pbkdf2<'a> {
    pub password: &'a [u8],
    pub salt: &'a [u8],
    pub iterations: u32,
}

/// What HKDF works on.
#[derive(Debug)]
pub struct Hkdf<'a> {
    pub secret: &'a [u8],
    pub salt: &'a [u8],
    pub info: &'a [u8],
}

static ROWS: &[Row] = &[
    row::<Md5, Hmac<Md5>>("md5", &["ssl3-md5"]),
    row::<Ripemd160, Hmac<Ripemd160>>("ripemd160", &["ripemd", "ripemd-160", "rmd160"]),
    row::<Sha1, Hmac<Sha1>>("sha1", &["sha-1", "ssl3-sha1"]),
    row::<Sha224, Hmac<Sha224>>("sha224", &["sha-224", "sha2-224"]),
    row::<Sha256, Hmac<Sha256>>("sha256", &["sha-256", "sha2-256"]),
    row::<Sha384, Hmac<Sha384>>("sha384", &["sha-384", "sha2-384"]),
    row::<Sha512, Hmac<Sha512>>("sha512", &["sha-512", "sha2-512"]),
    row::<Sha512_224, Hmac<Sha512_224>>(
        "sha512-224",
        &["sha-512/224", "sha2-512/224", "sha512/224"],
    ),
    row::<Sha512_256, Hmac<Sha512_256>>(
        "sha512-256",
        &["sha-512/256", "sha2-512/256", "sha512/256"],
    ),
    row::<Sha3_224, SimpleHmac<Sha3_224>>("sha3-224", &[]),
    row::<Sha3_256, SimpleHmac<Sha3_256>>("sha3-256", &[]),
    row::<Sha3_384, SimpleHmac<Sha3_384>>("sha3-384", &[]),
    row::<Sha3_512, SimpleHmac<Sha3_512>>("sha3-512", &[]),
    // As many bytes as OpenSSL gives when nothing is said.
    extendable::<Shake128, 16>("shake128", &["shake-128"], 168),
    extendable::<Shake256, 32>("shake256", &["shake-256"], 136),
    row::<Blake2b512, SimpleHmac<Blake2b512>>("blake2b512", &["blake2b-512"]),
    row::<Blake2s256, SimpleHmac<Blake2s256>>("blake2s256", &["blake2s-256"]),
];

impl PartialEq for Hash {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Hash {}

impl Hash {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(Self)
    }

    /// The one of that name, as OpenSSL writes names, in any case: `sha256`, `SHA-256`,
    /// `RSA-SHA256` …
    pub fn named(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let plain = lower.strip_prefix("rsa-").or(lower.strip_suffix("withrsaencryption"));
        let plain = plain.unwrap_or(&lower);
        Self::all().find(|hash| hash.0.name == plain || hash.0.aliases.contains(&plain))
    }

    /// The first of its names.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// All of its names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.0.name).chain(self.0.aliases.iter().copied())
    }

    /// How many bytes it gives.
    pub fn len_bytes(self) -> usize {
        self.0.len_bytes
    }

    /// How many bytes it takes at a time, which is the length of a key made for its HMAC.
    pub fn block_bytes(self) -> usize {
        self.0.block_bytes
    }

    /// Starts a hash of so many bytes. `None` if this function gives another number.
    pub fn start(self, len_bytes: Option<usize>) -> Option<Digesting> {
        (self.0.start)(len_bytes)
    }

    /// The hash of bytes.
    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self.start(None) {
            Some(mut running) => {
                running.update(bytes);
                running.finish()
            }
            // Every row gives its own length.
            None => Vec::new(),
        }
    }

    /// Starts an HMAC. `None` if there is none of this function.
    pub fn start_hmac(self, key: &[u8]) -> Option<Digesting> {
        (self.0.keyed.as_ref()?.start)(key)
    }

    /// PBKDF2, <https://www.rfc-editor.org/rfc/rfc8018#section-5.2>. `None` if there is no HMAC of
    /// this function, or the result was not wanted any more.
    pub fn pbkdf2(self, given: &Pbkdf2<'_>, out: &mut [u8], wanted: Wanted<'_>) -> Option<()> {
        (self.0.keyed.as_ref()?.pbkdf2)(given, out, wanted).then_some(())
    }

    /// HKDF, <https://www.rfc-editor.org/rfc/rfc5869>. `None` if there is no HMAC of this function,
    /// or more than 255 hashes are wanted.
    pub fn hkdf(self, given: &Hkdf<'_>, out: &mut [u8]) -> Option<()> {
        (self.0.keyed.as_ref()?.hkdf)(given, out).then_some(())
    }

    /// Whether there is an HMAC of this function.
    pub fn has_hmac(self) -> bool {
        self.0.keyed.is_some()
    }
}

impl std::fmt::Debug for Digesting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digesting { .. }")
    }
}

impl Digesting {
    /// Takes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.absorb(bytes);
    }

    /// Makes it give so many bytes. Whether it can.
    pub fn set_len(&mut self, len_bytes: usize) -> bool {
        self.0.set_len(len_bytes)
    }

    /// What it comes to.
    pub fn finish(self) -> Vec<u8> {
        self.0.finish()
    }
}

trait Absorb: Send {
    fn absorb(&mut self, bytes: &[u8]);
    fn set_len(&mut self, len_bytes: usize) -> bool;
    fn finish(self: Box<Self>) -> Vec<u8>;
    fn copy(&self) -> Box<dyn Absorb>;
}

impl Clone for Box<dyn Absorb> {
    fn clone(&self) -> Self {
        (**self).copy()
    }
}

/// One with a length of its own.
#[derive(Clone)]
struct Fixed<T>(T);

impl<T: Update + FixedOutput + Clone + Send + 'static> Absorb for Fixed<T> {
    fn absorb(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn set_len(&mut self, len_bytes: usize) -> bool {
        len_bytes == T::output_size()
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.0.finalize_fixed().to_vec()
    }

    fn copy(&self) -> Box<dyn Absorb> {
        Box::new(self.clone())
    }
}

/// One that gives as much as is wanted.
#[derive(Clone)]
struct Extendable<T> {
    function: T,
    len_bytes: usize,
}

impl<T: Update + ExtendableOutput + Clone + Send + 'static> Absorb for Extendable<T> {
    fn absorb(&mut self, bytes: &[u8]) {
        self.function.update(bytes);
    }

    fn set_len(&mut self, len_bytes: usize) -> bool {
        self.len_bytes = len_bytes;
        true
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        let mut out = vec![0; self.len_bytes];
        self.function.finalize_xof().read(&mut out);
        out
    }

    fn copy(&self) -> Box<dyn Absorb> {
        Box::new(self.clone())
    }
}

const fn row<D, M>(name: &'static str, aliases: &'static [&'static str]) -> Row
where
    D: Digest + BlockSizeUser + Update + FixedOutput + Clone + Send + 'static,
    M: HmacImpl + KeyInit + Update + FixedOutput + Clone + Send + 'static,
{
    Row {
        name,
        aliases,
        len_bytes: <D as OutputSizeUser>::OutputSize::USIZE,
        block_bytes: D::BlockSize::USIZE,
        start: |len_bytes| {
            let own = <D as OutputSizeUser>::OutputSize::USIZE;
            (len_bytes.unwrap_or(own) == own).then(|| Digesting(Box::new(Fixed(D::new()))))
        },
        keyed: Some(Keyed {
            start: |key| {
                Some(Digesting(Box::new(Fixed(<M as KeyInit>::new_from_slice(key).ok()?))))
            },
            pbkdf2: pbkdf2::<M>,
            hkdf: |given, out| {
                let extracted = GenericHkdf::<M>::new(Some(given.salt), given.secret);
                extracted.expand(given.info, out).is_ok()
            },
        }),
    }
}

const fn extendable<T, const LEN_BYTES: usize>(
    name: &'static str,
    aliases: &'static [&'static str],
    block_bytes: usize,
) -> Row
where
    T: Default + Update + ExtendableOutput + Clone + Send + 'static,
{
    Row {
        name,
        aliases,
        len_bytes: LEN_BYTES,
        block_bytes,
        start: |len_bytes| {
            let len_bytes = len_bytes.unwrap_or(LEN_BYTES);
            Some(Digesting(Box::new(Extendable { function: T::default(), len_bytes })))
        },
        keyed: None,
    }
}

/// Whether it came to the end. The crate of that name could not be stopped.
fn pbkdf2<M>(given: &Pbkdf2<'_>, out: &mut [u8], wanted: Wanted<'_>) -> bool
where
    M: KeyInit + Update + FixedOutput + Clone,
{
    let Ok(keyed) = <M as KeyInit>::new_from_slice(given.password) else { return false };
    let mut rounds = 0_u32;
    let mut round = |mac: M| -> Option<Output<M>> {
        rounds = rounds.wrapping_add(1);
        if rounds.is_multiple_of(ROUNDS_PER_QUESTION) && !wanted() {
            return None;
        }
        Some(mac.finalize_fixed())
    };
    for (number, block) in (1_u32..).zip(out.chunks_mut(M::OutputSize::USIZE)) {
        // U_1 = PRF (P, S || INT (i))
        let first = keyed.clone().chain(given.salt).chain(number.to_be_bytes());
        let Some(mut last) = round(first) else { return false };
        let mut sum = last.clone();
        for _ in 1..given.iterations {
            // U_c = PRF (P, U_{c-1}); T_i = U_1 \xor U_2 \xor ... \xor U_c
            let Some(next) = round(keyed.clone().chain(&last)) else { return false };
            last = next;
            for (sum, byte) in sum.iter_mut().zip(&last) {
                *sum ^= byte;
            }
        }
        block.copy_from_slice(&sum[..block.len()]);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn names_are_those_of_openssl() {
        for (name, plain) in [
            ("SHA256", "sha256"),
            ("RSA-SHA1", "sha1"),
            ("sha512WithRSAEncryption", "sha512"),
            ("SHA2-512/256", "sha512-256"),
            ("RMD160", "ripemd160"),
        ] {
            assert_eq!(Hash::named(name).map(Hash::name), Some(plain), "{name}");
        }
        assert!(Hash::named("sha").is_none());
    }

    /// <https://www.rfc-editor.org/rfc/rfc6070>
    #[test]
    fn pbkdf2_gives_what_the_rfc_lists() {
        let sha1 = Hash::named("sha1").expect("a hash function");
        let mut out = [0; 25];
        let given = Pbkdf2 {
            password: b"passwordPASSWORDpassword",
            salt: b"saltSALTsaltSALTsaltSALTsaltSALTsalt",
            iterations: 4096,
        };
        assert_eq!(sha1.pbkdf2(&given, &mut out, &mut || true), Some(()));
        assert_eq!(hex(&out), "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038");
    }

    #[test]
    fn pbkdf2_ends_when_it_is_not_wanted_any_more() {
        let given = Pbkdf2 { password: b"", salt: b"", iterations: u32::MAX };
        let mut asked = 0;
        let mut wanted = || {
            asked += 1;
            asked < 3
        };
        let sha256 = Hash::named("sha256").expect("a hash function");
        assert_eq!(sha256.pbkdf2(&given, &mut [0; 1], &mut wanted), None);
        assert_eq!(asked, 3);
    }

    #[test]
    fn functions_with_a_length_of_their_own_take_no_other() {
        assert!(Hash::named("sha256").expect("a hash function").start(Some(31)).is_none());
        let mut shake =
            Hash::named("shake128").and_then(|hash| hash.start(Some(5))).expect("any length");
        shake.update(b"a");
        assert_eq!(shake.finish().len(), 5);
    }
}
