//! Why a module could not be resolved, in Node's words.

use std::{fmt, path::Path};

/// A failed resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveError {
    pub code: Code,
    /// Node's message. For [`Code::ModuleNotFound`] the caller adds the `Require stack:`.
    pub message: String,
    /// What to try.
    pub hint: Option<String>,
}

/// Node's error codes for modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    InvalidFileUrlHost,
    InvalidModuleSpecifier,
    InvalidPackageConfig,
    InvalidPackageTarget,
    /// Of `import`.
    ErrModuleNotFound,
    /// Of `require`.
    ModuleNotFound,
    PackageImportNotDefined,
    PackagePathNotExported,
    UnknownBuiltinModule,
    UnknownFileExtension,
    UnsupportedDirImport,
    UnsupportedEsmUrlScheme,
    UnsupportedResolveRequest,
}

impl Code {
    /// The value of the error's `code` property.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFileUrlHost => "ERR_INVALID_FILE_URL_HOST",
            Self::InvalidModuleSpecifier => "ERR_INVALID_MODULE_SPECIFIER",
            Self::InvalidPackageConfig => "ERR_INVALID_PACKAGE_CONFIG",
            Self::InvalidPackageTarget => "ERR_INVALID_PACKAGE_TARGET",
            Self::ErrModuleNotFound => "ERR_MODULE_NOT_FOUND",
            Self::ModuleNotFound => "MODULE_NOT_FOUND",
            Self::PackageImportNotDefined => "ERR_PACKAGE_IMPORT_NOT_DEFINED",
            Self::PackagePathNotExported => "ERR_PACKAGE_PATH_NOT_EXPORTED",
            Self::UnknownBuiltinModule => "ERR_UNKNOWN_BUILTIN_MODULE",
            Self::UnknownFileExtension => "ERR_UNKNOWN_FILE_EXTENSION",
            Self::UnsupportedDirImport => "ERR_UNSUPPORTED_DIR_IMPORT",
            Self::UnsupportedEsmUrlScheme => "ERR_UNSUPPORTED_ESM_URL_SCHEME",
            Self::UnsupportedResolveRequest => "ERR_UNSUPPORTED_RESOLVE_REQUEST",
        }
    }

    /// Whether Node throws a `TypeError`, not an `Error`.
    pub fn is_type_error(self) -> bool {
        matches!(
            self,
            Self::InvalidFileUrlHost
                | Self::InvalidModuleSpecifier
                | Self::PackageImportNotDefined
                | Self::UnknownFileExtension
                | Self::UnsupportedResolveRequest
        )
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ResolveError {}

impl ResolveError {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    pub(super) fn with_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    /// What both `import` and `require` of a file that is not there end with.
    pub(super) fn missing_file(path: &Path, base: &str) -> Self {
        Self::new(
            Code::ErrModuleNotFound,
            format!("Cannot find module '{}' imported from {base}", path.display()),
        )
    }

    pub(super) fn missing_package(name: &str, base: &str) -> Self {
        Self::new(
            Code::ErrModuleNotFound,
            format!("Cannot find package '{name}' imported from {base}"),
        )
        .with_hint(Some(format!("is it installed? `npm install {name}`")))
    }

    pub(super) fn missing_main(root: &Path, base: &str) -> Self {
        let main = root.join("index.js");
        Self::new(
            Code::ErrModuleNotFound,
            format!("Cannot find package '{}' imported from {base}", main.display()),
        )
    }

    pub(super) fn not_required(specifier: &str) -> Self {
        Self::new(Code::ModuleNotFound, format!("Cannot find module '{specifier}'"))
    }

    pub(super) fn directory(path: &Path, base: &str) -> Self {
        Self::new(
            Code::UnsupportedDirImport,
            format!(
                "Directory import '{}' is not supported resolving ES modules imported from {base}",
                path.display()
            ),
        )
    }

    pub(super) fn invalid_specifier(specifier: &str, reason: &str, base: &str) -> Self {
        Self::new(
            Code::InvalidModuleSpecifier,
            format!("Invalid module \"{specifier}\" {reason} imported from {base}"),
        )
    }

    pub(super) fn scheme(scheme: &str) -> Self {
        Self::new(
            Code::UnsupportedEsmUrlScheme,
            format!(
                "Only URLs with a scheme in: file, data, and node are supported by the default ESM loader. \
                 Received protocol '{scheme}:'"
            ),
        )
    }

    /// `request` has `..`, `node_modules` or the like where a pattern would match.
    pub(super) fn invalid_match(subpath: &str, package_json: &Path, imported_from: &str) -> Self {
        Self::new(
            Code::InvalidModuleSpecifier,
            format!(
                "Invalid module \".{subpath}\" request is not a valid match for the \"exports\" resolution of \
                 {}{imported_from}",
                package_json.display()
            ),
        )
    }

    pub(super) fn unknown_builtin(name: &str) -> Self {
        Self::new(Code::UnknownBuiltinModule, format!("No such built-in module: {name}"))
    }

    pub(super) fn extension(extension: &str, path: &Path) -> Self {
        let message = format!("Unknown file extension \".{extension}\" for {}", path.display());
        Self::new(Code::UnknownFileExtension, message)
    }

    pub(super) fn package_config(file: &Path, why: &str) -> Self {
        Self::new(
            Code::InvalidPackageConfig,
            format!("Invalid package config {}. {why}", file.display()),
        )
    }

    pub(super) fn not_exported(subpath: &str, package_json: &Path, imported_from: &str) -> Self {
        let file = package_json.display();
        let message = match subpath {
            "." => format!("No \"exports\" main defined in {file}{imported_from}"),
            _ => format!(
                "Package subpath '{subpath}' is not defined by \"exports\" in {file}{imported_from}"
            ),
        };
        Self::new(Code::PackagePathNotExported, message)
    }

    pub(super) fn import_not_defined(
        specifier: &str,
        package_json: Option<&Path>,
        base: &str,
    ) -> Self {
        let package =
            package_json.map(|file| format!(" in package {}", file.display())).unwrap_or_default();
        Self::new(
            Code::PackageImportNotDefined,
            format!(
                "Package import specifier \"{specifier}\" is not defined{package} imported from {base}"
            ),
        )
    }

    pub(super) fn target(
        target: &str,
        key: &str,
        package_json: &Path,
        imported_from: &str,
    ) -> Self {
        let field = if key.starts_with('#') { "imports" } else { "exports" };
        let place = match key {
            "." => format!("Invalid \"exports\" main target \"{target}\" defined"),
            _ => format!("Invalid \"{field}\" target \"{target}\" defined for '{key}'"),
        };
        let related = if field == "exports" && !target.is_empty() && !target.starts_with("./") {
            "; targets must start with \"./\""
        } else {
            ""
        };
        let file = package_json.display();
        Self::new(
            Code::InvalidPackageTarget,
            format!("{place} in the package config {file}{imported_from}{related}"),
        )
    }
}
