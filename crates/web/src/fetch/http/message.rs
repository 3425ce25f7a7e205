//! A request as HTTP says it:
//! <https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch>

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri, Version};
use url::Position;

use super::outgoing::{Outgoing, Progress, RequestBody};
use crate::fetch::decoded::ACCEPTED;
use crate::fetch::error::NetworkError;
use crate::fetch::fetching::without_fragment;
use crate::fetch::request_data::RequestData;

/// Headers about the connection, which is not the script's.
const CONNECTION_HEADERS: [&[u8]; 7] =
    [b"connection", b"expect", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"];

/// Methods whose requests may be sent twice,
/// <https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2>.
const IDEMPOTENT: [&str; 5] = ["DELETE", "GET", "HEAD", "OPTIONS", "PUT"];

/// A request but for its body: what is sent each time that it is tried.
pub(super) struct Message {
    method: Method,
    headers: HeaderMap,
    /// With scheme and host, as HTTP/2 wants it.
    target: Uri,
}

impl Message {
    pub(super) fn new(request: &RequestData) -> Result<Self, NetworkError> {
        let failed = |why: String| NetworkError::new(without_fragment(&request.url), why);
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|error| failed(format!("HTTP cannot ask for it: {error}")))?;
        let target = without_fragment(&request.url)
            .parse::<Uri>()
            .map_err(|error| failed(format!("HTTP cannot ask for it: {error}")))?;
        let headers = headers(request, &request.body).map_err(failed)?;
        Ok(Self { method, headers, target })
    }

    /// Whether it may be sent again though nobody knows what became of it.
    pub(super) fn is_idempotent(&self) -> bool {
        IDEMPOTENT.contains(&self.method.as_str())
    }

    /// What is sent over a connection of this version.
    pub(super) fn with_body(
        &self,
        body: RequestBody,
        progress: Progress,
        version: Version,
    ) -> hyper::Request<Outgoing> {
        let mut message = hyper::Request::new(Outgoing::new(body, progress));
        *message.method_mut() = self.method.clone();
        *message.headers_mut() = self.headers.clone();
        *message.version_mut() = version;
        *message.uri_mut() = if version == Version::HTTP_2 {
            // :authority says it.
            message.headers_mut().remove("host");
            self.target.clone()
        } else {
            let path = self.target.path_and_query().cloned();
            path.map_or_else(Uri::default, Uri::from)
        };
        message
    }
}

fn headers(request: &RequestData, body: &RequestBody) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for header in request.headers.iter() {
        let name = String::from_utf8_lossy(&header.name);
        if CONNECTION_HEADERS.contains(&header.name.as_slice()) {
            return Err(format!("the header '{name}' is about the connection and cannot be set"));
        }
        if header.name == b"content-length" {
            if let Some(len) = body.len()
                && header.value != len.to_string().as_bytes()
            {
                return Err(format!("'content-length' is not {len}, the body's length"));
            }
            continue;
        }
        let bad = || format!("HTTP/1.1 cannot carry the value of the header '{name}'");
        let value = HeaderValue::from_bytes(&header.value).map_err(|_| bad())?;
        add(&mut headers, &header.name, value).ok_or_else(bad)?;
    }
    // 15. to 19. What the server is told without being asked to.
    // A part of a compressed body can't be decompressed.
    let accepted = if headers.contains_key("range") { "identity" } else { ACCEPTED };
    let authority = &request.url[Position::BeforeHost..Position::AfterPort];
    for (name, value) in [
        ("host", authority),
        ("accept", "*/*"),
        ("accept-language", "*"),
        ("accept-encoding", accepted),
        ("user-agent", concat!("Holm/", env!("CARGO_PKG_VERSION"))),
    ] {
        if !headers.contains_key(name) {
            let bad = || format!("HTTP/1.1 cannot carry '{value}'");
            let value = HeaderValue::from_str(value).map_err(|_| bad())?;
            add(&mut headers, name.as_bytes(), value).ok_or_else(bad)?;
        }
    }
    // 8. If httpRequest's body is null and httpRequest's method is `POST` or `PUT`, then set
    //    contentLength to 0. (The length of a body is what hyper says of it.)
    let is_expected = matches!(request.method.as_str(), "POST" | "PUT");
    if body.len() == Some(0) && is_expected {
        headers.insert("content-length", HeaderValue::from_static("0"));
    }
    Ok(headers)
}

/// Appends; `None` where the name or the number of headers is too much for HTTP.
fn add(headers: &mut HeaderMap, name: &[u8], value: HeaderValue) -> Option<()> {
    let name = HeaderName::from_bytes(name).ok()?;
    headers.try_append(name, value).ok().map(drop)
}
