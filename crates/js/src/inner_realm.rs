//! Further global objects inside of a realm, for `node:vm`.
//!
//! An inner realm has ECMAScript's built-in objects of its own and nothing else. To everything that Holm keeps
//! beside a realm it *is* the realm it was made in. Nothing in Rust holds it: it lives as long as something of it
//! does, its functions for example, and is collected like an object. So it is reached through a function that was
//! made in it, which the engine calls with the function's own realm.

use std::ffi::c_int;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use rquickjs::{Ctx, Error, Function, Object, Result, Value, qjs};

use crate::lazy::{Attributes, define_accessor, define_value};
use crate::raw::{self, RawContext};
use crate::realm::RealmData;
use crate::reflect::{PropertyKey, Slot, own_property};
use crate::script::{self, ScriptOrigin};
use crate::{buffer, errors};

/// A new global object, and the function that evaluates in it: `(code, name, first line)`.
#[derive(Debug)]
pub struct InnerRealm<'js> {
    /// The global object.
    pub global: Object<'js>,
    /// Evaluates a sloppy script there.
    pub evaluate: Function<'js>,
}

impl<'js> InnerRealm<'js> {
    /// Makes one.
    pub fn new(ctx: &Ctx<'js>) -> Result<Self> {
        let shared = RealmData::of(ctx).shared();
        // SAFETY: a live runtime. The reference to the new context is given back below, when its own objects
        // hold it.
        let inner = unsafe {
            let context = shared.without_heap_limit(|| qjs::JS_NewContext(raw::runtime(ctx)));
            let context = NonNull::new(context).ok_or(Error::Allocation)?;
            let opaque = qjs::JS_GetContextOpaque(raw::context(ctx));
            qjs::JS_SetContextOpaque(context.as_ptr(), opaque);
            let inner = raw::scope(context.as_ptr());
            qjs::JS_FreeContext(context.as_ptr());
            inner
        };
        buffer::install(&inner, shared)?;
        share_stacks(ctx, &inner)?;
        // SAFETY: a live context and a NUL-terminated name.
        let evaluate = unsafe {
            let made = qjs::JS_NewCFunction2(
                raw::context(&inner),
                Some(evaluate_here),
                c"evaluate".as_ptr(),
                3,
                qjs::JSCFunctionEnum_JS_CFUNC_generic,
                0,
            );
            raw::own(ctx, made)?
        };
        let evaluate = evaluate.into_function().ok_or(Error::Unknown)?;
        // SAFETY: the global object of a live context comes with a reference of its own.
        let global = unsafe { raw::own(ctx, qjs::JS_GetGlobalObject(raw::context(&inner)))? };
        Ok(Self { global: global.into_object().ok_or(Error::Unknown)?, evaluate })
    }
}

/// Whether `ctx` is that of an inner realm.
pub fn is_inner_realm(ctx: &Ctx<'_>) -> bool {
    !RealmData::of(ctx).is_of(ctx)
}

/// Errors of the inner realm have their stacks from where those of the outer have them.
fn share_stacks<'js>(ctx: &Ctx<'js>, inner: &Ctx<'js>) -> Result<()> {
    let errors = |ctx: &Ctx<'js>| -> Result<(Object<'js>, Object<'js>)> {
        let class: Object<'js> = ctx.globals().get("Error")?;
        let prototype: Object<'js> = class.get("prototype")?;
        Ok((class, prototype))
    };
    let ((from, from_prototype), (to, to_prototype)) = (errors(ctx)?, errors(inner)?);
    copy(&from_prototype, &to_prototype, "stack")?;
    for name in ["captureStackTrace", "prepareStackTrace", "stackTraceLimit"] {
        copy(&from, &to, name)?;
    }
    Ok(())
}

/// Copies a property of built-in objects.
fn copy<'js>(from: &Object<'js>, to: &Object<'js>, name: &str) -> Result<()> {
    let key = PropertyKey::new(from.ctx(), name)?;
    match own_property(from, &key)?.map(|property| property.slot) {
        Some(Slot::Value(value)) => define_value(to, name, value, Attributes::BUILT_IN),
        Some(Slot::Accessor { get, set }) => {
            define_accessor(to, name, get.as_ref(), set.as_ref(), Attributes::CONFIGURABLE)
        }
        Some(Slot::Uninitialized) | None => Ok(()),
    }
}

/// Evaluates its first argument in its own realm.
unsafe extern "C" fn evaluate_here(
    context: RawContext,
    _this: qjs::JSValue,
    argc: c_int,
    argv: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: called by the engine with a live context and so many live arguments.
    let (ctx, arguments) = unsafe {
        let ctx = raw::scope(context);
        let count = usize::try_from(argc).unwrap_or(0).min(3);
        let arguments: Vec<Value<'_>> =
            (0..count).map(|index| raw::borrow(&ctx, *argv.add(index))).collect();
        (ctx, arguments)
    };
    raw::guarded(&ctx, || match arguments.as_slice() {
        [code, name, line] => {
            let (code, name): (String, String) = (code.get()?, name.get()?);
            let first_line = 1 + line.as_number().unwrap_or(0.0) as i32;
            script::evaluate_script(&ctx, code, ScriptOrigin { name: &name, first_line })
        }
        _ => Err(Error::Unknown),
    })
}

/// What `body` comes to, or `None` if it took longer. What it called is left as it stood then.
pub fn within_time<'js, T>(
    ctx: &Ctx<'js>,
    time: Duration,
    body: impl FnOnce() -> Result<T>,
) -> Result<Option<T>> {
    let interrupter = &RealmData::of(ctx).shared().interrupter;
    let before = interrupter.deadline();
    let end = Instant::now() + time;
    interrupter.set_deadline(Some(before.map_or(end, |before| before.min(end))));
    let done = body();
    let is_over = interrupter.is_due();
    interrupter.set_deadline(before);
    match done {
        Err(error) if is_over && !interrupter.is_due() => {
            let thrown = errors::take_exception(ctx, error);
            match errors::is_uncatchable(&thrown) {
                true => Ok(None),
                false => Err(errors::throw_value(ctx, thrown)),
            }
        }
        done => done.map(Some),
    }
}
