//! The folder of a code cache: private, and reached by its handle once it was found to be.

use std::ffi::CString;
use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstat, linkat, openat, renameat, statat,
    unlinkat,
};
use rustix::process::{Resource, geteuid, getrlimit};

use super::key;
use crate::ArtifactKey;

/// What names a file that is being written ends with.
pub(super) const TEMPORARY: &str = ".tmp";

const PRIVATE_FOLDER: u32 = 0o700;
const PRIVATE_FILE: Mode = Mode::RUSR.union(Mode::WUSR);

/// May write, but is not the owner.
const OTHERS_MAY_WRITE: Mode = Mode::WGRP.union(Mode::WOTH);

/// May do anything, but is not the owner.
pub(super) const OTHERS: Mode = Mode::RWXG.union(Mode::RWXO);

/// A folder that only its user may write to.
pub(super) struct Folder {
    handle: OwnedFd,
    key: ArtifactKey,
}

impl Folder {
    /// Opens the folder; makes it, readable for the user alone, if there is none.
    pub(super) fn open_or_make(path: &Path) -> io::Result<Self> {
        match Self::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(path)?;
                Self::open(path)
            }
            other => other,
        }
    }

    /// Opens the folder if others cannot write to it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = openat(CWD, path, flags, Mode::empty())?;
        // From here on nothing goes by the path: it may lead elsewhere by now.
        let stat = fstat(&handle)?;
        let refused = |why| Err(io::Error::other(format!("{}: {why}", path.display())));
        if !is_own(&stat) {
            return refused("the folder belongs to another user");
        }
        if permits(&stat, OTHERS_MAY_WRITE) {
            return refused("other users may write to the folder");
        }
        let key = key::read_or_make(&handle)?;
        Ok(Self { handle, key })
    }

    /// What its files are signed with.
    pub(super) fn key(&self) -> &ArtifactKey {
        &self.key
    }

    /// Opens a file to be read, if it is the user's and nobody else may write to it.
    pub(super) fn open_file(&self, name: &str) -> io::Result<File> {
        let file = open_to_read(&self.handle, name)?;
        let stat = fstat(&file)?;
        if is_regular(&stat) && is_own(&stat) && !permits(&stat, OTHERS_MAY_WRITE) {
            return Ok(file);
        }
        Err(io::Error::other("no file of this user's alone"))
    }

    /// Writes a file that is there as a whole or not at all.
    pub(super) fn write_file(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // More than a process may write would end it with a signal.
        let may_write = getrlimit(Resource::Fsize).current.unwrap_or(u64::MAX);
        if bytes.len() as u64 > may_write {
            return Err(io::Error::other("the process may not write files so long"));
        }
        let temporary = write_temporary(&self.handle, bytes)?;
        let renamed = renameat(&self.handle, &*temporary, &self.handle, name);
        if renamed.is_err() {
            self.remove(&temporary);
        }
        Ok(renamed?)
    }

    /// Removes a file if it can be: if not, it will be overwritten, or not be used once more.
    pub(super) fn remove(&self, name: &str) {
        remove(&self.handle, name);
    }

    /// All files: their names, and what the system says of them.
    pub(super) fn files(&self) -> io::Result<Vec<(String, Stat)>> {
        let mut files = Vec::new();
        for entry in Dir::read_from(&self.handle)? {
            let name = entry?.file_name().to_owned();
            // Others may remove files meanwhile, and names that are no text are none of ours.
            let stat = statat(&self.handle, &name, AtFlags::SYMLINK_NOFOLLOW);
            let name = CString::into_string(name);
            if let (Ok(stat), Ok(name)) = (stat, name)
                && is_regular(&stat)
            {
                files.push((name, stat));
            }
        }
        Ok(files)
    }
}

/// Opens what has this name; no link is followed, and nothing waited for.
pub(super) fn open_to_read(folder: &OwnedFd, name: &str) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?.into())
}

/// Writes a new file under a name that nobody else uses, and gives that.
pub(super) fn write_temporary(folder: &OwnedFd, bytes: &[u8]) -> io::Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let name = format!("{:016x}{TEMPORARY}", u64::from_le_bytes(random));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mut file = File::from(openat(folder, &*name, flags, PRIVATE_FILE)?);
    let written = file.write_all(bytes);
    if written.is_err() {
        remove(folder, &name);
    }
    written.map(|()| name)
}

/// Gives a temporary file its name, unless there is one of that name.
pub(super) fn publish_new(folder: &OwnedFd, temporary: &str, name: &str) -> io::Result<()> {
    let linked = linkat(folder, temporary, folder, name, AtFlags::empty());
    remove(folder, temporary);
    Ok(linked?)
}

/// Removes a file if it can be.
pub(super) fn remove(folder: &OwnedFd, name: &str) {
    // A folder in its place, say, is left alone: then there is no cache for this module.
    unlinkat(folder, name, AtFlags::empty()).ok();
}

pub(super) fn is_regular(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode).is_file()
}

pub(super) fn is_own(stat: &Stat) -> bool {
    stat.st_uid == geteuid().as_raw()
}

/// Whether anything of this is permitted.
pub(super) fn permits(stat: &Stat, mode: Mode) -> bool {
    Mode::from_raw_mode(stat.st_mode).intersects(mode)
}
