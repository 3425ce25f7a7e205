//! The URL standard: `URL` and `URLSearchParams`; and `URLPattern`.
//!
//! <https://url.spec.whatwg.org/>. Parsing, serializing and the setters' state overrides are
//! the crate `url`'s; here are the interfaces, and how the two keep each other up to date.

mod pattern;
mod record;
mod search_params;
mod shown;
mod url_object;

use holm_js::webidl::interface_object;
use holm_js::{Attributes, Ctx, Result, Value, define_lazy, host_ref};

use pattern::UrlPattern;
use search_params::UrlSearchParams;
use url_object::UrlObject;

/// Defines the interfaces.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let global = ctx.globals();
    define_lazy(&global, "URL", Attributes::BUILT_IN, |ctx| {
        Ok(interface_object::<UrlObject>(ctx)?.into_value())
    })?;
    define_lazy(&global, "URLPattern", Attributes::BUILT_IN, |ctx| {
        Ok(interface_object::<UrlPattern>(ctx)?.into_value())
    })?;
    define_lazy(&global, "URLSearchParams", Attributes::BUILT_IN, |ctx| {
        Ok(interface_object::<UrlSearchParams>(ctx)?.into_value())
    })
}

/// What a `URL` object stands for, whatever script did to its prototype; `None` for any other
/// value.
pub fn url_of(value: &Value<'_>) -> Option<::url::Url> {
    host_ref::<UrlObject>(value).map(UrlObject::url)
}

/// What a `URLSearchParams` serializes to; `None` for any other value.
pub(crate) fn search_params_text(value: &Value<'_>) -> Option<String> {
    host_ref::<UrlSearchParams>(value).map(UrlSearchParams::serialized)
}
