//! Events: `EventTarget`, `Event` and the interfaces that inherit from it.
//!
//! <https://dom.spec.whatwg.org/#events>. There is no tree: an event's path is its target.

mod custom_event;
mod dictionary;
mod error_event;
mod event;
mod handler;
mod message_event;
mod target;

use holm_js::webidl::interface_object;
use holm_js::{Attributes, Ctx, Result, define_lazy};

pub use error_event::{ErrorEvent, Place};
pub use event::Event;
pub(crate) use handler::event_handlers;
pub use message_event::MessageEvent;
pub use target::EventTarget;
pub(crate) use target::{ListenerOf, dispatch_event};

use custom_event::CustomEvent;

/// Defines the interfaces.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let global = ctx.globals();
    let shape = Attributes::BUILT_IN;
    define_lazy(&global, "EventTarget", shape, |ctx| {
        Ok(interface_object::<EventTarget>(ctx)?.into_value())
    })?;
    define_lazy(&global, "Event", shape, |ctx| Ok(interface_object::<Event>(ctx)?.into_value()))?;
    define_lazy(&global, "CustomEvent", shape, |ctx| {
        Ok(interface_object::<CustomEvent>(ctx)?.into_value())
    })?;
    define_lazy(&global, "MessageEvent", shape, |ctx| {
        Ok(interface_object::<MessageEvent>(ctx)?.into_value())
    })?;
    define_lazy(&global, "ErrorEvent", shape, |ctx| {
        Ok(interface_object::<ErrorEvent>(ctx)?.into_value())
    })
}
