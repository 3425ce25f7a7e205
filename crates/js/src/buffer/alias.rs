//! The buffers over foreign memory, and what the engine asks about each.
//!
//! A buffer is known by the address of its object, which is its own as long as it lives. (The
//! address of its memory is not: two memories of no pages may begin at the same place.)

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::c_void;
use std::fmt;
use std::ptr::{self, NonNull};
use std::rc::Rc;

use rquickjs::{Ctx, Error, Object, Result, Value, qjs};

use super::builtins::install_getters;
use super::{Backing, MAX_BUFFER_BYTES, detach_buffer, shared_buffer, too_long};
use crate::errors::{ErrorKind, throw};
use crate::host_object::Graveyard;
use crate::raw::{self, RawRuntime};
use crate::realm::RealmData;

/// Makes the memory as long as script asked for, or throws.
pub(super) type Host = Box<dyn Fn(&Ctx<'_>, usize) -> Result<()>>;

/// What script may do with a buffer.
pub(super) enum Kind {
    Fixed,
    FixedShared,
    Resizable { max_len_bytes: usize, host: Host },
    GrowableShared { max_len_bytes: usize, host: Host, len_bytes: Box<dyn Fn() -> usize> },
}

impl Kind {
    fn is_shared(&self) -> bool {
        matches!(self, Self::FixedShared | Self::GrowableShared { .. })
    }

    /// The largest length, of a buffer whose length can change.
    pub(super) fn max_len_bytes(&self) -> Option<usize> {
        match self {
            Self::Fixed | Self::FixedShared => None,
            Self::Resizable { max_len_bytes, .. } | Self::GrowableShared { max_len_bytes, .. } => {
                Some(*max_len_bytes)
            }
        }
    }
}

/// One buffer over foreign memory. The engine holds a count of it until it gives the memory
/// back: when the buffer is detached or collected.
pub(super) struct Alias {
    pub(super) kind: Kind,
    /// The buffer's object, as [`Aliases`] knows it.
    object: Cell<usize>,
    /// Where the memory began when the buffer was made; shared memory stays there.
    start: *mut u8,
    /// What keeps the memory mapped.
    keeper: RefCell<Box<dyn Any>>,
    /// Falls when the buffer is detached or collected.
    life: Rc<Cell<bool>>,
    /// What the engine is told when it asks for other memory; null to refuse.
    next: Cell<*mut u8>,
    runtime: RawRuntime,
    aliases: Rc<Aliases>,
    graveyard: Rc<Graveyard>,
}

/// Makes a buffer.
pub(super) fn make<'js>(ctx: &Ctx<'js>, backing: Backing, kind: Kind) -> Result<Object<'js>> {
    let Backing { start, len_bytes, keeper } = backing;
    if len_bytes > MAX_BUFFER_BYTES {
        return Err(too_long(ctx, len_bytes));
    }
    let max = kind.max_len_bytes();
    if max.is_some_and(|max| max < len_bytes) {
        return Err(throw(ctx, ErrorKind::Range, "a buffer is longer than its maximum"));
    }
    if max.is_some() {
        install_getters(ctx)?;
    }
    // To the engine, 0 is a buffer of fixed length; script is told the true maximum.
    let engine_max = max.map_or(0, |max| max.clamp(1, MAX_BUFFER_BYTES));
    let shared = RealmData::of(ctx).shared();
    let alias = Rc::new(Alias {
        kind,
        object: Cell::new(0),
        start: start.as_ptr(),
        keeper: RefCell::new(keeper),
        life: Rc::new(Cell::new(true)),
        next: Cell::new(ptr::null_mut()),
        runtime: shared.raw,
        aliases: shared.aliases.clone(),
        graveyard: shared.graveyard.clone(),
    });
    // A shared one is given back by where it begins: see `SharedBlocks`.
    let is_shared = alias.kind.is_shared();
    let opaque = if is_shared { ptr::null() } else { Rc::into_raw(alias.clone()) };
    // SAFETY: the memory lives as long as the alias has its keeper, and the engine's count of
    // the alias is given back by `reallocate` when it is done with the memory.
    let made = unsafe {
        let buffer = qjs::JS_NewArrayBuffer(
            raw::context(ctx),
            start.as_ptr(),
            len_bytes as qjs::size_t,
            engine_max as qjs::size_t,
            if is_shared { None } else { Some(reallocate) },
            opaque.cast_mut().cast(),
            is_shared,
        );
        raw::own(ctx, buffer)
    };
    let Ok(buffer) = made else {
        if !is_shared {
            // SAFETY: no buffer took the count over.
            drop(unsafe { Rc::from_raw(opaque) });
        }
        return Err(Error::Exception);
    };
    alias.object.set(address(&buffer));
    if is_shared {
        shared.shared_blocks.add(start.as_ptr() as usize, alias.clone());
    }
    shared.aliases.insert(alias);
    buffer.into_object().ok_or(Error::Unknown)
}

/// Makes a buffer of the engine's, of shared memory, one over foreign memory: the same object
/// shows the same memory as before. The caller says so to the `SharedBlocks`.
pub(super) fn adopt(
    buffer: &Object<'_>,
    start: NonNull<u8>,
    kind: Kind,
    keeper: Box<dyn Any>,
) -> Rc<Alias> {
    let shared = RealmData::of(buffer.ctx()).shared();
    let alias = Rc::new(Alias {
        kind,
        object: Cell::new(address(buffer)),
        start: start.as_ptr(),
        keeper: RefCell::new(keeper),
        life: Rc::new(Cell::new(true)),
        next: Cell::new(ptr::null_mut()),
        runtime: shared.raw,
        aliases: shared.aliases.clone(),
        graveyard: shared.graveyard.clone(),
    });
    shared.aliases.insert(alias.clone());
    alias
}

/// How much is grown at a time; see [`Alias::show`].
const STEP_BYTES: usize = 1 << 16;

impl Alias {
    /// See [`super::refresh_buffer`].
    pub(super) fn refresh(&self, buffer: &Object<'_>, backing: Backing) -> Result<()> {
        let ctx = buffer.ctx();
        let Backing { start, len_bytes, keeper } = backing;
        match &self.kind {
            Kind::Fixed | Kind::FixedShared => {
                Err(throw(ctx, ErrorKind::Internal, "a buffer of fixed length is replaced"))
            }
            Kind::GrowableShared { .. } if start.as_ptr() != self.start => {
                Err(throw(ctx, ErrorKind::Internal, "shared memory does not move"))
            }
            Kind::GrowableShared { .. } => self.grow_shared(buffer.as_value(), len_bytes),
            Kind::Resizable { .. } => {
                // Until the new memory shows, or nothing does, the old one must stay.
                let old = self.keeper.replace(keeper);
                let shown = if len_bytes > MAX_BUFFER_BYTES {
                    Err(too_long(ctx, len_bytes))
                } else {
                    self.show(buffer, start, len_bytes)
                };
                let shown = shown.inspect_err(|_| detach_buffer(buffer));
                drop(old);
                shown
            }
        }
    }

    /// Has the engine resize the buffer to this memory.
    ///
    /// The engine's `resize` asks for memory of the new length and clears what is new in it;
    /// but here that is there already and holds data. So the length grows first, in steps whose
    /// new part is a scratch area: the engine clears the scratch as often as needed. Then comes
    /// one more resize to the same length, in which nothing is new, to the real memory. In
    /// between no script runs.
    fn show(&self, buffer: &Object<'_>, start: NonNull<u8>, len_bytes: usize) -> Result<()> {
        let mut shown = self.shown_len(buffer)?;
        let growth = len_bytes.saturating_sub(shown);
        let mut scratch = Vec::<u8>::with_capacity(growth.min(STEP_BYTES));
        while shown < len_bytes {
            let longer = len_bytes.min(shown + STEP_BYTES);
            self.resize(buffer.as_value(), scratch.as_mut_ptr().wrapping_sub(shown), longer)?;
            shown = longer;
        }
        self.resize(buffer.as_value(), start.as_ptr(), len_bytes)
    }

    /// The length that the engine has.
    fn shown_len(&self, buffer: &Object<'_>) -> Result<usize> {
        let mut len: qjs::size_t = 0;
        // SAFETY: a live buffer.
        let start = unsafe {
            qjs::JS_GetArrayBuffer(raw::context(buffer.ctx()), &raw mut len, buffer.as_raw())
        };
        if start.is_null() { Err(Error::Exception) } else { Ok(len as usize) }
    }

    /// One of the engine's resizes, for which it gets `memory`.
    fn resize(&self, buffer: &Value<'_>, memory: *mut u8, len_bytes: usize) -> Result<()> {
        self.next.set(memory);
        let resized = self.aliases.call_engine(self.aliases.resize.get(), buffer, len_bytes);
        self.next.set(ptr::null_mut());
        resized
    }

    /// Shows what keeps the memory mapped.
    pub(super) fn with_keeper<R>(&self, look: impl FnOnce(&dyn Any) -> R) -> R {
        look(&**self.keeper.borrow())
    }

    /// Whether the finalizer of its object is running. Of several buffers that begin at one
    /// place the engine does not say which it collects.
    pub(super) fn is_being_collected(&self) -> bool {
        let object = ptr::with_exposed_provenance_mut::<c_void>(self.object.get());
        // SAFETY: the object is there: it is alive, or its finalizer runs, in which this is
        // removed.
        unsafe { !qjs::JS_IsLiveObject(self.runtime, qjs::JS_MKPTR(qjs::JS_TAG_OBJECT, object)) }
    }

    pub(super) fn life(&self) -> Rc<Cell<bool>> {
        self.life.clone()
    }

    /// The buffer shows the memory no more.
    pub(super) fn bury(self: Rc<Self>) {
        self.life.set(false);
        self.aliases.remove(self.object.get());
        if self.with_keeper(|keeper| keeper.is::<shared_buffer::Keeper>()) {
            // Memory and counters: gone at once, or a loop of script would run out of them.
            return;
        }
        // What the keeper and the host hold may not be dropped in a finalizer.
        let graveyard = self.graveyard.clone();
        graveyard.push(self);
    }

    /// Has a shared buffer show this length, or as much of it as the engine can. A buffer that
    /// shows more already is left as it is.
    pub(super) fn grow_shared(&self, buffer: &Value<'_>, len_bytes: usize) -> Result<()> {
        let max = self.kind.max_len_bytes().unwrap_or(0);
        let len_bytes = len_bytes.min(max).min(MAX_BUFFER_BYTES);
        let object = buffer.as_object().ok_or(Error::Unknown)?;
        if len_bytes <= self.shown_len(object)? {
            return Ok(());
        }
        self.aliases.call_engine(self.aliases.grow.get(), buffer, len_bytes)
    }
}

/// How the engine asks for memory of another size, or, with size 0, gives it back.
unsafe extern "C" fn reallocate(
    _runtime: RawRuntime,
    opaque: *mut c_void,
    _start: *mut c_void,
    size: qjs::size_t,
) -> *mut c_void {
    let alias = opaque.cast_const().cast::<Alias>();
    if size == 0 {
        // SAFETY: the engine gives its count back once per buffer, and forgets it.
        unsafe { Rc::from_raw(alias) }.bury();
        return ptr::null_mut();
    }
    // SAFETY: the engine holds a count, so the alias is alive.
    unsafe { (*alias).next.get().cast() }
}

/// The buffers over foreign memory of one runtime, and the engine's own methods for them.
#[derive(Default)]
pub(crate) struct Aliases {
    by_object: RefCell<HashMap<usize, Rc<Alias>>>,
    resize: EngineMethod,
    grow: EngineMethod,
}

/// A method of the engine that script cannot reach any more; owned, `undefined` until set.
struct EngineMethod(Cell<qjs::JSValue>);

impl Default for EngineMethod {
    fn default() -> Self {
        Self(Cell::new(qjs::JS_UNDEFINED))
    }
}

impl EngineMethod {
    fn get(&self) -> qjs::JSValue {
        self.0.get()
    }

    fn is_set(&self) -> bool {
        // SAFETY: reading a tag.
        unsafe { qjs::JS_VALUE_GET_TAG(self.0.get()) == qjs::JS_TAG_OBJECT }
    }
}

impl Aliases {
    /// The buffer that `value` is, if it is one of these.
    pub(super) fn find(&self, value: &Value<'_>) -> Option<Rc<Alias>> {
        if !value.is_object() {
            return None;
        }
        self.by_object.borrow().get(&address(value)).cloned()
    }

    /// Keeps the engine's `ArrayBuffer.prototype.resize` and `SharedArrayBuffer.prototype.grow`.
    /// Those of the first realm serve all: the engine looks at the object only.
    pub(super) fn keep_methods(&self, resize: &Value<'_>, grow: &Value<'_>) {
        if !self.resize.is_set() {
            self.resize.0.set(raw::give(resize));
            self.grow.0.set(raw::give(grow));
        }
    }

    /// Lets go of what it holds of the heap; for the end of the runtime.
    pub(crate) fn clear(&self, runtime: RawRuntime) {
        for method in [&self.resize, &self.grow] {
            let method = method.0.replace(qjs::JS_UNDEFINED);
            // SAFETY: our own reference, in a heap that still exists.
            unsafe { qjs::JS_FreeValueRT(runtime, method) }
        }
    }

    fn insert(&self, alias: Rc<Alias>) {
        self.by_object.borrow_mut().insert(alias.object.get(), alias);
    }

    fn remove(&self, object: usize) {
        self.by_object.borrow_mut().remove(&object);
    }

    fn call_engine(&self, method: qjs::JSValue, buffer: &Value<'_>, len: usize) -> Result<()> {
        let ctx = buffer.ctx();
        let len = i32::try_from(len).map_err(|_| Error::Unknown)?;
        // SAFETY: a live function of the engine, a live object, and a number.
        unsafe {
            let mut argument = qjs::JS_MKVAL(qjs::JS_TAG_INT, len);
            let result =
                qjs::JS_Call(raw::context(ctx), method, buffer.as_raw(), 1, &raw mut argument);
            raw::own(ctx, result).map(drop)
        }
    }
}

impl fmt::Debug for Aliases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aliases").finish_non_exhaustive()
    }
}

/// Where an object is: its own place, while it lives.
fn address(object: &Value<'_>) -> usize {
    // SAFETY: an object's value is a pointer.
    unsafe { qjs::JS_VALUE_GET_PTR(object.as_raw()) as usize }
}
