//! What is in a `Map` or `Set`, or left in an iterator over one.

use rquickjs::{Error, Object, Result, Value, qjs};

use crate::pristine::{self, ENTRIES, KEYS};
use crate::reflect::{class, element};

/// How many entries a `Map` or `Set` has.
pub fn collection_len(collection: &Object<'_>) -> Result<usize> {
    let size = pristine::read(collection, class::of(collection), c"size")?;
    Ok(size.as_number().unwrap_or(0.0) as usize)
}

/// The first `limit` entries of a `Map`.
pub fn map_entries<'js>(map: &Object<'js>, limit: usize) -> Result<Vec<(Value<'js>, Value<'js>)>> {
    let iterator = pristine::call(map, class::MAP, c"entries")?;
    let mut entries = Vec::new();
    while entries.len() < limit {
        let Some(pair) = step(&iterator, class::MAP_ITERATOR)? else {
            break;
        };
        entries.push((element(&pair, 0)?, element(&pair, 1)?));
    }
    Ok(entries)
}

/// The first `limit` values of a `Set`.
pub fn set_values<'js>(set: &Object<'js>, limit: usize) -> Result<Vec<Value<'js>>> {
    let iterator = pristine::call(set, class::SET, c"values")?;
    let mut values = Vec::new();
    while values.len() < limit {
        let Some(value) = step(&iterator, class::SET_ITERATOR)? else {
            break;
        };
        values.push(value);
    }
    Ok(values)
}

/// What a `Map` or `Set` iterator has still to give.
#[derive(Clone, Debug)]
pub enum Rest<'js> {
    /// Of `keys()` and `values()`.
    Values(Vec<Value<'js>>),
    /// Of `entries()`.
    Entries(Vec<(Value<'js>, Value<'js>)>),
}

/// Everything a `Map` or `Set` iterator has still to give; it stays where it is.
///
/// Another iterator over the same collection walks to its place and on from there. An
/// iterator that stands on an entry deleted meanwhile seems to be at its end.
pub fn iterator_rest<'js>(iterator: &Object<'js>) -> Result<Rest<'js>> {
    let of_map = class::of(iterator) == class::MAP_ITERATOR;
    let (class, walker) =
        if of_map { (class::MAP, class::MAP_ITERATOR) } else { (class::SET, class::SET_ITERATOR) };
    let state = pristine::iterator_state(iterator, walker)?;
    let kind = state.as_ref().map_or(KEYS, |state| state.kind);
    let mut values = Vec::new();
    if let Some((collection, position)) =
        state.and_then(|state| Some((state.collection?, state.position)))
    {
        let name = if kind == ENTRIES {
            c"entries"
        } else if kind == KEYS && of_map {
            c"keys"
        } else {
            c"values"
        };
        let other = pristine::call(&collection, class, name)?;
        let mut arrived = position.is_null();
        while let Some(value) = step(&other, walker)? {
            if arrived {
                values.push(value);
            } else {
                let here = pristine::iterator_state(&other, walker)?;
                arrived = here.is_some_and(|here| here.position == position);
            }
        }
    }
    if kind != ENTRIES {
        return Ok(Rest::Values(values));
    }
    let pairs = values.iter().map(|pair| Ok((element(pair, 0)?, element(pair, 1)?)));
    Ok(Rest::Entries(pairs.collect::<Result<_>>()?))
}

/// One step of an iterator made by the untouched realm.
fn step<'js>(iterator: &Value<'js>, class: qjs::JSClassID) -> Result<Option<Value<'js>>> {
    let result = pristine::call(iterator, class, c"next")?;
    let result = result.into_object().ok_or(Error::Unknown)?;
    // Own data properties: these reads reach nothing a script made.
    if result.get("done")? { Ok(None) } else { result.get("value").map(Some) }
}
