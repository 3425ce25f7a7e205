//! Resources of a component: objects of a class.

use std::cell::Cell;
use std::rc::Rc;

use holm_js::{
    Attributes, Call, Ctx, Function, Graveyard, Held, HostCallable, HostObject, Object, Result,
    Tracer, Value, bury, callable, define_value, host_object, host_ref,
};
use holm_wasm::component::{ComponentFailure, ResourceAny, ResourceType};

use super::errors::throw_component;
use super::instance::Running;
use crate::errors::throw_type;

/// The inside of an object that is a resource of a component.
pub(super) struct ResourceObject {
    running: Rc<Running>,
    owner: Held,
    /// Gone when it was dropped or given to the component.
    handle: Cell<Option<ResourceAny>>,
    ty: ResourceType,
}

impl ResourceObject {
    /// Whether it is one of this instance, and of this type.
    pub(super) fn is_of(&self, running: &Rc<Running>, ty: ResourceType) -> bool {
        Rc::ptr_eq(&self.running, running) && self.ty == ty
    }

    /// Its handle, to be lent.
    pub(super) fn handle(&self) -> Option<ResourceAny> {
        self.handle.get()
    }

    /// Its handle, to be given away.
    pub(super) fn take(&self) -> Option<ResourceAny> {
        let handle = self.handle.get().filter(ResourceAny::owned)?;
        self.end();
        Some(handle)
    }

    /// It was not given away after all.
    pub(super) fn put_back(&self, handle: ResourceAny) {
        self.handle.set(Some(handle));
    }

    /// From now on it is of no use.
    pub(super) fn end(&self) {
        self.handle.set(None);
    }
}

impl HostObject for ResourceObject {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.owner);
    }

    fn finalize(self, graveyard: &Graveyard) {
        // What was lent to script is dropped when the call ends.
        let handle = self.handle.get().filter(ResourceAny::owned);
        graveyard.push(Garbage { running: self.running, handle });
    }
}

/// A resource that script lost.
struct Garbage {
    running: Rc<Running>,
    handle: Option<ResourceAny>,
}

impl Drop for Garbage {
    fn drop(&mut self) {
        if let (Some(handle), Ok(instance)) = (self.handle, self.running.instance()) {
            instance.drop_later(handle);
        }
    }
}

/// An object for a resource.
pub(super) fn wrapper<'js>(
    ctx: &Ctx<'js>,
    running: &Rc<Running>,
    prototype: &Object<'js>,
    handle: ResourceAny,
) -> Result<Value<'js>> {
    // What was collected since: a loop leaves no scope.
    bury(ctx);
    let owner = Held::new(&running.owner(ctx)?);
    let (running, ty) = (running.clone(), handle.ty());
    let inside = ResourceObject { running, owner, handle: Cell::new(Some(handle)), ty };
    Ok(host_object(ctx, prototype, inside)?.into_value())
}

/// Gives a class what classes of resources have beside what the component exports.
pub(super) fn complete_class<'js>(
    ctx: &Ctx<'js>,
    running: &Rc<Running>,
    class: &Function<'js>,
    ty: ResourceType,
) -> Result<Object<'js>> {
    let prototype = Object::new(ctx.clone())?;
    define_value(&prototype, "constructor", class.clone(), Attributes::BUILT_IN)?;
    define_value(class, "prototype", prototype.clone(), Attributes::NONE)?;
    if let Some(symbol) = dispose_symbol(ctx)? {
        let owner = Held::new(&running.owner(ctx)?);
        let dispose = callable(ctx, "[Symbol.dispose]", 0, Dispose { owner, ty })?;
        define_value(&prototype, symbol, dispose, Attributes::BUILT_IN)?;
    }
    running.add_prototype(ty, prototype.as_value());
    Ok(prototype)
}

/// `Symbol.dispose`, if script has left it there.
pub(super) fn dispose_symbol<'js>(ctx: &Ctx<'js>) -> Result<Option<Value<'js>>> {
    let symbols: Value<'js> = ctx.globals().get("Symbol")?;
    let Some(symbols) = symbols.as_object() else { return Ok(None) };
    let symbol: Value<'js> = symbols.get("dispose")?;
    Ok(symbol.is_symbol().then_some(symbol))
}

/// `[Symbol.dispose]()` of a class.
struct Dispose {
    owner: Held,
    ty: ResourceType,
}

impl HostObject for Dispose {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.owner);
    }
}

impl HostCallable for Dispose {
    fn call<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let (ctx, this) = (call.ctx(), call.this());
        let object = host_ref::<ResourceObject>(&this).filter(|object| object.ty == self.ty);
        let Some(object) = object else {
            return Err(throw_type(ctx, "this is no object of the resource's class"));
        };
        // To drop it twice does no harm, as elsewhere.
        let Some(handle) = object.take() else { return call.undefined() };
        let running = object.running.clone();
        let dropped = running.instance().and_then(|instance| {
            match running.state.lend(ctx, || instance.drop_resource(handle)) {
                // It waits for whoever calls this: then it is dropped when it is called next.
                Err(ComponentFailure::Busy) => {
                    instance.drop_later(handle);
                    Ok(())
                }
                dropped => dropped,
            }
        });
        dropped.map_err(|failure| throw_component(ctx, failure))?;
        call.undefined()
    }
}
