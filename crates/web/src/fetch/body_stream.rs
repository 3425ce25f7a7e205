//! Bodies as `ReadableStream`s, and such streams as bodies.
//!
//! A [`Body`] gets a stream when script first asks for one: from then on whatever asks about the
//! body asks the stream, and the bytes are read only as the stream is.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::Stream;
use holm_host::{TaskId, host};
use holm_js::{
    Array, ArrayBuffer, Call, Ctx, Error, Function, Result, Root, TypedArray, Value, function,
    take_exception, to_text, view_bytes,
};

use super::body::{Body, BodyChunks};
use super::consume::{HasBody, Package, made};
use super::error::NetworkError;
use crate::streams::body_helper;
use crate::weight::weighed;

/// What `body` gives: the same stream each time, or null.
pub(super) fn of<'js, T: HasBody>(ctx: &Ctx<'js>, this: &T) -> Result<Value<'js>> {
    if let Some(stream) = this.stream().get(ctx)? {
        return Ok(stream);
    }
    let Some(body) = this.body() else {
        return Ok(Value::new_null(ctx.clone()));
    };
    let stream = match body.take() {
        Some(chunks) => stream_of(ctx, chunks)?,
        None => body_helper(ctx, "spentStream")?.call(())?,
    };
    this.stream().set(Some(&stream));
    Ok(stream)
}

/// A stream of bytes that are there.
pub(crate) fn of_bytes<'js>(ctx: &Ctx<'js>, bytes: Bytes) -> Result<Value<'js>> {
    stream_of(ctx, Body::of_bytes(bytes).take().ok_or(Error::Unknown)?)
}

/// `bodyUsed`: <https://fetch.spec.whatwg.org/#dom-body-bodyused>
pub(super) fn is_disturbed<T: HasBody>(ctx: &Ctx<'_>, this: &T) -> Result<bool> {
    match this.stream().get(ctx)? {
        Some(stream) => body_helper(ctx, "isDisturbed")?.call((stream,)),
        None => Ok(this.body().is_some_and(Body::is_disturbed)),
    }
}

/// <https://fetch.spec.whatwg.org/#body-unusable>
pub(super) fn is_unusable<T: HasBody>(ctx: &Ctx<'_>, this: &T) -> Result<bool> {
    match this.stream().get(ctx)? {
        Some(stream) => is_stream_unusable(ctx, &stream),
        None => Ok(this.body().is_some_and(Body::is_unusable)),
    }
}

pub(super) fn is_stream_unusable<'js>(ctx: &Ctx<'js>, stream: &Value<'js>) -> Result<bool> {
    let is_disturbed: bool = body_helper(ctx, "isDisturbed")?.call((stream.clone(),))?;
    Ok(is_disturbed || body_helper(ctx, "isLocked")?.call((stream.clone(),))?)
}

/// <https://fetch.spec.whatwg.org/#concept-body-consume-body>, of a stream.
pub(super) fn consume<'js>(
    ctx: &Ctx<'js>,
    stream: Value<'js>,
    package: Package,
    max_bytes: usize,
) -> Result<Value<'js>> {
    let make = function(ctx, "", 1, move |call| {
        let bytes = call.value(0).into_object().ok_or(Error::Unknown)?;
        made(call.ctx(), &package, &view_bytes(&bytes)?)
    })?;
    body_helper(ctx, "consume")?.call((stream, make, max_bytes as f64))
}

/// The two streams that take the place of one.
pub(super) fn tee<'js>(ctx: &Ctx<'js>, stream: Value<'js>) -> Result<[Value<'js>; 2]> {
    let both: Array<'js> = body_helper(ctx, "tee")?.call((stream,))?;
    Ok([both.get(0)?, both.get(1)?])
}

/// A stream that takes the place of one, which is spent.
pub(super) fn proxy<'js>(ctx: &Ctx<'js>, stream: Value<'js>) -> Result<Value<'js>> {
    body_helper(ctx, "proxy")?.call((stream,))
}

/// What comes out of a stream, for who reads it without script.
pub(super) fn chunks_of<'js>(ctx: &Ctx<'js>, url: &str, stream: Value<'js>) -> Result<BodyChunks> {
    let pipe = Rc::new(RefCell::new(Pipe::default()));
    let (given, closed, failed) = (pipe.clone(), pipe.clone(), pipe.clone());
    let each = function(ctx, "", 1, move |call| {
        let bytes = call.value(0).into_object().ok_or(Error::Unknown)?;
        let bytes = weighed(call.ctx(), view_bytes(&bytes)?)?;
        given.borrow_mut().push(Ok(bytes));
        call.undefined()
    })?;
    let close = function(ctx, "", 0, move |call| {
        closed.borrow_mut().end();
        call.undefined()
    })?;
    let url = url.to_owned();
    let fail = function(ctx, "", 1, move |call| {
        let why = format!("its stream failed: {}", to_text(call.ctx(), &call.value(0))?);
        failed.borrow_mut().push(Err(NetworkError::in_body(&url, why)));
        failed.borrow_mut().end();
        call.undefined()
    })?;
    body_helper(ctx, "readEach")?.call::<_, Value<'js>>((stream, each, close, fail))?;
    Ok(BodyChunks::of_chunks(Box::pin(Outlet(pipe))))
}

/// What a stream gave and nobody took yet. It is counted like all bodies are.
#[derive(Default)]
struct Pipe {
    items: VecDeque<std::result::Result<Bytes, NetworkError>>,
    has_ended: bool,
    waiting: Option<Waker>,
}

impl Pipe {
    fn push(&mut self, item: std::result::Result<Bytes, NetworkError>) {
        self.items.push_back(item);
        self.waiting.take().map(Waker::wake).unwrap_or_default();
    }

    fn end(&mut self) {
        self.has_ended = true;
        self.waiting.take().map(Waker::wake).unwrap_or_default();
    }
}

struct Outlet(Rc<RefCell<Pipe>>);

impl Stream for Outlet {
    type Item = std::result::Result<Bytes, NetworkError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut pipe = self.0.borrow_mut();
        match pipe.items.pop_front() {
            Some(item) => Poll::Ready(Some(item)),
            None if pipe.has_ended => Poll::Ready(None),
            None => {
                pipe.waiting = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// What a stream reads from.
#[derive(Default)]
struct Source {
    /// `None` while a task has it, and at the end.
    chunks: RefCell<Option<BodyChunks>>,
    /// The task that waits for a chunk.
    task: Cell<Option<TaskId>>,
}

pub(super) fn stream_of<'js>(ctx: &Ctx<'js>, chunks: BodyChunks) -> Result<Value<'js>> {
    let source = Rc::new(Source { chunks: RefCell::new(Some(chunks)), task: Cell::default() });
    let reader = source.clone();
    let next = function(ctx, "", 2, move |call| reader.clone().next(call))?;
    let cancel = function(ctx, "", 0, move |call| {
        if let Some(task) = source.task.take() {
            host(call.ctx()).tasks.abort(task);
        }
        // A file is closed, a connection cut.
        drop(source.chunks.take());
        call.undefined()
    })?;
    body_helper(ctx, "streamOf")?.call((next, cancel))
}

impl Source {
    /// `next(give, fail)`: gives the next bytes, or nothing at the end.
    fn next<'js>(self: Rc<Self>, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let ctx = call.ctx();
        let (give, fail): (Function<'js>, Function<'js>) = (call.get(0)?, call.get(1)?);
        let Some(mut chunks) = self.chunks.take() else {
            give.call::<_, ()>(())?;
            return call.undefined();
        };
        // OPTIMIZATION: bytes that are there need no task.
        if let Some(bytes) = chunks.take_bytes() {
            if bytes.is_empty() {
                give.call::<_, ()>(())?;
            } else {
                give.call::<_, ()>((array(ctx, &bytes)?,))?;
            }
            return call.undefined();
        }
        let give = Root::<Function<'static>>::new(ctx, give)?;
        let fail = Root::<Function<'static>>::new(ctx, fail)?;
        let work = async move {
            // A stream of bytes takes no empty chunks.
            let mut outcome = chunks.next().await;
            while matches!(&outcome, Ok(Some(bytes)) if bytes.is_empty()) {
                outcome = chunks.next().await;
            }
            (chunks, outcome)
        };
        let source = self.clone();
        let task = host(ctx).tasks.spawn(work, move |ctx, (chunks, outcome)| {
            source.task.set(None);
            match outcome {
                Ok(Some(bytes)) => {
                    source.chunks.replace(Some(chunks));
                    give.get::<Function<'_>>(ctx)?.call((array(ctx, &bytes)?,))
                }
                Ok(None) => give.get::<Function<'_>>(ctx)?.call(()),
                Err(error) => {
                    let reason = take_exception(ctx, error.throw(ctx));
                    fail.get::<Function<'_>>(ctx)?.call((reason,))
                }
            }
        });
        self.task.set(Some(task));
        call.undefined()
    }
}

fn array<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<TypedArray<'js, u8>> {
    TypedArray::from_arraybuffer(ArrayBuffer::new_copy(ctx.clone(), bytes)?)
}
