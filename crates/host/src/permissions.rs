//! What an isolate may reach.
//!
//! A permission set is data; the check is one function. Paths are compared after symbolic
//! links are resolved, so that a link inside an allowed folder opens nothing outside of it.
//! (A link that is swapped between the check and the use is what `cap-std` handles are for:
//! rooms that open files for a guest use those.)

use std::fmt;
use std::path::{Component, Path, PathBuf};

/// What a script wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access<'a> {
    /// Read this file or folder.
    Read(&'a Path),
    /// Write, make or remove this file or folder.
    Write(&'a Path),
    /// Connect to or listen at `host:port`.
    Net(&'a str),
    /// Read or set this variable of the environment.
    Env(&'a str),
    /// Start this program.
    Run(&'a str),
}

/// How much of one kind of access is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Grant {
    /// Nothing.
    #[default]
    None,
    /// These: folders with all below them, hosts, names, programs.
    Only(Vec<String>),
    /// Everything.
    All,
}

/// The permissions of an isolate. None are granted by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Files that may be read.
    pub read: Grant,
    /// Files that may be written.
    pub write: Grant,
    /// Addresses that may be reached.
    pub net: Grant,
    /// Variables of the environment.
    pub env: Grant,
    /// Programs that may be started.
    pub run: Grant,
}

/// A refusal, which names the flag that would allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    what: String,
    flag: String,
}

impl Denied {
    /// What was refused.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The command's flag that would allow it.
    pub fn flag(&self) -> &str {
        &self.flag
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not permitted: run again with {} to allow it", self.what, self.flag)
    }
}

impl std::error::Error for Denied {}

impl Permissions {
    /// Everything: for scripts that are trusted as the user is.
    pub fn all() -> Self {
        let all = || Grant::All;
        Self { read: all(), write: all(), net: all(), env: all(), run: all() }
    }

    /// The command's flags that grant the same.
    pub fn flags(&self) -> Vec<String> {
        let grants = [
            ("read", &self.read),
            ("write", &self.write),
            ("net", &self.net),
            ("env", &self.env),
            ("run", &self.run),
        ];
        let flag = |(name, grant): (&str, &Grant)| match grant {
            Grant::None => None,
            Grant::Only(names) if names.is_empty() => None,
            Grant::Only(names) => Some(format!("--allow-{name}={}", names.join(","))),
            Grant::All => Some(format!("--allow-{name}")),
        };
        grants.into_iter().filter_map(flag).collect()
    }

    /// Refuses what is not granted.
    pub fn check(&self, access: Access<'_>) -> Result<(), Denied> {
        self.check_where(access, resolved)
    }

    /// As `check`, of a path that is taken as it stands: whoever asks has resolved it, and goes
    /// through no link afterwards.
    pub fn check_resolved(&self, access: Access<'_>) -> Result<(), Denied> {
        self.check_where(access, Path::to_path_buf)
    }

    fn check_where(&self, access: Access<'_>, place: fn(&Path) -> PathBuf) -> Result<(), Denied> {
        let (allowed, what, flag) = match access {
            Access::Read(path) => (
                self.read.allows_path(path, place),
                format!("reading {}", path.display()),
                path_flag("read", path),
            ),
            Access::Write(path) => (
                self.write.allows_path(path, place),
                format!("writing {}", path.display()),
                path_flag("write", path),
            ),
            Access::Net(address) => (
                self.net.allows_host(address),
                format!("access to {address}"),
                name_flag("net", address),
            ),
            Access::Env(name) => (
                self.env.allows_name(name),
                format!("the environment variable {name}"),
                name_flag("env", name),
            ),
            Access::Run(program) => (
                self.run.allows_name(program),
                format!("running {program}"),
                name_flag("run", program),
            ),
        };
        if allowed { Ok(()) } else { Err(Denied { what, flag }) }
    }
}

impl Grant {
    fn allows_path(&self, path: &Path, place: fn(&Path) -> PathBuf) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Only(roots) => {
                let wanted = place(path);
                roots.iter().any(|root| wanted.starts_with(resolved(Path::new(root))))
            }
        }
    }

    fn allows_name(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Only(names) => names.iter().any(|allowed| allowed == name),
        }
    }

    fn allows_host(&self, address: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Only(hosts) => hosts.iter().any(|allowed| {
                allowed == address
                    || address.rsplit_once(':').is_some_and(|(host, _port)| host == allowed)
            }),
        }
    }
}

/// The path with its links resolved, as far as it exists; the rest is cleaned by its text.
fn resolved(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    let mut existing = path;
    loop {
        if let Ok(found) = existing.canonicalize() {
            return rest.iter().rev().fold(found, |path, name| append(path, name));
        }
        match (existing.parent(), existing.components().next_back()) {
            (Some(parent), Some(last)) => {
                rest.push(last);
                existing = parent;
            }
            _ => {
                return rest.iter().rev().fold(PathBuf::new(), |path, name| append(path, name));
            }
        }
    }
}

fn append(mut path: PathBuf, name: &Component<'_>) -> PathBuf {
    match name {
        Component::ParentDir => {
            path.pop();
        }
        Component::CurDir => {}
        other => path.push(other),
    }
    path
}

fn path_flag(kind: &str, path: &Path) -> String {
    name_flag(kind, &path.display().to_string())
}

/// The flag as a shell takes it.
fn name_flag(kind: &str, name: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || "/._-:@%+".contains(c));
    if plain && !name.is_empty() {
        format!("--allow-{kind}={name}")
    } else {
        format!("--allow-{kind}='{}'", name.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(names: &[&str]) -> Grant {
        Grant::Only(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn nothing_is_granted_by_default() {
        let none = Permissions::default();
        for access in [
            Access::Read(Path::new("/")),
            Access::Write(Path::new("x")),
            Access::Net("localhost:80"),
            Access::Env("HOME"),
            Access::Run("ls"),
        ] {
            assert!(none.check(access).is_err(), "{access:?}");
            assert!(Permissions::all().check(access).is_ok(), "{access:?}");
        }
    }

    #[test]
    fn paths_are_compared_where_they_lead() {
        let folder = tempfile::tempdir().expect("a folder");
        let inside = folder.path().join("inside");
        std::fs::create_dir(&inside).expect("made");
        std::fs::write(folder.path().join("secret"), "x").expect("written");
        std::os::unix::fs::symlink(folder.path(), inside.join("out")).expect("linked");
        let set = Permissions {
            read: only(&[inside.to_str().expect("utf-8")]),
            ..Permissions::default()
        };
        let check = |path: &str, allowed: bool| {
            let path = inside.join(path);
            assert_eq!(set.check(Access::Read(&path)).is_ok(), allowed, "{}", path.display());
        };
        check("a", true);
        check("missing/deep", true);
        check(".", true);
        check("..", false);
        check("../secret", false);
        check("missing/../../secret", false);
        check("out/secret", false);
        check("../insider", false);

        let link = inside.canonicalize().expect("there").join("out");
        assert!(set.check(Access::Read(&link)).is_err());
        assert!(set.check_resolved(Access::Read(&link)).is_ok());
    }

    #[test]
    fn hosts_with_and_without_port() {
        let set = Permissions { net: only(&["a.test", "b.test:81"]), ..Permissions::default() };
        for (address, allowed) in [
            ("a.test:80", true),
            ("a.test", true),
            ("b.test:81", true),
            ("b.test:80", false),
            ("c.test:80", false),
        ] {
            assert_eq!(set.check(Access::Net(address)).is_ok(), allowed, "{address}");
        }
    }

    #[test]
    fn a_refusal_names_its_flag() {
        let set = Permissions::default();
        let flag = |access| set.check(access).expect_err("refused").to_string();
        assert_eq!(
            flag(Access::Read(Path::new("/etc/my file"))),
            "reading /etc/my file is not permitted: run again with --allow-read='/etc/my file' to allow it"
        );
        assert!(flag(Access::Env("HOME")).contains("--allow-env=HOME"));
    }
}
