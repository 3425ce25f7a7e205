//! `error.stack` as V8 writes it.
//!
//! QuickJS keeps only the frames; people and packages expect `Name: message` above them.
//! The heading is put on when the stack is read, so that throwing costs nothing more. When a
//! script sets `Error.prepareStackTrace`, what that returned is the stack, untouched.

use std::cell::RefCell;
use std::collections::HashMap;

use rquickjs::{Ctx, Function, Object, Result, Value};

use crate::call_site;
use crate::error_class;
use crate::errors::{self, ErrorKind};
use crate::foreign_frames::{stack_with_frames, with_running_calls};
use crate::function::function;
use crate::lazy::{Attributes, define_accessor, define_value};
use crate::realm::slot;
use crate::root::Root;
use crate::text::to_text;

/// The engine's own halves of what is wrapped here.
#[derive(Default)]
struct Originals {
    read: RefCell<Option<Root<Function<'static>>>>,
    capture: RefCell<Option<Root<Function<'static>>>>,
}

/// What script said of stacks, by the property's name.
#[derive(Default)]
struct Settings(RefCell<HashMap<&'static str, Setting>>);

struct Setting {
    given: Root<Value<'static>>,
    /// The engine's own setter.
    write: Root<Function<'static>>,
}

/// Wraps the `stack` accessor and `Error.captureStackTrace` of a new realm.
pub(crate) fn install(ctx: &Ctx<'_>) -> Result<()> {
    let error: Object<'_> = ctx.globals().get("Error")?;
    let prototype: Object<'_> = error.get("prototype")?;
    error_class::install(ctx, &error)?;
    wrap_accessor(ctx, &prototype)?;
    wrap_settings(ctx, &error)?;
    wrap_capture(ctx, &error)
}

fn wrap_accessor<'js>(ctx: &Ctx<'js>, prototype: &Object<'js>) -> Result<()> {
    let describe: Function<'_> = ctx.eval("Object.getOwnPropertyDescriptor")?;
    let original: Object<'_> = describe.call((prototype.clone(), "stack"))?;
    let (read, write): (Function<'_>, Function<'_>) = (original.get("get")?, original.get("set")?);
    slot::<Originals>(ctx).read.replace(Some(Root::new(ctx, read)?));
    let getter = function(ctx, "get stack", 0, |call| {
        let (ctx, this) = (call.ctx(), call.this());
        let stack = stack_with_frames(ctx, &this, raw_stack(ctx, &this)?)?;
        with_heading(ctx, &this, stack)
    })?;
    define_accessor(prototype, "stack", Some(&getter), Some(&write), Attributes::CONFIGURABLE)
}

/// Wraps the accessors of what script may say of stacks: the engine forgets to release objects that
/// it has no use for there, and an object that is never released ends the process when the runtime
/// ends. So it gets what it can use, and script sees what it gave.
fn wrap_settings<'js>(ctx: &Ctx<'js>, error: &Object<'js>) -> Result<()> {
    wrap_setting(ctx, error, "stackTraceLimit", |ctx, given| {
        // What is no number means no frames, as in V8.
        Value::new_number(ctx.clone(), given.as_number().unwrap_or(0.0))
    })?;
    wrap_setting(ctx, error, "prepareStackTrace", |ctx, given| {
        if given.is_function() { given } else { Value::new_undefined(ctx.clone()) }
    })
}

fn wrap_setting<'js>(
    ctx: &Ctx<'js>,
    error: &Object<'js>,
    name: &'static str,
    usable: for<'a> fn(&Ctx<'a>, Value<'a>) -> Value<'a>,
) -> Result<()> {
    let describe: Function<'_> = ctx.eval("Object.getOwnPropertyDescriptor")?;
    let original: Object<'_> = describe.call((error.clone(), name))?;
    let (read, write): (Function<'_>, Function<'_>) = (original.get("get")?, original.get("set")?);
    let initial: Value<'_> = read.call((rquickjs::function::This(error.clone()),))?;
    let settings = slot::<Settings>(ctx);
    let setting = Setting { given: Root::new(ctx, initial)?, write: Root::new(ctx, write)? };
    settings.0.borrow_mut().insert(name, setting);
    let getter = function(ctx, &format!("get {name}"), 0, move |call| {
        match slot::<Settings>(call.ctx()).0.borrow().get(name) {
            Some(setting) => setting.given.get(call.ctx()),
            None => call.undefined(),
        }
    })?;
    let setter = function(ctx, &format!("set {name}"), 1, move |call| {
        let ctx = call.ctx();
        let given = Root::new(ctx, call.value(0))?;
        let write: Function<'_> = match slot::<Settings>(ctx).0.borrow_mut().get_mut(name) {
            Some(setting) => {
                setting.given = given;
                setting.write.get(ctx)?
            }
            None => return call.undefined(),
        };
        let this = call.this();
        if name == "prepareStackTrace"
            && call.value(0).is_function()
            && let Some(error) = this.as_object()
            && let Some(capture) = &*slot::<Originals>(ctx).capture.borrow()
        {
            call_site::complete(ctx, error, &capture.get(ctx)?, &write)?;
        }
        let this = rquickjs::function::This(this);
        write.call::<_, ()>((this, usable(ctx, call.value(0))))?;
        call.undefined()
    })?;
    define_accessor(error, name, Some(&getter), Some(&setter), Attributes::CONFIGURABLE)
}

/// What the engine's own accessor shows.
pub(crate) fn raw_stack<'js>(ctx: &Ctx<'js>, error: &Value<'js>) -> Result<Value<'js>> {
    let read: Function<'js> = match &*slot::<Originals>(ctx).read.borrow() {
        Some(root) => root.get(ctx)?,
        None => return Ok(Value::new_undefined(ctx.clone())),
    };
    read.call((rquickjs::function::This(error.clone()),))
}

fn wrap_capture<'js>(ctx: &Ctx<'js>, error: &Object<'js>) -> Result<()> {
    let capture: Function<'_> = error.get("captureStackTrace")?;
    slot::<Originals>(ctx).capture.replace(Some(Root::new(ctx, capture)?));
    let wrapper = function(ctx, "captureStackTrace", 2, |call| {
        let capture: Function<'_> = match &*slot::<Originals>(call.ctx()).capture.borrow() {
            Some(root) => root.get(call.ctx())?,
            None => return call.undefined(),
        };
        capture.call::<_, ()>((call.value(0), call.value(1)))?;
        if let Some(target) = call.value(0).into_object() {
            let stack: Value<'_> = target.get("stack")?;
            let stack = with_heading(call.ctx(), target.as_value(), stack)?;
            define_value(&target, "stack", stack, Attributes::BUILT_IN)?;
        }
        call.undefined()
    })?;
    define_value(error, "captureStackTrace", wrapper, Attributes::BUILT_IN)
}

/// The stack with its heading, if it is one of the engine's.
pub(crate) fn with_heading<'js>(
    ctx: &Ctx<'js>,
    error: &Value<'js>,
    stack: Value<'js>,
) -> Result<Value<'js>> {
    if !stack.is_string() || has_own_format(ctx)? {
        return Ok(stack);
    }
    let frames = to_text(ctx, &stack)?;
    if !frames.is_empty() && !frames.starts_with("    at ") {
        return Ok(stack);
    }
    let frames = with_running_calls(ctx, &frames)?.unwrap_or(frames);
    let mut text = heading(ctx, error)?;
    let mut frames = frames.lines().peekable();
    while let Some(frame) = frames.next() {
        // Holm's own scripts, and how they call back, are nothing a person wrote.
        let is_ours = is_internal(frame)
            || frame == INTERNAL_CALL && frames.peek().is_some_and(|next| is_internal(next));
        if !is_ours {
            text.push('\n');
            text.push_str(&frame_text(frame));
        }
    }
    Ok(rquickjs::String::from_str(ctx.clone(), &text)?.into_value())
}

/// The calls that are running, innermost first, as `error.stack` would show them.
pub fn stack_text(ctx: &Ctx<'_>) -> Result<String> {
    let probe = errors::error(ctx, ErrorKind::Plain, "")?;
    let stack: Value<'_> = probe.get("stack")?;
    let text = to_text(ctx, &stack)?;
    Ok(text.split_once('\n').map_or("", |(_heading, frames)| frames).to_owned())
}

/// What the names of embedded scripts begin with.
const INTERNAL: &str = "holm:";
/// The frame of `Reflect.apply`, by which embedded scripts call back.
const INTERNAL_CALL: &str = "    at apply (native)";

fn is_internal(frame: &str) -> bool {
    let place =
        frame.rsplit_once(" (").map_or(frame.trim_start_matches("    at "), |(_, place)| place);
    place.starts_with(INTERNAL)
}

pub(crate) fn has_own_format(ctx: &Ctx<'_>) -> Result<bool> {
    let error: Value<'_> = ctx.globals().get("Error")?;
    match error.as_object() {
        Some(error) => Ok(error.get::<_, Value<'_>>("prepareStackTrace")?.is_function()),
        None => Ok(false),
    }
}

/// `Name [CODE]: message`, as `Error.prototype.toString` and Node write it.
fn heading<'js>(ctx: &Ctx<'js>, error: &Value<'js>) -> Result<String> {
    let Some(object) = error.as_object() else {
        return to_text(ctx, error);
    };
    let part = |key: &str, otherwise: &str| -> Result<String> {
        let value: Value<'js> = object.get(key)?;
        if value.is_undefined() || value.is_symbol() {
            return Ok(otherwise.to_owned());
        }
        to_text(ctx, &value)
    };
    let mut name = part("name", "Error")?;
    let message = part("message", "")?;
    let code: Value<'js> = object.get("code")?;
    if code.is_string() {
        let code = to_text(ctx, &code)?;
        if code.starts_with("ERR_") {
            name = format!("{name} [{code}]");
        }
    }
    Ok(match (name.is_empty(), message.is_empty()) {
        (_, true) => name,
        (true, false) => message,
        (false, false) => format!("{name}: {message}"),
    })
}

/// A frame of QuickJS as V8 writes it: no name where there is none.
fn frame_text(frame: &str) -> String {
    let Some(place) = frame
        .strip_prefix("    at <anonymous> (")
        .or_else(|| frame.strip_prefix("    at <eval> ("))
        .and_then(|rest| rest.strip_suffix(')'))
    else {
        return frame.to_owned();
    };
    if place == "native" { "    at <anonymous>".to_owned() } else { format!("    at {place}") }
}
