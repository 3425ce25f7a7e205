//! ArrayBuffers over memory that is not QuickJS's: no copy, and no way for script to detach.
//!
//! QuickJS has no detach key, but only `transfer`, `transferToFixedLength` and
//! `transferToImmutable` detach from inside the engine. The first aliasing buffer of a realm
//! wraps those three: for such a buffer they throw a `TypeError`.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::c_void;
use std::fmt;
use std::ptr::NonNull;
use std::rc::Rc;

use rquickjs::{ArrayBuffer, Ctx, Error, Function, Object, Result, Value, qjs};

use crate::errors::{ErrorKind, throw};
use crate::function::function;
use crate::host_object::Graveyard;
use crate::lazy::{Attributes, define_value};
use crate::raw;
use crate::realm::{RealmData, slot};
use crate::root::Root;

/// The longest buffer the engine can have: it counts bytes in an `int`.
pub const MAX_BUFFER_BYTES: usize = i32::MAX as usize;

/// Memory that a buffer shows, and what keeps it mapped.
pub struct Backing {
    start: NonNull<u8>,
    len_bytes: usize,
    keeper: Box<dyn Any>,
}

impl Backing {
    /// Describes `len_bytes` bytes at `start`.
    ///
    /// # Safety
    /// The bytes are readable and writable for as long as `keeper` lives, and nothing in Rust
    /// holds a reference into them while script may run.
    pub unsafe fn new(start: NonNull<u8>, len_bytes: usize, keeper: impl Any) -> Self {
        Self { start, len_bytes, keeper: Box::new(keeper) }
    }
}

impl fmt::Debug for Backing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backing").field("len_bytes", &self.len_bytes).finish_non_exhaustive()
    }
}

/// An `ArrayBuffer` that is this memory.
pub fn alias_buffer<'js>(ctx: &Ctx<'js>, backing: Backing) -> Result<Object<'js>> {
    alias(ctx, backing, Sharing::Unshared)
}

/// A `SharedArrayBuffer` that is this memory.
pub fn alias_shared_buffer<'js>(ctx: &Ctx<'js>, backing: Backing) -> Result<Object<'js>> {
    alias(ctx, backing, Sharing::Shared)
}

/// Detaches a buffer: its length becomes 0, and so does that of every view on it.
pub fn detach_buffer(buffer: &Object<'_>) {
    // SAFETY: a live object; anything but an ArrayBuffer is left alone.
    unsafe { qjs::JS_DetachArrayBuffer(raw::context(buffer.ctx()), buffer.as_raw()) }
}

/// A copy of the bytes of a Web IDL `AllowSharedBufferSource`; none if it is detached.
pub fn buffer_source(ctx: &Ctx<'_>, value: &Value<'_>, what: &str) -> Result<Vec<u8>> {
    // SAFETY: a live value, which is only asked what it is.
    let is_source = unsafe {
        let raw = value.as_raw();
        qjs::JS_IsArrayBuffer(raw) || qjs::JS_IsDataView(raw) || qjs::JS_GetTypedArrayType(raw) >= 0
    };
    match value.as_object() {
        Some(object) if is_source => view_bytes(object),
        _ => {
            let text = format!("{what} is not an ArrayBuffer or a view on one");
            Err(throw(ctx, ErrorKind::Type, &text))
        }
    }
}

/// A copy of the bytes that a typed array, `DataView` or `ArrayBuffer` shows.
pub fn view_bytes(view: &Object<'_>) -> Result<Vec<u8>> {
    let ctx = view.ctx();
    let (mut offset, mut len, mut element): (qjs::size_t, qjs::size_t, qjs::size_t) = (0, 0, 0);
    // SAFETY: live values; the bytes are copied before any script runs.
    unsafe {
        if qjs::JS_IsArrayBuffer(view.as_raw()) {
            return Ok(copy(ctx, view.as_raw(), 0, usize::MAX));
        }
        if qjs::JS_IsDataView(view.as_raw()) {
            let buffer: Object<'_> = view.get("buffer")?;
            let (offset, len): (f64, f64) = (view.get("byteOffset")?, view.get("byteLength")?);
            return Ok(copy(ctx, buffer.as_raw(), offset as usize, len as usize));
        }
        let buffer = raw::own(
            ctx,
            qjs::JS_GetTypedArrayBuffer(
                raw::context(ctx),
                view.as_raw(),
                &raw mut offset,
                &raw mut len,
                &raw mut element,
            ),
        )?;
        Ok(copy(ctx, buffer.as_raw(), offset as usize, len as usize))
    }
}

/// Bytes of a buffer, from `offset` on, as many as there are up to `len`.
///
/// # Safety
/// `buffer` is a live value.
unsafe fn copy(ctx: &Ctx<'_>, buffer: qjs::JSValue, offset: usize, len: usize) -> Vec<u8> {
    let mut size: qjs::size_t = 0;
    // SAFETY: by the caller; the range is cut to what the buffer holds.
    unsafe {
        let start = qjs::JS_GetArrayBuffer(raw::context(ctx), &raw mut size, buffer);
        if start.is_null() {
            drop(ctx.catch());
            return Vec::new();
        }
        let bytes = std::slice::from_raw_parts(start, size as usize);
        let rest = bytes.get(offset..).unwrap_or_default();
        rest[..len.min(rest.len())].to_vec()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Unshared,
    Shared,
}

fn alias<'js>(ctx: &Ctx<'js>, backing: Backing, sharing: Sharing) -> Result<Object<'js>> {
    if backing.len_bytes > MAX_BUFFER_BYTES {
        let text = format!(
            "a buffer of {} bytes is more than this engine's {MAX_BUFFER_BYTES}",
            backing.len_bytes
        );
        return Err(throw(ctx, ErrorKind::Range, &text));
    }
    let protection = slot::<Protection>(ctx);
    protection.install(ctx)?;
    let start = backing.start.as_ptr();
    let keeper = Box::into_raw(Box::new(Keeper {
        start: start as usize,
        protected: protection.protected.clone(),
        graveyard: RealmData::of(ctx).shared().graveyard.clone(),
        backing: backing.keeper,
    }));
    protection.protect(start as usize);
    // SAFETY: the memory lives as long as the keeper, which `release` frees when the engine
    // is done with the buffer.
    let made = unsafe {
        let len = backing.len_bytes as qjs::size_t;
        let shared = sharing == Sharing::Shared;
        let buffer = qjs::JS_NewArrayBuffer(
            raw::context(ctx),
            start,
            len,
            0,
            Some(release),
            keeper.cast(),
            shared,
        );
        raw::own(ctx, buffer)
    };
    let Ok(buffer) = made else {
        // SAFETY: no buffer took the keeper over.
        drop(unsafe { Box::from_raw(keeper) });
        return Err(Error::Exception);
    };
    buffer.into_object().ok_or(Error::Unknown)
}

/// What the engine gives back when a buffer is detached or collected.
struct Keeper {
    start: usize,
    protected: Rc<Addresses>,
    graveyard: Rc<Graveyard>,
    backing: Box<dyn Any>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.protected.remove(self.start);
    }
}

/// Called with size 0 to give the memory back; any other size is a resize, which a buffer
/// over foreign memory refuses.
unsafe extern "C" fn release(
    _runtime: raw::RawRuntime,
    opaque: *mut c_void,
    _start: *mut c_void,
    size: qjs::size_t,
) -> *mut c_void {
    if size == 0 {
        // SAFETY: the engine calls this once per buffer, with the keeper it was made with.
        let mut keeper = unsafe { Box::from_raw(opaque.cast::<Keeper>()) };
        let backing = std::mem::replace(&mut keeper.backing, Box::new(()));
        keeper.graveyard.push(backing);
    }
    std::ptr::null_mut()
}

/// The addresses at which aliasing buffers begin, each with how many do.
#[derive(Default)]
struct Addresses(RefCell<HashMap<usize, usize>>);

impl Addresses {
    fn add(&self, start: usize) {
        *self.0.borrow_mut().entry(start).or_default() += 1;
    }

    fn remove(&self, start: usize) {
        let mut counts = self.0.borrow_mut();
        if let Some(count) = counts.get_mut(&start) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&start);
            }
        }
    }

    fn contains(&self, start: usize) -> bool {
        self.0.borrow().contains_key(&start)
    }
}

/// A realm's guard over its aliasing buffers.
#[derive(Default)]
struct Protection {
    protected: Rc<Addresses>,
    installed: Cell<bool>,
}

const TRANSFERS: [(&str, u32); 3] =
    [("transfer", 0), ("transferToFixedLength", 0), ("transferToImmutable", 0)];

impl Protection {
    fn protect(&self, start: usize) {
        self.protected.add(start);
    }

    fn install(&self, ctx: &Ctx<'_>) -> Result<()> {
        if self.installed.replace(true) {
            return Ok(());
        }
        // The prototype is taken from a buffer: the global name may be a script's by now.
        let probe = ArrayBuffer::new_copy(ctx.clone(), [0u8; 0])?;
        let Some(prototype) = probe.as_object().get_prototype() else {
            return Ok(());
        };
        for (name, length) in TRANSFERS {
            let original: Value<'_> = prototype.get(name)?;
            let Some(original) = original.into_function() else {
                continue;
            };
            let original = Root::<Function<'static>>::new(ctx, original)?;
            let protected = self.protected.clone();
            let wrapper = function(ctx, name, length, move |call| {
                let this = call.this();
                if protected.contains(start_of(call.ctx(), &this)) {
                    let text = format!(
                        "ArrayBuffer.prototype.{name}: a WebAssembly memory's buffer cannot be detached"
                    );
                    return Err(throw(call.ctx(), ErrorKind::Type, &text));
                }
                let original: Function<'_> = original.get(call.ctx())?;
                original
                    .call((rquickjs::function::This(this), rquickjs::function::Rest(call.rest(0))))
            })?;
            define_value(&prototype, name, wrapper, Attributes::BUILT_IN)?;
        }
        Ok(())
    }
}

/// Where the buffer's bytes begin; 0 for what is no buffer.
fn start_of(ctx: &Ctx<'_>, value: &Value<'_>) -> usize {
    // SAFETY: a live value; `JS_GetArrayBuffer` is only asked about buffers, for which it
    // throws nothing.
    unsafe {
        if !qjs::JS_IsArrayBuffer(value.as_raw()) {
            return 0;
        }
        let mut len: qjs::size_t = 0;
        let start = qjs::JS_GetArrayBuffer(raw::context(ctx), &raw mut len, value.as_raw());
        if start.is_null() {
            // Detached: the engine's own function says so, not this one.
            drop(ctx.catch());
        }
        start as usize
    }
}
