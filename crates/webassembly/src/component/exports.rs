//! What a component exports, as script sees it.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;

use holm_js::{
    Attributes, Call, Ctx, Function, Graveyard, Held, HostCallable, HostObject, Object, Result,
    Tracer, Value, callable, callable_constructor, define_value, host_ref,
};
use holm_wasm::component::types::ComponentFunc;
use holm_wasm::component::{Func, Item, ResourceType, Val};

use super::crossing::{Crossing, Place};
use super::errors::{throw_component, throw_payload};
use super::instance::Running;
use super::names::{FunctionName, camel_case, pascal_case};
use super::plan::{Outcome, Plan, Signature};
use super::resources::{ResourceObject, complete_class};
use crate::errors::throw_type;

/// The object with what a component exports: interfaces by their full names, functions and
/// classes by what they are called in script.
pub(super) fn exports_object<'js>(
    ctx: &Ctx<'js>,
    running: &Rc<Running>,
    exports: &[(Box<str>, Item)],
) -> Result<Object<'js>> {
    let object = Object::new_proto(ctx.clone(), None)?;
    let mut classes = Vec::new();
    for (name, item) in exports {
        if let Item::Interface(items) = item {
            let interface = Object::new(ctx.clone())?;
            let mut maker = Maker { ctx, running, interface: Some(name), classes: &mut classes };
            maker.define_all(&interface, items)?;
            define_value(&object, &**name, interface, Attributes::ALL)?;
        }
    }
    Maker { ctx, running, interface: None, classes: &mut classes }.define_all(&object, exports)?;
    Ok(object)
}

/// A class, and if it is new, its prototype.
type Class<'js> = (Function<'js>, Option<Object<'js>>);

/// Makes what an interface, or the component itself, exports.
struct Maker<'a, 'js> {
    ctx: &'a Ctx<'js>,
    running: &'a Rc<Running>,
    interface: Option<&'a str>,
    /// Interfaces use each other's resources: each has one class.
    classes: &'a mut Vec<(ResourceType, Function<'js>)>,
}

impl<'js> Maker<'_, 'js> {
    fn define_all(&mut self, object: &Object<'js>, items: &[(Box<str>, Item)]) -> Result<()> {
        let mut own = HashMap::new();
        for (name, item) in items {
            if matches!(item, Item::Resource(_))
                && let Some((class, prototype)) = self.class(name, items)?
            {
                let key = pascal_case(name);
                define_value(object, key.as_str(), class.clone(), Attributes::ALL)?;
                own.insert(&**name, (class, prototype));
            }
        }
        for (name, item) in items {
            if !matches!(item, Item::Function) {
                continue;
            }
            let Some(function) = self.find(name)? else { continue };
            match FunctionName::of(name) {
                FunctionName::Plain(name) => {
                    let key = camel_case(name);
                    let function = self.function(&key, function, Receiver::None)?;
                    define_value(object, key.as_str(), function, Attributes::ALL)?;
                }
                FunctionName::Method(resource, name) => {
                    let Some((_, Some(prototype))) = own.get(resource) else { continue };
                    let key = camel_case(name);
                    let function = self.function(&key, function, Receiver::This)?;
                    define_value(prototype, key.as_str(), function, Attributes::BUILT_IN)?;
                }
                FunctionName::Static(resource, name) => {
                    let Some((class, Some(_))) = own.get(resource) else { continue };
                    let key = camel_case(name);
                    let function = self.function(&key, function, Receiver::None)?;
                    define_value(class, key.as_str(), function, Attributes::BUILT_IN)?;
                }
                // That is the class.
                FunctionName::Constructor(_) => {}
            }
        }
        Ok(())
    }

    /// The class of a resource.
    fn class(&mut self, name: &str, items: &[(Box<str>, Item)]) -> Result<Option<Class<'js>>> {
        let (ctx, running) = (self.ctx, self.running);
        let found = running.instance().and_then(|it| it.resource(self.interface, name));
        let found = found.map_err(|failure| throw_component(ctx, failure))?;
        // One that is imported has its class already.
        let Some(ty) = found.filter(|ty| running.host_class_of(*ty).is_none()) else {
            return Ok(None);
        };
        if let Some((_, class)) = self.classes.iter().find(|(known, _)| *known == ty) {
            return Ok(Some((class.clone(), None)));
        }
        let constructor = format!("[constructor]{name}");
        let constructor = match items.iter().any(|(name, _)| **name == *constructor) {
            true => self.find(&constructor)?,
            false => None,
        };
        let key = pascal_case(name);
        let class = match constructor {
            Some((func, ty)) => {
                let length = ty.params().len() as u32;
                let inside = self.inside(&key, (func, ty), Receiver::New)?;
                callable_constructor(ctx, &key, length, inside)?
            }
            None => callable_constructor(ctx, &key, 0, NoConstructor { name: key.clone() })?,
        };
        let prototype = complete_class(ctx, running, &class, ty)?;
        self.classes.push((ty, class.clone()));
        Ok(Some((class, Some(prototype))))
    }

    fn find(&self, name: &str) -> Result<Option<(Func, ComponentFunc)>> {
        let found = self.running.instance().and_then(|it| it.function(self.interface, name));
        found.map_err(|failure| throw_component(self.ctx, failure))
    }

    fn function(
        &self,
        key: &str,
        function: (Func, ComponentFunc),
        receiver: Receiver,
    ) -> Result<Function<'js>> {
        let first = usize::from(receiver == Receiver::This);
        let length = function.1.params().len().saturating_sub(first) as u32;
        callable(self.ctx, key, length, self.inside(key, function, receiver)?)
    }

    fn inside(
        &self,
        key: &str,
        (func, ty): (Func, ComponentFunc),
        receiver: Receiver,
    ) -> Result<ExportedFunction> {
        let owner = Held::new(&self.running.owner(self.ctx)?);
        let (running, name, signature) = (self.running.clone(), key.into(), OnceCell::new());
        Ok(ExportedFunction { running, owner, name, func, ty, signature, receiver })
    }
}

/// The class of a resource that script cannot make.
struct NoConstructor {
    name: String,
}

impl HostObject for NoConstructor {}

impl HostCallable for NoConstructor {
    fn call<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let text = format!("the component exports no constructor of {}", self.name);
        Err(throw_type(call.ctx(), &text))
    }
}

/// What `this` is to a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Receiver {
    /// Nothing.
    None,
    /// The first argument.
    This,
    /// It makes one.
    New,
}

/// A function that a component exports.
struct ExportedFunction {
    running: Rc<Running>,
    owner: Held,
    name: Box<str>,
    func: Func,
    ty: ComponentFunc,
    /// Worked out by the first call.
    signature: OnceCell<Signature>,
    receiver: Receiver,
}

impl HostObject for ExportedFunction {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.owner);
    }

    fn finalize(self, graveyard: &Graveyard) {
        graveyard.push(self.running);
    }
}

impl HostCallable for ExportedFunction {
    fn call<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let ctx = call.ctx();
        if self.receiver == Receiver::New && call.new_target().is_none() {
            let text = format!("Class constructor {} cannot be invoked without 'new'", self.name);
            return Err(throw_type(ctx, &text));
        }
        let signature = self.signature.get_or_init(|| Signature::of(&self.ty));
        let result = self.invoke(call, signature)?;
        let mut crossing = Crossing::inward(ctx, &self.running);
        match (result, &signature.result) {
            (Some(result), Some(plan)) => {
                let made = self.give(&mut crossing, &result, plan)?;
                self.of_class(call, made)
            }
            _ => call.undefined(),
        }
    }
}

impl ExportedFunction {
    fn invoke(&self, call: &Call<'_, '_>, signature: &Signature) -> Result<Option<Val>> {
        let ctx = call.ctx();
        let mut crossing = Crossing::inward(ctx, &self.running);
        let mut arguments = Vec::with_capacity(signature.parameters.len());
        for (index, plan) in signature.parameters.iter().enumerate() {
            let value = match (self.receiver, index) {
                (Receiver::This, 0) => call.this(),
                (Receiver::This, _) => call.value(index - 1),
                _ => call.value(index),
            };
            let lowered = crossing.lower(&value, plan, &Place::argument(&self.name, index));
            arguments.push(lowered.inspect_err(|_| crossing.put_back())?);
        }
        // Any value: it is replaced.
        let mut results = vec![Val::Bool(false); usize::from(signature.result.is_some())];
        let running = &self.running;
        let done = running.state.lend(ctx, || {
            running.instance().and_then(|it| it.call(&self.func, &arguments, &mut results))
        });
        done.map_err(|failure| throw_component(ctx, failure))?;
        Ok(results.pop())
    }

    /// What the function returns, or throws if it gives a `result`.
    fn give<'js>(
        &self,
        crossing: &mut Crossing<'_, 'js, '_>,
        result: &Val,
        plan: &Plan,
    ) -> Result<Value<'js>> {
        let Plan::Result(Outcome { ok, err }) = plan else { return crossing.lift(result, plan) };
        let undefined = || Ok(Value::new_undefined(crossing.ctx.clone()));
        let (value, plan) = match result {
            Val::Result(Ok(value)) => (value, ok),
            Val::Result(Err(value)) => (value, err),
            _ => return crossing.lift(result, plan),
        };
        let value = match (value, plan) {
            (Some(value), Some(plan)) => crossing.lift(value, plan),
            _ => undefined(),
        }?;
        match result {
            Val::Result(Err(_)) => Err(throw_payload(crossing.ctx, value)),
            _ => Ok(value),
        }
    }

    /// What `new` made has the prototype of what was called with it.
    fn of_class<'js>(&self, call: &Call<'_, 'js>, made: Value<'js>) -> Result<Value<'js>> {
        if let (Some(target), Some(object)) = (call.new_target(), made.as_object())
            && host_ref::<ResourceObject>(&made).is_some()
            && let Some(target) = target.as_object()
        {
            let prototype: Value<'js> = target.get("prototype")?;
            if let Some(prototype) = prototype.as_object() {
                object.set_prototype(Some(prototype))?;
            }
        }
        Ok(made)
    }
}
