//! Why a module is not valid.

use std::borrow::Cow;
use std::fmt;

use wasmparser::{BinaryReader, Error, ExportSectionReader, ExternalKind, WasmFeatures};

use crate::binary::header;
use crate::binary::incremental::{Incremental, Input};
use crate::binary::instruction::text_name;
use crate::binary::limits::{self, Excess};
use crate::binary::names::Names;
use crate::binary::sections::{Section, sections};

/// The longest message, in characters: one may quote a name of the module.
pub(crate) const MAX_MESSAGE_CHARS: usize = 300;
/// The longest function name shown, in characters.
const MAX_NAME_CHARS: usize = 80;

/// Validates and, if it fails, says why.
///
/// Modules with exceptions of before WebAssembly 3.0 pass: they are translated before Wasmtime
/// sees them.
///
/// ```
/// let invalid = holm_wasm::check(b"\0asm\x01\0\0\0\x01\x02").unwrap_err();
/// assert_eq!(
///     invalid.to_string(),
///     "invalid module at byte 0xa (type section): \
///      ends in the middle of the type section; 2 bytes more were declared"
/// );
/// ```
pub fn check(wasm: &[u8]) -> Result<(), Invalid> {
    limits::module_size(wasm.len())?;
    Incremental::default().advance(wasm, Input::Whole)
}

/// The first thing found wrong with a module.
///
/// Displayed as one line without the hint:
/// `invalid module at byte 0x2f (code section, function #3 "add", at i32.add): type mismatch:
/// expected i32, found i64`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invalid {
    /// What is wrong: one line without control characters.
    pub message: String,
    /// The byte of the module where it shows.
    pub offset: usize,
    /// The section that was being read.
    pub section: Option<Section>,
    /// The function that was being read.
    pub function: Option<FunctionPlace>,
    /// The instruction that begins at `offset`, as the text format calls it.
    pub instruction: Option<String>,
    /// What the mistake probably is, or how to go on.
    pub hint: Option<String>,
}

/// A function of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FunctionPlace {
    /// Its index, imported functions counted.
    pub index: u32,
    /// What the `name` section calls it, else an export: of a stream, as far as it has come.
    /// As it is in the module, with whatever characters and however long.
    pub name: Option<String>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid module at byte {:#x}", self.offset)?;
        if let Some(section) = self.section {
            write!(f, " ({section} section")?;
            if let Some(function) = &self.function {
                write!(f, ", function #{}", function.index)?;
                if let Some(name) = &function.name {
                    write!(f, " \"{}\"", one_line(name, MAX_NAME_CHARS))?;
                }
            }
            if let Some(instruction) = &self.instruction {
                write!(f, ", at {instruction}")?;
            }
            f.write_str(")")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Invalid {}

impl From<Excess> for Invalid {
    fn from(excess: Excess) -> Self {
        Self {
            message: excess.message,
            offset: excess.offset,
            section: None,
            function: None,
            instruction: None,
            hint: None,
        }
    }
}

impl Invalid {
    /// What is wrong at this place, with nothing known of what is there.
    pub(crate) fn at(message: &str, offset: usize) -> Self {
        Self {
            message: message.to_owned(),
            offset,
            section: None,
            function: None,
            instruction: None,
            hint: None,
        }
    }

    pub(crate) fn header(wrong: Excess, wasm: &[u8]) -> Self {
        Self { hint: header::hint(wasm).map(String::from), ..wrong.into() }
    }

    /// From the words of the validator.
    pub(crate) fn found(error: &Error) -> Self {
        let hint = error.missing_wasm_feature().map(|feature| {
            format!("the module uses the proposal {}, which is not supported", proposal(feature))
        });
        let (message, clearer_hint) = clearer(error.message());
        let message = one_line(&message, MAX_MESSAGE_CHARS);
        let hint = hint.or_else(|| clearer_hint.map(String::from));
        Self { hint, ..Excess { message, offset: error.offset() }.into() }
    }

    /// Whether the validator ran out of bytes.
    pub(crate) fn is_unexpected_end(&self) -> bool {
        self.message == UNEXPECTED_END
    }

    /// Says what ended when the validator ran out of bytes.
    pub(crate) fn ending(self, message: &str) -> Self {
        if self.is_unexpected_end() { Self { message: message.into(), ..self } } else { self }
    }

    pub(crate) fn in_section(self, section: Section) -> Self {
        Self { section: Some(section), ..self }
    }

    /// `wasm` is asked for the name of the function.
    pub(crate) fn in_function(self, index: u32, wasm: &[u8]) -> Self {
        let names = Names::parse(wasm);
        let name = names.function(index).map(String::from).or_else(|| exported(wasm, index));
        Self { function: Some(FunctionPlace { index, name }), ..self }
    }
}

/// What the validator says when bytes are missing.
const UNEXPECTED_END: &str = "unexpected end-of-file";

/// Words of the validator, and better ones.
const CLEARER: [(&str, &str); 11] = [
    (
        "control frames remain at end of function body or expression",
        "the function body ends without an `end`",
    ),
    (
        "memory size must be at most 0x10000 65536-byte pages",
        "a 32-bit memory has at most 65536 pages (4 GiB)",
    ),
    (
        "memory size must be at most 0x1000000000000 65536-byte pages",
        "a 64-bit memory has at most 137438953471 pages",
    ),
    ("function params size is out of bounds", "a function has at most 1000 parameters"),
    ("function returns size is out of bounds", "a function has at most 1000 results"),
    ("struct fields size is out of bounds", "a struct has at most 10000 fields"),
    ("rec group types size is out of bounds", "a recursion group has at most 1000000 types"),
    (
        "function body size count exceeds limit of 7654321",
        "a function body has at most 7654321 bytes",
    ),
    (
        "too many locals: locals exceed maximum",
        "a function has at most 50000 locals, its parameters counted",
    ),
    ("string size out of bounds", "a name has at most 100000 bytes"),
    ("number of elements is out of bounds", "an element segment has at most 10000000 entries"),
];

/// The words of the validator, or better ones, and a hint.
fn clearer(message: &str) -> (Cow<'_, str>, Option<&'static str>) {
    if message == "expected section, got wasm magic number" {
        return (
            "expected a section, found the magic number of a module".into(),
            Some("are these two modules, one after the other?"),
        );
    }
    if let Some((start, method)) = message.split_once("non-constant operator: visit_") {
        return (format!("{start}{} is not constant", text_name(method)).into(), None);
    }
    let clearer = CLEARER.iter().find(|(validators, _)| *validators == message);
    (clearer.map_or(message, |(_, ours)| ours).into(), None)
}

/// The first name that this function is exported by.
fn exported(wasm: &[u8], index: u32) -> Option<String> {
    let section = sections(wasm).find(|section| section.kind == Section::Export)?;
    let exports = ExportSectionReader::new(BinaryReader::new(section.bytes, section.offset));
    let function = exports
        .ok()?
        .into_iter()
        .map_while(Result::ok)
        .find(|export| export.kind == ExternalKind::Func && export.index == index)?;
    Some(function.name.into())
}

/// `WIDE_ARITHMETIC` is `wide-arithmetic`.
fn proposal(feature: WasmFeatures) -> String {
    let names: Vec<_> =
        feature.iter_names().map(|(name, _)| name.to_lowercase().replace('_', "-")).collect();
    names.join(", ")
}

/// Text of the module as part of a message: cut, and with nothing in it that moves a cursor.
pub(crate) fn one_line(text: &str, max_chars: usize) -> String {
    let mut line = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == max_chars {
            line.push('…');
            break;
        }
        if character.is_control() || is_direction_mark(character) {
            line.extend(character.escape_unicode());
        } else {
            line.push(character);
        }
    }
    line
}

/// Whether this character changes the order in which others are shown.
pub(crate) fn is_direction_mark(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
