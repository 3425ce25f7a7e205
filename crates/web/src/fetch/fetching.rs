//! `fetch`, and the algorithms from there to the schemes.

use std::cell::RefCell;
use std::rc::Rc;

use data_url::DataUrl;
use holm_host::{TaskId, host};
use holm_js::{Call, Ctx, Error, ErrorKind, Function, Result, Root, Value, function, throw};
use url::{Position, Url};

use super::body::Body;
use super::cut::Cut;
use super::error::{NetworkError, Prepared};
use super::headers::Guard;
use super::http::{Client, RequestBody, client};
use super::request::Request;
use super::request_data::RequestData;
use super::response::{Response, ResponseData, ResponseType, is_null_body_status};
use super::upload::{self, Stop};
use super::{bad_ports, body_stream, file, http, integrity};
use crate::streams::body_helper;

type Outcome = std::result::Result<ResponseData, NetworkError>;

/// <https://fetch.spec.whatwg.org/#dom-global-fetch>
pub(super) fn fetch<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    if call.is_empty() {
        let text = "fetch: 1 argument required, but only 0 present";
        return Err(throw(ctx, ErrorKind::Type, text));
    }
    // 2. Let requestObject be the result of invoking the initial value of Request as
    //    constructor with input and init as arguments. If this throws an exception, reject p
    //    with it and return p.
    let request = Request::from_arguments(ctx, &call.value(0), &call.value(1))?;
    let signal = request.signal.get(ctx)?;
    let (request, stop) = under_way(ctx, request)?;
    // 1. Let p be a new promise. 13. Return p.
    let Some(signal) = signal else {
        let (promise, resolve, reject) = ctx.promise()?;
        start(ctx, request, resolve, reject)?;
        return Ok(promise.into_value());
    };
    // 4. If requestObject's signal is aborted, then abort the fetch() call and return p.
    // 11. Add the following abort steps to requestObject's signal: …
    let request = RefCell::new(Some(request));
    let begin = function(ctx, "", 2, move |call| {
        let request = request.take().ok_or(Error::Unknown)?;
        let flight = start(call.ctx(), request, call.get(0)?, call.get(1)?)?;
        let stop = stop.clone();
        let end = function(call.ctx(), "", 1, move |call| {
            host(call.ctx()).tasks.abort(flight.task);
            flight.cut.cut();
            stop.stop(call.ctx(), call.value(0))?;
            call.undefined()
        })?;
        Ok(end.into_value())
    })?;
    body_helper(ctx, "abortable")?.call((signal, begin))
}

/// What a task takes along of a request; and what ends the reading of its body, where that is a
/// stream.
fn under_way<'js>(ctx: &Ctx<'js>, request: Request) -> Result<(RequestData, Stop)> {
    let (mut stream, mut body) = (request.stream.get(ctx)?, RequestBody::None);
    if let (None, Some(mut chunks)) = (&stream, request.body.as_deref().and_then(Body::take)) {
        match chunks.take_bytes() {
            Some(bytes) => body = RequestBody::Bytes(bytes),
            None => stream = Some(body_stream::stream_of(ctx, chunks)?),
        }
    }
    let mut stop = Stop::default();
    let has_streamed = stream.is_some();
    if let Some(stream) = stream {
        let (upload, stops) = upload::begin(ctx, stream)?;
        (body, stop) = (RequestBody::Stream(upload), stops);
    }
    let data = RequestData {
        url: request.url,
        method: request.method,
        headers: request.headers.take(),
        body,
        has_streamed,
        redirect: request.redirect,
        redirect_count: 0,
        integrity: request.integrity,
        blob: request.blob,
        weight: request.weight,
    };
    Ok((data, stop))
}

/// A fetch that may be ended.
struct Flight {
    task: TaskId,
    cut: Rc<Cut>,
}

/// 12. Set controller to the result of calling fetch given request and processResponse.
fn start<'js>(
    ctx: &Ctx<'js>,
    request: RequestData,
    resolve: Function<'js>,
    reject: Function<'js>,
) -> Result<Flight> {
    let resolve = Root::<Function<'static>>::new(ctx, resolve)?;
    let failure = Prepared::new(ctx, reject)?;
    let client = client(ctx);
    let cut = Rc::new(Cut::default());
    let cut_too = cut.clone();
    let work = async move {
        let mut response = main_fetch(request, &client).await?;
        response.body = response.body.map(|body| cut_too.over(&response.url, body));
        Ok(response)
    };
    let task = host(ctx).tasks.spawn(work, move |ctx, outcome: Outcome| match outcome {
        // 4. Set responseObject to the result of creating a Response object, given response,
        //    "immutable", and relevantRealm. 5. Resolve p with responseObject.
        Ok(data) => {
            let response = Response::create(ctx, data, Guard::Immutable)?;
            resolve.get::<Function<'_>>(ctx)?.call((response,))
        }
        // 3. If response is a network error, then reject p with a TypeError.
        Err(error) => failure.fail(ctx, &error),
    });
    Ok(Flight { task, cut })
}

/// <https://fetch.spec.whatwg.org/#concept-main-fetch>
async fn main_fetch(request: RequestData, client: &Client) -> Outcome {
    let is_head = request.method == "HEAD";
    // 11. If response is null, then set it: as "basic" where the current URL's scheme is
    //     "data", and where request's mode is "navigate"; a host without a page has nothing
    //     that a response could be foreign to.
    let (weight, integrity) = (request.weight.clone(), request.integrity.clone());
    let mut response = scheme_fetch(request, client).await?;
    response.weight = Some(weight);
    // 21. If response is not a network error and any of the following is true: request's method
    //     is `HEAD` or `CONNECT`; internalResponse's status is a null body status; then set
    //     internalResponse's body to null.
    if is_head || is_null_body_status(response.status) {
        response.body = None;
    }
    // 22. If request's integrity metadata is not the empty string: …
    integrity::checked(response, &integrity, client.max_body_bytes()).await
}

/// <https://fetch.spec.whatwg.org/#concept-scheme-fetch>
async fn scheme_fetch(request: RequestData, client: &Client) -> Outcome {
    match request.url.scheme() {
        "blob" => blob_fetch(request),
        "data" => data_fetch(&request),
        "file" => file::fetch(&request, client.permissions()).await,
        "http" | "https" => http::fetch(request, client).await,
        scheme => {
            let why = format!("the scheme '{scheme}:' is not supported");
            Err(NetworkError::new(request.url.as_str(), why))
        }
    }
}

/// Scheme fetch, "data".
fn data_fetch(request: &RequestData) -> Outcome {
    let url = without_fragment(&request.url);
    // 1. Let dataURLStruct be the result of running the data: URL processor on request's
    //    current URL. 2. If dataURLStruct is failure, then return a network error.
    let bad = |why: &str| NetworkError::new(url, why);
    let data = DataUrl::process(url).map_err(|_| bad("the data: URL has no comma"))?;
    let (bytes, _fragment) =
        data.decode_to_vec().map_err(|_| bad("the data: URL is not valid base64"))?;
    // 3. Let mimeType be dataURLStruct's MIME type, serialized.
    // 4. Return a new response whose status message is `OK`, header list is
    //    << (`Content-Type`, mimeType) >>, and body is dataURLStruct's body as a body.
    let mut response = response_with_type(url, &data.mime_type().to_string());
    response.status_text = b"OK".to_vec();
    response.body = Some(Body::of_bytes(bytes));
    Ok(response)
}

/// Scheme fetch, "blob".
fn blob_fetch(request: RequestData) -> Outcome {
    let url = without_fragment(&request.url);
    // 1. Let blobURLEntry be request's current URL's blob URL entry. 2. If request's method is not
    //    `GET` or blobURLEntry is null, then return a network error.
    if request.method != "GET" {
        return Err(NetworkError::new(url, "a blob: URL can only be fetched with GET"));
    }
    let Some(blob) = request.blob else {
        let why = "no blob has this URL: was it revoked, or made by another isolate?";
        return Err(NetworkError::new(url, why));
    };
    // 6. Let fullLength be blob's size. 7. Let serializedFullLength be fullLength, serialized and
    //    isomorphic encoded. 8. Let type be blob's type.
    let response = ResponseData {
        kind: ResponseType::Basic,
        url: url.into(),
        // 9. If request's header list does not contain `Range`: 2. Set response's status message
        //    to `OK`. (Ranges are not looked at: the whole is an answer too.)
        status_text: b"OK".to_vec(),
        // 3. Set response's body to bodyWithType's body.
        body: Some(Body::of_bytes(blob.bytes.clone())),
        ..ResponseData::default()
    };
    // 4. Set response's header list to << (`Content-Length`, serializedFullLength),
    //    (`Content-Type`, type) >>.
    let mut headers = response.headers.borrow_mut();
    let len = blob.bytes.len().to_string().into_bytes();
    headers.append(b"content-length", len).unwrap_or_default();
    headers.append(b"content-type", blob.content_type.into_bytes()).unwrap_or_default();
    drop(headers);
    Ok(response)
}

/// A response from here, without a body so far.
pub(super) fn response_with_type(url: &str, content_type: &str) -> ResponseData {
    let response =
        ResponseData { kind: ResponseType::Basic, url: url.into(), ..ResponseData::default() };
    let content_type = content_type.as_bytes().to_vec();
    // The only header: the list has room, unless the type itself is endless; then there is none.
    response.headers.borrow_mut().append(b"content-type", content_type).unwrap_or_default();
    response
}

/// Main fetch, step 7: should request be blocked due to a bad port.
pub(crate) fn is_blocked(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https" | "ws" | "wss")
        && url.port().is_some_and(bad_ports::is_bad)
}

/// <https://url.spec.whatwg.org/#concept-url-serializer>, exclude fragment set.
pub(super) fn without_fragment(url: &Url) -> &str {
    &url[..Position::AfterQuery]
}
