//! Both ends of a channel, wherever they are.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use holm_host::{Bell, Inbox, KeepAlive, Receiver, host};
use holm_js::{
    Ctx, ErrorKind, Result, Value, heap_limit_bytes, is_uncatchable, take_exception, throw,
    throw_value,
};

use crate::structured_clone::{Message, Received};

/// What isolates of one family may have on its way, together, where the sender's heap has no limit;
/// else it is as much as that. A worker that posts faster than anybody reads would otherwise take
/// all memory there is.
const MAX_BYTES_ON_THE_WAY: usize = 2 << 30;

/// Bytes of messages that were posted and not read.
#[derive(Debug, Default)]
struct OnTheWay(AtomicUsize);

/// A message that counts for as long as nobody has read it.
struct Counted {
    message: Option<Message>,
    bytes: usize,
    on_the_way: Arc<OnTheWay>,
}

impl Counted {
    fn new(ctx: &Ctx<'_>, message: Message) -> Result<Self> {
        let on_the_way = host(ctx).cluster.part::<OnTheWay>();
        let bytes = message.byte_len();
        let before = on_the_way.0.fetch_add(bytes, Ordering::Relaxed);
        let counted = Self { message: Some(message), bytes, on_the_way };
        let limit = heap_limit_bytes(ctx).unwrap_or(MAX_BYTES_ON_THE_WAY);
        if before.saturating_add(bytes) > limit {
            let text = format!(
                "postMessage: {before} bytes are posted and not read yet, and {bytes} more are \
                 over the limit of {limit}: wait for answers, or transfer buffers"
            );
            return Err(throw(ctx, ErrorKind::Range, &text));
        }
        Ok(counted)
    }

    fn read(mut self) -> Option<Message> {
        self.message.take()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.on_the_way.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// What goes through a channel.
enum Letter {
    Message(Counted),
    /// The other end is gone: nothing follows.
    Closed,
}

/// One end of a channel, on its way or picked up. When it is dropped the channel is closed.
pub struct Endpoint {
    mine: Arc<Inbox<Letter>>,
    theirs: Arc<Inbox<Letter>>,
}

impl Endpoint {
    /// The two ends of a new channel.
    pub fn pair() -> (Self, Self) {
        let (one, other) = (Arc::<Inbox<Letter>>::default(), Arc::<Inbox<Letter>>::default());
        (Self { mine: one.clone(), theirs: other.clone() }, Self { mine: other, theirs: one })
    }

    /// Sends a message to the other end.
    pub(super) fn send(&self, ctx: &Ctx<'_>, message: Message) -> Result<()> {
        self.theirs.push(Letter::Message(Counted::new(ctx, message)?));
        Ok(())
    }

    /// Whether these two are the ends of one channel.
    pub fn is_other_end_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.mine, &other.theirs)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.mine.detach();
        // A message may hold an end of some channel, this one's too: nobody will read them.
        while let Some(letter) = self.mine.pop() {
            drop(letter);
        }
        self.theirs.push(Letter::Closed);
    }
}

/// What came through a line.
#[derive(Debug)]
pub enum Arrival<'js> {
    /// A message.
    Message(Received<'js>),
    /// A message that cannot be read here, and why.
    Unreadable(Value<'js>),
    /// The other end is gone, or this one was closed.
    Closed,
}

/// Acts on what comes.
pub type Listener = Rc<dyn for<'js> Fn(&Ctx<'js>, Arrival<'js>) -> Result<()>>;

/// An end of a channel that an isolate has picked up.
#[derive(Clone)]
pub struct Line(Rc<LineState>);

struct LineState {
    /// None once closed or handed on.
    endpoint: RefCell<Option<Endpoint>>,
    inbox: Arc<Inbox<Letter>>,
    listener: RefCell<Option<Listener>>,
    bell: RefCell<Option<Bell>>,
    /// Whether messages are handed over, too, and not only the end.
    is_started: Cell<bool>,
    /// Whether the script wants it to keep the isolate alive, and somebody listens.
    is_referenced: Cell<bool>,
    is_listened_to: Cell<bool>,
    /// Whether the script has asked for it in so many words: then nobody need listen.
    is_held: Cell<bool>,
    keep_alive: RefCell<Option<KeepAlive>>,
}

impl Line {
    /// Picks an end up. Messages wait until it is started.
    pub fn new(endpoint: Endpoint) -> Self {
        Self(Rc::new(LineState {
            inbox: endpoint.mine.clone(),
            endpoint: RefCell::new(Some(endpoint)),
            listener: RefCell::default(),
            bell: RefCell::default(),
            is_started: Cell::new(false),
            is_referenced: Cell::new(true),
            is_listened_to: Cell::new(false),
            is_held: Cell::new(false),
            keep_alive: RefCell::default(),
        }))
    }

    /// Sends a message; to nobody if the line is closed.
    pub fn send(&self, ctx: &Ctx<'_>, message: Message) -> Result<()> {
        if let Some(endpoint) = &*self.0.endpoint.borrow() {
            endpoint.send(ctx, message)?;
        }
        Ok(())
    }

    /// Hands over what comes, and what came already, from now on.
    pub fn start(&self, ctx: &Ctx<'_>, listener: impl FnOnce() -> Result<Listener>) -> Result<()> {
        if self.is_started() || self.is_closed() {
            return Ok(());
        }
        self.watch(ctx, listener)?;
        self.0.is_started.set(true);
        if let Some(bell) = &*self.0.bell.borrow() {
            self.0.inbox.attach(bell.clone());
        }
        self.update(ctx);
        Ok(())
    }

    /// Tells when the channel is closed, while messages wait.
    pub fn watch(&self, ctx: &Ctx<'_>, listener: impl FnOnce() -> Result<Listener>) -> Result<()> {
        if self.0.bell.borrow().is_some() || self.is_closed() {
            return Ok(());
        }
        self.0.listener.replace(Some(listener()?));
        let bell = host(ctx).receivers.add(self.0.clone());
        self.0.inbox.attach(bell.clone());
        self.0.bell.replace(Some(bell));
        Ok(())
    }

    /// Lets messages wait again.
    pub fn stop(&self, ctx: &Ctx<'_>) {
        self.0.inbox.detach();
        if let Some(bell) = self.0.bell.take() {
            host(ctx).receivers.remove(&bell);
        }
        self.0.is_started.set(false);
        let listener = self.0.listener.take();
        self.update(ctx);
        drop(listener);
    }

    /// Whether it was started and not stopped.
    pub fn is_started(&self) -> bool {
        self.0.is_started.get()
    }

    /// Closes the channel; the listener is told, later.
    pub fn close(&self, ctx: &Ctx<'_>) {
        let Some(endpoint) = self.0.endpoint.take() else { return };
        drop(endpoint);
        if let Some(bell) = &*self.0.bell.borrow() {
            self.0.inbox.attach(bell.clone());
        }
        self.0.inbox.push(Letter::Closed);
        self.update(ctx);
    }

    /// Whether nothing more goes through it from here.
    pub fn is_closed(&self) -> bool {
        self.0.endpoint.borrow().is_none()
    }

    /// Says whether the script wants the line to keep the isolate alive. As in Node, it does so
    /// from then on, listened to or not: packages hold programs by a port that they never read.
    pub fn set_referenced(&self, ctx: &Ctx<'_>, is_referenced: bool) {
        self.0.is_referenced.set(is_referenced);
        self.0.is_held.set(is_referenced);
        self.update(ctx);
    }

    /// Says whether anybody listens for messages: only then it keeps the isolate alive.
    pub fn set_listened_to(&self, ctx: &Ctx<'_>, is_listened_to: bool) {
        let was_listened_to = self.0.is_listened_to.replace(is_listened_to);
        if was_listened_to && !is_listened_to {
            self.0.is_held.set(false);
        }
        self.update(ctx);
    }

    /// Whether it keeps the isolate alive.
    pub fn keeps_alive(&self) -> bool {
        self.0.keep_alive.borrow().is_some()
    }

    fn update(&self, ctx: &Ctx<'_>) {
        let state = &*self.0;
        let is_listening = state.is_listened_to.get() && self.is_started();
        let wanted =
            state.is_referenced.get() && (is_listening || state.is_held.get()) && !self.is_closed();
        let mut keep_alive = state.keep_alive.borrow_mut();
        match (wanted, keep_alive.is_some()) {
            (true, false) => *keep_alive = Some(host(ctx).receivers.keep_alive()),
            (false, true) => *keep_alive = None,
            _ => {}
        }
    }

    /// Gives the end away, with what nobody has read: the line is closed then, silently.
    pub fn hand_on(&self, ctx: &Ctx<'_>) -> Option<Endpoint> {
        let endpoint = self.0.endpoint.take()?;
        self.stop(ctx);
        Some(endpoint)
    }

    /// Looks at the end.
    pub fn with_endpoint<R>(&self, look: impl FnOnce(&Endpoint) -> R) -> Option<R> {
        self.0.endpoint.borrow().as_ref().map(look)
    }

    /// The next message, at once, if there is one.
    pub fn receive_now<'js>(&self, ctx: &Ctx<'js>) -> Result<Option<Received<'js>>> {
        if self.is_closed() {
            return Ok(None);
        }
        match self.0.inbox.pop() {
            Some(Letter::Message(message)) => {
                message.read().map(|message| message.deserialize(ctx)).transpose()
            }
            Some(Letter::Closed) => {
                self.0.inbox.push(Letter::Closed);
                Ok(None)
            }
            None => Ok(None),
        }
    }
}

impl Receiver for LineState {
    fn receive(&self, ctx: &Ctx<'_>) -> Result<()> {
        let is_wanted = |letter: &Letter| self.is_started.get() || matches!(letter, Letter::Closed);
        let Some(letter) = self.inbox.pop_if(is_wanted) else { return Ok(()) };
        let Some(listener) = self.listener.borrow().clone() else { return Ok(()) };
        match letter {
            Letter::Message(message) => {
                let Some(message) = message.read() else { return Ok(()) };
                let arrival = match message.deserialize(ctx) {
                    Ok(received) => Arrival::Message(received),
                    Err(error) => {
                        let thrown = take_exception(ctx, error);
                        if is_uncatchable(&thrown) {
                            return Err(throw_value(ctx, thrown));
                        }
                        Arrival::Unreadable(thrown)
                    }
                };
                listener(ctx, arrival)
            }
            Letter::Closed => {
                drop(self.endpoint.take());
                drop(self.keep_alive.take());
                self.inbox.detach();
                if let Some(bell) = self.bell.take() {
                    host(ctx).receivers.remove(&bell);
                }
                drop(self.listener.take());
                listener(ctx, Arrival::Closed)
            }
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("inbox", &self.mine).finish()
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("is_closed", &self.is_closed()).finish_non_exhaustive()
    }
}
