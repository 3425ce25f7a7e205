//! Native error classes beside ECMAScript's own.

use std::cell::RefCell;
use std::collections::HashMap;

use rquickjs::{Ctx, Error, Function, Object, Result, Value, qjs};

use crate::errors::{self, ErrorKind};
use crate::function::{Call, constructor};
use crate::lazy::{Attributes, define_value};
use crate::raw;
use crate::realm::slot;
use crate::reflect::is_same;
use crate::root::Root;
use crate::webidl::convert;

#[derive(Default)]
struct Classes(RefCell<HashMap<&'static str, Root<Function<'static>>>>);

/// The class of this name, made once per realm.
/// <https://tc39.es/ecma262/#sec-nativeerror-object-structure>
pub fn error_class<'js>(ctx: &Ctx<'js>, name: &'static str) -> Result<Function<'js>> {
    if let Some(found) = slot::<Classes>(ctx).0.borrow().get(name) {
        return found.get(ctx);
    }
    let made = make(ctx, name)?;
    let root = Root::new(ctx, made.clone())?;
    slot::<Classes>(ctx).0.borrow_mut().insert(name, root);
    Ok(made)
}

/// A new instance with this message.
pub fn class_error<'js>(
    ctx: &Ctx<'js>,
    name: &'static str,
    message: &str,
) -> Result<Object<'js>> {
    let object = errors::error(ctx, ErrorKind::Plain, message)?;
    let class = error_class(ctx, name)?;
    let prototype: Object<'js> = class.get("prototype")?;
    object.set_prototype(Some(&prototype))?;
    Ok(object)
}

/// Throws a new instance with this message.
pub fn throw_class(ctx: &Ctx<'_>, name: &'static str, message: &str) -> Error {
    match class_error(ctx, name, message) {
        Ok(object) => errors::throw_value(ctx, object),
        Err(error) => error,
    }
}

/// So many prototypes are looked at: a proxy may claim any number.
const MAX_PROTOTYPES: usize = 32;

/// The class of this realm that an error is an instance of.
pub(crate) fn class_of(ctx: &Ctx<'_>, error: &Object<'_>) -> Option<&'static str> {
    let classes = slot::<Classes>(ctx);
    if classes.0.borrow().is_empty() {
        return None;
    }
    let mut prototype = error.get_prototype();
    for _ in 0..MAX_PROTOTYPES {
        let here = prototype?;
        let found = classes.0.borrow().iter().find_map(|(name, class)| {
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

fn make<'js>(ctx: &Ctx<'js>, name: &'static str) -> Result<Function<'js>> {
    // The base class is found through an instance: the global name may be a script's by now.
    let probe = errors::error(ctx, ErrorKind::Plain, "")?;
    let base_prototype = probe.get_prototype().ok_or(Error::Unknown)?;
    let base: Object<'js> = base_prototype.get("constructor")?;
    let prototype = Object::new_proto(ctx.clone(), Some(&base_prototype))?;
    let class = constructor(ctx, name, 1, move |call| construct(call, name))?;
    class.set_prototype(Some(&base))?;
    define_value(&class, "prototype", prototype.clone(), Attributes::NONE)?;
    define_value(&prototype, "constructor", class.clone(), Attributes::BUILT_IN)?;
    define_value(&prototype, "name", name, Attributes::BUILT_IN)?;
    define_value(&prototype, "message", "", Attributes::BUILT_IN)?;
    Ok(class)
}

/// <https://tc39.es/ecma262/#sec-nativeerror>
fn construct<'js>(call: &Call<'_, 'js>, name: &'static str) -> Result<Value<'js>> {
    let ctx = call.ctx();
    // 2. Let O be ? OrdinaryCreateFromConstructor(newTarget, …).
    let target = call.new_target().and_then(Value::into_object);
    let chosen: Option<Object<'js>> = match target {
        Some(target) => target.get::<_, Value<'js>>("prototype")?.into_object(),
        None => None,
    };
    let prototype = match chosen {
        Some(chosen) => chosen,
        None => error_class(ctx, name)?.get("prototype")?,
    };
    // SAFETY: a live context.
    let object = unsafe { raw::own(ctx, qjs::JS_NewError(raw::context(ctx)))? };
    let object = object.into_object().ok_or(Error::Unknown)?;
    object.set_prototype(Some(&prototype))?;
    // 3. If message is not undefined: a. Let msg be ? ToString(message).
    if !call.value(0).is_undefined() {
        let message = convert::string(ctx, &call.value(0))?;
        define_value(&object, "message", message, Attributes::BUILT_IN)?;
    }
    // 4. Perform ? InstallErrorCause(O, options).
    if let Some(options) = call.value(1).as_object() {
        if options.contains_key("cause")? {
            let cause: Value<'js> = options.get("cause")?;
            define_value(&object, "cause", cause, Attributes::BUILT_IN)?;
        }
    }
    Ok(object.into_value())
}
