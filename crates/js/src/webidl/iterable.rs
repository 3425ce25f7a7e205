//! Interfaces that are iterable as pairs: `entries`, `keys`, `values`, `forEach`.
//!
//! <https://webidl.spec.whatwg.org/#js-iterable>

use std::any::TypeId;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::marker::PhantomData;

use rquickjs::atom::PredefinedAtom;
use rquickjs::prelude::This;
use rquickjs::{Array, Ctx, Error, Function, Object, Result, Value, qjs};

use super::objects::brand_error;
use super::{Definition, Interface};
use crate::errors::{ErrorKind, throw};
use crate::function::function;
use crate::lazy::{Attributes, define_value, well_known_symbol};
use crate::realm::slot;
use crate::reflect::class;
use crate::root::Root;
use crate::{Call, Held, HostObject, Tracer, host_object, host_ref, raw};

/// An interface declared with `iterable<K, V>`.
pub trait PairIterable: Interface {
    /// The `Symbol.toStringTag` of its iterators: the interface's name and ` Iterator`.
    const ITERATOR_NAME: &'static str;

    /// The pair at this place of the list of pairs to iterate over as it is now.
    fn pair<'js>(&self, ctx: &Ctx<'js>, index: usize) -> Result<Option<(Value<'js>, Value<'js>)>>;
}

/// <https://webidl.spec.whatwg.org/#define-the-iteration-methods>
pub fn define_pair_iterable<T: PairIterable>(members: &mut Definition<'_, '_, T>) -> Result<()> {
    members
        .operation("entries", 0, |_this, call| iterate::<T>(call, Kind::Entries))?
        .operation("keys", 0, |_this, call| iterate::<T>(call, Kind::Keys))?
        .operation("values", 0, |_this, call| iterate::<T>(call, Kind::Values))?
        .operation("forEach", 1, for_each)?;
    let entries: Value<'_> = members.prototype().get("entries")?;
    let symbol = well_known_symbol(members.ctx(), PredefinedAtom::SymbolIterator)?;
    define_value(members.prototype(), symbol, entries, Attributes::BUILT_IN)
}

fn for_each<'js, T: PairIterable>(this: &T, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (callback, this_argument) = (call.value(0), call.value(1));
    let Some(callback) = callback.into_function() else {
        let text = format!("{}.forEach: the callback is not a function", T::NAME);
        return Err(throw(call.ctx(), ErrorKind::Type, &text));
    };
    // The pairs may change under the callback: each is asked for when its turn comes.
    let mut index = 0;
    while let Some((key, value)) = this.pair(call.ctx(), index)? {
        let arguments = (This(this_argument.clone()), value, key, call.this());
        callback.call::<_, Value<'js>>(arguments)?;
        index += 1;
    }
    call.undefined()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Entries,
    Keys,
    Values,
}

/// <https://webidl.spec.whatwg.org/#dfn-default-iterator-object>
struct PairIterator<T> {
    target: Held,
    kind: Kind,
    index: Cell<usize>,
    _interface: PhantomData<T>,
}

impl<T: PairIterable> HostObject for PairIterator<T> {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.target);
    }
}

fn iterate<'js, T: PairIterable>(call: &Call<'_, 'js>, kind: Kind) -> Result<Value<'js>> {
    let target = Held::new(&call.this());
    let prototype = iterator_prototype::<T>(call.ctx())?;
    let inside = PairIterator::<T> { target, kind, index: Cell::new(0), _interface: PhantomData };
    host_object(call.ctx(), &prototype, inside).map(Object::into_value)
}

/// The iterator prototype objects of a realm.
#[derive(Default)]
struct Prototypes(RefCell<HashMap<TypeId, Root<Object<'static>>>>);

/// <https://webidl.spec.whatwg.org/#dfn-iterator-prototype-object>
fn iterator_prototype<'js, T: PairIterable>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let prototypes = slot::<Prototypes>(ctx);
    if let Some(found) = prototypes.0.borrow().get(&TypeId::of::<T>()) {
        return found.get(ctx);
    }
    let made = Object::new_proto(ctx.clone(), Some(&iterator_root(ctx)?))?;
    let next: Function<'js> = function(ctx, "next", 0, next::<T>)?;
    define_value(&made, "next", next, Attributes::ALL)?;
    let tag = well_known_symbol(ctx, PredefinedAtom::SymbolToStringTag)?;
    define_value(&made, tag, T::ITERATOR_NAME, Attributes::CONFIGURABLE)?;
    prototypes.0.borrow_mut().insert(TypeId::of::<T>(), Root::new(ctx, made.clone())?);
    Ok(made)
}

/// `%Iterator.prototype%`, whatever script did to the global `Iterator`.
fn iterator_root<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    // SAFETY: a class of the engine, in a live context.
    let root = unsafe { raw::own(ctx, qjs::JS_GetClassProto(raw::context(ctx), class::ITERATOR))? };
    root.into_object().ok_or(Error::Unknown)
}

fn next<'js, T: PairIterable>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, this) = (call.ctx(), call.this());
    // 3. If object is not a default iterator object for interface, then throw a TypeError.
    let Some(iterator) = host_ref::<PairIterator<T>>(&this) else {
        return Err(brand_error(ctx, T::ITERATOR_NAME, "next"));
    };
    // 4. Let index be object's index. 6. Let values be object's target's value pairs to
    // iterate over.
    let target = iterator.target.get(ctx)?;
    let target = host_ref::<T>(&target).ok_or(Error::Unknown)?;
    let result = Object::new(ctx.clone())?;
    // 8. If index is greater than or equal to len, then return CreateIterResultObject(undefined, true).
    let Some((key, value)) = target.pair(ctx, iterator.index.get())? else {
        result.set("value", Value::new_undefined(ctx.clone()))?;
        result.set("done", true)?;
        return Ok(result.into_value());
    };
    // 10. Set object's index to index + 1.
    iterator.index.set(iterator.index.get() + 1);
    // 11. Return the iterator result for pair and kind.
    let value = match iterator.kind {
        Kind::Keys => key,
        Kind::Values => value,
        Kind::Entries => {
            let pair = Array::new(ctx.clone())?;
            pair.set(0, key)?;
            pair.set(1, value)?;
            pair.into_value()
        }
    };
    result.set("value", value)?;
    result.set("done", false)?;
    Ok(result.into_value())
}
