//! What is asked for: <https://fetch.spec.whatwg.org/#concept-request>, as far as it is needed.

use std::rc::Rc;

use bytes::Bytes;
use holm_host::host;
use holm_js::webidl::convert;
use holm_js::{
    Ctx, Error, ErrorKind, Object, Result, Value, coded_error, define_value, error, host_ref,
    throw, throw_value,
};
use url::Url;

use super::body_init::BodyInit;
use super::header_list::{self, HeaderList};
use super::headers::{Guard, Headers, HeadersInit, SharedList};
use crate::abort::AbortSignal;
use crate::file_api::{BlobData, blob_url_data};
use crate::weight::Weight;

/// <https://fetch.spec.whatwg.org/#concept-request>
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// Its current URL.
    pub(super) url: Url,
    pub(super) method: String,
    pub(super) headers: HeaderList,
    pub(super) body: Option<Bytes>,
    pub(super) redirect: RedirectMode,
    pub(super) redirect_count: u32,
    /// The URL's blob URL entry, as of when it was parsed.
    pub(super) blob: Option<BlobData>,
    /// What all but the body weighs.
    pub(super) weight: Rc<Weight>,
}

/// <https://fetch.spec.whatwg.org/#concept-request-redirect-mode>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RedirectMode {
    Follow,
    Error,
    Manual,
}

/// Members of `RequestInit` that change what a script may rely on, and are not there yet.
/// (`mode`, `credentials`, `cache`, `referrer` and others mean nothing without a page.)
const UNSUPPORTED: [&str; 1] = ["integrity"];

/// What a request in flight takes besides what the script gave: its task, its connection.
const REQUEST_BYTES: usize = 16 << 10;

/// `RequestInit`, converted.
#[derive(Default)]
struct RequestInit<'js> {
    body: Option<BodyInit>,
    headers: Option<HeadersInit>,
    method: Option<Vec<u8>>,
    redirect: Option<RedirectMode>,
    signal: Option<Value<'js>>,
}

impl<'js> RequestInit<'js> {
    fn from_js(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Self> {
        let Some(given) = convert::dictionary(ctx, value, "fetch: init")? else {
            return Ok(Self::default());
        };
        let mut init = Self::default();
        // Members are read in the order of their names.
        if let Some(body) = convert::member(&given, "body")? {
            init.body = BodyInit::from_js(ctx, &body)?;
        }
        if let Some(headers) = convert::member(&given, "headers")? {
            init.headers = Some(HeadersInit::from_js(ctx, &headers, "fetch")?);
        }
        if let Some(method) = convert::member(&given, "method")? {
            init.method = Some(convert::byte_string(ctx, &method)?);
        }
        if let Some(mode) = convert::member(&given, "redirect")? {
            init.redirect = Some(RedirectMode::from_js(ctx, &mode)?);
        }
        if let Some(signal) = convert::member(&given, "signal")?.filter(|given| !given.is_null()) {
            if host_ref::<AbortSignal>(&signal).is_none() {
                let text = "fetch: init.signal is not an AbortSignal";
                return Err(throw(ctx, ErrorKind::Type, text));
            }
            init.signal = Some(signal);
        }
        for name in UNSUPPORTED {
            refuse(ctx, &given, name)?;
        }
        Ok(init)
    }
}

/// What would silently do nothing is an error.
fn refuse<'js>(ctx: &Ctx<'js>, init: &Object<'js>, name: &str) -> Result<()> {
    match convert::member(init, name)? {
        Some(value) if convert::boolean(&value) => {
            let text = format!("fetch: '{name}' is not supported yet");
            Err(throw(ctx, ErrorKind::Type, &text))
        }
        _ => Ok(()),
    }
}

impl RedirectMode {
    fn from_js<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Self> {
        let text = convert::string(ctx, value)?;
        match text.as_str() {
            "follow" => Ok(Self::Follow),
            "error" => Ok(Self::Error),
            "manual" => Ok(Self::Manual),
            _ => {
                let text = format!(
                    "fetch: {text} is not an accepted type. Expected one of follow, manual, error."
                );
                Err(throw(ctx, ErrorKind::Type, &text))
            }
        }
    }
}

impl Request {
    /// <https://fetch.spec.whatwg.org/#dom-request>, of which only the inside is needed, and the
    /// signal that may end it.
    pub(super) fn from_js<'js>(
        ctx: &Ctx<'js>,
        input: &Value<'js>,
        init: &Value<'js>,
    ) -> Result<(Self, Option<Value<'js>>)> {
        let input = convert::string(ctx, input)?;
        let init = RequestInit::from_js(ctx, init)?;
        // 5.1. Let parsedURL be the result of parsing input with baseURL.
        // 5.2. If parsedURL is failure, then throw a TypeError.
        let url = Url::parse(&input).map_err(|why| bad_url(ctx, &input, &why.to_string()))?;
        // 5.3. If parsedURL includes credentials, then throw a TypeError.
        if !url.username().is_empty() || url.password().is_some() {
            let text = format!(
                "Request cannot be constructed from a URL that includes credentials: {url}"
            );
            return Err(throw(ctx, ErrorKind::Type, &text));
        }
        // 25. If init["method"] exists: set request's method to its normalization.
        let method = match init.method {
            Some(method) => checked_method(ctx, &method)?,
            None => "GET".to_owned(),
        };
        // 33. If init["headers"] exists, then fill this's headers with it.
        let list = SharedList::default();
        let headers = Headers::new(list.clone(), Guard::None);
        if let Some(given) = init.headers {
            headers.fill(ctx, given)?;
        }
        // 35. If init["body"] exists and is non-null and request's method is `GET` or `HEAD`,
        //     then throw a TypeError.
        if init.body.is_some() && matches!(method.as_str(), "GET" | "HEAD") {
            let text = "Request with GET/HEAD method cannot have body.";
            return Err(throw(ctx, ErrorKind::Type, text));
        }
        // 37. If init["body"] exists and is non-null: 1. Let bodyWithType be the result of
        //     extracting init["body"]. 4. If type is non-null and this's headers's header list
        //     does not contain `Content-Type`, then append (`Content-Type`, type).
        let body = init.body.map(|body| body.extract(ctx)).transpose()?;
        if let Some(content_type) = body.as_ref().and_then(|body| body.content_type.as_ref())
            && !list.borrow().contains(b"content-type")
        {
            headers.append(ctx, "append", b"content-type", content_type.as_bytes())?;
        }
        // A data: URL is there twice, as it is and decoded.
        let blob = match url.scheme() {
            "blob" => blob_url_data(&host(ctx), url.as_str()),
            _ => None,
        };
        let weight = REQUEST_BYTES.saturating_add(url.as_str().len().saturating_mul(2));
        let request = Self {
            url,
            blob,
            method,
            headers: list.take(),
            body: body.map(|body| body.bytes),
            redirect: init.redirect.unwrap_or(RedirectMode::Follow),
            redirect_count: 0,
            weight: Rc::new(Weight::new(ctx, weight)?),
        };
        Ok((request, init.signal))
    }
}

/// The request's method: <https://fetch.spec.whatwg.org/#concept-method-normalize>
fn checked_method(ctx: &Ctx<'_>, method: &[u8]) -> Result<String> {
    let name = convert::from_byte_string(method);
    // 2. If method is not a method or method is a forbidden method, then throw a TypeError.
    if !header_list::is_name(method) {
        let text = format!("'{name}' is not a valid HTTP method.");
        return Err(throw(ctx, ErrorKind::Type, &text));
    }
    let upper = name.to_ascii_uppercase();
    if matches!(upper.as_str(), "CONNECT" | "TRACE" | "TRACK") {
        return Err(throw(ctx, ErrorKind::Type, &format!("'{name}' HTTP method is unsupported.")));
    }
    // 3. Normalize method.
    let is_known = matches!(upper.as_str(), "DELETE" | "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT");
    Ok(if is_known { upper } else { name })
}

/// As Node: the cause tells what was wrong.
fn bad_url(ctx: &Ctx<'_>, input: &str, why: &str) -> Error {
    let text = format!("Failed to parse URL from {input}");
    let made = error(ctx, ErrorKind::Type, &text).and_then(|object| {
        let cause =
            coded_error(ctx, ErrorKind::Type, "ERR_INVALID_URL", &format!("Invalid URL: {why}"))?;
        cause.set("input", input)?;
        define_value(&object, "cause", cause, holm_js::Attributes::BUILT_IN)?;
        Ok(object)
    });
    match made {
        Ok(object) => throw_value(ctx, object),
        Err(error) => error,
    }
}
