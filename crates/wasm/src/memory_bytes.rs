//! A memory's bytes for the host: as slices while nothing else touches them, and as copies.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::Memory;
use crate::group::Held;
use crate::region::Region;

/// Why a memory's bytes cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BytesError {
    /// Other threads may change them at any moment: they can be copied only.
    Shared,
    /// Somebody has them already.
    Lent,
    /// There are not so many.
    OutOfBounds {
        /// Where the first byte was to be.
        offset: u64,
        /// How many were wanted.
        len: usize,
        /// How many there are.
        memory_len: usize,
    },
}

impl Memory {
    /// Shows the bytes as they are.
    ///
    /// While `body` runs, modules that have the memory cannot be called, and it cannot grow or
    /// come to another group.
    ///
    /// Whoever gave the address of [`Self::bytes`] to something else, such as a buffer of
    /// script, sees to it that nothing writes through that meanwhile: this crate cannot.
    ///
    /// # Panics
    /// If `body` calls a module that has the memory.
    pub fn with_bytes<R>(&self, body: impl FnOnce(&[u8]) -> R) -> Result<R, BytesError> {
        let region = self.region().ok_or(BytesError::Shared)?;
        let _lent = region.slices().try_borrow().map_err(|_| BytesError::Lent)?;
        let _held = self.hold_groups();
        // SAFETY: as below; other slices may exist, but none through which is written.
        Ok(body(unsafe { std::slice::from_raw_parts(region.start().as_ptr(), region.len()) }))
    }

    /// Shows the bytes, to be changed. Otherwise as [`Self::with_bytes`].
    pub fn with_bytes_mut<R>(&self, body: impl FnOnce(&mut [u8]) -> R) -> Result<R, BytesError> {
        let region = self.region().ok_or(BytesError::Shared)?;
        let _lent = region.slices().try_borrow_mut().map_err(|_| BytesError::Lent)?;
        let _held = self.hold_groups();
        debug_assert!(isize::try_from(region.len()).is_ok(), "a slice may not be longer");
        // SAFETY: so many bytes are mapped, readable and writable, and initialised: the system
        // zeroed them. They stay where they are: a region that is lent does not grow. Nobody
        // else uses them: there is no other slice (`try_borrow_mut`); the memory is this
        // thread's, so code of modules that could would have to run inside of `body`, and the
        // groups that have the memory are held, and no other can come to have it
        // (`Memory::in_group`); for what was made of `bytes()` its maker answers.
        let bytes =
            unsafe { std::slice::from_raw_parts_mut(region.start().as_ptr(), region.len()) };
        Ok(body(bytes))
    }

    /// Copies bytes out of the memory, shared or not.
    pub fn copy_out(&self, offset: u64, into: &mut [u8]) -> Result<(), BytesError> {
        let Some(shared) = self.shared() else {
            return self.with_bytes(|bytes| {
                into.copy_from_slice(&bytes[place(offset, into.len(), bytes.len())?]);
                Ok(())
            })?;
        };
        let data = shared.data();
        for (cell, byte) in data[place(offset, into.len(), data.len())?].iter().zip(into) {
            // SAFETY: a live byte that all threads touch atomically or by their modules' code.
            *byte = unsafe { AtomicU8::from_ptr(cell.get()) }.load(Ordering::Relaxed);
        }
        Ok(())
    }

    /// Copies bytes into the memory, shared or not.
    pub fn copy_in(&self, offset: u64, from: &[u8]) -> Result<(), BytesError> {
        let Some(shared) = self.shared() else {
            return self.with_bytes_mut(|bytes| {
                let place = place(offset, from.len(), bytes.len())?;
                bytes[place].copy_from_slice(from);
                Ok(())
            })?;
        };
        let data = shared.data();
        for (cell, byte) in data[place(offset, from.len(), data.len())?].iter().zip(from) {
            // SAFETY: as above.
            unsafe { AtomicU8::from_ptr(cell.get()) }.store(*byte, Ordering::Relaxed);
        }
        Ok(())
    }

    fn hold_groups(&self) -> Vec<Held> {
        self.groups().iter().map(crate::Group::hold).collect()
    }
}

fn place(offset: u64, len: usize, memory_len: usize) -> Result<std::ops::Range<usize>, BytesError> {
    let out_of_bounds = BytesError::OutOfBounds { offset, len, memory_len };
    let start = usize::try_from(offset).map_err(|_| out_of_bounds)?;
    let end = start.checked_add(len).filter(|end| *end <= memory_len).ok_or(out_of_bounds)?;
    Ok(start..end)
}

/// A region whose bytes somebody has may neither move nor get another user.
pub(crate) fn is_lent(region: &Region) -> bool {
    region.slices().try_borrow_mut().is_err()
}

impl fmt::Display for BytesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared => f.write_str(
                "the memory is shared with other threads: its bytes can be copied, not lent",
            ),
            Self::Lent => f.write_str("the memory's bytes are lent to somebody already"),
            Self::OutOfBounds { offset, len, memory_len } => write!(
                f,
                "{len} bytes from {offset} on are not within the memory, which has {memory_len}"
            ),
        }
    }
}

impl std::error::Error for BytesError {}
