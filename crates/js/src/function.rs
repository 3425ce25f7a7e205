//! Callable host objects: functions whose body is Rust.
//!
//! They are what an ECMAScript built-in function is: `typeof` says `function`, own `name`
//! and `length`, no `prototype`, and `new` is a TypeError unless asked for. A Rust closure
//! costs one allocation and a call about 15 ns over an empty loop.

use std::ffi::{c_int, c_void};
use std::fmt;

use rquickjs::{Ctx, Error, FromJs, Function, IntoJs, Result, Value, qjs};

use crate::host_object::{Graveyard, HostBox, HostObject, Tracer};
use crate::lazy::{Attributes, define_value};
use crate::raw::{self, RawContext};
use crate::realm::RealmData;

/// One call of a host function.
pub struct Call<'a, 'js> {
    ctx: &'a Ctx<'js>,
    this: qjs::JSValue,
    arguments: &'a [qjs::JSValue],
    kind: CallKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum CallKind {
    Call,
    Construct,
}

impl<'a, 'js> Call<'a, 'js> {
    /// The scope of the call.
    pub fn ctx(&self) -> &'a Ctx<'js> {
        self.ctx
    }

    /// `this`; of a constructor call, `new.target`.
    pub fn this(&self) -> Value<'js> {
        // SAFETY: the caller keeps `this` alive during the call.
        unsafe { raw::borrow(self.ctx, self.this) }
    }

    /// `new.target`, when called with `new`.
    pub fn new_target(&self) -> Option<Value<'js>> {
        (self.kind == CallKind::Construct).then(|| self.this())
    }

    /// How many arguments were passed.
    pub fn len(&self) -> usize {
        self.arguments.len()
    }

    /// Whether no argument was passed.
    pub fn is_empty(&self) -> bool {
        self.arguments.is_empty()
    }

    /// The argument at `index`, `undefined` where none was passed.
    pub fn value(&self, index: usize) -> Value<'js> {
        match self.arguments.get(index) {
            // SAFETY: the caller keeps the arguments alive during the call.
            Some(value) => unsafe { raw::borrow(self.ctx, *value) },
            None => Value::new_undefined(self.ctx.clone()),
        }
    }

    /// The argument at `index`, converted.
    pub fn get<T: FromJs<'js>>(&self, index: usize) -> Result<T> {
        T::from_js(self.ctx, self.value(index))
    }

    /// The arguments from `first` on.
    pub fn rest(&self, first: usize) -> Vec<Value<'js>> {
        (first..self.len()).map(|index| self.value(index)).collect()
    }

    /// A result of any convertible type.
    pub fn returns(&self, result: impl IntoJs<'js>) -> Result<Value<'js>> {
        result.into_js(self.ctx)
    }

    /// The result `undefined`.
    pub fn undefined(&self) -> Result<Value<'js>> {
        Ok(Value::new_undefined(self.ctx.clone()))
    }
}

impl fmt::Debug for Call<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("arguments", &self.len()).finish_non_exhaustive()
    }
}

/// A function with this body. What the body captures must not hold JS values (the collector
/// does not see them): for that, implement [`HostCallable`].
pub fn function<'js, F>(ctx: &Ctx<'js>, name: &str, length: u32, body: F) -> Result<Function<'js>>
where
    F: for<'a, 'b> Fn(&Call<'a, 'b>) -> Result<Value<'b>> + 'static,
{
    callable(ctx, name, length, Closure(body))
}

/// A function that can be called with `new` too; the body tells by [`Call::new_target`].
pub fn constructor<'js, F>(
    ctx: &Ctx<'js>,
    name: &str,
    length: u32,
    body: F,
) -> Result<Function<'js>>
where
    F: for<'a, 'b> Fn(&Call<'a, 'b>) -> Result<Value<'b>> + 'static,
{
    callable_constructor(ctx, name, length, Closure(body))
}

/// The same whose inside holds JS values.
pub fn callable_constructor<'js, T: HostCallable>(
    ctx: &Ctx<'js>,
    name: &str,
    length: u32,
    inside: T,
) -> Result<Function<'js>> {
    let function = callable(ctx, name, length, inside)?;
    // SAFETY: a live function of ours, whose `call` handles the constructor flag.
    unsafe { qjs::JS_SetConstructorBit(raw::context(ctx), function.as_raw(), true) };
    Ok(function)
}

/// The inside of a callable host object that holds JS values.
pub trait HostCallable: HostObject {
    /// The function's body.
    fn call<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>>;
}

/// A callable host object with own `name` and `length`.
pub fn callable<'js, T: HostCallable>(
    ctx: &Ctx<'js>,
    name: &str,
    length: u32,
    inside: T,
) -> Result<Function<'js>> {
    let class = RealmData::of(ctx).shared().classes.function;
    // SAFETY: the context is alive; the prototype of functions is an object of it.
    let object = unsafe {
        let prototype = raw::own(ctx, qjs::JS_GetFunctionProto(raw::context(ctx)))?;
        let object = qjs::JS_NewObjectProtoClass(raw::context(ctx), prototype.as_raw(), class);
        raw::own(ctx, object)?
    };
    let parts = HostBox::leak(ctx, Callable { call: T::call_erased, inside });
    // SAFETY: the object is new and of our class; it takes over the box.
    unsafe { qjs::JS_SetOpaque(object.as_raw(), parts.cast()) };
    let object = object.into_object().ok_or(Error::Unknown)?;
    define_value(&object, "length", length, Attributes::CONFIGURABLE)?;
    define_value(&object, "name", name, Attributes::CONFIGURABLE)?;
    object.into_value().into_function().ok_or(Error::Unknown)
}

/// Erases the type of a callable's inside behind one function pointer.
trait Erase: HostCallable + Sized {
    /// # Safety
    /// `parts` is a live `HostBox<Callable<Self>>`.
    unsafe fn call_erased<'js>(parts: *const c_void, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        // SAFETY: by the caller.
        let parts = unsafe { &*parts.cast::<HostBox<Callable<Self>>>() };
        parts.inside.inside.call(call)
    }
}

impl<T: HostCallable> Erase for T {}

type ErasedCall = for<'a, 'b> unsafe fn(*const c_void, &Call<'a, 'b>) -> Result<Value<'b>>;

/// The inside of every object of the function class: `call` comes first, so that it can be
/// read without knowing `T`.
#[repr(C)]
struct Callable<T> {
    call: ErasedCall,
    inside: T,
}

impl<T: HostCallable> HostObject for Callable<T> {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.inside.trace(tracer);
    }

    fn finalize(self, graveyard: &Graveyard) {
        self.inside.finalize(graveyard);
    }
}

/// The engine's entry into every callable host object.
pub(crate) unsafe extern "C" fn call(
    raw_ctx: RawContext,
    function: qjs::JSValue,
    this: qjs::JSValue,
    argc: c_int,
    argv: *mut qjs::JSValue,
    flags: c_int,
) -> qjs::JSValue {
    // SAFETY: called by QuickJS for an object of our function class, which carries a
    // HostBox<Callable<_>>; arguments and `this` live during the call.
    unsafe {
        let ctx = raw::scope(raw_ctx);
        let mut class = qjs::JS_INVALID_CLASS_ID;
        let parts = qjs::JS_GetAnyOpaque(function, &raw mut class);
        let arguments = match usize::try_from(argc) {
            Ok(len) if len > 0 => std::slice::from_raw_parts(argv.cast_const(), len),
            _ => &[],
        };
        let kind = if flags & qjs::JS_CALL_FLAG_CONSTRUCTOR as c_int == 0 {
            CallKind::Call
        } else {
            CallKind::Construct
        };
        let call = Call { ctx: &ctx, this, arguments, kind };
        raw::guarded(&ctx, || {
            let Some(erased) = parts.cast::<HostBox<Callable<()>>>().as_ref() else {
                return Err(Error::Unknown);
            };
            (erased.inside.call)(parts, &call)
        })
    }
}

struct Closure<F>(F);

impl<F: 'static> HostObject for Closure<F> {}

impl<F> HostCallable for Closure<F>
where
    F: for<'a, 'b> Fn(&Call<'a, 'b>) -> Result<Value<'b>> + 'static,
{
    fn call<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        (self.0)(call)
    }
}
