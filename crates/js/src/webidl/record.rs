//! Records: <https://webidl.spec.whatwg.org/#js-record>.

use std::ffi::c_int;

use rquickjs::{Object, Result, Value, qjs};

use crate::raw;

/// Hands each enumerable own property to `each`, which converts the key (a string, or a symbol
/// as it is), then reads and converts the value. A proxy's traps run as the standard has it.
pub fn record<'js>(
    object: &Object<'js>,
    mut each: impl FnMut(&Value<'js>, &dyn Fn() -> Result<Value<'js>>) -> Result<()>,
) -> Result<()> {
    // 3. Let keys be ? O.[[OwnPropertyKeys]]().
    let keys = Keys::of(object)?;
    // 4. For each key of keys:
    for place in 0..keys.len as usize {
        // SAFETY: inside of the table, whose atoms live as long as it does.
        let atom = unsafe { (*keys.table.add(place)).atom };
        // 1. Let desc be ? O.[[GetOwnProperty]](key).
        // 2. If desc is not undefined and desc.[[Enumerable]] is true:
        if is_enumerable(object, atom)? {
            // SAFETY: a live atom of this runtime.
            let key = unsafe {
                raw::own(object.ctx(), qjs::JS_AtomToValue(raw::context(object.ctx()), atom))?
            };
            // 1. Let typedKey be key converted to K. 2. Let value be ? Get(O, key).
            // 3. Let typedValue be value converted to V.
            each(&key, &|| object.get(key.clone()))?;
        }
    }
    Ok(())
}

/// A table of the engine with an object's own keys.
struct Keys<'a, 'js> {
    table: *mut qjs::JSPropertyEnum,
    len: u32,
    object: &'a Object<'js>,
}

impl<'a, 'js> Keys<'a, 'js> {
    fn of(object: &'a Object<'js>) -> Result<Self> {
        let mut keys = Self { table: std::ptr::null_mut(), len: 0, object };
        let flags = (qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_SYMBOL_MASK) as c_int;
        let context = raw::context(object.ctx());
        let (table, len) = (&raw mut keys.table, &raw mut keys.len);
        // SAFETY: a live object; the engine fills in both or throws.
        raw::check(unsafe {
            qjs::JS_GetOwnPropertyNames(context, table, len, object.as_raw(), flags)
        })?;
        Ok(keys)
    }
}

impl Drop for Keys<'_, '_> {
    fn drop(&mut self) {
        if !self.table.is_null() {
            // SAFETY: the table and its atoms are ours.
            unsafe {
                qjs::JS_FreePropertyEnum(raw::context(self.object.ctx()), self.table, self.len);
            }
        }
    }
}

/// Whether there is an own property of that name that `for in` would show.
fn is_enumerable(object: &Object<'_>, atom: qjs::JSAtom) -> Result<bool> {
    let context = raw::context(object.ctx());
    // SAFETY: a live object and atom. The parts of the descriptor, which are written only
    // where a property was found, are released.
    unsafe {
        let mut found = std::mem::zeroed::<qjs::JSPropertyDescriptor>();
        let status = qjs::JS_GetOwnProperty(context, &raw mut found, object.as_raw(), atom);
        if raw::check(status)? == 0 {
            return Ok(false);
        }
        for part in [found.value, found.getter, found.setter] {
            qjs::JS_FreeValue(context, part);
        }
        Ok(found.flags & qjs::JS_PROP_ENUMERABLE as c_int != 0)
    }
}
