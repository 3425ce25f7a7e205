//! `package.json` files, as far as resolution reads them.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// A `package.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The folder it is in.
    pub dir: PathBuf,
    pub name: Option<String>,
    pub kind: PackageKind,
    pub(super) has_exports: bool,
    pub(super) has_imports: bool,
}

/// The `"type"` of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageKind {
    Module,
    CommonJs,
    /// Not said.
    None,
}

impl Package {
    pub(super) fn parse(dir: &Path, bytes: &[u8]) -> Result<Self, String> {
        let json = parse(bytes)?;
        let has = |key: &str| json.get(key).is_some_and(|value| !value.is_null());
        Ok(Self {
            dir: dir.into(),
            name: json.get("name").and_then(Value::as_str).map(String::from),
            kind: match json.get("type").and_then(Value::as_str) {
                Some("module") => PackageKind::Module,
                Some("commonjs") => PackageKind::CommonJs,
                _ => PackageKind::None,
            },
            has_exports: has("exports"),
            has_imports: has("imports"),
        })
    }

    /// The path of the `package.json` itself.
    pub fn file(&self) -> PathBuf {
        self.dir.join("package.json")
    }
}

/// A `package.json` with only the keys that `oxc_resolver` needs, and without what makes it panic or recurse
/// without limit (serde_json refuses more than 128 levels).
pub(super) fn sanitize(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut json = parse(bytes)?;
    json.retain(|key, _| matches!(key.as_str(), "name" | "type" | "main" | "exports" | "imports"));
    // `oxc_resolver` takes `null` for a package that exports nothing, Node for one that does not say.
    json.retain(|_, value| !value.is_null());
    for key in ["exports", "imports"] {
        if let Some(Value::Object(map)) = json.get_mut(key) {
            // A key with two `*` matches nothing in Node and fails an assertion in `oxc_resolver`.
            map.retain(|key, _| key.matches('*').count() < 2);
        }
    }
    serde_json::to_vec(&json).map_err(|error| error.to_string())
}

fn parse(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(json)) => Ok(json),
        // Node ignores what is no object.
        Ok(_) => Ok(Map::new()),
        Err(error) => Err(error.to_string()),
    }
}
