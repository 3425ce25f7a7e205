//! Event handler attributes: `onmessage` and its like.
//!
//! <https://html.spec.whatwg.org/#event-handler-attributes>

use holm_js::webidl::{Definition, Interface};
use holm_js::{Result, host_ref};

use super::EventTarget;

/// Defines an event handler attribute for each of the types.
pub(crate) fn event_handlers<T: Interface>(
    members: &mut Definition<'_, '_, T>,
    names: &'static [(&'static str, &'static str)],
) -> Result<()> {
    for (attribute, kind) in names {
        members.writable_attribute(
            attribute,
            move |_, call| {
                let this = call.this();
                let target = host_ref::<EventTarget>(&this).ok_or(holm_js::Error::Unknown)?;
                target.handler(call.ctx(), kind)
            },
            move |_, call| {
                let this = call.this();
                let target = host_ref::<EventTarget>(&this).ok_or(holm_js::Error::Unknown)?;
                target.set_handler(call.ctx(), &this, kind, &call.value(0))
            },
        )?;
    }
    Ok(())
}
