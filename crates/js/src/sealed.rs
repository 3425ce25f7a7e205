//! Sealed objects: nothing can be read from them, put on them or found in them.
//!
//! They are what the WebAssembly JavaScript interface calls Exported GC Objects: no prototype,
//! no properties, not extensible, and assigning or deleting throws even in sloppy code.

use std::cell::Cell;
use std::ffi::c_int;

use rquickjs::function::{Rest, This};
use rquickjs::{Ctx, Function, Object, Result, Value, qjs};

use crate::errors::{ErrorKind, throw};
use crate::function::function;
use crate::host_object::{HostObject, sealed_object};
use crate::lazy::{Attributes, define_value};
use crate::raw::{self, RawContext};
use crate::realm::{RealmData, slot};
use crate::root::Root;

/// A sealed object with this inside.
pub fn sealed<'js, T: HostObject>(ctx: &Ctx<'js>, inside: T) -> Result<Object<'js>> {
    slot::<Integrity>(ctx).install(ctx)?;
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

/// \[\[PreventExtensions\]\] of these objects is false, which the engine does not ask about. So
/// the first of a realm puts functions in front of the four that a script can ask with.
#[derive(Default)]
struct Integrity {
    installed: Cell<bool>,
}

impl Integrity {
    fn install(&self, ctx: &Ctx<'_>) -> Result<()> {
        if self.installed.replace(true) {
            return Ok(());
        }
        for name in ["freeze", "preventExtensions", "seal"] {
            wrap(ctx, "Object", name, move |ctx| {
                let text = format!("Object.{name}: a WebAssembly object cannot be changed");
                Err(throw(ctx, ErrorKind::Type, &text))
            })?;
        }
        wrap(ctx, "Reflect", "preventExtensions", |_ctx| Ok(false))
    }
}

/// Replaces `global[name]`, as far as it is about these objects.
fn wrap(
    ctx: &Ctx<'_>,
    global: &str,
    name: &'static str,
    answer: impl Fn(&Ctx<'_>) -> Result<bool> + 'static,
) -> Result<()> {
    let holder: Value<'_> = ctx.globals().get(global)?;
    let Some(holder) = holder.into_object() else { return Ok(()) };
    let original: Value<'_> = holder.get(name)?;
    let Some(original) = original.into_function() else { return Ok(()) };
    let original = Root::<Function<'static>>::new(ctx, original)?;
    let wrapper = function(ctx, name, 1, move |call| {
        if is_sealed(&call.value(0)) {
            return answer(call.ctx()).and_then(|answer| call.returns(answer));
        }
        let original: Function<'_> = original.get(call.ctx())?;
        original.call((This(call.this()), Rest(call.rest(0))))
    })?;
    define_value(&holder, name, wrapper, Attributes::BUILT_IN)
}

fn is_sealed(value: &Value<'_>) -> bool {
    let class = RealmData::of(value.ctx()).shared().classes.sealed;
    // SAFETY: a live value, which is only asked what it is.
    value.is_object() && unsafe { qjs::JS_GetClassID(value.as_raw()) } == class
}
