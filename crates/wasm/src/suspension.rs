//! Calls that wait: a module calls a function of the host whose result is there only later, and
//! meanwhile the host goes on, and may call the same instances.
//!
//! Such a call runs on a stack of its own ([`Fiber`]). Only code of one group may wait, and only
//! with nothing of the host between: then what a wait has to put aside and bring back is all of
//! one store, and known.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use wasmtime::{RootScope, Store, StoreContextMut, Val};

use crate::failure::{self, Failure};
use crate::fiber::{Fiber, Pause};
use crate::func::{CallError, Signature, call_numbers, call_values};
use crate::group::{GroupData, GroupInner, Lent};
use crate::host::{ThreadBound, Thrown};
use crate::interrupt::{self, Entered};
use crate::raw_store::{Activation, RawStore};
use crate::root_depth::RootDepth;
use crate::space::stack_address;
use crate::value::{lift, lower};
use crate::waiting_refs::WaitingRefs;
use crate::{Func, Group, Slot, Value};

/// So many calls may wait at a time, in all groups of a space: each takes two mappings, of which
/// the system has not many more than 60 000.
pub const MAX_WAITING_CALLS: usize = 20_000;

/// The stack of a call that may wait: address space, of which memory is what was touched.
pub const STACK_BYTES: usize = 2 << 20;

/// Of that the host's own code may use so much. The rest is for what must not fail in the middle,
/// as on a thread's own stack.
pub const HOST_BYTES_OF_STACK: usize = 1 << 20;

/// A function of the host for whose result a module waits.
pub trait SuspendingFunction: 'static {
    /// Asks for the result. The call waits after that, until it is resumed.
    fn begin(&self, group: &Group, arguments: Vec<Value>) -> Result<(), Thrown>;

    /// Takes it: the call was resumed. The results must be as many and of the types that the
    /// signature says.
    fn end(&self, group: &Group) -> Result<Vec<Value>, Thrown>;

    /// The call cannot wait.
    fn refuse(&self, why: CannotWait) -> Thrown;
}

/// Why a call cannot wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotWait {
    /// It is not on a stack of its own: no [`Suspension`] began it.
    NotSuspendable,
    /// Something of the host, or modules of another group, is between.
    HostBetween,
}

/// Arguments on the way in, results on the way out.
#[derive(Debug)]
pub enum Passed {
    /// Only numbers: as many slots as the signature needs.
    Numbers(Vec<Slot>),
    /// Any values.
    Values(Vec<Value>),
}

/// How far a call came.
#[derive(Debug)]
pub enum Progress {
    /// It waits.
    Waiting,
    /// It ended.
    Ended(Result<Passed, CallError>),
}

/// A call on a stack of its own.
pub struct Suspension {
    /// There until dropped.
    stack: Option<Stack>,
    func: Func,
    is_waiting: bool,
}

/// A stack, and the call on it: kept together for the next call.
pub(crate) struct Stack {
    fiber: Fiber,
    running: Rc<Running>,
}

/// A call on a stack of its own, as code on that stack finds it.
pub(crate) struct Running {
    pause: Pause,
    group: Cell<*const GroupInner>,
    /// Whether the call is of a function of a module: of the host's own there is no telling what
    /// is on the stack.
    is_of_module: Cell<bool>,
    /// Where the stack ends for the host.
    host_end: Cell<usize>,
    /// Whether the observer knows that we are on another stack.
    is_announced: Cell<bool>,
    /// What the call came to, once it ended.
    outcome: Cell<Option<Result<Passed, CallError>>>,
}

impl Suspension {
    /// Gets ready to call. Fails if there are too many calls, or no memory for one more stack.
    pub fn new(func: &Func) -> Result<Self, String> {
        let group = func.group();
        if group.space().stack_end().is_none() {
            let reason = "calls that wait need a host that says where its stack ends";
            return Err(reason.to_owned());
        }
        let stack = group.space().fibers().take(group.space().engine().raw())?;
        // SAFETY: the function's store is alive.
        let is_of_module = unsafe { RawStore::of(func.key().context) }.is_some();
        stack.running.group.set(Rc::as_ptr(&group.0));
        stack.running.is_of_module.set(is_of_module);
        Ok(Self { stack: Some(stack), func: func.clone(), is_waiting: false })
    }

    /// Calls the function. To be done once.
    pub fn start(&mut self, passed: Passed) -> Progress {
        if let Some(Stack { fiber, running }) = &self.stack {
            let (func, running) = (self.func.clone(), running.clone());
            fiber.give(Box::new(move || {
                let group = func.group();
                running.host_end.set(stack_address().saturating_sub(HOST_BYTES_OF_STACK));
                running.announce(group);
                running.outcome.set(Some(call(group, &func, passed)));
            }));
        }
        self.resume()
    }

    /// Lets the call go on that waits. The function for which it waited will find the result.
    pub fn resume(&mut self) -> Progress {
        if let Err(error) = self.switch() {
            return Progress::Ended(Err(CallError::Failure(Failure::Other(format!("{error:#}")))));
        }
        let outcome = self.stack.as_ref().and_then(|stack| stack.running.outcome.take());
        outcome.map_or(Progress::Waiting, Progress::Ended)
    }

    /// Runs what is on the other stack until it pauses or ends.
    fn switch(&mut self) -> wasmtime::Result<()> {
        let group = self.func.group();
        let Some(Stack { fiber, running }) = &mut self.stack else {
            return Err(wasmtime::Error::msg("the call is over"));
        };
        let is_lent = group.0.lent.get().is_some();
        let refs = if is_lent { Some(root_here(group)?) } else { None };
        let resumed = {
            let _outside = Outside::new(group, running, self.is_waiting);
            fiber.resume()
        };
        self.is_waiting = !fiber.is_idle();
        if resumed.is_err() {
            // There was no memory for the stack.
            (self.stack, self.is_waiting) = (None, false);
            group.space().fibers().lose();
        }
        if let Some(refs) = refs {
            // SAFETY: we are back, and nothing was called since.
            group.enter(|cx| unsafe { refs.write_back(cx) })?;
        }
        resumed
    }
}

impl Drop for Suspension {
    fn drop(&mut self) {
        let Some(stack) = self.stack.take() else { return };
        let group = self.func.group();
        if !self.is_waiting {
            group.space().fibers().give_back(stack);
            return;
        }
        // What is on the stack returns, without running code of modules or of script.
        let _outside = Outside::new(group, &stack.running, true);
        drop(stack.fiber);
        group.space().fibers().lose();
    }
}

fn call(group: &Group, func: &Func, passed: Passed) -> Result<Passed, CallError> {
    match passed {
        Passed::Numbers(mut slots) => {
            let done = call_numbers(group, func.raw(), func.signature(), &mut slots);
            done.map(|()| Passed::Numbers(slots)).map_err(|failure| CallError::Failure(*failure))
        }
        Passed::Values(values) => {
            call_values(group, func.raw(), func.signature(), &values).map(Passed::Values)
        }
    }
}

/// What a switch to another stack changes, as it was: put back when the switch is over.
///
/// Wasmtime does the same for the store that a stack belongs to, but not for those whose code
/// is on it.
struct Outside<'a> {
    group: &'a Group,
    running: &'a Running,
    lent: Lent,
    in_use: bool,
    store: Option<(usize, Activation)>,
    outer_activations: Vec<Option<Activation>>,
    entered_at: usize,
    roots: Option<(RootDepth, RootScope<&'a mut Store<GroupData>>)>,
    /// What this thread runs is told for each stack by itself.
    _nothing_runs: Entered,
}

impl<'a> Outside<'a> {
    fn new(group: &'a Group, running: &'a Rc<Running>, is_waiting: bool) -> Self {
        group.space().fibers().running.borrow_mut().push(running.clone());
        // What code on the other stack roots it does not need any more after a pause.
        let roots = (!group.0.in_use.get()).then(|| {
            let depth = group.enter(RootDepth::of);
            // SAFETY: the group has the store. The scope looks at it only when it ends, and then
            // nobody else does.
            (depth, RootScope::new(unsafe { &mut *group.0.store.get() }))
        });
        Self {
            group,
            running,
            lent: group.0.lent.take(),
            // Code that waits has the store.
            in_use: group.0.in_use.replace(is_waiting),
            // Nothing below the other stack is seen from there: it may be gone when code on that
            // one goes on.
            store: group
                .raw_store()
                .map(|store| (store.stack_limit.get(), store.activation.take())),
            outer_activations: group.0.outer_activations.take(),
            entered_at: group.space().entered_at().get(),
            roots,
            _nothing_runs: interrupt::running(None),
        }
    }
}

impl Drop for Outside<'_> {
    fn drop(&mut self) {
        let space = self.group.space();
        space.entered_at().set(self.entered_at);
        self.group.0.outer_activations.replace(std::mem::take(&mut self.outer_activations));
        if let (Some(store), Some((limit, activation))) = (self.group.raw_store(), self.store) {
            store.stack_limit.set(limit);
            store.activation.set(activation);
        }
        self.group.0.in_use.set(self.in_use);
        self.group.0.lent.set(self.lent);
        if let Some((depth, scope)) = self.roots.take() {
            self.group.enter(|cx| depth.restore(cx));
            drop(scope);
        }
        space.fibers().running.borrow_mut().pop();
        if self.running.is_announced.take() {
            space.observer().stack_left();
        }
    }
}

/// Roots the references in the frames of the group's code on the stack that is about to be left.
fn root_here(group: &Group) -> wasmtime::Result<WaitingRefs> {
    let unknown = || wasmtime::Error::msg("an instance is being made whose code is not known yet");
    let store = group.raw_store().ok_or_else(unknown)?;
    let outer = group.0.outer_activations.borrow();
    let mut activations = outer.iter().copied().collect::<Option<Vec<_>>>().ok_or_else(unknown)?;
    activations.push(store.activation.get());
    // SAFETY: the host is running: all code of the group on this stack waits for host functions.
    group.enter(|cx| unsafe { WaitingRefs::root(cx, store, &group.0, &activations) })
}

impl Running {
    /// Tells the observer that we are on this stack now.
    fn announce(&self, group: &Group) {
        let space = group.space();
        space.entered_at().set(stack_address());
        self.is_announced.set(true);
        space.observer().stack_entered(stack_address().saturating_sub(self.host_end.get()));
    }

    /// Leaves the stack until the call is resumed.
    ///
    /// Fails if it is dropped instead: then there is nothing more to be done on the stack.
    ///
    /// # Safety
    /// A function of a module called the host function that is running and has `cx`, and
    /// [`may_wait`] found this.
    unsafe fn wait(
        &self,
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
    ) -> wasmtime::Result<()> {
        let store =
            group.raw_store().ok_or_else(|| wasmtime::Error::msg("the store is unknown"))?;
        // SAFETY: by the caller, this is the activation that called the host function.
        let refs = unsafe { WaitingRefs::root(cx, store, &group.0, &[store.activation.get()]) }?;
        let depth = RootDepth::of(cx);
        let (limit, activation) = (store.stack_limit.get(), store.activation.get());
        let nothing_runs = interrupt::running(None);
        let waited = self.pause.wait();
        drop(nothing_runs);
        store.stack_limit.set(limit);
        store.activation.set(activation);
        depth.restore(cx);
        waited?;
        // SAFETY: the frames below us were left alone, and are the store's innermost again.
        unsafe { refs.write_back(cx) }?;
        self.announce(group);
        Ok(())
    }
}

/// The call that the host function which is running can make wait, if nothing but code of its
/// own group is between.
fn may_wait(group: &Group) -> Result<Rc<Running>, CannotWait> {
    let running = group
        .space()
        .fibers()
        .running
        .borrow()
        .last()
        .cloned()
        .ok_or(CannotWait::NotSuspendable)?;
    // A host function below us on this stack would have lent the store.
    let is_bare = running.group.get() == Rc::as_ptr(&group.0) && group.0.lent.get().is_none();
    if is_bare && running.is_of_module.get() { Ok(running) } else { Err(CannotWait::HostBetween) }
}

/// Makes a function of the group whose body is the host's, and waits.
pub(crate) fn new(
    cx: &mut StoreContextMut<'_, GroupData>,
    signature: &Signature,
    body: Box<dyn SuspendingFunction>,
) -> wasmtime::Func {
    let bound = ThreadBound((body, signature.clone()));
    wasmtime::Func::new(&mut *cx, signature.ty().clone(), move |mut caller, arguments, results| {
        let ThreadBound((body, signature)) = &bound;
        let mut cx = wasmtime::AsContextMut::as_context_mut(&mut caller);
        run(&mut cx, body.as_ref(), signature, arguments, results)
    })
}

fn run(
    cx: &mut StoreContextMut<'_, GroupData>,
    body: &dyn SuspendingFunction,
    signature: &Signature,
    arguments: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let group = Group::of(cx.data().group());
    let running = may_wait(&group);
    let mut lifted = Vec::with_capacity(arguments.len());
    for argument in arguments {
        lifted.push(lift(&group, cx, *argument)?);
    }
    let begun = group.0.lend(cx, || {
        group.settle();
        match &running {
            Ok(_) => body.begin(&group, lifted),
            Err(why) => Err(body.refuse(*why)),
        }
    });
    begun.map_err(|thrown| failure::into_error(&group.0, cx, thrown))?;
    if let Ok(running) = running {
        // SAFETY: `may_wait` found it, and a function of a module called us: it found the store
        // of that.
        unsafe { running.wait(&group, cx) }?;
    }
    let returned = group.0.lend(cx, || body.end(&group));
    let returned = returned.map_err(|thrown| failure::into_error(&group.0, cx, thrown))?;
    for ((result, value), ty) in results.iter_mut().zip(&returned).zip(signature.results()) {
        *result = lower(&group, cx, value, ty)
            .map_err(|_| wasmtime::Error::msg("a host function returned a wrong type"))?;
    }
    Ok(())
}

/// The stacks of a space: those that run, innermost last, and some that do not.
#[derive(Default)]
pub(crate) struct Fibers {
    pub(crate) running: RefCell<Vec<Rc<Running>>>,
    idle: RefCell<Vec<Stack>>,
    /// All of them, waiting ones too.
    count: Cell<usize>,
}

/// So many stacks are kept for the next calls.
const MOST_IDLE: usize = 16;

impl Fibers {
    fn take(&self, engine: &wasmtime::Engine) -> Result<Stack, String> {
        if let Some(idle) = self.idle.borrow_mut().pop() {
            return Ok(idle);
        }
        if self.count.get() >= MAX_WAITING_CALLS {
            return Err(format!("{MAX_WAITING_CALLS} calls are waiting already, as many as may"));
        }
        let fiber = Fiber::new(engine).map_err(|error| format!("{error:#}"))?;
        self.count.set(self.count.get() + 1);
        let running = Rc::new(Running {
            pause: fiber.pause(),
            group: Cell::new(std::ptr::null()),
            is_of_module: Cell::new(false),
            host_end: Cell::new(0),
            is_announced: Cell::new(false),
            outcome: Cell::new(None),
        });
        Ok(Stack { fiber, running })
    }

    fn give_back(&self, stack: Stack) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() < MOST_IDLE {
            idle.push(stack);
            return;
        }
        drop(idle);
        drop(stack);
        self.lose();
    }

    /// One of them is gone.
    fn lose(&self) {
        self.count.set(self.count.get().saturating_sub(1));
    }
}

impl fmt::Debug for Suspension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suspension").field("is_waiting", &self.is_waiting).finish_non_exhaustive()
    }
}
