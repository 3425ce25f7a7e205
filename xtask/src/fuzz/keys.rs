//! Keys as files, broken: whatever bytes are said to be one, they are refused, or are a key that comes back from
//! each of its forms, and whose signatures are right.

use std::sync::OnceLock;

use holm_web::crypto::curves::Curve;
use holm_web::crypto::encrypted_keys::{self, Decrypted};
use holm_web::crypto::key_forms::Half;

use crate::Target;
use crate::random::Random;

pub const TARGET: Target = Target { name: "keys", make, run };

const PASSWORD: &[u8] = b"word";
/// Deriving a key from the password takes as many rounds as a file says: these are enough to get behind it.
const MOST_QUESTIONS: usize = 1000;

/// Every form of a key of every curve, and of a signature.
fn good() -> &'static [Vec<u8>] {
    static GOOD: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    GOOD.get_or_init(|| Curve::all().flat_map(forms).collect())
}

fn forms(curve: Curve) -> Vec<Vec<u8>> {
    let half = Half::private(curve, &vec![1; curve.private_bytes()]);
    let drawn = curve.generate(|bytes| {
        bytes.fill(1);
        Ok::<_, ()>(())
    });
    let half = half.or_else(|| Half::private(curve, &drawn.ok()??)).expect("a key");
    let pkcs8 = half.to_pkcs8().expect("a private key").to_vec();
    let random = [7; encrypted_keys::RANDOM_BYTES];
    let signature = curve.sign(&half.bytes, &[2; 32]);
    let forms = [
        half.to_spki(false),
        half.to_spki(true),
        half.to_sec1().map(|bytes| bytes.to_vec()),
        encrypted_keys::encrypt(&pkcs8, PASSWORD, "aes-128-cbc", &random),
        signature.and_then(|signature| curve.signature_to_der(&signature)),
        Some(pkcs8),
    ];
    forms.into_iter().flatten().collect()
}

fn make(random: &mut Random) -> Vec<u8> {
    let mut bytes = good()[random.below(good().len())].clone();
    let other = &good()[random.below(good().len())];
    match random.below(8) {
        0 => {}
        1 => bytes.truncate(random.below(bytes.len())),
        2 => random.mutate(&mut bytes, other),
        _ => {
            for _ in 0..=random.below(3) {
                let at = random.below(bytes.len());
                bytes[at] = random.below(256) as u8;
            }
        }
    }
    bytes
}

fn run(bytes: &[u8]) -> &'static str {
    for curve in Curve::all().filter(|curve| curve.is_weierstrass()) {
        if let Some(signature) = curve.signature_from_der(bytes) {
            assert_eq!(curve.signature_to_der(&signature).as_deref(), Some(bytes));
            return "a signature";
        }
    }
    let mut questions = 0;
    let mut wanted = || {
        questions += 1;
        questions < MOST_QUESTIONS
    };
    match encrypted_keys::decrypt(bytes, PASSWORD, &mut wanted) {
        Decrypted::Key(key) => return check(Half::from_pkcs8(&key)),
        Decrypted::Refused => return "encrypted",
        Decrypted::Unknown => {}
    }
    let read = [Half::from_spki, Half::from_pkcs8, Half::from_sec1, Half::from_certificate];
    check(read.into_iter().find_map(|read| read(bytes)))
}

fn check(half: Option<Half>) -> &'static str {
    let Some(half) = half else { return "refused" };
    let public = half.to_public().expect("each key has one");
    let again = public.to_spki(true).and_then(|bytes| Half::from_spki(&bytes)).expect("its form");
    assert_eq!(again.bytes, public.bytes);
    if !half.is_private {
        return "public";
    }
    let again = half.to_pkcs8().and_then(|bytes| Half::from_pkcs8(&bytes)).expect("its form");
    assert_eq!(again.bytes, half.bytes);
    if let Some(signature) = half.curve.sign(&half.bytes, &[3; 32]) {
        assert!(half.curve.verify(&public.bytes, &[3; 32], &signature));
    }
    "private"
}
