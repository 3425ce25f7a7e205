//! What an embedder hangs onto a handle: its own wrapper of the same thing.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;

/// One value of the embedder's.
#[derive(Default)]
pub struct Attachment(RefCell<Option<Box<dyn Any>>>);

impl Attachment {
    /// Replaces what is attached.
    pub fn set(&self, value: impl Any) {
        let old = self.0.replace(Some(Box::new(value)));
        // Dropped here, with nothing borrowed.
        drop(old);
    }

    /// A copy of what is attached, if it is a `T`.
    pub fn get<T: Any + Clone>(&self) -> Option<T> {
        self.0.borrow().as_ref()?.downcast_ref::<T>().cloned()
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment").field("is_set", &self.0.borrow().is_some()).finish()
    }
}
