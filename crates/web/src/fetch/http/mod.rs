//! HTTP fetch: <https://fetch.spec.whatwg.org/#concept-http-fetch>.
//!
//! Here is what the standard says of redirects. `client.rs` asks once, over a connection of
//! `pool.rs` or a new one (`connection.rs`); `message.rs` and `outgoing.rs` are what is sent,
//! `incoming.rs` is what comes back, `failure.rs` says what went wrong.

mod client;
mod connection;
mod failure;
mod incoming;
mod message;
mod outgoing;
mod pool;

pub(super) use client::{Client, client};
pub(super) use outgoing::{RequestBody, StreamFailed};

use url::Url;

use super::error::NetworkError;
use super::fetching::{is_blocked, without_fragment};
use super::request_data::{RedirectMode, RequestData};
use super::response::{ResponseData, is_redirect_status};

/// <https://fetch.spec.whatwg.org/#concept-http-redirect-fetch>, step 7.
const MAX_REDIRECTS: u32 = 20;

/// Headers that describe a body, <https://fetch.spec.whatwg.org/#request-body-header-name>; and
/// the one that HTTP derives from it.
const BODY_HEADERS: [&[u8]; 5] = [
    b"content-encoding",
    b"content-language",
    b"content-location",
    b"content-type",
    b"content-length",
];

/// Headers that were meant for the first server only.
const SECRET_HEADERS: [&[u8]; 4] = [b"authorization", b"proxy-authorization", b"cookie", b"host"];

/// Asks, and follows redirects as the request says.
pub(super) async fn fetch(
    mut request: RequestData,
    client: &Client,
) -> Result<ResponseData, NetworkError> {
    loop {
        if is_blocked(&request.url) {
            let port = request.url.port().unwrap_or_default();
            let why = format!("port {port} is blocked: it belongs to another protocol");
            return Err(NetworkError::new(without_fragment(&request.url), why));
        }
        let mut response = client.exchange(&mut request).await?;
        // 6. If internalResponse's status is a redirect status:
        if is_redirect_status(response.status) {
            match request.redirect {
                // 2. If request's redirect mode is "error": a network error.
                RedirectMode::Error => {
                    let why = "it redirects, and redirects are errors here";
                    return Err(NetworkError::new(request.url.as_str(), why));
                }
                // 3. If it is "manual": an opaque-redirect filtered response. As in Node and
                // Deno it is not filtered: there is no page to hide it from.
                RedirectMode::Manual => {}
                // 4. If it is "follow": HTTP-redirect fetch.
                RedirectMode::Follow => {
                    if redirect(&mut request, &response)? {
                        continue;
                    }
                }
            }
        }
        response.is_redirected = request.redirect_count > 0;
        return Ok(response);
    }
}

/// <https://fetch.spec.whatwg.org/#concept-http-redirect-fetch>. False where the response has
/// no location: it is what it is.
fn redirect(request: &mut RequestData, response: &ResponseData) -> Result<bool, NetworkError> {
    let from = request.url.clone();
    let failed = |why: String| NetworkError::new(from.as_str(), why);
    // 3. Let locationURL be internalResponse's location URL given request's current URL's
    //    fragment. 4. If locationURL is null, then return response. 5. If it is failure, then
    //    return a network error.
    let Some(location) = location(&from, response).map_err(failed)? else {
        return Ok(false);
    };
    // 6. If locationURL's scheme is not an HTTP(S) scheme, then return a network error.
    if !matches!(location.scheme(), "http" | "https") {
        return Err(failed(format!("it redirects to {location}, which is not http:")));
    }
    // 7. If request's redirect count is 20, then return a network error.
    if request.redirect_count == MAX_REDIRECTS {
        return Err(failed(format!("it was redirected more than {MAX_REDIRECTS} times")));
    }
    // 8. Increase request's redirect count by 1.
    request.redirect_count += 1;
    // 11. If internalResponse's status is not 303, request's body is non-null, and request's
    //     body's source is null, then return a network error.
    if response.status != 303 && request.has_streamed {
        let why = "it redirects, and the stream that was the request's body cannot be sent again";
        return Err(failed(why.to_owned()));
    }
    // 12. If internalResponse's status is 301 or 302 and request's method is `POST`, or it is
    //     303 and request's method is not `GET` or `HEAD`:
    let is_get = match response.status {
        301 | 302 => request.method == "POST",
        303 => !matches!(request.method.as_str(), "GET" | "HEAD"),
        _ => false,
    };
    if is_get {
        // 1. Set request's method to `GET` and request's body to null.
        "GET".clone_into(&mut request.method);
        request.body = RequestBody::None;
        request.has_streamed = false;
        // 2. For each headerName of request-body-header name, delete it.
        BODY_HEADERS.iter().for_each(|name| request.headers.delete(name));
    }
    // 13. If request's current URL's origin is not same origin with locationURL's origin, then
    //     for each headerName of CORS non-wildcard request-header name, delete it.
    if from.origin() != location.origin() {
        SECRET_HEADERS.iter().for_each(|name| request.headers.delete(name));
    }
    // 18. Append locationURL to request's URL list.
    request.url = location;
    Ok(true)
}

/// <https://fetch.spec.whatwg.org/#concept-response-location-url>
fn location(current: &Url, response: &ResponseData) -> Result<Option<Url>, String> {
    let headers = response.headers.borrow();
    // 2. Let location be the result of extracting header list values given `Location`.
    let mut values = headers.values(b"location");
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.any(|value| value != first) {
        return Err("it redirects to several places at once".to_owned());
    }
    // 3. If location is a header value, then set location to the result of parsing it with
    //    response's URL.
    let text = String::from_utf8_lossy(first);
    let mut location = current
        .join(&text)
        .map_err(|error| format!("it redirects to '{text}', which is no URL: {error}"))?;
    // 4. If location is a URL whose fragment is null, then set its fragment to requestFragment.
    if location.fragment().is_none() {
        location.set_fragment(current.fragment());
    }
    Ok(Some(location))
}
