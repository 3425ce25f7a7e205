//! A response: its head, and its body as it comes in.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use hyper::body::{Body as _, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::http::response::Parts;
use hyper::{Response, Version};
use tokio::time::{Sleep, sleep};

use super::connection::{Connection, Origin};
use super::failure::broken;
use super::pool::Pool;
use crate::fetch::body::{Body, Chunks};
use crate::fetch::decoded::decoded;
use crate::fetch::error::NetworkError;
use crate::fetch::response::{ResponseData, ResponseType};

/// How long between two parts of a body, as in Node.
const BODY_TIMEOUT: Duration = Duration::from_secs(300);

/// Where a connection goes when its response is there.
pub(super) type Home = (Pool, Origin);

/// The response to a request.
pub(super) fn received(
    url: &str,
    response: Response<Incoming>,
    connection: Connection,
    home: Home,
) -> Result<ResponseData, NetworkError> {
    let failed = |why: String| NetworkError::new(url, why);
    let (head, incoming) = response.into_parts();
    if head.status.as_u16() < 200 {
        let status = head.status.as_u16();
        return Err(failed(format!(
            "the server answered with status {status}, which is no answer"
        )));
    }
    let data = response_data(url, &head).map_err(failed)?;
    let coding = data.headers.borrow().get(b"content-encoding");
    let coding = coding.filter(|_| !incoming.is_end_stream());
    let mut body = HttpBody {
        incoming: Some(incoming),
        connection: Some((connection, home)),
        patience: None,
        url: url.to_owned(),
    };
    body.end_if_empty();
    let chunks: Chunks = Box::pin(body);
    let chunks = match coding {
        None => chunks,
        Some(coding) => decoded(url, &coding, chunks).ok_or_else(|| {
            let coding = String::from_utf8_lossy(&coding);
            failed(format!("its body is encoded ({coding}), which is not supported yet"))
        })?,
    };
    Ok(ResponseData { body: Some(Body::of_chunks(chunks)), ..data })
}

/// What the head says.
fn response_data(url: &str, head: &Parts) -> Result<ResponseData, String> {
    let status_text = match head.extensions.get::<ReasonPhrase>() {
        Some(phrase) => phrase.as_bytes().to_vec(),
        // HTTP/2 has none.
        None if head.version == Version::HTTP_2 => Vec::new(),
        None => head.status.canonical_reason().unwrap_or_default().into(),
    };
    let status = head.status.as_u16();
    let kind = ResponseType::Basic;
    let data =
        ResponseData { kind, url: url.into(), status, status_text, ..ResponseData::default() };
    for (name, value) in &head.headers {
        let appended =
            data.headers.borrow_mut().append(name.as_str().as_bytes(), value.as_bytes().to_vec());
        appended.map_err(|_| "its headers are too long".to_owned())?;
    }
    Ok(data)
}

/// The body of a response as it comes in. Dropped before its end, it ends its connection; of
/// HTTP/2, its stream.
struct HttpBody {
    /// `None` once it has ended.
    incoming: Option<Incoming>,
    /// The connection it comes over.
    connection: Option<(Connection, Home)>,
    /// Since when the server has been silent.
    patience: Option<Pin<Box<Sleep>>>,
    url: String,
}

impl Stream for HttpBody {
    type Item = Result<Bytes, NetworkError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.poll_data(cx);
        match &polled {
            Poll::Ready(None) => self.end(),
            Poll::Ready(Some(Err(_))) => {
                self.incoming = None;
                self.connection = None;
            }
            Poll::Ready(Some(Ok(_))) => self.end_if_empty(),
            Poll::Pending => {}
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
                    let peer = self.connection.as_ref().map_or("", |(one, _)| one.peer.as_str());
                    let (why, cause) = broken(&error, peer);
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

    /// Whoever knows the length of a body need not ask for its end.
    fn end_if_empty(&mut self) {
        if self.incoming.as_ref().is_some_and(Incoming::is_end_stream) {
            self.end();
        }
    }

    /// The body is there: the next request may have the connection.
    fn end(&mut self) {
        self.incoming = None;
        self.patience = None;
        let Some((connection, (pool, origin))) = self.connection.take() else { return };
        // That of HTTP/2 is shared already.
        if connection.version() != Version::HTTP_2 {
            pool.put(origin, connection);
        }
    }
}
