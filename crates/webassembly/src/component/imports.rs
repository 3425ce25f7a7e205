//! What script gives to a component.

use std::any::Any;
use std::cell::OnceCell;
use std::rc::{Rc, Weak};

use holm_js::{Ctx, Error, Held, Object, Rest, Result, This, Value};
use holm_wasm::component::types::ComponentFunc;
use holm_wasm::component::{Dropper, Handles, ImportedFunction, Imports, Val};

use super::crossing::{Crossing, Place};
use super::errors::{payload_of, thrown};
use super::instance::Running;
use super::names::{FunctionName, camel_case, pascal_case};
use super::plan::{Outcome, Plan, Signature};
use super::resources::dispose_symbol;
use crate::errors::{throw_link, throw_type};

/// The modules of script that a component imports, by the names it has for them.
pub(super) struct ScriptImports<'a, 'js> {
    pub(super) ctx: &'a Ctx<'js>,
    pub(super) running: &'a Rc<Running>,
    pub(super) namespaces: Object<'js>,
}

type Thrown = Box<dyn Any>;

impl<'js> ScriptImports<'_, 'js> {
    fn found<T>(&self, found: Result<T>) -> std::result::Result<T, Thrown> {
        found.map_err(|error| thrown(self.ctx, self.running, error))
    }

    /// What a module has by this name.
    fn member(&self, interface: Option<&str>, name: &str, key: &str) -> Result<Value<'js>> {
        // What is imported by itself is what its module exports as `default`.
        let (module, key) = interface.map_or((name, "default"), |interface| (interface, key));
        let namespace: Value<'js> = self.namespaces.get(module)?;
        let value: Value<'js> = match namespace.as_object() {
            Some(namespace) => namespace.get(key)?,
            None => Value::new_undefined(self.ctx.clone()),
        };
        if value.is_function() {
            return Ok(value);
        }
        let url = &self.running.url;
        let text = format!("{url}: the module for the import {module:?} has no function {key:?}");
        Err(throw_link(self.ctx, &text))
    }

    fn callee(&self, interface: Option<&str>, name: &str) -> Result<ScriptFunction> {
        let keep = |value: &Value<'js>| self.running.values.keep(Held::new(value));
        let (target, shown) = match FunctionName::of(name) {
            FunctionName::Plain(name) => {
                let key = camel_case(name);
                let function = self.member(interface, name, &key)?;
                (Target::Function { function: keep(&function), this: None }, key)
            }
            FunctionName::Constructor(resource) => {
                let key = pascal_case(resource);
                let class = self.member(interface, resource, &key)?;
                (Target::New(keep(&class)), key)
            }
            FunctionName::Static(resource, name) => {
                let class = self.member(interface, resource, &pascal_case(resource))?;
                let key = camel_case(name);
                let function: Value<'js> = match class.as_object() {
                    Some(class) => class.get(key.as_str())?,
                    None => Value::new_undefined(self.ctx.clone()),
                };
                if !function.is_function() {
                    let text = format!(
                        "{}: the class for {resource:?} has no function {key:?}",
                        self.running.url
                    );
                    return Err(throw_link(self.ctx, &text));
                }
                (Target::Function { function: keep(&function), this: Some(keep(&class)) }, key)
            }
            FunctionName::Method(_, name) => {
                let key = camel_case(name);
                (Target::Method, key)
            }
        };
        let (running, signature) = (Rc::downgrade(self.running), OnceCell::new());
        Ok(ScriptFunction { running, target, name: shown.into(), signature })
    }
}

impl Imports for ScriptImports<'_, '_> {
    fn function(
        &self,
        interface: Option<&str>,
        name: &str,
    ) -> std::result::Result<Box<dyn ImportedFunction>, Thrown> {
        let function = self.found(self.callee(interface, name))?;
        Ok(Box::new(function))
    }

    fn resource(
        &self,
        ty: u32,
        interface: Option<&str>,
        name: &str,
    ) -> std::result::Result<Dropper, Thrown> {
        let class = self.found(self.member(interface, name, &pascal_case(name)))?;
        self.running.add_host_class(ty, &class);
        let running = Rc::downgrade(self.running);
        Ok(Box::new(move |rep| match running.upgrade() {
            Some(running) => dropped(&running, rep),
            None => Ok(()),
        }))
    }
}

/// The component has dropped an object of script.
fn dropped(running: &Rc<Running>, rep: u32) -> std::result::Result<(), Thrown> {
    let done = running.state.loan().with(|ctx| {
        let object = running.given(ctx, rep);
        running.take_back(rep);
        let disposed = object.and_then(|object| dispose(ctx, &object));
        disposed.map_err(|error| thrown(ctx, running, error))
    });
    // Outside of calls nothing runs that could drop one.
    done.unwrap_or(Ok(()))
}

fn dispose<'js>(ctx: &Ctx<'js>, object: &Value<'js>) -> Result<()> {
    let (Some(object), Some(symbol)) = (object.as_object(), dispose_symbol(ctx)?) else {
        return Ok(());
    };
    let method: Value<'js> = object.get(symbol)?;
    match method.as_function() {
        Some(method) => method.call((This(object.clone()),)),
        None => Ok(()),
    }
}

/// A function of script that a component imports.
struct ScriptFunction {
    /// Which has it, in its store.
    running: Weak<Running>,
    target: Target,
    name: Box<str>,
    /// Worked out by the first call.
    signature: OnceCell<Signature>,
}

/// What is called.
enum Target {
    Function {
        function: Rc<Held>,
        this: Option<Rc<Held>>,
    },
    /// With `new`.
    New(Rc<Held>),
    /// What the first argument has by the name.
    Method,
}

impl ImportedFunction for ScriptFunction {
    fn call(
        &self,
        handles: &mut Handles<'_>,
        ty: &ComponentFunc,
        arguments: &[Val],
        results: &mut [Val],
    ) -> std::result::Result<(), Thrown> {
        let running = self.running.upgrade();
        let running = running.ok_or_else(|| Box::new("a component lost its instance") as Thrown)?;
        let signature = self.signature.get_or_init(|| Signature::of(ty));
        let done = running.state.loan().with(|ctx| {
            let mut crossing = Crossing::outward(ctx, &running, handles);
            let called = self.run(&mut crossing, signature, arguments, results);
            let ended = crossing.end_loans();
            called.and(ended).map_err(|error| thrown(ctx, &running, error))
        });
        done.unwrap_or_else(|| Err(Box::new("script was called with no scope open")))
    }
}

impl ScriptFunction {
    fn run<'js>(
        &self,
        crossing: &mut Crossing<'_, 'js, '_>,
        signature: &Signature,
        arguments: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let mut values = Vec::with_capacity(arguments.len());
        for (argument, plan) in arguments.iter().zip(&signature.parameters) {
            values.push(crossing.lift(argument, plan)?);
        }
        let called = self.call_script(crossing.ctx, values);
        let (Some(plan), [result]) = (&signature.result, results) else { return called.map(drop) };
        *result = match plan {
            Plan::Result(outcome) => self.outcome(crossing, called, outcome)?,
            plan => crossing.lower(&called?, plan, &Place::returned(&self.name))?,
        };
        Ok(())
    }

    fn call_script<'js>(&self, ctx: &Ctx<'js>, mut values: Vec<Value<'js>>) -> Result<Value<'js>> {
        match &self.target {
            Target::Function { function, this } => {
                let function = function.get(ctx)?;
                let this = match this {
                    Some(this) => this.get(ctx)?,
                    None => Value::new_undefined(ctx.clone()),
                };
                self.function(ctx, &function)?.call((This(this), Rest(values)))
            }
            Target::New(class) => {
                let class = class.get(ctx)?;
                let class = class.as_constructor().ok_or_else(|| self.missing(ctx))?;
                class.construct((Rest(values),))
            }
            Target::Method => {
                if values.is_empty() {
                    return Err(self.missing(ctx));
                }
                let this = values.remove(0);
                let object = this.as_object().ok_or_else(|| self.missing(ctx))?;
                let method: Value<'js> = object.get(&*self.name)?;
                self.function(ctx, &method)?.call((This(this.clone()), Rest(values)))
            }
        }
    }

    fn function<'a, 'js>(
        &self,
        ctx: &Ctx<'js>,
        value: &'a Value<'js>,
    ) -> Result<&'a holm_js::Function<'js>> {
        value.as_function().ok_or_else(|| self.missing(ctx))
    }

    fn missing(&self, ctx: &Ctx<'_>) -> Error {
        throw_type(ctx, &format!("a component calls {}(), which is no function", self.name))
    }

    /// A `result`: what the function returned, or by what it threw.
    fn outcome<'js>(
        &self,
        crossing: &mut Crossing<'_, 'js, '_>,
        called: Result<Value<'js>>,
        Outcome { ok, err }: &Outcome,
    ) -> Result<Val> {
        let (value, plan, place, is_ok) = match called {
            Ok(value) => (value, ok, Place::returned(&self.name), true),
            Err(error) => (payload_of(crossing.ctx, error)?, err, Place::thrown(&self.name), false),
        };
        let inside = match plan {
            Some(plan) => Some(Box::new(crossing.lower(&value, plan, &place)?)),
            None => None,
        };
        Ok(Val::Result(if is_ok { Ok(inside) } else { Err(inside) }))
    }
}
