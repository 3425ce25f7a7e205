//! Built-in modules that are all script, and the parts they are made of: the files of `js/` that need
//! nothing but what every one of them is given.

use std::cell::RefCell;
use std::collections::HashMap;

use holm_host::{Stream, host};
use holm_js::reflect::Kind;
use holm_js::{
    Attributes, Call, Ctx, Error, Object, Result, Root, Value, define_lazy, function, heap_bytes,
    heap_limit_bytes, slot,
};
use holm_web::console::inspect::{self, Options};

use crate::{builtins, embedded, own_natives, process, scripted, system_errors, ticks};

/// What was made so far, by name, and what all are given.
#[derive(Default)]
struct Parts {
    made: RefCell<HashMap<String, Root<Value<'static>>>>,
    natives: RefCell<Option<Root<Object<'static>>>>,
}

/// What the script of this name makes. Modules are parts too.
pub(crate) fn part<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Value<'js>> {
    let parts = slot::<Parts>(ctx);
    if let Some(made) = parts.made.borrow().get(name) {
        return made.get(ctx);
    }
    let made: Value<'js> = embedded::load(ctx, name)?.call((natives(ctx, &parts)?,))?;
    parts.made.borrow_mut().insert(name.to_owned(), Root::new(ctx, made.clone())?);
    Ok(made)
}

/// A member of what a part makes.
pub(crate) fn member<'js>(ctx: &Ctx<'js>, name: &str, member: &str) -> Result<Value<'js>> {
    part(ctx, name)?.into_object().ok_or(Error::Unknown)?.get(member)
}

fn natives<'js>(ctx: &Ctx<'js>, parts: &Parts) -> Result<Object<'js>> {
    if let Some(natives) = &*parts.natives.borrow() {
        return natives.get(ctx);
    }
    let natives = Object::new(ctx.clone())?;
    process::error_natives(ctx, &natives)?;
    builtins::natives(ctx, &natives)?;
    process::output_natives(ctx, &natives)?;
    natives.set("nextTick", function(ctx, "nextTick", 1, ticks::next_tick)?)?;
    // Not every part needs it.
    define_lazy(&natives, "Buffer", Attributes::ALL, |ctx| {
        builtins::member(ctx, "buffer", "Buffer")
    })?;
    // With its colours and all.
    natives.set("inspect", inspect::inspect_function(ctx)?)?;
    let define = |name: &str, len: u32, body: Native| -> Result<()> {
        natives.set(name, function(ctx, name, len, body)?)
    };
    define("part", 1, |call| part(call.ctx(), &call.get::<String>(0)?))?;
    define("kindOf", 1, kind_of)?;
    define("isCryptoKey", 1, |call| {
        let class: Value<'_> = call.ctx().globals().get("CryptoKey")?;
        let is_key = match (call.value(0).as_object(), class.as_constructor()) {
            (Some(object), Some(class)) => object.is_instance_of(class),
            _ => false,
        };
        call.returns(is_key)
    })?;
    define("variable", 1, |call| {
        let name: String = call.get(0)?;
        call.returns(process::environment_of(call.ctx()).with(|names| names.get(&name).cloned()))
    })?;
    define("describeErrno", 1, |call| {
        let name: String = call.get(0)?;
        let known = system_errors::KNOWN.iter().find(|known| known.name == name);
        call.returns(known.map(|known| known.words))
    })?;
    define("isTerminal", 1, is_terminal)?;
    define("standardStreams", 0, |call| scripted::part(call.ctx(), "stream/standard"))?;
    define("heap", 0, heap)?;
    // What only some parts need, and what would be much to make for all.
    define("natives", 1, |call| {
        Ok(own_natives::of(call.ctx(), &call.get::<String>(0)?)?.into_value())
    })?;
    define("format", 0, |call| {
        call.returns(inspect::format(call.ctx(), &call.rest(0), &Options::default())?)
    })?;
    define("formatWithOptions", 1, |call| {
        let options = match call.value(0).into_object() {
            Some(given) => Options::from_js(&given)?,
            None => Options::default(),
        };
        call.returns(inspect::format(call.ctx(), &call.rest(1), &options)?)
    })?;
    parts.natives.replace(Some(Root::new(ctx, natives.clone())?));
    Ok(natives)
}

type Native = for<'a, 'b> fn(&Call<'a, 'b>) -> Result<Value<'b>>;

/// The name of the class of what is inside of an object; nothing for what is none.
fn kind_of<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    match call.value(0).as_object() {
        Some(object) => call.returns(match Kind::of(object) {
            Kind::Proxy => "Proxy",
            Kind::Arguments => "Arguments",
            kind => kind.class_name(),
        }),
        None => call.undefined(),
    }
}

/// Whether a file descriptor of the standard ones is a terminal.
fn is_terminal<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let output = |stream| host(call.ctx()).output.terminal(stream).is_some();
    let is_terminal = match call.get::<f64>(0)? {
        0.0 => host(call.ctx()).process.input_terminal.is_some(),
        1.0 => output(Stream::Out),
        2.0 => output(Stream::Err),
        _ => false,
    };
    call.returns(is_terminal)
}

fn heap<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let figures = Object::new(ctx.clone())?;
    figures.set("used", heap_bytes(ctx) as f64)?;
    // Without a limit, as much as can be addressed.
    figures.set("limit", heap_limit_bytes(ctx).map_or(MOST_BYTES, |bytes| bytes as f64))?;
    call.returns(figures)
}

/// What a heap may hold on which there is no limit: an integer that a number can be.
const MOST_BYTES: f64 = 9_007_199_254_740_991.0;
