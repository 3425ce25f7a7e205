//! Exported GC Objects: <https://webassembly.github.io/spec/js-api/#gc-exotic-objects>

use holm_js::{Ctx, Graveyard, Held, HostObject, Result, Tracer, Value, Weak, bury, sealed};
use holm_wasm::GcObject;

use crate::owner::owner_of;

/// The inside of an Exported GC Object.
pub(crate) struct ExportedObject {
    object: GcObject,
    owner: Held,
}

impl ExportedObject {
    /// \[\[ObjectAddress\]\]
    pub(crate) fn object(&self) -> &GcObject {
        &self.object
    }
}

/// <https://webassembly.github.io/spec/js-api/#a-new-exported-gc-object>
pub(crate) fn wrapper<'js>(ctx: &Ctx<'js>, object: &GcObject) -> Result<Value<'js>> {
    if let Some(known) = object.attachment().get::<Weak>().and_then(|weak| weak.upgrade(ctx)) {
        return Ok(known);
    }
    // What was collected since: a loop leaves no scope.
    bury(ctx);
    let owner = Held::new(&owner_of(ctx, object.group())?);
    let made = sealed(ctx, ExportedObject { object: object.clone(), owner })?.into_value();
    if let Some(weak) = Weak::new(&made) {
        object.attachment().set(weak);
    }
    Ok(made)
}

impl HostObject for ExportedObject {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.owner);
    }

    fn finalize(self, graveyard: &Graveyard) {
        graveyard.push(self.object);
    }
}
