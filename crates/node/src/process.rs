//! `node:process`: the native parts of `js/process.js`, and what the event loop calls.

use std::cell::RefCell;

use holm_host::{Access, Environment, Stream, host};
use holm_js::reflect::Kind;
use holm_js::{
    Array, Attributes, BigInt, Call, Ctx, ErrorKind, Function, Object, Result, Root, Value,
    coded_error, define_value, function, give_code, interrupt_error, slot, throw_coded, to_text,
    view_bytes,
};
use holm_web::console::inspect::{self, Options};
use holm_web::node_errors::{invalid_argument, out_of_range};

use crate::{builtins, embedded, input, modules, scripted, signals, system, ticks};

/// The version of Node whose interfaces are followed: packages look at it.
const NODE_VERSION: &str = "24.11.0";

/// `process` of a realm, once something touched it.
#[derive(Default)]
struct Process(RefCell<Option<Parts>>);

struct Parts {
    object: Root<Object<'static>>,
    hooks: Root<Object<'static>>,
}

/// The `process` object, made on first use.
pub fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let slot = slot::<Process>(ctx);
    if let Some(parts) = &*slot.0.borrow() {
        return parts.object.get(ctx);
    }
    let events = builtins::load(ctx, "events")?;
    let made: Object<'js> = embedded::load(ctx, "process")?.call((natives(ctx)?, events))?;
    let (object, hooks): (Object<'js>, Object<'js>) = (made.get("process")?, made.get("hooks")?);
    let parts = Parts { object: Root::new(ctx, object.clone())?, hooks: Root::new(ctx, hooks)? };
    slot.0.replace(Some(parts));
    Ok(object)
}

/// What the host calls of `process`, for other embedded scripts.
pub(crate) fn hooks<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    object(ctx)?;
    match &*slot::<Process>(ctx).0.borrow() {
        Some(parts) => parts.hooks.get(ctx),
        None => Ok(Value::new_undefined(ctx.clone())),
    }
}

/// Calls a hook of `process`; nothing if no script ever touched it.
fn hook<'js>(ctx: &Ctx<'js>, name: &str, arguments: &[Value<'js>]) -> Result<Option<Value<'js>>> {
    let slot = slot::<Process>(ctx);
    let hooks: Object<'js> = match &*slot.0.borrow() {
        Some(parts) => parts.hooks.get(ctx)?,
        None => return Ok(None),
    };
    let hook: Function<'js> = hooks.get(name)?;
    hook.call((holm_js::Rest(arguments.to_vec()),)).map(Some)
}

/// Offers an uncaught exception to the script; says whether it took it.
pub fn uncaught_exception<'js>(ctx: &Ctx<'js>, error: Value<'js>, origin: &str) -> Result<bool> {
    let origin = holm_js::JsString::from_str(ctx.clone(), origin)?.into_value();
    let taken = hook(ctx, "uncaughtException", &[error, origin])?;
    Ok(taken.and_then(|taken| taken.as_bool()).unwrap_or(false))
}

/// What a promise was rejected with, as the error that nobody caught: Node's, unless it is one.
pub fn rejection_error<'js>(ctx: &Ctx<'js>, reason: &Value<'js>) -> Result<Value<'js>> {
    let shown = match reason.as_object() {
        Some(object) if object.is_error() => return Ok(reason.clone()),
        // Without running script.
        Some(object) => format!("#<{}>", Kind::of(object).class_name()),
        None if reason.is_string() => to_text(ctx, reason)?,
        None => inspect::inspect(ctx, reason, &Options::default())?,
    };
    let text = format!(
        "This error originated either by throwing inside of an async function without a catch \
         block, or by rejecting a promise which was not handled with .catch(). The promise \
         rejected with the reason \"{shown}\"."
    );
    let error = coded_error(ctx, ErrorKind::Plain, "ERR_UNHANDLED_REJECTION", &text)?;
    define_value(&error, "name", "UnhandledPromiseRejection", Attributes::BUILT_IN)?;
    Ok(error.into_value())
}

/// Offers an unhandled rejection to the script; says whether it took it.
pub fn unhandled_rejection<'js>(
    ctx: &Ctx<'js>,
    reason: Value<'js>,
    promise: Value<'js>,
) -> Result<bool> {
    let taken = hook(ctx, "unhandledRejection", &[reason, promise])?;
    Ok(taken.and_then(|taken| taken.as_bool()).unwrap_or(false))
}

/// Tells the script of a rejection that was handled after all.
pub fn rejection_handled<'js>(ctx: &Ctx<'js>, promise: Value<'js>) -> Result<()> {
    hook(ctx, "rejectionHandled", &[promise]).map(drop)
}

/// `beforeExit`: the loop is empty, and listeners may fill it again.
pub fn before_exit(ctx: &Ctx<'_>) -> Result<()> {
    hook(ctx, "emitBeforeExit", &[]).map(drop)
}

/// `exit`, with this code unless the script set another; gives the code to end with.
pub fn exit(ctx: &Ctx<'_>, code: Option<i32>) -> Result<i32> {
    let given = match code {
        Some(code) => Value::new_int(ctx.clone(), code),
        None => Value::new_undefined(ctx.clone()),
    };
    let chosen = hook(ctx, "emitExit", &[given])?;
    // Script may have computed it: then it is a double.
    let chosen = chosen.and_then(|code| code.as_number()).map(|code| code as i32);
    Ok(chosen.or(code).unwrap_or(0))
}

/// The environment as this script sees and changes it.
#[derive(Default)]
struct SeenEnvironment(RefCell<Option<Environment>>);

/// What of the environment the script may see, and its own changes.
pub(crate) fn environment_of(ctx: &Ctx<'_>) -> Environment {
    let seen = slot::<SeenEnvironment>(ctx);
    let mut seen = seen.0.borrow_mut();
    let made = seen.get_or_insert_with(|| {
        let host = host(ctx);
        host.process.shared_env.clone().unwrap_or_else(|| {
            let allowed = |name: &str| host.permissions.check(Access::Env(name)).is_ok();
            let env = host.process.env.iter();
            env.filter(|(name, _)| allowed(name)).cloned().collect()
        })
    });
    made.clone()
}

/// The object that `js/process.js` gets its native parts from.
fn natives<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let natives = Object::new(ctx.clone())?;
    let define = |name: &str, length, body: Native| -> Result<()> {
        natives.set(name, function(ctx, name, length, body)?)
    };
    natives.set("facts", facts(ctx)?)?;
    natives.set("env", environment(ctx)?)?;
    natives.set("nextTick", function(ctx, "nextTick", 1, ticks::next_tick)?)?;
    error_natives(ctx, &natives)?;
    builtins::natives(ctx, &natives)?;
    define("exit", 1, exit_now)?;
    define("mainModule", 0, modules::main_module)?;
    define("hrtime", 0, |call| {
        let nanoseconds = host(call.ctx()).clock.elapsed().as_nanos();
        let nanoseconds = u64::try_from(nanoseconds).unwrap_or(u64::MAX);
        Ok(BigInt::from_u64(call.ctx().clone(), nanoseconds)?.into_value())
    })?;
    define("uptime", 0, |call| call.returns(host(call.ctx()).clock.elapsed().as_secs_f64()))?;
    define("cwd", 0, |call| {
        call.returns(host(call.ctx()).process.current_dir().display().to_string())
    })?;
    define("chdir", 1, change_dir)?;
    define("memoryUsage", 0, memory_usage)?;
    define("system", 0, |call| {
        let made = slot::<SystemMembers>(call.ctx());
        if let Some(members) = &*made.0.borrow() {
            return members.get(call.ctx());
        }
        let members = system::members(call.ctx())?;
        made.0.replace(Some(Root::new(call.ctx(), members.clone())?));
        Ok(members)
    })?;
    output_natives(ctx, &natives)?;
    define("listenSignal", 2, signals::listen)?;
    define("readInput", 1, input::read)?;
    define("keepInputAlive", 1, input::keep_alive)?;
    define("standardStreams", 0, |call| scripted::part(call.ctx(), "stream/standard"))?;
    Ok(natives)
}

type Native = for<'a, 'b> fn(&Call<'a, 'b>) -> Result<Value<'b>>;

/// What `js/process_system.js` made, once anybody asked for any of it.
#[derive(Default)]
struct SystemMembers(RefCell<Option<Root<Value<'static>>>>);

/// What writes to the standard streams, and knows them.
pub(crate) fn output_natives<'js>(ctx: &Ctx<'js>, natives: &Object<'js>) -> Result<()> {
    natives.set("write", function(ctx, "write", 2, write)?)?;
    natives.set("terminal", function(ctx, "terminal", 1, terminal)?)?;
    let has_colors = function(ctx, "hasColors", 1, |call| {
        let host = host(call.ctx());
        call.returns(stream(call)?.is_some_and(|stream| host.output.has_colors(stream)))
    })?;
    natives.set("hasColors", has_colors)
}

/// What every embedded script needs to complain as Node does.
pub(crate) fn error_natives<'js>(ctx: &Ctx<'js>, natives: &Object<'js>) -> Result<()> {
    let made =
        |name: &'static str, make: fn(&Call<'_, '_>) -> Result<holm_js::Error>| -> Result<()> {
            let body = function(ctx, name, 3, move |call| {
                // The error is made by throwing it: take it back, the script throws it itself.
                let error = make(call)?;
                Ok(holm_js::take_exception(call.ctx(), error))
            })?;
            natives.set(name, body)
        };
    made("invalidArgument", |call| {
        let (name, expected): (String, String) = (call.get(0)?, call.get(1)?);
        Ok(invalid_argument(call.ctx(), &name, &expected, &call.value(2)))
    })?;
    made("outOfRange", |call| {
        let (name, range): (String, String) = (call.get(0)?, call.get(1)?);
        Ok(out_of_range(call.ctx(), &name, &range, &call.value(2)))
    })?;
    let inspect = function(ctx, "inspect", 2, |call| {
        let options = match call.value(1).into_object() {
            Some(given) => Options::from_js(&given)?,
            None => Options::default(),
        };
        call.returns(inspect::inspect(call.ctx(), &call.value(0), &options)?)
    })?;
    natives.set("inspect", inspect)?;
    natives.set("coded", function(ctx, "coded", 3, coded)?)
}

/// `(Class, code, message)`: an error as Node makes them.
fn coded<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let class: Function<'js> = call.get(0)?;
    let class = class.as_constructor().ok_or(holm_js::Error::Unknown)?;
    let error: Object<'js> = class.construct((call.value(2),))?;
    give_code(call.ctx(), &error, &call.get::<String>(1)?)?;
    Ok(error.into_value())
}

fn facts<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let (host, facts) = (host(ctx), Object::new(ctx.clone())?);
    let info = &host.process;
    let list = |items: &[String]| -> Result<Array<'js>> {
        let array = Array::new(ctx.clone())?;
        for (index, item) in items.iter().enumerate() {
            array.set(index, item.as_str())?;
        }
        Ok(array)
    };
    facts.set("argv", list(&info.argv)?)?;
    facts.set("argv0", info.argv.first().map_or("holm", String::as_str))?;
    facts.set("execArgv", list(&info.exec_argv)?)?;
    facts.set("execPath", info.exec_path.as_str())?;
    facts.set("pid", info.id)?;
    facts.set("ppid", info.parent_id)?;
    facts.set("platform", platform())?;
    facts.set("arch", architecture())?;
    facts.set("version", format!("v{NODE_VERSION}"))?;
    let versions = Object::new(ctx.clone())?;
    versions.set("node", NODE_VERSION)?;
    versions.set("holm", env!("CARGO_PKG_VERSION"))?;
    versions.set("quickjs", holm_js::engine_version())?;
    facts.set("versions", versions)?;
    let release = Object::new(ctx.clone())?;
    release.set("name", "node")?;
    facts.set("release", release)?;
    Ok(facts)
}

/// Rust's name of the system, as Node calls it.
pub(crate) fn platform() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    }
}

pub(crate) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "x86" => "ia32",
        other => other,
    }
}

fn environment<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let env = Object::new(ctx.clone())?;
    let define = |name: &str, length, body: Native| -> Result<()> {
        env.set(name, function(ctx, name, length, body)?)
    };
    define("get", 1, |call| {
        let name: String = call.get(0)?;
        let found = environment_of(call.ctx()).with(|names| names.get(&name).cloned());
        if found.is_none() {
            note_refusal(call.ctx(), &name);
        }
        call.returns(found)
    })?;
    define("set", 2, |call| {
        let (name, value): (String, String) = (call.get(0)?, call.get(1)?);
        environment_of(call.ctx()).with(|names| names.insert(name, value));
        call.undefined()
    })?;
    define("delete", 1, |call| {
        let name: String = call.get(0)?;
        environment_of(call.ctx()).with(|names| names.remove(&name));
        call.undefined()
    })?;
    define("keys", 0, |call| {
        let keys: Vec<String> =
            environment_of(call.ctx()).with(|names| names.keys().cloned().collect());
        call.returns(keys)
    })?;
    Ok(env)
}

/// A name that exists but may not be read looks unset, so that ordinary packages run. The
/// host remembers it, to say so if the script then fails.
fn note_refusal(ctx: &Ctx<'_>, name: &str) {
    let host = host(ctx);
    if host.process.env.iter().any(|(known, _)| known == name)
        && let Err(denied) = host.permissions.check(Access::Env(name))
    {
        host.lifecycle.note_refusal(denied);
    }
}

/// `process.reallyExit`: nothing of the script runs after it.
fn exit_now<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    host(call.ctx()).lifecycle.exit(call.get(0)?);
    Err(interrupt_error(call.ctx(), "process.exit"))
}

fn change_dir<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, host) = (call.ctx(), host(call.ctx()));
    let wanted = host.process.current_dir().join(call.get::<String>(0)?);
    host.permissions.check(Access::Read(&wanted)).map_err(|denied| {
        throw_coded(ctx, ErrorKind::Plain, "ERR_ACCESS_DENIED", &denied.to_string())
    })?;
    match wanted.canonicalize() {
        Ok(found) if found.is_dir() => {
            host.process.set_current_dir(found);
            call.undefined()
        }
        _ => {
            let text = format!("ENOENT: no such directory, chdir -> '{}'", wanted.display());
            Err(throw_coded(ctx, ErrorKind::Plain, "ENOENT", &text))
        }
    }
}

fn memory_usage<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let heap = holm_js::heap_bytes(call.ctx()) as f64;
    let rss = host(call.ctx()).process.resident_bytes().map_or(heap, |bytes| bytes as f64);
    let usage = Object::new(call.ctx().clone())?;
    usage.set("rss", rss)?;
    usage.set("heapTotal", heap)?;
    usage.set("heapUsed", heap)?;
    usage.set("external", 0)?;
    usage.set("arrayBuffers", 0)?;
    Ok(usage.into_value())
}

/// The stream of a file descriptor.
fn stream(call: &Call<'_, '_>) -> Result<Option<Stream>> {
    Ok(match call.get::<i32>(0)? {
        1 => Some(Stream::Out),
        2 => Some(Stream::Err),
        _ => None,
    })
}

/// Writes text or bytes; gives an error object where that failed.
fn write<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, host) = (call.ctx(), host(call.ctx()));
    let Some(stream) = stream(call)? else {
        return call.undefined();
    };
    let chunk = call.value(1);
    let written = match bytes_of(&chunk)? {
        Some(bytes) => host.output.write(stream, &bytes),
        None => host.output.write(stream, to_text(ctx, &chunk)?.as_bytes()),
    };
    match written {
        Ok(()) => call.undefined(),
        Err(error) => {
            let code = if error.kind() == std::io::ErrorKind::BrokenPipe { "EPIPE" } else { "EIO" };
            let text = format!("{code}: {error}, write");
            Ok(holm_js::coded_error(ctx, ErrorKind::Plain, code, &text)?.into_value())
        }
    }
}

/// A copy of the bytes under a view.
fn bytes_of(value: &Value<'_>) -> Result<Option<Vec<u8>>> {
    let Some(view) = value.as_object() else {
        return Ok(None);
    };
    view_bytes(view).map(Some)
}

fn terminal<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let host = host(call.ctx());
    let terminal = match stream(call)? {
        Some(stream) => host.output.terminal(stream),
        None => host.process.input_terminal,
    };
    let Some(terminal) = terminal else {
        return call.undefined();
    };
    let object = Object::new(call.ctx().clone())?;
    object.set("columns", terminal.columns)?;
    object.set("rows", terminal.rows)?;
    object.set("colorDepth", terminal.color_depth_bits)?;
    Ok(object.into_value())
}
