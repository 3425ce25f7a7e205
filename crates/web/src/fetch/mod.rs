//! Fetch: `fetch`, `Response`, `Headers`.
//!
//! <https://fetch.spec.whatwg.org/>
//!
//! What is here: `file:`, `data:`, `blob:`, `http:` and `https:`, over HTTP/1.1 and HTTP/2; the
//! interfaces whole. What is not: origins, CORS, cookies and caches, which have no meaning
//! without a page.
//!
//! A file each: the interfaces in `headers.rs`, `request.rs` and `response.rs`, `RequestInit` in
//! `request_init.rs`, the algorithms "fetch" to "scheme fetch" in `fetching.rs`, one per scheme
//! beside it. Work that waits is a host task (`crates/host/src/tasks.rs`); it holds no value of
//! script, only plain data comes back.

mod bad_ports;
mod body;
mod body_init;
mod body_stream;
mod consume;
mod cut;
mod decoded;
mod error;
mod fetching;
mod file;
mod form_data;
mod handle;
mod header_list;
mod headers;
mod http;
mod integrity;
mod multipart;
mod request;
mod request_data;
mod request_init;
mod response;
mod shown;
mod tee;
mod upload;

pub use body::BodyChunks;
pub(crate) use body_init::is_shared as is_shared_view;
pub(crate) use body_stream::of_bytes as stream_of_bytes;
pub(crate) use consume::{Package, made as package_bytes, max_body_bytes};
pub use error::NetworkError;
pub(crate) use fetching::is_blocked;
pub use handle::{ResponseHandle, response_of};
pub(crate) use headers::read_headers;
pub use response::ResponseType;

use holm_js::webidl::{interface_object, promised};
use holm_js::{Attributes, Ctx, Result, define_lazy, function};

/// Defines `fetch` and its interfaces.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let global = ctx.globals();
    define_lazy(&global, "fetch", Attributes::ALL, |ctx| {
        let fetch =
            function(ctx, "fetch", 1, |call| promised(call.ctx(), || fetching::fetch(call)))?;
        Ok(fetch.into_value())
    })?;
    define_lazy(&global, "FormData", Attributes::BUILT_IN, |ctx| {
        Ok(interface_object::<form_data::FormData>(ctx)?.into_value())
    })?;
    define_lazy(&global, "Headers", Attributes::BUILT_IN, |ctx| {
        Ok(interface_object::<headers::Headers>(ctx)?.into_value())
    })?;
    define_lazy(&global, "Request", Attributes::BUILT_IN, |ctx| {
        Ok(interface_object::<request::Request>(ctx)?.into_value())
    })?;
    define_lazy(&global, "Response", Attributes::BUILT_IN, |ctx| {
        Ok(interface_object::<response::Response>(ctx)?.into_value())
    })
}
