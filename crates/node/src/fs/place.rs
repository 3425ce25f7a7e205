//! Where a path leads, and that the script may go there.
//!
//! What was checked is what is used: where the permissions allow some paths only, links are
//! resolved here, one by one, and the operation gets a handle of the folder and a name in it
//! that is no link. A link that is put into the way afterwards makes the operation fail.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use holm_host::{Access, Grant, Permissions};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, open, openat, readlinkat, statat};
use rustix::io::Errno;

use super::failure::Outcome;

/// So many links may lead from one to the next, as on Linux.
const MAX_LINKS: usize = 40;

/// Folders are only passed through, which needs no permission to list them.
#[cfg(any(target_os = "linux", target_os = "android"))]
const PASSAGE: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const PASSAGE: OFlags = OFlags::empty();

/// What is to be done with a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Read,
    Write,
    Both,
}

/// What a link at the end of a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    /// What it leads to.
    Follow,
    /// Itself.
    Keep,
}

/// A name in a folder that is held open; or a whole path, where all of them are allowed.
#[derive(Debug)]
pub(super) struct Place {
    folder: Option<OwnedFd>,
    name: OsString,
    /// Without links, as far as that was looked at.
    path: PathBuf,
    links: Links,
}

impl Place {
    /// Where the absolute path leads.
    pub(super) fn find(
        permissions: &Permissions,
        path: &Path,
        wish: Wish,
        links: Links,
    ) -> Outcome<Self> {
        if path.as_os_str().is_empty() {
            return Err(Errno::NOENT.into());
        }
        if allows_all(permissions, wish) {
            let (path, name) = (path.to_owned(), path.as_os_str().to_owned());
            return Ok(Self { folder: None, name, path, links });
        }
        let given = path;
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            let means_folder = ends_with_slash(&path);
            let (parent, name) = match split(&path) {
                Ok(parts) => parts,
                // What is missing where the script may not look is not told.
                Err(failure) => {
                    return Err(check(permissions, given, wish).err().unwrap_or(failure));
                }
            };
            path = parent.join(&name);
            check_resolved(permissions, &path, wish)
                .map_err(|denied| check(permissions, given, wish).err().unwrap_or(denied))?;
            let follows = links == Links::Follow || means_folder;
            let folder = open_folder(&parent)?;
            let there = statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW);
            let kind = there.ok().map(|found| FileType::from_raw_mode(found.st_mode));
            if follows && kind == Some(FileType::Symlink) {
                let target = readlinkat(&folder, &name, Vec::new())?;
                path = parent.join(OsStr::from_bytes(target.as_bytes()));
                if means_folder {
                    path.push("");
                }
                continue;
            }
            let mut name = name;
            match kind {
                Some(kind) if means_folder && kind != FileType::Directory => {
                    return Err(Errno::NOTDIR.into());
                }
                None if means_folder => name.push("/"),
                _ => {}
            }
            return Ok(Self { folder: Some(folder), name, path, links: Links::Keep });
        }
        Err(Errno::LOOP.into())
    }

    /// The folder that the name is in.
    pub(super) fn folder(&self) -> BorrowedFd<'_> {
        self.folder.as_ref().map_or(CWD, AsFd::as_fd)
    }

    pub(super) fn name(&self) -> &OsStr {
        &self.name
    }

    /// The path without links, if the place was found by resolving them.
    pub(super) fn resolved(&self) -> Option<&Path> {
        self.folder.as_ref().map(|_| self.path.as_path())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// For calls of the system that take such flags.
    pub(super) fn at_flags(&self) -> AtFlags {
        match self.links {
            Links::Follow => AtFlags::empty(),
            Links::Keep => AtFlags::SYMLINK_NOFOLLOW,
        }
    }

    /// Opens what is there.
    pub(super) fn open(&self, flags: OFlags, mode: Mode) -> Outcome<OwnedFd> {
        let links = match self.links {
            Links::Follow => OFlags::empty(),
            Links::Keep => OFlags::NOFOLLOW,
        };
        let flags = flags | links | OFlags::CLOEXEC | OFlags::NOCTTY;
        Ok(openat(self.folder(), &self.name, flags, mode)?)
    }
}

fn allows_all(permissions: &Permissions, wish: Wish) -> bool {
    (wish == Wish::Write || permissions.read == Grant::All)
        && (wish == Wish::Read || permissions.write == Grant::All)
}

pub(super) fn check(permissions: &Permissions, path: &Path, wish: Wish) -> Outcome<()> {
    if wish != Wish::Write {
        permissions.check(Access::Read(path))?;
    }
    if wish != Wish::Read {
        permissions.check(Access::Write(path))?;
    }
    Ok(())
}

fn check_resolved(permissions: &Permissions, path: &Path, wish: Wish) -> Outcome<()> {
    if wish != Wish::Write {
        permissions.check_resolved(Access::Read(path))?;
    }
    if wish != Wish::Read {
        permissions.check_resolved(Access::Write(path))?;
    }
    Ok(())
}

/// The folder of a path, without links, and the name in it.
fn split(path: &Path) -> Outcome<(PathBuf, OsString)> {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => Ok((parent.canonicalize()?, name.to_owned())),
        // `/`, or an end `..`.
        _ => {
            let whole = path.canonicalize()?;
            Ok(match (whole.parent(), whole.file_name()) {
                (Some(parent), Some(name)) => (parent.to_owned(), name.to_owned()),
                _ => (PathBuf::from("/"), OsString::from(".")),
            })
        }
    }
}

fn ends_with_slash(path: &Path) -> bool {
    let bytes = path.as_os_str().as_bytes();
    bytes.len() > 1 && bytes.ends_with(b"/")
}

/// Opens a folder whose path has no links; one that has by now is an error.
fn open_folder(path: &Path) -> Outcome<OwnedFd> {
    let flags = PASSAGE | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut folder = open("/", flags, Mode::empty())?;
    for component in path.components() {
        if let Component::Normal(name) = component {
            folder = openat(&folder, name, flags, Mode::empty())?;
        }
    }
    Ok(folder)
}

/// A path out of bytes.
pub(super) fn path_of(bytes: Vec<u8>) -> PathBuf {
    OsString::from_vec(bytes).into()
}
