//! Regions: the bytes of unshared memories, mapped by us.
//!
//! Wasmtime asks [`Regions`] for the memory of every memory that a module defines. That makes
//! two things possible that its own memories cannot do: the bytes outlive the store (a buffer
//! of script may still show them), and a store can adopt a region that exists already, by
//! instantiating a one-line module while [`adopt`] says which. Two stores may have adopted
//! the same region; [`crate::Memory`] keeps their idea of its length in step.
//!
//! A region belongs to the thread of its isolate. Wasmtime wants memories to be `Send`
//! because a store may be moved; ours never is.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

/// The bytes of one memory.
pub(crate) struct Region {
    start: Cell<NonNull<u8>>,
    len: Cell<usize>,
    /// Up to here it grows in place.
    capacity: Cell<usize>,
    guard_bytes: usize,
    /// What its type allows.
    max_bytes: usize,
    /// Borrowed while slices of the bytes exist: see [`crate::Memory::with_bytes`].
    slices: RefCell<()>,
    /// Set by growth, taken by [`crate::Space::settle`].
    grown: Grown,
}

// SAFETY: a region is used by the thread of its isolate only: stores and memories that hold
// one are neither `Send` nor `Sync`.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

/// The list in which a space finds the regions that grew.
#[derive(Clone, Default)]
pub(crate) struct Grown(std::rc::Rc<GrownList>);

#[derive(Default)]
struct GrownList {
    regions: RefCell<Vec<*const Region>>,
    any: Cell<bool>,
}

impl Grown {
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.0.any.get()
    }

    /// Takes the addresses of the regions that grew: for comparison only.
    pub(crate) fn take(&self) -> Vec<*const Region> {
        self.0.any.set(false);
        std::mem::take(&mut *self.0.regions.borrow_mut())
    }

    fn push(&self, region: *const Region) {
        let mut regions = self.0.regions.borrow_mut();
        if !regions.contains(&region) {
            regions.push(region);
        }
        self.0.any.set(true);
    }
}

/// How much to map for a memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) len: usize,
    pub(crate) max_bytes: usize,
    pub(crate) reserve_bytes: usize,
    pub(crate) guard_bytes: usize,
}

impl Region {
    pub(crate) fn new(layout: Layout, grown: Grown) -> rustix::io::Result<Self> {
        let capacity = layout.reserve_bytes.max(layout.len);
        let start = map(capacity, layout.guard_bytes, layout.len)?;
        Ok(Self {
            start: Cell::new(start),
            len: Cell::new(layout.len),
            capacity: Cell::new(capacity),
            guard_bytes: layout.guard_bytes,
            max_bytes: layout.max_bytes,
            slices: RefCell::default(),
            grown,
        })
    }

    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start.get()
    }

    fn address(&self) -> usize {
        self.start.get().as_ptr() as usize
    }

    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    pub(crate) fn slices(&self) -> &RefCell<()> {
        &self.slices
    }

    /// Makes the region `len` bytes long, moving it if it must.
    pub(crate) fn grow_to(&self, len: usize) -> rustix::io::Result<()> {
        let old = self.len.get();
        if len > self.max_bytes {
            return Err(rustix::io::Errno::NOMEM);
        }
        // It may move, and slices of it may exist.
        let _own = self.slices.try_borrow_mut().map_err(|_| rustix::io::Errno::BUSY)?;
        if len > old {
            if len <= self.capacity.get() {
                // SAFETY: inside of our own mapping.
                unsafe {
                    let more = self.start.get().as_ptr().add(old);
                    mprotect(more.cast(), len - old, READ_WRITE)?;
                }
            } else {
                self.move_to(len)?;
            }
            self.len.set(len);
        }
        self.grown.push(self);
        Ok(())
    }

    /// Half as much again in reserve, so that growing page by page is not quadratic.
    fn move_to(&self, len: usize) -> rustix::io::Result<()> {
        let capacity = len.saturating_add(len / 2).min(self.max_bytes).max(len);
        let capacity = capacity.checked_next_multiple_of(PAGE_BYTES);
        let capacity = capacity.ok_or(rustix::io::Errno::NOMEM)?;
        let start = map(capacity, self.guard_bytes, len)?;
        // SAFETY: both are mapped for at least the old length, and are different mappings.
        unsafe {
            std::ptr::copy_nonoverlapping(
                self.start.get().as_ptr(),
                start.as_ptr(),
                self.len.get(),
            );
        }
        self.unmap();
        self.start.set(start);
        self.capacity.set(capacity);
        Ok(())
    }

    fn unmap(&self) {
        // SAFETY: our own mapping, of exactly this size; nothing uses it any more.
        let done = unsafe {
            munmap(self.start.get().as_ptr().cast(), self.capacity.get() + self.guard_bytes)
        };
        debug_assert!(done.is_ok(), "unmapping a region of ours");
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        self.unmap();
    }
}

/// What the smallest system page divides.
const PAGE_BYTES: usize = 64 << 10;

const READ_WRITE: MprotectFlags = MprotectFlags::READ.union(MprotectFlags::WRITE);

/// Reserves `capacity + guard_bytes` bytes, the first `len` of them accessible.
fn map(capacity: usize, guard_bytes: usize, len: usize) -> rustix::io::Result<NonNull<u8>> {
    let total = capacity.checked_add(guard_bytes).ok_or(rustix::io::Errno::NOMEM)?;
    // An empty memory with no guard still has an address.
    let total = total.max(PAGE_BYTES);
    // SAFETY: a fresh mapping wherever the system likes.
    let start = unsafe {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        mmap_anonymous(std::ptr::null_mut(), total, ProtFlags::empty(), flags)?
    };
    if len > 0 {
        // SAFETY: inside of the mapping just made.
        if let Err(error) = unsafe { mprotect(start, len, READ_WRITE) } {
            // SAFETY: the mapping just made.
            let unmapped = unsafe { munmap(start, total) };
            debug_assert!(unmapped.is_ok(), "unmapping what was just mapped");
            return Err(error);
        }
    }
    NonNull::new(start.cast::<u8>()).ok_or(rustix::io::Errno::NOMEM)
}

/// What happens to the next memory that Wasmtime asks for on this thread.
enum Order {
    /// It is this region.
    Adopt(Arc<Region>),
    /// It is new, and is listed here.
    Create(Grown, Vec<Arc<Region>>),
}

thread_local! {
    /// The creator is called in the middle of an instantiation and told nothing of it.
    static ORDER: RefCell<Option<Order>> = const { RefCell::new(None) };
}

/// Runs `make`, in which the one memory that is made is `region`.
pub(crate) fn adopt<R>(region: &Arc<Region>, make: impl FnOnce() -> R) -> R {
    with_order(Order::Adopt(region.clone()), make).0
}

/// Runs `make`, and lists the regions that it made.
pub(crate) fn create<R>(grown: &Grown, make: impl FnOnce() -> R) -> (R, Vec<Arc<Region>>) {
    let (result, order) = with_order(Order::Create(grown.clone(), Vec::new()), make);
    match order {
        Some(Order::Create(_, made)) => (result, made),
        _ => (result, Vec::new()),
    }
}

fn with_order<R>(order: Order, make: impl FnOnce() -> R) -> (R, Option<Order>) {
    struct Restore(Option<Order>);
    impl Drop for Restore {
        fn drop(&mut self) {
            ORDER.set(self.0.take());
        }
    }
    let restore = Restore(ORDER.replace(Some(order)));
    let result = make();
    let order = ORDER.take();
    drop(restore);
    (result, order)
}

/// Where Wasmtime gets its memories.
pub(crate) struct Regions;

// SAFETY: the memories have the reservation and the guard that were asked for, are page
// aligned, and are zeroed by the system; an adopted one was made with the same layout.
unsafe impl MemoryCreator for Regions {
    fn new_memory(
        &self,
        _ty: MemoryType,
        minimum: usize,
        maximum: Option<usize>,
        reserved_size_in_bytes: Option<usize>,
        guard_size_in_bytes: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let layout = Layout {
            len: minimum,
            max_bytes: maximum.unwrap_or(usize::MAX),
            reserve_bytes: reserved_size_in_bytes.unwrap_or(0),
            guard_bytes: guard_size_in_bytes,
        };
        ORDER.with_borrow_mut(|order| {
            let region = match order {
                Some(Order::Adopt(region)) => region.clone(),
                Some(Order::Create(grown, made)) => {
                    let region = Region::new(layout, grown.clone());
                    let region = Arc::new(region.map_err(|error| error.to_string())?);
                    made.push(region.clone());
                    region
                }
                // The heap for objects of a store, made outside of any instantiation.
                None => {
                    let region = Region::new(layout, Grown::default());
                    Arc::new(region.map_err(|error| error.to_string())?)
                }
            };
            let (start, len) = (region.address(), region.len());
            Ok(Box::new(Adopted { region, start, len }) as Box<dyn LinearMemory>)
        })
    }
}

/// A region as one store sees it.
struct Adopted {
    region: Arc<Region>,
    /// Where this store believes it to be, and how long: another one may have grown it since.
    start: usize,
    len: usize,
}

// SAFETY: as for `Regions`.
unsafe impl LinearMemory for Adopted {
    fn byte_size(&self) -> usize {
        self.len
    }

    fn byte_capacity(&self) -> usize {
        // A region that another store moved may not be claimed to stay where it is.
        if self.start == self.region.address() { self.region.capacity.get() } else { self.len }
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        if new_size > self.region.len() {
            self.region.grow_to(new_size)?;
        }
        (self.start, self.len) = (self.region.address(), new_size);
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.region.start().as_ptr()
    }
}

/// Where a memory's bytes are, and what keeps them mapped.
///
/// Growth may move them: ask again after anything that can grow the memory.
#[derive(Clone)]
pub struct RegionBytes {
    pub(crate) start: NonNull<u8>,
    pub(crate) len: usize,
    pub(crate) _keeper: Keeper,
}

/// Held for what it keeps mapped.
#[derive(Clone)]
pub(crate) enum Keeper {
    Region { _region: Arc<Region> },
    Shared { _memory: wasmtime::SharedMemory },
}

impl RegionBytes {
    /// The first byte.
    pub fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl fmt::Debug for RegionBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegionBytes").field("len", &self.len).finish_non_exhaustive()
    }
}
