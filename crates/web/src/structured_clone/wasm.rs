//! `WebAssembly.Module` and shared `WebAssembly.Memory`: by reference.

use holm_js::{Ctx, Error, Object, Result, Value, take_exception, throw_value};
use holm_webassembly::SharedMemory;
use holm_webassembly::native::Module;

use super::data_clone_error::{cannot_be_cloned, data_clone_error};
use super::platform::{Parcel, PlatformKind};

/// <https://webassembly.github.io/spec/web-api/#serialization>: what is compiled is shared.
pub(super) struct ModuleKind;

impl PlatformKind for ModuleKind {
    fn is(&self, object: &Value<'_>) -> bool {
        Module::of(object).is_some()
    }

    fn serialize<'js>(&self, ctx: &Ctx<'js>, object: &Object<'js>) -> Result<Parcel> {
        match Module::of(object) {
            Some(module) => Ok(Box::new(module)),
            None => Err(cannot_be_cloned(ctx, object)),
        }
    }

    fn receive<'js>(&self, ctx: &Ctx<'js>, parcel: Parcel) -> Result<Object<'js>> {
        let module = parcel.downcast::<Module>().map_err(|_| Error::Unknown)?;
        received(
            ctx,
            module.object(ctx).and_then(|value| value.into_object().ok_or(Error::Unknown)),
        )
    }
}

/// <https://webassembly.github.io/threads/js-api/#memories>: a shared one is serializable.
pub(super) struct MemoryKind;

impl PlatformKind for MemoryKind {
    fn is(&self, object: &Value<'_>) -> bool {
        SharedMemory::of(object).is_some()
    }

    fn serialize<'js>(&self, ctx: &Ctx<'js>, object: &Object<'js>) -> Result<Parcel> {
        match SharedMemory::of(object) {
            Some(memory) => Ok(Box::new(memory)),
            None => Err(cannot_be_cloned(ctx, object)),
        }
    }

    fn receive<'js>(&self, ctx: &Ctx<'js>, parcel: Parcel) -> Result<Object<'js>> {
        let memory = parcel.downcast::<SharedMemory>().map_err(|_| Error::Unknown)?;
        received(
            ctx,
            memory.object(ctx).and_then(|value| value.into_object().ok_or(Error::Unknown)),
        )
    }
}

/// What this realm cannot have is a "DataCloneError", whatever the reason.
pub(super) fn received<'js>(ctx: &Ctx<'js>, made: Result<Object<'js>>) -> Result<Object<'js>> {
    made.map_err(|error| {
        let thrown = take_exception(ctx, error);
        if thrown.is_uncatchable_error() {
            return throw_value(ctx, thrown);
        }
        let reason = holm_js::Thrown::new(ctx, &thrown).heading;
        data_clone_error(ctx, &format!("a value could not be received: {reason}"))
    })
}
