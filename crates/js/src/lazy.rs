//! Defining properties: at once, or on first touch.
//!
//! Start-up pays only for what a script uses, so globals are made lazily: the property is
//! first an accessor that, on first read, makes the value and becomes the data property it
//! stands for. The one thing a script can see is an accessor in a property descriptor
//! taken before the first read.

use std::ffi::c_int;
use std::ops::BitOr;

use rquickjs::atom::PredefinedAtom;
use rquickjs::{Ctx, Error, Function, IntoJs, Object, Result, Value, qjs};

use crate::function::function;
use crate::raw;

/// The attributes of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes(c_int);

impl Attributes {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// May be deleted and redefined.
    pub const CONFIGURABLE: Self = Self(qjs::JS_PROP_CONFIGURABLE as c_int);
    /// Shows in `for in` and `Object.keys`.
    pub const ENUMERABLE: Self = Self(qjs::JS_PROP_ENUMERABLE as c_int);
    /// May be assigned.
    pub const WRITABLE: Self = Self(qjs::JS_PROP_WRITABLE as c_int);
    /// As ECMAScript's own globals and methods.
    pub const BUILT_IN: Self = Self(Self::CONFIGURABLE.0 | Self::WRITABLE.0);
    /// As an assignment makes it.
    pub const ALL: Self = Self(Self::BUILT_IN.0 | Self::ENUMERABLE.0);
}

impl BitOr for Attributes {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Defines a data property, whatever setters or exotic behaviour the object has.
pub fn define_value<'js>(
    object: &Object<'js>,
    key: impl IntoJs<'js>,
    value: impl IntoJs<'js>,
    attributes: Attributes,
) -> Result<()> {
    let ctx = object.ctx();
    let key = Key::new(ctx, key)?;
    let value = value.into_js(ctx)?;
    // SAFETY: everything is alive and of this context; the call takes over one reference to
    // the value.
    raw::check(unsafe {
        qjs::JS_DefinePropertyValue(
            raw::context(ctx),
            object.as_raw(),
            key.atom,
            raw::give(&value),
            attributes.0 | qjs::JS_PROP_THROW as c_int,
        )
    })?;
    Ok(())
}

/// <https://tc39.es/ecma262/#sec-setintegritylevel>, "frozen".
pub fn freeze(object: &Object<'_>) -> Result<()> {
    // SAFETY: a live object.
    raw::check(unsafe { qjs::JS_FreezeObject(raw::context(object.ctx()), object.as_raw()) })?;
    Ok(())
}

/// Defines an accessor property.
pub fn define_accessor<'js>(
    object: &Object<'js>,
    key: impl IntoJs<'js>,
    getter: Option<&Function<'js>>,
    setter: Option<&Function<'js>>,
    attributes: Attributes,
) -> Result<()> {
    let ctx = object.ctx();
    let key = Key::new(ctx, key)?;
    let raw_or_undefined = |function: Option<&Function<'js>>| {
        function.map_or(qjs::JS_UNDEFINED, |function| raw::give(function.as_value()))
    };
    // SAFETY: as in `define_value`; one reference of each function is handed over.
    raw::check(unsafe {
        qjs::JS_DefinePropertyGetSet(
            raw::context(ctx),
            object.as_raw(),
            key.atom,
            raw_or_undefined(getter),
            raw_or_undefined(setter),
            attributes.0 | qjs::JS_PROP_THROW as c_int,
        )
    })?;
    Ok(())
}

/// Defines a property whose value is made on first touch.
pub fn define_lazy<F>(
    object: &Object<'_>,
    name: &'static str,
    attributes: Attributes,
    make: F,
) -> Result<()>
where
    F: for<'js> Fn(&Ctx<'js>) -> Result<Value<'js>> + 'static,
{
    let getter = function(object.ctx(), name, 0, move |call| {
        let value = make(call.ctx())?;
        if let Some(holder) = call.this().into_object() {
            define_value(&holder, name, value.clone(), attributes)?;
        }
        Ok(value)
    })?;
    let setter = function(object.ctx(), name, 1, move |call| {
        if let Some(holder) = call.this().into_object() {
            define_value(&holder, name, call.value(0), attributes)?;
        }
        call.undefined()
    })?;
    let shape = Attributes(attributes.0 & !Attributes::WRITABLE.0);
    define_accessor(object, name, Some(&getter), Some(&setter), shape)
}

/// One of ECMAScript's well-known symbols, whatever script did to the global `Symbol`.
pub fn well_known_symbol<'js>(ctx: &Ctx<'js>, symbol: PredefinedAtom) -> Result<Value<'js>> {
    // SAFETY: predefined atoms are valid in every runtime.
    unsafe { raw::own(ctx, qjs::JS_AtomToValue(raw::context(ctx), symbol as qjs::JSAtom)) }
}

/// A property key for the raw API; released when dropped.
struct Key<'a, 'js> {
    atom: qjs::JSAtom,
    ctx: &'a Ctx<'js>,
}

impl<'a, 'js> Key<'a, 'js> {
    fn new(ctx: &'a Ctx<'js>, key: impl IntoJs<'js>) -> Result<Self> {
        let key = key.into_js(ctx)?;
        // SAFETY: the value is alive; the atom it gives is ours.
        let atom = unsafe { qjs::JS_ValueToAtom(raw::context(ctx), key.as_raw()) };
        if atom == qjs::JS_ATOM_NULL as qjs::JSAtom {
            Err(Error::Exception)
        } else {
            Ok(Self { atom, ctx })
        }
    }
}

impl Drop for Key<'_, '_> {
    fn drop(&mut self) {
        // SAFETY: our own reference.
        unsafe { qjs::JS_FreeAtom(raw::context(self.ctx), self.atom) }
    }
}
