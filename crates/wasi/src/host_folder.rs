//! Folders of the system. `cap-std` sees to it that no path leads out of one, whoever changes
//! what is below it meanwhile.

use std::any::Any;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::sync::Arc;

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsMaybeDirExt};
use cap_std::fs::{Dir, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};
use rustix::fs::{AtFlags, OFlags, fstat, statat};

use crate::descriptors::MAX_LISTED_BYTES;
use crate::file::{Entry, Folder, Opened};
use crate::host_file::{HostFile, file_stat, of_host, timestamps};
use crate::types::{FdFlags, FileStat, Open, OpenFlags, SetTimes, nanoseconds};
use crate::{Errno, FileType};

/// A folder of the system.
#[derive(Debug)]
pub struct HostFolder(Dir);

impl HostFolder {
    /// Opens a folder by its path, for a guest to be given.
    pub fn open_ambient(path: &Path) -> io::Result<Self> {
        Ok(Self(Dir::open_ambient_dir(path, cap_std::ambient_authority())?))
    }

    fn of(folder: &dyn Folder) -> Result<&Self, Errno> {
        folder.as_any().downcast_ref().ok_or(Errno::XDev)
    }
}

impl From<std::fs::File> for HostFolder {
    /// A folder that is open already.
    fn from(folder: std::fs::File) -> Self {
        Self(Dir::from_std_file(folder))
    }
}

impl Folder for HostFolder {
    fn open(&self, path: &[u8], open: &Open) -> Result<Opened, Errno> {
        let path = as_path(path)?;
        // A file that is emptied has to be opened for writing, whoever writes.
        let writes = open.write || open.how.has(OpenFlags::TRUNCATE);
        let mut options = OpenOptions::new();
        options.read(open.read || !writes).write(writes);
        options.follow(if open.follow { FollowSymlinks::Yes } else { FollowSymlinks::No });
        options.maybe_dir(true);
        // These as the system takes them: the options of their names allow fewer combinations.
        options.custom_flags(host_flags(open).bits().cast_signed());
        opened(self.0.open_with(path, &options)?, open)
    }

    fn stat(&self, path: &[u8], follow: bool) -> Result<FileStat, Errno> {
        let follow = follow || means_a_folder(path);
        let path = as_path(path)?;
        let found = if follow { self.0.metadata(path)? } else { self.0.symlink_metadata(path)? };
        Ok(of_metadata(&found))
    }

    fn stat_self(&self) -> Result<FileStat, Errno> {
        Ok(file_stat(&fstat(&self.0)?))
    }

    fn set_times(&self, path: &[u8], follow: bool, times: SetTimes) -> Result<(), Errno> {
        let mut options = OpenOptions::new();
        let follow = follow || means_a_folder(path);
        options.read(true).follow(if follow { FollowSymlinks::Yes } else { FollowSymlinks::No });
        options.maybe_dir(true);
        // A handle that only tells what is meant: opening a pipe in earnest could wait for ever.
        options.custom_flags(OFlags::PATH.bits().cast_signed());
        let found = self.0.open_with(as_path(path)?, &options)?;
        Ok(rustix::fs::utimensat(&found, "", &timestamps(times), AtFlags::EMPTY_PATH)?)
    }

    fn set_times_self(&self, times: SetTimes) -> Result<(), Errno> {
        // The handle is one that only passes through: `.` is the same folder.
        Ok(rustix::fs::utimensat(&self.0, ".", &timestamps(times), AtFlags::empty())?)
    }

    fn create_folder(&self, path: &[u8]) -> Result<(), Errno> {
        Ok(self.0.create_dir(as_path(path)?)?)
    }

    fn remove_folder(&self, path: &[u8]) -> Result<(), Errno> {
        // A slash behind it says no more than that it is a folder, but would be taken for a `.`.
        let end = path.iter().rposition(|byte| *byte != b'/').map_or(path.len(), |last| last + 1);
        Ok(self.0.remove_dir(as_path(&path[..end])?)?)
    }

    fn remove_file(&self, path: &[u8]) -> Result<(), Errno> {
        Ok(self.0.remove_file_or_symlink(as_path(path)?)?)
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, Errno> {
        Ok(self.0.read_link(as_path(path)?)?.into_os_string().into_vec())
    }

    fn symlink(&self, target: &[u8], path: &[u8]) -> Result<(), Errno> {
        Ok(self.0.symlink(as_path(target)?, as_path(path)?)?)
    }

    fn link(&self, path: &[u8], to: &dyn Folder, new_path: &[u8]) -> Result<(), Errno> {
        Ok(self.0.hard_link(as_path(path)?, &Self::of(to)?.0, as_path(new_path)?)?)
    }

    fn rename(&self, path: &[u8], to: &dyn Folder, new_path: &[u8]) -> Result<(), Errno> {
        let to = Self::of(to)?;
        // With a slash behind its new name it has to be a folder, which is told by its old name.
        let mut path = path.to_vec();
        if new_path.ends_with(b"/") && !path.is_empty() {
            path.push(b'/');
        }
        Ok(self.0.rename(as_path(&path)?, &to.0, as_path(new_path)?)?)
    }

    fn list(&self) -> Result<Vec<Entry>, Errno> {
        let mut entries = Vec::new();
        let mut bytes = 0;
        // The handle may be one that only passes through, which cannot be read.
        for entry in rustix::fs::Dir::new(self.0.open(".")?)? {
            let entry = entry?;
            let name = entry.file_name();
            bytes += name.to_bytes().len() + size_of::<Entry>();
            if bytes > MAX_LISTED_BYTES {
                return Err(Errno::NoMem);
            }
            let kind = match of_host(entry.file_type()) {
                // Some file systems do not tell in their lists.
                FileType::Unknown => statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(FileType::Unknown, |stat| crate::host_file::file_type(&stat)),
                kind => kind,
            };
            // What is above may be nothing of the guest's: it has no number.
            let ino = if name.to_bytes() == b".." { 0 } else { entry.ino() };
            entries.push(Entry { name: name.to_bytes().to_vec(), ino, kind });
        }
        // The system has them where it likes.
        entries.sort_by_key(|entry| match entry.name.as_slice() {
            b"." => 0,
            b".." => 1,
            _ => 2,
        });
        Ok(entries)
    }

    fn sync(&self) -> Result<(), Errno> {
        let folder = self.0.open(".")?;
        Ok(folder.sync_all()?)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn host_flags(open: &Open) -> OFlags {
    // Opening a pipe must not wait for whoever is at its other end.
    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    flags.set(OFlags::CREATE, open.how.has(OpenFlags::CREATE));
    flags.set(OFlags::EXCL, open.how.has(OpenFlags::EXCLUSIVE));
    flags.set(OFlags::TRUNC, open.how.has(OpenFlags::TRUNCATE));
    flags.set(OFlags::DIRECTORY, open.how.has(OpenFlags::DIRECTORY));
    flags.set(OFlags::APPEND, open.flags.has(FdFlags::APPEND));
    flags.set(OFlags::SYNC, open.flags.has_any(FdFlags::SYNC.and(FdFlags::RSYNC)));
    flags.set(OFlags::DSYNC, open.flags.has(FdFlags::DSYNC));
    flags
}

fn opened(file: cap_std::fs::File, open: &Open) -> Result<Opened, Errno> {
    let file = file.into_std();
    let is_folder = file.metadata()?.is_dir();
    if is_folder {
        let opened = HostFolder(Dir::from_std_file(file));
        return Ok(Opened::Folder(Arc::new(opened)));
    }
    if open.how.has(OpenFlags::DIRECTORY) {
        return Err(Errno::NotDir);
    }
    Ok(Opened::File(Arc::new(HostFile::new(file)?)))
}

/// A path of the guest. An empty one leads nowhere.
fn as_path(path: &[u8]) -> Result<&Path, Errno> {
    if path.is_empty() {
        return Err(Errno::NoEnt);
    }
    Ok(Path::new(OsStr::from_bytes(path)))
}

/// Whether a link at the end of a path is followed in any case. `Path` would not tell.
fn means_a_folder(path: &[u8]) -> bool {
    path.ends_with(b"/") || path.ends_with(b"/.")
}

fn of_metadata(found: &Metadata) -> FileStat {
    FileStat {
        dev: found.dev(),
        ino: found.ino(),
        kind: of_host(rustix::fs::FileType::from_raw_mode(found.mode())),
        nlink: found.nlink(),
        size: found.size(),
        atim: nanoseconds(found.atime(), found.atime_nsec()),
        mtim: nanoseconds(found.mtime(), found.mtime_nsec()),
        ctim: nanoseconds(found.ctime(), found.ctime_nsec()),
    }
}
