//! Responses for `WebAssembly.compileStreaming`.

use std::rc::Rc;

use holm_js::{Ctx, Result, Value};
use holm_webassembly::{Body, NextChunk, Response, install_streaming};

use crate::fetch::{BodyChunks, ResponseHandle, response_of};

/// Defines the streaming functions of a realm that has `WebAssembly`.
pub(crate) fn install(ctx: &Ctx<'_>) -> Result<()> {
    install_streaming(
        ctx,
        Rc::new(|value: &Value<'_>| {
            response_of(value).map(|response| Box::new(Streamed(response)) as Box<dyn Response>)
        }),
    )
}

struct Streamed(ResponseHandle);

impl Response for Streamed {
    fn url(&self) -> String {
        self.0.url().to_owned()
    }

    fn content_type(&self) -> Option<Vec<u8>> {
        self.0.content_type()
    }

    fn is_cors_same_origin(&self) -> bool {
        self.0.is_cors_same_origin()
    }

    fn status(&self) -> (u16, bool) {
        (self.0.status(), self.0.is_ok())
    }

    fn take_body(&self, ctx: &Ctx<'_>) -> Result<Box<dyn Body>> {
        Ok(Box::new(Chunks(self.0.take_body(ctx)?)))
    }
}

struct Chunks(BodyChunks);

impl Body for Chunks {
    fn next(&mut self) -> NextChunk<'_> {
        Box::pin(async {
            let chunk = self.0.next().await;
            chunk.map_err(|error| {
                Box::new(move |ctx: &Ctx<'_>| error.throw(ctx)) as holm_webassembly::BodyFailure
            })
        })
    }
}
