//! Elements of typed arrays by which threads wait for each other.
//!
//! The engine's own `Atomics.wait` has a list of waiters that nothing else can reach. What is here
//! lets a host have another: which element is meant, where it is, and what it holds.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicI32, AtomicI64, Ordering};

use rquickjs::{Ctx, Object, Result, Value, qjs};

use super::{to_index, typed_extent};
use crate::errors::{ErrorKind, throw};
use crate::raw;
use crate::reflect::{Kind, TypedArrayKind};

/// An `Int32Array` or `BigInt64Array`, as it was when it was looked at.
#[derive(Debug)]
pub struct WaitableArray<'js> {
    buffer: Object<'js>,
    offset_bytes: usize,
    len: usize,
    element: Element,
}

/// One of its elements, in memory that threads share.
#[derive(Clone, Debug)]
pub struct Waitable<'js> {
    /// Keeps the memory.
    buffer: Object<'js>,
    start: NonNull<u8>,
    element: Element,
}

#[derive(Clone, Copy, Debug)]
enum Element {
    Int32,
    BigInt64,
}

impl Element {
    fn bytes(self) -> usize {
        match self {
            Self::Int32 => size_of::<i32>(),
            Self::BigInt64 => size_of::<i64>(),
        }
    }
}

impl<'js> WaitableArray<'js> {
    /// <https://tc39.es/ecma262/#sec-validateintegertypedarray>, with _waitable_ true.
    pub fn of(ctx: &Ctx<'js>, array: &Value<'js>) -> Result<Self> {
        let array = array.as_object();
        // 3. If waitable is true, then a. If typedArray.[[TypedArrayName]] is neither "Int32Array"
        //    nor "BigInt64Array", throw a TypeError exception.
        let (array, element) = match array.map(|array| (array, Kind::of(array))) {
            Some((array, Kind::TypedArray(TypedArrayKind::Int32))) => (array, Element::Int32),
            Some((array, Kind::TypedArray(TypedArrayKind::BigInt64))) => (array, Element::BigInt64),
            _ => {
                let text = "the argument is neither an Int32Array nor a BigInt64Array";
                return Err(throw(ctx, ErrorKind::Type, text));
            }
        };
        // 1. Let taRecord be ? ValidateTypedArray(typedArray, unordered).
        let (buffer, offset_bytes, len_bytes) = typed_extent(array)?;
        let buffer = buffer.into_object().ok_or(rquickjs::Error::Unknown)?;
        if matches!(Kind::of(&buffer), Kind::ArrayBuffer) && super::is_detached(&buffer) {
            return Err(throw(ctx, ErrorKind::Type, "the array's buffer is detached"));
        }
        Ok(Self { buffer, offset_bytes, len: len_bytes / element.bytes(), element })
    }

    /// Whether other threads may have its memory: else nobody can wait there.
    pub fn is_shared(&self) -> bool {
        matches!(Kind::of(&self.buffer), Kind::SharedArrayBuffer)
    }

    /// <https://tc39.es/ecma262/#sec-validateatomicaccess>. `None` where nobody can wait.
    pub fn element(&self, index: &Value<'js>) -> Result<Option<Waitable<'js>>> {
        let ctx = self.buffer.ctx();
        // 1.–2. Let accessIndex be ? ToIndex(requestIndex).
        let index = to_index(ctx, index)?;
        // 4. If accessIndex ≥ length, throw a RangeError exception.
        if index >= self.len as f64 {
            return Err(throw(ctx, ErrorKind::Range, "the index is behind the array's end"));
        }
        if !self.is_shared() {
            return Ok(None);
        }
        let mut size: qjs::size_t = 0;
        // SAFETY: a live buffer. Its memory stays where it is and becomes no shorter, so what was
        // inside of it when the length was read still is.
        let start = unsafe {
            qjs::JS_GetArrayBuffer(raw::context(ctx), &raw mut size, self.buffer.as_raw())
        };
        let at = self.offset_bytes + index as usize * self.element.bytes();
        debug_assert!(at + self.element.bytes() <= size as usize, "shared memory never shrinks");
        let start = NonNull::new(start.wrapping_add(at)).ok_or(rquickjs::Error::Unknown)?;
        Ok(Some(Waitable { buffer: self.buffer.clone(), start, element: self.element }))
    }

    /// `ToBigInt64` or `ToInt32`, as the elements are.
    pub fn expected(&self, value: &Value<'js>) -> Result<i64> {
        let context = raw::context(self.buffer.ctx());
        let (mut long, mut int) = (0, 0);
        // SAFETY: a live value; the results are read on success only.
        unsafe {
            match self.element {
                Element::BigInt64 => {
                    raw::check(qjs::JS_ToBigInt64(context, &raw mut long, value.as_raw()))?;
                    Ok(long)
                }
                Element::Int32 => {
                    raw::check(qjs::JS_ToInt32(context, &raw mut int, value.as_raw()))?;
                    Ok(i64::from(int))
                }
            }
        }
    }
}

impl<'js> Waitable<'js> {
    /// The buffer, which keeps the memory.
    pub fn buffer(&self) -> &Object<'js> {
        &self.buffer
    }

    /// Where it is: the same for all who have the memory.
    pub fn address(&self) -> usize {
        self.start.as_ptr() as usize
    }

    /// Whether it holds this now.
    pub fn holds(&self, expected: i64) -> bool {
        // SAFETY: the buffer is still there; elements are aligned, and whoever writes to shared
        // memory is a thread like any other to them.
        unsafe {
            match self.element {
                Element::Int32 => {
                    let found = AtomicI32::from_ptr(self.start.as_ptr().cast());
                    i64::from(found.load(Ordering::SeqCst)) == expected
                }
                Element::BigInt64 => {
                    let found = AtomicI64::from_ptr(self.start.as_ptr().cast());
                    found.load(Ordering::SeqCst) == expected
                }
            }
        }
    }
}
