//! Sealed objects: nothing can be read from them, put on them or found in them.
//!
//! They are what the WebAssembly JavaScript interface calls Exported GC Objects: no prototype,
//! no properties, not extensible, and assigning or deleting throws even in sloppy code.

use std::ffi::c_int;

use rquickjs::{Ctx, Object, Result, qjs};

use crate::errors::{ErrorKind, throw};
use crate::host_object::{HostObject, sealed_object};
use crate::raw::{self, RawContext};

/// A sealed object with this inside.
pub fn sealed<'js, T: HostObject>(ctx: &Ctx<'js>, inside: T) -> Result<Object<'js>> {
    let object = sealed_object(ctx, inside)?;
    // SAFETY: a live object.
    raw::check(unsafe { qjs::JS_PreventExtensions(raw::context(ctx), object.as_raw()) })?;
    Ok(object)
}

/// How the engine asks such an object.
pub(crate) static METHODS: qjs::JSClassExoticMethods = qjs::JSClassExoticMethods {
    get_own_property: Some(get_own_property),
    get_own_property_names: Some(get_own_property_names),
    delete_property: Some(delete_property),
    define_own_property: Some(define_own_property),
    has_property: Some(has_property),
    get_property: Some(get_property),
    set_property: Some(set_property),
};

unsafe extern "C" fn get_own_property(
    _ctx: RawContext,
    _description: *mut qjs::JSPropertyDescriptor,
    _object: qjs::JSValue,
    _key: qjs::JSAtom,
) -> c_int {
    0
}

unsafe extern "C" fn get_own_property_names(
    _ctx: RawContext,
    names: *mut *mut qjs::JSPropertyEnum,
    len: *mut u32,
    _object: qjs::JSValue,
) -> c_int {
    // SAFETY: the engine passes places for the result.
    unsafe {
        *names = std::ptr::null_mut();
        *len = 0;
    }
    0
}

unsafe extern "C" fn delete_property(
    ctx: RawContext,
    _object: qjs::JSValue,
    _key: qjs::JSAtom,
) -> c_int {
    refuse(ctx, "deleted from")
}

unsafe extern "C" fn define_own_property(
    ctx: RawContext,
    _object: qjs::JSValue,
    _key: qjs::JSAtom,
    _value: qjs::JSValue,
    _getter: qjs::JSValue,
    _setter: qjs::JSValue,
    flags: c_int,
) -> c_int {
    if flags & qjs::JS_PROP_THROW as c_int == 0 {
        return 0;
    }
    refuse(ctx, "defined on")
}

unsafe extern "C" fn has_property(
    _ctx: RawContext,
    _object: qjs::JSValue,
    _key: qjs::JSAtom,
) -> c_int {
    0
}

unsafe extern "C" fn get_property(
    _ctx: RawContext,
    _object: qjs::JSValue,
    _key: qjs::JSAtom,
    _receiver: qjs::JSValue,
) -> qjs::JSValue {
    qjs::JS_UNDEFINED
}

unsafe extern "C" fn set_property(
    ctx: RawContext,
    _object: qjs::JSValue,
    _key: qjs::JSAtom,
    _value: qjs::JSValue,
    _receiver: qjs::JSValue,
    _flags: c_int,
) -> c_int {
    refuse(ctx, "set on")
}

fn refuse(raw_ctx: RawContext, what: &str) -> c_int {
    // SAFETY: the engine's own context, during a callback.
    let ctx = unsafe { raw::scope(raw_ctx) };
    throw(&ctx, ErrorKind::Type, &format!("properties cannot be {what} a WebAssembly object"));
    -1
}
