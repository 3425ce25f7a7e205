//! A file that is open.

use std::io::IoSlice;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::Handle;
use crate::Errno;
use crate::file::{Direction, File, Readiness, Ready};
use crate::types::{FdFlags, FileStat, FileType, Position, SetTimes};

pub(super) struct MemoryFile {
    handle: Handle,
    /// Read and written by whoever holds the tree, so that no two write to the same place.
    position: AtomicU64,
    appends: AtomicBool,
}

/// Longer files have no positions: they are signed.
const MAX_POSITION: u64 = i64::MAX as u64;

impl MemoryFile {
    pub(super) fn new(handle: Handle, appends: bool) -> Self {
        Self { handle, position: AtomicU64::new(0), appends: AtomicBool::new(appends) }
    }

    fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }

    fn move_to(&self, position: u64) {
        self.position.store(position, Ordering::Relaxed);
    }

    fn appends(&self) -> bool {
        self.appends.load(Ordering::Relaxed)
    }
}

/// Copies what is at a place.
fn copy(bytes: &[u8], into: &mut [u8], offset: u64) -> usize {
    let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or(&[]);
    let count = rest.len().min(into.len());
    into[..count].copy_from_slice(&rest[..count]);
    count
}

fn checked(offset: u64) -> Result<u64, Errno> {
    if offset > MAX_POSITION { Err(Errno::Inval) } else { Ok(offset) }
}

impl File for MemoryFile {
    fn kind(&self) -> FileType {
        FileType::RegularFile
    }

    fn read(&self, into: &mut [u8]) -> Result<usize, Errno> {
        let tree = self.handle.tree();
        let count = copy(tree.bytes(self.handle.number)?, into, self.position());
        self.move_to(self.position() + count as u64);
        Ok(count)
    }

    fn write(&self, from: &[IoSlice<'_>]) -> Result<usize, Errno> {
        let mut tree = self.handle.tree();
        let number = self.handle.number;
        let offset =
            if self.appends() { tree.bytes(number)?.len() as u64 } else { self.position() };
        let count = tree.write_at(number, from, offset)?;
        if count > 0 {
            self.move_to(offset + count as u64);
        }
        Ok(count)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> Result<usize, Errno> {
        let offset = checked(offset)?;
        Ok(copy(self.handle.tree().bytes(self.handle.number)?, into, offset))
    }

    fn write_at(&self, from: &[IoSlice<'_>], offset: u64) -> Result<usize, Errno> {
        let mut tree = self.handle.tree();
        let number = self.handle.number;
        let offset = checked(offset)?;
        // As Linux has it: a file that is appended to is never written elsewhere.
        let offset = if self.appends() { tree.bytes(number)?.len() as u64 } else { offset };
        tree.write_at(number, from, offset)
    }

    fn seek(&self, to: Position) -> Result<u64, Errno> {
        let tree = self.handle.tree();
        let (from, by) = match to {
            Position::Start(offset) => (offset, 0),
            Position::Current(by) => (self.position(), by),
            Position::End(by) => (tree.bytes(self.handle.number)?.len() as u64, by),
        };
        let position = checked(from.checked_add_signed(by).ok_or(Errno::Inval)?)?;
        self.move_to(position);
        Ok(position)
    }

    fn stat(&self) -> Result<FileStat, Errno> {
        self.handle.tree().stat(self.handle.number)
    }

    fn set_size(&self, size: u64) -> Result<(), Errno> {
        self.handle.tree().set_size(self.handle.number, checked(size)?)
    }

    fn allocate(&self, offset: u64, len: u64) -> Result<(), Errno> {
        let mut tree = self.handle.tree();
        let end = offset.checked_add(len).ok_or(Errno::FBig)?;
        let size = tree.bytes(self.handle.number)?.len() as u64;
        if end > size { tree.set_size(self.handle.number, end) } else { Ok(()) }
    }

    fn set_times(&self, times: SetTimes) -> Result<(), Errno> {
        self.handle.tree().set_times(self.handle.number, times)
    }

    fn set_flags(&self, flags: FdFlags) -> Result<(), Errno> {
        let _held = self.handle.tree();
        self.appends.store(flags.has(FdFlags::APPEND), Ordering::Relaxed);
        Ok(())
    }

    fn readiness(&self, direction: Direction) -> Readiness<'_> {
        let tree = self.handle.tree();
        let len = tree.bytes(self.handle.number).map_or(0, <[u8]>::len) as u64;
        let rest = len.saturating_sub(self.position());
        let bytes = if direction == Direction::Read { rest } else { 0 };
        Readiness::Now(Ready { bytes, hung_up: false })
    }
}
