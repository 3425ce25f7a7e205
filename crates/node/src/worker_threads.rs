//! `node:worker_threads`: the native parts of `js/worker_threads.js`.
//!
//! <https://nodejs.org/api/worker_threads.html>

use std::cell::RefCell;
use std::rc::Rc;

use holm_host::{
    Environment, ProcessInfo, UncaughtOrigin, WorkerEnd, WorkerKind, WorkerLimits, host,
};
use holm_js::webidl::convert;
use holm_js::{
    Array, Attributes, Call, Ctx, Error, ErrorKind, Filter, Function, OUT_OF_MEMORY, Object,
    Promise, Result, Root, Thrown, TypedArray, Value, define_value, error, function, host_ref,
    is_out_of_memory, slot, take_exception, throw_coded,
};
use holm_web::messaging::{Endpoint, MessagePort};
use holm_web::node_errors::invalid_argument;
use holm_web::structured_clone::{Mark, Message, is_marked, mark, serialize, transfer_list};
use holm_web::workers::{
    RunningWorker, StartError, Teller, UncaughtInWorker, WorkerEvent, WorkerSpec, send_uncaught,
    thread_id,
};

use crate::modules::{Start, begin_program, checked_file};
use crate::{builtins, embedded, process};

/// What a worker was given by whoever made it.
#[derive(Default)]
struct Given(RefCell<Option<Parts>>);

struct Parts {
    /// `{ workerData, … }`
    startup: Root<Object<'static>>,
    port: Root<Object<'static>>,
}

/// The module.
pub(crate) fn module<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    let natives = Object::new(ctx.clone())?;
    process::error_natives(ctx, &natives)?;
    builtins::natives(ctx, &natives)?;
    natives.set("threadId", thread_id(ctx))?;
    if let Some(parts) = &*slot::<Given>(ctx).0.borrow() {
        natives.set("startup", parts.startup.get::<Value<'js>>(ctx)?)?;
        natives.set("parentPort", parts.port.get::<Value<'js>>(ctx)?)?;
    }
    let define = |name: &str, length, body: Native| -> Result<()> {
        natives.set(name, function(ctx, name, length, body)?)
    };
    define("start", 1, start)?;
    define("receiveMessageOnPort", 1, receive_message_on_port)?;
    define("markAsUntransferable", 1, |call| {
        if let Some(object) = call.value(0).as_object() {
            mark(call.ctx(), object, Mark::Untransferable)?;
        }
        call.undefined()
    })?;
    define("markAsUncloneable", 1, |call| {
        if let Some(object) = call.value(0).as_object() {
            mark(call.ctx(), object, Mark::Uncloneable)?;
        }
        call.undefined()
    })?;
    define("isMarkedAsUntransferable", 1, |call| {
        let is_marked = match call.value(0).as_object() {
            Some(object) => is_marked(call.ctx(), object, Mark::Untransferable)?,
            None => false,
        };
        call.returns(is_marked)
    })?;
    natives.set("interfaces", interfaces(ctx)?)?;
    natives.set("EventEmitter", builtins::load(ctx, "events")?)?;
    natives.set("hooks", process::hooks(ctx)?)?;
    embedded::load(ctx, "worker_threads")?.call((natives,))
}

type Native = for<'a, 'b> fn(&Call<'a, 'b>) -> Result<Value<'b>>;

/// The web's interfaces, whatever script did to the globals.
fn interfaces<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let interfaces = Object::new(ctx.clone())?;
    for (name, interface) in holm_web::messaging::interfaces(ctx)? {
        interfaces.set(name, interface)?;
    }
    Ok(interfaces)
}

/// `receiveMessageOnPort(port)`: `{ message }`, or nothing.
fn receive_message_on_port<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, port) = (call.ctx(), call.value(0));
    let Some(port) = host_ref::<MessagePort>(&port) else {
        let expected = "a MessagePort instance";
        return Err(invalid_argument(ctx, "port", expected, &call.value(0)));
    };
    let Some(received) = port.line().receive_now(ctx)? else { return call.undefined() };
    let result = Object::new(ctx.clone())?;
    result.set("message", received.value)?;
    Ok(result.into_value())
}

/// What `new Worker` came to after its arguments were looked at.
struct Order {
    start: Start,
    name: String,
    limits: WorkerLimits,
    process: ProcessInfo,
    startup: Message,
    inside: Endpoint,
}

/// Starts a thread; gives `{ threadId, port, terminate, ref, unref }`.
fn start<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let given: Object<'js> = call.get(0)?;
    let (outside, inside) = Endpoint::pair();
    let order = order(ctx, &given, inside)?;
    let on_event: Root<Function<'static>> = Root::new(ctx, given.get::<_, Value<'js>>("onEvent")?)?;
    let spec = WorkerSpec {
        kind: WorkerKind::Node,
        name: order.name.clone(),
        limits: order.limits,
        process: order.process.clone(),
        begin: {
            let (start, startup, inside) = (order.start, order.startup, order.inside);
            Box::new(move |ctx, teller| begin(ctx, start, startup, inside, teller))
        },
    };
    let listener = Rc::new(move |ctx: &Ctx<'_>, event: WorkerEvent| {
        tell(ctx, &on_event.get::<Function<'_>>(ctx)?, event)
    });
    // Before the thread runs: what it posts comes before its end.
    let port = MessagePort::object(ctx, outside)?;
    given.get::<_, Function<'js>>("onPort")?.call::<_, ()>((port.clone(),))?;
    let worker = RunningWorker::start(ctx, spec, listener).map_err(|error| {
        let code = match error {
            StartError::TooMany => "ERR_WORKER_OUT_OF_THREADS",
            _ => "ERR_WORKER_INIT_FAILED",
        };
        throw_coded(ctx, ErrorKind::Plain, code, &format!("new Worker: {error}"))
    })?;
    handle(ctx, &worker, port)
}

fn handle<'js>(ctx: &Ctx<'js>, worker: &RunningWorker, port: Object<'js>) -> Result<Value<'js>> {
    let handle = Object::new(ctx.clone())?;
    handle.set("threadId", worker.id())?;
    handle.set("port", port)?;
    let stopped = worker.clone();
    let terminate = function(ctx, "terminate", 0, move |call| {
        stopped.stop();
        call.undefined()
    })?;
    handle.set("terminate", terminate)?;
    for (name, is_referenced) in [("ref", true), ("unref", false)] {
        let worker = worker.clone();
        let body = function(ctx, name, 0, move |call| {
            worker.set_referenced(call.ctx(), is_referenced);
            call.undefined()
        })?;
        handle.set(name, body)?;
    }
    Ok(handle.into_value())
}

fn order<'js>(ctx: &Ctx<'js>, given: &Object<'js>, inside: Endpoint) -> Result<Order> {
    let host = host(ctx);
    let text = |name: &str| -> Result<Option<String>> {
        let value: Value<'js> = given.get(name)?;
        if value.is_undefined() { Ok(None) } else { convert::string(ctx, &value).map(Some) }
    };
    let (start, shown) = match text("source")? {
        Some(source) => {
            let folder = host.process.current_dir();
            (Start::Code { source, folder }, "[worker eval]".to_owned())
        }
        None => {
            let file = text("file")?.unwrap_or_default();
            let start = checked_file(ctx, &file)?;
            let shown = match &start {
                Start::File(path) => path.display().to_string(),
                _ => file,
            };
            (start, shown)
        }
    };
    let mut process = ProcessInfo {
        has_stdin: false,
        handles_signals: false,
        input_terminal: None,
        shared_env: Some(environment(ctx, given)?),
        ..host.process.clone()
    };
    process.argv.truncate(1);
    process.argv.push(shown);
    process.argv.extend(given.get::<_, Vec<String>>("argv")?);
    let transfer = transfer_list(ctx, &given.get("transfer")?, "transferList")?;
    let startup = serialize(ctx, &given.get("startup")?, &transfer)?;
    let bytes = |name: &str| -> Result<Option<usize>> {
        let value: Option<f64> = given.get(name)?;
        Ok(value.map(|value| value as usize))
    };
    let limits =
        WorkerLimits { memory_bytes: bytes("memoryBytes")?, stack_bytes: bytes("stackBytes")? };
    let name = text("name")?.unwrap_or_else(|| "worker".to_owned());
    Ok(Order { start, name, limits, process, startup, inside })
}

/// `env`: an object with the variables, or `undefined` for a copy of these here, or `true` for
/// these here themselves.
fn environment<'js>(ctx: &Ctx<'js>, given: &Object<'js>) -> Result<Environment> {
    let env: Value<'js> = given.get("env")?;
    if env.as_bool() == Some(true) {
        return Ok(process::environment_of(ctx));
    }
    let Some(variables) = env.as_object() else {
        return Ok(process::environment_of(ctx).copy());
    };
    let mut list = Vec::new();
    for name in variables.keys::<String>() {
        let name = name?;
        let value = convert::string(ctx, &variables.get::<_, Value<'js>>(name.as_str())?)?;
        list.push((name, value));
    }
    Ok(list.into_iter().collect())
}

/// What [`send_with_properties`] sent.
fn with_properties<'js>(sent: Value<'js>) -> Result<Value<'js>> {
    let list = sent.into_array().ok_or(Error::Unknown)?;
    let value: Value<'js> = list.get(0)?;
    let properties: Value<'js> = list.get(1)?;
    if let (Some(error), Some(properties)) = (value.as_object(), properties.as_object()) {
        for property in properties.props::<String, Value<'js>>() {
            let (name, value) = property?;
            let attributes = if name == "name" { Attributes::BUILT_IN } else { Attributes::ALL };
            define_value(error, &name, value, attributes)?;
        }
    }
    Ok(value)
}

/// The beginning of a worker, on its thread.
fn begin<'js>(
    ctx: &Ctx<'js>,
    start: Start,
    startup: Message,
    inside: Endpoint,
    teller: Teller,
) -> Result<Option<Promise<'js>>> {
    let uncaught = teller.clone();
    host(ctx).uncaught.replace(Some(Rc::new(move |ctx, error, origin| {
        // A full heap is told as the end of the worker.
        if !is_out_of_memory(ctx, error) && Thrown::new(ctx, error).heading != OUT_OF_MEMORY {
            let error = match origin {
                UncaughtOrigin::Exception => error.clone(),
                UncaughtOrigin::Rejection => process::rejection_error(ctx, error)?,
            };
            uncaught.tell(WorkerEvent::Uncaught(send_with_properties(ctx, &error)?));
        }
        Ok(false)
    })));
    let startup = startup.deserialize(ctx)?.value;
    let port = MessagePort::object(ctx, inside)?;
    let parts = Parts { startup: Root::new(ctx, startup)?, port: Root::new(ctx, port)? };
    slot::<Given>(ctx).0.replace(Some(parts));
    builtins::load(ctx, "worker_threads")?;
    teller.tell(WorkerEvent::Online);
    begin_program(ctx, start)
}

/// Calls `onEvent(kind, …)`.
fn tell<'js>(ctx: &Ctx<'js>, on_event: &Function<'js>, event: WorkerEvent) -> Result<()> {
    match event {
        WorkerEvent::Online => on_event.call(("online",)),
        WorkerEvent::Output(stream, bytes) => {
            let number = if stream == holm_host::Stream::Out { 1 } else { 2 };
            on_event.call(("output", number, TypedArray::<u8>::new(ctx.clone(), bytes)?))
        }
        WorkerEvent::Uncaught(uncaught) => on_event.call(("error", value_of(ctx, uncaught)?)),
        WorkerEvent::Ended(end) => {
            let (code, kind, text) = match end {
                WorkerEnd::Exited(code) => (code, "exited", String::new()),
                WorkerEnd::Stopped => (1, "stopped", String::new()),
                WorkerEnd::NotMade(text) => (1, "not made", text),
                WorkerEnd::Failed { code, is_out_of_memory: true, text } => (code, "memory", text),
                WorkerEnd::Failed { code, text, .. } => (code, "failed", text),
            };
            on_event.call(("exit", code, kind, text))
        }
    }
}

/// An error that ended a worker, to be sent: in a list, with its own properties, which a clone would
/// not have. In Node `code` and the like arrive too.
fn send_with_properties<'js>(ctx: &Ctx<'js>, error: &Value<'js>) -> Result<UncaughtInWorker> {
    let sent = send_uncaught(ctx, error);
    let list = Array::new(ctx.clone())?;
    list.set(0, error.clone())?;
    let alone = sendable(ctx, list.as_value());
    let value = match error.as_object().filter(|object| object.is_error()) {
        Some(error) => {
            list.set(1, own_properties(ctx, error)?)?;
            sendable(ctx, list.as_value()).or(alone)
        }
        None => alone,
    };
    Ok(UncaughtInWorker { value, ..sent })
}

fn own_properties<'js>(ctx: &Ctx<'js>, error: &Object<'js>) -> Result<Object<'js>> {
    let properties = Object::new(ctx.clone())?;
    for key in error.own_keys::<String>(Filter::new().string()) {
        let key = key?;
        let value: Value<'js> = error.get(key.as_str())?;
        if key != "stack" && key != "message" && !value.is_function() && !value.is_symbol() {
            properties.set(key, value)?;
        }
    }
    Ok(properties)
}

fn sendable<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Option<Message> {
    let sent = serialize(ctx, value, &[]);
    sent.map_err(|refused| drop(take_exception(ctx, refused))).ok()
}

/// An error of a worker as a value here.
fn value_of<'js>(ctx: &Ctx<'js>, uncaught: UncaughtInWorker) -> Result<Value<'js>> {
    match uncaught.value.map(|value| value.deserialize(ctx)) {
        Some(Ok(received)) => return with_properties(received.value),
        Some(Err(error)) => drop(take_exception(ctx, error)),
        None => {}
    }
    Ok(error(ctx, ErrorKind::Plain, &uncaught.text).map_err(|_| Error::Unknown)?.into_value())
}
