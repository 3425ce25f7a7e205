//! `ErrorEvent`, <https://html.spec.whatwg.org/#the-errorevent-interface>.

use std::any::{Any, TypeId};

use holm_js::webidl::convert::{self, Integer};
use holm_js::webidl::{Definition, Interface, Parent, construct};
use holm_js::{Ctx, HeldCell, HostObject, IntoJs, Result, Tracer, Value};

use super::event::Event;

/// An error that nobody caught.
#[derive(Debug)]
pub struct ErrorEvent {
    event: Event,
    message: String,
    filename: String,
    line: u32,
    column: u32,
    error: HeldCell,
}

/// Where an error was thrown.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The script.
    pub filename: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

impl ErrorEvent {
    /// The event of the host: its type is `error`, and a listener may cancel it.
    pub fn trusted<'js>(ctx: &Ctx<'js>, message: String, place: Place, error: &Value<'js>) -> Self {
        let event = Event::trusted_cancelable(ctx, "error");
        let Place { filename, line, column } = place;
        Self { event, message, filename, line, column, error: HeldCell::new(error) }
    }

    /// What `onerror` of a global scope is called with.
    pub(super) fn handler_arguments<'js>(&self, ctx: &Ctx<'js>) -> Result<Vec<Value<'js>>> {
        Ok(vec![
            self.message.as_str().into_js(ctx)?,
            self.filename.as_str().into_js(ctx)?,
            f64::from(self.line).into_js(ctx)?,
            f64::from(self.column).into_js(ctx)?,
            self.error.get_or_null(ctx)?,
        ])
    }
}

impl HostObject for ErrorEvent {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.event.trace(tracer);
        self.error.trace(tracer);
    }

    fn base(&self, wanted: TypeId) -> Option<&dyn Any> {
        (wanted == TypeId::of::<Event>()).then_some(&self.event)
    }
}

impl Interface for ErrorEvent {
    const NAME: &'static str = "ErrorEvent";

    fn parent<'js>(ctx: &Ctx<'js>) -> Result<Option<Parent<'js>>> {
        Parent::of::<Event>(ctx)
    }

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, |call| {
                let ctx = call.ctx();
                let (event, init) = Event::constructed(call)?;
                let number = |name: &str| match init.get(name)? {
                    Some(value) => convert::unsigned_long(ctx, &value, Integer::Wrap, name),
                    None => Ok(0),
                };
                let (column, line) = (number("colno")?, number("lineno")?);
                let error = HeldCell::default();
                error.set(init.get("error")?.as_ref());
                let filename = init.string(ctx, "filename")?;
                let message = init.string(ctx, "message")?;
                event.weigh(ctx, filename.len() + message.len())?;
                construct(call, Self { event, message, filename, line, column, error })
            })
            .attribute("message", |this, call| call.returns(this.message.as_str()))?
            .attribute("filename", |this, call| call.returns(this.filename.as_str()))?
            .attribute("lineno", |this, call| call.returns(f64::from(this.line)))?
            .attribute("colno", |this, call| call.returns(f64::from(this.column)))?
            .attribute("error", |this, call| match this.error.get(call.ctx())? {
                Some(error) => Ok(error),
                None => call.undefined(),
            })?;
        Ok(())
    }
}
