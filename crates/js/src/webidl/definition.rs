//! How an interface describes its members.

use std::marker::PhantomData;

use rquickjs::{Ctx, IntoJs, Object, Result, Value};

use super::Interface;
use super::objects::{Construct, Static, brand_error};
use super::promised;
use crate::errors::{ErrorKind, throw};
use crate::function::function;
use crate::lazy::{Attributes, define_accessor, define_value};
use crate::{Call, host_ref};

/// Collects the members of one interface for one realm.
pub struct Definition<'a, 'js, T> {
    ctx: &'a Ctx<'js>,
    prototype: &'a Object<'js>,
    construct: Option<Construct>,
    length: u32,
    statics: Vec<Static<'js>>,
    constants: Vec<Constant<'js>>,
    _interface: PhantomData<T>,
}

/// What the interface object is made with.
pub(super) struct Finished<'js> {
    pub(super) construct: Option<Construct>,
    pub(super) length: u32,
    pub(super) statics: Vec<Static<'js>>,
    pub(super) constants: Vec<Constant<'js>>,
}

/// A constant, named.
type Constant<'js> = (&'static str, Value<'js>);

impl<'a, 'js, T: Interface> Definition<'a, 'js, T> {
    pub(super) fn new(ctx: &'a Ctx<'js>, prototype: &'a Object<'js>) -> Self {
        Self {
            ctx,
            prototype,
            construct: None,
            length: 0,
            statics: Vec::new(),
            constants: Vec::new(),
            _interface: PhantomData,
        }
    }

    pub(super) fn finish(self) -> Finished<'js> {
        let Self { construct, length, statics, constants, .. } = self;
        Finished { construct, length, statics, constants }
    }

    /// The realm the interface is made for.
    pub fn ctx(&self) -> &'a Ctx<'js> {
        self.ctx
    }

    /// The prototype object, for members that nothing below describes.
    pub fn prototype(&self) -> &'a Object<'js> {
        self.prototype
    }

    /// The constructor operation; `length` is its number of required arguments.
    pub fn constructor<F>(&mut self, length: u32, steps: F) -> &mut Self
    where
        F: for<'c, 'd> Fn(&Call<'c, 'd>) -> Result<Object<'d>> + 'static,
    {
        self.length = length;
        self.construct = Some(Box::new(move |call| {
            required(call, T::NAME, "constructor", length)?;
            steps(call)
        }));
        self
    }

    /// An operation; `length` is its number of required arguments.
    pub fn operation<F>(&mut self, name: &'static str, length: u32, steps: F) -> Result<&mut Self>
    where
        F: for<'c, 'd> Fn(&T, &Call<'c, 'd>) -> Result<Value<'d>> + 'static,
    {
        let steps = function(self.ctx, name, length, move |call| {
            let this = call.this();
            let inside =
                host_ref::<T>(&this).ok_or_else(|| brand_error(call.ctx(), T::NAME, name))?;
            required(call, T::NAME, name, length)?;
            steps(inside, call)
        })?;
        define_value(self.prototype, name, steps, Attributes::ALL)?;
        Ok(self)
    }

    /// An operation whose return type is a promise: whatever throws, the result is a promise.
    pub fn promise_operation<F>(
        &mut self,
        name: &'static str,
        length: u32,
        steps: F,
    ) -> Result<&mut Self>
    where
        F: for<'c, 'd> Fn(&T, &Call<'c, 'd>) -> Result<Value<'d>> + 'static,
    {
        let steps = function(self.ctx, name, length, move |call| {
            promised(call.ctx(), || {
                let this = call.this();
                let inside =
                    host_ref::<T>(&this).ok_or_else(|| brand_error(call.ctx(), T::NAME, name))?;
                required(call, T::NAME, name, length)?;
                steps(inside, call)
            })
        })?;
        define_value(self.prototype, name, steps, Attributes::ALL)?;
        Ok(self)
    }

    /// A static operation.
    pub fn static_operation<F>(
        &mut self,
        name: &'static str,
        length: u32,
        steps: F,
    ) -> Result<&mut Self>
    where
        F: for<'c, 'd> Fn(&Call<'c, 'd>) -> Result<Value<'d>> + 'static,
    {
        let steps = function(self.ctx, name, length, move |call| {
            required(call, T::NAME, name, length)?;
            steps(call)
        })?;
        self.statics.push((name, steps));
        Ok(self)
    }

    /// A read-only attribute.
    pub fn attribute<F>(&mut self, name: &'static str, read: F) -> Result<&mut Self>
    where
        F: for<'c, 'd> Fn(&T, &Call<'c, 'd>) -> Result<Value<'d>> + 'static,
    {
        let getter = self.getter(name, read)?;
        let shape = Attributes::ENUMERABLE | Attributes::CONFIGURABLE;
        define_accessor(self.prototype, name, Some(&getter), None, shape)?;
        Ok(self)
    }

    /// An attribute that can be assigned.
    pub fn writable_attribute<R, W>(
        &mut self,
        name: &'static str,
        read: R,
        write: W,
    ) -> Result<&mut Self>
    where
        R: for<'c, 'd> Fn(&T, &Call<'c, 'd>) -> Result<Value<'d>> + 'static,
        W: for<'c, 'd> Fn(&T, &Call<'c, 'd>) -> Result<()> + 'static,
    {
        let getter = self.getter(name, read)?;
        let setter = function(self.ctx, &format!("set {name}"), 1, move |call| {
            let this = call.this();
            let inside =
                host_ref::<T>(&this).ok_or_else(|| brand_error(call.ctx(), T::NAME, name))?;
            write(inside, call)?;
            call.undefined()
        })?;
        let shape = Attributes::ENUMERABLE | Attributes::CONFIGURABLE;
        define_accessor(self.prototype, name, Some(&getter), Some(&setter), shape)?;
        Ok(self)
    }

    /// A constant, on the interface object and on the prototype.
    pub fn constant(&mut self, name: &'static str, value: impl IntoJs<'js>) -> Result<&mut Self> {
        let value = value.into_js(self.ctx)?;
        define_value(self.prototype, name, value.clone(), Attributes::ENUMERABLE)?;
        self.constants.push((name, value));
        Ok(self)
    }

    fn getter<F>(&self, name: &'static str, read: F) -> Result<rquickjs::Function<'js>>
    where
        F: for<'c, 'd> Fn(&T, &Call<'c, 'd>) -> Result<Value<'d>> + 'static,
    {
        function(self.ctx, &format!("get {name}"), 0, move |call| {
            let this = call.this();
            let inside =
                host_ref::<T>(&this).ok_or_else(|| brand_error(call.ctx(), T::NAME, name))?;
            read(inside, call)
        })
    }
}

impl<T> std::fmt::Debug for Definition<'_, '_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Definition").finish_non_exhaustive()
    }
}

/// <https://webidl.spec.whatwg.org/#dfn-overload-resolution-algorithm>: too few arguments are
/// a `TypeError`, before any of them is converted.
fn required(call: &Call<'_, '_>, interface: &str, member: &str, length: u32) -> Result<()> {
    let given = call.len();
    if given >= length as usize {
        return Ok(());
    }
    let arguments = if length == 1 { "argument" } else { "arguments" };
    let text =
        format!("{interface}.{member}: {length} {arguments} required, but only {given} present");
    Err(throw(call.ctx(), ErrorKind::Type, &text))
}
