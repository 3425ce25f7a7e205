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
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

use crate::account::{Account, Charge, NoMemory};
use crate::host::ThreadBound;
use crate::limits;
use crate::mapping::{Mapping, PAGE_BYTES, check_headroom};

/// The bytes of one memory.
pub(crate) struct Region {
    mapping: RefCell<Mapping>,
    len: Cell<usize>,
    guard_bytes: usize,
    headroom_bytes: usize,
    /// What its type allows.
    max_bytes: usize,
    /// Borrowed while slices of the bytes exist: see [`crate::Memory::with_bytes`].
    slices: RefCell<()>,
    /// Set by growth, taken by [`crate::Space::settle`].
    grown: Grown,
    charge: Charge,
}

// SAFETY: a region is used by the thread of its isolate only: stores and memories that hold
// one are neither `Send` nor `Sync`.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

/// What the regions of a space are listed in, and charged to.
#[derive(Clone, Default)]
pub(crate) struct Books {
    pub(crate) grown: Grown,
    pub(crate) account: Option<Rc<dyn Account>>,
}

/// The list in which a space finds the regions that grew.
#[derive(Clone, Default)]
pub(crate) struct Grown(Rc<GrownList>);

#[derive(Default)]
struct GrownList {
    regions: RefCell<Vec<*const Region>>,
    any: Cell<bool>,
    /// Whether whoever looks shall find something whenever they look.
    watched: Cell<bool>,
}

impl Grown {
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.0.any.get()
    }

    /// Takes the addresses of the regions that grew: for comparison only.
    pub(crate) fn take(&self) -> Vec<*const Region> {
        self.0.any.set(self.0.watched.get());
        std::mem::take(&mut *self.0.regions.borrow_mut())
    }

    pub(crate) fn watch(&self) {
        self.0.watched.set(true);
        self.0.any.set(true);
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.0.watched.get()
    }

    fn push(&self, region: *const Region) {
        let mut regions = self.0.regions.borrow_mut();
        if !regions.contains(&region) {
            regions.push(region);
        }
        self.0.any.set(true);
    }
}

/// As large as any memory may be.
pub(crate) const MAX_MEMORY_BYTES: usize =
    (limits::MAX_MEMORY64_PAGES_AT_RUN_TIME as usize) * WASM_PAGE_BYTES;
const WASM_PAGE_BYTES: usize = 64 << 10;

/// How much to map for a memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) len: usize,
    pub(crate) max_bytes: usize,
    pub(crate) reserve_bytes: usize,
    pub(crate) guard_bytes: usize,
    pub(crate) headroom_bytes: usize,
}

impl Layout {
    /// Why a region could not be made.
    pub(crate) fn refusal(&self, error: NoMemory) -> String {
        let Self { len, reserve_bytes, .. } = self;
        if matches!(error, NoMemory::Limit) {
            format!("{len} bytes are {error}")
        } else if *reserve_bytes > *len {
            format!(
                "{len} bytes cannot be mapped: {error}. Each memory takes {} GiB of address space \
                 until it is collected; are there too many?",
                reserve_bytes >> 30
            )
        } else {
            format!("{len} bytes cannot be mapped: {error}")
        }
    }
}

impl Region {
    pub(crate) fn new(layout: Layout, books: &Books) -> Result<Self, NoMemory> {
        if layout.len > layout.max_bytes {
            return Err(rustix::io::Errno::NOMEM.into());
        }
        let charge = Charge::new(books.account.as_ref(), layout.len)?;
        let capacity = layout.reserve_bytes.max(layout.len);
        check_headroom(layout.headroom_bytes)?;
        let mapping = Mapping::new(capacity, layout.guard_bytes, layout.len)?;
        Ok(Self {
            mapping: RefCell::new(mapping),
            len: Cell::new(layout.len),
            guard_bytes: layout.guard_bytes,
            headroom_bytes: layout.headroom_bytes,
            max_bytes: layout.max_bytes,
            slices: RefCell::default(),
            grown: books.grown.clone(),
            charge,
        })
    }

    pub(crate) fn start(&self) -> NonNull<u8> {
        self.mapping.borrow().start()
    }

    fn address(&self) -> usize {
        self.start().as_ptr() as usize
    }

    /// Up to here it grows in place.
    fn capacity(&self) -> usize {
        self.mapping.borrow().capacity()
    }

    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    pub(crate) fn slices(&self) -> &RefCell<()> {
        &self.slices
    }

    /// Makes the region `len` bytes long, moving it if it must.
    pub(crate) fn grow_to(&self, len: usize) -> Result<(), NoMemory> {
        let old = self.len.get();
        if len > self.max_bytes {
            return Err(rustix::io::Errno::NOMEM.into());
        }
        // It may move, and slices of it may exist.
        let _own = self.slices.try_borrow_mut().map_err(|_| rustix::io::Errno::BUSY)?;
        if len > old {
            self.charge.grow(len - old)?;
            if let Err(error) = self.lengthen(len) {
                self.charge.shrink(len - old);
                return Err(error.into());
            }
            self.len.set(len);
        }
        self.grown.push(self);
        Ok(())
    }

    fn lengthen(&self, len: usize) -> rustix::io::Result<()> {
        if len <= self.capacity() {
            self.mapping.borrow_mut().set_len(len)
        } else {
            self.move_to(len)
        }
    }

    /// Half as much again in reserve, so that growing page by page is not quadratic.
    fn move_to(&self, len: usize) -> rustix::io::Result<()> {
        let capacity = len.saturating_add(len / 2).min(self.max_bytes).max(len);
        let capacity = capacity.checked_next_multiple_of(PAGE_BYTES);
        let capacity = capacity.ok_or(rustix::io::Errno::NOMEM)?;
        let moved = Mapping::new(capacity, self.guard_bytes, len)?;
        check_headroom(self.headroom_bytes)?;
        // SAFETY: both are accessible for at least the old length, and are different mappings.
        unsafe {
            std::ptr::copy_nonoverlapping(
                self.start().as_ptr(),
                moved.start().as_ptr(),
                self.len.get(),
            );
        }
        self.mapping.replace(moved);
        Ok(())
    }
}

/// What happens to the next memory that Wasmtime asks for on this thread.
enum Order {
    /// It is this region.
    Adopt(Arc<Region>),
    /// It is new, and is listed here.
    Create(Books, Vec<Arc<Region>>),
}

thread_local! {
    /// The creator is called in the middle of an instantiation and told nothing of it.
    static ORDER: RefCell<Option<Order>> = const { RefCell::new(None) };
    /// Nor is it told of which store: see [`expect_heap`].
    static HEAP_OF: RefCell<Option<HeapSlot>> = const { RefCell::new(None) };
}

/// Where a group finds the heap for the objects of its store, once that was made.
///
/// Of types that threads could share, for Wasmtime wants that; they never do.
#[derive(Clone)]
pub(crate) struct HeapSlot {
    heap: Arc<OnceLock<Arc<Region>>>,
    account: Arc<ThreadBound<Option<Rc<dyn Account>>>>,
}

impl HeapSlot {
    pub(crate) fn new(books: &Books) -> Self {
        let account = Arc::new(ThreadBound(books.account.clone()));
        Self { heap: Arc::default(), account }
    }

    pub(crate) fn get(&self) -> Option<&Arc<Region>> {
        self.heap.get()
    }

    /// Nobody asks whether a heap grew.
    fn books(&self) -> Books {
        Books { grown: Grown::default(), account: self.account.0.clone() }
    }
}

/// Says that a store is about to make a memory, which may be its heap.
pub(crate) fn expect_heap(slot: &HeapSlot) {
    HEAP_OF.set(Some(slot.clone()));
}

/// Runs `make`, in which the one memory that is made is `region`.
pub(crate) fn adopt<R>(region: &Arc<Region>, make: impl FnOnce() -> R) -> R {
    with_order(Order::Adopt(region.clone()), make).0
}

/// Runs `make`, and lists the regions that it made.
pub(crate) fn create<R>(books: &Books, make: impl FnOnce() -> R) -> (R, Vec<Arc<Region>>) {
    let (result, order) = with_order(Order::Create(books.clone(), Vec::new()), make);
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
pub(crate) struct Regions {
    /// The guard of heaps, which tells them from memories of modules: those have another.
    pub(crate) heap_guard_bytes: usize,
    pub(crate) headroom_bytes: usize,
}

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
            max_bytes: maximum.unwrap_or(usize::MAX).min(MAX_MEMORY_BYTES),
            reserve_bytes: reserved_size_in_bytes.unwrap_or(0),
            guard_bytes: guard_size_in_bytes,
            headroom_bytes: self.headroom_bytes,
        };
        let heap_of = HEAP_OF.take();
        if guard_size_in_bytes == self.heap_guard_bytes {
            let books = heap_of.as_ref().map(HeapSlot::books).unwrap_or_default();
            let region = Region::new(layout, &books);
            let region = Arc::new(region.map_err(|error| layout.refusal(error))?);
            if let Some(slot) = heap_of {
                slot.heap.get_or_init(|| region.clone());
            }
            return Ok(Adopted::boxed(region));
        }
        ORDER.with_borrow_mut(|order| {
            let region = match order {
                Some(Order::Adopt(region)) => region.clone(),
                Some(Order::Create(books, made)) => {
                    let region = Region::new(layout, books);
                    let region = Arc::new(region.map_err(|error| layout.refusal(error))?);
                    made.push(region.clone());
                    region
                }
                None => return Err("a memory outside of any instantiation".to_owned()),
            };
            Ok(Adopted::boxed(region))
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

impl Adopted {
    fn boxed(region: Arc<Region>) -> Box<dyn LinearMemory> {
        let (start, len) = (region.address(), region.len());
        Box::new(Self { region, start, len })
    }
}

// SAFETY: as for `Regions`.
unsafe impl LinearMemory for Adopted {
    fn byte_size(&self) -> usize {
        self.len
    }

    fn byte_capacity(&self) -> usize {
        // A region that another store moved may not be claimed to stay where it is.
        if self.start == self.region.address() { self.region.capacity() } else { self.len }
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
