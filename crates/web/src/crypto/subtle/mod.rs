//! `crypto.subtle`.
//!
//! <https://w3c.github.io/webcrypto/#subtlecrypto-interface>
//!
//! Small work is done at once, before the promise is given; deriving from passwords is done on
//! another thread.

mod algorithm;
mod cipher;
mod data;
mod derive;
mod import_export;
mod jwk;
mod key;
mod operations;
mod pair_keys;
mod secret_keys;
mod wrap;

use holm_js::webidl::{Definition, Interface};
use holm_js::{Call, Ctx, HostObject, Result, Value};

pub use self::import_export::import_key;
pub(crate) use self::key::{CryptoKey, KeyKind};
pub use self::key::{Material, material};

/// The inside of `crypto.subtle`.
pub(super) struct SubtleCrypto;

impl HostObject for SubtleCrypto {}

type Operation = for<'a, 'b> fn(&Call<'a, 'b>) -> Result<Value<'b>>;

/// Each gives what its promise is fulfilled with, or that promise.
const OPERATIONS: &[(&str, u32, Operation)] = &[
    ("encrypt", 3, operations::encrypt),
    ("decrypt", 3, operations::decrypt),
    ("sign", 3, operations::sign),
    ("verify", 4, operations::verify),
    ("digest", 2, operations::digest),
    ("generateKey", 3, import_export::generate_key),
    ("deriveKey", 5, derive::derive_key),
    ("deriveBits", 2, derive::derive_bits),
    ("importKey", 5, import_export::import_key),
    ("exportKey", 2, import_export::export_key),
    ("wrapKey", 4, wrap::wrap_key),
    ("unwrapKey", 7, wrap::unwrap_key),
];

impl Interface for SubtleCrypto {
    const NAME: &'static str = "SubtleCrypto";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        for (name, length, operation) in OPERATIONS {
            members.promise_operation(name, *length, |_, call| {
                let value = operation(call)?;
                promise(call.ctx(), value)
            })?;
        }
        Ok(())
    }
}

/// A promise that is fulfilled with a value, or the promise that it is.
fn promise<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Value<'js>> {
    if value.is_promise() {
        return Ok(value);
    }
    let (promise, resolve, _) = ctx.promise()?;
    resolve.call::<_, ()>((value,))?;
    Ok(promise.into_value())
}
