//! Error classes beside ECMAScript's own, made as `TypeError` and its like are.
//!
//! <https://tc39.es/ecma262/#sec-nativeerror-object-structure>
//!
//! An instance comes from the engine's own `Error`, so it is one to `Error.isError`, has a
//! `stack`, and its `message` and `cause` are read in the order of the specification. `Error`
//! takes the prototype from its `new.target`; an ordinary object with a property `prototype` is
//! passed as that, so that a script's `new.target` is asked only once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_int;

use rquickjs::{Ctx, Error, Function, IntoJs, Object, Result, Value, qjs};

use crate::function::{Call, HostCallable, callable};
use crate::host_object::{Held, HostObject, Tracer};
use crate::lazy::{Attributes, define_value};
use crate::raw;
use crate::realm::slot;
use crate::reflect::is_same;
use crate::root::Root;

/// The error classes of one realm.
#[derive(Default)]
struct Classes {
    /// %Error%, from before any script ran.
    error: RefCell<Option<Root<Function<'static>>>>,
    by_name: RefCell<HashMap<&'static str, Root<Function<'static>>>>,
}

/// Keeps %Error% of a new realm.
pub(crate) fn install<'js>(ctx: &Ctx<'js>, error: &Object<'js>) -> Result<()> {
    slot::<Classes>(ctx).error.replace(Some(Root::new(ctx, error.clone())?));
    Ok(())
}

/// The error class of this name in this realm: the same each time.
pub fn error_class<'js>(ctx: &Ctx<'js>, name: &'static str) -> Result<Function<'js>> {
    let classes = slot::<Classes>(ctx);
    if let Some(made) = classes.by_name.borrow().get(name) {
        return made.get(ctx);
    }
    let error: Function<'js> = match &*classes.error.borrow() {
        Some(error) => error.get(ctx)?,
        None => return Err(Error::Unknown),
    };
    let class = make(ctx, name, &error)?;
    classes.by_name.borrow_mut().insert(name, Root::new(ctx, class.clone())?);
    Ok(class)
}

/// A new instance of the class.
pub fn class_error<'js>(ctx: &Ctx<'js>, name: &'static str, message: &str) -> Result<Object<'js>> {
    let class = error_class(ctx, name)?;
    let message = message.into_js(ctx)?;
    let made = construct(ctx, class.as_value(), class.as_value(), &[message])?;
    made.into_object().ok_or(Error::Unknown)
}

/// Throws a new instance of the class, whatever script did to the globals.
pub fn throw_class(ctx: &Ctx<'_>, name: &'static str, message: &str) -> Error {
    match class_error(ctx, name, message) {
        Ok(error) => ctx.throw(error.into_value()),
        Err(error) => error,
    }
}

/// So many prototypes are looked at: a proxy may claim any number.
const MAX_PROTOTYPES: usize = 32;

/// The class of this realm that an error is an instance of.
pub(crate) fn class_of(ctx: &Ctx<'_>, error: &Object<'_>) -> Option<&'static str> {
    let classes = slot::<Classes>(ctx);
    if classes.by_name.borrow().is_empty() {
        return None;
    }
    let mut prototype = error.get_prototype();
    for _ in 0..MAX_PROTOTYPES {
        let here = prototype?;
        let found = classes.by_name.borrow().iter().find_map(|(name, class)| {
            let class: Function<'_> = class.get(ctx).ok()?;
            // Neither writable nor configurable: reading it runs no script.
            let prototype: Object<'_> = class.get("prototype").ok()?;
            is_same(prototype.as_value(), here.as_value()).then_some(*name)
        });
        if found.is_some() {
            return found;
        }
        prototype = here.get_prototype();
    }
    None
}

fn make<'js>(ctx: &Ctx<'js>, name: &str, error: &Function<'js>) -> Result<Function<'js>> {
    let parent: Object<'js> = error.get("prototype")?;
    let prototype = Object::new_proto(ctx.clone(), Some(&parent))?;
    let target = stand_in(ctx, prototype.as_value())?;
    let inside = ErrorClass { error: Held::new(error.as_value()), target: Held::new(&target) };
    let class = callable(ctx, name, 1, inside)?;
    // SAFETY: a live function of ours, whose body handles being called with `new`.
    unsafe { qjs::JS_SetConstructorBit(raw::context(ctx), class.as_raw(), true) };
    class.set_prototype(Some(error))?;
    define_value(&class, "prototype", prototype.clone(), Attributes::NONE)?;
    define_value(&prototype, "constructor", class.clone(), Attributes::BUILT_IN)?;
    define_value(&prototype, "name", name, Attributes::BUILT_IN)?;
    define_value(&prototype, "message", "", Attributes::BUILT_IN)?;
    Ok(class)
}

/// What is passed to %Error% as `new.target`, for an instance with this prototype.
fn stand_in<'js>(ctx: &Ctx<'js>, prototype: &Value<'js>) -> Result<Value<'js>> {
    let target = Object::new_proto(ctx.clone(), None)?;
    define_value(&target, "prototype", prototype.clone(), Attributes::NONE)?;
    Ok(target.into_value())
}

/// The inside of a class's constructor.
struct ErrorClass {
    /// %Error% of the realm.
    error: Held,
    /// The stand-in for this class's own prototype.
    target: Held,
}

impl HostObject for ErrorClass {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.error);
        tracer.mark(&self.target);
    }
}

impl HostCallable for ErrorClass {
    /// <https://tc39.es/ecma262/#sec-nativeerror>
    fn call<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let ctx = call.ctx();
        let mut target = self.target.get(ctx)?;
        // 1. If NewTarget is undefined, let newTarget be the active function object.
        // 2. Let O be ? OrdinaryCreateFromConstructor(newTarget, …).
        if let Some(new_target) = call.new_target().and_then(Value::into_object) {
            // FIXME: where that is no object, the prototype is that of the same class in
            // new.target's realm; here it is this class's own. The engine tells no realm.
            let prototype: Value<'js> = new_target.get("prototype")?;
            let own: Value<'js> = target.get::<Object<'js>>()?.get("prototype")?;
            if prototype.is_object() && !is_same(&prototype, &own) {
                target = stand_in(ctx, &prototype)?;
            }
        }
        // 3. to 5.: message and cause, which %Error% does.
        construct(ctx, &self.error.get(ctx)?, &target, &call.rest(0))
    }
}

fn construct<'js>(
    ctx: &Ctx<'js>,
    class: &Value<'js>,
    new_target: &Value<'js>,
    arguments: &[Value<'js>],
) -> Result<Value<'js>> {
    let mut arguments: Vec<_> = arguments.iter().map(Value::as_raw).collect();
    let count = c_int::try_from(arguments.len()).map_err(|_| Error::Unknown)?;
    // SAFETY: live values, which the caller keeps.
    unsafe {
        let made = qjs::JS_CallConstructor2(
            raw::context(ctx),
            class.as_raw(),
            new_target.as_raw(),
            count,
            arguments.as_mut_ptr(),
        );
        raw::own(ctx, made)
    }
}
