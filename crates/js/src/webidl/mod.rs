//! Web IDL: an interface is described once, and every realm gets its objects from that.
//!
//! <https://webidl.spec.whatwg.org/#js-interfaces>
//!
//! What an [`Interface`] gets from its description: the interface object (`name`, `length`,
//! `prototype`, inheritance of static members), the prototype object with
//! `Symbol.toStringTag`, property attributes as the specification has them, brand checks on
//! every operation and attribute, and "Illegal constructor" where there is none.
//! Conversions of arguments are in [`convert`].

pub mod convert;
mod definition;
mod iterable;
mod objects;
mod record;

pub use definition::Definition;
pub use iterable::{PairIterable, define_pair_iterable};
pub use objects::{construct, interface_object, new_object, prototype};

use crate::HostObject;
use crate::errors::{take_exception, throw_value};
use rquickjs::{Ctx, Object, Result, Value};

/// An interface, implemented by the type of its objects' insides.
pub trait Interface: HostObject + Sized {
    /// The identifier.
    const NAME: &'static str;

    /// What `Object.prototype.toString` shows: the qualified name of an interface that belongs
    /// to a namespace.
    const CLASS_STRING: &'static str = Self::NAME;

    /// The prototype and interface object of the inherited interface, if there is one.
    fn parent<'js>(ctx: &Ctx<'js>) -> Result<Option<Parent<'js>>> {
        let _ = ctx;
        Ok(None)
    }

    /// Describes the members. Runs once per realm, when the interface is first touched.
    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()>;
}

/// The two objects of the interface that another one inherits from.
#[derive(Debug)]
pub struct Parent<'js> {
    /// Its interface object.
    pub interface: Object<'js>,
    /// Its interface prototype object.
    pub prototype: Object<'js>,
}

impl<'js> Parent<'js> {
    /// The objects of `P`.
    pub fn of<P: Interface>(ctx: &Ctx<'js>) -> Result<Option<Self>> {
        let interface = interface_object::<P>(ctx)?;
        Ok(Some(Self { interface, prototype: prototype::<P>(ctx)? }))
    }
}

/// What an operation that returns a promise does with an exception: the result is a promise
/// rejected with it. What script may not catch goes on.
///
/// <https://webidl.spec.whatwg.org/#dfn-create-operation-function>, the last step.
pub fn promised<'js>(
    ctx: &Ctx<'js>,
    steps: impl FnOnce() -> Result<Value<'js>>,
) -> Result<Value<'js>> {
    let thrown = match steps() {
        Ok(value) => return Ok(value),
        Err(error) => take_exception(ctx, error),
    };
    if thrown.is_uncatchable_error() {
        return Err(throw_value(ctx, thrown));
    }
    let (promise, _resolve, reject) = ctx.promise()?;
    reject.call::<_, ()>((thrown,))?;
    Ok(promise.into_value())
}
