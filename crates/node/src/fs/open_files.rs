//! The files that a script holds open, by numbers of their own: those of the process would let
//! a script guess its way to files that are not its.

use std::cell::RefCell;
use std::fs::File;
use std::sync::Arc;

use rustix::io::Errno;

/// More would come near what the system grants a process (1 024), which has sockets too.
const MAX_OPEN_FILES: usize = 900;

/// Standard input, output and error come before.
const FIRST: usize = 3;

#[derive(Debug, Default)]
pub(super) struct OpenFiles(RefCell<Vec<Option<Arc<File>>>>);

impl OpenFiles {
    /// Takes a file in, and gives its number: the lowest that is free.
    pub(super) fn add(&self, file: File) -> Result<usize, Errno> {
        let mut files = self.0.borrow_mut();
        let free = files.iter().position(Option::is_none).unwrap_or(files.len());
        if free >= MAX_OPEN_FILES {
            return Err(Errno::MFILE);
        }
        if free == files.len() {
            files.push(None);
        }
        files[free] = Some(Arc::new(file));
        Ok(FIRST + free)
    }

    /// The file of a number. Whoever works with it keeps it open.
    pub(super) fn find(&self, number: usize) -> Result<Arc<File>, Errno> {
        let index = number.checked_sub(FIRST).ok_or(Errno::BADF)?;
        self.0.borrow().get(index).cloned().flatten().ok_or(Errno::BADF)
    }

    /// Takes a file out; it is closed when nobody works with it any more.
    pub(super) fn remove(&self, number: usize) -> Result<Arc<File>, Errno> {
        let index = number.checked_sub(FIRST).ok_or(Errno::BADF)?;
        self.0.borrow_mut().get_mut(index).and_then(Option::take).ok_or(Errno::BADF)
    }
}
