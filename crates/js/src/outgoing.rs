//! Calling script from native code without an allocation.

use std::fmt;
use std::mem::MaybeUninit;

use rquickjs::{Ctx, Result, Value, qjs};

use crate::host_object::Held;
use crate::raw;

/// An argument of such a call.
#[derive(Clone, Debug)]
pub enum Argument<'js> {
    /// A number.
    Int(i32),
    /// A number.
    Float(f64),
    /// A `BigInt`.
    BigInt(i64),
    /// Anything.
    Value(Value<'js>),
}

/// Arguments up to this many need no memory of their own.
const INLINE: usize = 8;

/// Calls a function with `this` undefined.
pub fn call_held<'a, 'js>(
    ctx: &'a Ctx<'js>,
    function: &Held,
    arguments: impl ExactSizeIterator<Item = Argument<'js>>,
) -> Result<Reply<'a, 'js>> {
    let mut inline = [const { MaybeUninit::uninit() }; INLINE];
    let mut spilled;
    let len = arguments.len();
    let slots = if len <= INLINE {
        &mut inline[..len]
    } else {
        spilled = vec![MaybeUninit::uninit(); len];
        &mut spilled[..]
    };
    let raw_ctx = raw::context(ctx);
    let function = function.raw(ctx)?;
    // SAFETY: the function and the arguments are alive during the call: each slot owns its
    // reference and gives it back below.
    unsafe {
        let (mut written, mut counted, mut failed) = (0, false, false);
        for (slot, argument) in slots.iter_mut().zip(arguments) {
            let value = match argument {
                Argument::Int(number) => qjs::JS_MKVAL(qjs::JS_TAG_INT, number),
                Argument::Float(number) => qjs::JS_NewFloat64(number),
                Argument::BigInt(number) => qjs::JS_NewBigInt64(raw_ctx, number),
                Argument::Value(value) => raw::give(&value),
            };
            slot.write(value);
            written += 1;
            // Of integers alone, the compiler sees that it is not.
            counted |= qjs::JS_VALUE_HAS_REF_COUNT(value);
            // There was no memory for it.
            failed |= qjs::JS_IsException(value);
        }
        // An iterator may be shorter than it says.
        let slots = slots[..written].assume_init_mut();
        if failed {
            for slot in slots {
                qjs::JS_FreeValue(raw_ctx, *slot);
            }
            return Err(rquickjs::Error::Exception);
        }
        // The function may lose its last other reference while it runs.
        let function = qjs::JS_DupValue(raw_ctx, function);
        let result = qjs::JS_Call(
            raw_ctx,
            function,
            qjs::JS_UNDEFINED,
            slots.len() as std::ffi::c_int,
            slots.as_mut_ptr(),
        );
        qjs::JS_FreeValue(raw_ctx, function);
        if counted {
            for slot in slots {
                qjs::JS_FreeValue(raw_ctx, *slot);
            }
        }
        if qjs::JS_IsException(result) {
            return Err(rquickjs::Error::Exception);
        }
        Ok(Reply { value: result, ctx })
    }
}

/// What the function returned.
pub struct Reply<'a, 'js> {
    /// Owned.
    value: qjs::JSValue,
    ctx: &'a Ctx<'js>,
}

impl<'js> Reply<'_, 'js> {
    /// `ToInt32`.
    #[inline]
    pub fn int32(&self) -> Result<i32> {
        // SAFETY: we own the value.
        unsafe { raw::to_int32(self.ctx, self.value) }
    }

    /// `ToNumber`.
    #[inline]
    pub fn float64(&self) -> Result<f64> {
        // SAFETY: we own the value.
        unsafe { raw::to_float64(self.ctx, self.value) }
    }

    /// `ToBigInt64`.
    #[inline]
    pub fn bigint64(&self) -> Result<i64> {
        // SAFETY: we own the value.
        unsafe { raw::to_bigint64(self.ctx, self.value) }
    }

    /// The value itself.
    pub fn value(&self) -> Value<'js> {
        // SAFETY: we own the value.
        unsafe { raw::borrow(self.ctx, self.value) }
    }
}

impl Drop for Reply<'_, '_> {
    fn drop(&mut self) {
        // SAFETY: our own reference.
        unsafe {
            if qjs::JS_VALUE_HAS_REF_COUNT(self.value) {
                qjs::JS_FreeValue(raw::context(self.ctx), self.value);
            }
        }
    }
}

impl fmt::Debug for Reply<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}
