//! Where a typed array or `DataView` looks, and whether it follows its buffer's length.
//!
//! No built-in method tells the latter, so the engine's record of a view is read. What is read
//! is measured first, on views that are known.

use std::cell::OnceCell;
use std::ffi::c_void;

use rquickjs::{Ctx, Object, Result, qjs};

use crate::make;
use crate::pristine;
use crate::raw;
use crate::realm::slot;
use crate::reflect::{Kind, TypedArrayKind, class, data_view, identity, typed_array};

/// What a view is made of: its internal slots.
#[derive(Clone, Debug)]
pub struct BufferView<'js> {
    /// \[\[ViewedArrayBuffer\]\]
    pub buffer: Object<'js>,
    /// \[\[ByteOffset\]\]
    pub offset_bytes: usize,
    /// \[\[ByteLength\]\]; `None` for "auto": the view tracks its buffer's length.
    pub len_bytes: Option<usize>,
}

/// The slots of a typed array or `DataView`.
pub fn buffer_view<'js>(view: &Object<'js>) -> Result<BufferView<'js>> {
    let known = layout_is_known(view.ctx())?;
    let class = class::of(view);
    let buffer = pristine::read(view.as_value(), class, c"buffer")?;
    let buffer = buffer.into_object().ok_or(rquickjs::Error::Unknown)?;
    if known {
        let record = record(view);
        let offset_bytes = record.offset as usize;
        let len_bytes = (record.tracks == 0).then_some(record.length as usize);
        return Ok(BufferView { buffer, offset_bytes, len_bytes });
    }
    let shown =
        if Kind::of(view) == Kind::DataView { data_view(view)? } else { typed_array(view)? };
    let len_bytes = Some(shown.len * shown.element_bytes);
    Ok(BufferView { buffer, offset_bytes: shown.offset_bytes, len_bytes })
}

/// Whether [`record`] may be used in this realm.
pub(crate) fn layout_is_known(ctx: &Ctx<'_>) -> Result<bool> {
    let known = slot::<Known>(ctx);
    if let Some(known) = known.0.get() {
        return Ok(*known);
    }
    let measured = measure(ctx)?;
    Ok(*known.0.get_or_init(|| measured))
}

/// Whether the layout is the known one.
#[derive(Default)]
struct Known(OnceCell<bool>);

/// `JSTypedArray` of quickjs.c.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Record {
    list: [*const c_void; 2],
    object: *const c_void,
    pub(crate) buffer: *const c_void,
    /// In bytes, as is the length.
    pub(crate) offset: u32,
    pub(crate) length: u32,
    /// A `bool`; before it was measured it may be anything.
    pub(crate) tracks: u8,
}

/// The engine's record of a typed array or `DataView`, if [`layout_is_known`].
#[inline]
pub(crate) fn record(view: &Object<'_>) -> Record {
    // SAFETY: a live view, whose opaque pointer is that of its record, an allocation of the
    // engine's. That it is as long as this shows `measure`, which asks for a size first.
    unsafe {
        let mut class = qjs::JS_INVALID_CLASS_ID;
        qjs::JS_GetAnyOpaque(view.as_raw(), &raw mut class).cast::<Record>().read()
    }
}

/// Makes views of known extent, and looks whether their records say just that.
fn measure(ctx: &Ctx<'_>) -> Result<bool> {
    let buffer = make::array_buffer(ctx, &[0; 8], Some(16))?;
    let tracking = make::typed_array(TypedArrayKind::Uint16, &buffer, 2, None)?;
    let fixed = make::typed_array(TypedArrayKind::Uint16, &buffer, 4, Some(1))?;
    let tracking_view = make::data_view(&buffer, 3, None)?;
    let fixed_view = make::data_view(&buffer, 5, Some(2))?;
    let is = |view: &Object<'_>, offset, length: Option<u32>| {
        // SAFETY: a live view; its opaque pointer is an allocation of the engine's.
        let size = unsafe {
            let mut class = qjs::JS_INVALID_CLASS_ID;
            let record = qjs::JS_GetAnyOpaque(view.as_raw(), &raw mut class);
            qjs::js_malloc_usable_size(raw::context(view.ctx()), record) as usize
        };
        if size != 0 && size < size_of::<Record>() {
            return false;
        }
        let record = record(view);
        record.object as usize == identity(view)
            && record.buffer as usize == identity(&buffer)
            && record.offset == offset
            && length.is_none_or(|length| record.length == length)
            && record.tracks == u8::from(length.is_none())
    };
    Ok(is(&tracking, 2, None)
        && is(&fixed, 4, Some(2))
        && is(&tracking_view, 3, None)
        && is(&fixed_view, 5, Some(2)))
}
