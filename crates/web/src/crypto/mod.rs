//! The Web Cryptography API: `crypto`.
//!
//! <https://w3c.github.io/webcrypto/#crypto-interface>
//!
//! The algorithms themselves are in `hash.rs`, `aes.rs` and `curves.rs`, and keys as files in
//! `key_forms.rs`; `node:crypto` uses them too.

pub mod aes;
pub mod ciphering;
pub mod curves;
pub mod encrypted_keys;
pub mod hash;
pub mod key_forms;
pub(crate) mod subtle;
pub mod work;

use ctutils::CtEq;
use holm_host::host;
use holm_js::reflect::{Kind, TypedArrayKind};
use holm_js::webidl::{Definition, Interface, interface_object, new_object};
use holm_js::{
    Attributes, Call, Ctx, ErrorKind, HeldCell, HostObject, Result, Tracer, Value, define_lazy,
    fill_view, throw, throw_dom, view_len,
};

use self::subtle::{CryptoKey, SubtleCrypto};
pub use self::subtle::{Material, import_key, material};
use crate::fetch::is_shared_view;

/// More bytes are not given at once, by the specification.
const MAX_RANDOM_BYTES: usize = 65_536;

/// Defines `crypto` and its interface.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let global = ctx.globals();
    define_lazy(&global, "Crypto", Attributes::BUILT_IN, |ctx| {
        Ok(interface_object::<Crypto>(ctx)?.into_value())
    })?;
    define_lazy(&global, "CryptoKey", Attributes::BUILT_IN, |ctx| {
        Ok(interface_object::<CryptoKey>(ctx)?.into_value())
    })?;
    define_lazy(&global, "SubtleCrypto", Attributes::BUILT_IN, |ctx| {
        Ok(interface_object::<SubtleCrypto>(ctx)?.into_value())
    })?;
    define_lazy(&global, "crypto", Attributes::ALL, |ctx| {
        Ok(new_object(ctx, Crypto::default())?.into_value())
    })
}

/// Whether two sequences of bytes are the same, found in a time that depends on their lengths only.
pub fn same_bytes(first: &[u8], second: &[u8]) -> bool {
    first.ct_eq(second).into()
}

#[derive(Default)]
struct Crypto {
    /// The one `SubtleCrypto`, once it was asked for.
    subtle: HeldCell,
}

impl HostObject for Crypto {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.subtle.trace(tracer);
    }
}

impl Interface for Crypto {
    const NAME: &'static str = "Crypto";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members.operation("getRandomValues", 1, |_, call| random_values(call))?.operation(
            "randomUUID",
            0,
            |_, call| call.returns(random_uuid(call.ctx())?),
        )?;
        members.attribute("subtle", |this, call| {
            if let Some(made) = this.subtle.get(call.ctx())? {
                return Ok(made);
            }
            let made = new_object(call.ctx(), SubtleCrypto)?.into_value();
            this.subtle.set(Some(&made));
            Ok(made)
        })?;
        Ok(())
    }
}

/// <https://w3c.github.io/webcrypto/#Crypto-method-getRandomValues>
fn random_values<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, array) = (call.ctx(), call.value(0));
    let view = array.as_object().map(|object| (object, Kind::of(object)));
    let Some((object, kind @ (Kind::TypedArray(_) | Kind::DataView))) = view else {
        let text = "Crypto.getRandomValues: the argument is not a typed array";
        return Err(throw(ctx, ErrorKind::Type, text));
    };
    if is_shared_view(object)? {
        let text = "Crypto.getRandomValues: a view of a SharedArrayBuffer is not allowed";
        return Err(throw(ctx, ErrorKind::Type, text));
    }
    // 1. If array is not an Int8Array, Uint8Array … or BigUint64Array object, then throw a
    //    TypeMismatchError and terminate the algorithm.
    use TypedArrayKind::{Float16, Float32, Float64};
    if matches!(kind, Kind::DataView | Kind::TypedArray(Float16 | Float32 | Float64)) {
        let text = "The data argument must be an integer-type TypedArray";
        return Err(throw_dom(ctx, "TypeMismatchError", text));
    }
    // 2. If the byteLength of array is greater than 65536, throw a QuotaExceededError.
    let len = view_len(object)?;
    if len > MAX_RANDOM_BYTES {
        let text = format!("The requested length exceeds {MAX_RANDOM_BYTES} bytes");
        return Err(throw_dom(ctx, "QuotaExceededError", &text));
    }
    // 3. Overwrite all elements of array with cryptographically strong random values.
    let mut bytes = vec![0; len];
    fill(ctx, &mut bytes)?;
    fill_view(object, &bytes)?;
    // 4. Return array.
    Ok(array)
}

/// <https://w3c.github.io/webcrypto/#Crypto-method-randomUUID>
fn random_uuid(ctx: &Ctx<'_>) -> Result<String> {
    // 1. Let bytes be a byte sequence of length 16, filled with strong random values.
    let mut bytes = [0; 16];
    fill(ctx, &mut bytes)?;
    // 2. Set the 4 most significant bits of bytes[6], the version, to 0100.
    bytes[6] = bytes[6] & 0x0f | 0x40;
    // 3. Set the 2 most significant bits of bytes[8], the variant, to 10.
    bytes[8] = bytes[8] & 0x3f | 0x80;
    // 4. The result is their hexadecimal digits with "-" between the groups.
    let digits = |range: std::ops::Range<usize>| -> String {
        bytes[range].iter().map(|byte| format!("{byte:02x}")).collect()
    };
    Ok([digits(0..4), digits(4..6), digits(6..8), digits(8..10), digits(10..16)].join("-"))
}

fn fill(ctx: &Ctx<'_>, bytes: &mut [u8]) -> Result<()> {
    host(ctx).random.fill(bytes).map_err(|error| {
        throw_dom(ctx, "OperationError", &format!("the system gives no random numbers: {error}"))
    })
}
