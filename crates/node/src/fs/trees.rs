//! Removing what has something below it.

use std::ffi::OsStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, openat, statat, unlinkat};
use rustix::io::Errno;

use super::failure::Outcome;
use super::folders::entries;
use super::place::Place;

/// Deeper trees are not removed: each level holds a folder open.
const MAX_DEPTH: usize = 200;

/// Removes a file, or a folder with all below it. Links are removed, not followed.
pub(super) fn remove(place: &Place) -> Outcome<()> {
    let stat = statat(place.folder(), place.name(), AtFlags::SYMLINK_NOFOLLOW)?;
    remove_entry(place.folder(), place.name(), FileType::from_raw_mode(stat.st_mode), 0)
}

fn remove_entry(folder: BorrowedFd<'_>, name: &OsStr, kind: FileType, depth: usize) -> Outcome<()> {
    if kind != FileType::Directory {
        return Ok(unlinkat(folder, name, AtFlags::empty())?);
    }
    if depth >= MAX_DEPTH {
        return Err(Errno::NAMETOOLONG.into());
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let inner: OwnedFd = openat(folder, name, flags, Mode::empty())?;
    for (name, kind) in entries(&inner)? {
        remove_entry(std::os::fd::AsFd::as_fd(&inner), OsStr::from_bytes(&name), kind, depth + 1)?;
    }
    Ok(unlinkat(folder, name, AtFlags::REMOVEDIR)?)
}
