//! One request and its response over HTTP/1.1.
//!
//! Each request has a connection of its own, which belongs to the response's body: dropping
//! that one ends it. The connection is driven by whoever waits for the response or reads the
//! body, so an unread body takes nothing from the server but what fits the buffers.

use std::error::Error as _;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper::ext::ReasonPhrase;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep, timeout};
use url::Position;

use super::body::{Body, Chunks};
use super::decoded::{ACCEPTED, decoded};
use super::error::{Cause, Fact, NetworkError, words};
use super::fetching::without_fragment;
use super::request::Request;
use super::response::{ResponseData, ResponseType};

/// How long a server may take to accept, as in Node.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long until the response's headers are there, as in Node.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(300);
/// How long between two parts of a body, as in Node.
const BODY_TIMEOUT: Duration = Duration::from_secs(300);
/// The longest head of a response. Node takes 16 KiB.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// The most headers in it.
const MAX_HEADERS: usize = 1000;

/// Headers about the connection, which is not the script's.
const CONNECTION_HEADERS: [&[u8]; 7] =
    [b"connection", b"expect", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"];

type Connection = http1::Connection<TokioIo<TcpStream>, Full<Bytes>>;

/// Sends the request to the first address that answers.
pub(super) async fn exchange(
    request: &Request,
    addresses: &[SocketAddr],
) -> Result<ResponseData, NetworkError> {
    let url = without_fragment(&request.url);
    let message = message(request)?;
    let (stream, peer) = connect(url, addresses).await?;
    let broken = |error: &hyper::Error| {
        let (why, cause) = described(error, &peer.to_string());
        NetworkError::new(url, why).with_cause(cause)
    };
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| broken(&error))?;
    let mut wire = Wire(Some(Box::pin(connection)));
    let mut answer = pin!(sender.send_request(message));
    let answered = poll_fn(|cx| {
        wire.drive(cx);
        answer.as_mut().poll(cx)
    });
    let response = timeout(HEADERS_TIMEOUT, answered).await.map_err(|_| {
        let why = format!("no answer within {} seconds", HEADERS_TIMEOUT.as_secs());
        NetworkError::new(url, why).with_code("UND_ERR_HEADERS_TIMEOUT")
    })?;
    let response = response.map_err(|error| broken(&error))?;
    received(url, peer, response, wire)
}

async fn connect(
    url: &str,
    addresses: &[SocketAddr],
) -> Result<(TcpStream, SocketAddr), NetworkError> {
    let mut failure = NetworkError::new(url, "there is no address to connect to");
    for address in addresses {
        match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Without it small requests wait; with it refused they only are slower.
                drop(stream.set_nodelay(true));
                return Ok((stream, *address));
            }
            Ok(Err(error)) => {
                let mut cause = Cause::of_io(&error, "connect", &address.to_string());
                cause.facts.push(("address", Fact::Text(address.ip().to_string())));
                cause.facts.push(("port", Fact::Number(address.port().into())));
                let why = match error.kind() {
                    io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
                    _ => words(&error),
                };
                failure = NetworkError::new(url, why).with_cause(cause);
            }
            Err(_) => {
                let why = format!("no connection within {} seconds", CONNECT_TIMEOUT.as_secs());
                failure = NetworkError::new(url, why).with_code("UND_ERR_CONNECT_TIMEOUT");
            }
        }
    }
    Err(failure)
}

/// The request as HTTP/1.1 says it:
/// <https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch>
fn message(request: &Request) -> Result<hyper::Request<Full<Bytes>>, NetworkError> {
    let failed = |why: String| NetworkError::new(without_fragment(&request.url), why);
    let body = request.body.clone().unwrap_or_default();
    let mut headers = HeaderMap::new();
    for header in request.headers.iter() {
        let name = String::from_utf8_lossy(&header.name);
        if CONNECTION_HEADERS.contains(&header.name.as_slice()) {
            return Err(failed(format!(
                "the header '{name}' is about the connection and cannot be set"
            )));
        }
        if header.name == b"content-length" {
            if header.value != body.len().to_string().as_bytes() {
                return Err(failed(format!(
                    "'content-length' is not {}, the body's length",
                    body.len()
                )));
            }
            continue;
        }
        let bad = || failed(format!("HTTP/1.1 cannot carry the value of the header '{name}'"));
        let value = HeaderValue::from_bytes(&header.value).map_err(|_| bad())?;
        add(&mut headers, &header.name, value).ok_or_else(bad)?;
    }
    // 15. to 19. What the server is told without being asked to.
    // A part of a compressed body can't be decompressed.
    let accepted = if headers.contains_key("range") { "identity" } else { ACCEPTED };
    let authority = &request.url[Position::BeforeHost..Position::AfterPort];
    for (name, value) in [
        ("host", authority),
        ("connection", "close"),
        ("accept", "*/*"),
        ("accept-language", "*"),
        ("accept-encoding", accepted),
        ("user-agent", concat!("Holm/", env!("CARGO_PKG_VERSION"))),
    ] {
        if !headers.contains_key(name) {
            let bad = || failed(format!("HTTP/1.1 cannot carry '{value}'"));
            let value = HeaderValue::from_str(value).map_err(|_| bad())?;
            add(&mut headers, name.as_bytes(), value).ok_or_else(bad)?;
        }
    }
    let target = &request.url[Position::BeforePath..Position::AfterQuery];
    let mut message = hyper::Request::builder()
        .method(request.method.as_str())
        .uri(target)
        .body(Full::new(body))
        .map_err(|error| failed(format!("HTTP/1.1 cannot ask for it: {error}")))?;
    *message.headers_mut() = headers;
    Ok(message)
}

/// Appends; `None` where the name or the number of headers is too much for HTTP.
fn add(headers: &mut HeaderMap, name: &[u8], value: HeaderValue) -> Option<()> {
    let name = HeaderName::from_bytes(name).ok()?;
    headers.try_append(name, value).ok().map(drop)
}

/// The response to a message.
fn received(
    url: &str,
    peer: SocketAddr,
    response: hyper::Response<Incoming>,
    wire: Wire,
) -> Result<ResponseData, NetworkError> {
    let failed = |why: String| NetworkError::new(url, why);
    let (head, incoming) = response.into_parts();
    let status = head.status.as_u16();
    if status < 200 {
        return Err(failed(format!(
            "the server answered with status {status}, which is no answer"
        )));
    }
    let data = ResponseData {
        kind: ResponseType::Basic,
        url: url.into(),
        status,
        status_text: match head.extensions.get::<ReasonPhrase>() {
            Some(phrase) => phrase.as_bytes().to_vec(),
            None => head.status.canonical_reason().unwrap_or_default().into(),
        },
        ..ResponseData::default()
    };
    for (name, value) in &head.headers {
        let appended =
            data.headers.borrow_mut().append(name.as_str().as_bytes(), value.as_bytes().to_vec());
        appended.map_err(|_| failed("its headers are too long".to_owned()))?;
    }
    let coding = data.headers.borrow().get(b"content-encoding");
    let coding = coding.filter(|_| !incoming.is_end_stream());
    let chunks =
        HttpBody { incoming: Some(incoming), wire, patience: None, url: url.to_owned(), peer };
    let chunks: Chunks = Box::pin(chunks);
    let chunks = match coding {
        None => chunks,
        Some(coding) => decoded(url, &coding, chunks).ok_or_else(|| {
            let coding = String::from_utf8_lossy(&coding);
            failed(format!("its body is encoded ({coding}), which is not supported yet"))
        })?,
    };
    Ok(ResponseData { body: Some(Body::of_chunks(chunks)), ..data })
}

/// A connection until it ends. How it ended is told to who waits on it.
struct Wire(Option<Pin<Box<Connection>>>);

impl Wire {
    fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = &mut self.0
            && connection.as_mut().poll(cx).is_ready()
        {
            self.0 = None;
        }
    }
}

/// The body of a response as it comes in.
struct HttpBody {
    /// `None` once it has ended.
    incoming: Option<Incoming>,
    wire: Wire,
    /// Since when the server has been silent.
    patience: Option<Pin<Box<Sleep>>>,
    url: String,
    peer: SocketAddr,
}

impl Stream for HttpBody {
    type Item = Result<Bytes, NetworkError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.poll_data(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.incoming = None;
            self.wire = Wire(None);
        }
        polled
    }
}

impl HttpBody {
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, NetworkError>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        loop {
            self.wire.drive(cx);
            match Pin::new(&mut *incoming).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    self.patience = None;
                    match frame.into_data() {
                        Ok(data) if !data.is_empty() => return Poll::Ready(Some(Ok(data))),
                        // Trailers are not shown to script.
                        _ => {}
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    let (why, cause) = described(&error, &self.peer.to_string());
                    let error = NetworkError::in_body(&self.url, why).with_cause(cause);
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => break,
            }
        }
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(BODY_TIMEOUT)));
        if patience.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        let why = format!("the server was silent for {} seconds", BODY_TIMEOUT.as_secs());
        let error = NetworkError::in_body(&self.url, why).with_code("UND_ERR_BODY_TIMEOUT");
        Poll::Ready(Some(Err(error)))
    }
}

/// What went wrong, in a sentence and with the code that Node has for it.
fn described(error: &hyper::Error, peer: &str) -> (String, Cause) {
    let closed = || {
        let why = "the server closed the connection before the response was complete".to_owned();
        (why, Cause::new(Some("UND_ERR_SOCKET"), "other side closed"))
    };
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    // A client of hyper is told of this only in words.
    if error.is_parse() && error.to_string().ends_with("too large") {
        let why = format!(
            "the head of the response is longer than {MAX_HEAD_BYTES} bytes or {MAX_HEADERS} headers"
        );
        return (why.clone(), Cause::new(Some("UND_ERR_HEADERS_OVERFLOW"), why));
    }
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return closed();
    }
    if let Some(source) = source {
        if source.kind() == io::ErrorKind::UnexpectedEof {
            return closed();
        }
        if source.raw_os_error().is_some() {
            return (words(source), Cause::of_io(source, "read", peer));
        }
    }
    let detail = source.map_or_else(|| error.to_string(), ToString::to_string);
    let why = format!("the server's answer is not valid HTTP/1.1: {detail}");
    (why.clone(), Cause::new(Some("ERR_INVALID_HTTP_RESPONSE"), why))
}
