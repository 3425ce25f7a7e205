//! `WeakRef` as the standard has it: what one was made of, or gave, stays until the job is over.
//!
//! The engine frees what nobody holds at once, so `new WeakRef({}).deref()` would be `undefined`. A constructor and a
//! method in front of its own keep the targets: <https://tc39.es/ecma262/#sec-addtokeptobjects>.

use std::cell::RefCell;
use std::collections::HashMap;

use rquickjs::function::This;
use rquickjs::{Ctx, Function, Object, Result, Value, qjs};

use crate::function::{constructor, function};
use crate::lazy::{Attributes, define_lazy, define_value};
use crate::realm::RealmData;
use crate::root::Root;
use crate::subclass::construct_as;

const NAME: &str = "WeakRef";

/// What is kept until the end of the job, by address: once each, so a loop that asks for ever keeps no
/// more than there is.
#[derive(Default)]
pub(crate) struct KeptObjects(RefCell<HashMap<usize, Root<Value<'static>>>>);

impl KeptObjects {
    fn add<'js>(&self, ctx: &Ctx<'js>, target: Value<'js>) -> Result<()> {
        if !(target.is_object() || target.is_symbol()) {
            return Ok(());
        }
        // SAFETY: both are values behind a pointer, which is only compared.
        let address = unsafe { qjs::JS_VALUE_GET_PTR(target.as_raw()) } as usize;
        if !self.0.borrow().contains_key(&address) {
            let kept = Root::new(ctx, target)?;
            self.0.borrow_mut().insert(address, kept);
        }
        Ok(())
    }

    /// <https://tc39.es/ecma262/#sec-clear-kept-objects>
    pub(crate) fn clear(&self) {
        let kept = std::mem::take(&mut *self.0.borrow_mut());
        drop(kept);
    }
}

/// Puts the two in front of the engine's, once a script asks for the class.
pub(crate) fn install(ctx: &Ctx<'_>) -> Result<()> {
    let engines: Function<'_> = ctx.globals().get(NAME)?;
    let engines = Root::<Function<'static>>::new(ctx, engines)?;
    define_lazy(&ctx.globals(), NAME, Attributes::BUILT_IN, move |ctx| {
        Ok(in_front(ctx, engines.get(ctx)?)?.into_value())
    })
}

fn in_front<'js>(ctx: &Ctx<'js>, engines: Function<'js>) -> Result<Function<'js>> {
    let prototype: Object<'js> = engines.get("prototype")?;
    let original = Root::<Function<'static>>::new(ctx, engines)?;
    let class = constructor(ctx, NAME, 1, move |call| {
        let made = construct_as(call, NAME, &original.get(call.ctx())?)?;
        keep(call.ctx(), call.value(0))?;
        Ok(made.into_value())
    })?;
    let original: Function<'js> = prototype.get("deref")?;
    let original = Root::<Function<'static>>::new(ctx, original)?;
    let deref = function(ctx, "deref", 0, move |call| {
        let original: Function<'_> = original.get(call.ctx())?;
        let target: Value<'_> = original.call((This(call.this()),))?;
        keep(call.ctx(), target.clone())?;
        Ok(target)
    })?;
    define_value(&prototype, "deref", deref, Attributes::BUILT_IN)?;
    define_value(&prototype, "constructor", class.clone(), Attributes::CONFIGURABLE)?;
    define_value(&class, "prototype", prototype, Attributes::NONE)?;
    Ok(class)
}

fn keep<'js>(ctx: &Ctx<'js>, target: Value<'js>) -> Result<()> {
    RealmData::of(ctx).shared().kept_objects.add(ctx, target)
}
