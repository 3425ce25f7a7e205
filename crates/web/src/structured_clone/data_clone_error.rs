//! The exceptions of structured cloning, worded as V8 does.

use holm_js::reflect::{self, Kind, PropertyKey, Slot};
use holm_js::{Ctx, Error, Result, Value, throw_dom, to_text};

/// More of a value is not shown.
const MAX_SHOWN_CHARACTERS: usize = 100;

/// Throws a "DataCloneError" `DOMException`.
pub fn data_clone_error(ctx: &Ctx<'_>, message: &str) -> Error {
    throw_dom(ctx, "DataCloneError", message)
}

/// For a value that cannot be serialized.
pub fn cannot_be_cloned<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Error {
    match shown(value) {
        Ok(shown) => data_clone_error(ctx, &format!("{shown} could not be cloned.")),
        Err(error) => error,
    }
}

/// For a message that the sender's heap has no room for.
pub(super) fn too_large(ctx: &Ctx<'_>) -> Error {
    data_clone_error(ctx, "Data cannot be cloned, out of memory.")
}

/// `() => 1`, `Symbol(a)`, `#<WeakMap>`: no script runs.
fn shown(value: &Value<'_>) -> Result<String> {
    let ctx = value.ctx();
    let Some(object) = value.as_object() else {
        let description = to_text(ctx, &reflect::symbol_description(value)?)?;
        return Ok(format!("Symbol({description})"));
    };
    if value.is_function() && Kind::of(object) != Kind::Proxy {
        let source = to_text(ctx, &reflect::function_source(object)?)?;
        let mut characters = source.chars();
        let mut text: String = characters.by_ref().take(MAX_SHOWN_CHARACTERS).collect();
        if characters.next().is_some() {
            text.push('…');
        }
        return Ok(text);
    }
    let constructor = data_property(value, &PropertyKey::new(ctx, "constructor")?)?;
    if let Some(constructor) = constructor.filter(Value::is_function)
        && let Some(name) = data_property(&constructor, &PropertyKey::new(ctx, "name")?)?
        && name.is_string()
    {
        let name = to_text(ctx, &name)?;
        if !name.is_empty() {
            return Ok(format!("#<{name}>"));
        }
    }
    let tag = data_property(value, &PropertyKey::to_string_tag(ctx)?)?;
    Ok(match tag.filter(Value::is_string) {
        Some(tag) => format!("[object {}]", to_text(ctx, &tag)?),
        None => format!("[object {}]", Kind::of(object).class_name()),
    })
}

/// A property that is no accessor, of the object or of its prototypes.
fn data_property<'js>(value: &Value<'js>, key: &PropertyKey<'js>) -> Result<Option<Value<'js>>> {
    let Some(object) = value.as_object() else { return Ok(None) };
    for holder in reflect::chain(object) {
        match reflect::own_property(&holder?, key)?.map(|property| property.slot) {
            None => {}
            Some(Slot::Value(value)) => return Ok(Some(value)),
            Some(_) => return Ok(None),
        }
    }
    Ok(None)
}
