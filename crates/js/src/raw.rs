//! The narrow passage between `rquickjs` values and raw `JSValue`s.
//!
//! `Value<'js>` owns one reference; a `JSValue` owns one only where a comment says so.
//! Every callback that C makes into Rust goes through [`guarded`], so that neither a
//! Rust error nor a panic crosses a C frame.

use std::any::Any;
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use rquickjs::atom::PredefinedAtom;
use rquickjs::{Ctx, Error, Result, Value, qjs};

use crate::errors::{self, ErrorKind};

pub(crate) type RawContext = *mut qjs::JSContext;
pub(crate) type RawRuntime = *mut qjs::JSRuntime;

pub(crate) fn context(ctx: &Ctx<'_>) -> RawContext {
    ctx.as_raw().as_ptr()
}

pub(crate) fn runtime(ctx: &Ctx<'_>) -> RawRuntime {
    // SAFETY: a `Ctx` always points at a live context.
    unsafe { qjs::JS_GetRuntime(context(ctx)) }
}

/// The scope of a callback from C.
///
/// # Safety
/// `raw` is the context QuickJS passed to a callback that is still running, and `'js` does
/// not outlive that callback.
pub(crate) unsafe fn scope<'js>(raw: RawContext) -> Ctx<'js> {
    // SAFETY: QuickJS never passes a null context; the rest is the caller's promise.
    unsafe { Ctx::from_raw(NonNull::new_unchecked(raw)) }
}

/// The same without counting it: the callback's own pointer, seen as a scope.
///
/// # Safety
/// As for [`scope`].
#[inline]
pub(crate) unsafe fn borrowed_scope<'a, 'js>(raw: &'a RawContext) -> &'a Ctx<'js> {
    const {
        assert!(size_of::<Ctx<'static>>() == size_of::<RawContext>());
        assert!(align_of::<Ctx<'static>>() == align_of::<RawContext>());
    }
    // SAFETY: a scope is a pointer to its context and has room for nothing else; the rest is the
    // caller's promise. It is not dropped, so it gives no count back.
    unsafe { &*std::ptr::from_ref(raw).cast::<Ctx<'js>>() }
}

/// Takes over an owned `JSValue`; an exception becomes `Err`.
///
/// # Safety
/// `value` belongs to the runtime of `ctx` and its reference is the caller's to give.
pub(crate) unsafe fn own<'js>(ctx: &Ctx<'js>, value: qjs::JSValue) -> Result<Value<'js>> {
    // SAFETY: reading the tag of any JSValue is allowed.
    if unsafe { qjs::JS_IsException(value) } {
        return Err(Error::Exception);
    }
    // SAFETY: the caller hands over a reference to a value of this runtime.
    Ok(unsafe { Value::from_raw(ctx.clone(), value) })
}

/// A new reference to a borrowed `JSValue`.
///
/// # Safety
/// `value` is alive and belongs to the runtime of `ctx`.
pub(crate) unsafe fn borrow<'js>(ctx: &Ctx<'js>, value: qjs::JSValue) -> Value<'js> {
    // SAFETY: alive by the caller's promise; the new reference goes to the Value.
    unsafe { Value::from_raw(ctx.clone(), qjs::JS_DupValue(context(ctx), value)) }
}

/// The value as an owned `JSValue`, for C functions that take over a reference.
pub(crate) fn give(value: &Value<'_>) -> qjs::JSValue {
    // SAFETY: the value is alive; the new reference is the result's.
    unsafe { qjs::JS_DupValue(context(value.ctx()), value.as_raw()) }
}

/// `value[symbol]`, for primitives too.
pub(crate) fn get_by_symbol<'js>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    symbol: PredefinedAtom,
) -> Result<Value<'js>> {
    // SAFETY: live values; predefined atoms are valid in every runtime.
    unsafe { own(ctx, qjs::JS_GetProperty(context(ctx), value.as_raw(), symbol as qjs::JSAtom)) }
}

/// `ToInt32`.
///
/// # Safety
/// For all three: `value` is alive and belongs to the runtime of `ctx`.
#[inline]
pub(crate) unsafe fn to_int32(ctx: &Ctx<'_>, value: qjs::JSValue) -> Result<i32> {
    // SAFETY: reading what the tag says is there.
    unsafe {
        if qjs::JS_VALUE_GET_TAG(value) == qjs::JS_TAG_INT {
            return Ok(qjs::JS_VALUE_GET_INT(value));
        }
    }
    let mut number = 0;
    // SAFETY: by the caller; the result is written on success only.
    check(unsafe { qjs::JS_ToInt32(context(ctx), &raw mut number, value) })?;
    Ok(number)
}

/// `ToNumber`.
#[inline]
pub(crate) unsafe fn to_float64(ctx: &Ctx<'_>, value: qjs::JSValue) -> Result<f64> {
    // SAFETY: reading what the tag says is there.
    unsafe {
        let tag = qjs::JS_VALUE_GET_TAG(value);
        if tag == qjs::JS_TAG_INT {
            return Ok(f64::from(qjs::JS_VALUE_GET_INT(value)));
        }
        if qjs::JS_TAG_IS_FLOAT64(tag) {
            return Ok(qjs::JS_VALUE_GET_FLOAT64(value));
        }
    }
    let mut number = 0.0;
    // SAFETY: as in `to_int32`.
    check(unsafe { qjs::JS_ToFloat64(context(ctx), &raw mut number, value) })?;
    Ok(number)
}

/// `ToBigInt64`.
#[inline]
pub(crate) unsafe fn to_bigint64(ctx: &Ctx<'_>, value: qjs::JSValue) -> Result<i64> {
    let mut number = 0;
    // SAFETY: as in `to_int32`.
    check(unsafe { qjs::JS_ToBigInt64(context(ctx), &raw mut number, value) })?;
    Ok(number)
}

/// `Err(Exception)` for C's `-1`, the number otherwise.
pub(crate) fn check(status: c_int) -> Result<c_int> {
    if status < 0 { Err(Error::Exception) } else { Ok(status) }
}

/// Runs a callback's body; what it returns or throws is in the form C expects.
pub(crate) fn guarded<'js>(
    ctx: &Ctx<'js>,
    body: impl FnOnce() -> Result<Value<'js>>,
) -> qjs::JSValue {
    match caught(ctx, body) {
        Ok(value) => give(&value),
        Err(Error::Exception) => qjs::JS_EXCEPTION,
        Err(other) => {
            throw(ctx, other);
            qjs::JS_EXCEPTION
        }
    }
}

/// Runs a callback's body, turning a panic into a thrown `InternalError`.
pub(crate) fn caught<'js, T>(ctx: &Ctx<'js>, body: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(throw_panic(ctx, &*panic)))
}

/// The same for a body that returns what C expects.
#[inline]
pub(crate) fn caught_raw(ctx: &Ctx<'_>, body: impl FnOnce() -> qjs::JSValue) -> qjs::JSValue {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        throw_panic(ctx, &*panic);
        qjs::JS_EXCEPTION
    })
}

#[cold]
fn throw_panic(ctx: &Ctx<'_>, panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    errors::throw(ctx, ErrorKind::Internal, &format!("a bug in Holm: {text}"))
}

/// Makes any error of the Rust side the pending JavaScript exception.
pub(crate) fn throw(ctx: &Ctx<'_>, error: Error) {
    match error {
        Error::Exception => {}
        // SAFETY: a live context.
        Error::Allocation => unsafe {
            qjs::JS_ThrowOutOfMemory(context(ctx));
        },
        Error::FromJs { .. } | Error::IntoJs { .. } | Error::MissingArgs { .. } => {
            errors::throw(ctx, ErrorKind::Type, &error.to_string());
        }
        other => {
            errors::throw(ctx, ErrorKind::Internal, &other.to_string());
        }
    }
}
