//! Name scopes: objects whose properties are those of another object, seen live.
//!
//! One stands behind the global object of an inner realm. A `Proxy` there would do too, but the engine asks it
//! for names that nobody has without telling whether that is an error: `typeof x` and `x` would be the same.

use std::ffi::c_int;

use rquickjs::{Ctx, Function, Object, Result, Value, qjs};

use crate::host_object::{Held, HostObject, Tracer, host_ref, scope_object};
use crate::raw::{self, RawContext};

/// An object with this prototype that shows the properties of `names`. What is assigned to it is assigned to
/// `names`; then `assigned` is called with the key.
pub fn name_scope<'js>(
    ctx: &Ctx<'js>,
    prototype: &Object<'js>,
    names: &Object<'js>,
    assigned: &Function<'js>,
) -> Result<Object<'js>> {
    let inside =
        Names { names: Held::new(names.as_value()), assigned: Held::new(assigned.as_value()) };
    scope_object(ctx, prototype, inside)
}

struct Names {
    names: Held,
    assigned: Held,
}

impl HostObject for Names {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.names);
        tracer.mark(&self.assigned);
    }
}

/// How the engine asks such an object.
pub(crate) static METHODS: qjs::JSClassExoticMethods = qjs::JSClassExoticMethods {
    get_own_property: Some(get_own_property),
    get_own_property_names: None,
    delete_property: None,
    define_own_property: None,
    has_property: None,
    get_property: None,
    set_property: Some(set_property),
};

unsafe extern "C" fn get_own_property(
    context: RawContext,
    description: *mut qjs::JSPropertyDescriptor,
    object: qjs::JSValue,
    key: qjs::JSAtom,
) -> c_int {
    // SAFETY: the engine passes a live object of this class and a live key, and null or a place for the result,
    // whose references it takes over.
    unsafe {
        let ctx = raw::scope(context);
        let object = raw::borrow(&ctx, object);
        let Some(names) = names_of(&ctx, &object) else { return 0 };
        let found = qjs::JS_HasProperty(context, names.as_raw(), key);
        if found <= 0 || description.is_null() {
            return found;
        }
        let value = qjs::JS_GetProperty(context, names.as_raw(), key);
        if qjs::JS_IsException(value) {
            return -1;
        }
        *description = qjs::JSPropertyDescriptor {
            flags: qjs::JS_PROP_C_W_E as c_int,
            value,
            getter: qjs::JS_UNDEFINED,
            setter: qjs::JS_UNDEFINED,
        };
        1
    }
}

unsafe extern "C" fn set_property(
    context: RawContext,
    object: qjs::JSValue,
    key: qjs::JSAtom,
    value: qjs::JSValue,
    _receiver: qjs::JSValue,
    _flags: c_int,
) -> c_int {
    // SAFETY: the engine passes a live object of this class, a live key and a value that stays its own; what is
    // made here is released.
    unsafe {
        let ctx = raw::scope(context);
        let object = raw::borrow(&ctx, object);
        let Some(names) = names_of(&ctx, &object) else { return 0 };
        let value = qjs::JS_DupValue(context, value);
        if qjs::JS_SetProperty(context, names.as_raw(), key, value) < 0 {
            return -1;
        }
        let assigned = host_ref::<Names>(&object).and_then(|names| names.assigned.get(&ctx).ok());
        let Some(assigned) = assigned else { return 1 };
        let mut key = [qjs::JS_AtomToValue(context, key)];
        let none = qjs::JS_UNDEFINED;
        let result = qjs::JS_Call(context, assigned.as_raw(), none, 1, key.as_mut_ptr());
        qjs::JS_FreeValue(context, key[0]);
        qjs::JS_FreeValue(context, result);
        if qjs::JS_IsException(result) { -1 } else { 1 }
    }
}

fn names_of<'js>(ctx: &Ctx<'js>, object: &Value<'js>) -> Option<Value<'js>> {
    host_ref::<Names>(object)?.names.get(ctx).ok()
}
