//! A stream of script as the body of a request.
//!
//! Script is asked for a chunk only when the connection has taken the one before: whatever the
//! stream could give, one chunk waits.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use holm_host::host;
use holm_js::{
    Call, Ctx, Error, ErrorKind, Function, Result, Root, Value, function, throw, to_text,
    view_bytes,
};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::http::StreamFailed;
use crate::streams::body_helper;
use crate::weight::weighed;

/// How many chunks wait for the connection.
const CHUNKS_AHEAD: usize = 1;

/// How a stream ended. Not set: it was given up.
type Outcome = Arc<OnceLock<std::result::Result<(), String>>>;

/// The end of a stream that the connection has.
#[derive(Debug)]
pub(super) struct Upload {
    chunks: Receiver<Bytes>,
    outcome: Outcome,
}

impl Upload {
    /// The next chunk. A stream that does not come to its end is an error: the server must not
    /// take what came for the whole.
    pub(super) fn poll_next(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<std::result::Result<Bytes, StreamFailed>>> {
        self.chunks.poll_recv(cx).map(|chunk| match (chunk, self.outcome.get()) {
            (Some(chunk), _) => Some(Ok(chunk)),
            (None, Some(Ok(()))) => None,
            (None, Some(Err(text))) => Some(Err(StreamFailed(text.clone()))),
            (None, None) => Some(Err(StreamFailed("it was given up".to_owned()))),
        })
    }
}

/// Ends the reading of a stream that is not at its end yet.
#[derive(Clone, Default)]
pub(super) struct Stop(Rc<RefCell<Option<Root<Function<'static>>>>>);

impl Stop {
    /// Cancels the stream.
    pub(super) fn stop<'js>(&self, ctx: &Ctx<'js>, reason: Value<'js>) -> Result<()> {
        match self.0.take() {
            Some(stop) => {
                stop.get::<Function<'js>>(ctx)?.call::<_, Value<'js>>((reason,)).map(drop)
            }
            None => Ok(()),
        }
    }
}

/// Begins to read a stream.
pub(super) fn begin<'js>(ctx: &Ctx<'js>, stream: Value<'js>) -> Result<(Upload, Stop)> {
    let (sender, chunks) = channel(CHUNKS_AHEAD);
    let (outcome, stop) = (Outcome::default(), Stop::default());
    let sender = Rc::new(RefCell::new(Some(sender)));
    let giver = sender.clone();
    let each = function(ctx, "", 1, move |call| give(call, &giver))?;
    let finish = |ending: fn(&Call<'_, '_>) -> Result<std::result::Result<(), String>>| {
        let (sender, outcome, stop) = (sender.clone(), outcome.clone(), stop.clone());
        function(ctx, "", 1, move |call| {
            outcome.set(ending(call)?).unwrap_or_default();
            // After the outcome: who waits for a chunk is woken by this.
            drop(sender.take());
            drop(stop.0.take());
            call.undefined()
        })
    };
    let close = finish(|_| Ok(Ok(())))?;
    let fail = finish(|call| Ok(Err(to_text(call.ctx(), &call.value(0))?)))?;
    let cancel: Function<'js> = body_helper(ctx, "readEach")?.call((stream, each, close, fail))?;
    // What gives all at once is at its end already.
    if sender.borrow().is_some() {
        stop.0.replace(Some(Root::new(ctx, cancel)?));
    }
    Ok((Upload { chunks, outcome }, stop))
}

/// Gives a chunk to the connection: a promise, where that has to take the last one first.
fn give<'js>(call: &Call<'_, 'js>, sender: &RefCell<Option<Sender<Bytes>>>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let view = call.value(0).into_object().ok_or(Error::Unknown)?;
    let bytes = weighed(ctx, view_bytes(&view)?)?;
    let gone = |ctx: &Ctx<'_>| throw(ctx, ErrorKind::Type, "the connection takes no more");
    let Some(sender) = sender.borrow().clone() else { return Err(gone(ctx)) };
    let bytes = match sender.try_send(bytes) {
        Ok(()) => return call.undefined(),
        Err(TrySendError::Closed(_)) => return Err(gone(ctx)),
        Err(TrySendError::Full(bytes)) => bytes,
    };
    let (promise, resolve, reject) = ctx.promise()?;
    let resolve = Root::<Function<'static>>::new(ctx, resolve)?;
    let reject = Root::<Function<'static>>::new(ctx, reject)?;
    let sent = async move { sender.send(bytes).await };
    host(ctx).tasks.spawn(sent, move |ctx, sent| match sent {
        Ok(()) => resolve.get::<Function<'_>>(ctx)?.call(()),
        Err(_) => {
            let reason = holm_js::take_exception(ctx, gone(ctx));
            reject.get::<Function<'_>>(ctx)?.call((reason,))
        }
    });
    Ok(promise.into_value())
}
