//! Platform objects: serializable and transferable ones, one line in a table each.
//!
//! <https://html.spec.whatwg.org/#serializable-objects>,
//! <https://html.spec.whatwg.org/#transferable-objects>

use std::any::Any;

use holm_js::{Ctx, Error, Object, Result, Value};

use super::data_clone_error::cannot_be_cloned;
use super::wasm;
use crate::crypto::subtle::KeyKind;
use crate::file_api::{BlobKind, FileKind};
use crate::messaging::Ports;
use crate::streams::StreamKind;

/// What travels for a platform object.
pub type Parcel = Box<dyn Any + Send>;

/// An interface whose objects can be cloned or transferred.
pub trait PlatformKind: Sync {
    /// Whether an object is of this kind.
    fn is(&self, object: &Value<'_>) -> bool;

    /// The serialization steps; a "DataCloneError" if there are none.
    fn serialize<'js>(&self, ctx: &Ctx<'js>, object: &Object<'js>) -> Result<Parcel> {
        Err(cannot_be_cloned(ctx, object))
    }

    /// Whether the interface is transferable.
    fn is_transferable(&self) -> bool {
        false
    }

    /// The transfer steps: afterwards the object is detached. A "DataCloneError" if it is that
    /// already.
    fn transfer<'js>(&self, ctx: &Ctx<'js>, object: &Object<'js>) -> Result<Parcel> {
        Err(cannot_be_cloned(ctx, object))
    }

    /// The deserialization or transfer-receiving steps: a new object, in another realm. A
    /// "DataCloneError" if this realm cannot have it.
    fn receive<'js>(&self, ctx: &Ctx<'js>, parcel: Parcel) -> Result<Object<'js>>;

    /// Whether its transferred objects belong into `MessageEvent.ports`.
    fn is_port(&self) -> bool {
        false
    }
}

/// All kinds.
static KINDS: &[&dyn PlatformKind] = &[
    &Ports,
    &wasm::ModuleKind,
    &wasm::MemoryKind,
    // Before `Blob`, whose objects files are too.
    &FileKind,
    &BlobKind,
    &KeyKind,
    &StreamKind,
];

/// The kind of an object, and its number.
pub(super) fn find(object: &Value<'_>) -> Option<(u8, &'static dyn PlatformKind)> {
    (0..).zip(KINDS).find(|(_, kind)| kind.is(object)).map(|(number, kind)| (number, *kind))
}

pub(super) fn by_number(number: u8) -> Result<&'static dyn PlatformKind> {
    KINDS.get(usize::from(number)).copied().ok_or(Error::Unknown)
}
