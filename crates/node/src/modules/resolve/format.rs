//! How a file is to be loaded, told by its name and its package.

use std::path::Path;

use super::{PackageKind, ResolveError, Resolver};

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    JavaScript(System),
    TypeScript(System),
    Json,
    /// WebAssembly, binary.
    Wasm,
    /// WebAssembly, text.
    Wat,
    /// A native addon.
    Addon,
}

/// Which module system a script is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    Module,
    CommonJs,
    /// Nothing tells: CommonJS if it compiles as that, a module otherwise.
    Ambiguous,
}

/// The format of a file that is imported or run.
pub(super) fn of_import(resolver: &Resolver, path: &Path) -> Result<Format, ResolveError> {
    let extension = path.extension().map(|extension| extension.to_string_lossy());
    if let Some(format) = extension.as_deref().and_then(fixed) {
        return Ok(format);
    }
    match extension.as_deref() {
        Some("js") => Ok(Format::JavaScript(system(resolver, path)?)),
        Some("ts") => Ok(Format::TypeScript(system(resolver, path)?)),
        None => match system(resolver, path)? {
            System::Module if is_wasm(resolver, path) => Ok(Format::Wasm),
            system => Ok(Format::JavaScript(system)),
        },
        Some(unknown) => {
            Err(ResolveError::extension(unknown, path).with_hint(unknown_hint(unknown)))
        }
    }
}

/// The format of a file that is required: one with an unknown name is CommonJS.
pub(super) fn of_require(resolver: &Resolver, path: &Path) -> Result<Format, ResolveError> {
    match path.extension().map(|extension| extension.to_string_lossy()).as_deref() {
        Some("js") => Ok(Format::JavaScript(system(resolver, path)?)),
        Some("ts") => Ok(Format::TypeScript(system(resolver, path)?)),
        Some(extension) => Ok(fixed(extension).unwrap_or(Format::JavaScript(System::CommonJs))),
        None => Ok(Format::JavaScript(System::CommonJs)),
    }
}

fn fixed(extension: &str) -> Option<Format> {
    Some(match extension {
        "mjs" => Format::JavaScript(System::Module),
        "cjs" => Format::JavaScript(System::CommonJs),
        "mts" => Format::TypeScript(System::Module),
        "cts" => Format::TypeScript(System::CommonJs),
        "json" => Format::Json,
        "wasm" => Format::Wasm,
        "wat" => Format::Wat,
        "node" => Format::Addon,
        _ => return None,
    })
}

fn system(resolver: &Resolver, path: &Path) -> Result<System, ResolveError> {
    let kind = resolver.package_of(path)?.map_or(PackageKind::None, |package| package.kind);
    Ok(match kind {
        PackageKind::Module => System::Module,
        PackageKind::CommonJs => System::CommonJs,
        PackageKind::None => System::Ambiguous,
    })
}

fn is_wasm(resolver: &Resolver, path: &Path) -> bool {
    resolver.files.read(path).is_ok_and(|bytes| bytes.starts_with(b"\0asm"))
}

fn unknown_hint(extension: &str) -> Option<String> {
    matches!(extension, "jsx" | "tsx")
        .then(|| "JSX needs a compiler: compile it to .js first".into())
}
