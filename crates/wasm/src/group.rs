//! Linking groups: one Wasmtime store each, which lives as long as anything in it is used.
//!
//! A store is borrowed mutably while its code runs, and host functions may come back into it.
//! So a group keeps track of who has the store: nobody (it is borrowed from the group), or a
//! host function that is running (which lent its own access), or code of the store (then
//! nothing else of ours runs, except by mistake: see [`Group::enter`]).

use std::cell::{Cell, OnceCell, RefCell, UnsafeCell};
use std::collections::HashMap;
use std::fmt;
use std::ptr::NonNull;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use wasmtime::{AnyRef, AsContextMut, RootScope, Rooted, Store, StoreContextMut, WasmBacktrace};

use crate::array_copier::ArrayCopier;
use crate::exception::ExceptionInner;
use crate::failure::{self, Frame};
use crate::func::{self, BridgeTarget, FuncInner};
use crate::gc_object::GcInner;
use crate::global::GlobalInner;
use crate::identity::Identities;
use crate::interrupt::{self, Running};
use crate::limiter::Limits;
use crate::memory::MemoryInner;
use crate::module::{Code, Module};
use crate::raw_store::{Activation, RawStore};
use crate::region::{Grown, Region};
use crate::shown_exception::WideTag;
use crate::space::Entry;
use crate::stack_limit::StackLimit;
use crate::table::TableInner;
use crate::{Failure, Func, GcObject, HostValues, Memory, Space, Tag, Thrown};

/// Instances that are linked with one another.
#[derive(Clone)]
pub struct Group(pub(crate) Rc<GroupInner>);

pub(crate) struct GroupInner {
    /// Last to go: everything below may refer to it.
    pub(crate) store: UnsafeCell<Store<GroupData>>,
    pub(crate) lent: Cell<Lent>,
    pub(crate) in_use: Cell<bool>,
    space: Space,
    host_values: Rc<dyn HostValues>,
    pub(crate) modules: RefCell<Vec<Module>>,
    /// Whether code of the group may catch exceptions.
    catches: Cell<bool>,
    /// References to host values that were made since garbage was collected last.
    host_refs: Cell<u32>,
    /// Found with the first function of a module.
    raw_store: OnceCell<NonNull<RawStore>>,
    /// Found with that, if its code does not run then.
    stack_limit: OnceCell<StackLimit>,
    /// What is known of the store when it has to stop.
    running: Running,
    /// What code of the group is on the stack below the innermost, on the same stack: innermost
    /// last. `None` for what was called before the store was found.
    pub(crate) outer_activations: RefCell<Vec<Option<Activation>>>,
    /// That of the space, where every call looks.
    grown: Grown,
    /// Made when it is first needed.
    pub(crate) array_copier: OnceCell<ArrayCopier>,
    pub(crate) interned: Interned,
}

pub(crate) type Lent = Option<NonNull<StoreContextMut<'static, GroupData>>>;

/// The handles of what is in the store, so that the same thing is the same handle.
#[derive(Default)]
pub(crate) struct Interned {
    pub(crate) functions: RefCell<HashMap<func::Key, Weak<FuncInner>>>,
    /// Which one a function of the host was among those that were imported with it.
    pub(crate) host_indices: RefCell<HashMap<func::Key, u32>>,
    /// Functions of other groups as functions of this one, by the address of their group and
    /// what they are there. Each bridge refers to its group, so the address is not used again.
    pub(crate) bridges: RefCell<HashMap<(usize, func::Key), wasmtime::Func>>,
    /// What the bridges lead to, by what they are in this group.
    pub(crate) bridged: RefCell<HashMap<func::Key, Rc<BridgeTarget>>>,
    /// Memories that may be other groups' too.
    pub(crate) adopted: RefCell<Vec<Memory>>,
    /// By `debug_index_in_store`, which is an identity, like for the next three.
    pub(crate) memories: RefCell<HashMap<u64, Weak<MemoryInner>>>,
    pub(crate) tables: RefCell<HashMap<u64, Weak<TableInner>>>,
    pub(crate) globals: RefCell<HashMap<u64, Weak<GlobalInner>>>,
    pub(crate) tags: RefCell<HashMap<u64, Tag>>,
    pub(crate) objects: Identities<GcInner>,
    pub(crate) exceptions: Identities<ExceptionInner>,
    /// By the tag that the exceptions show: see [`crate::shown_exception`].
    pub(crate) wide_tags: RefCell<HashMap<u64, Rc<WideTag>>>,
}

/// What a store carries: the way back to its group.
pub(crate) struct GroupData {
    /// Points at the group that owns the store.
    group: *const GroupInner,
    limits: Limits,
}

impl GroupData {
    pub(crate) fn group(&self) -> &GroupInner {
        // SAFETY: the group owns the store that owns this, and does not move: it is in an Rc.
        unsafe { &*self.group }
    }

    /// The heap for the store's objects, if there is one.
    pub(crate) fn heap(&self) -> Option<&Arc<Region>> {
        self.limits.heap()
    }
}

/// Collecting garbage is worth it after so many new references to host values: each may keep
/// something large alive, of which the store's collector knows nothing.
const HOST_REFS_PER_COLLECTION: u32 = 50_000;

impl Group {
    /// A group with nothing in it.
    pub fn new(space: &Space, host_values: Rc<dyn HostValues>) -> Result<Self, String> {
        let limits = Limits::new(space.books());
        let data = GroupData { group: std::ptr::null(), limits };
        let store = Store::try_new(space.engine().raw(), data);
        let store = store.map_err(|error| format!("{error:#}"))?;
        let group = Self(Rc::new(GroupInner {
            store: UnsafeCell::new(store),
            lent: Cell::new(None),
            in_use: Cell::new(false),
            space: space.clone(),
            host_values,
            modules: RefCell::default(),
            catches: Cell::new(false),
            host_refs: Cell::new(0),
            raw_store: OnceCell::new(),
            stack_limit: OnceCell::new(),
            running: Running::new(space.stopper()),
            outer_activations: RefCell::default(),
            grown: space.grown().clone(),
            array_copier: OnceCell::new(),
            interned: Interned::default(),
        }));
        // SAFETY: the group is new: nobody else has its store.
        let store = unsafe { &mut *group.0.store.get() };
        store.data_mut().group = Rc::as_ptr(&group.0);
        store.limiter(|data| &mut data.limits);
        Ok(group)
    }

    /// The group of a running host function.
    pub(crate) fn of(inner: &GroupInner) -> Self {
        // SAFETY: every `GroupInner` is in an Rc, which whoever entered the group holds.
        unsafe {
            Rc::increment_strong_count(inner);
            Self(Rc::from_raw(inner))
        }
    }

    pub(crate) fn from_inner(inner: Rc<GroupInner>) -> Self {
        Self(inner)
    }

    /// Where it is: its identity for as long as anything refers to it, weakly or not.
    pub(crate) fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }

    pub(crate) fn downgrade(&self) -> Weak<GroupInner> {
        Rc::downgrade(&self.0)
    }

    /// Whether both are the same group.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// What all groups of the isolate share.
    pub fn space(&self) -> &Space {
        &self.0.space
    }

    /// The embedder's table of values that this group refers to.
    pub fn host_values(&self) -> &Rc<dyn HostValues> {
        &self.0.host_values
    }

    pub(crate) fn interned(&self) -> &Interned {
        &self.0.interned
    }

    pub(crate) fn add_module(&self, module: &Module) {
        let mut modules = self.0.modules.borrow_mut();
        if !modules.iter().any(|known| known.same(module)) {
            modules.push(module.clone());
            if self.0.space.stopper().is_some() {
                self.0.running.add_code(module.code());
            }
        }
        if module.uses_exceptions() {
            self.0.catches.set(true);
        }
    }

    /// Learns of the store what stopping needs, though no function of it is known yet. For what
    /// runs code before its exports can be had.
    pub(crate) fn find_store(
        &self,
        cx: &mut StoreContextMut<'_, GroupData>,
    ) -> wasmtime::Result<()> {
        if self.0.running.knows_store() || self.0.space.stopper().is_none() {
            return Ok(());
        }
        let Some(landing) = self.0.space.engine().watch().landing() else { return Ok(()) };
        let instance = wasmtime::Instance::new(&mut *cx, landing.module(), &[])?;
        self.0.add_own_code(landing.module());
        if let Some(func) = instance.get_func(&mut *cx, "") {
            let (key, _) = func::key_and_code(cx, func);
            self.find_stack_limit(key);
        }
        Ok(())
    }

    pub(crate) fn collect_if_due(&self, cx: &mut StoreContextMut<'_, GroupData>) {
        self.0.collect_if_due(cx);
    }

    /// Whether nothing of the group may run any more.
    #[inline]
    pub(crate) fn is_stopped(&self) -> bool {
        self.0.running.is_stopped()
    }

    /// Looks for the store's limit where a function of it would have it.
    pub(crate) fn find_stack_limit(&self, key: func::Key) {
        if self.0.stack_limit.get().is_some() {
            return;
        }
        // SAFETY: the key is of a function of our store.
        let Some(store) = (unsafe { RawStore::of(key.context) }) else { return };
        self.0.raw_store.get_or_init(|| store);
        self.0.running.set_store(store.as_ptr());
        if let Some(host_end) = self.0.space.stack_end()
            // SAFETY: the store is ours.
            && let Some(found) = unsafe { StackLimit::find(store, host_end) }
        {
            self.0.stack_limit.get_or_init(|| found);
        }
    }

    /// What Wasmtime's interface does not show of the store.
    pub(crate) fn raw_store(&self) -> Option<&RawStore> {
        // SAFETY: it is in the store, which is ours.
        self.0.raw_store.get().map(|store| unsafe { store.as_ref() })
    }

    /// Says how deep the store's code may go, before the host calls it. Keep what is returned
    /// until the call is over.
    #[inline]
    pub(crate) fn begin_call(&self) -> Option<NestedCall<'_>> {
        // SAFETY: the store is ours, and the host is running.
        let limit = self.0.stack_limit.get().and_then(|limit| unsafe { limit.update() });
        self.0.lent.get().is_some().then(|| NestedCall::new(&self.0, limit))
    }

    /// As [`Self::begin_call`] does, for a store that was found since.
    pub(crate) fn limit_stack(&self) {
        if let Some(limit) = self.0.stack_limit.get() {
            // SAFETY: the store is ours, and the host is running.
            unsafe { limit.update() };
        }
    }

    /// The host is about to call code of this store, from outside of any.
    #[inline]
    pub(crate) fn enter_space(&self) -> Option<Entry<'_>> {
        if self.0.stack_limit.get().is_some() { None } else { self.0.space.enter() }
    }

    /// As [`Space::settle`].
    #[inline]
    pub(crate) fn settle(&self) {
        self.0.settle();
    }

    pub(crate) fn catches(&self) -> bool {
        self.0.catches.get()
    }

    /// The index of a function within its module, by the address of its code.
    pub(crate) fn function_at(&self, address: usize) -> Option<u32> {
        self.0.modules.borrow().iter().find_map(|module| module.function_at(address))
    }

    /// The module that was compiled to this.
    pub(crate) fn module_of(&self, compiled: &wasmtime::Module) -> Option<Module> {
        let modules = self.0.modules.borrow();
        modules.iter().find(|module| module.is_compiled_as(compiled)).cloned()
    }

    /// The functions of modules that are running in this group, innermost first: none while
    /// code of modules itself runs, and not the outermost of very many.
    pub fn frames(&self) -> Vec<Frame> {
        if self.0.in_use.get() {
            return Vec::new();
        }
        self.enter(|cx| failure::frames_of(self, &WasmBacktrace::force_capture(&*cx)))
    }

    /// Opens the store.
    ///
    /// Inside of `body` the store is taken: only code of modules may run there, whose calls to
    /// host functions lend it again.
    ///
    /// # Panics
    /// If `body` comes back here by another way: a bug of this crate.
    #[inline]
    pub(crate) fn enter<R>(
        &self,
        body: impl FnOnce(&mut StoreContextMut<'_, GroupData>) -> R,
    ) -> R {
        body(&mut self.open().cx())
    }

    /// As [`Self::enter`], until what this returns is dropped.
    #[inline(always)]
    pub(crate) fn open(&self) -> Open<'_> {
        assert!(!self.0.in_use.replace(true), "a store was entered twice");
        let running = interrupt::running(Some(&self.0.running));
        Open { group: &self.0, _running: running }
    }

    /// Keeps everybody out of the store until dropped: entering it panics.
    pub(crate) fn hold(&self) -> Held {
        Held { was_in_use: self.0.in_use.replace(true), group: self.clone() }
    }

    /// As [`Self::enter`], in a scope after which references made there are forgotten.
    pub(crate) fn enter_rooted<R>(
        &self,
        body: impl FnOnce(&mut StoreContextMut<'_, GroupData>) -> R,
    ) -> R {
        self.enter(|cx| {
            self.0.collect_if_due(cx);
            let mut scope = RootScope::new(&mut *cx);
            body(&mut scope.as_context_mut())
        })
    }

    /// The handle of a struct or array.
    pub(crate) fn intern_object(
        &self,
        cx: &mut StoreContextMut<'_, GroupData>,
        object: Rooted<AnyRef>,
    ) -> wasmtime::Result<GcObject> {
        GcObject::intern(self, cx, object)
    }

    /// The handle of a function.
    pub(crate) fn intern_func(
        &self,
        cx: &mut StoreContextMut<'_, GroupData>,
        func: wasmtime::Func,
    ) -> Func {
        Func::intern(self, cx, func)
    }

    /// The function as one of this group: itself, or a bridge to its own group.
    pub(crate) fn adopt_func(
        &self,
        cx: &mut StoreContextMut<'_, GroupData>,
        func: &Func,
    ) -> wasmtime::Result<wasmtime::Func> {
        func.in_group(self, cx)
    }
}

impl GroupInner {
    /// Lends the store to whatever the host function `body` calls.
    #[inline]
    pub(crate) fn lend<R>(
        &self,
        cx: &mut StoreContextMut<'_, GroupData>,
        body: impl FnOnce() -> R,
    ) -> R {
        struct Back<'a> {
            group: &'a GroupInner,
            lent: Lent,
        }
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.group.lent.set(self.lent);
                self.group.in_use.set(true);
            }
        }
        // The lifetime is forgotten here and kept by `Back`.
        let pointer = NonNull::from(cx).cast::<StoreContextMut<'static, GroupData>>();
        let _back = Back { group: self, lent: self.lent.replace(Some(pointer)) };
        self.in_use.set(false);
        let _entered = interrupt::running(None);
        body()
    }

    pub(crate) fn space(&self) -> &Space {
        &self.space
    }

    /// Notes a module of this crate's own that is in the store: calls of other modules may lead
    /// through its trampolines.
    pub(crate) fn add_own_code(&self, module: &wasmtime::Module) {
        if self.space.stopper().is_some() {
            self.running.add_code(Code::without_functions(module));
        }
    }

    /// What a host function came to, unless the module may not go on.
    #[inline]
    pub(crate) fn unless_stopped<R, E: From<Thrown>>(&self, result: Result<R, E>) -> Result<R, E> {
        if self.running.is_stopped() {
            return Err(Thrown::Failure(Box::new(Failure::Stopped)).into());
        }
        result
    }

    /// As [`Space::settle`].
    #[inline]
    pub(crate) fn settle(&self) {
        if self.grown.any() {
            self.space.settle();
        }
    }

    /// Collects garbage if many references to host values were made. Moves objects: to be
    /// called while none is held that is not rooted.
    #[inline]
    pub(crate) fn collect_if_due(&self, cx: &mut StoreContextMut<'_, GroupData>) {
        if self.host_refs.get() >= HOST_REFS_PER_COLLECTION {
            self.host_refs.set(0);
            // It fails when asynchronous calls run: then another time.
            drop(cx.gc(None));
        }
    }

    /// Counts new references, by how much they are likely to keep.
    pub(crate) fn note_host_refs(&self, count: u32) {
        self.host_refs.set(self.host_refs.get().saturating_add(count));
    }
}

/// A call of code of a group from a host function that code of the group called.
pub(crate) struct NestedCall<'a> {
    group: &'a GroupInner,
    /// What the limit was: code of the group that is on another stack has its own.
    previous_limit: Option<usize>,
}

impl<'a> NestedCall<'a> {
    fn new(group: &'a GroupInner, previous_limit: Option<usize>) -> Self {
        // SAFETY: it is in the group's store.
        let store = group.raw_store.get().map(|store| unsafe { store.as_ref() });
        group.outer_activations.borrow_mut().push(store.map(|store| store.activation.get()));
        Self { group, previous_limit }
    }
}

impl Drop for NestedCall<'_> {
    fn drop(&mut self) {
        self.group.outer_activations.borrow_mut().pop();
        if let (Some(limit), Some(previous)) = (self.group.stack_limit.get(), self.previous_limit) {
            // SAFETY: it is in the group's store; the host is running.
            unsafe { limit.set(previous) };
        }
    }
}

/// See [`Group::hold`].
pub(crate) struct Held {
    group: Group,
    was_in_use: bool,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.group.0.in_use.set(self.was_in_use);
    }
}

/// A group's store, taken.
pub(crate) struct Open<'a> {
    group: &'a GroupInner,
    _running: interrupt::Entered,
}

impl Open<'_> {
    #[inline(always)]
    pub(crate) fn cx(&mut self) -> StoreContextMut<'_, GroupData> {
        match self.group.lent.get() {
            // SAFETY: the host function that lent it is still running: it takes it back when
            // it ends. Nobody else uses it: `in_use` was false.
            Some(mut lent) => unsafe { lent.as_mut().as_context_mut() },
            // SAFETY: nobody else has the store: `in_use` was false, and nothing is lent.
            None => unsafe { (*self.group.store.get()).as_context_mut() },
        }
    }
}

impl Drop for Open<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.group.in_use.set(false);
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("address", &Rc::as_ptr(&self.0)).finish()
    }
}
