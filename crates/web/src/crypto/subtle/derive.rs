//! Bits and keys out of passwords and other secrets.

use holm_js::webidl::convert::{self, Integer};
use holm_js::{Call, Ctx, Error, Function, Result, Root, Value, take_exception};
use p256::elliptic_curve::zeroize::Zeroizing;

use super::algorithm::{Algorithm, Operation, Params};
use super::data::{array_buffer, invalid_access, operation_error};
use super::import_export::{Format, KeyData, Wanted as WantedKey, import};
use super::key::{Details, Key, KeyType, Usages};
use super::secret_keys::key_bits;
use crate::crypto::hash::{Hash, Hkdf, Pbkdf2, Wanted};
use crate::crypto::work::compute;

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-deriveBits>
pub(super) fn derive_bits<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let base = Key::of(ctx, &call.value(1), "SubtleCrypto.deriveBits: baseKey")?;
    let length = call.value(2);
    let len_bits = if length.is_null() || length.is_undefined() {
        None
    } else {
        Some(convert::unsigned_long(ctx, &length, Integer::Wrap, "length")?)
    };
    let algorithm = Algorithm::from_js(ctx, &call.value(0), Operation::DeriveBits)?;
    base.check(ctx, algorithm.name, "deriveBits")?;
    match Source::of(ctx, algorithm, &base, len_bits)? {
        Source::Agreed(bits) => array_buffer(ctx, &bits),
        Source::Derived(derivation) => derivation.run(ctx, |ctx, bits| array_buffer(ctx, &bits)),
    }
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-deriveKey>
pub(super) fn derive_key<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let base = Key::of(ctx, &call.value(1), "SubtleCrypto.deriveKey: baseKey")?;
    let is_extractable = convert::boolean(&call.value(3));
    let usages = Usages::from_js(ctx, &call.value(4), "SubtleCrypto.deriveKey: keyUsages")?;
    let algorithm = Algorithm::from_js(ctx, &call.value(0), Operation::DeriveBits)?;
    let of_key = Algorithm::from_js(ctx, &call.value(2), Operation::ImportKey)?;
    let of_length = Algorithm::from_js(ctx, &call.value(2), Operation::KeyLength)?;
    base.check(ctx, algorithm.name, "deriveKey")?;
    let len_bits = key_bits(ctx, &of_length)?;
    let wanted = WantedKey { is_extractable, usages };
    let make = move |ctx: &Ctx<'_>, bits: Zeroizing<Vec<u8>>| {
        import(ctx, Format::Raw, KeyData::Bytes(bits), &of_key, wanted)
    };
    match Source::of(ctx, algorithm, &base, len_bits)? {
        Source::Agreed(bits) => Ok(make(ctx, bits)?.into_object(ctx)?.into_value()),
        Source::Derived(derivation) => derivation
            .run(ctx, move |ctx, bits| Ok(make(ctx, bits)?.into_object(ctx)?.into_value())),
    }
}

/// Where bits come from.
enum Source {
    /// They are here.
    Agreed(Zeroizing<Vec<u8>>),
    /// They take some time.
    Derived(Derivation),
}

impl Source {
    /// The derive bits operations.
    fn of(ctx: &Ctx<'_>, algorithm: Algorithm, base: &Key, len_bits: Option<u32>) -> Result<Self> {
        let (hash, salt, how) = match algorithm.params {
            Params::Public { key } => {
                return agree(ctx, base, &key, len_bits).map(Self::Agreed);
            }
            Params::Hkdf { hash, info, salt } => (hash, salt, How::Hkdf { info }),
            Params::Pbkdf2 { hash, iterations, salt } => (hash, salt, How::Pbkdf2 { iterations }),
            _ => return Err(Error::Unknown),
        };
        // If length is null or is not a multiple of 8, then throw an OperationError. If the
        // iterations member of normalizedAlgorithm is zero, then throw an OperationError.
        let len_bits = len_bits.filter(|bits| bits.is_multiple_of(8)).ok_or_else(|| {
            operation_error(ctx, "The length of what is derived has to be a multiple of 8 bits")
        })?;
        if matches!(how, How::Pbkdf2 { iterations: 0 }) {
            return Err(operation_error(ctx, "PBKDF2 needs at least one iteration"));
        }
        let (secret, len_bytes) = (base.bytes.clone(), len_bits as usize / 8);
        Ok(Self::Derived(Derivation { hash, secret, salt, how, len_bytes }))
    }
}

/// <https://w3c.github.io/webcrypto/#ecdh-operations-derive-bits>
fn agree(
    ctx: &Ctx<'_>,
    base: &Key,
    public: &Key,
    len_bits: Option<u32>,
) -> Result<Zeroizing<Vec<u8>>> {
    // If the [[type]] internal slot of key is not "private", then throw an InvalidAccessError. If
    // the [[type]] internal slot of publicKey is not "public", likewise. If the name of its
    // [[algorithm]], or its namedCurve, is not that of key, likewise.
    let is_fit = base.key_type == KeyType::Private
        && public.key_type == KeyType::Public
        && (base.algorithm, base.details) == (public.algorithm, public.details);
    let (true, Details::Pair(curve)) = (is_fit, base.details) else {
        let text = "A secret is that of a private key and of a public one on the same curve";
        return Err(invalid_access(ctx, text));
    };
    let secret = curve.agree(&base.bytes, &public.bytes).map(Zeroizing::new);
    let mut secret =
        secret.ok_or_else(|| operation_error(ctx, "These keys have no secret in common"))?;
    // If length is null: return secret. Otherwise: if the length in bits of secret is less than
    // length: throw an OperationError. Otherwise: return the first length bits of secret.
    let Some(len_bits) = len_bits else { return Ok(secret) };
    let len_bytes = len_bits.div_ceil(8) as usize;
    if len_bytes > secret.len() {
        let text = format!("The secret has {} bits only", secret.len() * 8);
        return Err(operation_error(ctx, &text));
    }
    secret.truncate(len_bytes);
    if let (Some(last), rest @ 1..) = (secret.last_mut(), len_bits % 8) {
        *last &= u8::MAX << (8 - rest);
    }
    Ok(secret)
}

/// Everything that deriving needs.
struct Derivation {
    hash: Hash,
    secret: bytes::Bytes,
    salt: Vec<u8>,
    how: How,
    len_bytes: usize,
}

enum How {
    Hkdf { info: Vec<u8> },
    Pbkdf2 { iterations: u32 },
}

impl Derivation {
    fn bits(&self, wanted: Wanted<'_>) -> Option<Zeroizing<Vec<u8>>> {
        let mut out = Zeroizing::new(vec![0; self.len_bytes]);
        match &self.how {
            How::Hkdf { info } => {
                let given = Hkdf { secret: &self.secret, salt: &self.salt, info };
                self.hash.hkdf(&given, &mut out)?;
            }
            How::Pbkdf2 { iterations } => {
                let (password, salt) = (&*self.secret, &*self.salt);
                let given = Pbkdf2 { password, salt, iterations: *iterations };
                self.hash.pbkdf2(&given, &mut out, wanted)?;
            }
        }
        Some(out)
    }

    /// A promise of what is made of the bits.
    fn run<'js>(
        self,
        ctx: &Ctx<'js>,
        make: impl for<'a> FnOnce(&Ctx<'a>, Zeroizing<Vec<u8>>) -> Result<Value<'a>> + 'static,
    ) -> Result<Value<'js>> {
        let (promise, resolve, reject) = ctx.promise()?;
        let resolve: Root<Function<'static>> = Root::new(ctx, resolve.into_value())?;
        let reject: Root<Function<'static>> = Root::new(ctx, reject.into_value())?;
        let len_bytes = self.len_bytes + self.salt.len();
        let work = move |wanted: Wanted<'_>| self.bits(wanted);
        compute(ctx, len_bytes, work, move |ctx, bits| {
            let made = match bits.flatten() {
                Some(bits) => make(ctx, bits),
                None => Err(operation_error(ctx, "So many bits cannot be derived")),
            };
            let (settle, value) = match made {
                Ok(value) => (resolve, value),
                Err(error) => (reject, take_exception(ctx, error)),
            };
            let settle: Function<'_> = settle.get(ctx)?;
            settle.call((value,))
        })?;
        Ok(promise.into_value())
    }
}
