//! `Response`, <https://fetch.spec.whatwg.org/#response-class>.

use std::cell::RefCell;
use std::rc::Rc;

use holm_js::webidl::convert::{self, Integer};
use holm_js::webidl::{Definition, Interface, construct, new_object};
use holm_js::{
    Call, Ctx, ErrorKind, Held, HeldCell, HostObject, Object, Result, Tracer, Value, throw, to_text,
};
use url::Url;

use super::body::Body;
use super::body_init::{BodyWithType, GivenBody};
use super::body_stream;
use super::consume::{self, HasBody};
use super::header_list;
use super::headers::{Guard, Headers, HeadersInit, SharedList};
use crate::shown;
use crate::weight::{Weight, weighed};

/// <https://fetch.spec.whatwg.org/#concept-response-type>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseType {
    /// From a `fetch` here: there is no origin that it could be foreign to.
    Basic,
    /// Made by script.
    Default,
    /// A network error, `Response.error()`.
    Error,
}

impl ResponseType {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Default => "default",
            Self::Error => "error",
        }
    }
}

/// A response, <https://fetch.spec.whatwg.org/#concept-response>.
#[derive(Debug)]
pub(super) struct ResponseData {
    pub(super) kind: ResponseType,
    /// The last of the URL list, without its fragment; empty where there is none.
    pub(super) url: Rc<str>,
    /// Whether the URL list's size is greater than 1.
    pub(super) is_redirected: bool,
    pub(super) status: u16,
    pub(super) status_text: Vec<u8>,
    pub(super) headers: SharedList,
    pub(super) body: Option<Rc<Body>>,
    /// What the URL and the request's parts weigh.
    pub(super) weight: Option<Rc<Weight>>,
}

impl Default for ResponseData {
    fn default() -> Self {
        Self {
            kind: ResponseType::Default,
            url: Rc::default(),
            is_redirected: false,
            status: 200,
            status_text: Vec::new(),
            headers: SharedList::default(),
            body: None,
            weight: None,
        }
    }
}

/// The inside of a `Response`.
pub(super) struct Response {
    pub(super) data: Rc<ResponseData>,
    guard: Guard,
    /// What `headers` returned, once it was asked for.
    headers: RefCell<Option<Held>>,
    /// The stream of its body, once it was asked for or given.
    pub(super) stream: HeldCell,
}

/// Its parts go with it, in the finalizer: a socket, a file or bytes neither touch an engine nor
/// hold values of one. (In the graveyard they would pile up while a loop of script runs.)
impl HostObject for Response {
    fn trace(&self, tracer: &Tracer<'_>) {
        if let Some(headers) = &*self.headers.borrow() {
            tracer.mark(headers);
        }
        self.stream.trace(tracer);
    }
}

impl HasBody for Response {
    fn body(&self) -> Option<&Body> {
        self.data.body.as_deref()
    }

    fn stream(&self) -> &HeldCell {
        &self.stream
    }

    fn content_type(&self) -> Option<Vec<u8>> {
        content_type(&self.data)
    }
}

impl Interface for Response {
    const NAME: &'static str = "Response";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(0, |call| construct(call, Self::from_arguments(call)?))
            .static_operation("error", 0, |call| Ok(error(call.ctx())?.into_value()))?
            .static_operation("redirect", 1, |call| Ok(redirect(call)?.into_value()))?
            .static_operation("json", 1, |call| Ok(json(call)?.into_value()))?
            .attribute("type", |this, call| call.returns(this.data.kind.as_str()))?
            .attribute("url", |this, call| call.returns(&*this.data.url))?
            .attribute("redirected", |this, call| call.returns(this.data.is_redirected))?
            .attribute("status", |this, call| call.returns(this.data.status))?
            .attribute("ok", |this, call| call.returns(this.data.is_ok()))?
            .attribute("statusText", |this, call| {
                call.returns(convert::from_byte_string(&this.data.status_text))
            })?
            .attribute("headers", |this, call| this.headers_object(call.ctx()))?
            .operation("clone", 0, |this, call| Ok(this.cloned(call.ctx())?.into_value()))?;
        consume::define(members)?;
        shown::define(members)
    }
}

impl ResponseData {
    /// <https://fetch.spec.whatwg.org/#ok-status>
    pub(super) fn is_ok(&self) -> bool {
        (200..=299).contains(&self.status)
    }
}

/// <https://fetch.spec.whatwg.org/#null-body-status>
pub(super) fn is_null_body_status(status: u16) -> bool {
    matches!(status, 101 | 103 | 204 | 205 | 304)
}

/// <https://fetch.spec.whatwg.org/#redirect-status>
pub(super) fn is_redirect_status(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// `ResponseInit`, converted.
struct ResponseInit {
    headers: Option<HeadersInit>,
    status: u16,
    status_text: Vec<u8>,
}

impl ResponseInit {
    fn from_js<'js>(ctx: &Ctx<'js>, value: &Value<'js>, what: &str) -> Result<Self> {
        let mut init = Self { headers: None, status: 200, status_text: Vec::new() };
        let Some(given) = convert::dictionary(ctx, value, &format!("{what}: init"))? else {
            return Ok(init);
        };
        // Members are read in the order of their names.
        if let Some(headers) = convert::member(&given, "headers")? {
            init.headers = Some(HeadersInit::from_js(ctx, &headers, what)?);
        }
        if let Some(status) = convert::member(&given, "status")? {
            init.status = convert::unsigned_short(ctx, &status, Integer::Wrap, "status")?;
        }
        if let Some(text) = convert::member(&given, "statusText")? {
            init.status_text = convert::byte_string(ctx, &text)?;
        }
        Ok(init)
    }
}

impl Response {
    /// <https://fetch.spec.whatwg.org/#response-create>
    pub(super) fn create<'js>(
        ctx: &Ctx<'js>,
        data: ResponseData,
        guard: Guard,
    ) -> Result<Object<'js>> {
        new_object(ctx, Self::new(data, guard))
    }

    fn new(data: ResponseData, guard: Guard) -> Self {
        let stream = HeldCell::default();
        Self { data: Rc::new(data), guard, headers: RefCell::new(None), stream }
    }

    /// <https://fetch.spec.whatwg.org/#dom-response>
    fn from_arguments(call: &Call<'_, '_>) -> Result<Self> {
        let ctx = call.ctx();
        let body = GivenBody::from_js(ctx, &call.value(0))?;
        let init = ResponseInit::from_js(ctx, &call.value(1), "Response constructor")?;
        // 1. Set this's response to a new response.
        // 3. Let bodyWithType be null. 4. If body is non-null, then set bodyWithType to the
        //    result of extracting body.
        let (stream, body) = match body {
            Some(body) => {
                let (stream, body) = body.extract(ctx, "Response")?;
                (stream, Some(body))
            }
            None => (None, None),
        };
        // 5. Perform initialize a response given this, init, and bodyWithType.
        let response = initialized(ctx, init, body)?;
        response.stream.set(stream.as_ref());
        Ok(response)
    }

    /// `headers`: [SameObject].
    pub(super) fn headers_object<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        if let Some(made) = &*self.headers.borrow() {
            return made.get(ctx);
        }
        let made = new_object(ctx, Headers::new(self.data.headers.clone(), self.guard))?;
        let made = made.into_value();
        *self.headers.borrow_mut() = Some(Held::new(&made));
        Ok(made)
    }

    /// <https://fetch.spec.whatwg.org/#dom-response-clone>
    fn cloned<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        // 1. If this is unusable, then throw a TypeError.
        if body_stream::is_unusable(ctx, self)? {
            let text = "Response.clone: Body has already been consumed.";
            return Err(throw(ctx, ErrorKind::Type, text));
        }
        // 2. Let clonedResponse be the result of cloning this's response.
        let data = ResponseData {
            kind: self.data.kind,
            url: self.data.url.clone(),
            is_redirected: self.data.is_redirected,
            status: self.data.status,
            status_text: self.data.status_text.clone(),
            headers: Rc::new(RefCell::new(self.data.headers.borrow().clone())),
            body: self.data.body.as_deref().map(Body::tee),
            weight: self.data.weight.clone(),
        };
        // 3. Return the result of creating a Response object, given clonedResponse, this's
        //    headers's guard, and this's relevant realm.
        let cloned = Self::new(data, self.guard);
        if let Some(stream) = self.stream.get(ctx)? {
            let [one, other] = body_stream::tee(ctx, stream)?;
            self.stream.set(Some(&one));
            cloned.stream.set(Some(&other));
        }
        new_object(ctx, cloned)
    }
}

/// <https://fetch.spec.whatwg.org/#initialize-a-response>
fn initialized(ctx: &Ctx<'_>, init: ResponseInit, body: Option<BodyWithType>) -> Result<Response> {
    // 1. If init["status"] is not in the range 200 to 599, inclusive, then throw a RangeError.
    if !(200..=599).contains(&init.status) {
        let text = "init[\"status\"] must be in the range of 200 to 599, inclusive.";
        return Err(throw(ctx, ErrorKind::Range, text));
    }
    // 2. If init["statusText"] is not the empty string and does not match the reason-phrase
    //    token production, then throw a TypeError.
    let is_phrase = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~' | 0x80..);
    if !init.status_text.iter().all(is_phrase) {
        return Err(throw(ctx, ErrorKind::Type, "Invalid statusText"));
    }
    let data = ResponseData {
        // 3. Set response's response's status to init["status"].
        status: init.status,
        // 4. Set response's response's status message to init["statusText"].
        status_text: init.status_text,
        ..ResponseData::default()
    };
    // 5. If init["headers"] exists, then fill response's headers with init["headers"].
    let headers = Headers::new(data.headers.clone(), Guard::None);
    if let Some(given) = init.headers {
        headers.fill(ctx, given)?;
    }
    // 6. If body is non-null:
    let Some(body) = body else {
        return Ok(Response::new(data, Guard::None));
    };
    // 1. If response's status is a null body status, then throw a TypeError.
    if is_null_body_status(data.status) {
        let text = format!("Response constructor: Invalid response status code {}", data.status);
        return Err(throw(ctx, ErrorKind::Type, &text));
    }
    // 3. If body's type is non-null and response's header list does not contain `Content-Type`,
    //    then append (`Content-Type`, body's type) to response's header list.
    if let Some(content_type) = body.content_type
        && !data.headers.borrow().contains(b"content-type")
    {
        headers.append(ctx, "append", b"content-type", content_type.as_bytes())?;
    }
    // 2. Set response's body to body's body.
    let data = ResponseData { body: Some(Body::of_bytes(body.bytes)), ..data };
    Ok(Response::new(data, Guard::None))
}

/// <https://fetch.spec.whatwg.org/#dom-response-error>
fn error<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    // Return the result of creating a Response object, given a new network error, "immutable",
    // and the current realm.
    let data = ResponseData { kind: ResponseType::Error, status: 0, ..ResponseData::default() };
    Response::create(ctx, data, Guard::Immutable)
}

/// <https://fetch.spec.whatwg.org/#dom-response-redirect>
fn redirect<'js>(call: &Call<'_, 'js>) -> Result<Object<'js>> {
    let ctx = call.ctx();
    let url = convert::string(ctx, &call.value(0))?;
    let status = match call.value(1) {
        status if status.is_undefined() => 302,
        status => convert::unsigned_short(ctx, &status, Integer::Wrap, "status")?,
    };
    // 1. Let parsedURL be the result of parsing url with current settings object's API base URL.
    // 2. If parsedURL is failure, then throw a TypeError.
    let url = Url::parse(&url)
        .map_err(|_| throw(ctx, ErrorKind::Type, &format!("Failed to parse URL from {url}")))?;
    // 3. If status is not a redirect status, then throw a RangeError.
    if !is_redirect_status(status) {
        return Err(throw(ctx, ErrorKind::Range, &format!("Invalid status code {status}")));
    }
    // 4. to 7. Let value be parsedURL, serialized and isomorphic encoded. Append (`Location`,
    //    value) to responseObject's response's header list.
    let data = ResponseData { status, ..ResponseData::default() };
    let headers = Headers::new(data.headers.clone(), Guard::None);
    headers.append(ctx, "append", b"location", url.as_str().as_bytes())?;
    Response::create(ctx, data, Guard::Immutable)
}

/// <https://fetch.spec.whatwg.org/#dom-response-json>
fn json<'js>(call: &Call<'_, 'js>) -> Result<Object<'js>> {
    let ctx = call.ctx();
    let init = ResponseInit::from_js(ctx, &call.value(1), "Response.json")?;
    // 1. Let bytes be the result of serializing a JavaScript value to JSON bytes given data.
    let text = ctx
        .json_stringify(call.value(0))?
        .ok_or_else(|| throw(ctx, ErrorKind::Type, "Value is not JSON serializable"))?;
    // 2. Let body be the result of extracting bytes.
    let bytes = weighed(ctx, to_text(ctx, text.as_value())?.into_bytes())?;
    // 4. Perform initialize a response given responseObject, init, and (body, "application/json").
    let body = BodyWithType { bytes, content_type: Some("application/json".into()) };
    new_object(ctx, initialized(ctx, init, Some(body))?)
}

/// What a `Content-Type` header says, or `None`.
pub(super) fn content_type(data: &ResponseData) -> Option<Vec<u8>> {
    let value = data.headers.borrow().get(b"content-type")?;
    Some(header_list::normalized(&value).to_vec())
}
