//! Built-in functions that no script has touched.
//!
//! Some insides of built-in objects have no C API: how many entries a `Map` has and which,
//! a `Date`'s time, a `RegExp`'s source. Only the built-in methods reach them, and a script
//! may have replaced every one of those. So they are taken from a second realm of the same
//! heap, which no script ever sees. It has no global code run in it, costs nothing until
//! something first needs it, and being of the same runtime its methods accept the objects
//! of every other realm.
//!
//! Capturing the methods at the start of each realm would do too, but would cost every
//! start-up, and an order to keep ("before any script").
//!
//! Failures in here are errors of this realm: a script's `Error.prepareStackTrace` does not
//! run for them.

use std::cell::{Cell, OnceCell};
use std::ffi::{CStr, c_int, c_void};
use std::fmt;
use std::ptr::NonNull;

use rquickjs::{Ctx, Error, Result, Value, qjs};

use crate::raw::{self, RawContext};
use crate::realm::RealmData;
use crate::slot;

/// The untouched realm's context, made on first use.
pub(crate) fn context(ctx: &Ctx<'_>) -> Result<RawContext> {
    let realm = slot::<Pristine>(ctx);
    if let Some(context) = realm.context.get() {
        return Ok(context.as_ptr());
    }
    let context = RealmData::of(ctx)
        .shared()
        .without_heap_limit(|| new_context(ctx))
        .ok_or(Error::Allocation)?;
    realm.context.set(Some(context));
    Ok(context.as_ptr())
}

/// Calls the built-in method `name` of the class `class` on `this`.
pub(crate) fn call<'js>(
    this: &Value<'js>,
    class: qjs::JSClassID,
    name: &CStr,
) -> Result<Value<'js>> {
    call_with(this, class, name, &mut [])
}

/// `ToBigInt`: the engine has no such function, but `BigInt.asIntN` begins with it, and with
/// this many bits does nothing else.
pub(crate) fn to_big_int<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Value<'js>> {
    const MOST_BITS: f64 = 9_007_199_254_740_991.0;
    let context = context(ctx)?;
    // SAFETY: the untouched realm is alive, as is the value; what is made here is freed or
    // given to the result.
    unsafe {
        let global = qjs::JS_GetGlobalObject(context);
        let class = qjs::JS_GetPropertyStr(context, global, c"BigInt".as_ptr());
        let method = qjs::JS_GetPropertyStr(context, class, c"asIntN".as_ptr());
        let mut arguments = [qjs::JS_NewFloat64(MOST_BITS), value.as_raw()];
        let result = qjs::JS_Call(context, method, class, 2, arguments.as_mut_ptr());
        for made in [global, class, method] {
            qjs::JS_FreeValue(context, made);
        }
        raw::own(ctx, result)
    }
}

/// `first + second`, which makes ropes where no built-in method does.
pub(crate) fn add<'js>(first: &Value<'js>, second: &Value<'js>) -> Result<Value<'js>> {
    let ctx = first.ctx();
    let context = context(ctx)?;
    let realm = slot::<Pristine>(ctx);
    let mut arguments = [first.as_raw(), second.as_raw()];
    // SAFETY: the untouched realm is alive, as are the arguments; the function is the realm's
    // from when it is made, and is released with it.
    unsafe {
        if qjs::JS_IsUndefined(realm.add.get()) {
            realm.add.set(raw::give(&evaluate(ctx, c"(first, second) => first + second")?));
        }
        let arguments = arguments.as_mut_ptr();
        raw::own(ctx, qjs::JS_Call(context, realm.add.get(), qjs::JS_UNDEFINED, 2, arguments))
    }
}

/// What a script of ours comes to.
pub(crate) fn evaluate<'js>(ctx: &Ctx<'js>, source: &CStr) -> Result<Value<'js>> {
    let context = context(ctx)?;
    let len = source.count_bytes() as qjs::size_t;
    let flags = qjs::JS_EVAL_TYPE_GLOBAL as c_int;
    // SAFETY: the untouched realm is alive, and what comes out is the result's.
    unsafe { raw::own(ctx, qjs::JS_Eval(context, source.as_ptr(), len, c"holm".as_ptr(), flags)) }
}

/// Calls a built-in method with arguments.
pub(crate) fn call_with<'js>(
    this: &Value<'js>,
    class: qjs::JSClassID,
    name: &CStr,
    arguments: &mut [qjs::JSValue],
) -> Result<Value<'js>> {
    let ctx = this.ctx();
    let context = context(ctx)?;
    let count = c_int::try_from(arguments.len()).unwrap_or(0);
    // SAFETY: `class` is one of the engine's own, whose prototype the realm has; `this` and
    // the arguments are alive, and what is made here is released or given to `own`.
    unsafe {
        let prototype = qjs::JS_GetClassProto(context, class);
        let method = qjs::JS_GetPropertyStr(context, prototype, name.as_ptr());
        let result = qjs::JS_Call(context, method, this.as_raw(), count, arguments.as_mut_ptr());
        qjs::JS_FreeValue(context, method);
        qjs::JS_FreeValue(context, prototype);
        raw::own(ctx, result)
    }
}

/// `new` of the class `class`; its prototype is the untouched realm's.
pub(crate) fn new_instance<'js>(
    ctx: &Ctx<'js>,
    class: qjs::JSClassID,
    arguments: &mut [qjs::JSValue],
) -> Result<Value<'js>> {
    let context = context(ctx)?;
    let count = c_int::try_from(arguments.len()).unwrap_or(0);
    // SAFETY: the realm has the prototype with its constructor, and the arguments are alive; all
    // that is made is released.
    unsafe {
        let prototype = qjs::JS_GetClassProto(context, class);
        let maker = qjs::JS_GetPropertyStr(context, prototype, c"constructor".as_ptr());
        let made = qjs::JS_CallConstructor(context, maker, count, arguments.as_mut_ptr());
        qjs::JS_FreeValue(context, maker);
        qjs::JS_FreeValue(context, prototype);
        raw::own(ctx, made)
    }
}

/// Reads the built-in accessor `name` of the class `class` on `this`.
pub(crate) fn read<'js>(
    this: &Value<'js>,
    class: qjs::JSClassID,
    name: &CStr,
) -> Result<Value<'js>> {
    let ctx = this.ctx();
    let context = context(ctx)?;
    // SAFETY: as in `call_with`; a descriptor that was filled in is released whole.
    unsafe {
        let atom = qjs::JS_NewAtom(context, name.as_ptr());
        let mut holder = qjs::JS_GetClassProto(context, class);
        let mut result = qjs::JS_UNDEFINED;
        // The accessor may be one prototype further up: `%TypedArray%.prototype`.
        while qjs::JS_VALUE_GET_TAG(holder) == qjs::JS_TAG_OBJECT {
            let mut found = std::mem::zeroed::<qjs::JSPropertyDescriptor>();
            if qjs::JS_GetOwnProperty(context, &raw mut found, holder, atom) == 1 {
                let none = std::ptr::null_mut();
                result = qjs::JS_Call(context, found.getter, this.as_raw(), 0, none);
                qjs::JS_FreeValue(context, found.getter);
                qjs::JS_FreeValue(context, found.setter);
                qjs::JS_FreeValue(context, found.value);
                break;
            }
            let next = qjs::JS_GetPrototype(context, holder);
            qjs::JS_FreeValue(context, holder);
            holder = next;
        }
        qjs::JS_FreeValue(context, holder);
        qjs::JS_FreeAtom(context, atom);
        raw::own(ctx, result)
    }
}

/// What a `Map` or `Set` iterator holds, without moving it.
pub(crate) struct IteratorState<'js> {
    /// The collection it walks; `None` once it has ended.
    pub(crate) collection: Option<Value<'js>>,
    /// Keys, values or both.
    pub(crate) kind: c_int,
    /// Where it stands: an opaque mark, null before the first step.
    pub(crate) position: *const c_void,
}

/// `JSIteratorKindEnum`: the keys only.
pub(crate) const KEYS: c_int = 0;
/// `JSIteratorKindEnum`: keys and values.
pub(crate) const ENTRIES: c_int = 2;

/// The state of a live iterator of `class`. `None` if this engine's layout is not the known
/// one.
pub(crate) fn iterator_state<'js>(
    iterator: &Value<'js>,
    class: qjs::JSClassID,
) -> Result<Option<IteratorState<'js>>> {
    let ctx = iterator.ctx();
    let realm = slot::<Pristine>(ctx);
    let known = match realm.layout_known.get() {
        Some(known) => *known,
        None => {
            let known = layout_is_known(ctx)?;
            *realm.layout_known.get_or_init(|| known)
        }
    };
    Ok(if known { peek(iterator, class) } else { None })
}

/// `JSMapIteratorData` of quickjs.c, the one private structure that is read. Nothing else
/// can show an iterator's rest without consuming it. [`layout_is_known`] tries it first.
#[repr(C)]
#[derive(Clone, Copy)]
struct MapIteratorData {
    collection: qjs::JSValue,
    kind: c_int,
    record: *const c_void,
}

fn peek<'js>(iterator: &Value<'js>, class: qjs::JSClassID) -> Option<IteratorState<'js>> {
    let ctx = iterator.ctx();
    // SAFETY: the opaque pointer of a map iterator is its data or null. It is read only if
    // the allocation is large enough (or of unknown size: 0). `collection` is alive as long
    // as the iterator is.
    unsafe {
        let data = qjs::JS_GetOpaque(iterator.as_raw(), class);
        if data.is_null() {
            return None;
        }
        let size = qjs::js_malloc_usable_size(raw::context(ctx), data);
        if size != 0 && (size as usize) < size_of::<MapIteratorData>() {
            return None;
        }
        let data = data.cast::<MapIteratorData>().read();
        let live = qjs::JS_VALUE_GET_TAG(data.collection) == qjs::JS_TAG_OBJECT;
        Some(IteratorState {
            collection: live.then(|| raw::borrow(ctx, data.collection)),
            kind: data.kind,
            position: data.record,
        })
    }
}

/// Makes a map and an iterator of known state, and looks whether [`peek`] sees just that.
fn layout_is_known(ctx: &Ctx<'_>) -> Result<bool> {
    use crate::reflect::class;
    let map = new_instance(ctx, class::MAP, &mut [])?;
    let mut entry = [qjs::JS_TRUE, qjs::JS_FALSE];
    call_with(&map, class::MAP, c"set", &mut entry)?;
    let entries = call(&map, class::MAP, c"entries")?;
    let keys = call(&map, class::MAP, c"keys")?;
    call(&keys, class::MAP_ITERATOR, c"next")?;
    let seen = |iterator, kind, moved: bool| {
        peek(iterator, class::MAP_ITERATOR).is_some_and(|state| {
            state.collection.as_ref() == Some(&map)
                && state.kind == kind
                && state.position.is_null() != moved
        })
    };
    Ok(seen(&entries, ENTRIES, false) && seen(&keys, KEYS, true))
}

fn new_context(ctx: &Ctx<'_>) -> Option<NonNull<qjs::JSContext>> {
    // SAFETY: a live runtime. Nobody else has the new context; if a part of it can't be made
    // it is freed again.
    unsafe {
        let context = NonNull::new(qjs::JS_NewContextRaw(raw::runtime(ctx)))?;
        let new = context.as_ptr();
        let parts = [
            qjs::JS_AddIntrinsicBaseObjects,
            qjs::JS_AddIntrinsicEval,
            qjs::JS_AddIntrinsicDate,
            qjs::JS_AddIntrinsicRegExp,
            qjs::JS_AddIntrinsicMapSet,
            qjs::JS_AddIntrinsicTypedArrays,
            qjs::JS_AddIntrinsicBigInt,
            qjs::JS_AddIntrinsicDOMException,
        ];
        if parts.iter().any(|add| add(new) < 0) {
            qjs::JS_FreeContext(new);
            return None;
        }
        // A conversion in here may call functions of ours: to them it is the realm it is for.
        qjs::JS_SetContextOpaque(new, qjs::JS_GetContextOpaque(raw::context(ctx)));
        Some(context)
    }
}

struct Pristine {
    context: Cell<Option<NonNull<qjs::JSContext>>>,
    layout_known: OnceCell<bool>,
    /// See [`add`]: `undefined` before it is first needed.
    add: Cell<qjs::JSValue>,
}

impl Default for Pristine {
    fn default() -> Self {
        Self {
            context: Cell::default(),
            layout_known: OnceCell::default(),
            add: Cell::new(qjs::JS_UNDEFINED),
        }
    }
}

impl Drop for Pristine {
    fn drop(&mut self) {
        if let Some(context) = self.context.get() {
            // SAFETY: the slots of a realm are dropped while its runtime is alive, and the
            // references to the function and to the context are ours.
            unsafe {
                qjs::JS_FreeValue(context.as_ptr(), self.add.get());
                qjs::JS_FreeContext(context.as_ptr());
            }
        }
    }
}

impl fmt::Debug for Pristine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pristine").finish_non_exhaustive()
    }
}
