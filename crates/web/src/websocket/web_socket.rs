//! `WebSocket`, <https://websockets.spec.whatwg.org/#the-websocket-interface>.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bytes::Bytes;
use holm_host::{TaskId, host};
use holm_js::reflect::Kind;
use holm_js::webidl::convert::{self, Integer};
use holm_js::webidl::{Definition, Interface, Parent, construct, new_object};
use holm_js::{
    ArrayBuffer, Call, Ctx, Error, ErrorKind, HostObject, IntoJs, Object, Result, Root, Tracer,
    Value, error, host_ref, throw, throw_dom, view_bytes,
};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use url::Url;

use super::close_event::CloseEvent;
use super::conversation::{Conversation, Ending, Happening, Outbox};
use super::handshake::{Opened, Opening};
use crate::events::{ErrorEvent, Event, EventTarget, MessageEvent, Place, event_handlers};
use crate::fetch::{is_shared_view, read_headers};
use crate::file_api::{blob_of, new_blob};
use crate::weight::{Weight, weighed};

/// What a socket takes, about: its buffers and its task.
const SOCKET_BYTES: usize = 64 << 10;
/// The longest reason that a close frame has room for.
const MAX_REASON_BYTES: usize = 123;

/// The inside of a `WebSocket`.
pub(super) struct WebSocket {
    target: EventTarget,
    url: Url,
    state: Cell<State>,
    protocol: RefCell<String>,
    gives_blobs: Cell<bool>,
    outbox: Rc<Outbox>,
    /// The task that opens it, or waits for something to happen.
    task: Cell<Option<TaskId>>,
    /// A script may make any number.
    _weight: Weight,
}

/// <https://websockets.spec.whatwg.org/#dom-websocket-readystate>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Connecting = 0,
    Open = 1,
    Closing = 2,
    Closed = 3,
}

impl HostObject for WebSocket {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.target.trace(tracer);
    }

    fn base(&self, wanted: TypeId) -> Option<&dyn Any> {
        (wanted == TypeId::of::<EventTarget>()).then_some(&self.target)
    }
}

impl Interface for WebSocket {
    const NAME: &'static str = "WebSocket";

    fn parent<'js>(ctx: &Ctx<'js>) -> Result<Option<Parent<'js>>> {
        Parent::of::<EventTarget>(ctx)
    }

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, constructed)
            .attribute("url", |this, call| call.returns(this.url.as_str()))?
            .attribute("readyState", |this, call| call.returns(this.state.get() as i32))?
            .attribute("bufferedAmount", |this, call| {
                call.returns(this.outbox.buffered_bytes() as f64)
            })?;
        event_handlers(members, &[("onopen", "open"), ("onerror", "error"), ("onclose", "close")])?;
        members
            // None is spoken.
            .attribute("extensions", |_, call| call.returns(""))?
            .attribute("protocol", |this, call| call.returns(&**this.protocol.borrow()))?
            .operation("close", 0, Self::close)?;
        event_handlers(members, &[("onmessage", "message")])?;
        members
            .writable_attribute(
                "binaryType",
                |this, call| {
                    call.returns(if this.gives_blobs.get() { "blob" } else { "arraybuffer" })
                },
                |this, call| {
                    // What is no member of the enumeration changes nothing.
                    match convert::string(call.ctx(), &call.value(0))?.as_str() {
                        "blob" => this.gives_blobs.set(true),
                        "arraybuffer" => this.gives_blobs.set(false),
                        _ => {}
                    }
                    Ok(())
                },
            )?
            .operation("send", 1, Self::send)?;
        for (name, state) in [
            ("CONNECTING", State::Connecting),
            ("OPEN", State::Open),
            ("CLOSING", State::Closing),
            ("CLOSED", State::Closed),
        ] {
            members.constant(name, state as i32)?;
        }
        Ok(())
    }
}

/// <https://websockets.spec.whatwg.org/#dom-websocket-websocket>
fn constructed<'js>(call: &Call<'_, 'js>) -> Result<Object<'js>> {
    let ctx = call.ctx();
    let url = convert::string(ctx, &call.value(0))?;
    let (protocols, headers) = options(ctx, &call.value(1))?;
    let url = checked_url(ctx, &url)?;
    check_protocols(ctx, &protocols)?;
    let opening = Opening::new(ctx, url.clone(), protocols, headers);
    let socket = construct(
        call,
        WebSocket {
            target: EventTarget::default(),
            url,
            state: Cell::new(State::Connecting),
            protocol: RefCell::default(),
            gives_blobs: Cell::new(true),
            outbox: Rc::default(),
            task: Cell::default(),
            _weight: Weight::new(ctx, SOCKET_BYTES)?,
        },
    )?;
    // 11. Run this step in parallel: establish a WebSocket connection given urlRecord, protocols,
    //     and client. (Until it is closed, the task keeps it.)
    let root = Root::<Object<'static>>::new(ctx, socket.clone())?;
    let task = host(ctx).tasks.spawn(opening.run(), move |ctx, opened| {
        let object: Value<'_> = root.get(ctx)?;
        match opened {
            Ok(opened) => established(ctx, &object, opened),
            Err(why) => closed(ctx, &object, Ending::abnormal(), Some(&why)),
        }
    });
    inside(socket.as_value())?.task.set(Some(task));
    Ok(socket)
}

/// The second argument: protocols or, as in Node, options with protocols and headers.
type Options = (Vec<String>, Vec<(Vec<u8>, Vec<u8>)>);

fn options<'js>(ctx: &Ctx<'js>, given: &Value<'js>) -> Result<Options> {
    let Some(object) = given.as_object() else {
        let protocols = match given.is_undefined() {
            true => Vec::new(),
            false => vec![convert::string(ctx, given)?],
        };
        return Ok((protocols, Vec::new()));
    };
    if convert::iterator_method(object)?.is_some() {
        return Ok((strings(ctx, given)?, Vec::new()));
    }
    let headers = match convert::member(object, "headers")? {
        Some(headers) => read_headers(ctx, &headers)?,
        None => Vec::new(),
    };
    let protocols = match convert::member(object, "protocols")? {
        Some(protocols) if protocols.is_object() => strings(ctx, &protocols)?,
        Some(protocol) => vec![convert::string(ctx, &protocol)?],
        None => Vec::new(),
    };
    Ok((protocols, headers))
}

fn strings<'js>(ctx: &Ctx<'js>, given: &Value<'js>) -> Result<Vec<String>> {
    let values = convert::sequence(ctx, given, "WebSocket: the protocols")?;
    values.iter().map(|value| convert::string(ctx, value)).collect()
}

fn checked_url(ctx: &Ctx<'_>, text: &str) -> Result<Url> {
    let fail = |text: &str| throw_dom(ctx, "SyntaxError", text);
    // 1. Let urlRecord be the result of applying the URL parser to url with baseURL. 2. If
    //    urlRecord is failure, then throw a "SyntaxError" DOMException.
    let mut url = Url::parse(text).map_err(|_| fail(&format!("Invalid URL: {text}")))?;
    // 3. If urlRecord's scheme is "http", then set it to "ws". 4. Otherwise, if it is "https",
    //    set it to "wss".
    let scheme = match url.scheme() {
        "http" | "ws" => "ws",
        "https" | "wss" => "wss",
        // 5. If urlRecord's scheme is not "ws" or "wss", then throw a "SyntaxError".
        other => {
            let text = format!("Expected a ws: or wss: protocol, got {other}:");
            return Err(fail(&text));
        }
    };
    url.set_scheme(scheme).map_err(|()| fail("the URL's scheme cannot be changed"))?;
    // 6. If urlRecord's fragment is non-null, then throw a "SyntaxError" DOMException.
    if url.fragment().is_some() {
        return Err(fail("Got fragment"));
    }
    Ok(url)
}

/// 8. If any of the values in protocols occur more than once or otherwise fail to match the
///    requirements for elements that comprise the value of `Sec-WebSocket-Protocol`, then throw.
fn check_protocols(ctx: &Ctx<'_>, protocols: &[String]) -> Result<()> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    for (index, protocol) in protocols.iter().enumerate() {
        let is_repeated =
            protocols[..index].iter().any(|other| other.eq_ignore_ascii_case(protocol));
        if is_repeated || protocol.is_empty() || !protocol.bytes().all(is_token) {
            let text = format!("Invalid Sec-WebSocket-Protocol value: {protocol:?}");
            return Err(throw_dom(ctx, "SyntaxError", &text));
        }
    }
    Ok(())
}

impl WebSocket {
    /// <https://websockets.spec.whatwg.org/#dom-websocket-close>
    fn close<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let ctx = call.ctx();
        let code = match call.value(0) {
            code if code.is_undefined() => None,
            code => Some(convert::unsigned_short(ctx, &code, Integer::Clamp, "code")?),
        };
        let reason = match call.value(1) {
            reason if reason.is_undefined() => String::new(),
            reason => convert::string(ctx, &reason)?,
        };
        // 1. If code is present, but is neither an integer equal to 1000 nor an integer in the
        //    range 3000 to 4999, inclusive, throw an "InvalidAccessError" DOMException.
        if code.is_some_and(|code| code != 1000 && !(3000..=4999).contains(&code)) {
            return Err(throw_dom(ctx, "InvalidAccessError", "invalid code"));
        }
        // 2. If reason is present: if it is longer than 123 bytes, throw a "SyntaxError".
        if reason.len() > MAX_REASON_BYTES {
            let text = format!("Reason must be less than {MAX_REASON_BYTES} bytes");
            return Err(throw_dom(ctx, "SyntaxError", &text));
        }
        // 3. Close the WebSocket with this, code, and reason.
        match self.state.get() {
            State::Closing | State::Closed => {}
            // Fail the WebSocket connection, and set this's ready state to CLOSING (2).
            State::Connecting => self.give_up(ctx, &call.this())?,
            State::Open => {
                self.state.set(State::Closing);
                let frame = (code.is_some() || !reason.is_empty()).then(|| CloseFrame {
                    code: code.unwrap_or(1000).into(),
                    reason: Utf8Bytes::from(reason),
                });
                self.outbox.push(Message::Close(frame));
            }
        }
        call.undefined()
    }

    /// Ends a socket that is not open yet.
    fn give_up<'js>(&self, ctx: &Ctx<'js>, this: &Value<'js>) -> Result<()> {
        self.state.set(State::Closing);
        if let Some(task) = self.task.take() {
            host(ctx).tasks.abort(task);
        }
        let root = Root::<Object<'static>>::new(ctx, this.clone())?;
        host(ctx).tasks.spawn(async {}, move |ctx, ()| {
            let why = "it was closed before it was open";
            closed(ctx, &root.get(ctx)?, Ending::abnormal(), Some(why))
        });
        Ok(())
    }

    /// <https://websockets.spec.whatwg.org/#dom-websocket-send>
    fn send<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let ctx = call.ctx();
        let message = message_of(ctx, &call.value(0))?;
        match self.state.get() {
            // 1. If this's ready state is CONNECTING, then throw an "InvalidStateError".
            State::Connecting => {
                return Err(throw_dom(ctx, "InvalidStateError", "Sent before connected."));
            }
            State::Open => self.outbox.push(message),
            // 2. Increase the bufferedAmount attribute by the length of the message.
            State::Closing | State::Closed => self.outbox.count(message.len()),
        }
        call.undefined()
    }
}

/// `(BufferSource or Blob or USVString)`
fn message_of<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Message> {
    if let Some(blob) = blob_of(value) {
        return Ok(Message::Binary(blob.bytes));
    }
    if let Some(object) = value.as_object()
        && matches!(Kind::of(object), Kind::ArrayBuffer | Kind::TypedArray(_) | Kind::DataView)
    {
        if is_shared_view(object)? {
            let text = "WebSocket.send: a view of a SharedArrayBuffer is not allowed";
            return Err(throw(ctx, ErrorKind::Type, text));
        }
        return Ok(Message::Binary(weighed(ctx, view_bytes(object)?)?));
    }
    let text = weighed(ctx, convert::string(ctx, value)?.into_bytes())?;
    Utf8Bytes::try_from(text).map(Message::Text).map_err(|_| Error::Unknown)
}

fn inside<'a>(object: &'a Value<'_>) -> Result<&'a WebSocket> {
    host_ref::<WebSocket>(object).ok_or(Error::Unknown)
}

/// <https://websockets.spec.whatwg.org/#feedback-from-the-protocol>: when the connection is
/// established.
fn established<'js>(ctx: &Ctx<'js>, object: &Value<'js>, opened: Opened) -> Result<()> {
    let socket = inside(object)?;
    // 1. Change the ready state to OPEN (1). 3. Change the protocol attribute's value.
    socket.state.set(State::Open);
    socket.protocol.replace(opened.protocol);
    wait(ctx, object, Conversation::new(opened.socket, socket.outbox.clone()))?;
    // 4. Fire an event named open at the WebSocket object.
    let event = new_object(ctx, Event::trusted(ctx, "open"))?;
    socket.target.dispatch(ctx, object, &event).map(drop)
}

/// Waits for what happens next.
fn wait<'js>(ctx: &Ctx<'js>, object: &Value<'js>, conversation: Conversation) -> Result<()> {
    let root = Root::<Object<'static>>::new(ctx, object.clone())?;
    let task = host(ctx).tasks.spawn(conversation.next(), move |ctx, (conversation, happening)| {
        happened(ctx, &root.get(ctx)?, conversation, happening)
    });
    inside(object)?.task.set(Some(task));
    Ok(())
}

fn happened<'js>(
    ctx: &Ctx<'js>,
    object: &Value<'js>,
    conversation: Conversation,
    happening: Happening,
) -> Result<()> {
    let socket = inside(object)?;
    match happening {
        Happening::Text(text) => {
            wait(ctx, object, conversation)?;
            received(ctx, object, &text.as_str().into_js(ctx)?)
        }
        Happening::Binary(bytes) => {
            wait(ctx, object, conversation)?;
            let data = binary(ctx, &bytes, socket.gives_blobs.get())?;
            received(ctx, object, &data)
        }
        // When the WebSocket closing handshake is started: change the ready state to CLOSING.
        Happening::Closing => {
            socket.state.set(State::Closing);
            wait(ctx, object, conversation)
        }
        Happening::Closed(ending, why) => {
            drop(conversation);
            closed(ctx, object, ending, why.as_deref())
        }
    }
}

fn binary<'js>(ctx: &Ctx<'js>, bytes: &Bytes, as_blob: bool) -> Result<Value<'js>> {
    if as_blob {
        return new_blob(ctx, bytes, "");
    }
    Ok(ArrayBuffer::new_copy(ctx.clone(), bytes)?.into_value())
}

/// When a message has been received.
fn received<'js>(ctx: &Ctx<'js>, object: &Value<'js>, data: &Value<'js>) -> Result<()> {
    let socket = inside(object)?;
    // 1. If ready state is not OPEN (1), then return.
    if socket.state.get() != State::Open {
        return Ok(());
    }
    // 3. Fire an event named message, with the origin attribute initialized to the serialization
    //    of the WebSocket object's url's origin.
    let origin = socket.url.origin().ascii_serialization();
    let event = MessageEvent::trusted(ctx, "message", data, Vec::new())?.of_origin(origin);
    socket.target.dispatch(ctx, object, &new_object(ctx, event)?).map(drop)
}

/// When the connection is closed, possibly because it never came to be.
fn closed<'js>(
    ctx: &Ctx<'js>,
    object: &Value<'js>,
    ending: Ending,
    why: Option<&str>,
) -> Result<()> {
    let socket = inside(object)?;
    socket.task.set(None);
    // 1. Change the ready state to CLOSED (3).
    socket.state.set(State::Closed);
    // 2. If the user agent was required to fail the WebSocket connection, fire an event named
    //    error at the WebSocket object. (As in Node it tells why.)
    if let Some(why) = why {
        let text = format!("WebSocket {}: {why}", socket.url);
        let reason = error(ctx, ErrorKind::Type, &text)?.into_value();
        let event = ErrorEvent::trusted(ctx, text, Place::default(), &reason);
        socket.target.dispatch(ctx, object, &new_object(ctx, event)?)?;
    }
    // 3. Fire an event named close at the WebSocket object, using CloseEvent.
    let event = new_object(ctx, CloseEvent::trusted(ctx, ending))?;
    socket.target.dispatch(ctx, object, &event).map(drop)
}
