//! Structured cloning, <https://html.spec.whatwg.org/#safe-passing-of-structured-data>: values
//! on their way to another realm, which may be another thread's.
//!
//! [`serialize`] makes a [`Message`] of a value, which holds no value of script; the realm that
//! gets it makes a value of it again. The message is bytes (`wire`), written in the order in
//! which the standard visits the value, and beside them the parts that are not copied:
//! buffers, shared memory, modules, ports ([`platform`]).

mod buffers;
mod data_clone_error;
mod deserialize;
mod errors;
mod globals;
mod marks;
mod patience;
pub mod platform;
mod seen;
mod serialize;
mod wasm;
mod wire;

use std::fmt;

use holm_js::reflect::Kind;
use holm_js::{Ctx, Object, Result, Value};

pub use data_clone_error::{cannot_be_cloned, data_clone_error};
pub use globals::{install, transfer_list, transfer_option};
pub use marks::{Mark, is_marked, mark};

use buffers::{MovedBuffer, Shared};
use deserialize::Reader;
use platform::Parcel;
use seen::Seen;
use serialize::Writer;

/// A value on its way to another realm or thread.
#[derive(Debug)]
pub struct Message {
    bytes: Vec<u8>,
    parts: Vec<Part>,
    transferred: Vec<Transferred>,
    len_bytes: usize,
}

/// What is not among the bytes of a message.
enum Part {
    /// Of an `ArrayBuffer`.
    Bytes(Vec<u8>),
    Shared(Shared),
    /// Of a platform object.
    Platform(Parcel),
}

/// A transfer data holder.
enum Transferred {
    Buffer(MovedBuffer),
    /// Of the kind with this number.
    Platform(u8, Parcel),
}

/// What came out of a message.
#[derive(Debug)]
pub struct Received<'js> {
    /// The value.
    pub value: Value<'js>,
    /// The `MessagePort`s that were transferred, in their order.
    pub ports: Vec<Object<'js>>,
}

/// <https://html.spec.whatwg.org/#structuredserializewithtransfer>: runs the getters of the
/// value, and detaches what is transferred.
pub fn serialize<'js>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    transfer: &[Object<'js>],
) -> Result<Message> {
    // 1. Let memory be an empty map. 2. For each transferable of transferList:
    let mut memory = Seen::default();
    for transferable in transfer {
        check_transferable(ctx, transferable)?;
        // 3. If memory[transferable] exists, then throw a "DataCloneError" DOMException.
        if memory.number(transferable).is_some() {
            let text = match Kind::of(transferable) {
                Kind::ArrayBuffer => "Transfer list contains duplicate ArrayBuffer",
                _ => "Transfer list contains duplicate source port",
            };
            return Err(data_clone_error(ctx, text));
        }
        // 4. Set memory[transferable] to { [[Type]]: an uninitialized value }.
        memory.add(transferable);
    }
    // 3. Let serialized be ? StructuredSerializeInternal(value, false, memory).
    let mut writer = Writer::new(ctx, memory)?;
    writer.write(value)?;
    // 4. Let transferDataHolders be a new empty List. 5. For each transferable of transferList:
    let transferred = transfer.iter().map(|object| take(ctx, object));
    let transferred = transferred.collect::<Result<Vec<_>>>()?;
    let (bytes, parts) = (writer.output.into_bytes(), writer.parts);
    // 6. Return { [[Serialized]]: serialized, [[TransferDataHolders]]: transferDataHolders }.
    Ok(Message::new(bytes, parts, transferred))
}

/// 2.1. If transferable has neither an \[\[ArrayBufferData\]\] internal slot nor a \[\[Detached\]\]
/// internal slot, then throw a "DataCloneError" DOMException. 2.2. If transferable has an
/// \[\[ArrayBufferData\]\] internal slot and IsSharedArrayBuffer(transferable) is true, likewise.
fn check_transferable<'js>(ctx: &Ctx<'js>, object: &Object<'js>) -> Result<()> {
    if is_marked(ctx, object, Mark::Untransferable)? {
        let text = "An object that is marked as untransferable is in the transfer list";
        return Err(data_clone_error(ctx, text));
    }
    let is_transferable = match Kind::of(object) {
        Kind::ArrayBuffer => true,
        Kind::Object => platform::find(object).is_some_and(|(_, kind)| kind.is_transferable()),
        _ => false,
    };
    if is_transferable {
        return Ok(());
    }
    Err(data_clone_error(ctx, "Found invalid object in transferList"))
}

/// The steps of 5. for one transferable.
fn take<'js>(ctx: &Ctx<'js>, object: &Object<'js>) -> Result<Transferred> {
    if Kind::of(object) == Kind::ArrayBuffer {
        return buffers::detach(ctx, object).map(Transferred::Buffer);
    }
    let (number, kind) = platform::find(object).ok_or_else(|| cannot_be_cloned(ctx, object))?;
    // 5. Otherwise: 4. Perform the appropriate transfer steps for the interface identified by
    //    interfaceName, given transferable and dataHolder. 5. Set transferable.[[Detached]] to
    //    true.
    Ok(Transferred::Platform(number, kind.transfer(ctx, object)?))
}

impl Message {
    fn new(bytes: Vec<u8>, parts: Vec<Part>, transferred: Vec<Transferred>) -> Self {
        let len_bytes = bytes.len()
            + parts.iter().map(Part::len_bytes).sum::<usize>()
            + transferred.iter().map(Transferred::len_bytes).sum::<usize>();
        Self { bytes, parts, transferred, len_bytes }
    }

    /// Roughly how much memory it holds; what is shared does not count.
    pub fn byte_len(&self) -> usize {
        self.len_bytes
    }

    /// <https://html.spec.whatwg.org/#structureddeserializewithtransfer>
    pub fn deserialize<'js>(self, ctx: &Ctx<'js>) -> Result<Received<'js>> {
        // 1. Let memory be an empty map. 2. Let transferredValues be a new empty List.
        let (mut memory, mut ports) = (Vec::new(), Vec::new());
        // 3. For each transferDataHolder of serializeWithTransferResult.[[TransferDataHolders]]:
        for transferred in self.transferred {
            memory.push(match transferred {
                Transferred::Buffer(buffer) => buffer.make(ctx)?,
                Transferred::Platform(number, parcel) => {
                    let kind = platform::by_number(number)?;
                    let object = kind.receive(ctx, parcel)?;
                    if kind.is_port() {
                        ports.push(object.clone());
                    }
                    object
                }
            });
        }
        // 4. Let deserialized be ? StructuredDeserialize(….[[Serialized]], targetRealm, memory).
        let value = Reader::new(ctx, self.bytes, self.parts, memory).read()?;
        // 5. Return { [[Deserialized]]: deserialized, [[TransferredValues]]: … }.
        Ok(Received { value, ports })
    }
}

/// What a part that is no bytes takes, about.
const PARCEL_BYTES: usize = 64;

impl Part {
    fn len_bytes(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Shared(_) | Self::Platform(_) => PARCEL_BYTES,
        }
    }
}

impl Transferred {
    fn len_bytes(&self) -> usize {
        match self {
            Self::Buffer(buffer) => buffer.len_bytes(),
            Self::Platform(..) => PARCEL_BYTES,
        }
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("len_bytes", &self.len_bytes()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Transferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transferred").field("len_bytes", &self.len_bytes()).finish_non_exhaustive()
    }
}
