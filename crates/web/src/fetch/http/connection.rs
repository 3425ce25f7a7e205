//! A connection to a server, over which requests are sent.
//!
//! What drives it is a task of the reactor, which is no task of the isolate: it keeps nothing
//! alive, goes on while others wait for something, and ends with the last that sends or reads.
//! What nobody reads stays at the server: HTTP/1.1 has room for a part of a body, HTTP/2 for
//! [`STREAM_WINDOW_BYTES`] of each.

use std::net::SocketAddr;
use std::time::Instant;

use holm_host::Permissions;
use holm_host::network::{Endpoint, Failure, Network, Route, TlsClient};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::outgoing::{Outgoing, RequestBody};

/// The longest head of a response. Node takes 16 KiB.
pub(super) const MAX_HEAD_BYTES: usize = 64 << 10;
/// The most headers in it.
pub(super) const MAX_HEADERS: usize = 1000;
/// What a server may send of one body before somebody reads it, over HTTP/2.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
/// The same, of all bodies of a connection.
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;

/// A server, as connections are kept for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    pub(super) endpoint: Endpoint,
    pub(super) is_secure: bool,
}

/// An open connection.
pub(super) struct Connection {
    pub(super) sender: Sender,
    /// Who is at the other end.
    pub(super) peer: String,
    /// Since when nobody uses it.
    pub(super) idle_since: Instant,
}

/// Sends requests over a connection.
pub(super) enum Sender {
    /// One after the other.
    Http1(http1::SendRequest<Outgoing>),
    /// Any number at once.
    Http2(http2::SendRequest<Outgoing>),
}

/// A request that got no response.
pub(super) struct Unanswered {
    pub(super) error: hyper::Error,
    /// Its body, where the request was never sent.
    pub(super) unsent: Option<RequestBody>,
}

impl Connection {
    /// Opens one.
    pub(super) async fn open(
        network: &Network,
        permissions: &Permissions,
        origin: &Origin,
        tls: impl FnOnce() -> Result<TlsClient, Failure>,
    ) -> Result<Self, Failure> {
        let stream = network.connect(permissions, &origin.endpoint, &Route::default()).await?;
        // Without it small requests wait; with it refused they only are slower.
        drop(stream.set_nodelay(true));
        let peer = stream
            .peer_addr()
            .as_ref()
            .map_or_else(|_| origin.endpoint.to_string(), SocketAddr::to_string);
        let sender = if origin.is_secure {
            let (stream, _) = tls()?.handshake(stream, origin.endpoint.host()).await?;
            match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => http2_over(stream).await,
                _ => http1_over(stream).await,
            }
        } else {
            http1_over(stream).await
        };
        let sender = sender.map_err(|error| refused(&error, &peer))?;
        Ok(Self { sender, peer, idle_since: Instant::now() })
    }

    pub(super) fn version(&self) -> Version {
        match &self.sender {
            Sender::Http1(_) => Version::HTTP_11,
            Sender::Http2(_) => Version::HTTP_2,
        }
    }

    /// Another handle of the same connection, where several may use it.
    pub(super) fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender) => Some(Self {
                sender: Sender::Http2(sender.clone()),
                peer: self.peer.clone(),
                idle_since: self.idle_since,
            }),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }

    /// Waits until the next request can be sent. False if none can.
    pub(super) async fn is_ready(&mut self) -> bool {
        match &mut self.sender {
            Sender::Http1(sender) => sender.ready().await.is_ok(),
            Sender::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    /// Sends a request, and waits for the head of its response.
    pub(super) async fn send(
        &mut self,
        message: Request<Outgoing>,
    ) -> Result<Response<Incoming>, Unanswered> {
        let sent = match &mut self.sender {
            Sender::Http1(sender) => sender.try_send_request(message).await,
            Sender::Http2(sender) => sender.try_send_request(message).await,
        };
        sent.map_err(|mut failed| Unanswered {
            unsent: failed.take_message().map(|message| message.into_body().into_body()),
            error: failed.into_error(),
        })
    }
}

async fn http1_over<S>(stream: S) -> Result<Sender, hyper::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .handshake(TokioIo::new(stream))
        .await?;
    // How it ends is told to who waits for a response or reads a body.
    tokio::spawn(async move { connection.await.unwrap_or_default() });
    Ok(Sender::Http1(sender))
}

async fn http2_over<S>(stream: S) -> Result<Sender, hyper::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_header_list_size(MAX_HEAD_BYTES as u32)
        .handshake(TokioIo::new(stream))
        .await?;
    tokio::spawn(async move { connection.await.unwrap_or_default() });
    Ok(Sender::Http2(sender))
}

/// A connection that hyper does not begin with: nothing was said yet, so it closed.
fn refused(error: &hyper::Error, peer: &str) -> Failure {
    let error = std::io::Error::new(std::io::ErrorKind::ConnectionReset, error.to_string());
    let mut failure = holm_host::network::SystemFailure::of_io(&error, "write");
    failure.host = Some(peer.to_owned());
    Failure::System(failure)
}
