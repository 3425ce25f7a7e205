//! `RequestInit`, <https://fetch.spec.whatwg.org/#requestinit>, converted.

use holm_js::webidl::convert;
use holm_js::{Ctx, ErrorKind, Result, Value, host_ref, throw};

use super::body_init::GivenBody;
use super::headers::HeadersInit;
use super::request_data::{
    CACHES, CREDENTIALS, MODES, REDIRECTS, REFERRER_POLICIES, RedirectMode, one_of,
};
use crate::abort::AbortSignal;

#[derive(Default)]
pub(super) struct RequestInit<'js> {
    pub(super) body: Option<GivenBody<'js>>,
    pub(super) cache: Option<&'static str>,
    pub(super) credentials: Option<&'static str>,
    pub(super) has_duplex: bool,
    pub(super) headers: Option<HeadersInit>,
    pub(super) integrity: Option<String>,
    pub(super) keepalive: Option<bool>,
    pub(super) method: Option<Vec<u8>>,
    pub(super) mode: Option<&'static str>,
    pub(super) redirect: Option<RedirectMode>,
    pub(super) referrer: Option<String>,
    pub(super) referrer_policy: Option<&'static str>,
    /// A signal, or `null`.
    pub(super) signal: Option<Value<'js>>,
    /// Whether any member is there.
    pub(super) is_given: bool,
}

impl<'js> RequestInit<'js> {
    pub(super) fn from_js(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Self> {
        let Some(given) = convert::dictionary(ctx, value, "RequestInit")? else {
            return Ok(Self::default());
        };
        let mut init = Self::default();
        let mut is_given = false;
        let mut member = |name: &str| {
            let value = convert::member(&given, name)?;
            is_given |= value.is_some();
            Ok::<_, holm_js::Error>(value)
        };
        let enumeration = |value: Option<Value<'js>>, names| {
            value.map(|value| one_of(ctx, &value, names)).transpose()
        };
        // Members are read in the order of their names.
        if let Some(body) = member("body")? {
            init.body = GivenBody::from_js(ctx, &body)?;
        }
        init.cache = enumeration(member("cache")?, CACHES)?;
        init.credentials = enumeration(member("credentials")?, CREDENTIALS)?;
        init.has_duplex = enumeration(member("duplex")?, &["half"])?.is_some();
        if let Some(headers) = member("headers")? {
            init.headers = Some(HeadersInit::from_js(ctx, &headers, "Headers constructor")?);
        }
        if let Some(integrity) = member("integrity")? {
            init.integrity = Some(convert::string(ctx, &integrity)?);
        }
        init.keepalive = member("keepalive")?.map(|value| convert::boolean(&value));
        if let Some(method) = member("method")? {
            init.method = Some(convert::byte_string(ctx, &method)?);
        }
        init.mode = enumeration(member("mode")?, MODES)?;
        // There is nobody who could be in a hurry.
        enumeration(member("priority")?, &["high", "low", "auto"])?;
        init.redirect = enumeration(member("redirect")?, REDIRECTS)?.map(RedirectMode::of);
        if let Some(referrer) = member("referrer")? {
            init.referrer = Some(convert::string(ctx, &referrer)?);
        }
        init.referrer_policy = enumeration(member("referrerPolicy")?, REFERRER_POLICIES)?;
        init.signal = member("signal")?;
        if init.signal.as_ref().is_some_and(|given| !is_signal(given)) {
            let text = "RequestInit: init.signal is not an AbortSignal";
            return Err(throw(ctx, ErrorKind::Type, text));
        }
        // 10. If init["window"] exists and is non-null, then throw a TypeError.
        if member("window")?.is_some_and(|window| !window.is_null()) {
            return Err(throw(ctx, ErrorKind::Type, "'window' option must be null"));
        }
        init.is_given = is_given;
        Ok(init)
    }
}

fn is_signal(value: &Value<'_>) -> bool {
    value.is_null() || host_ref::<AbortSignal>(value).is_some()
}
