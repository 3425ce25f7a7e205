//! What the command line gives a module that runs by itself.

use std::path::{Path, PathBuf};

use holm::{CommandOptions, Grant, Permissions, Preopen};

use crate::arguments::Guest;

/// Whether a file is a module, by its name.
pub(crate) fn is_module(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wasm" || extension == "wat")
}

impl Guest {
    /// A flag that only modules have a use for.
    pub(crate) fn first_flag(&self) -> Option<&'static str> {
        let flags = [
            ("--dir", !self.dirs.is_empty()),
            ("--env", !self.env.is_empty()),
            ("--stdin", self.stdin.is_some()),
            ("--invoke", self.invoke.is_some()),
        ];
        flags.into_iter().find_map(|(flag, is_given)| is_given.then_some(flag))
    }

    /// What the module at `path` gets. Relative paths count from `current_dir`.
    pub(crate) fn options(
        &self,
        path: &Path,
        arguments: &[String],
        current_dir: &Path,
    ) -> CommandOptions {
        // As `wasmtime run`: the name of the file, without what the module need not know.
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        CommandOptions {
            args: std::iter::once(name).chain(arguments.iter().cloned()).collect(),
            env: self.env.iter().filter_map(|given| variable(given)).collect(),
            preopens: self.dirs.iter().map(|given| preopen(given, current_dir)).collect(),
            stdin: self.stdin.as_ref().map(|path| current_dir.join(path)),
            invoke: self.invoke.clone(),
        }
    }
}

/// Naming a folder or a file for a module allows it.
pub(crate) fn allow(permissions: &mut Permissions, options: &CommandOptions) {
    for preopen in &options.preopens {
        add(&mut permissions.read, &preopen.host);
        if !preopen.read_only {
            add(&mut permissions.write, &preopen.host);
        }
    }
    if let Some(path) = &options.stdin {
        add(&mut permissions.read, path);
    }
}

fn add(grant: &mut Grant, path: &Path) {
    let path = path.display().to_string();
    match grant {
        Grant::All => {}
        Grant::None => *grant = Grant::Only(vec![path]),
        Grant::Only(paths) => paths.push(path),
    }
}

/// `NAME=VALUE`, or the name of a variable of ours.
fn variable(given: &str) -> Option<(String, String)> {
    match given.split_once('=') {
        Some((name, value)) => Some((name.to_owned(), value.to_owned())),
        None => Some((given.to_owned(), std::env::var(given).ok()?)),
    }
}

/// `HOST[::GUEST][,ro]`
fn preopen(given: &str, current_dir: &Path) -> Preopen {
    let (given, read_only) = match given.strip_suffix(",ro") {
        Some(rest) => (rest, true),
        None => (given.strip_suffix(",rw").unwrap_or(given), false),
    };
    let (host, guest) = given.split_once("::").unwrap_or((given, given));
    let host: PathBuf = current_dir.join(host);
    Preopen { host, guest: guest.to_owned(), read_only }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_have_names_and_may_be_read_only() {
        let parsed = |given| {
            let Preopen { host, guest, read_only } = preopen(given, Path::new("/cwd"));
            (host.display().to_string(), guest, read_only)
        };
        let wanted =
            |host: &str, guest: &str, read_only| (host.to_owned(), guest.to_owned(), read_only);
        assert_eq!(parsed("."), wanted("/cwd/.", ".", false));
        assert_eq!(parsed("/a::/b"), wanted("/a", "/b", false));
        assert_eq!(parsed("a::b,ro"), wanted("/cwd/a", "b", true));
        assert_eq!(parsed("a,b,rw"), wanted("/cwd/a,b", "a,b", false));
    }

    #[test]
    fn what_is_named_is_allowed() {
        let guest = Guest {
            dirs: vec!["in,ro".to_owned(), "out".to_owned()],
            stdin: Some("text".into()),
            ..Guest::default()
        };
        let options = guest.options(Path::new("x/m.wasm"), &[], Path::new("/cwd"));
        let mut permissions = Permissions::default();
        allow(&mut permissions, &options);
        let only = |paths: &[&str]| Grant::Only(paths.iter().map(ToString::to_string).collect());
        assert_eq!(permissions.read, only(&["/cwd/in", "/cwd/out", "/cwd/text"]));
        assert_eq!(permissions.write, only(&["/cwd/out"]));
        assert_eq!(options.args, ["m.wasm"]);
    }
}
