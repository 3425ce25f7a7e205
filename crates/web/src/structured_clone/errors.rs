//! Errors and `DOMException`s.

use holm_js::reflect::{self, PropertyKey, Slot};
use holm_js::{
    Attributes, Coerced, Ctx, Error, FromJs, JsString, Object, Result, Value, define_value, make,
    to_text,
};

use super::serialize::Writer;
use super::wire::{Input, Tag};

/// The names that stay; any other becomes `Error`.
const NAMES: [&str; 7] =
    ["Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"];

/// Writes an error; what is returned, its cause, has to follow.
///
/// 17. Otherwise, if value has an \[\[ErrorData\]\] internal slot and value is not a platform
///     object, then:
pub(super) fn write<'js>(
    writer: &mut Writer<'_, 'js>,
    error: &Object<'js>,
) -> Result<Option<Value<'js>>> {
    let ctx = writer.ctx;
    if reflect::is_dom_exception(error) {
        // <https://webidl.spec.whatwg.org/#idl-DOMException>: its serialization steps are: set
        // serialized.[[Name]] to value's name, and serialized.[[Message]] to value's message.
        let (name, message) = reflect::dom_exception(error)?;
        let stack = reflect::error_stack(error)?;
        writer.output.tag(Tag::DomException);
        writer.text(&name)?;
        writer.text(&message)?;
        optional_text(writer, stack.is_string().then_some(&stack))?;
        return Ok(None);
    }
    // 1. Let name be ? Get(value, "name"). 2. If name is not one of "Error", …, then set name to
    //    "Error".
    let name: Value<'js> = error.get("name")?;
    let name = if name.is_string() { to_text(ctx, &name)? } else { String::new() };
    let number = NAMES.iter().position(|known| *known == name).unwrap_or(0);
    // 3. Let valueMessageDesc be ? value.[[GetOwnProperty]]("message").
    // 4. Let message be undefined if IsDataDescriptor(valueMessageDesc) is false, and
    //    ? ToString(valueMessageDesc.[[Value]]) otherwise.
    let message = match own_data(error, "message")? {
        Some(message) => {
            let text: Coerced<JsString<'js>> = Coerced::from_js(ctx, message)?;
            Some(text.0.into_value())
        }
        None => None,
    };
    // 6. User agents should attach a serialized representation of any interesting accompanying
    //    data which are not yet specified, notably the stack property, to serialized. (The cause
    //    too, as in V8.)
    let stack = match own_data(error, "stack")? {
        Some(stack) => stack,
        None => reflect::error_stack(error)?,
    };
    let cause = own_data(error, "cause")?;
    // 5. Set serialized to { [[Type]]: "Error", [[Name]]: name, [[Message]]: message }.
    writer.output.tag(Tag::Error);
    writer.output.byte(number as u8);
    optional_text(writer, message.as_ref())?;
    optional_text(writer, stack.is_string().then_some(&stack))?;
    writer.output.byte(u8::from(cause.is_some()));
    Ok(cause)
}

/// What follows an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    Cause,
    Nothing,
}

pub(super) fn read<'js>(ctx: &Ctx<'js>, input: &mut Input) -> Result<(Object<'js>, Follows)> {
    let name = NAMES.get(usize::from(input.byte()?)).ok_or(Error::Unknown)?;
    let message = read_optional_text(ctx, input)?;
    let stack = read_optional_text(ctx, input)?;
    let follows = if input.byte()? == 0 { Follows::Nothing } else { Follows::Cause };
    let error = make::error(ctx, name, message.as_ref())?;
    set_stack(&error, stack)?;
    Ok((error, follows))
}

pub(super) fn read_dom_exception<'js>(ctx: &Ctx<'js>, input: &mut Input) -> Result<Object<'js>> {
    let (name, message) = (input.tagged_text(ctx)?, input.tagged_text(ctx)?);
    let stack = read_optional_text(ctx, input)?;
    let exception = make::dom_exception(ctx, &name, &message)?;
    set_stack(&exception, stack)?;
    Ok(exception)
}

fn set_stack<'js>(error: &Object<'js>, stack: Option<Value<'js>>) -> Result<()> {
    match stack {
        Some(stack) => define_value(error, "stack", stack, Attributes::BUILT_IN),
        None => Ok(()),
    }
}

/// The value of an own property that is no accessor.
fn own_data<'js>(object: &Object<'js>, name: &str) -> Result<Option<Value<'js>>> {
    let key = PropertyKey::new(object.ctx(), name)?;
    Ok(match reflect::own_property(object, &key)?.map(|property| property.slot) {
        Some(Slot::Value(value)) => Some(value),
        _ => None,
    })
}

fn optional_text<'js>(writer: &mut Writer<'_, 'js>, text: Option<&Value<'js>>) -> Result<()> {
    match text {
        Some(text) => writer.text(text),
        None => {
            writer.output.tag(Tag::Undefined);
            Ok(())
        }
    }
}

fn read_optional_text<'js>(ctx: &Ctx<'js>, input: &mut Input) -> Result<Option<Value<'js>>> {
    let tag = input.tag()?;
    input.text(ctx, tag)
}
