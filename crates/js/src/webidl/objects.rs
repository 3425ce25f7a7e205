//! The interface objects and prototypes of each realm, made on first touch.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use rquickjs::atom::PredefinedAtom;
use rquickjs::{Ctx, Error, Function, Object, Result, Value};

use super::{Definition, Interface};
use crate::errors::{ErrorKind, throw};
use crate::function::constructor;
use crate::lazy::{Attributes, define_value, well_known_symbol};
use crate::realm::slot;
use crate::root::Root;
use crate::{Call, host_object};

/// One interface in one realm.
struct Objects {
    interface: Root<Object<'static>>,
    prototype: Root<Object<'static>>,
    construct: Option<Construct>,
}

/// The constructor's steps, from the call to the new object.
pub(super) type Construct = Box<dyn for<'a, 'b> Fn(&Call<'a, 'b>) -> Result<Object<'b>>>;

#[derive(Default)]
struct Interfaces(RefCell<HashMap<TypeId, Rc<Objects>>>);

/// The interface object: what the global of that name is.
pub fn interface_object<'js, T: Interface>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    objects::<T>(ctx)?.interface.get(ctx)
}

/// The interface prototype object.
pub fn prototype<'js, T: Interface>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    objects::<T>(ctx)?.prototype.get(ctx)
}

/// A new object of the interface, as the specification's "create" makes it.
pub fn new_object<'js, T: Interface>(ctx: &Ctx<'js>, inside: T) -> Result<Object<'js>> {
    host_object(ctx, &prototype::<T>(ctx)?, inside)
}

/// A new object for a constructor call: its prototype is that of `new.target`.
pub fn construct<'js, T: Interface>(call: &Call<'_, 'js>, inside: T) -> Result<Object<'js>> {
    let target = call.new_target().and_then(Value::into_object);
    let chosen: Option<Object<'js>> = match target {
        Some(target) => target.get::<_, Value<'js>>("prototype")?.into_object(),
        None => None,
    };
    match chosen {
        Some(chosen) => host_object(call.ctx(), &chosen, inside),
        None => new_object(call.ctx(), inside),
    }
}

fn objects<T: Interface>(ctx: &Ctx<'_>) -> Result<Rc<Objects>> {
    let interfaces = slot::<Interfaces>(ctx);
    if let Some(found) = interfaces.0.borrow().get(&TypeId::of::<T>()) {
        return Ok(found.clone());
    }
    let made = Rc::new(make::<T>(ctx)?);
    interfaces.0.borrow_mut().insert(TypeId::of::<T>(), made.clone());
    Ok(made)
}

fn make<T: Interface>(ctx: &Ctx<'_>) -> Result<Objects> {
    let parent = T::parent(ctx)?;
    let prototype = match &parent {
        Some(parent) => Object::new_proto(ctx.clone(), Some(&parent.prototype))?,
        None => Object::new(ctx.clone())?,
    };
    let mut members = Definition::<T>::new(ctx, &prototype);
    T::define(&mut members)?;
    let members = members.finish();
    let interface = constructor(ctx, T::NAME, members.length, |call| run_constructor::<T>(call))?;
    if let Some(parent) = &parent {
        interface.set_prototype(Some(&parent.interface))?;
    }
    for (name, function) in members.statics {
        define_value(&interface, name, function, Attributes::ALL)?;
    }
    for (name, value) in members.constants {
        define_value(&interface, name, value, Attributes::ENUMERABLE)?;
    }
    define_value(&interface, "prototype", prototype.clone(), Attributes::NONE)?;
    define_value(&prototype, "constructor", interface.clone(), Attributes::BUILT_IN)?;
    let tag = well_known_symbol(ctx, PredefinedAtom::SymbolToStringTag)?;
    define_value(&prototype, tag, T::CLASS_STRING, Attributes::CONFIGURABLE)?;
    Ok(Objects {
        interface: Root::new(ctx, interface)?,
        prototype: Root::new(ctx, prototype)?,
        construct: members.construct,
    })
}

/// <https://webidl.spec.whatwg.org/#create-an-interface-object>, the steps of the function.
fn run_constructor<'js, T: Interface>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let objects = objects::<T>(ctx)?;
    let Some(construct) = &objects.construct else {
        // 1. If I was not declared with a constructor operation, then throw a TypeError.
        return Err(throw(ctx, ErrorKind::Type, "Illegal constructor"));
    };
    if call.new_target().is_none() {
        // 2. If NewTarget is undefined, then throw a TypeError.
        let text = format!("Class constructor {} cannot be invoked without 'new'", T::NAME);
        return Err(throw(ctx, ErrorKind::Type, &text));
    }
    construct(call).map(Object::into_value)
}

/// A static member, named.
pub(super) type Static<'js> = (&'static str, Function<'js>);

pub(super) fn brand_error(ctx: &Ctx<'_>, interface: &str, member: &str) -> Error {
    let text = format!("{interface}.{member}: 'this' is not a {interface} object");
    throw(ctx, ErrorKind::Type, &text)
}
