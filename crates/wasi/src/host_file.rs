//! Files of the system, and what it shows like files: pipes, terminals, sockets.

use std::fs;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{
    FallocateFlags, FileType as HostType, OFlags, SeekFrom, Stat, Timespec, Timestamps, UTIME_NOW,
    UTIME_OMIT, fallocate, fcntl_getfl, fcntl_setfl, fstat, ftruncate, futimens, seek,
};
use rustix::io::{Errno as HostErrno, ReadWriteFlags, preadv2, pwritev2};

use crate::Errno;
use crate::file::{Direction, File, Readiness, Ready};
use crate::types::{FdFlags, FileStat, FileType, Position, SetTime, SetTimes, nanoseconds};

/// The offset that stands for the place where a file is.
const HERE: u64 = u64::MAX;

/// A file of the system.
#[derive(Debug)]
pub struct HostFile {
    file: fs::File,
    kind: FileType,
    is_terminal: bool,
    /// Others have it too, and go on after the guest.
    is_given: bool,
}

impl HostFile {
    /// A file of somebody else's, for a guest to be given.
    pub fn given(file: fs::File) -> io::Result<Self> {
        Ok(Self { is_given: true, ..Self::new(file)? })
    }

    /// Takes over a file that a guest has opened.
    pub(crate) fn new(file: fs::File) -> io::Result<Self> {
        let kind = file_type(&fstat(&file)?);
        let is_terminal = kind == FileType::CharacterDevice && rustix::termios::isatty(&file);
        Ok(Self { file, kind, is_terminal, is_given: false })
    }

    /// Whether the system can be told of a single call that it shall not wait: of pipes and
    /// sockets, and not of terminals.
    fn knows_nowait(&self) -> bool {
        matches!(self.kind, FileType::Unknown | FileType::SocketStream)
    }

    /// A file that may be waited for is asked first whether it is ready: whoever waits in the
    /// system itself cannot be stopped.
    fn may_wait(&self) -> bool {
        !matches!(self.kind, FileType::RegularFile | FileType::Directory | FileType::BlockDevice)
    }
}

impl File for HostFile {
    fn kind(&self) -> FileType {
        self.kind
    }

    fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    fn read(&self, into: &mut [u8]) -> Result<usize, Errno> {
        if self.knows_nowait() {
            let mut read =
                || preadv2(&self.file, &mut [IoSliceMut::new(into)], HERE, ReadWriteFlags::NOWAIT);
            match retry(&mut read) {
                // Older systems know no other way.
                Err(HostErrno::OPNOTSUPP) => {}
                done => return Ok(done?),
            }
        }
        if self.may_wait() && !is_readable(&self.file)? {
            return Err(Errno::Again);
        }
        Ok(retry(|| rustix::io::read(&self.file, &mut *into))?)
    }

    fn write(&self, from: &[IoSlice<'_>]) -> Result<usize, Errno> {
        // A full pipe would wait in the system for whoever empties it.
        if self.knows_nowait() {
            match retry(|| pwritev2(&self.file, from, HERE, ReadWriteFlags::NOWAIT)) {
                // Older systems know no other way.
                Err(HostErrno::OPNOTSUPP) => {}
                done => return Ok(done?),
            }
        }
        Ok(retry(|| match from {
            [one] => rustix::io::write(&self.file, one),
            _ => rustix::io::writev(&self.file, from),
        })?)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> Result<usize, Errno> {
        Ok(retry(|| rustix::io::pread(&self.file, &mut *into, offset))?)
    }

    fn write_at(&self, from: &[IoSlice<'_>], offset: u64) -> Result<usize, Errno> {
        Ok(retry(|| match from {
            [one] => rustix::io::pwrite(&self.file, one, offset),
            _ => rustix::io::pwritev(&self.file, from, offset),
        })?)
    }

    fn seek(&self, to: Position) -> Result<u64, Errno> {
        Ok(seek(
            &self.file,
            match to {
                Position::Start(offset) => SeekFrom::Start(offset),
                Position::Current(offset) => SeekFrom::Current(offset),
                Position::End(offset) => SeekFrom::End(offset),
            },
        )?)
    }

    fn stat(&self) -> Result<FileStat, Errno> {
        Ok(file_stat(&fstat(&self.file)?))
    }

    fn set_size(&self, size: u64) -> Result<(), Errno> {
        Ok(ftruncate(&self.file, size)?)
    }

    fn allocate(&self, offset: u64, len: u64) -> Result<(), Errno> {
        Ok(fallocate(&self.file, FallocateFlags::empty(), offset, len)?)
    }

    fn set_times(&self, times: SetTimes) -> Result<(), Errno> {
        Ok(futimens(&self.file, &timestamps(times))?)
    }

    fn sync(&self) -> Result<(), Errno> {
        match self.file.sync_all() {
            // What has no disk below it.
            Err(error) if HostErrno::from_io_error(&error) == Some(HostErrno::INVAL) => Ok(()),
            done => Ok(done?),
        }
    }

    fn set_flags(&self, flags: FdFlags) -> Result<(), Errno> {
        if self.is_given {
            // Whoever else has it would find it changed.
            return if flags.has(FdFlags::APPEND) { Err(Errno::NotSup) } else { Ok(()) };
        }
        let mut host = fcntl_getfl(&self.file)?;
        // That nothing shall wait is our own matter: the system's flag would be seen by all
        // who have the file, such as a shell its terminal.
        host.set(OFlags::APPEND, flags.has(FdFlags::APPEND));
        Ok(fcntl_setfl(&self.file, host)?)
    }

    fn readiness(&self, direction: Direction) -> Readiness<'_> {
        if self.may_wait() {
            return Readiness::Ask(self.file.as_fd());
        }
        let rest = || {
            let len = self.file.metadata().ok()?.len();
            let here = seek(&self.file, SeekFrom::Current(0)).ok()?;
            Some(len.saturating_sub(here))
        };
        let bytes = if direction == Direction::Read { rest().unwrap_or(0) } else { 0 };
        Readiness::Now(Ready { bytes, hung_up: false })
    }

    fn available(&self) -> Option<u64> {
        rustix::io::ioctl_fionread(&self.file).ok()
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        let is_socket = matches!(self.kind, FileType::SocketStream | FileType::SocketDgram);
        is_socket.then(|| self.file.as_fd())
    }
}

fn is_readable(file: &fs::File) -> Result<bool, HostErrno> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut asked = [PollFd::new(file, PollFlags::IN)];
    let ready = retry(|| poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })))?;
    Ok(ready > 0)
}

/// Does it again when a signal came between.
pub(crate) fn retry<T>(mut call: impl FnMut() -> Result<T, HostErrno>) -> Result<T, HostErrno> {
    loop {
        match call() {
            Err(HostErrno::INTR) => {}
            done => return done,
        }
    }
}

pub(crate) fn file_type(stat: &Stat) -> FileType {
    of_host(HostType::from_raw_mode(stat.st_mode))
}

pub(crate) fn of_host(kind: HostType) -> FileType {
    match kind {
        HostType::RegularFile => FileType::RegularFile,
        HostType::Directory => FileType::Directory,
        HostType::Symlink => FileType::SymbolicLink,
        HostType::CharacterDevice => FileType::CharacterDevice,
        HostType::BlockDevice => FileType::BlockDevice,
        HostType::Socket => FileType::SocketStream,
        // The standard has no word for pipes.
        HostType::Fifo | HostType::Unknown => FileType::Unknown,
    }
}

#[allow(clippy::unnecessary_cast, reason = "systems have them of several widths")]
pub(crate) fn file_stat(stat: &Stat) -> FileStat {
    FileStat {
        dev: stat.st_dev as u64,
        ino: stat.st_ino as u64,
        kind: file_type(stat),
        nlink: stat.st_nlink as u64,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        atim: nanoseconds(stat.st_atime as i64, stat.st_atime_nsec as i64),
        mtim: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        ctim: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
    }
}

pub(crate) fn timestamps(times: SetTimes) -> Timestamps {
    let one = |time| match time {
        SetTime::Keep => Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        SetTime::Now => Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
        SetTime::At(time) => Timespec {
            tv_sec: (time / 1_000_000_000) as i64,
            tv_nsec: (time % 1_000_000_000) as i64,
        },
    };
    Timestamps { last_access: one(times.accessed), last_modification: one(times.modified) }
}
