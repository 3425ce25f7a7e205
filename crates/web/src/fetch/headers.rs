//! `Headers`, <https://fetch.spec.whatwg.org/#headers-class>.

use std::cell::RefCell;
use std::rc::Rc;

use holm_js::webidl::{
    Definition, Interface, PairIterable, construct, convert, define_pair_iterable,
};
use holm_js::{Call, Ctx, Error, ErrorKind, HostObject, IntoJs, Result, Value, throw};

use super::header_list::{self, HeaderList, MAX_LIST_BYTES, TooLong};
use crate::shown;

/// A header list that a `Headers` object shares with its response or request.
pub(super) type SharedList = Rc<RefCell<HeaderList>>;

/// Who may change the headers.
///
/// The standard's guards `request` and `response` refuse names that a browser keeps to itself,
/// such as `Cookie` and `Set-Cookie`. Here there is no page to protect from its scripts: as in
/// Node and Deno these names are allowed, and what HTTP itself has to say (`Content-Length`,
/// `Connection` …) is looked at when a request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    None,
    Immutable,
}

/// The inside of a `Headers`.
pub(super) struct Headers {
    list: SharedList,
    guard: Guard,
}

impl HostObject for Headers {}

impl Headers {
    pub(super) fn new(list: SharedList, guard: Guard) -> Self {
        Self { list, guard }
    }

    pub(super) fn list(&self) -> &SharedList {
        &self.list
    }
}

impl Interface for Headers {
    const NAME: &'static str = "Headers";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(0, |call| {
                let headers = Self::new(SharedList::default(), Guard::None);
                let init = call.value(0);
                if !init.is_undefined() {
                    let init = HeadersInit::from_js(call.ctx(), &init, "Headers constructor")?;
                    headers.fill(call.ctx(), init)?;
                }
                construct(call, headers)
            })
            .operation("append", 2, |this, call| {
                let (name, value) = (name(call)?, value(call)?);
                this.append(call.ctx(), "append", &name, &value)?;
                call.undefined()
            })?
            .operation("delete", 1, Self::delete)?
            .operation("get", 1, |this, call| {
                let name = this.checked_name(call, "get")?;
                match this.list.borrow().get(&name) {
                    Some(value) => call.returns(convert::from_byte_string(&value)),
                    None => Ok(Value::new_null(call.ctx().clone())),
                }
            })?
            .operation("getSetCookie", 0, |this, call| {
                let list = this.list.borrow();
                call.returns(list.set_cookies().map(convert::from_byte_string).collect::<Vec<_>>())
            })?
            .operation("has", 1, |this, call| {
                let name = this.checked_name(call, "has")?;
                call.returns(this.list.borrow().contains(&name))
            })?
            .operation("set", 2, Self::set)?;
        define_pair_iterable(members)?;
        shown::define(members)
    }
}

impl PairIterable for Headers {
    const ITERATOR_NAME: &'static str = "Headers Iterator";

    /// <https://fetch.spec.whatwg.org/#headers-class>: the value pairs to iterate over are the
    /// list sorted and combined.
    fn pair<'js>(&self, ctx: &Ctx<'js>, index: usize) -> Result<Option<(Value<'js>, Value<'js>)>> {
        let headers = self.list.borrow().sort_and_combine();
        let Some(header) = headers.get(index) else {
            return Ok(None);
        };
        let name = convert::from_byte_string(&header.name).into_js(ctx)?;
        let value = convert::from_byte_string(&header.value).into_js(ctx)?;
        Ok(Some((name, value)))
    }
}

impl Headers {
    /// <https://fetch.spec.whatwg.org/#concept-headers-append>
    pub(super) fn append(
        &self,
        ctx: &Ctx<'_>,
        member: &str,
        name: &[u8],
        value: &[u8],
    ) -> Result<()> {
        // 1. Normalize value.
        let value = header_list::normalized(value);
        // 2. If validating (name, value) for headers returns false, then return.
        self.validate(ctx, member, name, value)?;
        // 4. Append (name, value) to headers's header list.
        let appended = self.list.borrow_mut().append(name, value.to_vec());
        appended.map_err(|error| too_long(ctx, error))
    }

    /// <https://fetch.spec.whatwg.org/#dom-headers-delete>
    fn delete<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let name = name(call)?;
        // 1. If validating (name, ``) for this returns false, then return.
        self.validate(call.ctx(), "delete", &name, b"")?;
        // 4. Delete name from this's header list.
        self.list.borrow_mut().delete(&name);
        call.undefined()
    }

    /// <https://fetch.spec.whatwg.org/#dom-headers-set>
    fn set<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let (ctx, name, value) = (call.ctx(), name(call)?, value(call)?);
        // 1. Normalize value.
        let value = header_list::normalized(&value);
        // 2. If validating (name, value) for this returns false, then return.
        self.validate(ctx, "set", &name, value)?;
        // 4. Set (name, value) in this's header list.
        let set = self.list.borrow_mut().set(&name, value.to_vec());
        set.map_err(|error| too_long(ctx, error))?;
        call.undefined()
    }

    /// <https://fetch.spec.whatwg.org/#headers-validate>
    fn validate(&self, ctx: &Ctx<'_>, member: &str, name: &[u8], value: &[u8]) -> Result<()> {
        // 1. If name is not a header name or value is not a header value, then throw a TypeError.
        if !header_list::is_name(name) {
            return Err(invalid(ctx, member, name, "name"));
        }
        if !header_list::is_value(value) {
            return Err(invalid(ctx, member, value, "value"));
        }
        // 2. If headers's guard is "immutable", then throw a TypeError.
        if self.guard == Guard::Immutable {
            let text = format!("Headers.{member}: these headers are immutable");
            return Err(throw(ctx, ErrorKind::Type, &text));
        }
        Ok(())
    }

    /// The name an operation is about.
    fn checked_name(&self, call: &Call<'_, '_>, member: &str) -> Result<Vec<u8>> {
        let name = name(call)?;
        // 1. If name is not a header name, then throw a TypeError.
        if !header_list::is_name(&name) {
            return Err(invalid(call.ctx(), member, &name, "name"));
        }
        Ok(name)
    }

    /// <https://fetch.spec.whatwg.org/#concept-headers-fill>
    pub(super) fn fill(&self, ctx: &Ctx<'_>, init: HeadersInit) -> Result<()> {
        // 1. If object is a sequence, then for each header of object:
        for header in init.0 {
            match header {
                // 2. Append (header[0], header[1]) to headers.
                Ok((name, value)) => self.append(ctx, "append", &name, &value)?,
                // 1. If header's size is not 2, then throw a TypeError.
                Err(size) => {
                    let text = format!(
                        "Headers constructor: expected name/value pair to be length 2, found {size}."
                    );
                    return Err(throw(ctx, ErrorKind::Type, &text));
                }
            }
        }
        Ok(())
    }
}

/// A name and a value, or how many items stood in their place.
type MaybePair = std::result::Result<(Vec<u8>, Vec<u8>), usize>;

/// `HeadersInit`, converted.
pub(super) struct HeadersInit(Vec<MaybePair>);

/// More headers than any list can take: what an endless iterator gives is not collected.
const MAX_INIT_HEADERS: usize = MAX_LIST_BYTES / 32;

impl HeadersInit {
    /// `(sequence<sequence<ByteString>> or record<ByteString, ByteString>)`,
    /// <https://webidl.spec.whatwg.org/#js-union>
    pub(super) fn from_js<'js>(ctx: &Ctx<'js>, value: &Value<'js>, what: &str) -> Result<Self> {
        let Some(object) = value.as_object() else {
            let text = format!(
                "{what}: Argument 1 could not be converted to one of: \
                 sequence<sequence<ByteString>>, record<ByteString, ByteString>."
            );
            return Err(throw(ctx, ErrorKind::Type, &text));
        };
        let mut headers = Vec::new();
        let mut len_bytes = 0;
        let mut push = |header: MaybePair| {
            len_bytes += header.as_ref().map_or(0, |(name, value)| name.len() + value.len());
            headers.push(header);
            if headers.len() > MAX_INIT_HEADERS || len_bytes > MAX_LIST_BYTES {
                return Err(too_long(ctx, TooLong));
            }
            Ok(())
        };
        // 11.1. If types includes a sequence type: let method be ? GetMethod(V, %Symbol.iterator%).
        if let Some(method) = convert::iterator_method(object)? {
            convert::elements(object, &method, |item| push(pair(ctx, &item)?))?;
        } else {
            // 11.4. If types includes a record type, then return the result of converting V to it.
            convert::record(object, |key, get| {
                let name = convert::byte_string(ctx, key)?;
                push(Ok((name, convert::byte_string(ctx, &get()?)?)))
            })?;
        }
        Ok(Self(headers))
    }
}

/// `HeadersInit`, as a list of names and values.
pub(crate) fn read_headers<'js>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let headers = Headers::new(SharedList::default(), Guard::None);
    headers.fill(ctx, HeadersInit::from_js(ctx, value, "Headers constructor")?)?;
    let list = headers.list.borrow();
    Ok(list.iter().map(|header| (header.name.clone(), header.value.clone())).collect())
}

/// `sequence<ByteString>`; of one that is too long only the length is kept.
fn pair<'js>(ctx: &Ctx<'js>, item: &Value<'js>) -> Result<MaybePair> {
    let not_iterable =
        || throw(ctx, ErrorKind::Type, "Headers constructor: a pair is not iterable");
    let item = item.as_object().ok_or_else(not_iterable)?;
    let method = convert::iterator_method(item)?.ok_or_else(not_iterable)?;
    let (mut name, mut value, mut size) = (None, None, 0);
    convert::elements(item, &method, |part| {
        let part = convert::byte_string(ctx, &part)?;
        size += 1;
        match size {
            1 => name = Some(part),
            2 => value = Some(part),
            _ => {}
        }
        Ok(())
    })?;
    Ok(match (name, value) {
        (Some(name), Some(value)) if size == 2 => Ok((name, value)),
        _ => Err(size),
    })
}

fn name(call: &Call<'_, '_>) -> Result<Vec<u8>> {
    convert::byte_string(call.ctx(), &call.value(0))
}

fn value(call: &Call<'_, '_>) -> Result<Vec<u8>> {
    convert::byte_string(call.ctx(), &call.value(1))
}

fn invalid(ctx: &Ctx<'_>, member: &str, bytes: &[u8], part: &str) -> Error {
    let shown = convert::from_byte_string(bytes);
    let text = format!("Headers.{member}: \"{shown}\" is an invalid header {part}.");
    throw(ctx, ErrorKind::Type, &text)
}

fn too_long(ctx: &Ctx<'_>, _: TooLong) -> Error {
    let text = format!("Headers: more than {MAX_LIST_BYTES} bytes of headers");
    throw(ctx, ErrorKind::Range, &text)
}
