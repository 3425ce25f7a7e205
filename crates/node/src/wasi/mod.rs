//! `node:wasi`, and modules that run by themselves: the native parts of `js/wasi/`.
//!
//! <https://nodejs.org/api/wasi.html>
//!
//! What a module imports is in `holm_wasi`. Here its functions become functions of script, and what
//! a script gives a module (arguments, folders, streams) becomes a program of its own.

mod command;
#[cfg(feature = "components")]
mod component;
mod given;
mod program;
mod tree;

use std::rc::Rc;

use holm_js::{
    Call, Ctx, Function, Graveyard, HostCallable, HostObject, Object, Result, Value, callable,
    function, native_function,
};
use holm_wasi::Snapshot;
use holm_webassembly::native;

pub use self::command::{CommandOptions, Preopen, run};
#[cfg(feature = "components")]
pub use self::component::run_component;
use self::program::{Import, Program};

/// What the scripts are given.
pub(crate) fn natives<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let natives = Object::new(ctx.clone())?;
    natives.set("open", function(ctx, "open", 1, open)?)?;
    let is_memory = function(ctx, "isMemory", 1, |call| {
        call.returns(native::memory_of(&call.value(0)).is_some())
    })?;
    natives.set("isMemory", is_memory)?;
    natives.set("memoryOf", function(ctx, "memoryOf", 1, memory_of_module)?)?;
    natives.set("signatureOf", function(ctx, "signatureOf", 2, signature_of)?)?;
    tree::add_natives(ctx, &natives)?;
    Ok(natives)
}

/// `(module, name)`: the types of an exported function.
fn signature_of<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let name: String = call.get(1)?;
    let module = native::Module::of(&call.value(0));
    let Some(signature) = module.and_then(|module| module.signature(&name)) else {
        return call.undefined();
    };
    let types = Object::new(call.ctx().clone())?;
    types.set("parameters", signature.parameters)?;
    types.set("results", signature.results)?;
    call.returns(types)
}

/// `(module)`: `{ initial, maximum, shared }` of the memory that it imports, if it does.
fn memory_of_module<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let module = native::Module::of(&call.value(0));
    let Some(ty) = module.and_then(|module| module.imported_memory()) else {
        return call.undefined();
    };
    let descriptor = Object::new(call.ctx().clone())?;
    descriptor.set("initial", ty.minimum() as f64)?;
    if let Some(maximum) = ty.maximum() {
        descriptor.set("maximum", maximum as f64)?;
    }
    descriptor.set("shared", ty.is_shared())?;
    call.returns(descriptor)
}

/// `(settings)`: the functions that modules import, and what scripts do beside them.
fn open<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let settings: Object<'js> = call.get(0)?;
    let program = Rc::new(given::open(ctx, &settings)?);
    let (made, imports) = (Object::new(ctx.clone())?, Object::new(ctx.clone())?);
    let is_old = settings.get::<_, String>("binding")? == Snapshot::Zero.module_name();
    let snapshot = if is_old { Snapshot::Zero } else { Snapshot::One };
    for each in snapshot.functions() {
        let inside = Import::new(program.clone(), each);
        let length = each.parameters.len() as u32;
        imports.set(each.name, native_function(ctx, each.name, length, inside)?)?;
    }
    made.set("imports", imports)?;
    for (name, length, body) in MEMBERS {
        made.set(*name, member(ctx, name, *length, &program, *body)?)?;
    }
    Ok(made.into_value())
}

type Body = for<'a, 'b> fn(&Program, &Call<'a, 'b>) -> Result<Value<'b>>;

const MEMBERS: &[(&str, u32, Body)] = &[
    ("setMemory", 1, |program, call| {
        program.set_memory(native::memory_of(&call.value(0)));
        call.undefined()
    }),
    ("writeBytes", 2, |program, call| call.returns(program.write_bytes(call)?)),
    ("setTime", 2, |program, call| {
        program.set_time(call)?;
        call.undefined()
    }),
    ("feed", 1, |program, call| {
        program.feed(&call.value(0))?;
        call.undefined()
    }),
    ("take", 1, |program, call| program.take(call)),
    ("share", 0, |program, call| call.returns(program.share(call.ctx())?)),
    ("end", 0, |program, call| {
        program.end(call.ctx());
        call.undefined()
    }),
    ("waitMs", 0, |program, call| call.returns(program.wait_ms())),
];

/// A function that has a program.
struct Member {
    program: Rc<Program>,
    body: Body,
}

impl HostObject for Member {
    fn finalize(self, graveyard: &Graveyard) {
        graveyard.push(self.program);
    }
}

impl HostCallable for Member {
    fn call<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        (self.body)(&self.program, call)
    }
}

fn member<'js>(
    ctx: &Ctx<'js>,
    name: &str,
    length: u32,
    program: &Rc<Program>,
    body: Body,
) -> Result<Function<'js>> {
    callable(ctx, name, length, Member { program: program.clone(), body })
}
