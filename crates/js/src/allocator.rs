//! The allocator of a JavaScript heap: it counts, and refuses what a budget has no room for.
//!
//! QuickJS makes its small objects out of blocks of 4 KiB and asks for memory only when it
//! needs a block or something larger; so counting costs next to nothing, and what is counted is
//! what the process really holds.

use std::alloc::{self, Layout};
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rquickjs::allocator::Allocator;

use crate::limits::Interrupter;

/// How many bytes the parts of one isolate may hold together. Clones are the same budget.
#[derive(Clone, Debug)]
pub struct Budget(Rc<Account>);

#[derive(Debug)]
struct Account {
    limit_bytes: Cell<Option<usize>>,
    used_bytes: Cell<usize>,
    family: Option<FamilyBudget>,
}

impl Drop for Account {
    fn drop(&mut self) {
        if let Some(family) = &self.family {
            family.release(self.used_bytes.get());
        }
    }
}

/// What isolates on several threads may hold together. Clones are the same.
#[derive(Clone, Debug)]
pub struct FamilyBudget(Arc<FamilyAccount>);

#[derive(Debug)]
struct FamilyAccount {
    limit_bytes: usize,
    used_bytes: AtomicUsize,
}

impl FamilyBudget {
    /// A budget of which nothing is used yet.
    pub fn new(limit_bytes: usize) -> Self {
        Self(Arc::new(FamilyAccount { limit_bytes, used_bytes: AtomicUsize::new(0) }))
    }

    fn has_room(&self, bytes: usize) -> bool {
        let used = self.0.used_bytes.load(Ordering::Relaxed);
        used.saturating_add(bytes) <= self.0.limit_bytes
    }

    /// Charges bytes whether or not there is room: whoever asks has looked. Two threads that ask
    /// at once may both go over, by what they asked for.
    fn charge(&self, bytes: usize) {
        self.0.used_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn release(&self, bytes: usize) {
        self.0.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Budget {
    /// A budget of which nothing is used yet; without a limit it only counts.
    pub fn new(limit_bytes: Option<usize>) -> Self {
        Self::within(limit_bytes, None)
    }

    /// As [`Self::new`]; what is charged is charged to the family too.
    pub fn within(limit_bytes: Option<usize>, family: Option<FamilyBudget>) -> Self {
        let (limit_bytes, used_bytes) = (Cell::new(limit_bytes), Cell::new(0));
        Self(Rc::new(Account { limit_bytes, used_bytes, family }))
    }

    /// The limit.
    pub fn limit_bytes(&self) -> Option<usize> {
        self.0.limit_bytes.get()
    }

    /// What is charged now.
    pub fn used_bytes(&self) -> usize {
        self.0.used_bytes.get()
    }

    /// Whether so many bytes more could be charged.
    pub fn has_room(&self, bytes: usize) -> bool {
        let Some(limit) = self.limit_bytes() else { return true };
        let used = self.used_bytes().checked_add(bytes);
        used.is_some_and(|used| used <= limit)
            && self.0.family.as_ref().is_none_or(|family| family.has_room(bytes))
    }

    /// Charges bytes, or says that there is no room for them and charges nothing.
    #[must_use]
    pub fn charge(&self, bytes: usize) -> bool {
        let has_room = self.has_room(bytes);
        if has_room {
            self.0.used_bytes.set(self.used_bytes() + bytes);
            if let Some(family) = &self.0.family {
                family.charge(bytes);
            }
        }
        has_room
    }

    /// Gives back bytes that were charged.
    pub fn release(&self, bytes: usize) {
        debug_assert!(bytes <= self.used_bytes(), "more is given back than was charged");
        let bytes = bytes.min(self.used_bytes());
        self.0.used_bytes.set(self.used_bytes() - bytes);
        if let Some(family) = &self.0.family {
            family.release(bytes);
        }
    }
}

/// The heap's part of a budget.
#[derive(Clone)]
pub(crate) struct Heap(Rc<HeapState>);

struct HeapState {
    budget: Budget,
    used_bytes: Cell<usize>,
    /// How often memory was refused.
    refusals: Cell<u32>,
    interrupter: Interrupter,
    /// For tests: how many requests are granted, and how many are refused after those.
    plan: Cell<Option<(usize, usize)>>,
}

/// Script that was refused memory so often catches the errors and tries for ever: it is stopped.
const MOST_REFUSALS: u32 = 10_000;

impl HeapState {
    fn refuse(&self) {
        self.refusals.set(self.refusals.get().saturating_add(1));
        if self.refusals.get() == MOST_REFUSALS {
            self.interrupter.stop_for_memory();
        }
    }
}

impl Heap {
    /// A heap whose script is stopped when it does not heed that memory is refused.
    pub(crate) fn new(budget: Budget, interrupter: Interrupter) -> Self {
        Self(Rc::new(HeapState {
            budget,
            used_bytes: Cell::new(0),
            refusals: Cell::new(0),
            interrupter,
            plan: Cell::new(None),
        }))
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.0.budget
    }

    pub(crate) fn used_bytes(&self) -> usize {
        self.0.used_bytes.get()
    }

    /// Whether memory was ever refused. Not forgotten when asked: an error may be described
    /// more than once, and long after it was thrown.
    pub(crate) fn was_refused(&self) -> bool {
        self.0.refusals.get() > 0
    }

    /// Runs `body` with nothing refused; what it charges counts.
    pub(crate) fn without_limit<R>(&self, body: impl FnOnce() -> R) -> R {
        let limit_bytes = self.0.budget.0.limit_bytes.take();
        let _restore = Restore { heap: &self.0, limit_bytes, plan: self.0.plan.take() };
        body()
    }

    pub(crate) fn set_plan(&self, plan: Option<(usize, usize)>) -> Option<(usize, usize)> {
        self.0.plan.replace(plan)
    }

    /// Charges what a block of another size holds more, before it is made.
    fn grow(&self, bytes: usize) -> bool {
        let granted = self.is_granted() && self.0.budget.charge(bytes);
        if granted {
            self.0.used_bytes.set(self.0.used_bytes.get() + bytes);
        } else {
            self.0.refuse();
        }
        granted
    }

    fn shrink(&self, bytes: usize) {
        self.0.budget.release(bytes);
        self.0.used_bytes.set(self.0.used_bytes.get().saturating_sub(bytes));
    }

    fn is_granted(&self) -> bool {
        let Some((grants, refusals)) = self.0.plan.get() else {
            return true;
        };
        let rest = match (grants, refusals) {
            (0, 0 | 1) => None,
            (0, _) => Some((0, refusals - 1)),
            _ => Some((grants - 1, refusals)),
        };
        self.0.plan.set(rest);
        grants > 0 || refusals == 0
    }

    /// A new block, made by `make`.
    fn block(&self, size: usize, make: unsafe fn(Layout) -> *mut u8) -> *mut u8 {
        let Some(layout) = layout_of(size) else {
            self.0.refuse();
            return std::ptr::null_mut();
        };
        if !self.grow(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the layout is that of a header and more, so not empty.
        let block = unsafe { make(layout) };
        self.finished(block, layout, layout.size())
    }

    /// Writes the header of a block for which `charged` bytes were charged.
    fn finished(&self, block: *mut u8, layout: Layout, charged: usize) -> *mut u8 {
        if block.is_null() {
            self.shrink(charged);
            self.0.refuse();
            return block;
        }
        // SAFETY: a block of this layout begins with room for the header, and is aligned.
        unsafe {
            block.cast::<Header>().write(layout.size());
            block.add(HEADER_BYTES)
        }
    }
}

/// Sets the limits again, also when there is a panic.
struct Restore<'a> {
    heap: &'a HeapState,
    limit_bytes: Option<usize>,
    plan: Option<(usize, usize)>,
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        self.heap.budget.0.limit_bytes.set(self.limit_bytes);
        self.heap.plan.set(self.plan);
    }
}

impl fmt::Debug for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heap").field("used_bytes", &self.used_bytes()).finish_non_exhaustive()
    }
}

/// What stands before each block: how long it is, with the header.
type Header = usize;
const HEADER_BYTES: usize = if size_of::<Header>() > ALIGN { size_of::<Header>() } else { ALIGN };
/// What QuickJS needs at most: it keeps 64-bit numbers in its blocks.
const ALIGN: usize = align_of::<u64>();

/// The block for `size` bytes; `None` where no address space has that.
fn layout_of(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(HEADER_BYTES)?, ALIGN).ok()
}

/// The block of what the engine knows by `memory`.
///
/// # Safety
/// `memory` is from this allocator, and not freed.
unsafe fn block_of(memory: *mut u8) -> (*mut u8, Layout) {
    // SAFETY: by the caller: a header stands before the memory, with the size of a layout.
    unsafe {
        let block = memory.sub(HEADER_BYTES);
        let size = block.cast::<Header>().read();
        (block, Layout::from_size_align_unchecked(size, ALIGN))
    }
}

// SAFETY: blocks are of the system's allocator, aligned for any part of QuickJS and at least as
// long as asked for; `usable_size` is what the engine may use of one.
unsafe impl Allocator for Heap {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        self.block(size, alloc::alloc)
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        // What overflows is refused as too long.
        self.block(count.saturating_mul(size), alloc::alloc_zeroed)
    }

    unsafe fn dealloc(&mut self, memory: *mut u8) {
        // SAFETY: by the caller: a live block.
        unsafe {
            let (block, layout) = block_of(memory);
            alloc::dealloc(block, layout);
            self.shrink(layout.size());
        }
    }

    unsafe fn realloc(&mut self, memory: *mut u8, new_size: usize) -> *mut u8 {
        let Some(new) = layout_of(new_size) else {
            self.0.refuse();
            return std::ptr::null_mut();
        };
        // SAFETY: by the caller: a live block; the new size is that of a valid layout.
        unsafe {
            let (block, old) = block_of(memory);
            let more = new.size().saturating_sub(old.size());
            if !self.grow(more) {
                return std::ptr::null_mut();
            }
            let block = alloc::realloc(block, old, new.size());
            let moved = self.finished(block, new, more);
            if !moved.is_null() {
                self.shrink(old.size().saturating_sub(new.size()));
            }
            moved
        }
    }

    unsafe fn usable_size(memory: *mut u8) -> usize {
        // SAFETY: by the caller: a live block.
        unsafe { block_of(memory).1.size() - HEADER_BYTES }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_holds_its_limit() {
        let budget = Budget::new(Some(10));
        let same = budget.clone();
        assert!(budget.charge(6) && same.charge(4) && !same.charge(1));
        assert_eq!((same.used_bytes(), same.limit_bytes()), (10, Some(10)));
        budget.release(3);
        assert!(!budget.charge(usize::MAX) && budget.charge(3));
        assert_eq!(budget.used_bytes(), 10);
        assert!(Budget::new(None).charge(usize::MAX));
    }

    #[test]
    fn blocks_are_counted_and_refused() {
        let mut heap = Heap::new(Budget::new(Some(1000)), Interrupter::default());
        let small = heap.alloc(100);
        let zero = heap.calloc(10, 10);
        assert_eq!(heap.used_bytes(), 2 * (100 + HEADER_BYTES));
        assert!(!heap.was_refused());
        assert!(heap.alloc(900).is_null() && heap.calloc(usize::MAX, 2).is_null());
        assert!(heap.alloc(usize::MAX).is_null());
        assert!(heap.was_refused());
        // SAFETY: blocks of this heap, each freed once, read as far as they are long.
        unsafe {
            assert!((0..100).all(|index| *zero.add(index) == 0));
            small.write(7);
            let longer = heap.realloc(small, 500);
            assert_eq!((*longer, Heap::usable_size(longer)), (7, 500));
            assert!(heap.realloc(longer, 2000).is_null());
            heap.set_plan(Some((0, 2)));
            assert!(heap.realloc(longer, 501).is_null());
            let mut same = heap.clone();
            let large = heap.without_limit(|| same.alloc(2000));
            assert!(!large.is_null() && heap.alloc(1).is_null());
            heap.dealloc(large);
            assert_eq!(heap.0.plan.get(), None);
            assert_eq!(heap.used_bytes(), 600 + 2 * HEADER_BYTES);
            let shorter = heap.realloc(longer, 50);
            heap.dealloc(shorter);
            heap.dealloc(zero);
        }
        assert_eq!((heap.used_bytes(), heap.budget().used_bytes()), (0, 0));
    }
}
