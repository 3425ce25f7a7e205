//! What the groups of one isolate share.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

use crate::account::Account;
use crate::memory::MemoryInner;
use crate::region::{Books, Grown};
use crate::stack_limit::modules_end;
use crate::suspension::Fibers;
use crate::{Engine, Memory, Stopper, Tag};

/// What the groups of one isolate share. Stays on the isolate's thread.
#[derive(Clone)]
pub struct Space(Rc<Inner>);

struct Inner {
    engine: Engine,
    /// The tag of what the host throws.
    host_tag: Tag,
    observer: Rc<dyn Observer>,
    stack_end: Option<Rc<Cell<usize>>>,
    stopper: Option<Stopper>,
    books: Books,
    /// Memories that somebody has a handle of.
    memories: RefCell<Vec<Weak<MemoryInner>>>,
    /// Where the stack was when the host called a module last.
    entered_at: Cell<usize>,
    fibers: Fibers,
}

/// A module that the host called may use so much stack and still call into another group. With
/// what the other one may use, this fits in what script leaves.
const STACK_BEFORE_BRIDGE_BYTES: usize = 256 << 10;

/// A call of a module by the host.
pub(crate) struct Entry<'a> {
    entered_at: &'a Cell<usize>,
    previous: usize,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.entered_at.set(self.previous);
    }
}

/// Is told what happens in modules.
pub trait Observer: 'static {
    /// A memory's bytes are more now, and may be elsewhere. Called before anything of the host
    /// can look.
    fn memory_grown(&self, memory: &Memory);

    /// A module was left, for good or for a function of the host. Only after [`Space::watch`].
    fn module_left(&self) {}

    /// The address up to which the host's own code may use the stack, kept up to date. Modules
    /// may go 256 KiB deeper; without an address they get 512 KiB from the outermost call. Asked
    /// once, when the space is made. Calls that wait need it.
    fn stack_end(&self) -> Option<Rc<Cell<usize>>> {
        None
    }

    /// What memories, tables and heaps for objects are charged to. Asked once, when the space is
    /// made; without it there is no limit.
    fn account(&self) -> Option<Rc<dyn Account>> {
        None
    }

    /// What ends calls of modules from elsewhere. Asked once, when the space is made, on the
    /// thread that modules will run on.
    fn stopper(&self) -> Option<Stopper> {
        None
    }

    /// From now on the host runs on another stack: of what is below the caller it may use this
    /// many bytes. The address of [`Self::stack_end`] is to be that from now on.
    fn stack_entered(&self, usable_bytes: usize) {
        let _ = usable_bytes;
    }

    /// That stack was left, and the host runs on the one before. Called once for each time that
    /// one was entered.
    fn stack_left(&self) {}
}

impl Space {
    /// A space with its own tag for host values.
    pub fn new(engine: &Engine, observer: Rc<dyn Observer>) -> Self {
        let host_tag = Tag::new(engine, [wasmtime::ValType::EXTERNREF]);
        let (engine, stack_end) = (engine.clone(), observer.stack_end());
        let stopper = observer.stopper();
        if let Some(stopper) = &stopper {
            stopper.attach(engine.watch());
        }
        let books = Books { account: observer.account(), ..Books::default() };
        let (memories, entered_at, fibers) = Default::default();
        Self(Rc::new(Inner {
            engine,
            host_tag,
            observer,
            stack_end,
            stopper,
            books,
            memories,
            entered_at,
            fibers,
        }))
    }

    /// The compiler.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Whether both are the same space.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// The tag by which modules catch what the host throws.
    pub fn host_tag(&self) -> &Tag {
        &self.0.host_tag
    }

    /// From now on the observer is told whenever a module is left.
    pub fn watch(&self) {
        self.grown().watch();
    }

    pub(crate) fn grown(&self) -> &Grown {
        &self.0.books.grown
    }

    pub(crate) fn books(&self) -> &Books {
        &self.0.books
    }

    /// The host is about to call a module. Where the stack ends need not be guessed if the host
    /// says so.
    #[inline]
    pub(crate) fn enter(&self) -> Option<Entry<'_>> {
        if self.0.stack_end.is_some() {
            return None;
        }
        let entered_at = &self.0.entered_at;
        Some(Entry { entered_at, previous: entered_at.replace(stack_address()) })
    }

    pub(crate) fn stopper(&self) -> Option<&Stopper> {
        self.0.stopper.as_ref()
    }

    /// What the observer says of the stack.
    pub(crate) fn stack_end(&self) -> Option<&Rc<Cell<usize>>> {
        self.0.stack_end.as_ref()
    }

    pub(crate) fn observer(&self) -> &dyn Observer {
        &*self.0.observer
    }

    pub(crate) fn fibers(&self) -> &Fibers {
        &self.0.fibers
    }

    /// See [`Entry`].
    pub(crate) fn entered_at(&self) -> &Cell<usize> {
        &self.0.entered_at
    }

    pub(crate) fn has_stack_for_bridge(&self) -> bool {
        if let Some(end) = self.stack_end() {
            return stack_address() > modules_end(end);
        }
        let used = self.0.entered_at.get().saturating_sub(stack_address());
        used < STACK_BEFORE_BRIDGE_BYTES
    }

    pub(crate) fn register(&self, memory: &Rc<MemoryInner>) {
        let mut memories = self.0.memories.borrow_mut();
        if memories.len() == memories.capacity() {
            memories.retain(|memory| memory.strong_count() > 0);
        }
        memories.push(Rc::downgrade(memory));
    }

    pub(crate) fn memories(&self) -> Vec<Memory> {
        let memories = self.0.memories.borrow();
        memories.iter().filter_map(Weak::upgrade).map(Memory::from_inner).collect()
    }

    /// Tells the observer of memories that grew, and every group that has them. To be called
    /// whenever a module was left: it costs one look when nothing grew.
    #[inline]
    pub(crate) fn settle(&self) {
        if self.grown().any() {
            self.settle_grown();
        }
    }

    #[cold]
    fn settle_grown(&self) {
        loop {
            let grown = self.grown().take();
            if grown.is_empty() {
                break;
            }
            for memory in self.memories() {
                if memory.is_one_of(&grown) {
                    memory.sync_groups();
                    self.0.observer.memory_grown(&memory);
                }
            }
            // Keeping groups in step counts as growth of the same regions: nothing new.
            self.grown().take();
        }
        if self.grown().is_watched() {
            self.0.observer.module_left();
        }
    }
}

/// Where the stack is now, roughly.
#[inline]
pub(crate) fn stack_address() -> usize {
    let here = 0u8;
    std::ptr::from_ref(std::hint::black_box(&here)) as usize
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space").finish_non_exhaustive()
    }
}
