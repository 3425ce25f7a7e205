//! Errors in Node's words: what timers and every `node:` module say of wrong arguments.

use holm_js::{Ctx, Error, ErrorKind, Object, Result, Value, throw_coded, to_text};

/// Longest text of a value in a message, as in Node.
const SHOWN_CHARACTERS: usize = 25;

/// `ERR_INVALID_ARG_TYPE`: the argument is not what it has to be.
pub fn invalid_argument<'js>(
    ctx: &Ctx<'js>,
    name: &str,
    expected: &str,
    value: &Value<'js>,
) -> Error {
    let subject = match name {
        _ if name.ends_with(" argument") => name.to_owned(),
        _ if name.contains('.') => format!("\"{name}\" property"),
        _ => format!("\"{name}\" argument"),
    };
    let received = match received(ctx, value) {
        Ok(received) => received,
        Err(error) => return error,
    };
    let text = format!("The {subject} must be {expected}. Received {received}");
    throw_coded(ctx, ErrorKind::Type, "ERR_INVALID_ARG_TYPE", &text)
}

/// `ERR_OUT_OF_RANGE`: the number is of the right type, but not in its range.
pub fn out_of_range(ctx: &Ctx<'_>, name: &str, range: &str, value: &Value<'_>) -> Error {
    let received = shown_number(ctx, value);
    let text =
        format!("The value of \"{name}\" is out of range. It must be {range}. Received {received}");
    throw_coded(ctx, ErrorKind::Range, "ERR_OUT_OF_RANGE", &text)
}

/// A number as Node shows one that is out of range: long ones in groups of three digits.
fn shown_number(ctx: &Ctx<'_>, value: &Value<'_>) -> String {
    let plain = to_text(ctx, value).unwrap_or_default();
    if value.is_string() {
        return format!("'{plain}'");
    }
    let digits = plain.trim_start_matches('-');
    let is_whole = digits.bytes().all(|digit| digit.is_ascii_digit());
    let is_long = is_whole && digits.parse::<u128>().map_or(true, |number| number > 1 << 32);
    let mut shown = plain.clone();
    if is_long {
        let sign = plain.len() - digits.len();
        for end in (1..digits.len()).filter(|end| (digits.len() - end).is_multiple_of(3)).rev() {
            shown.insert(sign + end, '_');
        }
    }
    if value.is_big_int() {
        shown.push('n');
    }
    shown
}

/// How Node names a value it did not want.
fn received<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<String> {
    if value.is_undefined() || value.is_null() {
        return to_text(ctx, value);
    }
    if let Some(function) = value.as_function() {
        let name: String = function.get("name").unwrap_or_default();
        return Ok(format!("function {name}"));
    }
    if let Some(object) = value.as_object() {
        return Ok(match class_name(object) {
            Some(class) => format!("an instance of {class}"),
            None => "[Object: null prototype] {}".to_owned(),
        });
    }
    if let Some(text) = value.as_string() {
        let text = to_text(ctx, text.as_value())?;
        let cut: String = text.chars().take(SHOWN_CHARACTERS).collect();
        let dots = if cut.len() < text.len() { "..." } else { "" };
        return Ok(format!("type string ('{cut}{dots}')"));
    }
    if value.is_symbol() {
        let description: Value<'_> = value
            .clone()
            .into_symbol()
            .map_or_else(|| Ok(Value::new_undefined(ctx.clone())), |symbol| symbol.description())?;
        return Ok(format!("type symbol (Symbol({}))", to_text(ctx, &description)?));
    }
    let suffix = if value.is_big_int() { "n" } else { "" };
    let kind = match value.type_of() {
        holm_js::Type::Bool => "boolean",
        holm_js::Type::BigInt => "bigint",
        _ => "number",
    };
    Ok(format!("type {kind} ({}{suffix})", to_text(ctx, value)?))
}

fn class_name(object: &Object<'_>) -> Option<String> {
    let constructor: Object<'_> = object.get("constructor").ok()?;
    constructor.get::<_, String>("name").ok().filter(|name| !name.is_empty())
}
