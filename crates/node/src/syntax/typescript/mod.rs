//! TypeScript made JavaScript by erasing types, not by compiling.
//!
//! Every erased character becomes a space, so a line and column in the result is the same place in the source
//! and no source map is needed. Syntax that has a meaning at run time (enums, namespaces with values, parameter
//! properties, `import =`, decorators) is refused, as Node does. This is what Node's `amaro` does with swc.
//!
//! Types are not checked, and an import that only types use stays unless it says `type`.

mod edits;
mod erase;
mod members;

use std::fmt;

use oxc_parser::ParserReturn;
use oxc_span::SourceType;

use crate::syntax::{parse, position::Position};

/// Which grammar a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// An ECMAScript module.
    Module,
    /// The body of a CommonJS function: `return` is allowed, `await` is a name.
    CommonJs,
    /// Not known yet: whichever of the two fits.
    Ambiguous,
}

/// Why a TypeScript source cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StripError {
    pub kind: StripErrorKind,
    pub message: String,
    pub position: Position,
    pub hint: Option<String>,
}

/// Whose fault a [`StripError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StripErrorKind {
    /// Not TypeScript.
    Invalid,
    /// TypeScript that needs a compiler.
    Unsupported,
}

impl StripErrorKind {
    /// Node's name for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Invalid => "ERR_INVALID_TYPESCRIPT_SYNTAX",
            Self::Unsupported => "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
        }
    }
}

impl fmt::Display for StripError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StripError {}

/// Erases the types of a TypeScript source.
///
/// ```
/// # use holm_node::syntax::typescript::{strip, Goal};
/// assert_eq!(strip("let a: number = 1", Goal::Module).unwrap(), "let a         = 1");
/// ```
pub fn strip(source: &str, goal: Goal) -> Result<String, StripError> {
    match goal {
        Goal::Module => strip_as(source, SourceType::ts().with_module(true)),
        Goal::CommonJs => strip_as(source, SourceType::ts().with_commonjs(true)),
        Goal::Ambiguous => strip_as(source, SourceType::ts().with_module(true)).or_else(
            |as_module| match strip_as(source, SourceType::ts().with_commonjs(true)) {
                Err(StripError { kind: StripErrorKind::Invalid, .. }) => Err(as_module),
                as_script => as_script,
            },
        ),
    }
}

fn strip_as(source: &str, source_type: SourceType) -> Result<String, StripError> {
    parse::with_parsed(source, source_type, |parsed| {
        if let Some(error) = syntax_error(source, parsed) {
            return Err(error);
        }
        erase::erase(source, &parsed.program).map(|edits| edits.apply(source))
    })
    .unwrap_or_else(|_too_deep| {
        Err(StripError {
            kind: StripErrorKind::Invalid,
            message: "Expression or statement nested too deeply".into(),
            position: Position { line: 1, column: 1 },
            hint: None,
        })
    })
}

fn syntax_error(source: &str, parsed: &ParserReturn<'_>) -> Option<StripError> {
    let diagnostic = parsed.diagnostics.errors().next()?;
    let offset = diagnostic.labels.first().map_or(0, |label| label.offset());
    Some(StripError {
        kind: StripErrorKind::Invalid,
        message: diagnostic.message.to_string(),
        position: Position::of(source, offset as usize),
        hint: diagnostic.help.as_ref().map(ToString::to_string),
    })
}
