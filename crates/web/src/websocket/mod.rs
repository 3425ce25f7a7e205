//! WebSockets: `WebSocket` and `CloseEvent`, <https://websockets.spec.whatwg.org/>.
//!
//! The interface is in `web_socket.rs`. A socket's life is a chain of host tasks: one that opens
//! it (`handshake.rs`), then one for each thing that happens to it (`conversation.rs`), which
//! also sends what script has queued. What is not here: compression of messages.

mod close_event;
mod conversation;
mod handshake;
mod web_socket;

use holm_js::webidl::interface_object;
use holm_js::{Attributes, Ctx, Result, define_lazy};

/// Defines the interfaces.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let (global, shape) = (ctx.globals(), Attributes::BUILT_IN);
    define_lazy(&global, "WebSocket", shape, |ctx| {
        Ok(interface_object::<web_socket::WebSocket>(ctx)?.into_value())
    })?;
    define_lazy(&global, "CloseEvent", shape, |ctx| {
        Ok(interface_object::<close_event::CloseEvent>(ctx)?.into_value())
    })
}
