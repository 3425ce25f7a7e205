//! What components import: interfaces, by names like `ns:package/interface@1.0.0`, which is no
//! specifier of Node's.
//!
//! The package that a component is part of says which module such a name means, among its
//! `imports`: `"#ns:package/interface": "./interface.js"`, with the version or for all
//! versions. A name that is a specifier means what that means.
//!
//! <https://nodejs.org/api/packages.html#subpath-imports>

use holm_js::{Ctx, Error, ImportAttributes, ModuleLoader, Result, take_exception, throw_value};

use super::errors;

/// The code of an error that says that a package does not have such an entry.
const NOT_DEFINED: &str = "ERR_PACKAGE_IMPORT_NOT_DEFINED";

/// The URL of the module that a component gets for `name`.
pub(super) fn resolve(
    loader: &dyn ModuleLoader,
    ctx: &Ctx<'_>,
    name: &str,
    referrer: &str,
    attributes: &ImportAttributes,
) -> Result<String> {
    let unversioned = name.split_once('@').map_or(name, |(name, _)| name);
    let mut entries = vec![format!("#{name}")];
    if unversioned != name {
        entries.push(format!("#{unversioned}"));
    }
    for entry in entries {
        match loader.resolve(ctx, &entry, referrer, attributes) {
            Ok(url) => return Ok(url),
            Err(error) => pass_if_not_defined(ctx, error)?,
        }
    }
    if unversioned.contains(':') {
        return Err(errors::component_import(ctx, name, unversioned, referrer));
    }
    loader.resolve(ctx, unversioned, referrer, attributes)
}

/// Whatever else is wrong is an error.
fn pass_if_not_defined(ctx: &Ctx<'_>, error: Error) -> Result<()> {
    let thrown = take_exception(ctx, error);
    let code = thrown.as_object().map(|error| error.get::<_, Option<String>>("code"));
    match code {
        Some(Ok(Some(code))) if code == NOT_DEFINED => Ok(()),
        _ => Err(throw_value(ctx, thrown)),
    }
}
