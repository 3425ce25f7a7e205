//! Specifiers of `import` that are URLs or paths: nothing is searched, the file must be there.

use std::path::{Path, PathBuf};

use url::Url;

use super::{Code, Request, ResolveError, Resolved, Resolver, unresolvable};

/// What people leave out, in the order to try.
const EXTENSIONS: [&str; 8] = ["js", "mjs", "cjs", "ts", "mts", "cts", "json", "wasm"];

impl Resolver {
    pub(super) fn locate_import(&self, request: &Request<'_>) -> Result<Resolved, ResolveError> {
        let specifier = request.specifier;
        if is_relative(specifier) {
            let url = request.base.join(specifier);
            return self.import_url(
                request,
                url.map_err(|_| unresolvable(specifier, &request.base_name))?,
            );
        }
        if specifier.starts_with('#') {
            return self.locate_internal(request);
        }
        match Url::parse(specifier) {
            Ok(url) => self.import_url(request, url),
            Err(_) => self.locate_package(request),
        }
    }

    fn import_url(&self, request: &Request<'_>, url: Url) -> Result<Resolved, ResolveError> {
        match url.scheme() {
            "file" => self.import_file(request, &url),
            "blob" | "data" | "http" | "https" => Ok(Resolved::Url(url.into())),
            scheme => Err(ResolveError::scheme(scheme)),
        }
    }

    /// Finalizes a resolution as Node does: the path as it is written must be a file.
    pub(super) fn import_file(
        &self,
        request: &Request<'_>,
        url: &Url,
    ) -> Result<Resolved, ResolveError> {
        let encoded = url.path().to_ascii_lowercase();
        if encoded.contains("%2f") || encoded.contains("%5c") {
            let reason = "must not include encoded \"/\" or \"\\\" characters";
            return Err(ResolveError::invalid_specifier(url.path(), reason, &request.base_name));
        }
        let path = file_path(url)?;
        let metadata = self.files.metadata(&path).ok();
        if metadata.is_some_and(|it| it.is_dir) || url.path().ends_with('/') {
            return Err(ResolveError::directory(&path, &request.base_name)
                .with_hint(self.suggestion(request, &path)));
        }
        if !metadata.is_some_and(|it| it.is_file) {
            return Err(ResolveError::missing_file(&path, &request.base_name)
                .with_hint(self.suggestion(request, &path)));
        }
        self.file_module(request, &path, suffix(url))
    }

    /// The specifier that would have worked.
    fn suggestion(&self, request: &Request<'_>, path: &Path) -> Option<String> {
        let (specifier, tail) = split_suffix(request.specifier);
        let trimmed = specifier.trim_end_matches('/');
        let is_file = |path: &Path| self.files.metadata(path).is_ok_and(|it| it.is_file);
        let found = |addition: &str| format!("did you mean '{trimmed}{addition}{tail}'?");
        for extension in EXTENSIONS {
            let mut longer = path.as_os_str().to_owned();
            longer.push(format!(".{extension}"));
            if is_file(Path::new(&longer)) {
                return Some(found(&format!(".{extension}")));
            }
        }
        for extension in EXTENSIONS {
            if is_file(&path.join(format!("index.{extension}"))) {
                return Some(found(&format!("/index.{extension}")));
            }
        }
        // TypeScript lets one import what it will compile to.
        let (stem, source) = [(".js", "ts"), (".mjs", "mts"), (".cjs", "cts")]
            .into_iter()
            .find_map(|(compiled, source)| Some((trimmed.strip_suffix(compiled)?, source)))?;
        is_file(&path.with_extension(source))
            .then(|| format!("did you mean '{stem}.{source}{tail}'?"))
    }
}

pub(super) fn is_relative(specifier: &str) -> bool {
    specifier.starts_with('/')
        || specifier == "."
        || specifier == ".."
        || specifier.starts_with("./")
        || specifier.starts_with("../")
}

fn file_path(url: &Url) -> Result<PathBuf, ResolveError> {
    url.to_file_path().map_err(|()| {
        let system = std::env::consts::OS;
        let message = format!("File URL host must be \"localhost\" or empty on {system}");
        ResolveError::new(Code::InvalidFileUrlHost, message)
    })
}

fn suffix(url: &Url) -> String {
    let part = |mark: &str, text: Option<&str>| match text {
        None | Some("") => String::new(),
        Some(text) => format!("{mark}{text}"),
    };
    part("?", url.query()) + &part("#", url.fragment())
}

fn split_suffix(specifier: &str) -> (&str, &str) {
    specifier.split_at(specifier.find(['?', '#']).unwrap_or(specifier.len()))
}
