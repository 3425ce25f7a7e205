//! The built-in modules: their names, and how each is made on first use.

use std::cell::RefCell;
use std::collections::HashMap;

use holm_host::host;
use holm_js::webidl::convert;
use holm_js::{
    Attributes, Ctx, Error, ErrorKind, Object, Result, Root, Value, define_lazy, function,
    host_ref, slot, throw_coded,
};
use holm_web::events::EventTarget;

use crate::{
    buffer, child_process, crypto, embedded, fs, modules, os, process, scripted, urls, vm,
    worker_threads, zlib,
};

/// Node's names that need no `node:`. Those that are not made yet are names all the same: a
/// package asking for one gets an error that says so.
pub(crate) const NAMES: &[&str] = &[
    "assert",
    "assert/strict",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "dns/promises",
    "domain",
    "events",
    "fs",
    "fs/promises",
    "http",
    "http2",
    "https",
    "inspector",
    "inspector/promises",
    "module",
    "net",
    "os",
    "path",
    "path/posix",
    "path/win32",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "readline/promises",
    "repl",
    "stream",
    "stream/consumers",
    "stream/promises",
    "stream/web",
    "string_decoder",
    "sys",
    "timers",
    "timers/promises",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "util/types",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
];

/// Names that need `node:`.
pub(crate) const SCHEME_ONLY: &[&str] = &["sea", "sqlite", "test", "test/reporters"];

/// What `node:stream/web` has: globals, all of them.
const STREAM_WEB: &[&str] = &[
    "ReadableStream",
    "ReadableStreamDefaultReader",
    "ReadableStreamBYOBReader",
    "ReadableStreamBYOBRequest",
    "ReadableByteStreamController",
    "ReadableStreamDefaultController",
    "TransformStream",
    "TransformStreamDefaultController",
    "WritableStream",
    "WritableStreamDefaultController",
    "WritableStreamDefaultWriter",
    "ByteLengthQueuingStrategy",
    "CountQueuingStrategy",
    "TextEncoderStream",
    "TextDecoderStream",
    "CompressionStream",
    "DecompressionStream",
];

/// Modules made so far, by name.
#[derive(Default)]
struct Loaded(RefCell<HashMap<String, Root<Value<'static>>>>);

/// Whether `require` takes the name for a built-in module.
pub(crate) fn is_builtin(specifier: &str) -> bool {
    match specifier.strip_prefix("node:") {
        Some(name) => NAMES.contains(&name) || SCHEME_ONLY.contains(&name),
        None => NAMES.contains(&specifier),
    }
}

/// The module of that name (without `node:`), made on first use.
pub(crate) fn load<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Value<'js>> {
    let loaded = slot::<Loaded>(ctx);
    if let Some(found) = loaded.0.borrow().get(name) {
        return found.get(ctx);
    }
    let made = make(ctx, name)?;
    loaded.0.borrow_mut().insert(name.to_owned(), Root::new(ctx, made.clone())?);
    Ok(made)
}

fn make<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Value<'js>> {
    match name {
        "assert" => scripted::part(ctx, "assert/index"),
        "assert/strict" => member(ctx, "assert", "strict"),
        "buffer" => buffer::module(ctx),
        "child_process" => child_process::module(ctx),
        "console" | "punycode" => scripted::part(ctx, name),
        "constants" => constants(ctx),
        "crypto" => crypto::module(ctx),
        "dns" => scripted::part(ctx, name),
        "dns/promises" => scripted::member(ctx, "dns", "promises"),
        "async_hooks" | "diagnostics_channel" => scripted::part(ctx, name),
        "events" => events(ctx),
        "fs" => fs::module(ctx),
        "fs/promises" => member(ctx, "fs", "promises"),
        "http" => scripted::part(ctx, "http/index"),
        "http2" | "https" => scripted::part(ctx, name),
        "module" => modules::module_builtin(ctx),
        "net" => scripted::part(ctx, "net/index"),
        "os" => os::module(ctx),
        "path" => path(ctx),
        "path/posix" => member(ctx, "path", "posix"),
        "path/win32" => member(ctx, "path", "win32"),
        "process" => process::object(ctx).map(Object::into_value),
        "readline" => scripted::member(ctx, "stream/readline", "callbacks"),
        "readline/promises" => scripted::member(ctx, "stream/readline", "promises"),
        "perf_hooks" | "querystring" | "tty" | "v8" => scripted::part(ctx, name),
        "stream" => scripted::part(ctx, "stream/index"),
        "stream/consumers" => scripted::part(ctx, "stream/consumers"),
        "stream/promises" => scripted::part(ctx, "stream/promises"),
        "stream/web" => members(ctx, STREAM_WEB),
        "string_decoder" => buffer::string_decoder(ctx),
        "timers" => timers(ctx),
        "timers/promises" => scripted::part(ctx, "timers_promises"),
        "tls" => scripted::part(ctx, "tls/index"),
        "url" => urls::module(ctx),
        "util" | "sys" => scripted::part(ctx, "util/index"),
        "util/types" => scripted::part(ctx, "util/types"),
        "vm" => vm::module(ctx),
        "wasi" => scripted::part(ctx, "wasi/index"),
        "worker_threads" => worker_threads::module(ctx),
        "zlib" => zlib::module(ctx),
        _ if is_builtin(name) || SCHEME_ONLY.contains(&name) => {
            let text = format!("node:{name} is not part of Holm yet");
            Err(throw_coded(ctx, ErrorKind::Plain, "ERR_UNKNOWN_BUILTIN_MODULE", &text))
        }
        _ => {
            let text = format!("No such built-in module: node:{name}");
            Err(throw_coded(ctx, ErrorKind::Plain, "ERR_UNKNOWN_BUILTIN_MODULE", &text))
        }
    }
}

fn timers<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let names = [
        "setTimeout",
        "clearTimeout",
        "setInterval",
        "clearInterval",
        "setImmediate",
        "clearImmediate",
    ];
    let module = members(ctx, &names)?;
    let object = module.as_object().ok_or(Error::Unknown)?;
    define_lazy(object, "promises", Attributes::ALL, |ctx| load(ctx, "timers/promises"))?;
    Ok(module)
}

/// All constants in one object, as there were before modules had their own.
fn constants<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let all = Object::new(ctx.clone())?;
    let of_system = member(ctx, "os", "constants")?.into_object().ok_or(Error::Unknown)?;
    let mut groups = vec![member(ctx, "fs", "constants")?];
    for name in ["dlopen", "errno", "priority", "signals"] {
        groups.push(of_system.get(name)?);
    }
    for group in groups.into_iter().filter_map(Value::into_object) {
        for entry in group.props::<String, Value<'js>>() {
            let (name, value) = entry?;
            all.set(name, value)?;
        }
    }
    Ok(all.into_value())
}

fn events<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let given = Object::new(ctx.clone())?;
    process::error_natives(ctx, &given)?;
    natives(ctx, &given)?;
    let later = function(ctx, "later", 1, |call| {
        embedded::load(call.ctx(), "events_awaited")?.call((call.value(0),))
    })?;
    given.set("later", later)?;
    let listeners = function(ctx, "listenersOfTarget", 2, |call| {
        let target = call.value(0);
        match host_ref::<EventTarget>(&target) {
            Some(target) => {
                let kind = convert::string(call.ctx(), &call.value(1))?;
                call.returns(target.listeners(call.ctx(), &kind)?)
            }
            None => call.undefined(),
        }
    })?;
    given.set("listenersOfTarget", listeners)?;
    embedded::load(ctx, "events")?.call((given,))
}

/// A member of another module.
pub(crate) fn member<'js>(ctx: &Ctx<'js>, module: &str, name: &str) -> Result<Value<'js>> {
    load(ctx, module)?.into_object().ok_or(Error::Unknown)?.get(name)
}

/// What embedded scripts of modules need of the others: `builtin(name)`, and
/// `missing(module, member)`, which makes a member that says that it is not there.
pub(crate) fn natives<'js>(ctx: &Ctx<'js>, natives: &Object<'js>) -> Result<()> {
    let builtin = function(ctx, "builtin", 1, |call| load(call.ctx(), &call.get::<String>(0)?))?;
    natives.set("builtin", builtin)?;
    let missing = function(ctx, "missing", 2, |call| {
        let (module, name): (String, String) = (call.get(0)?, call.get(1)?);
        let refusal = function(call.ctx(), &name.clone(), 0, move |call| {
            let text = format!("{name} of node:{module} is not part of Holm yet");
            let code = "ERR_METHOD_NOT_IMPLEMENTED";
            Err(throw_coded(call.ctx(), ErrorKind::Plain, code, &text))
        })?;
        Ok(refusal.into_value())
    })?;
    natives.set("missing", missing)
}

fn path<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let given = Object::new(ctx.clone())?;
    process::error_natives(ctx, &given)?;
    natives(ctx, &given)?;
    let cwd = function(ctx, "cwd", 0, |call| {
        call.returns(host(call.ctx()).process.current_dir().display().to_string())
    })?;
    given.set("cwd", cwd)?;
    let variable = function(ctx, "variable", 1, |call| {
        let name: String = call.get(0)?;
        call.returns(process::environment_of(call.ctx()).with(|names| names.get(&name).cloned()))
    })?;
    given.set("variable", variable)?;
    given.set("isWindows", cfg!(windows))?;
    embedded::load(ctx, "path")?.call((given,))
}

/// A module whose members are globals.
fn members<'js>(ctx: &Ctx<'js>, names: &[&str]) -> Result<Value<'js>> {
    let module = Object::new(ctx.clone())?;
    for name in names {
        module.set(*name, ctx.globals().get::<_, Value<'js>>(*name)?)?;
    }
    Ok(module.into_value())
}
