//! Host objects: JavaScript objects whose inside is a Rust value.
//!
//! The rules of the collector, which counts references and finds cycles by trial deletion:
//! 1. A host object owns JS values only as [`Held`], and reports each exactly once in
//!    [`HostObject::trace`]. One that is not reported makes every cycle through it leak;
//!    one reported twice is a use after free.
//! 2. `Held` lives inside host objects and nowhere else; elsewhere use [`crate::Root`]. One
//!    that is shared with something outside becomes `undefined` when its object is collected.
//! 3. A finalizer runs in the middle of other work (any release of a reference can start
//!    it). The Rust value may therefore not be borrowed, run script, or touch an engine from
//!    its `Drop`; what needs that goes to the [`Graveyard`] in [`HostObject::finalize`].

use std::any::{Any, TypeId};
use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_void;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::rc::Rc;

use rquickjs::{Ctx, Error, Object, Result, Value, qjs};

use crate::raw::{self, RawContext, RawRuntime, own};
use crate::realm::{RealmData, foreign};
use crate::{function, name_scope, native, sealed};

/// The inside of a host object.
pub trait HostObject: 'static {
    /// Reports each [`Held`] value to the collector, once.
    fn trace(&self, tracer: &Tracer<'_>) {
        let _ = tracer;
    }

    /// The embedded value of the interface this one inherits from, if any: methods of the
    /// base interface then work on this object.
    fn base(&self, wanted: TypeId) -> Option<&dyn Any> {
        let _ = wanted;
        None
    }

    /// Called when the object is collected. Parts that must not be dropped in a finalizer
    /// go to the graveyard; `Held` values must not.
    fn finalize(self, graveyard: &Graveyard)
    where
        Self: Sized,
    {
        let _ = graveyard;
    }
}

/// Wraps `value` into an object with this prototype.
pub fn host_object<'js, T: HostObject>(
    ctx: &Ctx<'js>,
    prototype: &Object<'js>,
    value: T,
) -> Result<Object<'js>> {
    let class = RealmData::of(ctx).shared().classes.object;
    make(ctx, prototype.as_raw(), class, value)
}

/// An object of the sealed class: see [`crate::sealed`].
pub(crate) fn sealed_object<'js, T: HostObject>(ctx: &Ctx<'js>, value: T) -> Result<Object<'js>> {
    let class = RealmData::of(ctx).shared().classes.sealed;
    make(ctx, qjs::JS_NULL, class, value)
}

/// An object of the class of name scopes: see [`crate::name_scope`].
pub(crate) fn scope_object<'js, T: HostObject>(
    ctx: &Ctx<'js>,
    prototype: &Object<'js>,
    value: T,
) -> Result<Object<'js>> {
    let class = RealmData::of(ctx).shared().classes.name_scope;
    make(ctx, prototype.as_raw(), class, value)
}

fn make<'js, T: HostObject>(
    ctx: &Ctx<'js>,
    prototype: qjs::JSValue,
    class: qjs::JSClassID,
    value: T,
) -> Result<Object<'js>> {
    let parts = HostBox::leak(ctx, value);
    // SAFETY: the class is registered with this runtime; the prototype is alive.
    let made = unsafe {
        let object = qjs::JS_NewObjectProtoClass(raw::context(ctx), prototype, class);
        own(ctx, object)
    };
    let Ok(object) = made else {
        // SAFETY: no object took the box over.
        unsafe { drop(Box::from_raw(parts)) };
        return Err(Error::Exception);
    };
    // SAFETY: the object is new and of our class; it takes over the box.
    unsafe { qjs::JS_SetOpaque(object.as_raw(), parts.cast()) };
    object.into_object().ok_or(Error::Unknown)
}

/// The inside of `value`, when that is a host object made of a `T` or of something that
/// inherits from it.
pub fn host_ref<'a, T: HostObject>(value: &'a Value<'_>) -> Option<&'a T> {
    // SAFETY: objects of our classes carry a HostBox (or null, while they are being made); it
    // lives as long as the object, which `value` keeps alive, and is never borrowed mutably.
    unsafe {
        let pointer = host_box(value)?;
        let header = pointer.cast::<Header>().as_ref()?;
        (header.vtable.cast)(pointer, TypeId::of::<T>())
            .map(|inside| &*inside.cast::<T>().cast_const())
    }
}

/// Where the inside of a host object stands: plain, sealed, a name scope, or behind a native function.
fn host_box(value: &Value<'_>) -> Option<*mut c_void> {
    let classes = RealmData::of(value.ctx()).shared().classes;
    let mut class = qjs::JS_INVALID_CLASS_ID;
    // SAFETY: a live value; what is no object has no class.
    let pointer = unsafe { qjs::JS_GetAnyOpaque(value.as_raw(), &raw mut class) };
    if [classes.object, classes.sealed, classes.name_scope].contains(&class) {
        return Some(pointer);
    }
    let hidden = native::hidden(value)?;
    // SAFETY: the function, which `value` keeps alive, keeps its hidden object alive.
    Some(unsafe { qjs::JS_GetOpaque(hidden, classes.object) })
}

/// A flag that falls when the object is collected.
pub(crate) fn life(value: &Value<'_>) -> Option<Rc<Cell<bool>>> {
    // SAFETY: as in `host_ref`.
    let header = unsafe { host_box(value)?.cast::<Header>().as_ref()? };
    Some(header.life.get_or_init(|| Rc::new(Cell::new(true))).clone())
}

/// Visits the values of a host object: for the collector, or to release them with it.
pub struct Tracer<'a> {
    visit: Visit,
    _scope: PhantomData<&'a ()>,
}

#[derive(Clone, Copy)]
enum Visit {
    /// The collector is looking for what can be reached.
    Mark(RawRuntime, qjs::JS_MarkFunc),
    /// The object is gone. Its values must go in the same finalizer: the collector frees
    /// garbage whatever its count says, so one that is kept longer would dangle.
    Release,
}

impl Tracer<'_> {
    /// Reports one held value.
    pub fn mark(&self, held: &Held) {
        match self.visit {
            // SAFETY: the collector of this runtime is running and gave us its callback; the
            // value is owned by the object being traced.
            Visit::Mark(runtime, mark) => unsafe {
                qjs::JS_MarkValue(runtime, held.value.get(), mark);
            },
            Visit::Release => held.release(),
        }
    }
}

impl fmt::Debug for Tracer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").finish_non_exhaustive()
    }
}

/// A JS value owned by a host object: reported to the collector, not a root.
pub struct Held {
    value: Cell<qjs::JSValue>,
    runtime: RawRuntime,
    alive: Rc<Cell<bool>>,
}

impl Held {
    /// Takes a reference to the value.
    pub fn new(value: &Value<'_>) -> Self {
        let shared = RealmData::of(value.ctx()).shared();
        Self {
            value: Cell::new(raw::give(value)),
            runtime: shared.raw,
            alive: shared.alive.clone(),
        }
    }

    /// The value, in a scope of the runtime it came from.
    pub fn get<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        if raw::runtime(ctx) != self.runtime {
            return Err(foreign());
        }
        // SAFETY: owned by us, and of this runtime.
        Ok(unsafe { raw::borrow(ctx, self.value.get()) })
    }
}

impl Held {
    /// Takes a reference to an object.
    ///
    /// # Safety
    /// The object is alive and of this runtime, as is the flag.
    pub(crate) unsafe fn from_raw(
        object: qjs::JSValue,
        runtime: RawRuntime,
        alive: Rc<Cell<bool>>,
    ) -> Self {
        // SAFETY: by the caller; the new reference is ours.
        unsafe { qjs::JS_DupValueRT(runtime, object) };
        Self { value: Cell::new(object), runtime, alive }
    }

    /// A second reference to the same value, for another host object.
    pub fn duplicate(&self) -> Self {
        let value = self.value.get();
        if self.alive.get() {
            // SAFETY: a live value of a live runtime; the new reference is the copy's.
            unsafe { qjs::JS_DupValueRT(self.runtime, value) };
        }
        Self { value: Cell::new(value), runtime: self.runtime, alive: self.alive.clone() }
    }

    /// The value, not a new reference.
    pub(crate) fn raw(&self, ctx: &Ctx<'_>) -> Result<qjs::JSValue> {
        if raw::runtime(ctx) == self.runtime { Ok(self.value.get()) } else { Err(foreign()) }
    }

    /// Gives the reference back; from now on this holds `undefined`.
    fn release(&self) {
        let value = self.value.replace(qjs::JS_UNDEFINED);
        if self.alive.get() {
            // SAFETY: our own reference, in a heap that still exists.
            unsafe { qjs::JS_FreeValueRT(self.runtime, value) }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

/// Where finalizers put what may only be dropped when no script is on the stack.
#[derive(Default)]
pub struct Graveyard(RefCell<Vec<Box<dyn Any>>>);

impl Graveyard {
    /// Keeps `part` until the isolate is left.
    pub fn push(&self, part: impl Any) {
        self.0.borrow_mut().push(Box::new(part));
    }

    pub(crate) fn empty(&self) {
        // Dropping one part may put another one here.
        while let Some(part) = self.pop() {
            drop(part);
        }
    }

    fn pop(&self) -> Option<Box<dyn Any>> {
        self.0.borrow_mut().pop()
    }
}

impl fmt::Debug for Graveyard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graveyard").finish_non_exhaustive()
    }
}

/// The engine's class numbers for our objects, the same for all interfaces: what an object
/// is made of stands in its vtable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Classes {
    pub(crate) object: qjs::JSClassID,
    pub(crate) function: qjs::JSClassID,
    /// See [`crate::sealed`].
    pub(crate) sealed: qjs::JSClassID,
    /// See [`crate::name_scope`].
    pub(crate) name_scope: qjs::JSClassID,
    /// The engine's own, of [`crate::native`] functions.
    pub(crate) native: qjs::JSClassID,
}

/// Registers our classes.
///
/// # Safety
/// `runtime` is new and owned by this thread; `context` is one of its contexts.
pub(crate) unsafe fn register(runtime: RawRuntime, context: RawContext) -> Result<Classes> {
    // SAFETY: the definitions are copied, and their callbacks live for ever.
    unsafe {
        let object = new_class(runtime, c"HostObject".as_ptr(), None, None)?;
        let function = new_class(runtime, c"HostFunction".as_ptr(), Some(function::call), None)?;
        let with_methods = |methods: *const qjs::JSClassExoticMethods| {
            new_class(runtime, c"Object".as_ptr(), None, NonNull::new(methods.cast_mut()))
        };
        let sealed = with_methods(&raw const sealed::METHODS)?;
        let name_scope = with_methods(&raw const name_scope::METHODS)?;
        Ok(Classes { object, function, sealed, name_scope, native: native::class(context)? })
    }
}

/// # Safety
/// As [`register`]; objects of the class carry a `HostBox` or null.
unsafe fn new_class(
    runtime: RawRuntime,
    name: *const std::ffi::c_char,
    call: qjs::JSClassCall,
    exotic: Option<NonNull<qjs::JSClassExoticMethods>>,
) -> Result<qjs::JSClassID> {
    let mut id = qjs::JS_INVALID_CLASS_ID;
    let definition = qjs::JSClassDef {
        class_name: name,
        finalizer: Some(finalize),
        gc_mark: Some(mark),
        call,
        exotic: exotic.map_or(std::ptr::null_mut(), NonNull::as_ptr),
    };
    // SAFETY: by the caller.
    unsafe {
        qjs::JS_NewClassID(runtime, &raw mut id);
        raw::check(qjs::JS_NewClass(runtime, id, &raw const definition))?;
    }
    Ok(id)
}

/// What an object's opaque pointer points at.
#[repr(C)]
pub(crate) struct HostBox<T> {
    header: Header,
    pub(crate) inside: T,
}

#[repr(C)]
struct Header {
    vtable: &'static VTable,
    /// A finalizer is told nothing but its object: what it needs stands here.
    graveyard: Rc<Graveyard>,
    /// Made with the first weak reference.
    life: OnceCell<Rc<Cell<bool>>>,
}

struct VTable {
    /// The part of the box that is of the wanted type.
    cast: unsafe fn(*mut c_void, TypeId) -> Option<*mut c_void>,
    trace: unsafe fn(*mut c_void, &Tracer<'_>),
    finalize: unsafe fn(*mut c_void),
}

impl<T: HostObject> HostBox<T> {
    const VTABLE: &'static VTable =
        &VTable { cast: Self::cast, trace: Self::trace, finalize: Self::finalize };

    pub(crate) fn leak(ctx: &Ctx<'_>, inside: T) -> *mut Self {
        let graveyard = RealmData::of(ctx).shared().graveyard.clone();
        Box::into_raw(Box::new(Self {
            header: Header { vtable: Self::VTABLE, graveyard, life: OnceCell::new() },
            inside,
        }))
    }

    /// # Safety
    /// For all three: the pointer is a live `HostBox<T>`.
    unsafe fn cast(pointer: *mut c_void, wanted: TypeId) -> Option<*mut c_void> {
        // SAFETY: by the caller.
        let inside = unsafe { &(*pointer.cast::<Self>()).inside };
        if wanted == TypeId::of::<T>() {
            return Some(std::ptr::from_ref(inside).cast_mut().cast());
        }
        let base = inside.base(wanted)?;
        // A base that is not what it was asked for would be read as another type.
        ((*base).type_id() == wanted).then(|| std::ptr::from_ref(base).cast_mut().cast())
    }

    unsafe fn trace(pointer: *mut c_void, tracer: &Tracer<'_>) {
        // SAFETY: by the caller.
        let inside = unsafe { &(*pointer.cast::<Self>()).inside };
        // A panic may not cross the collector. What is left out stays alive this time; nothing
        // of ours runs between the collector's passes, so each leaves out the same.
        drop(catch_unwind(AssertUnwindSafe(|| inside.trace(tracer))));
    }

    unsafe fn finalize(pointer: *mut c_void) {
        // SAFETY: by the caller, who does not use the pointer again.
        let parts = unsafe { Box::from_raw(pointer.cast::<Self>()) };
        drop(catch_unwind(AssertUnwindSafe(|| parts.inside.finalize(&parts.header.graveyard))));
    }
}

/// The collector's callback for both classes.
unsafe extern "C" fn mark(runtime: RawRuntime, value: qjs::JSValue, mark: qjs::JS_MarkFunc) {
    // SAFETY: QuickJS calls this for objects of our classes only; see `host_ref`.
    unsafe {
        let pointer = opaque(value);
        if let Some(header) = pointer.cast::<Header>().as_ref() {
            let visit = Visit::Mark(runtime, mark);
            (header.vtable.trace)(pointer, &Tracer { visit, _scope: PhantomData });
        }
    }
}

/// The finalizer of both classes.
unsafe extern "C" fn finalize(_runtime: RawRuntime, value: qjs::JSValue) {
    // SAFETY: as `mark`; QuickJS does not use the object's opaque pointer after this.
    unsafe {
        let pointer = opaque(value);
        if let Some(header) = pointer.cast::<Header>().as_ref() {
            if let Some(life) = header.life.get() {
                life.set(false);
            }
            let visit = Visit::Release;
            (header.vtable.trace)(pointer, &Tracer { visit, _scope: PhantomData });
            (header.vtable.finalize)(pointer);
        }
    }
}

/// # Safety
/// `value` is an object.
unsafe fn opaque(value: qjs::JSValue) -> *mut c_void {
    let mut class = qjs::JS_INVALID_CLASS_ID;
    // SAFETY: by the caller.
    unsafe { qjs::JS_GetAnyOpaque(value, &raw mut class) }
}
