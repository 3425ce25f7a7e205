//! ArrayBuffers over memory that is not QuickJS's: no copy, and no way for script to detach.
//!
//! QuickJS has neither a detach key nor a hook for resizing, but what script can reach of both
//! is a handful of built-in methods. [`builtins`] stands in front of those in every realm,
//! before any script runs; [`alias`] has the buffers they ask about.

mod alias;
mod builtins;
mod bytes;
mod shared_blocks;
mod shared_buffer;
mod waitable;

use std::any::Any;
use std::cell::Cell;
use std::ffi::CStr;
use std::fmt;
use std::ptr::NonNull;
use std::rc::Rc;

use rquickjs::{Ctx, Error, Object, Result, Value, qjs};

use crate::errors::{ErrorKind, throw};
use crate::realm::RealmData;
use crate::reflect::{Kind, class};
use crate::{pristine, raw};

pub(crate) use alias::Aliases;
pub(crate) use builtins::install;
use builtins::to_index;
pub use bytes::Bytes;
pub(crate) use shared_blocks::SharedBlocks;
pub use shared_buffer::SharedBuffer;
pub use waitable::{Waitable, WaitableArray};

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
    alias::make(ctx, backing, alias::Kind::Fixed)
}

/// A `SharedArrayBuffer` that is this memory.
pub fn alias_shared_buffer<'js>(ctx: &Ctx<'js>, backing: Backing) -> Result<Object<'js>> {
    alias::make(ctx, backing, alias::Kind::FixedShared)
}

/// A resizable `ArrayBuffer` that is this memory.
///
/// Script's `resize(n)` comes to `host` once `n` is known to be at most `max_len_bytes` and
/// [`MAX_BUFFER_BYTES`]. `host` throws, or makes the memory `n` bytes long and has the buffer
/// show that with [`refresh_buffer`]. It must not hold JS values: the collector does not see
/// them.
///
/// `maxByteLength` is `max_len_bytes`, also where that is more than the engine can show.
pub fn alias_resizable_buffer<'js>(
    ctx: &Ctx<'js>,
    backing: Backing,
    max_len_bytes: usize,
    host: impl Fn(&Ctx<'_>, usize) -> Result<()> + 'static,
) -> Result<Object<'js>> {
    let host = Box::new(host);
    alias::make(ctx, backing, alias::Kind::Resizable { max_len_bytes, host })
}

/// A growable `SharedArrayBuffer` that is this memory, which never moves.
///
/// Script's `grow(n)` comes to `host` as in [`alias_resizable_buffer`]; `len_bytes` tells how
/// long the memory is, since other threads grow it too. The getter `byteLength` asks it each
/// time. Views that track the length follow when that getter is read, after `grow`, and at
/// [`refresh_buffer`]: between those they keep the length they had, where the specification
/// has them look each time.
pub fn alias_growable_shared_buffer<'js>(
    ctx: &Ctx<'js>,
    backing: Backing,
    max_len_bytes: usize,
    host: impl Fn(&Ctx<'_>, usize) -> Result<()> + 'static,
    len_bytes: impl Fn() -> usize + 'static,
) -> Result<Object<'js>> {
    let (host, len_bytes) = (Box::new(host), Box::new(len_bytes));
    alias::make(ctx, backing, alias::Kind::GrowableShared { max_len_bytes, host, len_bytes })
}

/// Has a buffer of [`alias_resizable_buffer`] or [`alias_growable_shared_buffer`] show the
/// memory as it is now, and the views that track its length with it. To be called after the
/// memory grew, whoever did that, and before script runs again. The memory is not touched.
///
/// Where the engine cannot show it (more than [`MAX_BUFFER_BYTES`], or no stack left for the
/// call), a resizable buffer is detached and an error is thrown: what the buffer showed may be
/// unmapped. A detached buffer stays detached, without an error. What kept the memory that
/// the buffer showed before is dropped.
pub fn refresh_buffer(buffer: &Object<'_>, backing: Backing) -> Result<()> {
    let aliases = &RealmData::of(buffer.ctx()).shared().aliases;
    match aliases.find(buffer.as_value()) {
        Some(alias) => alias.refresh(buffer, backing),
        None => Ok(()),
    }
}

/// Shows what keeps the memory of a buffer over foreign memory mapped, as it was given to
/// [`Backing::new`], if that was a `T`.
pub fn with_keeper<T: Any, R>(buffer: &Object<'_>, look: impl FnOnce(&T) -> R) -> Option<R> {
    let alias = RealmData::of(buffer.ctx()).shared().aliases.find(buffer.as_value())?;
    alias.with_keeper(|keeper| keeper.downcast_ref::<T>().map(look))
}

/// Whether a script may detach the buffer: those made here and immutable ones it may not.
pub fn is_detachable(buffer: &Object<'_>) -> bool {
    // SAFETY: a live object; the answer is 1 for an immutable `ArrayBuffer` only.
    let is_immutable = unsafe { qjs::JS_IsImmutableArrayBuffer(buffer.as_raw()) } == 1;
    let aliases = &RealmData::of(buffer.ctx()).shared().aliases;
    !is_immutable && aliases.find(buffer.as_value()).is_none()
}

/// A flag that falls when a buffer over foreign memory is detached or collected.
pub(crate) fn life(buffer: &Object<'_>) -> Option<Rc<Cell<bool>>> {
    let aliases = &RealmData::of(buffer.ctx()).shared().aliases;
    aliases.find(buffer.as_value()).map(|alias| alias.life())
}

/// Whether a buffer is detached.
pub fn is_detached(buffer: &Object<'_>) -> bool {
    builtins::is_detached(buffer)
}

/// The largest length of a buffer whose length can change.
pub fn max_buffer_bytes(buffer: &Object<'_>) -> Result<Option<usize>> {
    let class = class::of(buffer);
    let changes = if class == class::SHARED_ARRAY_BUFFER { c"growable" } else { c"resizable" };
    if pristine::read(buffer.as_value(), class, changes)?.as_bool() != Some(true) {
        return Ok(None);
    }
    let max = pristine::read(buffer.as_value(), class, c"maxByteLength")?;
    Ok(max.as_number().map(|max| max as usize))
}

/// Detaches a buffer: its length becomes 0, and so does that of every view on it.
pub fn detach_buffer(buffer: &Object<'_>) {
    // SAFETY: a live object; anything but an ArrayBuffer is left alone.
    unsafe { qjs::JS_DetachArrayBuffer(raw::context(buffer.ctx()), buffer.as_raw()) }
}

/// A copy of the bytes of a Web IDL `AllowSharedBufferSource`; none if it is detached. Runs no
/// script.
pub fn buffer_source(ctx: &Ctx<'_>, value: &Value<'_>, what: &str) -> Result<Vec<u8>> {
    match value.as_object().map(|object| (object, Kind::of(object))) {
        Some((
            object,
            Kind::ArrayBuffer | Kind::SharedArrayBuffer | Kind::TypedArray(_) | Kind::DataView,
        )) => view_bytes(object),
        _ => {
            let text = format!("{what} is not an ArrayBuffer or a view on one");
            Err(throw(ctx, ErrorKind::Type, &text))
        }
    }
}

/// A copy of the bytes that a typed array, `DataView`, `ArrayBuffer` or `SharedArrayBuffer`
/// shows, whatever script did to their prototypes.
pub fn view_bytes(view: &Object<'_>) -> Result<Vec<u8>> {
    let (buffer, offset, len) = extent(view)?;
    // SAFETY: a live buffer.
    Ok(unsafe { copy(view.ctx(), buffer.as_raw(), offset, len) })
}

/// How many bytes `view_bytes` would give.
pub fn view_len(view: &Object<'_>) -> Result<usize> {
    let (buffer, offset, len) = extent(view)?;
    // SAFETY: a live buffer.
    let whole = unsafe { length(view.ctx(), buffer.as_raw()) };
    Ok(len.min(whole.saturating_sub(offset)))
}

/// Writes bytes to where what `view_bytes` gives begins, as many as there is room for.
pub fn fill_view(view: &Object<'_>, bytes: &[u8]) -> Result<()> {
    let (ctx, mut size) = (view.ctx(), 0 as qjs::size_t);
    let (buffer, offset, len) = extent(view)?;
    // SAFETY: a live buffer. What is written lies within what it holds, and is no reference of
    // anybody's while script does not run; `bytes` are Rust's, so the two do not overlap.
    unsafe {
        let start = qjs::JS_GetArrayBuffer(raw::context(ctx), &raw mut size, buffer.as_raw());
        if start.is_null() {
            drop(ctx.catch());
            return Ok(());
        }
        let room = len.min((size as usize).saturating_sub(offset));
        if room > 0 {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), start.add(offset), bytes.len().min(room));
        }
    }
    Ok(())
}

/// The buffer of a buffer or view, and from where on and how many bytes of it are shown.
fn extent<'js>(view: &Object<'js>) -> Result<(Value<'js>, usize, usize)> {
    let class = class::of(view);
    if matches!(class, class::ARRAY_BUFFER | class::SHARED_ARRAY_BUFFER) {
        return Ok((view.clone().into_value(), 0, usize::MAX));
    }
    if class == class::DATAVIEW {
        let buffer = pristine::read(view.as_value(), class, c"buffer")?;
        return Ok((buffer, number(view, c"byteOffset")?, number(view, c"byteLength")?));
    }
    typed_extent(view)
}

/// The buffer of a typed array, and from where on and how many bytes of it the array shows.
fn typed_extent<'js>(view: &Object<'js>) -> Result<(Value<'js>, usize, usize)> {
    let ctx = view.ctx();
    let (mut offset, mut len, mut element): (qjs::size_t, qjs::size_t, qjs::size_t) = (0, 0, 0);
    // SAFETY: live values; anything but a typed array is an error.
    let buffer = unsafe {
        let buffer = qjs::JS_GetTypedArrayBuffer(
            raw::context(ctx),
            view.as_raw(),
            &raw mut offset,
            &raw mut len,
            &raw mut element,
        );
        raw::own(ctx, buffer)?
    };
    // SAFETY: a live buffer.
    let (offset, rest) = unsafe { (offset as usize, length(ctx, buffer.as_raw())) };
    let rest = rest.saturating_sub(offset);
    // Of an array that tracks its buffer's length, the engine tells the length it began with.
    let may_have_changed = rest.abs_diff(len as usize) >= element as usize;
    let len = if may_have_changed { number(view, c"byteLength")? } else { len as usize };
    Ok((buffer, offset, len))
}

/// What a getter of the engine's says, whatever script did to it.
fn number(view: &Object<'_>, name: &CStr) -> Result<usize> {
    let number = pristine::read(view.as_value(), class::of(view), name)?;
    Ok(number.as_number().unwrap_or(0.0) as usize)
}

/// How long a buffer is now.
///
/// # Safety
/// `buffer` is a live value.
unsafe fn length(ctx: &Ctx<'_>, buffer: qjs::JSValue) -> usize {
    let mut size: qjs::size_t = 0;
    // SAFETY: by the caller.
    if unsafe { qjs::JS_GetArrayBuffer(raw::context(ctx), &raw mut size, buffer) }.is_null() {
        drop(ctx.catch());
    }
    size as usize
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

fn too_long(ctx: &Ctx<'_>, len_bytes: usize) -> Error {
    let text =
        format!("a buffer of {len_bytes} bytes is more than this engine's {MAX_BUFFER_BYTES}");
    throw(ctx, ErrorKind::Range, &text)
}
