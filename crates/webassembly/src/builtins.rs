//! Builtins: <https://webassembly.github.io/spec/js-api/#builtins>

use holm_js::{Ctx, Result};
use holm_wasm::{Engine, ExternType, Import};

use crate::options::CompileOptions;

/// A function that a module may import without being given it.
pub(crate) struct Builtin {
    never: std::convert::Infallible,
}

/// <https://webassembly.github.io/spec/js-api/#find-a-builtin>
pub(crate) fn find(_options: &CompileOptions, _module: &str, _name: &str) -> Option<Builtin> {
    None
}

impl Builtin {
    /// <https://webassembly.github.io/spec/js-api/#validate-an-import-for-builtins>
    pub(crate) fn check(
        &self,
        _engine: &Engine,
        _wanted: &ExternType,
    ) -> std::result::Result<(), String> {
        match self.never {}
    }

    /// The function.
    pub(crate) fn import(&self, _ctx: &Ctx<'_>) -> Result<Import> {
        match self.never {}
    }
}
