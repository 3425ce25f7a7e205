//! The Encoding standard: `TextEncoder` and `TextDecoder`.
//!
//! <https://encoding.spec.whatwg.org/>. The encodings and their labels are the crate
//! `encoding_rs`'s; here are the interfaces.

mod text_decoder;
mod text_encoder;

use holm_js::webidl::interface_object;
use holm_js::{Attributes, Ctx, Result, define_lazy};

pub(crate) use text_decoder::TextDecoder;
pub(crate) use text_encoder::TextEncoder;

/// Defines the interfaces.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let global = ctx.globals();
    define_lazy(&global, "TextEncoder", Attributes::BUILT_IN, |ctx| {
        Ok(interface_object::<TextEncoder>(ctx)?.into_value())
    })?;
    define_lazy(&global, "TextDecoder", Attributes::BUILT_IN, |ctx| {
        Ok(interface_object::<TextDecoder>(ctx)?.into_value())
    })
}
