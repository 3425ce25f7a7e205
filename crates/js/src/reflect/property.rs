//! Own properties, read without running a getter.

use std::fmt;

use rquickjs::atom::PredefinedAtom;
use rquickjs::prelude::This;
use rquickjs::{Ctx, Error, Function, Object, Result, Value, qjs};

use crate::raw::{self, context};
use crate::reflect::{Kind, attempt, with_wtf8};
use crate::{async_context, pristine};

/// A property's name: a string or a symbol.
pub struct PropertyKey<'js> {
    atom: qjs::JSAtom,
    ctx: Ctx<'js>,
}

impl<'js> PropertyKey<'js> {
    /// A string key.
    pub fn new(ctx: &Ctx<'js>, name: &str) -> Result<Self> {
        let bytes = name.as_ptr().cast();
        // SAFETY: the bytes are read during the call.
        let atom = unsafe { qjs::JS_NewAtomLen(context(ctx), bytes, name.len() as _) };
        Self::own(ctx, atom)
    }

    /// An array index.
    pub fn index(ctx: &Ctx<'js>, index: u32) -> Result<Self> {
        // SAFETY: a live context.
        Self::own(ctx, unsafe { qjs::JS_NewAtomUInt32(context(ctx), index) })
    }

    /// The key that a string or symbol value stands for.
    pub fn from_value(value: &Value<'js>) -> Result<Self> {
        // SAFETY: the value is alive.
        let atom = unsafe { qjs::JS_ValueToAtom(context(value.ctx()), value.as_raw()) };
        Self::own(value.ctx(), atom)
    }

    /// `Symbol.toStringTag`
    pub fn to_string_tag(ctx: &Ctx<'js>) -> Result<Self> {
        // SAFETY: an atom that every runtime has.
        let atom = unsafe {
            qjs::JS_DupAtom(context(ctx), PredefinedAtom::SymbolToStringTag as qjs::JSAtom)
        };
        Self::own(ctx, atom)
    }

    fn own(ctx: &Ctx<'js>, atom: qjs::JSAtom) -> Result<Self> {
        if atom == qjs::JS_ATOM_NULL {
            return Err(Error::Exception);
        }
        Ok(Self { atom, ctx: ctx.clone() })
    }

    /// The string or symbol.
    pub fn to_value(&self) -> Result<Value<'js>> {
        // SAFETY: the atom is alive.
        unsafe { raw::own(&self.ctx, qjs::JS_AtomToValue(context(&self.ctx), self.atom)) }
    }

    /// Defines a property that an assignment would make, whatever setters the object inherits:
    /// `CreateDataProperty`.
    pub fn define(&self, object: &Object<'js>, value: &Value<'js>) -> Result<()> {
        let flags = qjs::JS_PROP_C_W_E | qjs::JS_PROP_THROW;
        // SAFETY: everything is alive; the call takes over one reference to the value.
        raw::check(unsafe {
            qjs::JS_DefinePropertyValue(
                context(&self.ctx),
                object.as_raw(),
                self.atom,
                raw::give(value),
                flags as _,
            )
        })?;
        Ok(())
    }

    /// The string, or the symbol's description.
    pub(crate) fn to_string_value(&self) -> Result<Value<'js>> {
        // SAFETY: the atom is alive.
        unsafe { raw::own(&self.ctx, qjs::JS_AtomToString(context(&self.ctx), self.atom)) }
    }

    /// The array index that this key is, if it is one.
    pub fn as_index(&self) -> Result<Option<u32>> {
        let value = self.to_value()?;
        if value.is_symbol() {
            return Ok(None);
        }
        with_wtf8(&value, |text| {
            let canonical = text.first().is_some_and(u8::is_ascii_digit)
                && (text.len() == 1 || text.first() != Some(&b'0'));
            let number = std::str::from_utf8(text).ok()?.parse::<u32>().ok()?;
            (canonical && number != u32::MAX).then_some(number)
        })
    }
}

impl PartialEq for PropertyKey<'_> {
    fn eq(&self, other: &Self) -> bool {
        // Atoms are interned.
        self.atom == other.atom
    }
}

impl Clone for PropertyKey<'_> {
    fn clone(&self) -> Self {
        // SAFETY: the atom is alive.
        let atom = unsafe { qjs::JS_DupAtom(context(&self.ctx), self.atom) };
        Self { atom, ctx: self.ctx.clone() }
    }
}

impl Drop for PropertyKey<'_> {
    fn drop(&mut self) {
        // SAFETY: the reference is ours.
        unsafe { qjs::JS_FreeAtom(context(&self.ctx), self.atom) }
    }
}

impl fmt::Debug for PropertyKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PropertyKey").field(&self.atom).finish()
    }
}

/// Which properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Those that `Object.keys` lists, and enumerable symbols.
    Enumerable,
    /// Those that `Object.keys` lists, and no symbols.
    EnumerableStrings,
    /// All but private names.
    All,
    /// Symbols only, enumerable or not.
    Symbols,
}

/// The own keys of an object: array indices ascending, strings, symbols.
///
/// A table of the engine: even a million keys are one allocation.
pub struct OwnKeys<'js> {
    table: *mut qjs::JSPropertyEnum,
    len: u32,
    ctx: Ctx<'js>,
}

/// Lists the own keys of an object that is no proxy.
pub fn own_keys<'js>(object: &Object<'js>, filter: Filter) -> Result<OwnKeys<'js>> {
    let both = qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_SYMBOL_MASK;
    match filter {
        Filter::All => keys_with(object, both),
        Filter::Symbols => keys_with(object, qjs::JS_GPN_SYMBOL_MASK),
        Filter::EnumerableStrings => {
            keys_with(object, qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_ENUM_ONLY)
        }
        Filter::Enumerable => {
            let keys = keys_with(object, both | qjs::JS_GPN_ENUM_ONLY);
            if Kind::of(object) != Kind::Module {
                return keys;
            }
            // While a module has bindings without a value, to ask for their attributes throws;
            // all its names are enumerable, and no symbol.
            let names = qjs::JS_GPN_STRING_MASK;
            attempt(object.ctx(), keys)?.map_or_else(|| keys_with(object, names), Ok)
        }
    }
}

fn keys_with<'js>(object: &Object<'js>, flags: u32) -> Result<OwnKeys<'js>> {
    let ctx = object.ctx();
    if Kind::of(object) == Kind::Proxy {
        return Err(Error::Unknown);
    }
    let mut keys = OwnKeys { table: std::ptr::null_mut(), len: 0, ctx: ctx.clone() };
    let (table, len) = (&raw mut keys.table, &raw mut keys.len);
    let context = quiet_context(object)?;
    // SAFETY: a live object, not a proxy, so no script runs; the engine fills in both or
    // leaves the table null.
    raw::check(unsafe {
        qjs::JS_GetOwnPropertyNames(context, table, len, object.as_raw(), flags as _)
    })?;
    Ok(keys)
}

/// Only a module namespace throws, and that must not run `Error.prepareStackTrace`.
fn quiet_context(object: &Object<'_>) -> Result<raw::RawContext> {
    let ctx = object.ctx();
    if Kind::of(object) == Kind::Module { pristine::context(ctx) } else { Ok(context(ctx)) }
}

impl<'js> OwnKeys<'js> {
    /// How many.
    pub fn len(&self) -> usize {
        if self.table.is_null() { 0 } else { self.len as usize }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The key at `position`.
    pub fn get(&self, position: usize) -> Option<PropertyKey<'js>> {
        if position >= self.len() {
            return None;
        }
        // SAFETY: inside of the table, whose atoms are alive as long as it is.
        let atom = unsafe { qjs::JS_DupAtom(context(&self.ctx), (*self.table.add(position)).atom) };
        Some(PropertyKey { atom, ctx: self.ctx.clone() })
    }

    /// The string at `position`, or the symbol.
    pub fn name(&self, position: usize) -> Option<Result<Value<'js>>> {
        let atom = self.atom(position)?;
        // SAFETY: the atom is alive.
        Some(unsafe { raw::own(&self.ctx, qjs::JS_AtomToValue(context(&self.ctx), atom)) })
    }

    /// The value of the own property whose key is at `position`, as [`own_value`] has it.
    pub fn value(&self, object: &Object<'js>, position: usize) -> Result<Option<Value<'js>>> {
        self.atom(position).map_or(Ok(None), |atom| value_of(object, atom))
    }

    /// Whether the key at `position` is this array index.
    pub fn is_index(&self, position: usize, index: u32) -> Result<bool> {
        let index = PropertyKey::index(&self.ctx, index)?;
        Ok(self.atom(position) == Some(index.atom))
    }

    fn atom(&self, position: usize) -> Option<qjs::JSAtom> {
        // SAFETY: inside of the table.
        (position < self.len()).then(|| unsafe { (*self.table.add(position)).atom })
    }

    /// The keys from `position` on.
    pub fn iter_from(&self, position: usize) -> impl Iterator<Item = PropertyKey<'js>> {
        (position..self.len()).filter_map(|position| self.get(position))
    }

    /// How many array indices the list begins with.
    pub fn index_count(&self) -> Result<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            let key = self.get(middle).ok_or(Error::Unknown)?;
            if key.as_index()?.is_some() { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }
}

impl Drop for OwnKeys<'_> {
    fn drop(&mut self) {
        if !self.table.is_null() {
            // SAFETY: the table and its atoms are ours.
            unsafe { qjs::JS_FreePropertyEnum(context(&self.ctx), self.table, self.len) }
        }
    }
}

impl fmt::Debug for OwnKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnKeys").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// An own property.
#[derive(Clone, Debug)]
pub struct Property<'js> {
    /// What it holds.
    pub slot: Slot<'js>,
    /// Whether `Object.keys` lists it.
    pub enumerable: bool,
    /// Whether it may be assigned; false for accessors.
    pub writable: bool,
}

/// What a property holds.
#[derive(Clone, Debug)]
pub enum Slot<'js> {
    /// A value.
    Value(Value<'js>),
    /// Functions to call.
    Accessor {
        /// Called to read.
        get: Option<Function<'js>>,
        /// Called to write.
        set: Option<Function<'js>>,
    },
    /// A binding of a module that has no value yet.
    Uninitialized,
}

/// An own property of an object that is no proxy; `None` if there is none of that name.
pub fn own_property<'js>(
    object: &Object<'js>,
    key: &PropertyKey<'js>,
) -> Result<Option<Property<'js>>> {
    let ctx = object.ctx();
    let kind = Kind::of(object);
    if kind == Kind::Proxy {
        return Err(Error::Unknown);
    }
    let context = quiet_context(object)?;
    let found = descriptor(object, context, key);
    if found.is_err() && kind == Kind::Module {
        attempt(ctx, found)?;
        let slot = Slot::Uninitialized;
        return Ok(Some(Property { slot, enumerable: true, writable: true }));
    }
    let Some((flags, value, get, set)) = found? else {
        return Ok(None);
    };
    let slot = match async_context::behind_getter(ctx, &get)? {
        _ if flags & qjs::JS_PROP_GETSET == 0 => Slot::Value(value),
        Some(class) => Slot::Value(class),
        None => Slot::Accessor { get: get.into_function(), set: set.into_function() },
    };
    Ok(Some(Property {
        slot,
        enumerable: flags & qjs::JS_PROP_ENUMERABLE != 0,
        writable: flags & qjs::JS_PROP_WRITABLE != 0,
    }))
}

/// The value of an own property, of an object that is no proxy; `None` if there is none of that
/// name. Calls a getter.
pub fn own_value<'js>(object: &Object<'js>, key: &PropertyKey<'js>) -> Result<Option<Value<'js>>> {
    value_of(object, key.atom)
}

fn value_of<'js>(object: &Object<'js>, atom: qjs::JSAtom) -> Result<Option<Value<'js>>> {
    let ctx = object.ctx();
    let kind = Kind::of(object);
    if kind == Kind::Proxy {
        return Err(Error::Unknown);
    }
    // SAFETY: a live object that is no proxy. The descriptor is read only if the engine filled it
    // in; its references become ours.
    unsafe {
        let mut found = std::mem::zeroed::<qjs::JSPropertyDescriptor>();
        let context = context(ctx);
        let status = qjs::JS_GetOwnProperty(context, &raw mut found, object.as_raw(), atom);
        if raw::check(status)? == 0 {
            return Ok(None);
        }
        if found.flags as u32 & qjs::JS_PROP_GETSET == 0 {
            // What is not there is `undefined`, of which nobody counts references.
            return Ok(Some(Value::from_raw(ctx.clone(), found.value)));
        }
        let get = Value::from_raw(ctx.clone(), found.getter);
        qjs::JS_FreeValue(context, found.setter);
        match get.as_function() {
            Some(get) => get.call((This(object.clone()),)).map(Some),
            None => Ok(Some(Value::new_undefined(ctx.clone()))),
        }
    }
}

/// Flags, value, getter and setter.
type Descriptor<'js> = (u32, Value<'js>, Value<'js>, Value<'js>);

fn descriptor<'js>(
    object: &Object<'js>,
    context: raw::RawContext,
    key: &PropertyKey<'js>,
) -> Result<Option<Descriptor<'js>>> {
    // SAFETY: a live object, and by the caller not a proxy, so no script runs. The descriptor
    // is read only if the engine filled it in; its references become ours.
    unsafe {
        let mut found = std::mem::zeroed::<qjs::JSPropertyDescriptor>();
        let place = &raw mut found;
        let status = qjs::JS_GetOwnProperty(context, place, object.as_raw(), key.atom);
        if raw::check(status)? == 0 {
            return Ok(None);
        }
        let own = |value| Value::from_raw(object.ctx().clone(), value);
        Ok(Some((found.flags as u32, own(found.value), own(found.getter), own(found.setter))))
    }
}
