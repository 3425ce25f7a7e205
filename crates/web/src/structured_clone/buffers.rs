//! Buffers and what looks at them.

use holm_js::reflect::{self, BufferView, Kind, TypedArrayKind};
use holm_js::{
    Ctx, Error, ErrorKind, Object, Result, SharedBuffer, detach_buffer, is_detachable, is_detached,
    make, max_buffer_bytes, throw, view_bytes,
};
use holm_webassembly::SharedMemoryBuffer;

use super::Part;
use super::data_clone_error::{cannot_be_cloned, data_clone_error};
use super::serialize::Writer;
use super::wasm::received;
use super::wire::{Input, Tag};

/// An `ArrayBuffer` that was transferred.
#[derive(Debug)]
pub(super) struct MovedBuffer {
    bytes: Vec<u8>,
    max_len_bytes: Option<usize>,
}

/// A `SharedArrayBuffer`.
pub(super) enum Shared {
    /// Of script's own memory.
    Script(SharedBuffer),
    /// Of a WebAssembly memory.
    Memory(SharedMemoryBuffer),
}

impl Shared {
    fn of(buffer: &Object<'_>) -> Result<Option<Self>> {
        Ok(match SharedBuffer::of(buffer)? {
            Some(shared) => Some(Self::Script(shared)),
            None => SharedMemoryBuffer::of(buffer).map(Self::Memory),
        })
    }

    fn make<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        match self {
            Self::Script(shared) => shared.object(ctx),
            Self::Memory(shared) => received(ctx, shared.object(ctx)),
        }
    }
}

/// 13. Otherwise, if value has an \[\[ArrayBufferData\]\] internal slot:
pub(super) fn write<'js>(writer: &mut Writer<'_, 'js>, buffer: &Object<'js>) -> Result<()> {
    // 1. If IsSharedArrayBuffer(value) is true, then: 3. Otherwise, set serialized to { [[Type]]:
    //    "SharedArrayBuffer", [[ArrayBufferData]]: value.[[ArrayBufferData]], … }.
    if Kind::of(buffer) == Kind::SharedArrayBuffer {
        let shared = Shared::of(buffer)?.ok_or_else(|| cannot_be_cloned(writer.ctx, buffer))?;
        writer.output.tag(Tag::SharedBuffer);
        writer.part(Part::Shared(shared));
        return Ok(());
    }
    // 2. Otherwise: 1. If IsDetachedBuffer(value) is true, then throw a "DataCloneError".
    if is_detached(buffer) {
        return Err(detached(writer.ctx));
    }
    // 2. Let size be value.[[ArrayBufferByteLength]]. 3. Let dataCopy be
    //    ? CreateByteDataBlock(size). 5. Perform CopyDataBlockBytes(dataCopy, 0, …, 0, size).
    let max = max_buffer_bytes(buffer)?;
    let (len_bytes, _) = reflect::buffer_bytes(buffer, 0)?.unwrap_or_default();
    writer.room_for_part(len_bytes)?;
    let bytes = view_bytes(buffer)?;
    // 6. If value has an [[ArrayBufferMaxByteLength]] internal slot, then set serialized to
    //    { [[Type]]: "ResizableArrayBuffer", … }. 7. Otherwise "ArrayBuffer".
    writer.output.tag(if max.is_some() { Tag::ResizableBuffer } else { Tag::Buffer });
    writer.part(Part::Bytes(bytes));
    if let Some(max) = max {
        writer.output.count(max);
    }
    Ok(())
}

pub(super) fn read<'js>(
    ctx: &Ctx<'js>,
    tag: Tag,
    part: Part,
    input: &mut Input,
) -> Result<Object<'js>> {
    let bytes = match part {
        Part::Bytes(bytes) => bytes,
        // 12. Otherwise, if serialized.[[Type]] is "SharedArrayBuffer"
        Part::Shared(shared) => return shared.make(ctx),
        Part::Platform(_) => return Err(Error::Unknown),
    };
    let max = if tag == Tag::ResizableBuffer { Some(input.count()?) } else { None };
    make::array_buffer(ctx, &bytes, max)
}

/// The element types, by their number.
const VIEWS: [Kind; 13] = [
    Kind::DataView,
    Kind::TypedArray(TypedArrayKind::Uint8Clamped),
    Kind::TypedArray(TypedArrayKind::Int8),
    Kind::TypedArray(TypedArrayKind::Uint8),
    Kind::TypedArray(TypedArrayKind::Int16),
    Kind::TypedArray(TypedArrayKind::Uint16),
    Kind::TypedArray(TypedArrayKind::Int32),
    Kind::TypedArray(TypedArrayKind::Uint32),
    Kind::TypedArray(TypedArrayKind::BigInt64),
    Kind::TypedArray(TypedArrayKind::BigUint64),
    Kind::TypedArray(TypedArrayKind::Float16),
    Kind::TypedArray(TypedArrayKind::Float32),
    Kind::TypedArray(TypedArrayKind::Float64),
];

/// Writes what a view is; the buffer, which is returned, has to follow.
///
/// 14. Otherwise, if value has a \[\[ViewedArrayBuffer\]\] internal slot:
pub(super) fn write_view<'js>(
    writer: &mut Writer<'_, 'js>,
    view: &Object<'js>,
) -> Result<Object<'js>> {
    let BufferView { buffer, offset_bytes, len_bytes } = reflect::buffer_view(view)?;
    // 1. If IsArrayBufferViewOutOfBounds(value) is true, then throw a "DataCloneError".
    if is_detached(&buffer) {
        return Err(detached(writer.ctx));
    }
    let (buffer_len_bytes, _) = reflect::buffer_bytes(&buffer, 0)?.unwrap_or_default();
    if offset_bytes + len_bytes.unwrap_or(0) > buffer_len_bytes {
        return Err(cannot_be_cloned(writer.ctx, view));
    }
    // 2. Let buffer be the value of value's [[ViewedArrayBuffer]] internal slot.
    // 5. If value has a [[DataView]] internal slot, then set serialized to … "DataView"
    // 6. Otherwise: [[Constructor]]: value.[[TypedArrayName]]
    let kind = Kind::of(view);
    let number = VIEWS.iter().position(|known| *known == kind).ok_or(Error::Unknown)?;
    writer.output.tag(Tag::View);
    writer.output.byte(number as u8);
    writer.output.byte(u8::from(len_bytes.is_none()));
    writer.output.count(offset_bytes);
    writer.output.count(len_bytes.unwrap_or(0));
    Ok(buffer)
}

/// What stands before the buffer of a view.
pub(super) struct ViewHeader {
    kind: Kind,
    offset_bytes: usize,
    len_bytes: Option<usize>,
}

impl ViewHeader {
    pub(super) fn read(input: &mut Input) -> Result<Self> {
        let kind = VIEWS.get(usize::from(input.byte()?)).copied().ok_or(Error::Unknown)?;
        let tracks = input.byte()? != 0;
        let (offset_bytes, len_bytes) = (input.count()?, input.count()?);
        Ok(Self { kind, offset_bytes, len_bytes: (!tracks).then_some(len_bytes) })
    }

    pub(super) fn make<'js>(self, buffer: &Object<'js>) -> Result<Object<'js>> {
        match self.kind {
            Kind::TypedArray(kind) => {
                let len = self.len_bytes.map(|len_bytes| len_bytes / kind.element_bytes());
                make::typed_array(kind, buffer, self.offset_bytes, len)
            }
            _ => make::data_view(buffer, self.offset_bytes, self.len_bytes),
        }
    }
}

/// <https://html.spec.whatwg.org/#structuredserializewithtransfer>, step 5.4: an `ArrayBuffer`.
pub(super) fn detach(ctx: &Ctx<'_>, buffer: &Object<'_>) -> Result<MovedBuffer> {
    // 5.1. If IsDetachedBuffer(transferable) is true, then throw a "DataCloneError".
    if is_detached(buffer) {
        return Err(detached(ctx));
    }
    // 5.4.4. Perform ? DetachArrayBuffer(transferable): of a WebAssembly memory's the key is
    //        another, which is a TypeError.
    if !is_detachable(buffer) {
        let text = "a WebAssembly memory's buffer and an immutable one cannot be transferred";
        return Err(throw(ctx, ErrorKind::Type, text));
    }
    let moved =
        MovedBuffer { bytes: view_bytes(buffer)?, max_len_bytes: max_buffer_bytes(buffer)? };
    detach_buffer(buffer);
    Ok(moved)
}

impl MovedBuffer {
    pub(super) fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn make<'js>(self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        make::array_buffer(ctx, &self.bytes, self.max_len_bytes)
    }
}

fn detached(ctx: &Ctx<'_>) -> Error {
    data_clone_error(ctx, "An ArrayBuffer is detached and could not be cloned.")
}
