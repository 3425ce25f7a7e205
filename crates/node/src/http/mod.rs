//! `node:http`: the native parts of `js/http/`.

mod head;
mod parser;

use std::cell::RefCell;

use holm_js::{
    Array, Bytes, Call, Ctx, Error, HostObject, IntoJs, Object, Result, Strings, Units, Value,
    function, host_ref, sealed,
};

pub use head::{Body, Field, Head, Line, METHODS};
pub use parser::{DEFAULT_MAX_HEAD_BYTES, Event, Kind, Parser, Problem};

/// What a step found, as script knows it: the first element of the answer.
mod found {
    pub(super) const NOTHING: i32 = 0;
    pub(super) const HEAD: i32 = 1;
    pub(super) const BODY: i32 = 2;
    pub(super) const END: i32 = 3;
    pub(super) const PROBLEM: i32 = 4;
}

/// A parser, hidden in an object that no script sees.
struct Hidden(RefCell<Parser>);

impl HostObject for Hidden {}

#[derive(Clone, Copy)]
struct Tools {
    bytes: Bytes,
    strings: Strings,
}

/// What the scripts are given.
pub(crate) fn natives<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let tools = Tools { bytes: Bytes::new(ctx)?, strings: Strings::new(ctx)? };
    let natives = Object::new(ctx.clone())?;
    natives.set("METHODS", METHODS.to_vec())?;
    natives.set("MAX_HEAD_BYTES", DEFAULT_MAX_HEAD_BYTES as f64)?;
    let new_parser = function(ctx, "newParser", 2, |call| {
        let kind = if call.get::<bool>(0)? { Kind::Request } else { Kind::Response };
        let parser = Parser::new(kind, call.get::<f64>(1)? as usize);
        Ok(sealed(call.ctx(), Hidden(RefCell::new(parser)))?.into_value())
    })?;
    natives.set("newParser", new_parser)?;
    natives.set("step", function(ctx, "step", 3, move |call| step(tools, call))?)?;
    natives.set("finish", function(ctx, "finish", 1, move |call| finish(tools, call))?)?;
    for (name, act) in
        [("skipBody", Parser::skip_body as fn(&mut Parser)), ("upgrade", Parser::upgrade)]
    {
        let body = function(ctx, name, 1, move |call| {
            with_parser(call, act)?;
            call.undefined()
        })?;
        natives.set(name, body)?;
    }
    let is_token = function(ctx, "isToken", 1, move |call| {
        call.returns(all_units(tools, call, |unit| unit < 0x80 && is_token_byte(unit as u8))?)
    })?;
    natives.set("isToken", is_token)?;
    let is_value = function(ctx, "isFieldValue", 1, move |call| {
        // Tabs, and what is visible in Latin-1.
        let is_fine = |unit| unit == 0x09 || (0x20..0x100).contains(&unit) && unit != 0x7f;
        call.returns(all_units(tools, call, is_fine)?)
    })?;
    natives.set("isFieldValue", is_value)?;
    Ok(natives)
}

/// <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2>
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether the argument is a string of which every unit is fine.
fn all_units(tools: Tools, call: &Call<'_, '_>, is_fine: impl Fn(u16) -> bool) -> Result<bool> {
    let Some(text) = tools.strings.text(call.value(0))? else { return Ok(false) };
    Ok(match text.units() {
        Units::Narrow(units) => units.iter().all(|unit| is_fine(u16::from(*unit))),
        Units::Wide(units) => units.iter().all(|unit| is_fine(*unit)),
    })
}

fn with_parser<R>(call: &Call<'_, '_>, act: impl FnOnce(&mut Parser) -> R) -> Result<R> {
    let hidden = call.value(0);
    let hidden = host_ref::<Hidden>(&hidden).ok_or(Error::Unknown)?;
    Ok(act(&mut hidden.0.borrow_mut()))
}

/// `(parser, bytes, from)`: `[found, next, …]`, where `next` is where to go on.
fn step<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (hidden, from) = (call.value(0), call.get::<f64>(2)? as usize);
    let hidden = host_ref::<Hidden>(&hidden).ok_or(Error::Unknown)?;
    let parser = &mut *hidden.0.borrow_mut();
    let stepped = tools.bytes.read(&call.value(1), from..usize::MAX, |input| parser.step(input));
    answer(tools, call.ctx(), from, stepped)
}

/// `(parser)`: as `step`, of the end of the connection.
fn finish<'js>(tools: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let finished = with_parser(call, Parser::finish)?;
    answer(tools, call.ctx(), 0, finished.map(|event| (0, event.unwrap_or(Event::NeedMore))))
}

fn answer<'js>(
    tools: Tools,
    ctx: &Ctx<'js>,
    from: usize,
    stepped: std::result::Result<(usize, Event), Problem>,
) -> Result<Value<'js>> {
    let answer = List::new(ctx)?;
    let (taken, event) = match stepped {
        Ok(step) => step,
        Err(Problem { code, reason }) => {
            answer.add(found::PROBLEM)?.add(from as f64)?.add(code)?.add(reason)?;
            return Ok(answer.array.into_value());
        }
    };
    let next = (from + taken) as f64;
    match event {
        Event::NeedMore => answer.add(found::NOTHING)?.add(next)?,
        Event::Body(range) => answer
            .add(found::BODY)?
            .add(next)?
            .add((from + range.start) as f64)?
            .add((from + range.end) as f64)?,
        Event::End(trailers) => {
            answer.add(found::END)?.add(next)?.add(fields(tools, ctx, &trailers)?)?
        }
        Event::Head(head) => {
            let (first, second) = match &head.line {
                Line::Request { method, target } => {
                    (method.into_js(ctx)?, tools.strings.from_latin1(ctx, target)?)
                }
                Line::Response { status, reason } => {
                    (status.into_js(ctx)?, tools.strings.from_latin1(ctx, reason)?)
                }
            };
            answer
                .add(found::HEAD)?
                .add(next)?
                .add(first)?
                .add(second)?
                .add(i32::from(head.minor))?
                .add(fields(tools, ctx, &head.fields)?)?
                .add(head.keeps_alive)?
                .add(head.is_upgrade)?
        }
    };
    Ok(answer.array.into_value())
}

/// Names and values in turn, as `rawHeaders` has them.
fn fields<'js>(tools: Tools, ctx: &Ctx<'js>, fields: &[Field]) -> Result<Array<'js>> {
    let list = List::new(ctx)?;
    for (name, value) in fields {
        list.add(tools.strings.from_latin1(ctx, name)?)?;
        list.add(tools.strings.from_latin1(ctx, value)?)?;
    }
    Ok(list.array)
}

/// An array that grows at its end.
struct List<'js> {
    array: Array<'js>,
    len: std::cell::Cell<usize>,
}

impl<'js> List<'js> {
    fn new(ctx: &Ctx<'js>) -> Result<Self> {
        Ok(Self { array: Array::new(ctx.clone())?, len: std::cell::Cell::new(0) })
    }

    fn add(&self, value: impl IntoJs<'js>) -> Result<&Self> {
        self.array.set(self.len.replace(self.len.get() + 1), value)?;
        Ok(self)
    }
}
