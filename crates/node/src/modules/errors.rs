//! Errors of the module systems: Node's codes and words, the place of the import, a hint.

use holm_host::Denied;
use holm_js::{
    Attributes, Ctx, Error, ErrorKind, HINT_PROPERTY, Object, Result, Thrown, coded_error,
    define_value, error as error_of, throw_value, to_text,
};

use super::resolve::{Code, ResolveError};
use super::state::{modules, path_of};
use crate::syntax::module_exports::export_names;
use crate::syntax::queries::{find_import_name, find_specifier};

/// Larger sources are not searched for the place of an import.
const MAX_SEARCHED_BYTES: usize = 4 << 20;

/// An import or `require` that found nothing.
pub(super) fn unresolved(
    ctx: &Ctx<'_>,
    error: &ResolveError,
    referrer: &str,
    specifier: &str,
) -> Error {
    let kind = if error.code.is_type_error() { ErrorKind::Type } else { ErrorKind::Plain };
    let place = (error.code != Code::ModuleNotFound).then_some((referrer, specifier));
    made(ctx, kind, error.code.as_str(), &error.message, error.hint.as_deref(), place)
}

/// An interface that a component imports, and for which there is no module.
#[cfg(feature = "components")]
pub(super) fn component_import(
    ctx: &Ctx<'_>,
    name: &str,
    unversioned: &str,
    referrer: &str,
) -> Error {
    let message =
        format!("Cannot find a module for '{name}', imported by the component {referrer}");
    let hint = format!(
        "say which module that is in the package.json beside the component: \
         \"imports\": {{ \"#{unversioned}\": \"./module.js\" }}"
    );
    made(ctx, ErrorKind::Plain, "ERR_MODULE_NOT_FOUND", &message, Some(&hint), None)
}

/// A module that is there and may not be read.
pub(super) fn denied(ctx: &Ctx<'_>, denied: &Denied, place: Option<(&str, &str)>) -> Error {
    made(ctx, ErrorKind::Plain, "ERR_ACCESS_DENIED", &denied.to_string(), None, place)
}

/// Any other error of a module, by its code.
pub(super) fn coded(ctx: &Ctx<'_>, kind: ErrorKind, code: &str, message: &str) -> Error {
    made(ctx, kind, code, message, None, None)
}

/// A mistake in a JSON file.
pub(super) fn bad_json(ctx: &Ctx<'_>, message: &str, place: &str) -> Error {
    let made = error_of(ctx, ErrorKind::Syntax, message).and_then(|error| {
        put_place(ctx, &error, place)?;
        Ok(error)
    });
    finish(ctx, made)
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

/// Makes the engine's complaint of a missing export say what a person needs: which import,
/// where, and what there is instead.
pub(super) fn explained(ctx: &Ctx<'_>, error: Error) -> Error {
    let thrown = holm_js::take_exception(ctx, error);
    let described = Thrown::new(ctx, &thrown);
    let Some((name, target)) = missing_export(&described.message) else {
        return throw_value(ctx, thrown);
    };
    for (referrer, specifier) in modules(ctx).imports().importers(target) {
        let Some(source) = searched_source(&referrer) else { continue };
        let Some(position) = find_import_name(&source, &specifier, name) else { continue };
        let text =
            format!("The requested module '{specifier}' does not provide an export named '{name}'");
        let place = format!("{referrer}:{}:{}", position.line, position.column);
        let made = error_of(ctx, ErrorKind::Syntax, &text).and_then(|error| {
            put_hint(&error, export_hint(target, name).as_deref())?;
            put_place(ctx, &error, &place)?;
            Ok(error)
        });
        return finish(ctx, made);
    }
    throw_value(ctx, thrown)
}

/// `Could not find export 'name' in module 'url'`
fn missing_export(message: &str) -> Option<(&str, &str)> {
    let rest = message.strip_prefix("Could not find export '")?;
    let (name, rest) = rest.split_once("' in module '")?;
    Some((name, rest.strip_suffix('\'')?))
}

/// The name that was meant, if it differs by case or is the default.
fn export_hint(target: &str, name: &str) -> Option<String> {
    let path = path_of(target)?;
    if path.extension().is_some_and(|extension| extension == "cjs") {
        return Some("names of a CommonJS module are found in its text; import its default".into());
    }
    let exports = match path.extension().and_then(|extension| extension.to_str()) {
        Some("wasm") => holm_webassembly::export_names(&searched_bytes(target)?),
        Some("wat") => {
            let binary = holm_webassembly::to_binary(searched_bytes(target)?, target).ok()?;
            holm_webassembly::export_names(&binary)
        }
        _ => export_names(&searched_source(target)?),
    };
    let similar = exports.iter().find(|export| export.eq_ignore_ascii_case(name));
    match similar {
        Some(export) => Some(format!("did you mean '{export}'?")),
        None if exports.is_empty() => None,
        None => Some(format!("it exports {}", exports.join(", "))),
    }
}

fn searched_source(name: &str) -> Option<String> {
    String::from_utf8(searched_bytes(name)?).ok()
}

fn searched_bytes(name: &str) -> Option<Vec<u8>> {
    let path = path_of(name)?;
    let len = std::fs::metadata(&path).ok()?.len();
    if len > MAX_SEARCHED_BYTES as u64 { None } else { std::fs::read(path).ok() }
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
    let heading = stack.find("\n    at ").map_or(stack.as_str(), |end| &stack[..end]);
    define_value(error, "stack", format!("{heading}\n    at {place}"), Attributes::BUILT_IN)
}

/// Where `referrer` imports `specifier`: `name:line:column`.
fn place_of(referrer: &str, specifier: &str) -> Option<String> {
    let source = searched_source(referrer)?;
    let position = find_specifier(&source, specifier)?;
    Some(format!("{referrer}:{}:{}", position.line, position.column))
}
