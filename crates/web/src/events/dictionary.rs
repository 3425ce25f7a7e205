//! Dictionaries of the constructors: <https://webidl.spec.whatwg.org/#js-dictionary>.

use holm_js::webidl::convert;
use holm_js::{Ctx, ErrorKind, Object, Result, Value, throw};

/// A dictionary as script gave it, or an empty one.
pub(super) struct Dictionary<'js>(Option<Object<'js>>);

impl<'js> Dictionary<'js> {
    pub(super) fn new(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Self> {
        // 1. If jsDict is not an Object and is neither undefined nor null, throw a TypeError.
        if value.is_undefined() || value.is_null() {
            return Ok(Self(None));
        }
        match value.as_object() {
            Some(object) => Ok(Self(Some(object.clone()))),
            None => Err(throw(ctx, ErrorKind::Type, "the options are not an object")),
        }
    }

    /// A member that is there.
    pub(super) fn get(&self, name: &str) -> Result<Option<Value<'js>>> {
        let Some(object) = &self.0 else { return Ok(None) };
        let value: Value<'js> = object.get(name)?;
        Ok(Some(value).filter(|value| !value.is_undefined()))
    }

    pub(super) fn boolean(&self, name: &str) -> Result<bool> {
        Ok(self.get(name)?.is_some_and(|value| convert::boolean(&value)))
    }

    pub(super) fn string(&self, ctx: &Ctx<'js>, name: &str) -> Result<String> {
        self.get(name)?.map_or_else(|| Ok(String::new()), |value| convert::string(ctx, &value))
    }
}
