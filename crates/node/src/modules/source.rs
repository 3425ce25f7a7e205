//! Source text: read, decoded, and made JavaScript.

use std::path::Path;

use holm_host::{Access, host};
use holm_js::{Ctx, ErrorKind, Result, compiles_as_function_body};

use super::errors;
use super::resolve::{Format, System};
use crate::syntax::queries::has_module_syntax;
use crate::syntax::source_phase::lowered;
use crate::syntax::typescript::{Goal, strip};

/// The parameters of the function a CommonJS module is.
pub(super) const COMMONJS_PARAMETERS: &str = "exports, require, module, __filename, __dirname";

/// A file's text as JavaScript.
pub(super) struct Source {
    pub(super) text: String,
}

impl Source {
    /// Reads a file of this format.
    pub(super) fn read(ctx: &Ctx<'_>, path: &Path, format: Format) -> Result<Self> {
        let text = read_text(ctx, path)?;
        let Format::TypeScript(system) = format else {
            let text = lowered(&text).unwrap_or(text);
            return Ok(Self { text });
        };
        let goal = match system {
            System::Module => Goal::Module,
            System::CommonJs => Goal::CommonJs,
            System::Ambiguous => Goal::Ambiguous,
        };
        let stripped = strip(&text, goal).map_err(|error| {
            let (line, column) = (error.position.line, error.position.column);
            let place = format!("{}:{line}:{column}", path.display());
            errors::at(ctx, error.kind.code(), &error.message, error.hint.as_deref(), &place)
        })?;
        Ok(Self { text: lowered(&stripped).unwrap_or(stripped) })
    }

    /// Whether a file whose package does not tell is an ES module: it is no CommonJS, and has
    /// what only modules have.
    pub(super) fn is_module_after_all(&self, ctx: &Ctx<'_>) -> bool {
        // Most CommonJS has none of the words: then nothing need be compiled to tell.
        let may_be = ["import", "export", "await"].iter().any(|word| self.text.contains(word));
        may_be
            && !compiles_as_function_body(ctx, COMMONJS_PARAMETERS, &self.text)
            && has_module_syntax(&self.text)
    }
}

/// The bytes of a file that may be read.
pub(super) fn read_bytes(ctx: &Ctx<'_>, path: &Path) -> Result<Vec<u8>> {
    let permitted = host(ctx).permissions.check(Access::Read(path));
    permitted.map_err(|denied| errors::denied(ctx, &denied, None))?;
    std::fs::read(path).map_err(|error| {
        let text = format!("{} cannot be read: {error}", path.display());
        errors::coded(ctx, ErrorKind::Plain, "ERR_FS_READ", &text)
    })
}

/// The text of a file that may be read.
pub(super) fn read_text(ctx: &Ctx<'_>, path: &Path) -> Result<String> {
    let bytes = read_bytes(ctx, path)?;
    let mut text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    };
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}
