//! What is asked for: <https://fetch.spec.whatwg.org/#concept-request>, as far as it is needed.
//!
//! Plain data without a value of script: what a task takes along. The object that script has
//! is in `request.rs`.

use std::rc::Rc;

use holm_js::webidl::convert;
use holm_js::{Ctx, ErrorKind, Result, Value, throw};
use url::Url;

use super::header_list::HeaderList;
use super::http::RequestBody;
use crate::file_api::BlobData;
use crate::weight::Weight;

/// A request under way.
#[derive(Debug)]
pub(super) struct RequestData {
    /// Its current URL.
    pub(super) url: Url,
    pub(super) method: String,
    pub(super) headers: HeaderList,
    pub(super) body: RequestBody,
    /// Whether its body is a stream, that cannot be had again.
    pub(super) has_streamed: bool,
    pub(super) redirect: RedirectMode,
    pub(super) redirect_count: u32,
    /// Its integrity metadata.
    pub(super) integrity: String,
    /// The URL's blob URL entry, as of when it was parsed.
    pub(super) blob: Option<BlobData>,
    /// What all but the body weighs.
    pub(super) weight: Rc<Weight>,
}

/// <https://fetch.spec.whatwg.org/#concept-request-redirect-mode>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RedirectMode {
    #[default]
    Follow,
    Error,
    Manual,
}

impl RedirectMode {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Follow => "follow",
            Self::Error => "error",
            Self::Manual => "manual",
        }
    }

    pub(super) fn of(name: &str) -> Self {
        match name {
            "error" => Self::Error,
            "manual" => Self::Manual,
            _ => Self::Follow,
        }
    }
}

/// What browsers go by and a host without a page does not: told to script, and kept.
#[derive(Clone, Debug)]
pub(super) struct Traits {
    pub(super) mode: &'static str,
    pub(super) credentials: &'static str,
    pub(super) cache: &'static str,
    pub(super) referrer_policy: &'static str,
    /// `about:client`, nothing, or a URL.
    pub(super) referrer: Rc<str>,
    pub(super) keepalive: bool,
}

impl Default for Traits {
    fn default() -> Self {
        Self {
            mode: "cors",
            credentials: "same-origin",
            cache: "default",
            referrer_policy: "",
            referrer: "about:client".into(),
            keepalive: false,
        }
    }
}

pub(super) const MODES: &[&str] = &["navigate", "same-origin", "no-cors", "cors"];
pub(super) const CREDENTIALS: &[&str] = &["omit", "same-origin", "include"];
pub(super) const CACHES: &[&str] =
    &["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"];
pub(super) const REDIRECTS: &[&str] = &["follow", "manual", "error"];
pub(super) const REFERRER_POLICIES: &[&str] = &[
    "",
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
];

/// An enumeration: <https://webidl.spec.whatwg.org/#js-enumeration>.
pub(super) fn one_of<'js>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    names: &[&'static str],
) -> Result<&'static str> {
    let text = convert::string(ctx, value)?;
    names.iter().find(|name| **name == text).copied().ok_or_else(|| {
        let names = names.join(", ");
        let text = format!("RequestInit: {text} is not an accepted type. Expected one of {names}.");
        throw(ctx, ErrorKind::Type, &text)
    })
}
