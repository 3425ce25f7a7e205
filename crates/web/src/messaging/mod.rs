//! Messages between realms and threads: `MessageChannel`, `MessagePort`, `BroadcastChannel`.
//!
//! <https://html.spec.whatwg.org/#web-messaging>
//!
//! An [`Endpoint`] is one end of a channel as it travels; a [`Line`] is one that an isolate has
//! picked up. Ports, workers and the scopes of workers each have one.

mod broadcast;
mod channel;
mod line;
mod options;
mod port;

use holm_js::webidl::interface_object;
use holm_js::{Attributes, Ctx, Object, Result, define_lazy};

pub use line::{Arrival, Endpoint, Line, Listener};
pub use options::{Posted, posted};
pub use port::MessagePort;
pub(crate) use port::{Ports, fire_arrival};

use broadcast::BroadcastChannel;
use channel::MessageChannel;

/// The interface objects, by name.
pub fn interfaces<'js>(ctx: &Ctx<'js>) -> Result<[(&'static str, Object<'js>); 3]> {
    Ok([
        ("MessageChannel", interface_object::<MessageChannel>(ctx)?),
        ("MessagePort", interface_object::<MessagePort>(ctx)?),
        ("BroadcastChannel", interface_object::<BroadcastChannel>(ctx)?),
    ])
}

/// Defines the interfaces.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let global = ctx.globals();
    let shape = Attributes::BUILT_IN;
    define_lazy(&global, "MessageChannel", shape, |ctx| {
        Ok(interface_object::<MessageChannel>(ctx)?.into_value())
    })?;
    define_lazy(&global, "MessagePort", shape, |ctx| {
        Ok(interface_object::<MessagePort>(ctx)?.into_value())
    })?;
    define_lazy(&global, "BroadcastChannel", shape, |ctx| {
        Ok(interface_object::<BroadcastChannel>(ctx)?.into_value())
    })
}
