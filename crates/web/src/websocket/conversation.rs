//! An open socket: what is sent, and what comes.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, Stream};
use tokio::time::{Sleep, sleep};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::handshake::Socket;

/// How long a server may take to close, once it was told to.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// How many frames that script does not see are read before others get their turn.
const MAX_UNSEEN_FRAMES: u32 = 64;

/// <https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1>: there was no code, or no farewell.
const NO_CODE: u16 = 1005;
const ABNORMAL: u16 = 1006;

/// How a socket was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) code: u16,
    pub(super) reason: String,
    pub(super) is_clean: bool,
}

impl Ending {
    /// Without a farewell.
    pub(super) fn abnormal() -> Self {
        Self { code: ABNORMAL, reason: String::new(), is_clean: false }
    }
}

/// What happens to an open socket.
pub(super) enum Happening {
    Text(Utf8Bytes),
    Binary(Bytes),
    /// The server says farewell: no more messages come.
    Closing,
    /// The connection is over; why, where that is an error.
    Closed(Ending, Option<String>),
}

/// What script has queued. Script's end and the task's end share it.
#[derive(Default)]
pub(super) struct Outbox {
    messages: RefCell<VecDeque<Message>>,
    /// <https://websockets.spec.whatwg.org/#dom-websocket-bufferedamount>
    buffered_bytes: Cell<usize>,
    waiting: RefCell<Option<Waker>>,
}

impl Outbox {
    pub(super) fn buffered_bytes(&self) -> usize {
        self.buffered_bytes.get()
    }

    /// Counts what is never sent: the socket is closing.
    pub(super) fn count(&self, len_bytes: usize) {
        self.buffered_bytes.set(self.buffered_bytes.get().saturating_add(len_bytes));
    }

    pub(super) fn push(&self, message: Message) {
        if !message.is_close() {
            self.count(message.len());
        }
        self.messages.borrow_mut().push_back(message);
        self.waiting.take().map(Waker::wake).unwrap_or_default();
    }
}

/// The task's end of an open socket.
pub(super) struct Conversation {
    socket: Socket,
    outbox: Rc<Outbox>,
    /// What was handed to the socket, and not to the network so far.
    unflushed_bytes: usize,
    needs_flush: bool,
    /// Since when the server has been told to close.
    closing: Option<Pin<Box<Sleep>>>,
    /// The server's farewell.
    farewell: Option<Ending>,
}

impl Conversation {
    pub(super) fn new(socket: Socket, outbox: Rc<Outbox>) -> Self {
        Self {
            socket,
            outbox,
            unflushed_bytes: 0,
            needs_flush: false,
            closing: None,
            farewell: None,
        }
    }

    /// Sends what is queued until something happens.
    pub(super) async fn next(mut self) -> (Self, Happening) {
        let happening = poll_fn(|cx| self.poll_next(cx)).await;
        (self, happening)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Happening> {
        self.outbox.waiting.replace(Some(cx.waker().clone()));
        if let Err(error) = self.poll_send(cx) {
            return Poll::Ready(self.over(Some(&error)));
        }
        for _ in 0..MAX_UNSEEN_FRAMES {
            match Pin::new(&mut self.socket).poll_next(cx) {
                Poll::Ready(Some(Ok(message))) => {
                    if let Some(happening) = self.received(message) {
                        return Poll::Ready(happening);
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(self.over(Some(&error))),
                Poll::Ready(None) => return Poll::Ready(self.over(None)),
                Poll::Pending => return self.poll_patience(cx),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        loop {
            if self.outbox.messages.borrow().is_empty() {
                break;
            }
            match Pin::new(&mut self.socket).poll_ready(cx) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return Ok(()),
            }
            let Some(message) = self.outbox.messages.borrow_mut().pop_front() else { break };
            if message.is_close() {
                self.closing = Some(Box::pin(sleep(CLOSE_TIMEOUT)));
            } else {
                self.unflushed_bytes += message.len();
            }
            self.needs_flush = true;
            Pin::new(&mut self.socket).start_send(message)?;
        }
        if self.needs_flush
            && let Poll::Ready(flushed) = Pin::new(&mut self.socket).poll_flush(cx)
        {
            flushed?;
            self.needs_flush = false;
            let left = self.outbox.buffered_bytes.get().saturating_sub(self.unflushed_bytes);
            self.outbox.buffered_bytes.set(left);
            self.unflushed_bytes = 0;
        }
        Ok(())
    }

    fn received(&mut self, message: Message) -> Option<Happening> {
        match message {
            Message::Text(text) => Some(Happening::Text(text)),
            Message::Binary(bytes) => Some(Happening::Binary(bytes)),
            Message::Close(frame) => {
                // It is answered by whoever reads on.
                self.needs_flush = true;
                self.closing.get_or_insert_with(|| Box::pin(sleep(CLOSE_TIMEOUT)));
                self.farewell = Some(match frame {
                    Some(CloseFrame { code, reason }) => {
                        Ending { code: code.into(), reason: reason.to_string(), is_clean: true }
                    }
                    None => Ending { code: NO_CODE, reason: String::new(), is_clean: true },
                });
                Some(Happening::Closing)
            }
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
                self.needs_flush = true;
                None
            }
        }
    }

    /// Gives up on a server that does not close.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<Happening> {
        let Some(patience) = &mut self.closing else { return Poll::Pending };
        match patience.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(self.over(None)),
            Poll::Pending => Poll::Pending,
        }
    }

    /// The connection is over. What comes after a farewell is no error.
    fn over(&mut self, error: Option<&Error>) -> Happening {
        match (self.farewell.take(), error) {
            (Some(farewell), _) => Happening::Closed(farewell, None),
            (None, Some(Error::ConnectionClosed | Error::AlreadyClosed) | None) => {
                let why = self.closing.is_none().then(|| "the server is gone".to_owned());
                Happening::Closed(Ending::abnormal(), why)
            }
            (None, Some(error)) => Happening::Closed(Ending::abnormal(), Some(error.to_string())),
        }
    }
}
