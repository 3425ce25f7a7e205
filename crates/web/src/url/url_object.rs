//! `URL`, <https://url.spec.whatwg.org/#url-class>.

use std::cell::RefCell;
use std::rc::Rc;

use holm_js::webidl::{Definition, Interface, construct, convert, new_object};
use holm_js::{
    Call, Ctx, Error, ErrorKind, Held, HostObject, Object, Result, Tracer, Value, coded_error,
    throw_value,
};
use url::{Url, quirks};

use super::record::Record;
use super::search_params::UrlSearchParams;
use crate::{file_api, shown};

/// The inside of a `URL`.
pub(super) struct UrlObject {
    record: Rc<Record>,
    /// What `searchParams` returned, once it was asked for.
    search_params: RefCell<Option<Held>>,
}

impl HostObject for UrlObject {
    fn trace(&self, tracer: &Tracer<'_>) {
        if let Some(search_params) = &*self.search_params.borrow() {
            tracer.mark(search_params);
        }
    }
}

impl Interface for UrlObject {
    const NAME: &'static str = "URL";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, |call| {
                // 1. Let parsedURL be the result of running the API URL parser on url with base,
                //    if given. 2. If parsedURL is failure, then throw a TypeError.
                let (ctx, given) = (call.ctx(), Given::from_call(call)?);
                let url = given.parse().ok_or_else(|| given.invalid(ctx))?;
                // 3. Initialize this with parsedURL.
                construct(call, Self::new(ctx, url)?)
            })
            .static_operation("parse", 1, |call| {
                // 2. If parsedURL is failure, then return null.
                match Given::from_call(call)?.parse() {
                    Some(url) => {
                        Ok(new_object(call.ctx(), Self::new(call.ctx(), url)?)?.into_value())
                    }
                    None => Ok(Value::new_null(call.ctx().clone())),
                }
            })?
            .static_operation("canParse", 1, |call| {
                call.returns(Given::from_call(call)?.parse().is_some())
            })?
            .static_operation("createObjectURL", 1, file_api::create_object_url)?
            .static_operation("revokeObjectURL", 1, file_api::revoke_object_url)?
            .operation("toString", 0, |this, call| call.returns(this.get(quirks_href)))?
            .writable_attribute("href", |this, call| call.returns(this.get(quirks_href)), set_href)?
            .attribute("origin", |this, call| call.returns(this.get(origin)))?;
        let (before, hash) = PARTS.split_at(PARTS.len() - 1);
        define_parts(members, before)?;
        members.attribute("searchParams", |this, call| this.search_params(call.ctx()))?;
        define_parts(members, hash)?;
        members.operation("toJSON", 0, |this, call| call.returns(this.get(quirks_href)))?;
        shown::define(members)
    }
}

/// <https://url.spec.whatwg.org/#concept-url-origin>, serialized.
fn origin(url: &Url) -> String {
    if url.scheme() != "blob" {
        return quirks::origin(url);
    }
    // 2. Let pathURL be the result of parsing the result of URL path serializing url. 4. If
    //    pathURL's scheme is "http", "https", then return pathURL's origin. 5. Return a new opaque
    //    origin. (The crate returns that of any scheme. Entries of Node's URLs have none: step 1.)
    match Url::parse(url.path()) {
        Ok(inner) if matches!(inner.scheme(), "http" | "https") => quirks::origin(&inner),
        _ => "null".to_owned(),
    }
}

fn quirks_href(url: &Url) -> String {
    quirks::href(url).to_owned()
}

/// An attribute that is a part of the URL.
type Part = (&'static str, fn(&Url) -> &str, fn(&mut Url, &str));

/// The parts with their setters' steps: what a setter refuses leaves the URL as it was.
const PARTS: [Part; 9] = [
    ("protocol", quirks::protocol, |url, value| {
        quirks::set_protocol(url, value).unwrap_or_default()
    }),
    ("username", quirks::username, |url, value| {
        quirks::set_username(url, value).unwrap_or_default()
    }),
    ("password", quirks::password, |url, value| {
        quirks::set_password(url, value).unwrap_or_default()
    }),
    ("host", quirks::host, |url, value| quirks::set_host(url, value).unwrap_or_default()),
    ("hostname", quirks::hostname, |url, value| {
        quirks::set_hostname(url, value).unwrap_or_default()
    }),
    ("port", quirks::port, |url, value| quirks::set_port(url, value).unwrap_or_default()),
    ("pathname", quirks::pathname, quirks::set_pathname),
    ("search", quirks::search, quirks::set_search),
    ("hash", quirks::hash, quirks::set_hash),
];

fn define_parts(members: &mut Definition<'_, '_, UrlObject>, parts: &[Part]) -> Result<()> {
    for &(name, get, set) in parts {
        members.writable_attribute(
            name,
            move |this, call| call.returns(this.get(|url| get(url).to_owned())),
            move |this, call| {
                let value = convert::string(call.ctx(), &call.value(0))?;
                this.record.change_url(call.ctx(), |url| set(url, &value)).map(drop)
            },
        )?;
    }
    Ok(())
}

/// <https://url.spec.whatwg.org/#dom-url-href>, the setter.
fn set_href(this: &UrlObject, call: &Call<'_, '_>) -> Result<()> {
    let ctx = call.ctx();
    // 1. Let parsedURL be the result of running the basic URL parser on the given value. 2. If
    //    parsedURL is failure, then throw a TypeError.
    let given = Given { url: convert::string(ctx, &call.value(0))?, base: None };
    let parsed = given.parse().ok_or_else(|| given.invalid(ctx))?;
    // 3. Set this's URL to parsedURL. 4. to 6. …
    this.record.change_url(ctx, |url| *url = parsed).map(drop)
}

/// What a URL is to be made of.
struct Given {
    url: String,
    base: Option<String>,
}

impl Given {
    fn from_call(call: &Call<'_, '_>) -> Result<Self> {
        let (ctx, base) = (call.ctx(), call.value(1));
        let url = convert::string(ctx, &call.value(0))?;
        let base = if base.is_undefined() { None } else { Some(convert::string(ctx, &base)?) };
        Ok(Self { url, base })
    }

    /// <https://url.spec.whatwg.org/#api-url-parser>
    fn parse(&self) -> Option<Url> {
        // 1. Let parsedBase be null. 2. If base is non-null: set parsedBase to the result of
        //    running the basic URL parser on base; if it is failure, then return failure.
        let base = self.base.as_deref().map(Url::parse).transpose().ok()?;
        // 3. Return the result of running the basic URL parser on url with parsedBase.
        Url::options().base_url(base.as_ref()).parse(&self.url).ok()
    }

    /// Throws what Node throws.
    fn invalid(&self, ctx: &Ctx<'_>) -> Error {
        let made = coded_error(ctx, ErrorKind::Type, "ERR_INVALID_URL", "Invalid URL");
        let made = made.and_then(|error| {
            error.set("input", &*self.url)?;
            if let Some(base) = &self.base {
                error.set("base", &**base)?;
            }
            Ok(error)
        });
        match made {
            Ok(error) => throw_value(ctx, error),
            Err(error) => error,
        }
    }
}

impl UrlObject {
    fn new(ctx: &Ctx<'_>, url: Url) -> Result<Self> {
        let record = Rc::new(Record::of_url(ctx, url)?);
        Ok(Self { record, search_params: RefCell::new(None) })
    }

    pub(super) fn url(&self) -> Url {
        self.record.with_url(Url::clone).expect("a URL object has a URL")
    }

    fn get(&self, part: impl FnOnce(&Url) -> String) -> String {
        self.record.with_url(part).unwrap_or_default()
    }

    /// The parts in the order in which Node shows them, but for `searchParams`.
    pub(super) fn shown_parts(&self) -> Vec<(&'static str, String)> {
        let mut parts = vec![("href", self.get(quirks_href)), ("origin", self.get(origin))];
        parts.extend(PARTS.map(|(name, get, _)| (name, self.get(|url| get(url).to_owned()))));
        parts
    }

    /// `searchParams`: \[SameObject\].
    pub(super) fn search_params<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        if let Some(made) = &*self.search_params.borrow() {
            return made.get(ctx);
        }
        let made: Object<'js> = new_object(ctx, UrlSearchParams::of_url(self.record.clone()))?;
        let made = made.into_value();
        self.search_params.replace(Some(Held::new(&made)));
        Ok(made)
    }
}
