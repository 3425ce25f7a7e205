//! What is done to a module before it is compiled.

use std::sync::OnceLock;

use crate::atomic_waits;
use crate::legacy_exceptions;
use crate::offsets::OffsetMap;
use crate::{CompileError, Invalid};

/// What the compiler gets in a module's place.
pub(crate) struct Translation {
    pub(crate) wasm: Vec<u8>,
    pub(crate) origin: Origin,
}

/// What the compiler was given.
#[derive(Default)]
pub(crate) struct Origin {
    /// Whether there is anything in it that throws or catches.
    pub(crate) uses_exceptions: bool,
    /// Whether waiting comes to the host: see [`crate::atomic_waits`].
    pub(crate) calls_hooks: bool,
    /// Where it was not the module's own bytes: from places in it to places in those, by several
    /// steps. Made again on first use where the module was loaded from an artifact.
    pub(crate) offsets: Option<OnceLock<Vec<OffsetMap>>>,
}

/// Translates a valid module, if that is needed.
pub(crate) fn translate(wasm: &[u8]) -> Result<Option<Translation>, CompileError> {
    let invalid = |message: &str, offset| CompileError::Invalid(Invalid::at(message, offset));
    let legacy = legacy_exceptions::translate(wasm)
        .map_err(|error| invalid(error.message(), error.offset()))?;
    let waiting = legacy.as_ref().map_or(wasm, |legacy| &legacy.wasm);
    let waiting =
        atomic_waits::rewrite(waiting).map_err(|error| invalid(error.message(), error.offset()))?;
    let (uses_exceptions, calls_hooks) = (legacy.is_some(), waiting.is_some());
    let steps = [
        waiting.map(|rewritten| (rewritten.wasm, rewritten.offsets)),
        legacy.map(|translated| (translated.wasm, translated.offsets)),
    ];
    let (mut texts, offsets): (Vec<_>, Vec<_>) = steps.into_iter().flatten().unzip();
    if texts.is_empty() {
        return Ok(None);
    }
    let origin = Origin { uses_exceptions, calls_hooks, offsets: Some(offsets.into()) };
    Ok(Some(Translation { wasm: texts.swap_remove(0), origin }))
}

impl Origin {
    /// The place in the module's bytes that a place in what was compiled stands for.
    pub(crate) fn original_offset(&self, wasm: &[u8], offset: usize) -> usize {
        let Some(steps) = &self.offsets else { return offset };
        let steps = steps.get_or_init(|| {
            // It was translated once. If not, there are no places to lead to.
            let translation = translate(wasm).ok().flatten();
            translation.and_then(|made| made.origin.offsets?.into_inner()).unwrap_or_default()
        });
        steps.iter().fold(offset, |offset, step| step.original(offset))
    }
}
