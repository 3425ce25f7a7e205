//! From flags to permissions.

use std::path::Path;

use holm::{Grant, Permissions};

use crate::arguments::Flags;

/// What the flags grant. Reading below the current folder needs no flag, nor does the folder
/// of the script that the user named.
pub(crate) fn from_flags(
    flags: &Flags,
    current_dir: &Path,
    script_dir: Option<&Path>,
) -> Permissions {
    if flags.everything {
        return Permissions::all();
    }
    let mut read = grant(flags.read.as_deref());
    let always = [Some(current_dir), script_dir];
    let always = always.into_iter().flatten().map(|folder| folder.display().to_string());
    read = match read {
        Grant::All => Grant::All,
        Grant::None => Grant::Only(always.collect()),
        Grant::Only(more) => Grant::Only(always.chain(more).collect()),
    };
    Permissions {
        read,
        write: grant(flags.write.as_deref()),
        net: grant(flags.net.as_deref()),
        env: grant(flags.env.as_deref()),
        run: grant(flags.run.as_deref()),
    }
}

/// A flag without a value grants everything of its kind.
fn grant(values: Option<&[String]>) -> Grant {
    match values {
        None => Grant::None,
        Some(values) if values.iter().any(String::is_empty) => Grant::All,
        Some(values) => Grant::Only(values.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_grants() {
        let only =
            |names: &[&str]| Grant::Only(names.iter().map(|&name| name.to_owned()).collect());
        let flags = |read: Option<&[&str]>| Flags {
            read: read.map(|names| names.iter().map(|&name| name.to_owned()).collect()),
            ..Flags::default()
        };
        let read = |read| from_flags(&flags(read), Path::new("/cwd"), Some(Path::new("/app"))).read;
        assert_eq!(read(None), only(&["/cwd", "/app"]));
        assert_eq!(read(Some(&["/data"])), only(&["/cwd", "/app", "/data"]));
        assert_eq!(read(Some(&[""])), Grant::All);
        let everything = Flags { everything: true, ..Flags::default() };
        assert_eq!(from_flags(&everything, Path::new("/"), None), Permissions::all());
    }
}
