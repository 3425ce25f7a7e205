//! Looking into values without running script.
//!
//! Everything here reads what is there: no getter, no proxy trap and no method that a script
//! may have replaced runs, except where a function says so. What may fail for lack of memory
//! returns a `Result`.
//!
//! Names a reader will mix up:
//! - [`Kind`]: what an object is inside, whatever its prototype says.
//! - [`Slot`]: what a property holds: a value or a pair of functions.
//! - [`own_property`]: one object's own; [`lookup`]: along the prototype chain, and it calls
//!   a getter.

use std::sync::atomic::{AtomicU8, Ordering};

use rquickjs::{Array, Ctx, Error, Function, Object, Result, Value, qjs};

use crate::foreign_frames::stack_with_frames;
use crate::pristine;
use crate::raw::{self, context};
use crate::stack_trace::with_heading;

mod collection;
mod kind;
mod property;
pub(crate) mod view;

pub use collection::{Rest, collection_len, iterator_rest, map_entries, set_values};
pub(crate) use kind::class;
pub use kind::{FunctionKind, Kind, TypedArrayKind};
pub use property::{
    Filter, OwnKeys, Property, PropertyKey, Slot, own_keys, own_property, own_value,
};
pub use view::{BufferView, buffer_view};

/// Prototype chains are followed this far. Real ones have a handful of steps; one through a
/// proxy can be endless.
const CHAIN_LIMIT: usize = 10_000;

/// Whether there is stack left for a few more calls; an error if script is to be stopped.
///
/// Asks the engine, whose limit Holm sets to fit the stack it runs on, and which looks at
/// its interrupt handler once in 10 000 calls.
pub fn stack_has_room(ctx: &Ctx<'_>) -> Result<bool> {
    let untouched = pristine::context(ctx)?;
    // SAFETY: a live context. Its `Function.prototype` is a function that does nothing; the
    // engine looks at the stack before it calls it.
    let called = unsafe {
        let function = qjs::JS_GetFunctionProto(untouched);
        let none = std::ptr::null_mut();
        let result = qjs::JS_Call(untouched, function, qjs::JS_UNDEFINED, 0, none);
        qjs::JS_FreeValue(untouched, function);
        raw::own(ctx, result)
    };
    Ok(attempt(ctx, called)?.is_some())
}

/// Whether a thrown value is the engine's report that the stack is full.
pub fn is_stack_overflow(thrown: &Value<'_>) -> Result<bool> {
    let Some(error) = thrown.as_object().filter(|error| Kind::of(error) == Kind::Error) else {
        return Ok(false);
    };
    let key = PropertyKey::new(thrown.ctx(), "message")?;
    match own_property(error, &key)?.map(|message| message.slot) {
        Some(Slot::Value(message)) if message.is_string() => {
            with_wtf8(&message, |text| text == b"Maximum call stack size exceeded")
        }
        _ => Ok(false),
    }
}

/// `None` for a thrown exception, which is dropped; but one that script must not swallow
/// (termination) stays an error.
pub fn attempt<T>(ctx: &Ctx<'_>, result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::Exception) => {
            let thrown = ctx.catch();
            if thrown.is_uncatchable_error() { Err(ctx.throw(thrown)) } else { Ok(None) }
        }
        Err(other) => Err(other),
    }
}

/// Hands the text of a string to `read`: UTF-8, in which a lone surrogate is written as if
/// it were a character (WTF-8). ASCII strings are not copied.
pub fn with_wtf8<R>(string: &Value<'_>, read: impl FnOnce(&[u8]) -> R) -> Result<R> {
    let context = context(string.ctx());
    let mut len = 0usize;
    // SAFETY: the value is alive and stays so while its bytes are read; what the engine
    // returned is released by it.
    unsafe {
        let bytes = qjs::JS_ToCStringLen(context, (&raw mut len).cast(), string.as_raw());
        if bytes.is_null() {
            return Err(Error::Exception);
        }
        let result = read(std::slice::from_raw_parts(bytes.cast(), len));
        qjs::JS_FreeCString(context, bytes);
        Ok(result)
    }
}

/// The description of a symbol as a string; an absent one is empty.
pub fn symbol_description<'js>(symbol: &Value<'js>) -> Result<Value<'js>> {
    PropertyKey::from_value(symbol)?.to_string_value()
}

/// A proxy's target and handler; no trap runs.
#[derive(Clone, Debug)]
pub enum Proxy<'js> {
    /// `revoke` was called: nothing is left of it.
    Revoked,
    /// A proxy at work.
    Live {
        /// What it stands for.
        target: Object<'js>,
        /// The object with its traps.
        handler: Object<'js>,
    },
}

/// The parts of a proxy, `None` for any other object.
pub fn proxy<'js>(object: &Object<'js>) -> Result<Option<Proxy<'js>>> {
    if Kind::of(object) != Kind::Proxy {
        return Ok(None);
    }
    let ctx = object.ctx();
    let untouched = pristine::context(ctx)?;
    // SAFETY: a live proxy; a revoked one throws.
    let parts = unsafe {
        raw::own(ctx, qjs::JS_GetProxyTarget(untouched, object.as_raw())).and_then(|target| {
            let handler = qjs::JS_GetProxyHandler(untouched, object.as_raw());
            Ok((target, raw::own(ctx, handler)?))
        })
    };
    Ok(Some(match attempt(ctx, parts)? {
        Some((target, handler)) => Proxy::Live {
            target: target.into_object().ok_or(Error::Unknown)?,
            handler: handler.into_object().ok_or(Error::Unknown)?,
        },
        None => Proxy::Revoked,
    }))
}

/// The object behind any number of proxies; `None` if one of them is revoked.
pub fn unwrap_proxies<'js>(object: &Object<'js>) -> Result<Option<Object<'js>>> {
    let mut object = object.clone();
    loop {
        match proxy(&object)? {
            None => return Ok(Some(object)),
            Some(Proxy::Revoked) => return Ok(None),
            Some(Proxy::Live { target, .. }) => object = target,
        }
    }
}

/// The prototype; where it is a proxy, the object behind.
pub fn prototype<'js>(object: &Object<'js>) -> Result<Option<Object<'js>>> {
    let Some(object) = unwrap_proxies(object)? else {
        return Ok(None);
    };
    // SAFETY: a live object that is no proxy: no script runs.
    let prototype = unsafe {
        raw::own(object.ctx(), qjs::JS_GetPrototype(context(object.ctx()), object.as_raw()))?
    };
    prototype.into_object().map_or(Ok(None), |prototype| unwrap_proxies(&prototype))
}

/// The object and its prototypes, nearest first.
pub fn chain<'js>(object: &Object<'js>) -> impl Iterator<Item = Result<Object<'js>>> + use<'js> {
    let mut next = unwrap_proxies(object);
    let step = move || {
        let current = match std::mem::replace(&mut next, Ok(None)) {
            Ok(current) => current?,
            Err(error) => return Some(Err(error)),
        };
        next = prototype(&current);
        Some(Ok(current))
    };
    std::iter::from_fn(step).take(CHAIN_LIMIT)
}

/// A property as `object[key]` finds it, `None` where there is none. Runs no trap of a proxy
/// in the chain, but does call a getter: then this may throw what the script throws.
pub fn lookup<'js>(object: &Object<'js>, key: &PropertyKey<'js>) -> Result<Option<Value<'js>>> {
    for holder in chain(object) {
        let Some(property) = own_property(&holder?, key)? else {
            continue;
        };
        return match property.slot {
            Slot::Value(value) => Ok(Some(value)),
            Slot::Accessor { get: Some(get), .. } => {
                get.call((rquickjs::prelude::This(object.clone()),)).map(Some)
            }
            Slot::Accessor { get: None, .. } | Slot::Uninitialized => {
                Ok(Some(Value::new_undefined(object.ctx().clone())))
            }
        };
    }
    Ok(None)
}

/// `object instanceof constructor`; may run a `Symbol.hasInstance` of the script.
pub fn is_instance<'js>(object: &Object<'js>, constructor: &Object<'js>) -> Result<bool> {
    let ctx = object.ctx();
    // SAFETY: both are alive.
    let answer =
        unsafe { qjs::JS_IsInstanceOf(context(ctx), object.as_raw(), constructor.as_raw()) };
    Ok(raw::check(answer)? != 0)
}

/// The prototypes every realm has, whatever its globals say.
#[derive(Clone, Debug)]
pub struct Prototypes<'js> {
    /// `Object.prototype`
    pub object: Object<'js>,
    /// `Function.prototype`
    pub function: Object<'js>,
    /// `Error.prototype`
    pub error: Object<'js>,
}

/// The realm's own prototypes.
pub fn prototypes<'js>(ctx: &Ctx<'js>) -> Result<Prototypes<'js>> {
    // SAFETY: classes of the engine, in a live context.
    let of_class = |class| unsafe {
        raw::own(ctx, qjs::JS_GetClassProto(context(ctx), class))?
            .into_object()
            .ok_or(Error::Unknown)
    };
    Ok(Prototypes {
        object: of_class(class::OBJECT)?,
        function: of_class(class::BYTECODE_FUNCTION)?,
        error: of_class(class::ERROR)?,
    })
}

/// Whether a function was written as a `class`.
///
/// A class is a constructor whose `prototype` can't be assigned. So is a frozen function:
/// the source text tells, if the engine still has it.
pub fn is_class(function: &Object<'_>) -> Result<bool> {
    let ctx = function.ctx();
    if class::of(function) != class::BYTECODE_FUNCTION || !function.is_constructor() {
        return Ok(false);
    }
    let key = PropertyKey::new(ctx, "prototype")?;
    if own_property(function, &key)?.is_none_or(|property| property.writable) {
        return Ok(false);
    }
    with_wtf8(&function_source(function)?, |source| {
        source.starts_with(b"class") || source.ends_with(b"[native code]\n}")
    })
}

/// Whether an object is an ordinary one with no inside at all: neither of a built-in class nor
/// of the host. ([`Kind::Object`] is of the others too that have no kind of their own.)
pub fn is_ordinary(object: &Object<'_>) -> bool {
    class::of(object) == class::OBJECT
}

/// Whether an object is a `DOMException`.
pub fn is_dom_exception(object: &Object<'_>) -> bool {
    class::of(object) == class::DOM_EXCEPTION
}

/// The name and the message of a `DOMException`.
pub fn dom_exception<'js>(exception: &Object<'js>) -> Result<(Value<'js>, Value<'js>)> {
    let field = |name| pristine::read(exception, class::DOM_EXCEPTION, name);
    Ok((field(c"name")?, field(c"message")?))
}

/// What is the same for two values of one object, and for no other object that lives.
pub fn identity(object: &Object<'_>) -> usize {
    // SAFETY: an object's value is a pointer.
    unsafe { qjs::JS_VALUE_GET_PTR(object.as_raw()) as usize }
}

/// A `BigInt` that fits 64 bits, signed.
pub fn small_big_int(value: &Value<'_>) -> Result<Option<i64>> {
    let ctx = value.ctx();
    let mut low = 0;
    // SAFETY: a live BigInt, of which 64 bits are read.
    let whole = unsafe {
        raw::check(qjs::JS_ToBigInt64(context(ctx), &raw mut low, value.as_raw()))?;
        raw::own(ctx, qjs::JS_NewBigInt64(context(ctx), low))?
    };
    Ok(is_same(&whole, value).then_some(low))
}

/// The decimal digits of a `BigInt`.
pub fn big_int_digits<'js>(value: &Value<'js>) -> Result<Value<'js>> {
    pristine::call(value, class::BIG_INT, c"toString")
}

/// The source text of a function.
pub fn function_source<'js>(function: &Object<'js>) -> Result<Value<'js>> {
    pristine::call(function, class::BYTECODE_FUNCTION, c"toString")
}

/// What a boxed primitive (`new Number(1)`) holds.
pub fn boxed_primitive<'js>(object: &Object<'js>) -> Result<Value<'js>> {
    pristine::call(object, class::of(object), c"valueOf")
}

/// A date's milliseconds since 1970, NaN for an invalid one.
pub fn date_ms(date: &Object<'_>) -> Result<f64> {
    Ok(pristine::call(date, class::DATE, c"getTime")?.as_number().unwrap_or(f64::NAN))
}

/// A regular expression's source and flags.
pub fn regexp<'js>(regexp: &Object<'js>) -> Result<(Value<'js>, String)> {
    const FLAGS: [(char, &std::ffi::CStr); 8] = [
        ('d', c"hasIndices"),
        ('g', c"global"),
        ('i', c"ignoreCase"),
        ('m', c"multiline"),
        ('s', c"dotAll"),
        ('u', c"unicode"),
        ('v', c"unicodeSets"),
        ('y', c"sticky"),
    ];
    let mut flags = String::new();
    for (letter, name) in FLAGS {
        if pristine::read(regexp, class::REGEXP, name)?.as_bool() == Some(true) {
            flags.push(letter);
        }
    }
    Ok((pristine::read(regexp, class::REGEXP, c"source")?, flags))
}

/// Whether two values are the same (`===`).
pub fn is_same(one: &Value<'_>, other: &Value<'_>) -> bool {
    // SAFETY: live values; comparing runs no script.
    unsafe { qjs::JS_IsStrictEqual(context(one.ctx()), one.as_raw(), other.as_raw()) }
}

/// The stack an error was made with, as `error.stack` shows it, whatever script did to that
/// property; `undefined` if there is none.
pub fn error_stack<'js>(error: &Object<'js>) -> Result<Value<'js>> {
    let frames = pristine::read(error, class::ERROR, c"stack")?;
    let frames = stack_with_frames(error.ctx(), error.as_value(), frames)?;
    let shown = with_heading(error.ctx(), error.as_value(), frames.clone());
    // Where name or message cannot be read, the frames alone have to do.
    Ok(attempt(error.ctx(), shown)?.unwrap_or(frames))
}

/// A promise's state, with its result once it has one.
#[derive(Clone, Debug)]
pub enum PromiseState<'js> {
    /// Neither fulfilled nor rejected.
    Pending,
    /// With its value.
    Fulfilled(Value<'js>),
    /// With its reason.
    Rejected(Value<'js>),
}

/// How far a promise is.
pub fn promise_state<'js>(promise: &Object<'js>) -> PromiseState<'js> {
    let ctx = promise.ctx();
    // SAFETY: a live object; the result is a new reference, never an exception.
    unsafe {
        let result =
            || Value::from_raw(ctx.clone(), qjs::JS_PromiseResult(context(ctx), promise.as_raw()));
        match qjs::JS_PromiseState(context(ctx), promise.as_raw()) {
            qjs::JSPromiseStateEnum_JS_PROMISE_FULFILLED => PromiseState::Fulfilled(result()),
            qjs::JSPromiseStateEnum_JS_PROMISE_REJECTED => PromiseState::Rejected(result()),
            _ => PromiseState::Pending,
        }
    }
}

/// `object[index]` of an array or typed array, or of an array of the untouched realm.
pub fn element<'js>(object: &Value<'js>, index: u32) -> Result<Value<'js>> {
    let ctx = object.ctx();
    // SAFETY: the object is alive.
    unsafe { raw::own(ctx, qjs::JS_GetPropertyUint32(context(ctx), object.as_raw(), index)) }
}

/// Where a typed array or `DataView` looks.
#[derive(Clone, Debug)]
pub struct View<'js> {
    /// Elements of a typed array, bytes of a `DataView`; 0 when detached.
    pub len: usize,
    /// Bytes of one element; 1 for a `DataView`.
    pub element_bytes: usize,
    /// From the start of the buffer.
    pub offset_bytes: usize,
    /// The `ArrayBuffer` or `SharedArrayBuffer`.
    pub buffer: Value<'js>,
}

/// The extent of a typed array.
pub fn typed_array<'js>(array: &Object<'js>) -> Result<View<'js>> {
    let ctx = array.ctx();
    let (mut offset, mut len, mut element) = (0, 0, 1);
    // SAFETY: a live typed array; the places for the numbers outlive the call. Where the
    // array no longer fits its buffer, this throws.
    let buffer = unsafe {
        let untouched = pristine::context(ctx)?;
        let (to_offset, to_len) = (&raw mut offset, &raw mut len);
        let array = array.as_raw();
        let place = &raw mut element;
        raw::own(ctx, qjs::JS_GetTypedArrayBuffer(untouched, array, to_offset, to_len, place))
    };
    let buffer = match attempt(ctx, buffer)? {
        Some(buffer) => buffer,
        None => pristine::read(array, class::of(array), c"buffer")?,
    };
    let element_bytes = usize::try_from(element).unwrap_or(1).max(1);
    let len = usize::try_from(len).unwrap_or(0) / element_bytes;
    let offset_bytes = usize::try_from(offset).unwrap_or(0);
    Ok(View { len, element_bytes, offset_bytes, buffer })
}

/// The extent of a `DataView`.
pub fn data_view<'js>(view: &Object<'js>) -> Result<View<'js>> {
    let ctx = view.ctx();
    let number = |name| -> Result<usize> {
        let value = attempt(ctx, pristine::read(view, class::DATAVIEW, name))?;
        Ok(value.and_then(|value| value.as_number()).unwrap_or(0.0) as usize)
    };
    Ok(View {
        len: number(c"byteLength")?,
        element_bytes: 1,
        offset_bytes: number(c"byteOffset")?,
        buffer: pristine::read(view, class::DATAVIEW, c"buffer")?,
    })
}

/// The length of an `ArrayBuffer` or `SharedArrayBuffer` with a copy of its first `limit`
/// bytes; `None` when detached.
pub fn buffer_bytes(buffer: &Object<'_>, limit: usize) -> Result<Option<(usize, Vec<u8>)>> {
    let ctx = buffer.ctx();
    let untouched = pristine::context(ctx)?;
    let mut len = 0;
    // SAFETY: a live buffer. Its bytes are read before anything else can run on this thread;
    // other threads may write to shared ones, hence the atomic reads.
    unsafe {
        let bytes = qjs::JS_GetArrayBuffer(untouched, &raw mut len, buffer.as_raw());
        let len = usize::try_from(len).unwrap_or(0);
        if bytes.is_null() && ctx.has_exception() {
            attempt::<()>(ctx, Err(Error::Exception))?;
            return Ok(None);
        }
        let count = if bytes.is_null() { 0 } else { len.min(limit) };
        let read = |index| AtomicU8::from_ptr(bytes.add(index)).load(Ordering::Relaxed);
        Ok(Some((len, (0..count).map(read).collect())))
    }
}

/// Sorts a list with a script's comparator, by the built-in method.
pub fn sort<'js>(list: &Array<'js>, comparator: &Function<'js>) -> Result<Array<'js>> {
    let mut arguments = [comparator.as_raw()];
    let sorted = pristine::call_with(list, class::ARRAY, c"sort", &mut arguments)?;
    sorted.into_array().ok_or(Error::Unknown)
}
