//! What the host gives to modules: functions, and references to things of its own.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use crate::{Exception, Failure, Group, Slot, Value};

/// The embedder's table of values that modules hold references to.
///
/// One table per group, owned by whatever makes the embedder's collector see the values for as
/// long as the group is reachable.
pub trait HostValues: 'static {
    /// Takes a second ticket, in this table, for a value that may stand in another one.
    fn duplicate(&self, from: &HostRef) -> u32;

    /// Keeps the group that `other` is the table of for as long as this table's group lives: a
    /// function of that one can be called from here.
    fn keep_group(&self, other: &Rc<dyn HostValues>);

    /// Gives a ticket of this table back.
    fn release(&self, ticket: u32);

    /// For embedders that need to find their own table behind a reference.
    fn as_any(&self) -> &dyn Any;

    /// As [`Self::as_any`], to hold on to.
    fn into_any(self: Rc<Self>) -> Rc<dyn Any>;
}

/// A reference to a value of the host: a ticket that is given back when dropped.
pub struct HostRef {
    table: Rc<dyn HostValues>,
    ticket: u32,
}

impl HostRef {
    /// Takes over a ticket of `table`.
    pub fn new(table: Rc<dyn HostValues>, ticket: u32) -> Self {
        Self { table, ticket }
    }

    /// The table in which the value stands.
    pub fn table(&self) -> &Rc<dyn HostValues> {
        &self.table
    }

    /// Its place there.
    pub fn ticket(&self) -> u32 {
        self.ticket
    }

    /// The same value by a ticket of `table`.
    pub(crate) fn in_table(&self, table: &Rc<dyn HostValues>) -> Self {
        Self { table: table.clone(), ticket: table.duplicate(self) }
    }
}

impl Clone for HostRef {
    fn clone(&self) -> Self {
        self.in_table(&self.table)
    }
}

impl Drop for HostRef {
    fn drop(&mut self) {
        self.table.release(self.ticket);
    }
}

impl fmt::Debug for HostRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HostRef").field(&self.ticket).finish()
    }
}

/// A function of the host that a module imports.
pub trait HostFunction: 'static {
    /// A call in which only numbers go in and out: arguments stand in `slots` and results
    /// replace them. As in [`crate::Func::call_numbers`], what goes well returns in a register.
    fn call_numbers(&self, slots: &mut [Slot]) -> Result<(), Box<Thrown>>;

    /// Any other call. The results must be as many and of the types that the signature says.
    fn call(&self, group: &Group, arguments: Vec<Value>) -> Result<Vec<Value>, Thrown>;
}

/// How a host function ends that does not return.
#[derive(Debug)]
pub enum Thrown {
    /// A value that modules can catch: with the host's tag, or with `catch_all`.
    Value(HostRef),
    /// An exception, which modules can catch by its tag.
    Exception(Exception),
    /// A value that passes through modules and comes out unchanged.
    Uncatchable(HostRef),
    /// A trap, as of an instruction: its text. Modules cannot catch it.
    Trap(String),
    /// What ended another module that the host function called.
    Failure(Box<Failure>),
}

/// Lets a value that never leaves its isolate's thread stand where Wasmtime asks for `Send`.
///
/// A store of ours is never sent to another thread: [`Group`] is not `Send`. Wasmtime asks for
/// it because stores in general may be.
pub(crate) struct ThreadBound<T>(pub(crate) T);

// SAFETY: see the type: nothing that holds one leaves its thread.
unsafe impl<T> Send for ThreadBound<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for ThreadBound<T> {}

impl<T> fmt::Debug for ThreadBound<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadBound")
    }
}
