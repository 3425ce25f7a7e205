//! What the interface keeps per realm.

use std::cell::{Cell, OnceCell, Ref, RefCell};
use std::fmt;
use std::rc::Rc;

use holm_js::{
    Budget, Ctx, Error, ErrorKind, Result, ScopeLoan, StackLimits, Weak, budget, collect_garbage,
    enter_stack, leave_stack, set_foreign_calls, stack_end, throw,
};
use holm_wasm::{Account, Engine, Func, Memory, Observer, Space, Stopper};

use crate::bindings::Bindings;
use crate::frames::Calls;
use crate::jspi::Waiting;
use crate::memory;

/// The scopes that calls have lent, each with the function that script called, if any.
pub(crate) type Loan = ScopeLoan<Func>;

/// Where the engine comes from: it is asked for when the first module or memory is made.
pub type EngineSource = Rc<dyn Fn() -> std::result::Result<Engine, String>>;

/// What the interface keeps per realm.
#[derive(Clone, Default)]
pub(crate) struct State(Rc<Inner>);

#[derive(Default)]
struct Inner {
    source: RefCell<Option<EngineSource>>,
    stopper: OnceCell<Stopper>,
    space: OnceCell<Space>,
    loan: Rc<Loan>,
    bindings: Rc<Bindings>,
    /// The owner of the group of modules with structs and arrays.
    objects_owner: RefCell<Option<Weak>>,
    waiting: Waiting,
    /// Bytes that the collector of script knows nothing of, since it last ran for them.
    unseen_bytes: Cell<usize>,
    /// And mappings: the system has not many more than 60 000.
    unseen_regions: Cell<usize>,
}

/// So much memory of modules may be made before it is worth looking for garbage.
const UNSEEN_BYTES_PER_COLLECTION: usize = 256 << 20;
const UNSEEN_REGIONS_PER_COLLECTION: usize = 1_000;

impl State {
    /// The state of the realm.
    pub(crate) fn of(ctx: &Ctx<'_>) -> Self {
        (*holm_js::slot::<Self>(ctx)).clone()
    }

    pub(crate) fn set_engine_source(&self, source: EngineSource, stopper: &Stopper) {
        self.0.source.replace(Some(source));
        self.0.stopper.get_or_init(|| stopper.clone());
    }

    pub(crate) fn engine(&self, ctx: &Ctx<'_>) -> Result<Engine> {
        if let Some(space) = self.0.space.get() {
            return Ok(space.engine().clone());
        }
        let source = self.0.source.borrow().clone();
        let made = source.map(|source| source());
        match made {
            Some(Ok(engine)) => Ok(engine),
            Some(Err(reason)) => Err(throw(ctx, ErrorKind::Internal, &reason)),
            None => Err(Error::Unknown),
        }
    }

    pub(crate) fn space(&self, ctx: &Ctx<'_>) -> Result<Space> {
        if let Some(space) = self.0.space.get() {
            return Ok(space.clone());
        }
        let engine = self.engine(ctx)?;
        set_foreign_calls(ctx, Rc::new(Calls::new(self.0.loan.clone())));
        let script_stack = stack_end(ctx);
        let observer = Rc::new(Watcher {
            loan: self.0.loan.clone(),
            bindings: self.0.bindings.clone(),
            script_stack,
            stopper: self.0.stopper.get().cloned(),
            left_stacks: RefCell::default(),
            budget: budget(ctx),
        });
        Ok(self.0.space.get_or_init(|| Space::new(&engine, observer)).clone())
    }

    /// Runs what may call script back, with the scope that it will need.
    #[inline]
    pub(crate) fn lend<R>(&self, ctx: &Ctx<'_>, body: impl FnOnce() -> R) -> R {
        self.0.loan.lend(ctx, None, body)
    }

    /// The scope of the script that called the module that is running.
    pub(crate) fn loan(&self) -> &Rc<Loan> {
        &self.0.loan
    }

    /// What memory is charged to, of components too.
    #[cfg(feature = "components")]
    pub(crate) fn account(&self, ctx: &Ctx<'_>) -> Rc<dyn Account> {
        Rc::new(OneBudget(budget(ctx)))
    }

    /// What ends what runs from elsewhere.
    #[cfg(feature = "components")]
    pub(crate) fn stopper(&self) -> Option<Stopper> {
        self.0.stopper.get().cloned()
    }

    /// The bindings of script that follow globals.
    pub(crate) fn bindings(&self) -> &Bindings {
        &self.0.bindings
    }

    /// The calls that run on stacks of their own.
    pub(crate) fn waiting(&self) -> &Waiting {
        &self.0.waiting
    }

    pub(crate) fn objects_owner(&self) -> Option<Ref<'_, Weak>> {
        Ref::filter_map(self.0.objects_owner.borrow(), Option::as_ref).ok()
    }

    pub(crate) fn set_objects_owner(&self, owner: Option<Weak>) {
        self.0.objects_owner.replace(owner);
    }

    /// Says that memory is about to be made which the collector of script does not count, and
    /// drops what is garbage if it is time.
    pub(crate) fn note_memory(&self, ctx: &Ctx<'_>, len_bytes: usize) {
        let inner = &*self.0;
        inner.unseen_bytes.set(inner.unseen_bytes.get().saturating_add(len_bytes));
        inner.unseen_regions.set(inner.unseen_regions.get() + 1);
        if inner.unseen_bytes.get() >= UNSEEN_BYTES_PER_COLLECTION
            || inner.unseen_regions.get() >= UNSEEN_REGIONS_PER_COLLECTION
        {
            inner.unseen_bytes.set(0);
            inner.unseen_regions.set(0);
            collect_garbage(ctx);
        }
        self.make_room(ctx, len_bytes);
    }

    /// Drops what is garbage if so many bytes are more than the isolate may still have.
    pub(crate) fn make_room(&self, ctx: &Ctx<'_>, len_bytes: usize) {
        if !budget(ctx).has_room(len_bytes) {
            collect_garbage(ctx);
        }
    }
}

/// What script and modules share.
struct OneBudget(Budget);

impl Account for OneBudget {
    fn charge(&self, bytes: usize) -> bool {
        self.0.charge(bytes)
    }

    fn release(&self, bytes: usize) {
        self.0.release(bytes);
    }
}

/// Keeps the buffers of script in step with memories.
struct Watcher {
    loan: Rc<Loan>,
    bindings: Rc<Bindings>,
    script_stack: Rc<Cell<usize>>,
    stopper: Option<Stopper>,
    /// What script could use of the stacks that were left for another one.
    left_stacks: RefCell<Vec<Option<StackLimits>>>,
    budget: Budget,
}

impl Observer for Watcher {
    fn memory_grown(&self, memory: &Memory) {
        // Without a scope no script can run and see the old buffer before the next one opens:
        // memories grow in calls only, and calls have one.
        self.loan.with(|ctx| memory::refresh(ctx, memory));
    }

    fn module_left(&self) {
        // As above.
        self.loan.with(|ctx| self.bindings.refresh(ctx));
    }

    fn stack_end(&self) -> Option<Rc<Cell<usize>>> {
        Some(self.script_stack.clone())
    }

    fn stopper(&self) -> Option<Stopper> {
        self.stopper.clone()
    }

    fn stack_entered(&self, usable_bytes: usize) {
        let left = self.loan.with(|ctx| enter_stack(ctx, usable_bytes));
        self.left_stacks.borrow_mut().push(left);
    }

    fn stack_left(&self) {
        if let Some(before) = self.left_stacks.borrow_mut().pop().flatten() {
            self.loan.with(|ctx| leave_stack(ctx, before));
        }
    }

    fn account(&self) -> Option<Rc<dyn Account>> {
        Some(Rc::new(OneBudget(self.budget.clone())))
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("started", &self.0.space.get().is_some()).finish()
    }
}
