//! Specifiers that name packages, and everything that `require` searches: `exports`, `imports`, `main`,
//! `node_modules`. The work is `oxc_resolver`'s; here it is asked the way Node would, and its answers are put
//! into Node's words.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use oxc_resolver::{Resolution, ResolveError as OxcError, ResolveOptions, ResolverGeneric};
use url::Url;

use super::{
    Code, Kind, Package, Request, ResolveError, Resolved, Resolver, files::Adapter, unresolvable,
    url_import::is_relative,
};

type Engine = ResolverGeneric<Adapter>;

/// `oxc_resolver`s that share what they remember.
pub(super) struct Engines {
    import: Engine,
    /// For packages with `exports`, whose targets are exact.
    import_exact: Engine,
    require: Engine,
    require_exact: Engine,
}

impl Engines {
    fn new(adapter: Adapter, conditions: &[String]) -> Self {
        let options = |kind, search| options(kind, search, conditions);
        let require = Engine::new_with_file_system(adapter, options(Kind::Require, Search::Legacy));
        Self {
            import: require.clone_with_options(options(Kind::Import, Search::Legacy)),
            import_exact: require.clone_with_options(options(Kind::Import, Search::Exact)),
            require_exact: require.clone_with_options(options(Kind::Require, Search::Exact)),
            require,
        }
    }

    pub(super) fn forget(&self) {
        self.require.clear_cache();
    }
}

/// The conditions that hold, `default` aside. Not `node-addons`: native addons cannot be loaded.
const CONDITIONS: [&str; 4] = ["holm", "node", "{kind}", "module-sync"];

/// All conditions of a question: those that were asked for first.
fn conditions(kind: Kind, asked_for: &[String]) -> Vec<String> {
    let own = CONDITIONS.iter().map(|name| name.replace("{kind}", condition(kind)));
    asked_for.iter().cloned().chain(own).collect()
}

fn condition(kind: Kind) -> &'static str {
    match kind {
        Kind::Import => "import",
        Kind::Require => "require",
    }
}

fn options(kind: Kind, search: Search, asked_for: &[String]) -> ResolveOptions {
    let extensions: &[&str] = match search {
        Search::Legacy => &[".js", ".json", ".node"],
        Search::Exact => &[],
    };
    ResolveOptions {
        condition_names: conditions(kind, asked_for),
        extensions: extensions.iter().copied().map(String::from).collect(),
        symlinks: false,
        node_path: false,
        ..ResolveOptions::default()
    }
}

/// Where to look how hard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search {
    /// `main`, extensions, `index.js`.
    Legacy,
    Exact,
}

/// An installed package: its folder, and its `package.json` if it has one.
struct Installed {
    root: PathBuf,
    package: Option<Arc<Package>>,
}

impl Resolver {
    /// `import 'package'` and `import 'package/subpath'`.
    pub(super) fn locate_package(&self, request: &Request<'_>) -> Result<Resolved, ResolveError> {
        let dir = request.dir.ok_or_else(|| unresolvable(request.specifier, &request.base_name))?;
        let (name, subpath) = split_name(request.specifier).ok_or_else(|| {
            ResolveError::invalid_specifier(
                request.specifier,
                "is not a valid package name",
                &request.base_name,
            )
        })?;
        if let Some(package) = self.itself(dir, name)? {
            return self.exported(request, dir, subpath, &package, &request.base_clause());
        }
        let Some(installed) = self.installed(dir, name)? else {
            return Err(ResolveError::missing_package(name, &request.base_name));
        };
        if let Some(package) = installed.package.filter(|package| package.has_exports) {
            return self.exported(request, dir, subpath, &package, &request.base_clause());
        }
        if subpath.is_empty() {
            return self.ask(request, dir, Search::Legacy).map_err(|error| {
                match error.is_not_found() {
                    true => ResolveError::missing_main(&installed.root, &request.base_name),
                    false => error,
                }
            });
        }
        let url = Url::from_directory_path(&installed.root)
            .ok()
            .and_then(|url| url.join(&format!(".{subpath}")).ok());
        self.import_file(request, &url.ok_or_else(|| request.not_found())?)
    }

    /// `#name`, from a package that has `imports`.
    pub(super) fn locate_internal(&self, request: &Request<'_>) -> Result<Resolved, ResolveError> {
        let (specifier, base) = (request.specifier, &request.base_name);
        let dir = request.dir.ok_or_else(|| unresolvable(specifier, base))?;
        if specifier == "#" || specifier.starts_with("#/") || specifier.ends_with('/') {
            let reason = "is not a valid internal imports specifier name";
            return Err(ResolveError::invalid_specifier(specifier, reason, base));
        }
        match self.package_of(&dir.join("x"))? {
            Some(package) if package.has_imports => self.ask(request, dir, Search::Legacy),
            package => {
                let file = package.map(|package| package.file());
                Err(ResolveError::import_not_defined(specifier, file.as_deref(), base))
            }
        }
    }

    pub(super) fn locate_required(&self, request: &Request<'_>) -> Result<Resolved, ResolveError> {
        let specifier = request.specifier;
        let dir = request.dir.ok_or_else(|| request.not_found())?;
        let is_internal = specifier.starts_with('#');
        if is_internal
            && self.package_of(&dir.join("x"))?.is_some_and(|package| package.has_imports)
        {
            return self.locate_internal(request);
        }
        // In these `oxc_resolver` would see a URL.
        let looks_like_url = specifier.starts_with("file:") || specifier.contains(['?', '#']);
        if is_relative(specifier) {
            return if looks_like_url {
                self.odd_file(request, dir)
            } else {
                self.ask(request, dir, Search::Legacy)
            };
        }
        if let Some((name, subpath)) = split_name(specifier) {
            if let Some(package) = self.itself(dir, name)? {
                return self.exported(request, dir, subpath, &package, &request.base_clause());
            }
            let package = self.installed(dir, name)?.and_then(|installed| installed.package);
            if let Some(package) = package.filter(|package| package.has_exports) {
                return self.exported(request, dir, subpath, &package, "");
            }
        }
        if looks_like_url {
            return Err(request.not_found());
        }
        self.ask(request, dir, Search::Legacy)
    }

    /// A required file with `?` or `#` in its name.
    fn odd_file(&self, request: &Request<'_>, dir: &Path) -> Result<Resolved, ResolveError> {
        let found = ["", ".js", ".json", ".node"].into_iter().find_map(|extension| {
            let path = dir.join(format!("{}{extension}", request.specifier));
            self.files.metadata(&path).is_ok_and(|it| it.is_file).then_some(path)
        });
        self.file_module(request, &found.ok_or_else(|| request.not_found())?, String::new())
    }

    /// The package around `dir`, if it has that name and exports something.
    fn itself(&self, dir: &Path, name: &str) -> Result<Option<Arc<Package>>, ResolveError> {
        let package = self.package_of(&dir.join("x"))?;
        Ok(package.filter(|package| package.has_exports && package.name.as_deref() == Some(name)))
    }

    /// The nearest installed package of that name.
    fn installed(&self, dir: &Path, name: &str) -> Result<Option<Installed>, ResolveError> {
        for parent in dir.ancestors().filter(|parent| !parent.ends_with("node_modules")) {
            let root = parent.join("node_modules").join(name);
            if self.files.metadata(&root).is_ok_and(|it| it.is_dir) {
                let package = self.package_in(&root)?;
                return Ok(Some(Installed { root, package }));
            }
        }
        Ok(None)
    }

    /// What a package with `exports` exports as `subpath`.
    fn exported(
        &self,
        request: &Request<'_>,
        dir: &Path,
        subpath: &str,
        package: &Package,
        from: &str,
    ) -> Result<Resolved, ResolveError> {
        let file = package.file();
        let is_odd = |segment: &str| {
            let segment = segment.to_ascii_lowercase().replace("%2e", ".").replace("%6e", "n");
            matches!(segment.as_str(), "." | ".." | "node_modules")
        };
        let not_exported = || {
            let hint = format!(
                "the conditions were: {}",
                conditions(request.kind, &self.conditions).join(", ")
            );
            ResolveError::not_exported(&format!(".{subpath}"), &file, from).with_hint(Some(hint))
        };
        if subpath.ends_with('/') || subpath.contains(['?', '#']) {
            return Err(not_exported());
        }
        if subpath.split('/').skip(1).any(is_odd) {
            return Err(ResolveError::invalid_match(subpath, &file, from));
        }
        self.ask(request, dir, Search::Exact).map_err(|error| match error.code {
            Code::PackagePathNotExported => not_exported(),
            Code::ErrModuleNotFound | Code::ModuleNotFound => {
                let hint =
                    format!("\"exports\" of {} names a file that is not there", file.display());
                error.with_hint(Some(hint))
            }
            _ => error,
        })
    }

    fn ask(
        &self,
        request: &Request<'_>,
        dir: &Path,
        search: Search,
    ) -> Result<Resolved, ResolveError> {
        let engines = self.engines.get_or_init(|| {
            Engines::new(
                Adapter { files: Some(Arc::clone(&self.files)), broken: Arc::clone(&self.broken) },
                &self.conditions,
            )
        });
        let engine = match (request.kind, search) {
            (Kind::Import, Search::Legacy) => &engines.import,
            (Kind::Import, Search::Exact) => &engines.import_exact,
            (Kind::Require, Search::Legacy) => &engines.require,
            (Kind::Require, Search::Exact) => &engines.require_exact,
        };
        let answer = engine.resolve(dir, request.specifier);
        if let Some((file, why)) = self.broken.lock().ok().and_then(|mut broken| broken.take()) {
            engines.forget();
            return Err(ResolveError::package_config(&file, &why));
        }
        match answer {
            Ok(found) => {
                self.file_module(request, found.path(), target_suffix(request.kind, &found))
            }
            Err(OxcError::NotFound(target))
                if target != request.specifier && request.specifier.starts_with('#') =>
            {
                self.internal_target(request, &target)
            }
            Err(error) => Err(in_nodes_words(request, error)),
        }
    }

    /// An `imports` entry that names another package or a built-in module.
    fn internal_target(
        &self,
        request: &Request<'_>,
        target: &str,
    ) -> Result<Resolved, ResolveError> {
        let package = request.dir.map(|dir| self.package_of(&dir.join("x"))).transpose()?.flatten();
        let Some(package) = package.filter(|_| !target.starts_with('#')) else {
            return Err(request.not_found());
        };
        let file = package.file();
        if Url::parse(target).is_ok() && !target.starts_with("node:") {
            return Err(ResolveError::target(
                target,
                request.specifier,
                &file,
                &request.base_clause(),
            ));
        }
        if let Some(builtin) = self.builtin(target, request.kind)? {
            return Ok(builtin);
        }
        let inner = Request {
            specifier: target,
            kind: request.kind,
            dir: Some(&package.dir),
            base: request.base.clone(),
            base_name: file.display().to_string(),
        };
        self.locate(&inner).map_err(|error| match error.code {
            Code::ModuleNotFound => request.not_found().with_hint(error.hint),
            _ => error,
        })
    }
}

/// The query of a target in `exports`, which only `import` heeds.
fn target_suffix(kind: Kind, found: &Resolution) -> String {
    match kind {
        Kind::Import => {
            format!("{}{}", found.query().unwrap_or(""), found.fragment().unwrap_or(""))
        }
        Kind::Require => String::new(),
    }
}

/// A package name and the rest with its leading slash, if this is a name.
fn split_name(specifier: &str) -> Option<(&str, &str)> {
    let mut slashes = specifier.match_indices('/').map(|(at, _)| at);
    let first = slashes.next();
    let end = if specifier.starts_with('@') {
        first?;
        slashes.next()
    } else {
        first
    };
    let (name, subpath) = specifier.split_at(end.unwrap_or(specifier.len()));
    let is_valid = !name.is_empty() && !name.starts_with('.') && !name.contains(['\\', '%']);
    is_valid.then_some((name, subpath))
}

fn in_nodes_words(request: &Request<'_>, error: OxcError) -> ResolveError {
    let from = if request.specifier.starts_with('#') {
        request.base_clause()
    } else {
        request.imported_from()
    };
    match error {
        OxcError::PackagePathNotExported { subpath, package_json_path, .. } => {
            ResolveError::not_exported(&subpath, &package_json_path, &from)
        }
        OxcError::PackageImportNotDefined(specifier, file) => {
            ResolveError::import_not_defined(&specifier, Some(&file), &request.base_name)
        }
        OxcError::InvalidPackageTarget(target, key, file) => {
            ResolveError::target(&target, &key, &file, &from)
        }
        OxcError::InvalidPackageConfig(file) => ResolveError::package_config(
            &file,
            "\"exports\" cannot contain some keys starting with '.' and some not. The exports object must either be \
             an object of package subpath keys or an object of main entry condition name keys only.",
        ),
        OxcError::InvalidPackageConfigDefault(file)
        | OxcError::InvalidPackageConfigDirectory(file) => ResolveError::package_config(
            &file,
            "\"exports\" or \"imports\" has an entry for a folder.",
        ),
        _ => request.not_found(),
    }
}
