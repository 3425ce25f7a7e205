//! The built-in methods of buffers that must know foreign memory.
//!
//! Each realm's prototypes get functions in front of the engine's own: before any script runs,
//! or one could keep the engine's. They are looked up by object, so it does not matter which
//! realm a buffer, a method or its caller is from.

use std::cell::Cell;
use std::ffi::{CString, c_int};

use rquickjs::{Ctx, Error, Function, IntoJs, Object, Result, Value, qjs};

use super::alias::{Alias, Kind};
use super::{MAX_BUFFER_BYTES, too_long};
use crate::errors::{ErrorKind, throw};
use crate::lazy::{Attributes, define_accessor, define_value};
use crate::raw::{self, RawContext};
use crate::realm::{RealmData, slot};
use crate::reflect::class;
use crate::runtime::Shared;

/// The methods that are stood in front of; their numbers are the functions' `magic`.
#[derive(Clone, Copy)]
enum Builtin {
    Transfer,
    TransferToFixedLength,
    TransferToImmutable,
    Resize,
    MaxByteLength,
    SharedGrow,
    SharedByteLength,
    SharedMaxByteLength,
}

use Builtin::{
    MaxByteLength, Resize, SharedByteLength, SharedGrow, SharedMaxByteLength, Transfer,
    TransferToFixedLength, TransferToImmutable,
};

const ALL: [Builtin; 8] = [
    Transfer,
    TransferToFixedLength,
    TransferToImmutable,
    Resize,
    SharedGrow,
    MaxByteLength,
    SharedByteLength,
    SharedMaxByteLength,
];

impl Builtin {
    fn name(self) -> &'static str {
        match self {
            Transfer => "transfer",
            TransferToFixedLength => "transferToFixedLength",
            TransferToImmutable => "transferToImmutable",
            Resize => "resize",
            MaxByteLength | SharedMaxByteLength => "maxByteLength",
            SharedGrow => "grow",
            SharedByteLength => "byteLength",
        }
    }

    fn is_getter(self) -> bool {
        matches!(self, MaxByteLength | SharedMaxByteLength | SharedByteLength)
    }

    fn class(self) -> qjs::JSClassID {
        match self {
            SharedGrow | SharedByteLength | SharedMaxByteLength => class::SHARED_ARRAY_BUFFER,
            _ => class::ARRAY_BUFFER,
        }
    }

    /// The object it is a property of.
    fn prototype<'js>(self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        // SAFETY: a class of the engine; its prototype is given with a reference.
        let prototype =
            unsafe { raw::own(ctx, qjs::JS_GetClassProto(raw::context(ctx), self.class()))? };
        prototype.into_object().ok_or(Error::Unknown)
    }

    /// The function's `length`.
    fn length(self) -> c_int {
        c_int::from(matches!(self, Resize | SharedGrow))
    }
}

/// Stands in front of the methods of a realm in which no script has run yet.
pub(crate) fn install(ctx: &Ctx<'_>, shared: &Shared) -> Result<()> {
    let mut resize = None;
    for (builtin, magic) in ALL.into_iter().zip(0..) {
        if builtin.is_getter() {
            continue;
        }
        let (name, prototype) = (builtin.name(), builtin.prototype(ctx)?);
        let original: Value<'_> = prototype.get(name)?;
        let method = in_front(ctx, builtin, magic, name, &original)?;
        define_value(&prototype, name, method, Attributes::BUILT_IN)?;
        match (builtin, &resize) {
            (Resize, _) => resize = Some(original),
            (SharedGrow, Some(resize)) => shared.aliases.keep_methods(resize, &original),
            _ => {}
        }
    }
    Ok(())
}

/// Whether the getters of a realm have been stood in front of.
#[derive(Default)]
struct Getters(Cell<bool>);

/// Stands in front of the getters of a realm that gets its first buffer of changing length.
/// Script that kept one from before reads what the engine can show; it gains nothing by that,
/// so this need not cost every start.
pub(super) fn install_getters(ctx: &Ctx<'_>) -> Result<()> {
    if slot::<Getters>(ctx).0.replace(true) {
        return Ok(());
    }
    for (builtin, magic) in ALL.into_iter().zip(0..) {
        let (name, prototype) = (builtin.name(), builtin.prototype(ctx)?);
        if builtin.is_getter()
            && let Some(original) = getter(&prototype, name)?
        {
            let getter = in_front(ctx, builtin, magic, &format!("get {name}"), &original)?;
            let shape = Attributes::CONFIGURABLE;
            if define_accessor(&prototype, name, Some(&getter), None, shape).is_err() {
                // Script has frozen the prototype: then the engine's getter stays.
                drop(ctx.catch());
            }
        }
    }
    Ok(())
}

/// The getter of an accessor, where a script has left one.
fn getter<'js>(prototype: &Object<'js>, name: &str) -> Result<Option<Value<'js>>> {
    let ctx = prototype.ctx();
    let name = CString::new(name).map_err(|_| Error::Unknown)?;
    // SAFETY: a live object; a descriptor that was filled in is released, but for the getter,
    // whose reference goes to the result.
    unsafe {
        let context = raw::context(ctx);
        let atom = qjs::JS_NewAtom(context, name.as_ptr());
        let mut found = std::mem::zeroed::<qjs::JSPropertyDescriptor>();
        let there = qjs::JS_GetOwnProperty(context, &raw mut found, prototype.as_raw(), atom);
        qjs::JS_FreeAtom(context, atom);
        if raw::check(there)? == 0 {
            return Ok(None);
        }
        qjs::JS_FreeValue(context, found.setter);
        qjs::JS_FreeValue(context, found.value);
        Ok(Some(raw::own(ctx, found.getter)?).filter(Value::is_function))
    }
}

/// A function that calls [`enter`], with the engine's own as its data.
fn in_front<'js>(
    ctx: &Ctx<'js>,
    builtin: Builtin,
    magic: c_int,
    name: &str,
    original: &Value<'js>,
) -> Result<Function<'js>> {
    let name = CString::new(name).map_err(|_| Error::Unknown)?;
    let mut data = original.as_raw();
    // SAFETY: the engine takes its own reference to the data, and copies the name.
    let function = unsafe {
        let function = qjs::JS_NewCFunctionData2(
            raw::context(ctx),
            Some(enter),
            name.as_ptr(),
            builtin.length(),
            magic,
            1,
            &raw mut data,
        );
        raw::own(ctx, function)?
    };
    function.into_function().ok_or(Error::Unknown)
}

/// The engine's entry into these functions.
unsafe extern "C" fn enter(
    raw_ctx: RawContext,
    this: qjs::JSValue,
    argc: c_int,
    argv: *mut qjs::JSValue,
    magic: c_int,
    data: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: called by QuickJS; `this`, the arguments and the data live during the call, and
    // the one value of the data is that of `in_front`.
    unsafe {
        let ctx = raw::scope(raw_ctx);
        let this = raw::borrow(&ctx, this);
        let alias = RealmData::of(&ctx).shared().aliases.find(&this);
        let builtin = usize::try_from(magic).ok().and_then(|magic| ALL.get(magic).copied());
        raw::guarded(&ctx, || {
            let argument = if argc > 0 { Some(raw::borrow(&ctx, *argv)) } else { None };
            let call = Guarded { this, argument, original: raw::borrow(&ctx, *data) };
            match (builtin, alias) {
                (Some(builtin), Some(alias)) => call.of_alias(&ctx, builtin, &alias),
                (Some(MaxByteLength), None) => call.max_byte_length(&ctx),
                _ => call.engine(&ctx, call.argument.as_ref()),
            }
        })
    }
}

/// One call of a function of these.
struct Guarded<'js> {
    this: Value<'js>,
    argument: Option<Value<'js>>,
    /// The engine's own function.
    original: Value<'js>,
}

impl<'js> Guarded<'js> {
    /// Goes on in the engine's own.
    fn engine(&self, ctx: &Ctx<'js>, argument: Option<&Value<'js>>) -> Result<Value<'js>> {
        let mut arguments = argument.map(Value::as_raw);
        let count = c_int::from(arguments.is_some());
        let first = arguments.as_mut().map_or(std::ptr::null_mut(), std::ptr::from_mut);
        // SAFETY: live values.
        unsafe {
            let this = self.this.as_raw();
            raw::own(
                ctx,
                qjs::JS_Call(raw::context(ctx), self.original.as_raw(), this, count, first),
            )
        }
    }

    fn of_alias(&self, ctx: &Ctx<'js>, builtin: Builtin, alias: &Alias) -> Result<Value<'js>> {
        match (builtin, &alias.kind) {
            (Transfer | TransferToFixedLength | TransferToImmutable, _) => {
                self.transfer(ctx, builtin.name())
            }
            (Resize, Kind::Resizable { max_len_bytes, host }) => {
                self.resize(ctx, *max_len_bytes, host)
            }
            (SharedGrow, Kind::GrowableShared { max_len_bytes, host, len_bytes }) => {
                let result = self.resize(ctx, *max_len_bytes, host)?;
                alias.grow_shared(&self.this, len_bytes())?;
                Ok(result)
            }
            (MaxByteLength, Kind::Resizable { max_len_bytes, .. })
            | (SharedMaxByteLength, Kind::GrowableShared { max_len_bytes, .. }) => {
                (*max_len_bytes as f64).into_js(ctx)
            }
            (SharedByteLength, Kind::GrowableShared { len_bytes, .. }) => {
                alias.grow_shared(&self.this, len_bytes())?;
                self.engine(ctx, None)
            }
            _ => self.engine(ctx, self.argument.as_ref()),
        }
    }

    /// <https://tc39.es/ecma262/#sec-arraybuffercopyanddetach>
    fn transfer(&self, ctx: &Ctx<'js>, name: &str) -> Result<Value<'js>> {
        // 3. If newLength is undefined, … 4. Else, let newByteLength be ? ToIndex(newLength).
        let length = self.argument.clone().filter(|length| !length.is_undefined());
        let length = length.map(|length| to_index(ctx, &length)).transpose()?;
        // 5. If IsDetachedBuffer(arrayBuffer) is true, throw a TypeError exception.
        if RealmData::of(ctx).shared().aliases.find(&self.this).is_none() {
            let length = length.map(|length| length.into_js(ctx)).transpose()?;
            return self.engine(ctx, length.as_ref());
        }
        // 8. If arrayBuffer.[[ArrayBufferDetachKey]] is not undefined, throw a TypeError exception.
        let text = format!(
            "ArrayBuffer.prototype.{name}: a WebAssembly memory's buffer cannot be detached"
        );
        Err(throw(ctx, ErrorKind::Type, &text))
    }

    /// <https://tc39.es/ecma262/#sec-arraybuffer.prototype.resize>,
    /// <https://tc39.es/ecma262/#sec-sharedarraybuffer.prototype.grow>
    fn resize(
        &self,
        ctx: &Ctx<'js>,
        max_len_bytes: usize,
        host: &super::alias::Host,
    ) -> Result<Value<'js>> {
        // 4. Let newByteLength be ? ToIndex(newLength).
        let undefined = Value::new_undefined(ctx.clone());
        let wanted = to_index(ctx, self.argument.as_ref().unwrap_or(&undefined))?;
        // 5. If IsDetachedBuffer(O) is true, throw a TypeError exception.
        if RealmData::of(ctx).shared().aliases.find(&self.this).is_none() {
            return self.engine(ctx, Some(&wanted.into_js(ctx)?));
        }
        // 6. If newByteLength > O.[[ArrayBufferMaxByteLength]], throw a RangeError exception.
        if wanted > max_len_bytes as f64 {
            let text = format!("{wanted} bytes are more than the buffer's {max_len_bytes}");
            return Err(throw(ctx, ErrorKind::Range, &text));
        }
        let wanted = wanted as usize;
        if wanted > MAX_BUFFER_BYTES {
            return Err(too_long(ctx, wanted));
        }
        // 7. Let hostHandled be ? HostResizeArrayBuffer(O, newByteLength).
        host(ctx, wanted)?;
        // 8. If hostHandled is handled, return undefined.
        Ok(undefined)
    }

    /// <https://tc39.es/ecma262/#sec-get-arraybuffer.prototype.maxbytelength>, of any buffer: the
    /// engine leaves out step 4.
    fn max_byte_length(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let max = self.engine(ctx, None)?;
        let detached = self.this.as_object().is_some_and(is_detached);
        // 4. If IsDetachedBuffer(O) is true, return +0𝔽.
        if detached { 0.into_js(ctx) } else { Ok(max) }
    }
}

pub(super) fn is_detached(buffer: &Object<'_>) -> bool {
    let ctx = buffer.ctx();
    let mut len: qjs::size_t = 0;
    // SAFETY: a live object, of whose memory nothing but the place is taken.
    let start = unsafe { qjs::JS_GetArrayBuffer(raw::context(ctx), &raw mut len, buffer.as_raw()) };
    if start.is_null() {
        drop(ctx.catch());
    }
    start.is_null()
}

/// <https://tc39.es/ecma262/#sec-toindex>
pub(super) fn to_index(ctx: &Ctx<'_>, value: &Value<'_>) -> Result<f64> {
    let mut index: u64 = 0;
    // SAFETY: a live value; the result is written on success only.
    raw::check(unsafe { qjs::JS_ToIndex(raw::context(ctx), &raw mut index, value.as_raw()) })?;
    // At most 2^53 − 1.
    Ok(index as f64)
}
