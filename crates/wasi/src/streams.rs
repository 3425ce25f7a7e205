//! Standard streams that are neither files nor pipes of the system: somebody beside the module
//! feeds and empties them between its calls.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Errno;
use crate::file::{Direction, File, Readiness, Ready};
use crate::types::{FileStat, FileType};

/// So much is taken by one call of writing: whoever empties the stream gets it as one piece.
const MAX_WRITE_BYTES: usize = 1 << 20;

/// What a module reads, fed from outside.
#[derive(Debug, Default)]
pub struct Feed(Mutex<Fed>);

#[derive(Debug, Default)]
struct Fed {
    bytes: VecDeque<u8>,
    has_ended: bool,
}

impl Feed {
    /// One that holds these bytes and no more.
    pub fn of(bytes: Vec<u8>) -> Self {
        Self(Mutex::new(Fed { bytes: bytes.into(), has_ended: true }))
    }

    /// One that others will feed.
    pub fn open() -> Self {
        Self::default()
    }

    /// Adds bytes.
    pub fn push(&self, bytes: &[u8]) {
        self.fed().bytes.extend(bytes);
    }

    /// Says that nothing follows.
    pub fn end(&self) {
        self.fed().has_ended = true;
    }

    fn fed(&self) -> MutexGuard<'_, Fed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl File for Feed {
    fn kind(&self) -> FileType {
        FileType::Unknown
    }

    fn read(&self, into: &mut [u8]) -> Result<usize, Errno> {
        let mut fed = self.fed();
        if fed.bytes.is_empty() && !fed.has_ended && !into.is_empty() {
            return Err(Errno::Again);
        }
        let count = fed.bytes.len().min(into.len());
        let (front, back) = fed.bytes.as_slices();
        let from_front = count.min(front.len());
        into[..from_front].copy_from_slice(&front[..from_front]);
        into[from_front..count].copy_from_slice(&back[..count - from_front]);
        fed.bytes.drain(..count);
        Ok(count)
    }

    fn write(&self, _from: &[IoSlice<'_>]) -> Result<usize, Errno> {
        Err(Errno::BadF)
    }

    fn stat(&self) -> Result<FileStat, Errno> {
        Ok(stream_stat())
    }

    fn readiness(&self, direction: Direction) -> Readiness<'_> {
        let fed = self.fed();
        if direction == Direction::Read && fed.bytes.is_empty() && !fed.has_ended {
            return Readiness::Waits;
        }
        Readiness::Now(Ready { bytes: fed.bytes.len() as u64, hung_up: fed.has_ended })
    }
}

/// What a module wrote, until somebody takes it.
#[derive(Debug, Default)]
pub struct Spout(Mutex<Vec<u8>>);

impl Spout {
    /// Takes what was written since the last time.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.written())
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.written().is_empty()
    }

    fn written(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl File for Spout {
    fn kind(&self) -> FileType {
        FileType::Unknown
    }

    fn read(&self, _into: &mut [u8]) -> Result<usize, Errno> {
        Err(Errno::BadF)
    }

    fn write(&self, from: &[IoSlice<'_>]) -> Result<usize, Errno> {
        let mut written = self.written();
        let mut room = MAX_WRITE_BYTES.saturating_sub(written.len());
        let before = room;
        for piece in from {
            let taken = piece.len().min(room);
            written.extend_from_slice(&piece[..taken]);
            room -= taken;
        }
        Ok(before - room)
    }

    fn stat(&self) -> Result<FileStat, Errno> {
        Ok(stream_stat())
    }

    fn readiness(&self, _direction: Direction) -> Readiness<'_> {
        Readiness::Now(Ready { bytes: 0, hung_up: false })
    }
}

/// Nothing is known of a stream.
fn stream_stat() -> FileStat {
    FileStat {
        dev: 0,
        ino: 0,
        kind: FileType::Unknown,
        nlink: 1,
        size: 0,
        atim: 0,
        mtim: 0,
        ctim: 0,
    }
}
