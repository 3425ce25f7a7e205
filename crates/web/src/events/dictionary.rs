//! Dictionaries of the constructors: <https://webidl.spec.whatwg.org/#js-dictionary>.

use holm_js::webidl::convert;
use holm_js::{Ctx, Object, Result, Value};

/// A dictionary as script gave it, or an empty one.
pub(crate) struct Dictionary<'js>(Option<Object<'js>>);

impl<'js> Dictionary<'js> {
    pub(super) fn new(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Self> {
        convert::dictionary(ctx, value, "the options").map(Self)
    }

    /// A member that is there.
    pub(crate) fn get(&self, name: &str) -> Result<Option<Value<'js>>> {
        self.0.as_ref().map_or(Ok(None), |object| convert::member(object, name))
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<bool> {
        Ok(self.get(name)?.is_some_and(|value| convert::boolean(&value)))
    }

    pub(crate) fn string(&self, ctx: &Ctx<'js>, name: &str) -> Result<String> {
        self.get(name)?.map_or_else(|| Ok(String::new()), |value| convert::string(ctx, &value))
    }
}
