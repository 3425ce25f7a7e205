//! Node's module resolution: from a specifier and who asks to a file and its format.
//!
//! No engine, no loading. Specifiers of `import` that are URLs or paths are resolved here, exactly; those that
//! name packages go through `oxc_resolver`, see `packages.rs`. All access to files goes through [`Files`].

mod error;
mod files;
mod format;
mod package;
mod packages;
mod url_import;

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use self::packages::Engines;
pub use self::{
    error::{Code, ResolveError},
    files::{Files, Metadata},
    format::{Format, System},
    package::{Package, PackageKind},
};

/// The longest specifier that is looked at, that of paths on Linux. `oxc_resolver` recurses per path segment.
const MAX_SPECIFIER_BYTES: usize = 4096;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referrer<'r> {
    /// A file, by its absolute real path.
    File(&'r Path),
    /// A module that is no file, by its URL.
    Url(&'r str),
}

/// How it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `import` and `import()`.
    Import,
    /// `require()`.
    Require,
}

/// Names that are not files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Builtins {
    /// With or without `node:`, such as `fs` and `fs/promises`.
    pub names: &'static [&'static str],
    /// With `node:` only, such as `test`.
    pub scheme_only: &'static [&'static str],
}

/// What a specifier stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// A built-in module, by its name without `node:`.
    Builtin(String),
    File(FileModule),
    /// A `blob:`, `data:`, `http:` or `https:` URL; whether it may be loaded is the caller's to decide.
    Url(String),
}

/// A module that is a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileModule {
    /// Absolute, without symbolic links.
    pub path: PathBuf,
    /// `?query` and `#fragment` of an import. Modules that differ in it are different modules.
    pub suffix: String,
    pub format: Format,
}

impl FileModule {
    /// The module's identity and its `import.meta.url`.
    pub fn url(&self) -> String {
        let file = url::Url::from_file_path(&self.path).map(String::from).unwrap_or_default();
        file + &self.suffix
    }
}

/// Resolves specifiers, and remembers which files are there.
#[allow(missing_debug_implementations, reason = "it would show nothing but caches")]
pub struct Resolver {
    files: Arc<dyn Files>,
    builtins: Builtins,
    conditions: Vec<String>,
    /// By folder.
    packages: RefCell<HashMap<PathBuf, Option<Arc<Package>>>>,
    engines: OnceCell<Engines>,
    /// See [`files::Adapter`].
    broken: Arc<Mutex<Option<(PathBuf, String)>>>,
}

impl Resolver {
    /// Touches no file.
    pub fn new(files: Arc<dyn Files>, builtins: Builtins) -> Self {
        Self {
            files,
            builtins,
            conditions: Vec::new(),
            packages: RefCell::default(),
            engines: OnceCell::new(),
            broken: Arc::default(),
        }
    }

    /// Adds conditions to those that always hold.
    pub fn with_conditions(self, conditions: Vec<String>) -> Self {
        Self { conditions, ..self }
    }

    /// What `specifier` means to `referrer`.
    pub fn resolve(
        &self,
        specifier: &str,
        referrer: Referrer<'_>,
        kind: Kind,
    ) -> Result<Resolved, ResolveError> {
        let request = Request::new(specifier, referrer, kind)?;
        if let Some(builtin) = self.builtin(specifier, kind)? {
            return Ok(builtin);
        }
        if specifier.len() > MAX_SPECIFIER_BYTES {
            return Err(request.not_found());
        }
        let found = self.locate(&request);
        // Files may have come since what is remembered was seen.
        if matches!(&found, Err(error) if error.is_not_found()) && self.forget() {
            return self.locate(&request);
        }
        found
    }

    /// How a file is to be loaded when imported, by its name and its package.
    pub fn format_of(&self, path: &Path) -> Result<Format, ResolveError> {
        format::of_import(self, path)
    }

    /// The package a file belongs to: the nearest `package.json` upwards, but not above `node_modules`.
    pub fn package_of(&self, path: &Path) -> Result<Option<Arc<Package>>, ResolveError> {
        for dir in path.ancestors().skip(1) {
            if dir.ends_with("node_modules") {
                break;
            }
            if let Some(package) = self.package_in(dir)? {
                return Ok(Some(package));
            }
        }
        Ok(None)
    }

    /// Forgets which files are there; tells whether anything was remembered.
    fn forget(&self) -> bool {
        let engines = self.engines.get().map(Engines::forget);
        let packages = std::mem::take(&mut *self.packages.borrow_mut());
        engines.is_some() || !packages.is_empty()
    }

    fn package_in(&self, dir: &Path) -> Result<Option<Arc<Package>>, ResolveError> {
        if let Some(known) = self.packages.borrow().get(dir) {
            return Ok(known.clone());
        }
        let file = dir.join("package.json");
        let package = match self.files.read(&file) {
            Err(_) => None,
            Ok(bytes) => {
                let parsed = Package::parse(dir, &bytes);
                Some(Arc::new(parsed.map_err(|why| ResolveError::package_config(&file, &why))?))
            }
        };
        self.packages.borrow_mut().insert(dir.into(), package.clone());
        Ok(package)
    }

    fn builtin(&self, specifier: &str, kind: Kind) -> Result<Option<Resolved>, ResolveError> {
        let (name, has_scheme) = match specifier.strip_prefix("node:") {
            Some(name) => (name, true),
            None => (specifier, false),
        };
        let Builtins { names, scheme_only } = self.builtins;
        if names.contains(&name) || has_scheme && scheme_only.contains(&name) {
            Ok(Some(Resolved::Builtin(name.into())))
        } else if has_scheme {
            Err(match kind {
                Kind::Import => ResolveError::unknown_builtin(specifier),
                Kind::Require => ResolveError::not_required(specifier),
            })
        } else {
            Ok(None)
        }
    }

    fn locate(&self, request: &Request<'_>) -> Result<Resolved, ResolveError> {
        match request.kind {
            Kind::Import => self.locate_import(request),
            Kind::Require => self.locate_required(request),
        }
    }

    fn file_module(
        &self,
        request: &Request<'_>,
        path: &Path,
        suffix: String,
    ) -> Result<Resolved, ResolveError> {
        // Without a right to see the links on the way, the path itself has to do.
        let path = self.files.canonicalize(path).unwrap_or_else(|_| path.into());
        let format = match request.kind {
            Kind::Import => format::of_import(self, &path)?,
            Kind::Require => format::of_require(self, &path)?,
        };
        Ok(Resolved::File(FileModule { path, suffix, format }))
    }
}

/// One question.
struct Request<'r> {
    specifier: &'r str,
    kind: Kind,
    /// The folder to search from; none for a referrer that is no file.
    dir: Option<&'r Path>,
    /// The URL that relative URLs start from.
    base: url::Url,
    /// The referrer as error messages name it.
    base_name: String,
}

impl<'r> Request<'r> {
    fn new(specifier: &'r str, referrer: Referrer<'r>, kind: Kind) -> Result<Self, ResolveError> {
        let (base, dir, base_name) = match referrer {
            Referrer::File(path) => {
                (url::Url::from_file_path(path).ok(), path.parent(), path.display().to_string())
            }
            Referrer::Url(url) => (url::Url::parse(url).ok(), None, url.into()),
        };
        let base = base.ok_or_else(|| unresolvable(specifier, &base_name))?;
        Ok(Self { specifier, kind, dir, base, base_name })
    }

    fn not_found(&self) -> ResolveError {
        match self.kind {
            Kind::Import => ResolveError::missing_file(Path::new(self.specifier), &self.base_name),
            Kind::Require => ResolveError::not_required(self.specifier),
        }
    }

    /// What Node appends to messages about packages, for `import` only.
    fn imported_from(&self) -> String {
        match self.kind {
            Kind::Import => self.base_clause(),
            Kind::Require => String::new(),
        }
    }

    fn base_clause(&self) -> String {
        format!(" imported from {}", self.base_name)
    }
}

impl ResolveError {
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self.code, Code::ErrModuleNotFound | Code::ModuleNotFound)
    }
}

/// A relative or bare specifier in a module that has no place in a file system.
fn unresolvable(specifier: &str, base: &str) -> ResolveError {
    ResolveError::new(
        Code::UnsupportedResolveRequest,
        format!(
            "Failed to resolve module specifier \"{specifier}\" from \"{base}\": Invalid relative URL or base scheme \
             is not hierarchical."
        ),
    )
}
