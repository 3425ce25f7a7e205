//! The memory of `SharedArrayBuffer`s.
//!
//! The engine has its own for those of a fixed length, but wants these hooks for ones that
//! grow, and with them uses them for all. So it asks here too when one over foreign memory is
//! collected, and says only where that begins.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::rc::Rc;

use rquickjs::qjs;

use super::alias::Alias;
use crate::raw::RawRuntime;

/// The blocks behind the shared buffers of one runtime, by where they begin.
#[derive(Default)]
pub(crate) struct SharedBlocks {
    own: RefCell<HashMap<usize, Block>>,
    foreign: RefCell<HashMap<usize, Vec<Rc<Alias>>>>,
}

struct Block {
    layout: Layout,
    buffers: usize,
}

/// What any element type is aligned to.
const ALIGNMENT: usize = 16;

impl SharedBlocks {
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

    fn allocate(&self, size: usize) -> *mut u8 {
        let Ok(layout) = Layout::from_size_align(size.max(1), ALIGNMENT) else {
            return std::ptr::null_mut();
        };
        // SAFETY: the size is not zero.
        let start = unsafe { alloc_zeroed(layout) };
        if !start.is_null() {
            self.own.borrow_mut().insert(start as usize, Block { layout, buffers: 1 });
        }
        start
    }

    fn share(&self, start: usize) {
        if let Some(block) = self.own.borrow_mut().get_mut(&start) {
            block.buffers += 1;
        }
    }

    fn free(&self, start: usize) {
        let mut own = self.own.borrow_mut();
        let Some(block) = own.get_mut(&start) else {
            drop(own);
            return self.free_foreign(start);
        };
        block.buffers -= 1;
        if block.buffers == 0 {
            let layout = block.layout;
            own.remove(&start);
            // SAFETY: allocated above with this layout, and no buffer shows it any more.
            unsafe { dealloc(start as *mut u8, layout) };
        }
    }

    fn free_foreign(&self, start: usize) {
        let mut foreign = self.foreign.borrow_mut();
        let Some(aliases) = foreign.get_mut(&start) else { return };
        let alias = aliases.pop();
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
