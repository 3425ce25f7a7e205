//! Address space for regions, with a few mappings in store.
//!
//! Making a mapping and giving it back costs three calls of the system and their work on page
//! tables, several times what the rest of an instantiation does. So a thread keeps some that
//! are no longer used, for the next memories: cleared, which costs little when little was used.

use std::cell::RefCell;
use std::ptr::NonNull;

use rustix::io::{Errno, Result};
use rustix::mm::{
    Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap_anonymous, mprotect, munmap,
};

use crate::engine::ROOMY;

/// Reserved bytes, of which the first are accessible.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    capacity: usize,
    guard_bytes: usize,
    len: usize,
}

/// What the smallest system page divides.
pub(crate) const PAGE_BYTES: usize = 64 << 10;

/// So many are kept per thread.
const MOST_SPARE: usize = 8;

thread_local! {
    static SPARE: RefCell<Vec<Mapping>> = const { RefCell::new(Vec::new()) };
}

impl Mapping {
    /// Reserves `capacity + guard_bytes` bytes, the first `len` of them accessible and zero.
    pub(crate) fn new(capacity: usize, guard_bytes: usize, len: usize) -> Result<Self> {
        if let Some(mut spare) = take_spare(capacity, guard_bytes, len) {
            spare.set_len(len)?;
            return Ok(spare);
        }
        match Self::fresh(capacity, guard_bytes, len) {
            Err(_) if drop_spare() => Self::fresh(capacity, guard_bytes, len),
            made => made,
        }
    }

    fn fresh(capacity: usize, guard_bytes: usize, len: usize) -> Result<Self> {
        let total = capacity.checked_add(guard_bytes).ok_or(Errno::NOMEM)?;
        let start = reserve(total)?;
        let mut made = Self { start, capacity, guard_bytes, len: 0 };
        made.set_len(len)?;
        Ok(made)
    }

    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// So many can be made accessible.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Makes the first `len` bytes accessible, and no others. What becomes accessible is zero.
    pub(crate) fn set_len(&mut self, len: usize) -> Result<()> {
        if len > self.capacity {
            return Err(Errno::NOMEM);
        }
        let (from, to, access) = if len > self.len {
            (self.len, len, MprotectFlags::READ | MprotectFlags::WRITE)
        } else {
            (len, self.len, MprotectFlags::empty())
        };
        if from < to {
            // SAFETY: inside of our own mapping. What becomes inaccessible is used by nobody:
            // memories never shrink, so this is a spare one's.
            unsafe { mprotect(self.start.as_ptr().add(from).cast(), to - from, access)? };
        }
        self.len = len;
        Ok(())
    }

    /// Gives back what the bytes take, so that they are zero.
    fn clear(&self) -> Result<()> {
        if self.len == 0 {
            return Ok(());
        }
        // SAFETY: our own mapping, which nobody uses any more. It is private and anonymous, so
        // its pages are zero when they are touched next.
        unsafe { madvise(self.start.as_ptr().cast(), self.len, Advice::LinuxDontNeed) }
    }

    /// Whether it is of the common size, and the thread has room for it.
    fn is_wanted(&self) -> bool {
        cfg!(target_os = "linux")
            && self.capacity == ROOMY.reserve_bytes
            && SPARE.try_with(|spare| spare.borrow().len() < MOST_SPARE).unwrap_or(false)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let Self { start, capacity, guard_bytes, len } = *self;
        if self.is_wanted() && self.clear().is_ok() {
            let spare = Self { start, capacity, guard_bytes, len };
            SPARE.with_borrow_mut(|mappings| mappings.push(spare));
            return;
        }
        // SAFETY: our own mapping, which nobody uses any more.
        unsafe { unmap(start, capacity + guard_bytes) };
    }
}

/// One that fits, best of the same length.
fn take_spare(capacity: usize, guard_bytes: usize, len: usize) -> Option<Mapping> {
    let taken = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        let fits = |one: &Mapping| one.capacity == capacity && one.guard_bytes == guard_bytes;
        let same = spare.iter().rposition(|one| fits(one) && one.len == len);
        let index = same.or_else(|| spare.iter().rposition(fits))?;
        Some(spare.swap_remove(index))
    });
    // When the thread ends there are none any more.
    taken.ok().flatten()
}

/// Gives back all that is in store. Whether that was anything.
fn drop_spare() -> bool {
    let spare = SPARE.take();
    for mapping in &spare {
        // SAFETY: our own mapping, which nobody uses.
        unsafe { unmap(mapping.start, mapping.capacity + mapping.guard_bytes) };
    }
    let any = !spare.is_empty();
    // They are gone already.
    spare.into_iter().for_each(std::mem::forget);
    any
}

/// Fails if there is not so much address space left. What is there is not taken.
pub(crate) fn check_headroom(bytes: usize) -> Result<()> {
    if bytes == 0 {
        return Ok(());
    }
    let start = reserve(bytes)?;
    // SAFETY: the mapping just made.
    unsafe { unmap(start, bytes) };
    Ok(())
}

fn reserve(bytes: usize) -> Result<NonNull<u8>> {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    // SAFETY: a fresh mapping wherever the system likes.
    let start = unsafe {
        mmap_anonymous(std::ptr::null_mut(), mapped_bytes(bytes), ProtFlags::empty(), flags)?
    };
    NonNull::new(start.cast::<u8>()).ok_or(Errno::NOMEM)
}

/// # Safety
/// What [`reserve`] returned for so many bytes, used by nobody any more.
unsafe fn unmap(start: NonNull<u8>, bytes: usize) {
    // SAFETY: by the caller.
    let done = unsafe { munmap(start.as_ptr().cast(), mapped_bytes(bytes)) };
    debug_assert!(done.is_ok(), "unmapping what was mapped");
}

/// An empty memory with no guard still has an address.
fn mapped_bytes(bytes: usize) -> usize {
    bytes.max(PAGE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roomy(len: usize) -> Mapping {
        Mapping::new(ROOMY.reserve_bytes, ROOMY.guard_bytes, len).expect("address space")
    }

    fn write(mapping: &Mapping, at: usize, byte: u8) {
        assert!(at < mapping.len);
        // SAFETY: an accessible byte of a mapping of this test.
        unsafe { mapping.start.as_ptr().add(at).write(byte) }
    }

    fn read(mapping: &Mapping, at: usize) -> u8 {
        assert!(at < mapping.len);
        // SAFETY: as above.
        unsafe { mapping.start.as_ptr().add(at).read() }
    }

    #[test]
    fn what_is_used_again_is_zero() {
        let first = roomy(3 * PAGE_BYTES);
        for page in 0..3 {
            write(&first, page * PAGE_BYTES, 7);
        }
        let address = first.start;
        drop(first);
        // Longer than it was, so that the bytes of before are all seen.
        let second = roomy(4 * PAGE_BYTES);
        assert_eq!(second.start, address);
        for page in 0..4 {
            assert_eq!(read(&second, page * PAGE_BYTES), 0);
        }
    }

    #[test]
    fn what_is_used_again_is_no_longer_than_asked() {
        drop(roomy(4 * PAGE_BYTES));
        let mut shorter = roomy(PAGE_BYTES);
        assert_eq!(shorter.len, PAGE_BYTES);
        // Growing makes the rest accessible, and only then.
        shorter.set_len(4 * PAGE_BYTES).expect("within its capacity");
        write(&shorter, 4 * PAGE_BYTES - 1, 1);
    }

    #[test]
    fn only_so_many_are_kept() {
        let many: Vec<_> = (0..2 * MOST_SPARE).map(|_| roomy(PAGE_BYTES)).collect();
        drop(many);
        assert_eq!(SPARE.with_borrow(Vec::len), MOST_SPARE);
        assert!(drop_spare());
        assert!(!drop_spare());
    }
}
