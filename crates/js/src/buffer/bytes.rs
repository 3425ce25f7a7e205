//! The bytes of buffers and views, read and written where they are.
//!
//! Where they are is looked up for each use, since any script may detach or resize a buffer.
//! Who gets to see them is a closure that is `Send`: it can hold no value of script and no scope,
//! so it runs no script and frees nothing. What a `SharedArrayBuffer` shows is copied first:
//! other threads may write there meanwhile.

use std::ffi::c_void;
use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};

use rquickjs::{Ctx, Object, Result, Value, qjs};

use crate::errors::{ErrorKind, throw};
use crate::raw;
use crate::reflect::{class, view};

/// The right to look at bytes: how views are laid out is known.
#[derive(Clone, Copy, Debug)]
pub struct Bytes(());

/// Bytes of a live buffer, for as long as no script runs.
#[derive(Clone, Copy)]
struct Span {
    start: *mut u8,
    len: usize,
    memory: Memory,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Memory {
    Own,
    /// Other threads may have it too.
    Shared,
    Immutable,
}

impl Bytes {
    /// Looks whether views are laid out as Holm knows them, once per realm.
    pub fn new(ctx: &Ctx<'_>) -> Result<Self> {
        if view::layout_is_known(ctx)? {
            return Ok(Self(()));
        }
        let text = "this build's views of buffers are not laid out as Holm knows them";
        Err(throw(ctx, ErrorKind::Internal, text))
    }

    /// How many bytes a buffer, typed array or `DataView` shows: 0 where it is detached or out
    /// of bounds. `None` if the value is none of those.
    pub fn len(self, value: &Value<'_>) -> Option<usize> {
        self.span(value).map(|span| span.len)
    }

    /// How many bytes a `Uint8Array` shows. `None` if the value is none.
    #[inline]
    pub fn array_len(self, value: &Value<'_>) -> Option<usize> {
        self.len(value.as_object().filter(|object| class::of(object) == class::UINT8_ARRAY)?)
    }

    /// Reads as many bytes as `into` is long, from `offset` on. `None` if there are not so many.
    #[inline]
    pub fn get(self, value: &Value<'_>, offset: usize, into: &mut [u8]) -> Option<()> {
        let span = self.span(value)?.part(offset, into.len())?;
        for (index, byte) in into.iter_mut().enumerate() {
            *byte = span.byte(index).load(Ordering::Relaxed);
        }
        Some(())
    }

    /// Writes bytes from `offset` on. `None`, and nothing is written, if there is no room.
    #[inline]
    pub fn set(self, value: &Value<'_>, offset: usize, bytes: &[u8]) -> Result<Option<()>> {
        let Some(span) = self.span(value).and_then(|span| span.part(offset, bytes.len())) else {
            return Ok(None);
        };
        span.check_mutable(value.ctx())?;
        span.store(bytes);
        Ok(Some(()))
    }

    /// Lends the bytes in a range, as far as they are there.
    pub fn read<R>(
        self,
        value: &Value<'_>,
        range: Range<usize>,
        look: impl FnOnce(&[u8]) -> R + Send,
    ) -> R {
        self.cut(value, range).lend(look)
    }

    /// Lends the bytes of two at a time, which may overlap.
    pub fn read_both<R>(
        self,
        (first, first_range): (&Value<'_>, Range<usize>),
        (second, second_range): (&Value<'_>, Range<usize>),
        look: impl FnOnce(&[u8], &[u8]) -> R + Send,
    ) -> R {
        let (first, second) = (self.cut(first, first_range), self.cut(second, second_range));
        first.lend(|first| second.lend(|second| look(first, second)))
    }

    /// Lends the bytes in a range, as far as they are there, to be changed.
    pub fn change<R>(
        self,
        value: &Value<'_>,
        range: Range<usize>,
        change: impl FnOnce(&mut [u8]) -> R + Send,
    ) -> Result<R> {
        let span = self.cut(value, range);
        span.check_mutable(value.ctx())?;
        if span.memory == Memory::Shared {
            let mut copy = span.copy();
            let result = change(&mut copy);
            span.store(&copy);
            return Ok(result);
        }
        // SAFETY: the bytes are there (see `span`), nobody else has a reference to them, and
        // `change` cannot run script, which could get at them or free them.
        Ok(change(unsafe { std::slice::from_raw_parts_mut(span.start, span.len) }))
    }

    /// Copies bytes from one to the other, which may overlap, as many as are there and have room.
    pub fn copy(
        self,
        (source, range): (&Value<'_>, Range<usize>),
        (target, offset): (&Value<'_>, usize),
    ) -> Result<()> {
        let source = self.cut(source, range);
        let room = self.cut(target, offset..usize::MAX);
        room.check_mutable(target.ctx())?;
        let len = source.len.min(room.len);
        if source.memory == Memory::Shared || room.memory == Memory::Shared {
            room.store(&source.copy()[..len]);
        } else {
            // SAFETY: so many bytes are at both places, of memory that no other thread has.
            unsafe { source.start.copy_to(room.start, len) };
        }
        Ok(())
    }

    /// The part of what the value shows that lies in the range.
    fn cut(self, value: &Value<'_>, range: Range<usize>) -> Span {
        let whole = self.span(value).unwrap_or(Span::NOTHING);
        let end = range.end.min(whole.len);
        let start = range.start.min(end);
        whole.part(start, end - start).unwrap_or(Span::NOTHING)
    }

    fn span(self, value: &Value<'_>) -> Option<Span> {
        let object = value.as_object()?;
        let (buffer, offset, len) = match class::of(object) {
            class::ARRAY_BUFFER | class::SHARED_ARRAY_BUFFER => (object.as_raw(), 0, None),
            class::UINT8C_ARRAY..=class::DATAVIEW => {
                let record = view::record(object);
                let buffer: *mut c_void = record.buffer.cast_mut();
                let len = (record.tracks == 0).then_some(record.length as usize);
                (qjs::JS_MKPTR(qjs::JS_TAG_OBJECT, buffer), record.offset as usize, len)
            }
            _ => return None,
        };
        Some(Span::of(object, buffer, offset, len))
    }
}

impl Span {
    const NOTHING: Self =
        Self { start: std::ptr::without_provenance_mut(1), len: 0, memory: Memory::Own };

    /// What a view of this buffer shows, `len` being `None` where it shows all from `offset` on.
    #[inline]
    fn of(view: &Object<'_>, buffer: qjs::JSValue, offset: usize, len: Option<usize>) -> Self {
        let mut size: qjs::size_t = 0;
        // SAFETY: the view is alive and keeps its buffer, whose data ends `size` bytes from where
        // it starts.
        unsafe {
            let start = qjs::JS_GetArrayBuffer(raw::context(view.ctx()), &raw mut size, buffer);
            if start.is_null() {
                // Detached, which the engine has thrown.
                drop(view.ctx().catch());
                return Self::NOTHING;
            }
            let rest = (size as usize).checked_sub(offset);
            let (Some(rest), memory) = (rest, Memory::of(buffer)) else { return Self::NOTHING };
            match len.unwrap_or(rest) {
                len if len <= rest => Self { start: start.add(offset), len, memory },
                _out_of_bounds => Self::NOTHING,
            }
        }
    }

    fn part(self, start: usize, len: usize) -> Option<Self> {
        (start <= self.len && len <= self.len - start).then(|| {
            // SAFETY: not beyond the end.
            let start = unsafe { self.start.add(start) };
            Self { start, len, memory: self.memory }
        })
    }

    fn byte(&self, index: usize) -> &AtomicU8 {
        assert!(index < self.len);
        // SAFETY: within the memory, which lives for as long as the span may be used, and to
        // which there is no other reference.
        unsafe { AtomicU8::from_ptr(self.start.add(index)) }
    }

    fn copy(self) -> Vec<u8> {
        (0..self.len).map(|index| self.byte(index).load(Ordering::Relaxed)).collect()
    }

    fn store(self, bytes: &[u8]) {
        for (index, byte) in bytes.iter().enumerate() {
            self.byte(index).store(*byte, Ordering::Relaxed);
        }
    }

    /// To a closure that runs no script.
    fn lend<R>(self, look: impl FnOnce(&[u8]) -> R) -> R {
        if self.memory == Memory::Shared {
            return look(&self.copy());
        }
        // SAFETY: the bytes are there (see `of`), no other thread has them, and `look` cannot run
        // script, which could change or free them.
        look(unsafe { std::slice::from_raw_parts(self.start, self.len) })
    }

    fn check_mutable(self, ctx: &Ctx<'_>) -> Result<()> {
        if self.memory != Memory::Immutable {
            return Ok(());
        }
        Err(throw(ctx, ErrorKind::Type, "the ArrayBuffer is immutable"))
    }
}

impl Memory {
    /// # Safety
    /// A live buffer.
    unsafe fn of(buffer: qjs::JSValue) -> Self {
        // SAFETY: by the caller. Of what is no `ArrayBuffer` the answer is -1.
        match unsafe { qjs::JS_IsImmutableArrayBuffer(buffer) } {
            0 => Self::Own,
            1 => Self::Immutable,
            _ => Self::Shared,
        }
    }
}
