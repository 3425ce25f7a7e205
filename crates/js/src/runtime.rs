//! A runtime: one JavaScript heap, its job queue and its limits.
//!
//! How it ends, in this order, so that QuickJS finds no live object and no Rust value
//! touches a dead heap:
//! 1. roots and realm slots are dropped (they may hold JS values);
//! 2. QuickJS frees the heap; finalizers move what must not die there to the graveyard;
//! 3. realm data, then the graveyard, are freed.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use rquickjs::{Context, Ctx, Error, Object, Result, Value, qjs};

use crate::allocator::{Budget, Heap};
use crate::async_context::AsyncContext;
use crate::buffer::{Aliases, SharedBlocks};
use crate::host_object::{Classes, Graveyard};
use crate::jobs::Rejections;
use crate::limits::{Interrupter, Limits};
use crate::modules::{LoaderSlot, ModuleLoader};
use crate::native::NativeEntries;
use crate::raw::RawRuntime;
use crate::realm::RealmData;
use crate::reflect::{Kind, PropertyKey, lookup};
use crate::root::Roots;
use crate::stack::Stack;
use crate::text::to_text;
use crate::weak_refs::KeptObjects;
use crate::{buffer, host_object, jobs, modules};

/// One JavaScript heap. Cheap to clone: clones are the same runtime.
#[derive(Clone)]
pub struct Runtime(Rc<Inner>);

struct Inner {
    /// Made with the runtime, since `rquickjs` shows the raw pointer only through a context;
    /// the first realm takes it.
    first_context: RefCell<Option<Context>>,
    /// Present until the end begins.
    engine: Option<rquickjs::Runtime>,
    realms: RefCell<Vec<Rc<RealmData>>>,
    shared: Rc<Shared>,
    interrupter: Interrupter,
}

/// What the callbacks of a runtime share; reachable from every realm's data.
pub(crate) struct Shared {
    pub(crate) raw: RawRuntime,
    /// False once the heap is gone: late `Root`s and `Held`s then have nothing to release.
    pub(crate) alive: Rc<Cell<bool>>,
    pub(crate) classes: Classes,
    pub(crate) native_entries: NativeEntries,
    pub(crate) roots: Roots,
    pub(crate) graveyard: Rc<Graveyard>,
    pub(crate) aliases: Rc<Aliases>,
    pub(crate) shared_blocks: SharedBlocks,
    pub(crate) loader: LoaderSlot,
    pub(crate) rejections: Rejections,
    pub(crate) async_context: Rc<AsyncContext>,
    pub(crate) kept_objects: KeptObjects,
    /// See [`crate::ModuleRecord`].
    pub(crate) module_epoch: Cell<u64>,
    pub(crate) stack: Stack,
    pub(crate) heap: Heap,
    pub(crate) interrupter: Interrupter,
}

impl Runtime {
    /// Makes an empty heap under `limits`.
    pub fn new(limits: &Limits) -> Result<Self> {
        let interrupter = Interrupter::default();
        let budget = Budget::within(limits.heap_bytes, limits.family.clone());
        let heap = Heap::new(budget, interrupter.clone());
        let (engine, context) = heap.without_limit(|| {
            let engine = rquickjs::Runtime::new_with_alloc(heap.clone())?;
            // See `Shared::without_heap_limit`.
            let context = Context::full(&engine)?;
            Ok::<_, Error>((engine, context))
        })?;
        limits.apply(&engine, &interrupter);
        // SAFETY: the context is alive.
        let raw = unsafe { qjs::JS_GetRuntime(context.as_raw().as_ptr()) };
        // SAFETY: a new runtime, owned by this thread.
        let classes = unsafe { host_object::register(raw, context.as_raw().as_ptr())? };
        let shared = Rc::new(Shared {
            raw,
            alive: Rc::new(Cell::new(true)),
            classes,
            native_entries: NativeEntries::default(),
            roots: Roots::default(),
            graveyard: Rc::default(),
            aliases: Rc::default(),
            shared_blocks: SharedBlocks::new(heap.budget().clone()),
            loader: LoaderSlot::default(),
            rejections: Rejections::default(),
            async_context: Rc::default(),
            kept_objects: KeptObjects::default(),
            module_epoch: Cell::new(0),
            stack: Stack::new(limits.stack_bytes),
            heap,
            interrupter: interrupter.clone(),
        });
        // SAFETY: the callbacks find `Shared` through their context, not through a pointer.
        unsafe {
            modules::install_hooks(raw);
            shared.shared_blocks.install(raw);
            jobs::install_hooks(raw);
        }
        let runtime = Self(Rc::new(Inner {
            first_context: RefCell::new(Some(context.clone())),
            engine: Some(engine),
            realms: RefCell::default(),
            shared,
            interrupter,
        }));
        context.with(|ctx| buffer::install(&ctx, runtime.shared()))?;
        Ok(runtime)
    }

    /// Stops script from another thread, or at a deadline.
    pub fn interrupter(&self) -> &Interrupter {
        &self.0.interrupter
    }

    /// Says how modules are found and loaded.
    pub fn set_module_loader(&self, loader: Rc<dyn ModuleLoader>) {
        self.0.shared.loader.set(loader);
    }

    /// Bytes the heap holds now.
    pub fn memory_used_bytes(&self) -> usize {
        self.shared().heap.used_bytes()
    }

    /// What the heap is charged to; other memory of the isolate may be too.
    pub fn budget(&self) -> &Budget {
        self.shared().heap.budget()
    }

    /// For tests: has the heap grant this many requests for memory and then refuse so many.
    /// Gives what is left of the plan before.
    #[doc(hidden)]
    pub fn plan_refusals(&self, plan: Option<(usize, usize)>) -> Option<(usize, usize)> {
        self.shared().heap.set_plan(plan)
    }

    /// Collects cycles now.
    pub fn collect_garbage(&self) {
        self.engine().run_gc();
        self.0.shared.bury();
    }

    pub(crate) fn new_context(&self) -> Result<Context> {
        if let Some(first) = self.0.first_context.borrow_mut().take() {
            return Ok(first);
        }
        let shared = self.shared();
        let context = shared.without_heap_limit(|| Context::full(self.engine()))?;
        context.with(|ctx| buffer::install(&ctx, shared))?;
        Ok(context)
    }

    fn engine(&self) -> &rquickjs::Runtime {
        self.0.engine.as_ref().expect("taken in `drop` only")
    }

    pub(crate) fn shared(&self) -> &Rc<Shared> {
        &self.0.shared
    }

    pub(crate) fn keep_realm_data(&self, data: Rc<RealmData>) {
        self.0.realms.borrow_mut().push(data);
    }
}

impl Shared {
    /// Runs `make` with no limit on the heap. For making contexts: when the heap is full in the
    /// middle of that, QuickJS-NG frees the context and leaves it in the collector's list.
    pub(crate) fn without_heap_limit<R>(&self, make: impl FnOnce() -> R) -> R {
        self.heap.without_limit(make)
    }

    /// Drops what finalizers left: outside of every finalizer, so it may do anything.
    pub(crate) fn bury(&self) {
        self.graveyard.empty();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.first_context.get_mut().take();
        for realm in self.realms.get_mut() {
            realm.clear();
        }
        self.shared.loader.clear();
        self.shared.rejections.clear();
        self.shared.async_context.clear();
        self.shared.kept_objects.clear();
        self.shared.roots.release_all(self.shared.raw);
        self.shared.aliases.clear(self.shared.raw);
        self.engine.take();
        self.shared.alive.set(false);
        self.shared.bury();
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}

/// Drops what finalizers left, as leaving the realm does: for native code that makes so much
/// that it cannot wait for that. Not to be called from a finalizer.
pub fn bury(ctx: &Ctx<'_>) {
    RealmData::of(ctx).shared().bury();
}

/// Whether script has to stop: for native code that waits.
pub fn must_stop(ctx: &Ctx<'_>) -> bool {
    RealmData::of(ctx).shared().interrupter.is_due()
}

/// What tells, on any thread, whether the realm is to stop.
pub fn interrupter(ctx: &Ctx<'_>) -> Interrupter {
    RealmData::of(ctx).shared().interrupter.clone()
}

/// Collects cycles now: for native code whose objects hold more than the heap knows of.
pub fn collect_garbage(ctx: &Ctx<'_>) {
    // SAFETY: a live runtime on its own thread; no collection is running in a scope.
    unsafe { qjs::JS_RunGC(crate::raw::runtime(ctx)) };
    bury(ctx);
}

/// Bytes the heap of this scope's runtime holds.
pub fn heap_bytes(ctx: &Ctx<'_>) -> usize {
    RealmData::of(ctx).shared().heap.used_bytes()
}

/// What the heap of this scope's runtime is charged to.
pub fn budget(ctx: &Ctx<'_>) -> Budget {
    RealmData::of(ctx).shared().heap.budget().clone()
}

/// The bytes the heap of this scope's runtime may hold, where that is limited.
pub fn heap_limit_bytes(ctx: &Ctx<'_>) -> Option<usize> {
    budget(ctx).limit_bytes()
}

/// Whether a thrown value means that the heap is full. When not even the error fits any more,
/// the engine throws `null` or what it made of one: then it was refused memory before.
pub fn is_out_of_memory(ctx: &Ctx<'_>, thrown: &Value<'_>) -> bool {
    RealmData::of(ctx).shared().heap.was_refused()
        && (thrown.is_null() || thrown.as_object().is_some_and(is_half_made))
}

/// Whether an object is an `InternalError` for whose message the engine had no memory.
fn is_half_made(object: &Object<'_>) -> bool {
    const INSTEAD: &str = "Invalid error message";
    let shared = RealmData::of(object.ctx()).shared();
    let read = |key: &str| -> Result<Option<String>> {
        let found = lookup(object, &PropertyKey::new(object.ctx(), key)?)?;
        // Looking at the text takes memory, of which there is none; it runs no script.
        let text = |text| shared.without_heap_limit(|| to_text(object.ctx(), &text));
        found.filter(Value::is_string).map(text).transpose()
    };
    let read = |key| read(key).inspect_err(|_| drop(object.ctx().catch())).ok().flatten();
    Kind::of(object) == Kind::Error
        && read("name").as_deref() == Some("InternalError")
        && matches!(read("message").as_deref(), None | Some("" | INSTEAD))
}

/// The version of QuickJS-NG.
pub fn engine_version() -> String {
    // SAFETY: a constant string of the engine.
    unsafe { std::ffi::CStr::from_ptr(qjs::JS_GetVersion()) }.to_string_lossy().into_owned()
}
