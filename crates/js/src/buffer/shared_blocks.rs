//! The memory of `SharedArrayBuffer`s that script makes.
//!
//! The engine has its own for those of a fixed length, but wants these hooks for ones that
//! grow, and with them uses them for all. So it asks here too when one over foreign memory is
//! collected, and says only where that begins.
//!
//! A block belongs to everyone who shows it, on whatever thread: the last one frees it. It is
//! charged, once, to every heap in which a buffer shows it.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::c_void;
use std::ptr::NonNull;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rquickjs::qjs;

use super::alias::Alias;
use crate::allocator::Budget;
use crate::raw::{RawContext, RawRuntime};

/// Zeroed memory that any number of buffers show.
#[derive(Debug)]
pub(super) struct Block {
    start: NonNull<u8>,
    layout: Layout,
    /// How long a buffer that grows is now; it never shrinks. For all of them, the engine's
    /// own excepted: that is made one of the others before the block is shared.
    len_bytes: AtomicUsize,
}

// SAFETY: only script reads and writes the memory, which is shared as ECMAScript's memory model
// has it; what is in Rust does not change, or is atomic.
unsafe impl Send for Block {}
// SAFETY: as above.
unsafe impl Sync for Block {}

/// What any element type is aligned to.
const ALIGNMENT: usize = 16;

impl Block {
    fn new(size_bytes: usize) -> Option<Self> {
        let layout = Layout::from_size_align(size_bytes.max(1), ALIGNMENT).ok()?;
        // SAFETY: the size is not zero.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        Some(Self { start, layout, len_bytes: AtomicUsize::new(0) })
    }

    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub(super) fn len_bytes(&self) -> usize {
        self.len_bytes.load(Ordering::SeqCst)
    }

    /// Makes it longer; `Err` with its length if that is more than `wanted`.
    pub(super) fn grow(&self, wanted: usize) -> Result<(), usize> {
        let wanted = wanted.min(self.layout.size());
        let before = self.len_bytes.fetch_max(wanted, Ordering::SeqCst);
        if before > wanted { Err(before) } else { Ok(()) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated above with this layout, and nobody shows it any more.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

/// The blocks behind the shared buffers of one runtime, by where they begin.
pub(crate) struct SharedBlocks {
    own: RefCell<HashMap<usize, Shown>>,
    foreign: RefCell<HashMap<usize, Vec<Rc<Alias>>>>,
    charges: Charges,
    /// The realm that script was last entered in. The engine asks for memory without one, but
    /// wants an error thrown when there is none.
    entered: Cell<RawContext>,
}

/// A block that buffers of the engine's show.
struct Shown {
    block: Arc<Block>,
    buffers: usize,
    charge: Rc<Charge>,
}

/// What the blocks that are shown here take of the heap's budget.
#[derive(Clone)]
struct Charges {
    budget: Budget,
    by_start: Rc<RefCell<HashMap<usize, Weak<Charge>>>>,
}

/// What one block takes, for as long as any of its buffers here has this.
pub(super) struct Charge {
    charges: Charges,
    start: usize,
    size_bytes: usize,
}

impl Charges {
    /// The charge of a block; `None` if there is no room for it.
    fn of(&self, block: &Block) -> Option<Rc<Charge>> {
        let start = block.start().as_ptr() as usize;
        if let Some(charge) = self.by_start.borrow().get(&start).and_then(Weak::upgrade) {
            return Some(charge);
        }
        let size_bytes = block.layout.size();
        if !self.budget.charge(size_bytes) {
            return None;
        }
        let charge = Rc::new(Charge { charges: self.clone(), start, size_bytes });
        self.by_start.borrow_mut().insert(start, Rc::downgrade(&charge));
        Some(charge)
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.charges.budget.release(self.size_bytes);
        self.charges.by_start.borrow_mut().remove(&self.start);
    }
}

impl SharedBlocks {
    pub(crate) fn new(budget: Budget) -> Self {
        let charges = Charges { budget, by_start: Rc::default() };
        let (own, foreign) = Default::default();
        Self { own, foreign, charges, entered: Cell::new(std::ptr::null_mut()) }
    }

    /// Says in which realm script will run; gives the one before, null for none.
    pub(crate) fn enter(&self, context: RawContext) -> RawContext {
        self.entered.replace(context)
    }

    /// Has a runtime use this.
    ///
    /// # Safety
    /// `self` stays where it is for as long as the runtime lives.
    pub(crate) unsafe fn install(&self, runtime: RawRuntime) {
        let functions = qjs::JSSharedArrayBufferFunctions {
            sab_alloc: Some(allocate),
            sab_free: Some(free),
            sab_dup: Some(share),
            sab_opaque: std::ptr::from_ref(self).cast_mut().cast(),
        };
        // SAFETY: a live runtime, which copies the functions.
        unsafe { qjs::JS_SetSharedArrayBufferFunctions(runtime, &raw const functions) };
    }

    /// Says that a buffer over foreign memory was made.
    pub(super) fn add(&self, start: usize, alias: Rc<Alias>) {
        self.foreign.borrow_mut().entry(start).or_default().push(alias);
    }

    /// The block that begins here, if the engine's own buffers show it.
    pub(super) fn block(&self, start: usize) -> Option<Arc<Block>> {
        self.own.borrow().get(&start).map(|shown| shown.block.clone())
    }

    /// Charges a block that was made elsewhere; throws if there is no room for it.
    pub(super) fn charge(&self, block: &Block) -> Option<Rc<Charge>> {
        let charge = self.charges.of(block);
        if charge.is_none() {
            self.throw_out_of_memory();
        }
        charge
    }

    /// Runs `make`, in which the engine may make buffers that show the block.
    pub(super) fn with_block<R>(
        &self,
        block: &Arc<Block>,
        charge: &Rc<Charge>,
        make: impl FnOnce() -> R,
    ) -> R {
        let start = block.start().as_ptr() as usize;
        let shown = || Shown { block: block.clone(), buffers: 0, charge: charge.clone() };
        // Counted meanwhile, so that it is not forgotten.
        self.own.borrow_mut().entry(start).or_insert_with(shown).buffers += 1;
        let made = make();
        self.free(start);
        made
    }

    /// Forgets a block: the only buffer of the engine's that shows it is about to be one over
    /// foreign memory.
    pub(super) fn give_away(&self, start: usize) -> Option<Rc<Charge>> {
        self.own.borrow_mut().remove(&start).map(|shown| shown.charge)
    }

    fn allocate(&self, size: usize) -> *mut u8 {
        // Memory that nobody has touched is not there yet: charging it afterwards costs nothing.
        let made = Block::new(size).and_then(|block| Some((self.charges.of(&block)?, block)));
        let Some((charge, block)) = made else {
            self.throw_out_of_memory();
            return std::ptr::null_mut();
        };
        let start = block.start().as_ptr();
        let shown = Shown { block: Arc::new(block), buffers: 1, charge };
        self.own.borrow_mut().insert(start as usize, shown);
        start
    }

    fn throw_out_of_memory(&self) {
        let entered = self.entered.get();
        if !entered.is_null() {
            // SAFETY: a realm that is entered is alive.
            unsafe { qjs::JS_ThrowOutOfMemory(entered) };
        }
    }

    fn share(&self, start: usize) {
        if let Some(shown) = self.own.borrow_mut().get_mut(&start) {
            shown.buffers += 1;
        }
    }

    fn free(&self, start: usize) {
        let mut own = self.own.borrow_mut();
        let Some(shown) = own.get_mut(&start) else {
            drop(own);
            return self.free_foreign(start);
        };
        shown.buffers -= 1;
        if shown.buffers == 0 {
            own.remove(&start);
        }
    }

    /// One of the buffers over the foreign memory that begins here is being collected.
    fn free_foreign(&self, start: usize) {
        let mut foreign = self.foreign.borrow_mut();
        let Some(aliases) = foreign.get_mut(&start) else { return };
        let place = aliases.iter().position(|alias| alias.is_being_collected());
        let alias = place.map(|place| aliases.swap_remove(place));
        if aliases.is_empty() {
            foreign.remove(&start);
        }
        drop(foreign);
        if let Some(alias) = alias {
            alias.bury();
        }
    }
}

/// # Safety
/// For all three: the engine passes what `install` gave it.
unsafe extern "C" fn allocate(opaque: *mut c_void, size: qjs::size_t) -> *mut c_void {
    // SAFETY: by the caller.
    let blocks = unsafe { &*opaque.cast::<SharedBlocks>() };
    usize::try_from(size).map_or(std::ptr::null_mut(), |size| blocks.allocate(size).cast())
}

unsafe extern "C" fn share(opaque: *mut c_void, start: *mut c_void) {
    // SAFETY: by the caller.
    unsafe { &*opaque.cast::<SharedBlocks>() }.share(start as usize);
}

unsafe extern "C" fn free(opaque: *mut c_void, start: *mut c_void) {
    // SAFETY: by the caller.
    unsafe { &*opaque.cast::<SharedBlocks>() }.free(start as usize);
}
