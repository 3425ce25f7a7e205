//! Responses for other rooms: what `WebAssembly.compileStreaming` asks of one.

use std::rc::Rc;

use holm_js::{Ctx, ErrorKind, Result, Value, host_ref, throw};

use super::body::{Body, BodyChunks};
use super::response::{self, Response, ResponseData, ResponseType};

/// The response inside `value`, if it is a `Response`.
pub fn response_of(value: &Value<'_>) -> Option<ResponseHandle> {
    host_ref::<Response>(value).map(|response| ResponseHandle(response.data.clone()))
}

/// The inside of a `Response` object; outlives it. May not be kept longer than its isolate.
#[derive(Clone, Debug)]
pub struct ResponseHandle(Rc<ResponseData>);

impl ResponseHandle {
    /// The URL it came from, without a fragment; empty where there is none.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Where it came from.
    pub fn kind(&self) -> ResponseType {
        self.0.kind
    }

    /// Its status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// Whether its status is from 200 to 299.
    pub fn is_ok(&self) -> bool {
        self.0.is_ok()
    }

    /// <https://html.spec.whatwg.org/#cors-same-origin>: its type is "basic", "cors", or
    /// "default".
    pub fn is_cors_same_origin(&self) -> bool {
        match self.0.kind {
            ResponseType::Basic | ResponseType::Default => true,
            ResponseType::Error => false,
        }
    }

    /// The `Content-Type` header with its parameters, without whitespace around it; several
    /// are combined to one, as `headers.get` does it.
    pub fn content_type(&self) -> Option<Vec<u8>> {
        response::content_type(&self.0)
    }

    /// Whether its body was read or is being read.
    pub fn is_body_unusable(&self) -> bool {
        self.0.body.as_deref().is_some_and(Body::is_unusable)
    }

    /// Takes the body, which is disturbed and locked from now on. A `TypeError` if it was
    /// taken before.
    pub fn take_body(&self, ctx: &Ctx<'_>) -> Result<BodyChunks> {
        let Some(body) = &self.0.body else {
            return Ok(BodyChunks::empty());
        };
        body.take().ok_or_else(|| {
            let text = "Body is unusable: Body has already been read";
            throw(ctx, ErrorKind::Type, text)
        })
    }
}
