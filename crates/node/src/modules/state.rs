//! What a realm's module systems remember.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use holm_host::host;
use holm_js::{Ctx, Result, Root, Value, slot};

use super::errors;
use super::files::HostFiles;
use super::imports::Imports;
use super::resolve::{Builtins, FileModule, Kind, Referrer, Resolved, Resolver};
use crate::builtins;

#[derive(Default)]
pub(super) struct Modules {
    resolver: OnceCell<(Resolver, Arc<HostFiles>)>,
    main: RefCell<Option<String>>,
    imports: Imports,
    sources: RefCell<HashMap<String, Root<Value<'static>>>>,
}

pub(super) fn modules(ctx: &Ctx<'_>) -> Rc<Modules> {
    slot::<Modules>(ctx)
}

impl Modules {
    fn parts(&self, ctx: &Ctx<'_>) -> &(Resolver, Arc<HostFiles>) {
        self.resolver.get_or_init(|| {
            let files = Arc::new(HostFiles::new(host(ctx).permissions.clone()));
            let names = Builtins { names: builtins::NAMES, scheme_only: builtins::SCHEME_ONLY };
            let conditions = host(ctx).process.conditions.clone();
            (Resolver::new(files.clone(), names).with_conditions(conditions), files)
        })
    }

    pub(super) fn resolver(&self, ctx: &Ctx<'_>) -> &Resolver {
        &self.parts(ctx).0
    }

    /// What a specifier means to the module of that name; what is refused or missing throws.
    pub(super) fn resolve(
        &self,
        ctx: &Ctx<'_>,
        specifier: &str,
        referrer: &str,
        kind: Kind,
    ) -> Result<Resolved> {
        let (resolver, files) = self.parts(ctx);
        files.forget_refusal();
        let path = path_of(referrer);
        let asked_by = match &path {
            Some(path) => Referrer::File(path),
            None => Referrer::Url(referrer),
        };
        resolver.resolve(specifier, asked_by, kind).map_err(|error| {
            let refusal = files.refusal().filter(|_| error.is_not_found() && names_path(specifier));
            match refusal {
                Some(denied) => errors::denied(ctx, &denied, Some((referrer, specifier))),
                None => errors::unresolved(ctx, &error, referrer, specifier),
            }
        })
    }

    /// The file a program begins with: named exactly, or without its extension.
    pub(super) fn main_file(&self, ctx: &Ctx<'_>, path: &Path) -> Result<FileModule> {
        let path = host(ctx).process.current_dir().join(path);
        let folder = path.parent().unwrap_or(&path).join("[command]");
        let specifier = path.display().to_string();
        let (resolver, files) = self.parts(ctx);
        files.forget_refusal();
        let found = resolver.resolve(&specifier, Referrer::File(&folder), Kind::Require);
        let found = found.map_err(|mut error| {
            if let Some(denied) = files.refusal().filter(|_| error.is_not_found()) {
                return errors::denied(ctx, &denied, None);
            }
            if path.is_dir() {
                error.hint = Some("that is a folder without an index.js: name a file in it".into());
            } else if error.is_not_found() && error.hint.is_none() {
                error.hint = Some("there is no such file: is the name right?".into());
            }
            errors::unresolved(ctx, &error, "", "")
        });
        match found? {
            Resolved::File(file) => {
                let format = self.resolver(ctx).format_of(&file.path);
                let format = format.map_err(|error| errors::unresolved(ctx, &error, "", ""))?;
                Ok(FileModule { format, ..file })
            }
            _ => Err(holm_js::Error::Unknown),
        }
    }

    /// The sources that were imported, by URL.
    pub(super) fn sources(&self) -> &RefCell<HashMap<String, Root<Value<'static>>>> {
        &self.sources
    }

    /// Who imports whom, and what is being evaluated.
    pub(super) fn imports(&self) -> &Imports {
        &self.imports
    }

    pub(super) fn set_main(&self, url: &str) {
        self.main.replace(Some(url.to_owned()));
    }

    pub(super) fn is_main(&self, url: &str) -> bool {
        self.main.borrow().as_deref() == Some(url)
    }
}

/// Whether a specifier is the path of a file, not the name of a package.
fn names_path(specifier: &str) -> bool {
    specifier.starts_with(['.', '/']) || specifier.starts_with("file:")
}

/// The file a module's name means, without its query and fragment.
pub(super) fn path_of(name: &str) -> Option<PathBuf> {
    if name.starts_with('/') {
        return Some(name.into());
    }
    let url = url::Url::parse(name).ok().filter(|url| url.scheme() == "file")?;
    url.to_file_path().ok()
}
