//! Bodies that a signal cuts: what is read after that is an error.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::Stream;

use super::body::{Body, BodyChunks};
use super::error::NetworkError;

/// Whether a fetch was aborted after its response came.
#[derive(Default)]
pub(super) struct Cut {
    is_cut: Cell<bool>,
    /// Who waits for a chunk.
    waiting: RefCell<Option<Waker>>,
}

impl Cut {
    pub(super) fn cut(&self) {
        self.is_cut.set(true);
        self.waiting.take().map(Waker::wake).unwrap_or_default();
    }

    /// The body, which this may cut. One that is there as a whole can't be.
    pub(super) fn over(self: Rc<Self>, url: &str, body: Rc<Body>) -> Rc<Body> {
        if body.is_whole() {
            return body;
        }
        match body.take() {
            Some(chunks) => Body::of_chunks(Box::pin(CutChunks {
                chunks: Some(chunks),
                cut: self,
                url: url.into(),
            })),
            None => body,
        }
    }
}

struct CutChunks {
    /// `None` once it was cut: the connection goes with it.
    chunks: Option<BodyChunks>,
    cut: Rc<Cut>,
    url: Box<str>,
}

impl Stream for CutChunks {
    type Item = Result<Bytes, NetworkError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.cut.is_cut.get() {
            let was_open = self.chunks.take().is_some();
            return Poll::Ready(was_open.then(|| Err(NetworkError::aborted(&self.url))));
        }
        let Some(chunks) = &mut self.chunks else { return Poll::Ready(None) };
        let polled = chunks.poll_next(cx);
        if polled.is_pending() {
            self.cut.waiting.replace(Some(cx.waker().clone()));
        }
        polled
    }
}
