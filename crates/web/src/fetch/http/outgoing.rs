//! The body of a request on its way to the server.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::fetch::upload::Upload;

/// The body of a request.
#[derive(Debug, Default)]
pub(in crate::fetch) enum RequestBody {
    /// None at all.
    #[default]
    None,
    /// Bytes, that may be sent again.
    Bytes(Bytes),
    /// Chunks that a stream of script gives.
    Stream(Upload),
}

/// The stream of script failed, or was given up: why.
#[derive(Clone, Debug)]
pub(in crate::fetch) struct StreamFailed(pub(in crate::fetch) String);

impl std::fmt::Display for StreamFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the stream that is the request's body failed: {}", self.0)
    }
}

impl std::error::Error for StreamFailed {}

impl RequestBody {
    /// How long it is, where that is known.
    pub(super) fn len(&self) -> Option<usize> {
        match self {
            Self::None => Some(0),
            Self::Bytes(bytes) => Some(bytes.len()),
            Self::Stream(_) => None,
        }
    }

    /// The same body once more, where that can be: a stream is there only once.
    pub(super) fn again(&self) -> Option<Self> {
        match self {
            Self::None => Some(Self::None),
            Self::Bytes(bytes) => Some(Self::Bytes(bytes.clone())),
            Self::Stream(_) => None,
        }
    }
}

/// How many parts of a body the connection has taken: as long as it takes some, the server is
/// not slow.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<AtomicUsize>);

impl Progress {
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body as hyper sends it.
pub(super) struct Outgoing {
    body: RequestBody,
    progress: Progress,
}

impl Outgoing {
    pub(super) fn new(body: RequestBody, progress: Progress) -> Self {
        Self { body, progress }
    }

    pub(super) fn into_body(self) -> RequestBody {
        self.body
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = StreamFailed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamFailed>>> {
        let chunk = match &mut self.body {
            RequestBody::None => None,
            RequestBody::Bytes(_) => match std::mem::take(&mut self.body) {
                RequestBody::Bytes(bytes) if !bytes.is_empty() => Some(Ok(bytes)),
                _ => None,
            },
            RequestBody::Stream(upload) => match upload.poll_next(cx) {
                Poll::Ready(chunk) => chunk,
                Poll::Pending => return Poll::Pending,
            },
        };
        self.progress.0.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            RequestBody::None => true,
            RequestBody::Bytes(bytes) => bytes.is_empty(),
            RequestBody::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self.body.len() {
            Some(len) => SizeHint::with_exact(len as u64),
            None => SizeHint::default(),
        }
    }
}
