//! `Worker`, <https://html.spec.whatwg.org/#dedicated-workers-and-the-worker-interface>.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::rc::Rc;

use holm_host::{ProcessInfo, WorkerEnd, WorkerKind, WorkerLimits, host};
use holm_js::webidl::{Definition, Interface, Parent, construct, convert, new_object};
use holm_js::{
    Call, Ctx, Error, ErrorKind, Graveyard, HostObject, Object, Result, Root, Tracer, Value, error,
    host_ref, take_exception, throw, throw_dom,
};
use url::Url;

use super::blob_url_text;
use super::running::{RunningWorker, UncaughtInWorker, WorkerEvent, WorkerSpec};
use super::scope::{self, Program, ScriptKind};
use crate::events::{ErrorEvent, EventTarget, event_handlers};
use crate::messaging::{Arrival, Endpoint, Line, Listener, Posted, fire_arrival, posted};
use crate::structured_clone::serialize;

pub(super) struct Worker {
    target: EventTarget,
    /// This side of the implicit port.
    line: Line,
    thread: RunningWorker,
}

impl Worker {
    /// <https://html.spec.whatwg.org/#dom-worker>
    fn construct<'js>(call: &Call<'_, 'js>) -> Result<Object<'js>> {
        let ctx = call.ctx();
        let url = script_url(ctx, &convert::string(ctx, &call.value(0))?)?;
        let options = Options::new(ctx, &call.value(1))?;
        // The blob may be revoked at once: what it holds is taken now.
        let source = match url.scheme() {
            "blob" => Some(blob_text(ctx, &url)?),
            _ => None,
        };
        let (outside, inside) = Endpoint::pair();
        let program = Program {
            url: url.to_string(),
            source,
            kind: options.kind,
            name: options.name.clone(),
            inside,
        };
        let spec = WorkerSpec {
            kind: WorkerKind::Web,
            name: if options.name.is_empty() { "worker".to_owned() } else { options.name },
            limits: WorkerLimits::default(),
            process: process_info(ctx),
            begin: Box::new(move |ctx, teller| scope::begin(ctx, program, teller)),
        };
        let line = Line::new(outside);
        let object = Rc::new(ObjectOf::default());
        let on_event = {
            let object = object.clone();
            Rc::new(move |ctx: &Ctx<'_>, event: WorkerEvent| match object.get(ctx)? {
                Some(worker) => on_event(ctx, &worker, event),
                None => Ok(()),
            })
        };
        // Before the thread runs: what it posts comes before its end.
        let receiver = object.clone();
        line.start(ctx, || {
            let listener: Listener = Rc::new(move |ctx: &Ctx<'_>, arrival: Arrival<'_>| {
                match (receiver.get(ctx)?, arrival) {
                    (_, Arrival::Closed) | (None, _) => Ok(()),
                    (Some(worker), arrival) => deliver(ctx, &worker, arrival),
                }
            });
            Ok(listener)
        })?;
        let thread = RunningWorker::start(ctx, spec, on_event)
            .map_err(|error| throw(ctx, ErrorKind::Range, &format!("Worker: {error}")))?;
        let target = EventTarget::default();
        let made = construct(call, Self { target, line, thread })?;
        object.set(ctx, &made)?;
        Ok(made)
    }
}

/// The object of a worker, kept alive until the worker ends.
#[derive(Default)]
struct ObjectOf(RefCell<Option<Root<Object<'static>>>>);

impl ObjectOf {
    fn set<'js>(&self, ctx: &Ctx<'js>, object: &Object<'js>) -> Result<()> {
        self.0.replace(Some(Root::new(ctx, object.clone())?));
        Ok(())
    }

    fn get<'js>(&self, ctx: &Ctx<'js>) -> Result<Option<Value<'js>>> {
        self.0.borrow().as_ref().map(|root| root.get(ctx)).transpose()
    }
}

fn deliver<'js>(ctx: &Ctx<'js>, object: &Value<'js>, arrival: Arrival<'js>) -> Result<()> {
    let worker = host_ref::<Worker>(object).ok_or(Error::Unknown)?;
    fire_arrival(ctx, &worker.target, object, arrival)
}

fn on_event<'js>(ctx: &Ctx<'js>, object: &Value<'js>, event: WorkerEvent) -> Result<()> {
    let worker = host_ref::<Worker>(object).ok_or(Error::Unknown)?;
    match event {
        WorkerEvent::Online => Ok(()),
        WorkerEvent::Output(stream, bytes) => {
            // A closed stream is nothing that the worker could be told of.
            drop(host(ctx).output.write(stream, &bytes));
            Ok(())
        }
        WorkerEvent::Uncaught(uncaught) => report(ctx, worker, object, uncaught),
        WorkerEvent::Ended(end) => {
            worker.line.close(ctx);
            let text = match end {
                WorkerEnd::Exited(_) | WorkerEnd::Stopped => return Ok(()),
                WorkerEnd::Failed { text, .. } | WorkerEnd::NotMade(text) => text,
            };
            let place = Default::default();
            report(ctx, worker, object, UncaughtInWorker { value: None, text, place })
        }
    }
}

/// <https://html.spec.whatwg.org/#runtime-script-errors-2>: what the worker did not handle is
/// told at its object, and is an error here if nobody listens there.
fn report<'js>(
    ctx: &Ctx<'js>,
    worker: &Worker,
    object: &Value<'js>,
    uncaught: UncaughtInWorker,
) -> Result<()> {
    let UncaughtInWorker { value, text, place } = uncaught;
    if worker.target.count("error") > 0 {
        let null = Value::new_null(ctx.clone());
        let event = new_object(ctx, ErrorEvent::trusted(ctx, text, place, &null))?;
        return worker.target.dispatch(ctx, object, &event).map(drop);
    }
    let value = value.map(|message| message.deserialize(ctx)).transpose();
    let value = match value {
        Ok(Some(received)) => received.value,
        Ok(None) => error(ctx, ErrorKind::Plain, &text)?.into_value(),
        Err(error) => take_exception(ctx, error),
    };
    host(ctx).reported.add(ctx, value);
    Ok(())
}

struct Options {
    kind: ScriptKind,
    name: String,
}

impl Options {
    fn new<'js>(ctx: &Ctx<'js>, given: &Value<'js>) -> Result<Self> {
        let mut options = Self { kind: ScriptKind::Classic, name: String::new() };
        if given.is_undefined() || given.is_null() {
            return Ok(options);
        }
        let Some(given) = given.as_object() else {
            return Err(throw(ctx, ErrorKind::Type, "Worker: the options are not an object"));
        };
        let name: Value<'js> = given.get("name")?;
        if !name.is_undefined() {
            options.name = convert::string(ctx, &name)?;
        }
        let kind: Value<'js> = given.get("type")?;
        if !kind.is_undefined() {
            options.kind = match convert::string(ctx, &kind)?.as_str() {
                "classic" => ScriptKind::Classic,
                "module" => ScriptKind::Module,
                other => {
                    let text =
                        format!("Worker: the type '{other}' is neither 'classic' nor 'module'");
                    return Err(throw(ctx, ErrorKind::Type, &text));
                }
            };
        }
        Ok(options)
    }
}

/// The script's URL. There is no document it could be relative to: as in Node, relative ones
/// start from the current folder.
fn script_url(ctx: &Ctx<'_>, given: &str) -> Result<Url> {
    let folder = host(ctx).process.current_dir();
    let base = Url::from_directory_path(&folder).ok();
    Url::options().base_url(base.as_ref()).parse(given).map_err(|_| {
        let text = format!("Worker: '{given}' is not a valid URL");
        throw_dom(ctx, "SyntaxError", &text)
    })
}

fn blob_text(ctx: &Ctx<'_>, url: &Url) -> Result<String> {
    blob_url_text(ctx, url.as_str()).ok_or_else(|| {
        let text = format!("Worker: {url} is no URL of a blob, or was revoked");
        throw_dom(ctx, "NetworkError", &text)
    })
}

/// What the modules of a worker need to know of the process.
fn process_info(ctx: &Ctx<'_>) -> ProcessInfo {
    ProcessInfo { has_stdin: false, handles_signals: false, ..host(ctx).process.clone() }
}

impl HostObject for Worker {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.target.trace(tracer);
    }

    fn base(&self, wanted: TypeId) -> Option<&dyn Any> {
        (wanted == TypeId::of::<EventTarget>()).then_some(&self.target)
    }

    fn finalize(self, graveyard: &Graveyard) {
        graveyard.push((self.line, self.thread));
    }
}

impl Interface for Worker {
    const NAME: &'static str = "Worker";

    fn parent<'js>(ctx: &Ctx<'js>) -> Result<Option<Parent<'js>>> {
        Parent::of::<EventTarget>(ctx)
    }

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, Self::construct)
            .operation("postMessage", 1, |this, call| {
                let (ctx, Posted { value, transfer }) = (call.ctx(), posted(call)?);
                let message = serialize(ctx, &value, &transfer)?;
                this.line.send(ctx, message)?;
                call.undefined()
            })?
            .operation("terminate", 0, |this, call| {
                this.line.close(call.ctx());
                this.thread.forget();
                this.thread.stop();
                call.undefined()
            })?
            // As Node's workers have them.
            .operation("ref", 0, |this, call| {
                this.thread.set_referenced(call.ctx(), true);
                call.undefined()
            })?
            .operation("unref", 0, |this, call| {
                this.thread.set_referenced(call.ctx(), false);
                call.undefined()
            })?;
        const HANDLERS: &[(&str, &str)] =
            &[("onmessage", "message"), ("onmessageerror", "messageerror"), ("onerror", "error")];
        event_handlers(members, HANDLERS)
    }
}
