//! `Request`, <https://fetch.spec.whatwg.org/#request-class>.

use std::cell::RefCell;
use std::rc::Rc;

use holm_host::host;
use holm_js::webidl::{Definition, Interface, construct, convert, new_object};
use holm_js::{
    Ctx, Error, ErrorKind, HeldCell, HostObject, Object, Result, Tracer, Value, coded_error,
    define_value, error, host_ref, throw, throw_value,
};
use url::Url;

use super::body::Body;
use super::body_init::BodyWithType;
use super::body_stream;
use super::consume::{self, HasBody};
use super::header_list;
use super::headers::{Guard, Headers, SharedList};
use super::request_data::{RedirectMode, Traits};
use super::request_init::RequestInit;
use crate::abort;
use crate::file_api::{BlobData, blob_url_data};
use crate::shown;
use crate::weight::Weight;

/// The inside of a `Request`.
pub(super) struct Request {
    pub(super) url: Url,
    pub(super) method: String,
    pub(super) redirect: RedirectMode,
    pub(super) integrity: String,
    pub(super) traits: Traits,
    /// The URL's blob URL entry, as of when it was parsed.
    pub(super) blob: Option<BlobData>,
    pub(super) headers: SharedList,
    pub(super) body: Option<Rc<Body>>,
    /// The stream of its body, once it was asked for or given.
    pub(super) stream: HeldCell,
    /// What may end it; made when it is asked for, if script gave none.
    pub(super) signal: HeldCell,
    /// What `headers` returned, once it was asked for.
    headers_object: HeldCell,
    pub(super) weight: Rc<Weight>,
}

/// What a request takes besides what the script gave: its task, its connection.
const REQUEST_BYTES: usize = 16 << 10;

/// As with a `Response`, its parts go in the finalizer.
impl HostObject for Request {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.stream.trace(tracer);
        self.signal.trace(tracer);
        self.headers_object.trace(tracer);
    }
}

impl HasBody for Request {
    fn body(&self) -> Option<&Body> {
        self.body.as_deref()
    }

    fn stream(&self) -> &HeldCell {
        &self.stream
    }

    fn content_type(&self) -> Option<Vec<u8>> {
        let value = self.headers.borrow().get(b"content-type")?;
        Some(header_list::normalized(&value).to_vec())
    }
}

impl Interface for Request {
    const NAME: &'static str = "Request";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, |call| {
                let ctx = call.ctx();
                let request = Self::from_arguments(ctx, &call.value(0), &call.value(1))?;
                // 30. Set this's signal to the result of creating a dependent abort signal from
                //     signals.
                request.follow_signal(ctx)?;
                construct(call, request)
            })
            .attribute("method", |this, call| call.returns(&*this.method))?
            .attribute("url", |this, call| call.returns(this.url.as_str()))?
            .attribute("headers", |this, call| this.headers_object(call.ctx()))?
            // There is nothing that it could be for: no page asks.
            .attribute("destination", |_, call| call.returns(""))?
            .attribute("referrer", |this, call| call.returns(&*this.traits.referrer))?
            .attribute("referrerPolicy", |this, call| call.returns(this.traits.referrer_policy))?
            .attribute("mode", |this, call| call.returns(this.traits.mode))?
            .attribute("credentials", |this, call| call.returns(this.traits.credentials))?
            .attribute("cache", |this, call| call.returns(this.traits.cache))?
            .attribute("redirect", |this, call| call.returns(this.redirect.as_str()))?
            .attribute("integrity", |this, call| call.returns(&*this.integrity))?
            .attribute("keepalive", |this, call| call.returns(this.traits.keepalive))?
            .attribute("isReloadNavigation", |_, call| call.returns(false))?
            .attribute("isHistoryNavigation", |_, call| call.returns(false))?
            .attribute("signal", |this, call| this.signal_object(call.ctx()))?
            .attribute("duplex", |_, call| call.returns("half"))?
            .operation("clone", 0, |this, call| Ok(this.cloned(call.ctx())?.into_value()))?;
        consume::define(members)?;
        shown::define(members)
    }
}

impl Request {
    /// <https://fetch.spec.whatwg.org/#dom-request>
    pub(super) fn from_arguments<'js>(
        ctx: &Ctx<'js>,
        input: &Value<'js>,
        init: &Value<'js>,
    ) -> Result<Self> {
        let given = host_ref::<Self>(input);
        let text = match given {
            Some(_) => String::new(),
            None => convert::string(ctx, input)?,
        };
        let init = RequestInit::from_js(ctx, init)?;
        let mut request = match given {
            // 6. Otherwise: 2. Set request to input's request. 3. Set signal to input's signal.
            // 12. Set request to a new request with the following properties: …
            Some(given) => given.copied(ctx)?,
            // 5. If input is a string:
            None => Self::of_url(ctx, &text)?,
        };
        request.change(ctx, &init)?;
        // 33. If init is not empty: 3. If init["headers"] exists, then set headers to it.
        //     4. Empty this's headers's header list. 5. Otherwise, fill this's headers.
        let headers = Headers::new(request.headers.clone(), Guard::None);
        if let Some(given) = init.headers {
            request.headers.take();
            headers.fill(ctx, given)?;
        }
        // 34. Let inputBody be input's request's body if input is a Request; otherwise null.
        let has_input_body = given.is_some_and(|given| given.has_body());
        // 35. If either init["body"] exists and is non-null or inputBody is non-null, and
        //     request's method is `GET` or `HEAD`, then throw a TypeError.
        let has_body = init.body.is_some() || has_input_body;
        if has_body && matches!(request.method.as_str(), "GET" | "HEAD") {
            let text = "Request with GET/HEAD method cannot have body.";
            return Err(throw(ctx, ErrorKind::Type, text));
        }
        match (init.body, given) {
            // 37. If init["body"] exists and is non-null:
            (Some(body), _) => {
                let (stream, body) = body.extract(ctx, "Request")?;
                if stream.is_some() {
                    // 39. 1. If initBody is non-null and init["duplex"] does not exist, throw.
                    if !init.has_duplex {
                        let text = "RequestInit: duplex option is required when sending a body.";
                        return Err(throw(ctx, ErrorKind::Type, text));
                    }
                    check_stream_mode(ctx, request.traits.mode)?;
                }
                request.set_body(ctx, &headers, stream, body)?;
            }
            // 41. If initBody is null and inputBody is non-null:
            (None, Some(given)) if has_input_body => given.give_body(ctx, &mut request)?,
            _ => {}
        }
        Ok(request)
    }

    /// A request for a URL and nothing else.
    fn of_url(ctx: &Ctx<'_>, input: &str) -> Result<Self> {
        // 5.1. Let parsedURL be the result of parsing input with baseURL.
        // 5.2. If parsedURL is failure, then throw a TypeError.
        let url = Url::parse(input).map_err(|why| bad_url(ctx, input, &why.to_string()))?;
        // 5.3. If parsedURL includes credentials, then throw a TypeError.
        if !url.username().is_empty() || url.password().is_some() {
            let text = format!(
                "Request cannot be constructed from a URL that includes credentials: {url}"
            );
            return Err(throw(ctx, ErrorKind::Type, &text));
        }
        let blob = match url.scheme() {
            "blob" => blob_url_data(&host(ctx), url.as_str()),
            _ => None,
        };
        // A data: URL is there twice, as it is and decoded.
        let weight = REQUEST_BYTES.saturating_add(url.as_str().len().saturating_mul(2));
        Ok(Self {
            url,
            method: "GET".to_owned(),
            redirect: RedirectMode::default(),
            integrity: String::new(),
            traits: Traits::default(),
            blob,
            headers: SharedList::default(),
            body: None,
            stream: HeldCell::default(),
            signal: HeldCell::default(),
            headers_object: HeldCell::default(),
            weight: Rc::new(Weight::new(ctx, weight)?),
        })
    }

    /// The same request, without its body.
    fn copied(&self, ctx: &Ctx<'_>) -> Result<Self> {
        let signal = HeldCell::default();
        signal.set(self.signal.get(ctx)?.as_ref());
        Ok(Self {
            url: self.url.clone(),
            method: self.method.clone(),
            redirect: self.redirect,
            integrity: self.integrity.clone(),
            traits: self.traits.clone(),
            blob: self.blob.clone(),
            headers: Rc::new(RefCell::new(self.headers.borrow().clone())),
            body: None,
            stream: HeldCell::default(),
            signal,
            headers_object: HeldCell::default(),
            weight: Rc::new(Weight::new(ctx, self.weight.len_bytes())?),
        })
    }

    /// Steps 13 to 32: what the dictionary says, but for headers and body.
    fn change(&mut self, ctx: &Ctx<'_>, init: &RequestInit<'_>) -> Result<()> {
        let fail = |text: &str| throw(ctx, ErrorKind::Type, text);
        // 13. If init is not empty: 5. Set request's referrer to "client". 6. Set request's
        //     referrer policy to the empty string.
        if init.is_given {
            let Traits { referrer, referrer_policy, .. } = Traits::default();
            (self.traits.referrer, self.traits.referrer_policy) = (referrer, referrer_policy);
        }
        // 14. If init["referrer"] exists: an empty one is no referrer; else it is parsed.
        if let Some(referrer) = &init.referrer {
            self.traits.referrer = match referrer.as_str() {
                "" => "".into(),
                text => match Url::parse(text) {
                    Ok(url) => url.as_str().into(),
                    Err(_) => {
                        return Err(fail(&format!("Referrer \"{text}\" is not a valid URL.")));
                    }
                },
            };
        }
        let Traits { mode, credentials, cache, referrer_policy, keepalive, .. } = &mut self.traits;
        *referrer_policy = init.referrer_policy.unwrap_or(*referrer_policy);
        // 17. If mode is "navigate", then throw a TypeError.
        if init.mode == Some("navigate") {
            return Err(fail("Request constructor: invalid request mode navigate."));
        }
        *mode = init.mode.unwrap_or(*mode);
        *credentials = init.credentials.unwrap_or(*credentials);
        *cache = init.cache.unwrap_or(*cache);
        *keepalive = init.keepalive.unwrap_or(*keepalive);
        // 21. If request's cache mode is "only-if-cached" and request's mode is not
        //     "same-origin", then throw a TypeError.
        if *cache == "only-if-cached" && *mode != "same-origin" {
            return Err(fail("'only-if-cached' can be set only with 'same-origin' mode"));
        }
        self.redirect = init.redirect.unwrap_or(self.redirect);
        if let Some(integrity) = &init.integrity {
            self.integrity.clone_from(integrity);
        }
        // 25. If init["method"] exists: set request's method to its normalization.
        if let Some(method) = &init.method {
            self.method = checked_method(ctx, method)?;
        }
        // 26. If init["signal"] exists, then set signal to it.
        if let Some(signal) = &init.signal {
            self.signal.set(Some(signal).filter(|signal| !signal.is_null()));
        }
        // 32. If this's request's mode is "no-cors": 1. If this's request's method is not a
        //     CORS-safelisted method, then throw a TypeError.
        let is_simple = matches!(self.method.as_str(), "GET" | "HEAD" | "POST");
        if self.traits.mode == "no-cors" && !is_simple {
            return Err(fail(&format!("'{}' is unsupported in no-cors mode.", self.method)));
        }
        Ok(())
    }

    fn set_body<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        headers: &Headers,
        stream: Option<Value<'js>>,
        body: BodyWithType,
    ) -> Result<()> {
        // 37. 4. If type is non-null and this's headers's header list does not contain
        //     `Content-Type`, then append (`Content-Type`, type) to this's headers.
        if let Some(content_type) = &body.content_type
            && !self.headers.borrow().contains(b"content-type")
        {
            headers.append(ctx, "append", b"content-type", content_type.as_bytes())?;
        }
        self.body = Some(Body::of_bytes(body.bytes));
        self.stream.set(stream.as_ref());
        Ok(())
    }

    pub(super) fn has_body(&self) -> bool {
        self.body.is_some()
    }

    /// Step 41: if inputBody is unusable, then throw a TypeError; set finalBody to the result of
    /// creating a proxy for inputBody.
    fn give_body(&self, ctx: &Ctx<'_>, to: &mut Self) -> Result<()> {
        let used = || {
            let text =
                "Cannot construct a Request with a Request object that has already been used.";
            throw(ctx, ErrorKind::Type, text)
        };
        if body_stream::is_unusable(ctx, self)? {
            return Err(used());
        }
        if let Some(stream) = self.stream.get(ctx)? {
            check_stream_mode(ctx, to.traits.mode)?;
            to.body = Some(Body::of_bytes(""));
            to.stream.set(Some(&body_stream::proxy(ctx, stream)?));
            return Ok(());
        }
        let body = self.body.as_ref().and_then(|body| body.take()).ok_or_else(used)?;
        to.body = Some(Body::of_rest(body));
        Ok(())
    }

    /// The signal is of its own from now on: it follows the one that was given.
    fn follow_signal(&self, ctx: &Ctx<'_>) -> Result<()> {
        if let Some(signal) = self.signal.get(ctx)? {
            self.signal.set(Some(&abort::following(ctx, &signal)?));
        }
        Ok(())
    }

    /// `signal`: [SameObject].
    pub(super) fn signal_object<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        if let Some(signal) = self.signal.get(ctx)? {
            return Ok(signal);
        }
        let made = abort::new_signal(ctx)?;
        self.signal.set(Some(&made));
        Ok(made)
    }

    /// `headers`: [SameObject].
    pub(super) fn headers_object<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        if let Some(made) = self.headers_object.get(ctx)? {
            return Ok(made);
        }
        let headers = Headers::new(self.headers.clone(), Guard::None);
        let made = new_object(ctx, headers)?.into_value();
        self.headers_object.set(Some(&made));
        Ok(made)
    }

    /// <https://fetch.spec.whatwg.org/#dom-request-clone>
    fn cloned<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        // 1. If this is unusable, then throw a TypeError.
        if body_stream::is_unusable(ctx, self)? {
            let text = "Request.clone: Body has already been consumed.";
            return Err(throw(ctx, ErrorKind::Type, text));
        }
        // 2. Let clonedRequest be the result of cloning this's request.
        let mut cloned = self.copied(ctx)?;
        cloned.body = self.body.as_deref().map(Body::tee);
        if let Some(stream) = self.stream.get(ctx)? {
            let [one, other] = body_stream::tee(ctx, stream)?;
            self.stream.set(Some(&one));
            cloned.stream.set(Some(&other));
        }
        // 5. Let clonedSignal be the result of creating a dependent abort signal from « this's
        //    signal ».
        cloned.follow_signal(ctx)?;
        new_object(ctx, cloned)
    }
}

/// 39. 2. If this's request's mode is neither "same-origin" nor "cors", then throw a TypeError.
fn check_stream_mode(ctx: &Ctx<'_>, mode: &str) -> Result<()> {
    if matches!(mode, "same-origin" | "cors") {
        return Ok(());
    }
    let text = "If request is made from ReadableStream, mode should be \"same-origin\" or \"cors\"";
    Err(throw(ctx, ErrorKind::Type, text))
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
