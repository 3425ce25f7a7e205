//! Responses for other rooms: what `WebAssembly.compileStreaming` asks of one.

use std::rc::Rc;

use holm_js::{Ctx, ErrorKind, Result, Root, Value, host_ref, throw};

use super::body::{Body, BodyChunks};
use super::body_stream;
use super::response::{self, Response, ResponseData, ResponseType};

/// The response inside `value`, if it is a `Response`.
pub fn response_of(value: &Value<'_>) -> Option<ResponseHandle> {
    let response = host_ref::<Response>(value)?;
    let ctx = value.ctx();
    let stream = response.stream.get(ctx).ok()?.map(|stream| Root::new(ctx, stream));
    let stream = stream.transpose().ok()?.map(Rc::new);
    Some(ResponseHandle { data: response.data.clone(), stream })
}

/// The inside of a `Response` object; outlives it. May not be kept longer than its isolate.
#[derive(Clone, Debug)]
pub struct ResponseHandle {
    data: Rc<ResponseData>,
    /// The stream that its body is.
    stream: Option<Rc<Root<Value<'static>>>>,
}

impl ResponseHandle {
    /// The URL it came from, without a fragment; empty where there is none.
    pub fn url(&self) -> &str {
        &self.data.url
    }

    /// Where it came from.
    pub fn kind(&self) -> ResponseType {
        self.data.kind
    }

    /// Its status.
    pub fn status(&self) -> u16 {
        self.data.status
    }

    /// Whether its status is from 200 to 299.
    pub fn is_ok(&self) -> bool {
        self.data.is_ok()
    }

    /// <https://html.spec.whatwg.org/#cors-same-origin>: its type is "basic", "cors", or
    /// "default".
    pub fn is_cors_same_origin(&self) -> bool {
        match self.data.kind {
            ResponseType::Basic | ResponseType::Default => true,
            ResponseType::Error => false,
        }
    }

    /// The `Content-Type` header with its parameters, without whitespace around it; several
    /// are combined to one, as `headers.get` does it.
    pub fn content_type(&self) -> Option<Vec<u8>> {
        response::content_type(&self.data)
    }

    /// Whether its body was read or is being read.
    pub fn is_body_unusable(&self, ctx: &Ctx<'_>) -> Result<bool> {
        match &self.stream {
            Some(stream) => body_stream::is_stream_unusable(ctx, &stream.get(ctx)?),
            None => Ok(self.data.body.as_deref().is_some_and(Body::is_unusable)),
        }
    }

    /// Takes the body, which is disturbed and locked from now on. A `TypeError` if it was
    /// taken before.
    pub fn take_body(&self, ctx: &Ctx<'_>) -> Result<BodyChunks> {
        let unusable = || {
            let text = "Body is unusable: Body has already been read";
            throw(ctx, ErrorKind::Type, text)
        };
        if self.is_body_unusable(ctx)? {
            return Err(unusable());
        }
        if let Some(stream) = &self.stream {
            return body_stream::chunks_of(ctx, self.url(), stream.get(ctx)?);
        }
        match &self.data.body {
            Some(body) => body.take().ok_or_else(unusable),
            None => Ok(BodyChunks::empty()),
        }
    }
}
