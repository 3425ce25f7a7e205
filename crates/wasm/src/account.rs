//! What the memory of modules is charged to.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use rustix::io::Errno;

/// How many bytes an isolate may still have, for whatever it has them.
pub trait Account: 'static {
    /// Takes so many, or says that there are not so many and takes none.
    fn charge(&self, bytes: usize) -> bool;

    /// Gives back what was taken.
    fn release(&self, bytes: usize);
}

/// Bytes that were taken from an account, until this is dropped.
pub(crate) struct Charge {
    account: Option<Rc<dyn Account>>,
    bytes: Cell<usize>,
}

impl Charge {
    /// Takes nothing as yet.
    pub(crate) fn none_yet(account: Option<&Rc<dyn Account>>) -> Self {
        Self { account: account.cloned(), bytes: Cell::new(0) }
    }

    /// Takes so many bytes.
    pub(crate) fn new(account: Option<&Rc<dyn Account>>, bytes: usize) -> Result<Self, NoMemory> {
        let charge = Self::none_yet(account);
        charge.grow(bytes)?;
        Ok(charge)
    }

    /// Takes more.
    pub(crate) fn grow(&self, bytes: usize) -> Result<(), NoMemory> {
        let taken = self.bytes.get().checked_add(bytes).ok_or(NoMemory::Limit)?;
        if self.account.as_ref().is_some_and(|account| !account.charge(bytes)) {
            return Err(NoMemory::Limit);
        }
        self.bytes.set(taken);
        Ok(())
    }

    /// Gives some back.
    pub(crate) fn shrink(&self, bytes: usize) {
        let bytes = bytes.min(self.bytes.get());
        self.bytes.set(self.bytes.get() - bytes);
        if let Some(account) = &self.account {
            account.release(bytes);
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.shrink(self.bytes.get());
    }
}

/// Why there is no memory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NoMemory {
    /// The account does not have so much.
    Limit,
    /// The system does not.
    System(Errno),
}

/// How the message ends of whatever is refused because of that.
pub const BEYOND_MEMORY_LIMIT: &str = "more than the isolate's memory limit leaves";

impl From<Errno> for NoMemory {
    fn from(error: Errno) -> Self {
        Self::System(error)
    }
}

impl fmt::Display for NoMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit => f.write_str(BEYOND_MEMORY_LIMIT),
            Self::System(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NoMemory {}
