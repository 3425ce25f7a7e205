//! Bodies, <https://fetch.spec.whatwg.org/#concept-body>.
//!
//! The standard's body is a `ReadableStream`. Here it is what such a stream would be made
//! over: bytes that are there, or chunks that come, with the two facts about a stream that
//! the algorithms ask for ("disturbed" and "locked").
//!
//! Names a reader will mix up:
//! - [`Body`]: of a response or request; may be cloned, can be read once.
//! - [`Chunks`]: where its bytes come from.
//! - [`BodyChunks`]: a body being read, by whoever took it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;

use super::error::NetworkError;
use super::tee::Branch;

/// Bytes as they come. Dropping it ends what brings them.
pub(super) type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, NetworkError>>>>;

/// A body. Clones of the `Rc` are the same body.
pub(super) struct Body {
    source: RefCell<Source>,
    /// Whether anything was read from it, <https://streams.spec.whatwg.org/#is-readable-stream-disturbed>.
    disturbed: Cell<bool>,
    /// Whether somebody reads it, <https://streams.spec.whatwg.org/#readablestream-locked>.
    locked: Cell<bool>,
}

enum Source {
    Bytes(Bytes),
    Chunks(Chunks),
    /// Chunks that a clone reads too.
    Branch(Branch),
    /// Somebody took it.
    Gone,
}

impl Body {
    pub(super) fn of_bytes(bytes: impl Into<Bytes>) -> Rc<Self> {
        Self::new(Source::Bytes(bytes.into()))
    }

    pub(super) fn of_chunks(chunks: Chunks) -> Rc<Self> {
        Self::new(Source::Chunks(chunks))
    }

    /// What another body was, which is spent.
    pub(super) fn of_rest(rest: BodyChunks) -> Rc<Self> {
        match rest.0 {
            Reading::Bytes(bytes) => Self::of_bytes(bytes.unwrap_or_default()),
            Reading::Chunks(chunks) => Self::of_chunks(chunks),
        }
    }

    fn new(source: Source) -> Rc<Self> {
        let source = RefCell::new(source);
        Rc::new(Self { source, disturbed: Cell::new(false), locked: Cell::new(false) })
    }

    /// Whether its bytes are there already.
    pub(super) fn is_whole(&self) -> bool {
        matches!(&*self.source.borrow(), Source::Bytes(_))
    }

    /// `bodyUsed`
    pub(super) fn is_disturbed(&self) -> bool {
        self.disturbed.get()
    }

    /// <https://fetch.spec.whatwg.org/#body-unusable>
    pub(super) fn is_unusable(&self) -> bool {
        self.disturbed.get() || self.locked.get()
    }

    /// Gets a reader and begins to read. `None` if the body is unusable.
    pub(super) fn take(&self) -> Option<BodyChunks> {
        if self.is_unusable() {
            return None;
        }
        self.disturbed.set(true);
        self.locked.set(true);
        Some(BodyChunks(match self.source.replace(Source::Gone) {
            Source::Bytes(bytes) => Reading::Bytes(Some(bytes)),
            Source::Chunks(chunks) => Reading::Chunks(chunks),
            Source::Branch(branch) => Reading::Chunks(Box::pin(branch)),
            Source::Gone => Reading::Bytes(None),
        }))
    }

    /// <https://fetch.spec.whatwg.org/#concept-body-clone>. Not for an unusable body.
    pub(super) fn tee(&self) -> Rc<Self> {
        // 1. Let << out1, out2 >> be the result of teeing body's stream.
        // 2. Set body's stream to out1. 3. Return a body whose stream is out2.
        let mut source = self.source.borrow_mut();
        let (one, other) = match std::mem::replace(&mut *source, Source::Gone) {
            // OPTIMIZATION: bytes are shared, which no script can observe.
            Source::Bytes(bytes) => (Source::Bytes(bytes.clone()), Source::Bytes(bytes)),
            Source::Chunks(chunks) => {
                let one = Branch::new(chunks);
                let other = one.split();
                (Source::Branch(one), Source::Branch(other))
            }
            Source::Branch(one) => {
                let other = one.split();
                (Source::Branch(one), Source::Branch(other))
            }
            Source::Gone => (Source::Gone, Source::Gone),
        };
        *source = one;
        Self::new(other)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("disturbed", &self.disturbed).finish_non_exhaustive()
    }
}

/// A body being read. Dropping it ends the reading: a file is closed, a connection cut.
///
/// Its chunks come only inside of a host task ([`holm_host::Tasks::spawn`]): they wait on
/// that reactor.
pub struct BodyChunks(Reading);

enum Reading {
    Bytes(Option<Bytes>),
    Chunks(Chunks),
}

impl BodyChunks {
    /// No body at all.
    pub(super) fn empty() -> Self {
        Self(Reading::Bytes(None))
    }

    pub(super) fn of_chunks(chunks: Chunks) -> Self {
        Self(Reading::Chunks(chunks))
    }

    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, NetworkError> {
        poll_fn(|cx| self.poll_next(cx)).await.transpose()
    }

    pub(super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, NetworkError>>> {
        match &mut self.0 {
            Reading::Bytes(bytes) => Poll::Ready(bytes.take().map(Ok)),
            Reading::Chunks(chunks) => chunks.as_mut().poll_next(cx),
        }
    }

    /// The whole body, where it is there already.
    pub(super) fn take_bytes(&mut self) -> Option<Bytes> {
        match &mut self.0 {
            Reading::Bytes(bytes) => Some(bytes.take().unwrap_or_default()),
            Reading::Chunks(_) => None,
        }
    }

    /// All of it, as one. `None` if it is longer than `max_bytes`.
    pub(super) async fn collect(
        mut self,
        max_bytes: usize,
    ) -> Result<Option<Vec<u8>>, NetworkError> {
        let mut all = Vec::new();
        while let Some(chunk) = self.next().await? {
            if chunk.len() > max_bytes - all.len() {
                return Ok(None);
            }
            all.extend_from_slice(&chunk);
        }
        Ok(Some(all))
    }
}

impl fmt::Debug for BodyChunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyChunks").finish_non_exhaustive()
    }
}
