//! Native functions: functions whose body is Rust, made for the hottest path.
//!
//! They differ from the callables of [`crate::function`] in three ways. They stand in
//! `Error.stack` as a frame of their own, because the engine pushes one for its own kind of
//! native function. Numbers go in and out without becoming a [`Value`]. And their inside is a
//! host object that script never sees, which the engine marks with the function.

use std::ffi::{CString, c_int, c_void};
use std::fmt;

use rquickjs::{Ctx, Error, Function, Object, Result, Value, qjs};

use crate::host_object::{Graveyard, HostBox, HostObject, Tracer, host_object};
use crate::raw::{self, RawContext};
use crate::realm::RealmData;

/// The inside of a native function.
pub trait NativeFunction: HostObject {
    /// The function's body.
    fn call<'js>(&self, call: &NativeCall<'_, 'js>) -> Result<Returned<'js>>;
}

/// What a native function returns.
#[derive(Clone, Debug)]
pub enum Returned<'js> {
    /// `undefined`.
    Undefined,
    /// A number.
    Int(i32),
    /// A number.
    Float(f64),
    /// A `BigInt`.
    BigInt(i64),
    /// Anything.
    Value(Value<'js>),
}

/// One call of a native function.
pub struct NativeCall<'a, 'js> {
    ctx: &'a Ctx<'js>,
    arguments: &'a [qjs::JSValue],
}

impl<'a, 'js> NativeCall<'a, 'js> {
    /// The scope of the call.
    pub fn ctx(&self) -> &'a Ctx<'js> {
        self.ctx
    }

    /// The argument at `index`, `undefined` where none was passed.
    pub fn value(&self, index: usize) -> Value<'js> {
        // SAFETY: the caller keeps the arguments alive during the call.
        unsafe { raw::borrow(self.ctx, self.raw(index)) }
    }

    /// `ToInt32` of the argument.
    #[inline]
    pub fn int32(&self, index: usize) -> Result<i32> {
        // SAFETY: as in `value`.
        unsafe { raw::to_int32(self.ctx, self.raw(index)) }
    }

    /// `ToNumber` of the argument.
    #[inline]
    pub fn float64(&self, index: usize) -> Result<f64> {
        // SAFETY: as in `value`.
        unsafe { raw::to_float64(self.ctx, self.raw(index)) }
    }

    /// `ToBigInt64` of the argument.
    #[inline]
    pub fn bigint64(&self, index: usize) -> Result<i64> {
        // SAFETY: as in `value`.
        unsafe { raw::to_bigint64(self.ctx, self.raw(index)) }
    }

    #[inline]
    fn raw(&self, index: usize) -> qjs::JSValue {
        self.arguments.get(index).copied().unwrap_or(qjs::JS_UNDEFINED)
    }
}

impl fmt::Debug for NativeCall<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeCall").field("arguments", &self.arguments.len()).finish()
    }
}

/// A native function with own `name` and `length`. `host_ref` finds its inside.
pub fn native_function<'js, T: NativeFunction>(
    ctx: &Ctx<'js>,
    name: &str,
    length: u32,
    inside: T,
) -> Result<Function<'js>> {
    let nothing = Object::new_proto(ctx.clone(), None)?;
    let inner = host_object(ctx, &nothing, Native { call: T::call_erased, inside })?;
    let name = CString::new(name).map_err(|_| Error::Unknown)?;
    let mut data = inner.as_raw();
    // SAFETY: the engine copies the name and takes its own reference to `inner`.
    let function = unsafe {
        let length = c_int::try_from(length).unwrap_or(c_int::MAX);
        let function = qjs::JS_NewCFunctionData2(
            raw::context(ctx),
            Some(call),
            name.as_ptr(),
            length,
            0,
            1,
            &raw mut data,
        );
        raw::own(ctx, function)?
    };
    if hidden(&function).is_none() {
        // The engine's record is not what `Record` says: better no function than a wrong one.
        return Err(Error::Unknown);
    }
    function.into_function().ok_or(Error::Unknown)
}

/// The hidden host object of a native function of ours.
pub(crate) fn hidden(value: &Value<'_>) -> Option<qjs::JSValue> {
    let class = RealmData::of(value.ctx()).shared().classes.native;
    // SAFETY: objects of that class carry the engine's record, whose first field says whose
    // function it is; ours have one value.
    unsafe {
        let record = qjs::JS_GetOpaque(value.as_raw(), class).cast::<Record>().as_ref()?;
        let ours: NativeEntry = call;
        (record.function.map(|function| function as usize) == Some(ours as usize)
            && record.data_len == 1)
            .then_some(record.data)
    }
}

/// The number of the engine's class for such functions: it has no name in the interface.
///
/// # Safety
/// `context` is a live context.
pub(crate) unsafe fn class(context: RawContext) -> Result<qjs::JSClassID> {
    // SAFETY: by the caller; the probe is freed again.
    unsafe {
        let probe = qjs::JS_NewCFunctionData2(
            context,
            Some(call),
            c"".as_ptr(),
            0,
            0,
            0,
            std::ptr::null_mut(),
        );
        if qjs::JS_IsException(probe) {
            return Err(Error::Exception);
        }
        let class = qjs::JS_GetClassID(probe);
        qjs::JS_FreeValue(context, probe);
        Ok(class)
    }
}

/// The engine's `JSCFunctionDataRecord`, with its first value.
#[repr(C)]
struct Record {
    function: qjs::JSCFunctionData,
    length: u8,
    data_len: u8,
    magic: u16,
    data: qjs::JSValue,
}

/// The inside of the hidden object: `call` comes first, so that it is read without knowing `T`.
#[repr(C)]
struct Native<T> {
    call: ErasedCall,
    inside: T,
}

type ErasedCall = for<'a, 'b> unsafe fn(*const c_void, &NativeCall<'a, 'b>) -> qjs::JSValue;

trait Erase: NativeFunction + Sized {
    /// # Safety
    /// `parts` is a live `HostBox<Native<Self>>`.
    unsafe fn call_erased(parts: *const c_void, call: &NativeCall<'_, '_>) -> qjs::JSValue {
        // SAFETY: by the caller.
        let parts = unsafe { &*parts.cast::<HostBox<Native<Self>>>() };
        // SAFETY: the context of the call, which is running.
        unsafe {
            match parts.inside.inside.call(call) {
                Ok(Returned::Undefined) => qjs::JS_UNDEFINED,
                Ok(Returned::Int(number)) => qjs::JS_MKVAL(qjs::JS_TAG_INT, number),
                Ok(Returned::Float(number)) => qjs::JS_NewFloat64(number),
                Ok(Returned::BigInt(number)) => qjs::JS_NewBigInt64(raw::context(call.ctx), number),
                Ok(Returned::Value(value)) => raw::give(&value),
                Err(error) => {
                    raw::throw(call.ctx, error);
                    qjs::JS_EXCEPTION
                }
            }
        }
    }
}

impl<T: NativeFunction> Erase for T {}

impl<T: NativeFunction> HostObject for Native<T> {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.inside.trace(tracer);
    }

    fn base(&self, wanted: std::any::TypeId) -> Option<&dyn std::any::Any> {
        if wanted == std::any::TypeId::of::<T>() {
            return Some(&self.inside);
        }
        self.inside.base(wanted)
    }

    fn finalize(self, graveyard: &Graveyard) {
        self.inside.finalize(graveyard);
    }
}

type NativeEntry = unsafe extern "C" fn(
    RawContext,
    qjs::JSValue,
    c_int,
    *mut qjs::JSValue,
    c_int,
    *mut qjs::JSValue,
) -> qjs::JSValue;

/// The engine's entry into every native function.
unsafe extern "C" fn call(
    raw_ctx: RawContext,
    _this: qjs::JSValue,
    argc: c_int,
    argv: *mut qjs::JSValue,
    _magic: c_int,
    data: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: called by QuickJS for a function made in `native_function`, whose one value is
    // a host object over `Native<_>`; the arguments live during the call.
    unsafe {
        let ctx = RealmData::scope(raw_ctx);
        let class = RealmData::of(ctx).shared().classes.object;
        let parts = qjs::JS_GetOpaque(*data, class);
        let arguments = match usize::try_from(argc) {
            Ok(len) if len > 0 => std::slice::from_raw_parts(argv.cast_const(), len),
            _ => &[],
        };
        let call = NativeCall { ctx, arguments };
        let Some(erased) = parts.cast::<HostBox<Native<()>>>().as_ref() else {
            raw::throw(ctx, Error::Unknown);
            return qjs::JS_EXCEPTION;
        };
        raw::caught_raw(ctx, || (erased.inside.call)(parts, &call))
    }
}
