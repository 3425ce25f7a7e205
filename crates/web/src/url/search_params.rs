//! `URLSearchParams`, <https://url.spec.whatwg.org/#interface-urlsearchparams>.

use std::cell::Ref;
use std::collections::HashMap;
use std::rc::Rc;

use holm_js::webidl::{
    Definition, Interface, PairIterable, construct, convert, define_pair_iterable,
};
use holm_js::{Call, Ctx, Error, ErrorKind, HostObject, IntoJs, Result, Value, throw_coded};

use super::record::{Pairs, Record, parsed, serialized};
use super::shown;

/// The inside of a `URLSearchParams`.
pub(super) struct UrlSearchParams(Rc<Record>);

impl HostObject for UrlSearchParams {}

impl UrlSearchParams {
    /// The query object of a URL.
    pub(super) fn of_url(record: Rc<Record>) -> Self {
        Self(record)
    }

    /// Its list.
    pub(super) fn pairs(&self) -> Ref<'_, Pairs> {
        self.0.pairs()
    }

    /// The serialization of its list.
    pub(super) fn serialized(&self) -> String {
        serialized(&self.pairs())
    }
}

impl Interface for UrlSearchParams {
    const NAME: &'static str = "URLSearchParams";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(0, |call| {
                let pairs = initial(call.ctx(), &call.value(0))?;
                construct(call, Self(Rc::new(Record::of_pairs(call.ctx(), pairs)?)))
            })
            .attribute("size", |this, call| call.returns(this.pairs().len() as f64))?
            .operation("append", 2, |this, call| {
                // 1. Append (name, value) to this's list. 2. Update this.
                let pair = (text(call, 0)?, text(call, 1)?);
                this.0.append(call.ctx(), pair)?;
                call.undefined()
            })?
            .operation("delete", 1, |this, call| {
                // 1. If value is given, then remove all tuples whose name is name and value is
                //    value from this's list. 2. Otherwise, remove all whose name is name.
                let (name, value) = (text(call, 0)?, optional_text(call, 1)?);
                this.0.change_pairs(call.ctx(), |pairs| {
                    pairs.retain(|pair| !matches(pair, &name, value.as_deref()));
                })?;
                call.undefined()
            })?
            .operation("get", 1, |this, call| {
                let name = text(call, 0)?;
                match this.pairs().iter().find(|pair| pair.0 == name) {
                    Some((_, value)) => call.returns(&**value),
                    None => Ok(Value::new_null(call.ctx().clone())),
                }
            })?
            .operation("getAll", 1, |this, call| {
                let name = text(call, 0)?;
                let pairs = this.pairs();
                let values = pairs.iter().filter(|pair| pair.0 == name).map(|(_, value)| &**value);
                call.returns(values.collect::<Vec<&str>>())
            })?
            .operation("has", 1, |this, call| {
                let (name, value) = (text(call, 0)?, optional_text(call, 1)?);
                let found = this.pairs().iter().any(|pair| matches(pair, &name, value.as_deref()));
                call.returns(found)
            })?
            .operation("set", 2, |this, call| {
                let (name, value) = (text(call, 0)?, text(call, 1)?);
                this.0.change_pairs(call.ctx(), |pairs| set(pairs, name, value))?;
                call.undefined()
            })?
            .operation("sort", 0, |this, call| {
                // 1. Set this's list to the result of sorting in ascending order this's list, with
                //    a being less than b if a's name is code unit less than b's name.
                this.0.change_pairs(call.ctx(), |pairs| {
                    pairs.sort_by(|one, other| one.0.encode_utf16().cmp(other.0.encode_utf16()));
                })?;
                call.undefined()
            })?;
        define_pair_iterable(members)?;
        // After the iteration methods, as the interface has it.
        members.operation("toString", 0, |this, call| call.returns(this.serialized()))?;
        shown::define_search_params(members)
    }
}

impl PairIterable for UrlSearchParams {
    const ITERATOR_NAME: &'static str = "URLSearchParams Iterator";

    fn pair<'js>(&self, ctx: &Ctx<'js>, index: usize) -> Result<Option<(Value<'js>, Value<'js>)>> {
        match self.pairs().get(index) {
            Some((name, value)) => Ok(Some((name.into_js(ctx)?, value.into_js(ctx)?))),
            None => Ok(None),
        }
    }
}

/// <https://url.spec.whatwg.org/#dom-urlsearchparams-set>
fn set(pairs: &mut Pairs, name: String, value: String) {
    let Some(first) = pairs.iter().position(|pair| pair.0 == name) else {
        // 2. Otherwise, append (name, value) to this's list.
        pairs.push((name, value));
        return;
    };
    // 1. If this's list contains any tuples whose name is name, then set the value of the first
    //    such tuple to value and remove the others.
    let mut place = 0;
    pairs.retain(|pair| {
        let is_kept = place <= first || pair.0 != name;
        place += 1;
        is_kept
    });
    pairs[first].1 = value;
}

fn matches(pair: &(String, String), name: &str, value: Option<&str>) -> bool {
    pair.0 == name && value.is_none_or(|value| pair.1 == value)
}

fn text(call: &Call<'_, '_>, index: usize) -> Result<String> {
    convert::string(call.ctx(), &call.value(index))
}

fn optional_text(call: &Call<'_, '_>, index: usize) -> Result<Option<String>> {
    if call.value(index).is_undefined() { Ok(None) } else { text(call, index).map(Some) }
}

/// `(sequence<sequence<USVString>> or record<USVString, USVString> or USVString) init = ""`, and
/// <https://url.spec.whatwg.org/#urlsearchparams-initialize>
fn initial<'js>(ctx: &Ctx<'js>, init: &Value<'js>) -> Result<Pairs> {
    if init.is_undefined() {
        return Ok(Pairs::new());
    }
    let Some(object) = init.as_object() else {
        // <https://url.spec.whatwg.org/#dom-urlsearchparams-urlsearchparams> 1. If init is a string
        // and starts with U+003F (?), then remove the first code point from init.
        let text = convert::string(ctx, init)?;
        return Ok(parsed(text.strip_prefix('?').unwrap_or(&text)));
    };
    let mut pairs = Pairs::new();
    if let Some(method) = convert::iterator_method(object)? {
        // 1. If init is a sequence, then for each innerSequence of init:
        convert::elements(object, &method, |item| {
            pairs.push(pair(ctx, &item)?);
            Ok(())
        })?;
        return Ok(pairs);
    }
    // 2. Otherwise, if init is a record, then for each name → value of init, append (name, value)
    //    to query's list. (Names that are the same once they are USVStrings are one.)
    let mut places = HashMap::new();
    convert::record(object, |key, get| {
        let name = convert::string(ctx, key)?;
        let value = convert::string(ctx, &get()?)?;
        let place = *places.entry(name.clone()).or_insert(pairs.len());
        match pairs.get_mut(place) {
            Some(pair) => pair.1 = value,
            None => pairs.push((name, value)),
        }
        Ok(())
    })?;
    Ok(pairs)
}

/// One of the inner sequences.
fn pair<'js>(ctx: &Ctx<'js>, item: &Value<'js>) -> Result<(String, String)> {
    let item = item.as_object().ok_or_else(|| no_tuple(ctx))?;
    let method = convert::iterator_method(item)?.ok_or_else(|| no_tuple(ctx))?;
    let (mut name, mut value, mut size) = (None, None, 0);
    convert::elements(item, &method, |part| {
        let part = convert::string(ctx, &part)?;
        size += 1;
        match size {
            1 => name = Some(part),
            2 => value = Some(part),
            _ => {}
        }
        Ok(())
    })?;
    match (name, value) {
        (Some(name), Some(value)) if size == 2 => Ok((name, value)),
        // 1. If innerSequence's size is not 2, then throw a TypeError.
        _ => Err(no_tuple(ctx)),
    }
}

fn no_tuple(ctx: &Ctx<'_>) -> Error {
    let text = "Each query pair must be an iterable [name, value] tuple";
    throw_coded(ctx, ErrorKind::Type, "ERR_INVALID_TUPLE", text)
}
