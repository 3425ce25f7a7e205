//! Making built-in objects, whatever script did to their constructors.
//!
//! Where the engine's interface has no maker, the untouched realm of `crate::pristine` makes
//! the object, and it then gets the prototype that it has in the realm it is for.

use rquickjs::{ArrayBuffer, Ctx, Error, IntoJs, Object, Result, Value, qjs};

use crate::errors::{self, ErrorKind};
use crate::pristine;
use crate::raw;
use crate::reflect::{TypedArrayKind, class};
use crate::text::to_text;

/// `Object(primitive)`.
pub fn boxed<'js>(primitive: &Value<'js>) -> Result<Object<'js>> {
    let ctx = primitive.ctx();
    // SAFETY: a live value.
    let made = unsafe { raw::own(ctx, qjs::JS_ToObject(raw::context(ctx), primitive.as_raw()))? };
    made.into_object().ok_or(Error::Unknown)
}

/// A `BigInt`, from a string with its decimal digits.
pub fn big_int<'js>(digits: &Value<'js>) -> Result<Value<'js>> {
    pristine::to_big_int(digits.ctx(), digits)
}

/// A `Date` at these milliseconds since 1970.
pub fn date<'js>(ctx: &Ctx<'js>, ms: f64) -> Result<Object<'js>> {
    // SAFETY: a live context.
    let made = unsafe { raw::own(ctx, qjs::JS_NewDate(raw::context(ctx), ms))? };
    made.into_object().ok_or(Error::Unknown)
}

/// `new RegExp(source, flags)`
pub fn regexp<'js>(source: &Value<'js>, flags: &Value<'js>) -> Result<Object<'js>> {
    construct(source.ctx(), class::REGEXP, &[source.clone(), flags.clone()])
}

/// `regexp.exec(text)`, whatever script did to that: the whole match, then the groups.
pub fn regexp_exec(regexp: &Object<'_>, text: &str) -> Result<Option<Vec<Option<String>>>> {
    let ctx = regexp.ctx();
    let text = rquickjs::String::from_str(ctx.clone(), text)?;
    let found = pristine::call_with(regexp, class::REGEXP, c"exec", &mut [text.as_raw()])?;
    let Some(found) = found.into_array() else { return Ok(None) };
    let group = |group: Result<Value<'_>>| match group? {
        group if group.is_undefined() => Ok(None),
        group => to_text(ctx, &group).map(Some),
    };
    found.iter::<Value<'_>>().map(group).collect::<Result<_>>().map(Some)
}

/// An empty `Map`.
pub fn map<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    construct(ctx, class::MAP, &[])
}

/// `map.set(key, value)`
pub fn set_entry<'js>(map: &Object<'js>, key: &Value<'js>, value: &Value<'js>) -> Result<()> {
    let mut arguments = [key.as_raw(), value.as_raw()];
    pristine::call_with(map, class::MAP, c"set", &mut arguments).map(drop)
}

/// An empty `Set`.
pub fn set<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    construct(ctx, class::SET, &[])
}

/// `set.add(value)`
pub fn add_value<'js>(set: &Object<'js>, value: &Value<'js>) -> Result<()> {
    pristine::call_with(set, class::SET, c"add", &mut [value.as_raw()]).map(drop)
}

/// An array of holes.
pub fn array<'js>(ctx: &Ctx<'js>, len: u32) -> Result<Object<'js>> {
    // SAFETY: a live context and a live array, which is new: its length can be set.
    unsafe {
        let context = raw::context(ctx);
        let array = raw::own(ctx, qjs::JS_NewArray(context))?;
        if len > 0 {
            let len = i64::from(len);
            raw::check(qjs::JS_SetLength(context, array.as_raw(), len))?;
        }
        array.into_object().ok_or(Error::Unknown)
    }
}

/// Defines an element of an array as an assignment would, whatever its prototypes have.
pub fn set_element<'js>(array: &Object<'js>, index: u32, element: &Value<'js>) -> Result<()> {
    let flags = qjs::JS_PROP_C_W_E | qjs::JS_PROP_THROW;
    let context = raw::context(array.ctx());
    // SAFETY: live values; the call takes over one reference to the element.
    raw::check(unsafe {
        let element = raw::give(element);
        qjs::JS_DefinePropertyValueUint32(context, array.as_raw(), index, element, flags as _)
    })?;
    Ok(())
}

/// An error of this realm with a prototype of that name, or `Error`; `message` is its own
/// property if there is one.
pub fn error<'js>(ctx: &Ctx<'js>, name: &str, message: Option<&Value<'js>>) -> Result<Object<'js>> {
    let kind = match name {
        "TypeError" => ErrorKind::Type,
        "RangeError" => ErrorKind::Range,
        "ReferenceError" => ErrorKind::Reference,
        "SyntaxError" => ErrorKind::Syntax,
        _ => ErrorKind::Plain,
    };
    let made = errors::error(ctx, kind, "")?;
    match message {
        Some(message) => {
            let shape = crate::Attributes::BUILT_IN;
            crate::define_value(&made, "message", message.clone(), shape)?;
        }
        None => made.remove("message")?,
    }
    if matches!(name, "EvalError" | "URIError") {
        // The engine gives no way to these two prototypes but their constructors.
        let constructor: Value<'js> = ctx.globals().get(name)?;
        if let Some(constructor) = constructor.as_object()
            && let Some(prototype) = constructor.get::<_, Value<'js>>("prototype")?.as_object()
        {
            made.set_prototype(Some(prototype))?;
        }
    }
    Ok(made)
}

/// A `DOMException`.
pub fn dom_exception<'js>(
    ctx: &Ctx<'js>,
    name: &Value<'js>,
    message: &Value<'js>,
) -> Result<Object<'js>> {
    construct(ctx, class::DOM_EXCEPTION, &[message.clone(), name.clone()])
}

/// An `ArrayBuffer` with a copy of these bytes, resizable if there is a maximum.
pub fn array_buffer<'js>(
    ctx: &Ctx<'js>,
    bytes: &[u8],
    max_len_bytes: Option<usize>,
) -> Result<Object<'js>> {
    let Some(max) = max_len_bytes else {
        let made = ArrayBuffer::new_copy(ctx.clone(), bytes)?.into_value();
        return made.into_object().ok_or(Error::Unknown);
    };
    let options = Object::new_proto(ctx.clone(), None)?;
    options.set("maxByteLength", max as f64)?;
    let len = (bytes.len() as f64).into_js(ctx)?;
    let made = construct(ctx, class::ARRAY_BUFFER, &[len, options.into_value()])?;
    let mut len: qjs::size_t = 0;
    // SAFETY: a new buffer of this many bytes, which nobody else knows.
    unsafe {
        let start = qjs::JS_GetArrayBuffer(raw::context(ctx), &raw mut len, made.as_raw());
        if start.is_null() || len as usize != bytes.len() {
            return Err(Error::Unknown);
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len());
    }
    Ok(made)
}

/// A typed array of `len` elements from `offset_bytes` on; without a length it tracks the
/// buffer's.
pub fn typed_array<'js>(
    kind: TypedArrayKind,
    buffer: &Object<'js>,
    offset_bytes: usize,
    len: Option<usize>,
) -> Result<Object<'js>> {
    let class = class::of_typed_array(kind);
    construct(buffer.ctx(), class, &view_arguments(buffer, offset_bytes, len)?)
}

/// A `DataView`; without a length it tracks the buffer's.
pub fn data_view<'js>(
    buffer: &Object<'js>,
    offset_bytes: usize,
    len_bytes: Option<usize>,
) -> Result<Object<'js>> {
    construct(buffer.ctx(), class::DATAVIEW, &view_arguments(buffer, offset_bytes, len_bytes)?)
}

fn view_arguments<'js>(
    buffer: &Object<'js>,
    offset_bytes: usize,
    len: Option<usize>,
) -> Result<Vec<Value<'js>>> {
    let ctx = buffer.ctx();
    let mut arguments = vec![buffer.clone().into_value(), (offset_bytes as f64).into_js(ctx)?];
    if let Some(len) = len {
        arguments.push((len as f64).into_js(ctx)?);
    }
    Ok(arguments)
}

/// `new` of the class in the untouched realm, with the prototype of this one.
fn construct<'js>(
    ctx: &Ctx<'js>,
    class: qjs::JSClassID,
    arguments: &[Value<'js>],
) -> Result<Object<'js>> {
    let mut arguments: Vec<_> = arguments.iter().map(Value::as_raw).collect();
    let made = pristine::new_instance(ctx, class, &mut arguments)?;
    // SAFETY: a new object, and a class of the engine, whose prototype is given with a
    // reference.
    unsafe {
        let context = raw::context(ctx);
        let prototype = raw::own(ctx, qjs::JS_GetClassProto(context, class))?;
        raw::check(qjs::JS_SetPrototype(context, made.as_raw(), prototype.as_raw()))?;
    }
    made.into_object().ok_or(Error::Unknown)
}
