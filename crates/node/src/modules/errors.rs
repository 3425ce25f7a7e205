//! Errors of the module systems: Node's codes and words, the place of the import, a hint.

use holm_host::Denied;
use holm_js::{
    Attributes, Ctx, Error, ErrorKind, HINT_PROPERTY, Object, Result, coded_error, define_value,
    throw_value, to_text,
};

use super::resolve::{Code, ResolveError};
use super::state::path_of;
use crate::syntax::queries::find_specifier;

/// Larger sources are not searched for the place of an import.
const MAX_SEARCHED_BYTES: usize = 4 << 20;

/// An import or `require` that found nothing.
pub(super) fn unresolved(
    ctx: &Ctx<'_>,
    error: &ResolveError,
    referrer: &str,
    specifier: &str,
) -> Error {
    let kind = if error.code.is_type_error() {
        ErrorKind::Type
    } else {
        ErrorKind::Plain
    };
    let place = (error.code != Code::ModuleNotFound).then_some((referrer, specifier));
    made(
        ctx,
        kind,
        error.code.as_str(),
        &error.message,
        error.hint.as_deref(),
        place,
    )
}

/// A module that is there and may not be read.
pub(super) fn denied(ctx: &Ctx<'_>, denied: &Denied, place: Option<(&str, &str)>) -> Error {
    let hint = format!("run again with {}", denied.flag());
    let text = format!("{} is not permitted", denied.what());
    made(
        ctx,
        ErrorKind::Plain,
        "ERR_ACCESS_DENIED",
        &text,
        Some(&hint),
        place,
    )
}

/// Any other error of a module, by its code.
pub(super) fn coded(ctx: &Ctx<'_>, kind: ErrorKind, code: &str, message: &str) -> Error {
    made(ctx, kind, code, message, None, None)
}

/// As [`coded`], at a place in a file.
pub(super) fn at(
    ctx: &Ctx<'_>,
    code: &str,
    message: &str,
    hint: Option<&str>,
    place: &str,
) -> Error {
    let made = coded_error(ctx, ErrorKind::Syntax, code, message).and_then(|error| {
        put_hint(&error, hint)?;
        put_place(ctx, &error, place)?;
        Ok(error)
    });
    finish(ctx, made)
}

fn made(
    ctx: &Ctx<'_>,
    kind: ErrorKind,
    code: &str,
    message: &str,
    hint: Option<&str>,
    place: Option<(&str, &str)>,
) -> Error {
    let made = coded_error(ctx, kind, code, message).and_then(|error| {
        put_hint(&error, hint)?;
        if let Some(place) = place.and_then(|(referrer, specifier)| place_of(referrer, specifier)) {
            put_place(ctx, &error, &place)?;
        }
        Ok(error)
    });
    finish(ctx, made)
}

fn finish<'js>(ctx: &Ctx<'js>, made: Result<Object<'js>>) -> Error {
    match made {
        Ok(error) => throw_value(ctx, error),
        Err(error) => error,
    }
}

fn put_hint(error: &Object<'_>, hint: Option<&str>) -> Result<()> {
    match hint {
        Some(hint) => define_value(error, HINT_PROPERTY, hint, Attributes::BUILT_IN),
        None => Ok(()),
    }
}

/// Gives an error that was made outside of any script the place it is about.
fn put_place<'js>(ctx: &Ctx<'js>, error: &Object<'js>, place: &str) -> Result<()> {
    let stack: holm_js::Value<'js> = error.get("stack")?;
    let stack = to_text(ctx, &stack)?;
    let heading = stack
        .find("\n    at ")
        .map_or(stack.as_str(), |end| &stack[..end]);
    define_value(
        error,
        "stack",
        format!("{heading}\n    at {place}"),
        Attributes::BUILT_IN,
    )
}

/// Where `referrer` imports `specifier`: `name:line:column`.
fn place_of(referrer: &str, specifier: &str) -> Option<String> {
    let path = path_of(referrer)?;
    let len = std::fs::metadata(&path).ok()?.len();
    if len > MAX_SEARCHED_BYTES as u64 {
        return None;
    }
    let source = std::fs::read_to_string(path).ok()?;
    let position = find_specifier(&source, specifier)?;
    Some(format!("{referrer}:{}:{}", position.line, position.column))
}
