//! The global scope of a web worker.
//!
//! <https://html.spec.whatwg.org/#dedicatedworkerglobalscope>
//!
//! There is no `process` and no `require`: glue code tells by them where it runs, and a worker
//! that looks like both is taken for the wrong one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use holm_host::host;
use holm_js::webidl::{Definition, Interface, Parent, interface_object, new_object, prototype};
use holm_js::{
    Attributes, Call, Ctx, Error, ErrorKind, HostObject, Object, Promise, Result, Root,
    ScriptOrigin, Value, define_accessor, define_lazy, define_value, evaluate_script, function,
    host_ref, slot, throw, throw_dom, to_text,
};
use url::Url;

use super::blob_url_text;
use super::location::WorkerLocation;
use super::navigator::{Navigator, USER_AGENT};
use super::running::{Teller, WorkerEvent, place_of, send_uncaught};
use crate::events::{ErrorEvent, EventTarget, dispatch_event};
use crate::messaging::{Arrival, Endpoint, Line, Listener, Posted, fire_arrival, posted};
use crate::structured_clone::serialize;

/// What a worker runs, on its way to it.
pub(super) struct Program {
    pub(super) url: String,
    /// The text, where the URL alone does not tell.
    pub(super) source: Option<String>,
    pub(super) kind: ScriptKind,
    pub(super) name: String,
    /// The worker's side of the implicit port.
    pub(super) inside: Endpoint,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScriptKind {
    Classic,
    Module,
}

/// What the scope's functions need.
#[derive(Default)]
struct Scope {
    target: RefCell<Option<Root<Object<'static>>>>,
    line: RefCell<Option<Line>>,
    kind: Cell<Option<ScriptKind>>,
    url: RefCell<String>,
}

/// Makes the scope and runs the script in it.
pub(super) fn begin<'js>(
    ctx: &Ctx<'js>,
    program: Program,
    teller: Teller,
) -> Result<Option<Promise<'js>>> {
    let Program { url, source, kind, name, inside } = program;
    let scope = slot::<Scope>(ctx);
    let line = Line::new(inside);
    scope.line.replace(Some(line.clone()));
    scope.kind.set(Some(kind));
    scope.url.replace(url.clone());
    let target = new_object(ctx, EventTarget::observed(listeners_changed))?;
    scope.target.replace(Some(Root::new(ctx, target)?));
    define_globals(ctx, &name, &url)?;
    host(ctx).uncaught.replace(Some(Rc::new(move |ctx, error, _| {
        if !fire_error(ctx, error)? {
            teller.tell(WorkerEvent::Uncaught(send_uncaught(ctx, error)));
        }
        Ok(true)
    })));
    let ran = run(ctx, &url, source, kind);
    // Messages that came meanwhile wait until the script has run.
    line.start(ctx, || {
        let listener: Listener = Rc::new(|ctx: &Ctx<'_>, arrival: Arrival<'_>| match arrival {
            Arrival::Closed => Ok(()),
            arrival => {
                with_target(ctx, |target, global| fire_arrival(ctx, target, global, arrival))
            }
        });
        Ok(listener)
    })?;
    ran
}

fn run<'js>(
    ctx: &Ctx<'js>,
    url: &str,
    source: Option<String>,
    kind: ScriptKind,
) -> Result<Option<Promise<'js>>> {
    let host = host(ctx);
    let scripts = host.scripts.as_ref().ok_or(Error::Unknown)?;
    if kind == ScriptKind::Module {
        return scripts.run_module(ctx, url, source).map(Some);
    }
    let text = match source {
        Some(text) => text,
        None => scripts.read_script(ctx, url)?,
    };
    evaluate_script(ctx, text, ScriptOrigin::new(url)).map(|_| None)
}

/// Runs `body` with the listeners of the scope, and the global object.
fn with_target<'js, R>(
    ctx: &Ctx<'js>,
    body: impl FnOnce(&EventTarget, &Value<'js>) -> Result<R>,
) -> Result<R> {
    let scope = slot::<Scope>(ctx);
    let target: Value<'js> = match &*scope.target.borrow() {
        Some(target) => target.get(ctx)?,
        None => return Err(Error::Unknown),
    };
    let inside = host_ref::<EventTarget>(&target).ok_or(Error::Unknown)?;
    body(inside, ctx.globals().as_value())
}

fn listeners_changed<'js>(ctx: &Ctx<'js>, _this: &Value<'js>, kind: &str) {
    if kind != "message" {
        return;
    }
    let counted = with_target(ctx, |target, _| Ok(target.count("message")));
    let scope = slot::<Scope>(ctx);
    if let (Ok(count), Some(line)) = (counted, &*scope.line.borrow()) {
        line.set_listened_to(ctx, count > 0);
    }
}

/// <https://html.spec.whatwg.org/#report-an-error>: whether a listener of the scope handled it.
fn fire_error<'js>(ctx: &Ctx<'js>, error: &Value<'js>) -> Result<bool> {
    let described = holm_js::Thrown::new(ctx, error);
    let place = place_of(&described);
    let event = new_object(ctx, ErrorEvent::trusted(ctx, described.heading, place, error))?;
    with_target(ctx, |target, global| target.dispatch(ctx, global, &event).map(|go_on| !go_on))
}

fn define_globals(ctx: &Ctx<'_>, name: &str, url: &str) -> Result<()> {
    let global = ctx.globals();
    define_value(&global, "self", global.clone(), Attributes::ALL)?;
    define_value(&global, "name", name, Attributes::ALL)?;
    for (interface, shape) in [("WorkerGlobalScope", false), ("DedicatedWorkerGlobalScope", true)] {
        define_lazy(&global, interface, Attributes::BUILT_IN, move |ctx| {
            let interface = match shape {
                true => interface_object::<DedicatedWorkerGlobalScope>(ctx)?,
                false => interface_object::<WorkerGlobalScope>(ctx)?,
            };
            Ok(interface.into_value())
        })?;
    }
    global.set_prototype(Some(&prototype::<DedicatedWorkerGlobalScope>(ctx)?))?;
    let url = Url::parse(url).map_err(|_| Error::Unknown)?;
    define_lazy(&global, "location", Attributes::ALL, move |ctx| {
        Ok(new_object(ctx, WorkerLocation(url.clone()))?.into_value())
    })?;
    define_lazy(&global, "navigator", Attributes::ALL, |ctx| {
        Ok(new_object(ctx, Navigator(USER_AGENT))?.into_value())
    })?;
    define_functions(ctx, &global)?;
    for (attribute, kind) in
        [("onmessage", "message"), ("onmessageerror", "messageerror"), ("onerror", "error")]
    {
        define_handler(ctx, &global, attribute, kind)?;
    }
    Ok(())
}

fn define_functions<'js>(ctx: &Ctx<'js>, global: &Object<'js>) -> Result<()> {
    type Body = for<'a, 'b> fn(&Call<'a, 'b>) -> Result<Value<'b>>;
    let define = |name: &str, length, body: Body| -> Result<()> {
        define_value(global, name, function(ctx, name, length, body)?, Attributes::ALL)
    };
    define("postMessage", 1, post_message)?;
    define("close", 0, |call| {
        // 1. Discard any tasks … 2. Set workerGlobal's closing flag to true.
        host(call.ctx()).lifecycle.exit(0);
        call.undefined()
    })?;
    define("importScripts", 0, import_scripts)?;
    define("addEventListener", 2, |call| {
        with_target(call.ctx(), |target, global| target.add(global, call))?;
        call.undefined()
    })?;
    define("removeEventListener", 2, |call| {
        with_target(call.ctx(), |target, global| target.remove(global, call))?;
        call.undefined()
    })?;
    define("dispatchEvent", 1, |call| {
        with_target(call.ctx(), |target, global| dispatch_event(target, global, call))
    })?;
    define("reportError", 1, |call| {
        host(call.ctx()).reported.add(call.ctx(), call.value(0));
        call.undefined()
    })
}

fn define_handler<'js>(
    ctx: &Ctx<'js>,
    global: &Object<'js>,
    attribute: &str,
    kind: &'static str,
) -> Result<()> {
    let read = function(ctx, &format!("get {attribute}"), 0, move |call| {
        with_target(call.ctx(), |target, _| target.handler(call.ctx(), kind))
    })?;
    let write = function(ctx, &format!("set {attribute}"), 1, move |call| {
        with_target(call.ctx(), |target, global| {
            target.set_handler(call.ctx(), global, kind, &call.value(0))
        })?;
        call.undefined()
    })?;
    let shape = Attributes::ENUMERABLE | Attributes::CONFIGURABLE;
    define_accessor(global, attribute, Some(&read), Some(&write), shape)
}

fn post_message<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    if call.is_empty() {
        let text = "postMessage: 1 argument required, but only 0 present";
        return Err(throw(ctx, ErrorKind::Type, text));
    }
    let Posted { value, transfer } = posted(call)?;
    let message = serialize(ctx, &value, &transfer)?;
    if let Some(line) = &*slot::<Scope>(ctx).line.borrow() {
        line.send(ctx, message)?;
    }
    call.undefined()
}

/// <https://html.spec.whatwg.org/#import-scripts-into-worker-global-scope>
fn import_scripts<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let scope = slot::<Scope>(ctx);
    // 1. If worker global scope's type is "module", throw a TypeError exception.
    if scope.kind.get() == Some(ScriptKind::Module) {
        let text = "importScripts: a module worker has import instead";
        return Err(throw(ctx, ErrorKind::Type, text));
    }
    let base = Url::parse(&scope.url.borrow()).ok();
    // 4. For each url of urls: 1. let urlRecord be the result of encoding-parsing a URL.
    let mut urls = Vec::with_capacity(call.len());
    for given in call.rest(0) {
        let given = to_text(ctx, &given)?;
        let url = Url::options().base_url(base.as_ref()).parse(&given).map_err(|_| {
            let text = format!("importScripts: '{given}' is not a valid URL");
            throw_dom(ctx, "SyntaxError", &text)
        })?;
        urls.push(url);
    }
    let host = host(ctx);
    let scripts = host.scripts.as_ref().ok_or(Error::Unknown)?;
    // 5. For each urlRecord: fetch a classic worker-imported script; run it.
    for url in urls {
        let text = match blob_url_text(ctx, url.as_str()) {
            Some(text) => text,
            None => scripts.read_script(ctx, url.as_str())?,
        };
        evaluate_script(ctx, text, ScriptOrigin::new(url.as_str()))?;
    }
    call.undefined()
}

/// <https://html.spec.whatwg.org/#workerglobalscope>: for `instanceof`. The members are the
/// global object's own.
struct WorkerGlobalScope;

impl HostObject for WorkerGlobalScope {}

impl Interface for WorkerGlobalScope {
    const NAME: &'static str = "WorkerGlobalScope";

    fn parent<'js>(ctx: &Ctx<'js>) -> Result<Option<Parent<'js>>> {
        Parent::of::<EventTarget>(ctx)
    }

    fn define(_members: &mut Definition<'_, '_, Self>) -> Result<()> {
        Ok(())
    }
}

struct DedicatedWorkerGlobalScope;

impl HostObject for DedicatedWorkerGlobalScope {}

impl Interface for DedicatedWorkerGlobalScope {
    const NAME: &'static str = "DedicatedWorkerGlobalScope";

    fn parent<'js>(ctx: &Ctx<'js>) -> Result<Option<Parent<'js>>> {
        Parent::of::<WorkerGlobalScope>(ctx)
    }

    fn define(_members: &mut Definition<'_, '_, Self>) -> Result<()> {
        Ok(())
    }
}
