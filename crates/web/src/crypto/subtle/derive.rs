//! Bits and keys out of passwords and other secrets.

use holm_js::webidl::convert::{self, Integer};
use holm_js::{Call, Ctx, Function, Result, Root, Value, take_exception};

use super::algorithm::{Algorithm, Given, Name};
use super::data::{array_buffer, operation_error};
use super::import_export::{from_bits, key_shape};
use super::key::{Key, Usages};
use crate::crypto::hash::{Hash, Hkdf, Pbkdf2, Wanted};
use crate::crypto::work::compute;

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-deriveBits>
pub(super) fn derive_bits<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let given = Given::from_js(ctx, &call.value(0))?;
    let base = Key::of(ctx, &call.value(1), "SubtleCrypto.deriveBits: baseKey")?;
    let length = call.value(2);
    let len_bits = if length.is_null() || length.is_undefined() {
        None
    } else {
        Some(convert::unsigned_long(ctx, &length, Integer::Wrap, "length")?)
    };
    let algorithm = given.keyed(ctx, "to derive bits", derives)?;
    base.check(ctx, algorithm.name, "deriveBits")?;
    let derivation = Derivation::of(ctx, &algorithm, &base, len_bits)?;
    derivation.run(ctx, |ctx, bits| array_buffer(ctx, &bits))
}

/// <https://w3c.github.io/webcrypto/#SubtleCrypto-method-deriveKey>
pub(super) fn derive_key<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let given = Given::from_js(ctx, &call.value(0))?;
    let base = Key::of(ctx, &call.value(1), "SubtleCrypto.deriveKey: baseKey")?;
    let of_key = Given::from_js(ctx, &call.value(2))?;
    let is_extractable = convert::boolean(&call.value(3));
    let usages = Usages::from_js(ctx, &call.value(4), "SubtleCrypto.deriveKey: keyUsages")?;
    let algorithm = given.keyed(ctx, "to derive keys", derives)?;
    let of_key = of_key.keyed(ctx, "for derived keys", |name| !derives(name))?;
    base.check(ctx, algorithm.name, "deriveKey")?;
    let (hash, len_bits) = key_shape(ctx, &of_key)?;
    let shape = (of_key.name, hash, len_bits);
    let derivation = Derivation::of(ctx, &algorithm, &base, Some(len_bits))?;
    derivation.run(ctx, move |ctx, bits| from_bits(ctx, bits, shape, is_extractable, usages))
}

fn derives(name: Name) -> bool {
    matches!(name, Name::Hkdf | Name::Pbkdf2)
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
    fn of<'js>(
        ctx: &Ctx<'js>,
        algorithm: &Algorithm<'js>,
        base: &Key,
        len_bits: Option<u32>,
    ) -> Result<Self> {
        let hash = algorithm.hash(ctx)?;
        let how = if algorithm.name == Name::Hkdf {
            How::Hkdf { info: algorithm.bytes(ctx, "info")? }
        } else {
            How::Pbkdf2 { iterations: algorithm.number(ctx, "iterations")? }
        };
        let salt = algorithm.bytes(ctx, "salt")?;
        // If length is null or is not a multiple of 8, then throw an OperationError. If the
        // iterations member of normalizedAlgorithm is zero, then throw an OperationError.
        let len_bits = len_bits.filter(|bits| bits.is_multiple_of(8)).ok_or_else(|| {
            operation_error(ctx, "The length of what is derived has to be a multiple of 8 bits")
        })?;
        if matches!(how, How::Pbkdf2 { iterations: 0 }) {
            return Err(operation_error(ctx, "PBKDF2 needs at least one iteration"));
        }
        Ok(Self { hash, secret: base.bytes.clone(), salt, how, len_bytes: len_bits as usize / 8 })
    }

    fn bits(&self, wanted: Wanted<'_>) -> Option<Vec<u8>> {
        let mut out = vec![0; self.len_bytes];
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
        make: impl for<'a> FnOnce(&Ctx<'a>, Vec<u8>) -> Result<Value<'a>> + 'static,
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
