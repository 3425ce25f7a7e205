//! Where the command keeps compiled modules, and `holm cache`.
//!
//! That is the command's own matter: a script's permissions neither open nor close it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use holm::{CodeCache, Config};

use crate::arguments::Flags;
use crate::run::{FAILED, to_stdout};
use crate::{report, size};

/// `off`, or a folder.
const VARIABLE: &str = "HOLM_CODE_CACHE";
const OFF: &str = "off";

/// The settings of the command's engine.
pub(crate) fn config(flags: &Flags) -> Config {
    match chosen(flags) {
        Ok(cache) => Config::default().code_cache(cache),
        Err(_off) => Config::default(),
    }
}

/// The cache, or why there is none.
pub(crate) fn chosen(flags: &Flags) -> Result<CodeCache, &'static str> {
    if flags.no_code_cache {
        return Err("the code cache is off: --no-code-cache");
    }
    let folder = folder(|name| std::env::var_os(name))?;
    Ok(CodeCache::new(folder, CodeCache::DEFAULT_LIMIT_BYTES))
}

/// The folder that the environment says.
fn folder(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, &'static str> {
    let variable = |name| variable(name).filter(|value| !value.is_empty());
    match variable(VARIABLE) {
        Some(value) if value == OFF => return Err("the code cache is off: HOLM_CODE_CACHE=off"),
        // The script may change the current folder.
        Some(value) => {
            return std::path::absolute(value).map_err(|_| "the current folder is gone");
        }
        None => {}
    }
    // Relative ones are to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = absolute("XDG_CACHE_HOME").or_else(|| {
        let home = absolute("HOME")?;
        Some(home.join(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }))
    });
    let caches = caches.ok_or("the code cache is off: neither HOME nor HOLM_CODE_CACHE is set")?;
    Ok(caches.join("holm/code"))
}

/// `holm cache`
pub(crate) fn show(flags: &Flags) -> ExitCode {
    with_cache(flags, |cache| {
        let usage = cache.usage()?;
        let (held, limit) = (size::shown(usage.bytes), size::shown(cache.limit_bytes()));
        let folder = cache.path().display();
        to_stdout(&format!("folder:  {folder}\nmodules: {}\n", usage.modules));
        to_stdout(&format!("size:    {held} of at most {limit}\n"));
        Ok(())
    })
}

/// `holm cache clear`
pub(crate) fn clear(flags: &Flags) -> ExitCode {
    with_cache(flags, |cache| {
        let removed = cache.clear()?;
        let plural = if removed.modules == 1 { "" } else { "s" };
        let bytes = size::shown(removed.bytes);
        to_stdout(&format!("removed {} module{plural}, {bytes}\n", removed.modules));
        Ok(())
    })
}

fn with_cache(flags: &Flags, run: impl Fn(&CodeCache) -> std::io::Result<()>) -> ExitCode {
    let cache = match chosen(flags) {
        Ok(cache) => cache,
        Err(off) => {
            to_stdout(&format!("{off}\n"));
            return ExitCode::SUCCESS;
        }
    };
    match run(&cache) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let folder = cache.path().display();
            let hint = "remove the folder, or name another one with HOLM_CODE_CACHE";
            report::message(&format!("no code cache in {folder}: {error}"), Some(hint));
            ExitCode::from(FAILED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_where() {
        let check = |variables: &[(&str, &str)], wanted: Option<&str>| {
            let find = |name: &str| variables.iter().find(|variable| variable.0 == name);
            let found = folder(|name| find(name).map(|variable| variable.1.into()));
            assert_eq!(found.ok(), wanted.map(PathBuf::from), "{variables:?}");
        };
        let home = if cfg!(target_os = "macos") { "/h/Library/Caches" } else { "/h/.cache" };
        let usual = format!("{home}/holm/code");
        check(&[], None);
        check(&[("HOME", "")], None);
        check(&[("HOME", "h")], None);
        check(&[("HOME", "/h")], Some(&usual));
        check(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")], Some("/x/holm/code"));
        check(&[("HOME", "/h"), ("XDG_CACHE_HOME", "x")], Some(&usual));
        check(&[("HOME", "/h"), (VARIABLE, "/c")], Some("/c"));
        check(&[("HOME", "/h"), (VARIABLE, "")], Some(&usual));
        check(&[("HOME", "/h"), (VARIABLE, "off")], None);
    }
}
