//! `node:stream`: loads the parts in `js/stream/`, each when it is first asked for.
//!
//! <https://nodejs.org/api/stream.html>

use std::cell::RefCell;
use std::collections::HashMap;

use holm_js::{Ctx, Error, Function, Object, Result, Root, Value, function, run_bytecode, slot};

use crate::{builtins, process, ticks};

/// What parts have made so far, by name, and what all of them are given.
#[derive(Default)]
struct Parts {
    made: RefCell<HashMap<String, Root<Value<'static>>>>,
    natives: RefCell<Option<Root<Object<'static>>>>,
}

/// The parts, which are scripts like the others of `js/`.
macro_rules! parts {
    ($($name:literal),* $(,)?) => {
        fn bytecode(name: &str) -> Option<&'static [u8]> {
            match name {
                $($name => Some(include_bytes!(
                    concat!(env!("OUT_DIR"), "/stream/", $name, ".bytecode")
                )),)*
                _ => None,
            }
        }
    };
}

parts!(
    "abort",
    "chunks",
    "consumers",
    "destroy",
    "duplex",
    "errors",
    "files",
    "finished",
    "index",
    "iteration",
    "join",
    "legacy",
    "operators",
    "options",
    "pipeline",
    "piping",
    "promises",
    "questions",
    "readable",
    "standard",
    "transform",
    "writable",
);

/// What a part makes: modules are parts too.
pub(crate) fn part<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Value<'js>> {
    let parts = slot::<Parts>(ctx);
    if let Some(made) = parts.made.borrow().get(name) {
        return made.get(ctx);
    }
    let script: Function<'js> = run_bytecode(ctx, bytecode(name).ok_or(Error::Unknown)?)?
        .into_function()
        .ok_or(Error::Unknown)?;
    let made: Value<'js> = script.call((natives(ctx, &parts)?,))?;
    parts.made.borrow_mut().insert(name.to_owned(), Root::new(ctx, made.clone())?);
    Ok(made)
}

fn natives<'js>(ctx: &Ctx<'js>, parts: &Parts) -> Result<Object<'js>> {
    if let Some(natives) = &*parts.natives.borrow() {
        return natives.get(ctx);
    }
    let natives = Object::new(ctx.clone())?;
    process::error_natives(ctx, &natives)?;
    builtins::natives(ctx, &natives)?;
    natives.set("nextTick", function(ctx, "nextTick", 1, ticks::next_tick)?)?;
    natives
        .set("part", function(ctx, "part", 1, |call| part(call.ctx(), &call.get::<String>(0)?))?)?;
    natives.set("Buffer", builtins::member(ctx, "buffer", "Buffer")?)?;
    parts.natives.replace(Some(Root::new(ctx, natives.clone())?));
    Ok(natives)
}
