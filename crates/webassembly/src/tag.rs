//! `WebAssembly.Tag`: <https://webassembly.github.io/spec/js-api/#tags>

use holm_js::webidl::{self, Definition, Interface, convert};
use holm_js::{Ctx, HostObject, Object, Result, Value, Weak, host_ref};
use holm_wasm::Tag;

use crate::convert::value_type;
use crate::errors::throw_type;
use crate::state::State;

/// The inside of a Tag object.
pub(crate) struct TagObject(Tag);

impl HostObject for TagObject {}

impl TagObject {
    /// \[\[Address\]\]
    pub(crate) fn tag(&self) -> &Tag {
        &self.0
    }
}

impl Interface for TagObject {
    const NAME: &'static str = "Tag";
    const CLASS_STRING: &'static str = "WebAssembly.Tag";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members.constructor(1, |call| {
            let ctx = call.ctx();
            let what = "WebAssembly.Tag(): the type";
            let Some(ty) = convert::dictionary(ctx, &call.value(0), what)? else {
                return Err(throw_type(ctx, &format!("{what} is not an object")));
            };
            // 1. Let parameters be type["parameters"].
            let Some(parameters) = convert::member(&ty, "parameters")? else {
                return Err(throw_type(ctx, &format!("{what} has no 'parameters'")));
            };
            let parameters = convert::sequence(ctx, &parameters, "WebAssembly.Tag(): parameters")?;
            // 3. For each paramType of parameters, append ToValueType(paramType).
            let types = parameters
                .iter()
                .map(|parameter| value_type(ctx, parameter, "WebAssembly.Tag(): a parameter"))
                .collect::<Result<Vec<_>>>()?;
            // 5. Let (store, tagAddress) be tag_alloc(store, wasmParameters → « »).
            let tag = Tag::new(&State::of(ctx).engine(ctx)?, types);
            let object = webidl::construct(call, Self(tag.clone()))?;
            remember(&tag, object.as_value());
            Ok(object)
        });
        Ok(())
    }
}

/// <https://webassembly.github.io/spec/js-api/#create-a-tag-object>
pub(crate) fn wrapper<'js>(ctx: &Ctx<'js>, tag: &Tag) -> Result<Value<'js>> {
    if let Some(known) = tag.attachment().get::<Weak>().and_then(|weak| weak.upgrade(ctx)) {
        return Ok(known);
    }
    let made: Object<'js> = webidl::new_object(ctx, TagObject(tag.clone()))?;
    remember(tag, made.as_value());
    Ok(made.into_value())
}

fn remember(tag: &Tag, object: &Value<'_>) {
    if let Some(weak) = Weak::new(object) {
        tag.attachment().set(weak);
    }
}

/// An argument that has to be a Tag.
pub(crate) fn argument(ctx: &Ctx<'_>, value: &Value<'_>, what: &str) -> Result<Tag> {
    match host_ref::<TagObject>(value) {
        Some(tag) => Ok(tag.tag().clone()),
        None => Err(throw_type(ctx, &format!("{what} is not a WebAssembly.Tag"))),
    }
}
