//! Native functions: functions whose body is Rust, made for the hottest path.
//!
//! They differ from the callables of [`crate::function`] in three ways. They stand in
//! `Error.stack` as a frame of their own, because the engine pushes one for its own kind of
//! native function. Numbers go in and out without becoming a [`Value`]. And their inside is a
//! host object that script never sees, which the engine marks with the function.

use std::cell::RefCell;
use std::ffi::{CString, c_int};
use std::fmt;

use rquickjs::{Ctx, Error, Function, Object, Result, Value, qjs};

use crate::host_object::{HostBox, HostObject, host_object};
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
    let inner = host_object(ctx, &nothing, inside)?;
    let name = CString::new(name).map_err(|_| Error::Unknown)?;
    let shared = RealmData::of(ctx).shared();
    shared.native_entries.add(entry::<T>);
    // SAFETY: the engine copies the name and takes its own reference to `inner`, whose inside
    // does not move; its address is no reference.
    let function = unsafe {
        let address =
            qjs::JS_GetOpaque(inner.as_raw(), shared.classes.object).expose_provenance() as u64;
        let mut data = [inner.as_raw(), qjs::JS_NewFloat64(f64::from_bits(address))];
        let length = c_int::try_from(length).unwrap_or(c_int::MAX);
        let function = qjs::JS_NewCFunctionData2(
            raw::context(ctx),
            Some(entry::<T>),
            name.as_ptr(),
            length,
            0,
            DATA_LEN.into(),
            data.as_mut_ptr(),
        );
        raw::own(ctx, function)?
    };
    if hidden(&function).is_none() {
        // The engine's record is not what `Record` says: better no function than a wrong one.
        return Err(Error::Unknown);
    }
    function.into_function().ok_or(Error::Unknown)
}

/// What a native function carries: its hidden host object, which the engine marks and counts,
/// and the address of the inside of that, as the bits of a number. Looking it up in each call
/// would cost more than some calls take.
const DATA_LEN: u8 = 2;

/// The hidden host object of a native function of ours.
pub(crate) fn hidden(value: &Value<'_>) -> Option<qjs::JSValue> {
    let shared = RealmData::of(value.ctx()).shared();
    // SAFETY: objects of that class carry the engine's record, whose first field says whose
    // function it is; ours have a hidden object as the first value.
    unsafe {
        let record =
            qjs::JS_GetOpaque(value.as_raw(), shared.classes.native).cast::<Record>().as_ref()?;
        (shared.native_entries.has(record.function?) && record.data_len == DATA_LEN)
            .then_some(record.data)
    }
}

/// The functions of ours that the engine calls for native functions: one for each type of inside.
#[derive(Debug, Default)]
pub(crate) struct NativeEntries(RefCell<Vec<usize>>);

impl NativeEntries {
    fn add(&self, entry: NativeEntry) {
        if !self.has(entry) {
            self.0.borrow_mut().push(entry as usize);
        }
    }

    fn has(&self, entry: NativeEntry) -> bool {
        self.0.borrow().contains(&(entry as usize))
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
            Some(never),
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
    function: Option<NativeEntry>,
    length: u8,
    data_len: u8,
    magic: u16,
    data: qjs::JSValue,
}

type NativeEntry = unsafe extern "C" fn(
    RawContext,
    qjs::JSValue,
    c_int,
    *mut qjs::JSValue,
    c_int,
    *mut qjs::JSValue,
) -> qjs::JSValue;

/// The engine's entry into the native functions with such an inside.
unsafe extern "C" fn entry<T: NativeFunction>(
    raw_ctx: RawContext,
    _this: qjs::JSValue,
    argc: c_int,
    argv: *mut qjs::JSValue,
    _magic: c_int,
    data: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: called by QuickJS for a function made in `native_function`, with the values that
    // it was made with: the function keeps the hidden object, and that the inside. The arguments
    // live during the call.
    unsafe {
        let ctx = raw::borrowed_scope(&raw_ctx);
        let address = qjs::JS_VALUE_GET_FLOAT64(*data.add(1)).to_bits() as usize;
        let parts = &*std::ptr::with_exposed_provenance::<HostBox<T>>(address);
        let arguments = match usize::try_from(argc) {
            Ok(len) if len > 0 => std::slice::from_raw_parts(argv.cast_const(), len),
            _ => &[],
        };
        let call = NativeCall { ctx, arguments };
        raw::caught_raw(ctx, || match parts.inside.call(&call) {
            Ok(Returned::Undefined) => qjs::JS_UNDEFINED,
            Ok(Returned::Int(number)) => qjs::JS_MKVAL(qjs::JS_TAG_INT, number),
            Ok(Returned::Float(number)) => qjs::JS_NewFloat64(number),
            Ok(Returned::BigInt(number)) => qjs::JS_NewBigInt64(raw_ctx, number),
            Ok(Returned::Value(value)) => raw::give(&value),
            Err(error) => {
                raw::throw(ctx, error);
                qjs::JS_EXCEPTION
            }
        })
    }
}

/// That of the probe in [`class`].
unsafe extern "C" fn never(
    _ctx: RawContext,
    _this: qjs::JSValue,
    _argc: c_int,
    _argv: *mut qjs::JSValue,
    _magic: c_int,
    _data: *mut qjs::JSValue,
) -> qjs::JSValue {
    qjs::JS_UNDEFINED
}
