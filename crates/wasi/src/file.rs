//! What stands behind a descriptor.

use std::any::Any;
use std::fmt;
use std::io::IoSlice;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use crate::Errno;
use crate::types::{FdFlags, FileStat, FileType, Open, Position, SetTimes};

/// Which way data go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Out of the file.
    Read,
    /// Into it.
    Write,
}

/// How far a file is ready for a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// So many bytes can be read without waiting, where that is known.
    pub bytes: u64,
    /// The other end is gone.
    pub hung_up: bool,
}

/// Who can tell that a file is ready.
#[derive(Debug)]
pub enum Readiness<'a> {
    /// It is.
    Now(Ready),
    /// The system tells.
    Ask(BorrowedFd<'a>),
    /// Whoever feeds it.
    Waits,
}

/// A file, or something that is read and written like one.
pub trait File: Send + Sync + 'static {
    /// What it is.
    fn kind(&self) -> FileType;

    /// Whether a terminal is at its other end.
    fn is_terminal(&self) -> bool {
        false
    }

    /// Reads what is next. [`Errno::Again`] where nothing is there yet.
    fn read(&self, into: &mut [u8]) -> Result<usize, Errno>;

    /// Writes what comes next; may take less.
    fn write(&self, from: &[IoSlice<'_>]) -> Result<usize, Errno>;

    /// Reads from a place.
    fn read_at(&self, _into: &mut [u8], _offset: u64) -> Result<usize, Errno> {
        Err(Errno::SPipe)
    }

    /// Writes to a place.
    fn write_at(&self, _from: &[IoSlice<'_>], _offset: u64) -> Result<usize, Errno> {
        Err(Errno::SPipe)
    }

    /// Moves to a position, and tells it.
    fn seek(&self, _to: Position) -> Result<u64, Errno> {
        Err(Errno::SPipe)
    }

    /// What is known of it.
    fn stat(&self) -> Result<FileStat, Errno>;

    /// Makes it so long.
    fn set_size(&self, _size: u64) -> Result<(), Errno> {
        Err(Errno::Inval)
    }

    /// Sees to it that there is room for so many bytes.
    fn allocate(&self, _offset: u64, _len: u64) -> Result<(), Errno> {
        Err(Errno::NotSup)
    }

    /// Sets its times.
    fn set_times(&self, _times: SetTimes) -> Result<(), Errno> {
        Err(Errno::NotSup)
    }

    /// Sees to it that what was written outlasts the machine.
    fn sync(&self) -> Result<(), Errno> {
        Ok(())
    }

    /// Changes how it behaves: whether it appends, and whether it waits.
    fn set_flags(&self, _flags: FdFlags) -> Result<(), Errno> {
        Ok(())
    }

    /// Whether something can be read or written.
    fn readiness(&self, direction: Direction) -> Readiness<'_>;

    /// How much can be read from it at once, if that can be told.
    fn available(&self) -> Option<u64> {
        None
    }

    /// The socket that it is.
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// What a path led to.
pub enum Opened {
    /// A file.
    File(Arc<dyn File>),
    /// A folder.
    Folder(Arc<dyn Folder>),
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File(_) => "Opened::File",
            Self::Folder(_) => "Opened::Folder",
        })
    }
}

/// An entry of a folder.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: Vec<u8>,
    /// Its number.
    pub ino: u64,
    /// What it is.
    pub kind: FileType,
}

/// A folder. Paths are the guest's: none leads out of it.
pub trait Folder: Send + Sync + 'static {
    /// Opens what a path leads to.
    fn open(&self, path: &[u8], open: &Open) -> Result<Opened, Errno>;

    /// What is known of what a path leads to.
    fn stat(&self, path: &[u8], follow: bool) -> Result<FileStat, Errno>;

    /// What is known of the folder itself.
    fn stat_self(&self) -> Result<FileStat, Errno>;

    /// Sets the times of what a path leads to.
    fn set_times(&self, path: &[u8], follow: bool, times: SetTimes) -> Result<(), Errno>;

    /// Sets those of the folder itself.
    fn set_times_self(&self, times: SetTimes) -> Result<(), Errno>;

    /// Makes a folder.
    fn create_folder(&self, path: &[u8]) -> Result<(), Errno>;

    /// Removes an empty one.
    fn remove_folder(&self, path: &[u8]) -> Result<(), Errno>;

    /// Removes a file or a link.
    fn remove_file(&self, path: &[u8]) -> Result<(), Errno>;

    /// Where a link leads.
    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, Errno>;

    /// Makes a link that leads to `target`.
    fn symlink(&self, target: &[u8], path: &[u8]) -> Result<(), Errno>;

    /// Gives a file one more name, maybe in another folder.
    fn link(&self, path: &[u8], to: &dyn Folder, new_path: &[u8]) -> Result<(), Errno>;

    /// Gives something another name, maybe in another folder.
    fn rename(&self, path: &[u8], to: &dyn Folder, new_path: &[u8]) -> Result<(), Errno>;

    /// What is in it, `.` and `..` first.
    fn list(&self) -> Result<Vec<Entry>, Errno>;

    /// Sees to it that it outlasts the machine.
    fn sync(&self) -> Result<(), Errno> {
        Ok(())
    }

    /// For folders that have to find their own kind again.
    fn as_any(&self) -> &dyn Any;
}

/// The flags that a descriptor can get after it was opened.
pub(crate) const fn settable() -> FdFlags {
    FdFlags::APPEND.and(FdFlags::NONBLOCK)
}
