//! The text format (`.wat`): to the binary one, or why not.

use std::fmt;

use unicode_width::UnicodeWidthChar;
use wast::parser::{ParseBuffer, parse};
use wast::{Error, Wat};

use crate::binary::header::COMPONENT;
use crate::binary::invalid::{MAX_MESSAGE_CHARS, is_direction_mark, one_line};

/// As wide as a line of source is shown, in columns.
const MAX_SHOWN_COLUMNS: usize = 100;
const TAB: &str = "    ";

/// What a module, or one of its fields without the module around it, may begin with.
const KEYWORDS: [&str; 15] = [
    "module",
    "component",
    "type",
    "rec",
    "import",
    "func",
    "table",
    "memory",
    "tag",
    "global",
    "export",
    "start",
    "elem",
    "data",
    "@",
];

/// Translates a module from the text format. Its `$identifiers` go into the `name` section.
///
/// The result is well-formed, but whether it is valid is for [`check`](crate::check) to say.
/// `file` is what the error calls the source.
///
/// ```
/// let wasm = holm_wasm::to_binary("(module (func $f))", "f.wat").unwrap();
/// assert_eq!(holm_wasm::Names::parse(&wasm).function(0), Some("f"));
///
/// let error = holm_wasm::to_binary("(module\n  (fun))", "f.wat").unwrap_err();
/// assert_eq!((error.line, error.column), (2, 4));
/// ```
pub fn to_binary(source: impl AsRef<[u8]>, file: &str) -> Result<Vec<u8>, TextError> {
    let bytes = source.as_ref();
    let source = match std::str::from_utf8(bytes) {
        Ok(source) => source.strip_prefix('\u{feff}').unwrap_or(source),
        Err(error) => return Err(not_utf8(bytes, error.valid_up_to(), file)),
    };
    translate(source).map_err(|error| {
        let message = match error.message().as_str() {
            "support for parsing components disabled at compile time" => COMPONENT.into(),
            message => one_line(message, MAX_MESSAGE_CHARS),
        };
        TextError::new(message, error.span().offset(), source, file)
    })
}

fn translate(source: &str) -> Result<Vec<u8>, Error> {
    let buffer = ParseBuffer::new(source)?;
    parse::<Wat<'_>>(&buffer)?.encode()
}

/// Whether this is probably the text format: after white space and comments, a parenthesis and
/// a keyword that a module may begin with.
#[must_use]
pub fn looks_like_text(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if bytes.starts_with(b";;") || bytes.starts_with(b"(;") {
        return true;
    }
    let Some(inside) = bytes.strip_prefix(b"(") else {
        return false;
    };
    let inside = inside.trim_ascii_start();
    KEYWORDS.iter().any(|keyword| {
        inside.strip_prefix(keyword.as_bytes()).is_some_and(|rest| {
            *keyword == "@" || !rest.first().is_some_and(|next| next.is_ascii_alphanumeric())
        })
    })
}

/// Text that is not a module, and where that shows.
///
/// Displayed as wasm-tools does:
///
/// ```text
/// unknown operator or unexpected token
///   --> add.wat:2:4
///    |
///  2 |   (fun)
///    |    ^
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextError {
    /// What is wrong.
    pub message: String,
    /// What the source is called.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters and from 1.
    pub column: usize,
    /// The line as it is shown: without tabs and control characters, and cut when it is long.
    pub source_line: String,
    /// How many columns of `source_line` are before the place.
    caret: usize,
}

impl TextError {
    fn new(message: String, offset: usize, source: &str, file: &str) -> Self {
        // At the end of the source, show the end of its last line that has something on it.
        let offset = source.floor_char_boundary(offset.min(source.trim_end().len()));
        let (before, after) = source.split_at(offset);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_before = before.get(start..).unwrap_or_default();
        let line_after = after.lines().next().unwrap_or_default();
        let (source_line, caret) = shown(line_before, line_after);
        Self {
            message,
            file: file.into(),
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: line_before.chars().count() + 1,
            source_line,
            caret,
        }
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, file, line, column, source_line, caret } = self;
        let gutter = line.to_string().len() + 2;
        writeln!(f, "{message}")?;
        writeln!(f, "{:gutter$}--> {file}:{line}:{column}", "", gutter = gutter - 1)?;
        writeln!(f, "{:gutter$}|", "")?;
        writeln!(f, " {line} | {source_line}")?;
        write!(f, "{:gutter$}| {:caret$}^", "", "")
    }
}

impl std::error::Error for TextError {}

fn not_utf8(bytes: &[u8], valid: usize, file: &str) -> TextError {
    let byte = bytes.get(valid).copied().unwrap_or_default();
    let message = format!("the text is not UTF-8: byte {byte:#04x} at offset {valid}");
    // Replacements begin where the valid part ends, so the offset stays.
    let rest_of_line = bytes.get(valid..).unwrap_or_default();
    let rest_of_line = rest_of_line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let rest_of_line = rest_of_line.get(..MAX_SHOWN_COLUMNS * 4).unwrap_or(rest_of_line);
    let mut source = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default()).into_owned();
    source.push_str(&String::from_utf8_lossy(rest_of_line));
    TextError::new(message, valid, &source, file)
}

/// The line with these two halves, and how many columns the first takes. Of a long line, what
/// is around the place.
fn shown(before: &str, after: &str) -> (String, usize) {
    let (mut left, mut columns) = (Vec::new(), 0);
    let mut cut = false;
    for character in before.chars().rev() {
        let (text, width) = harmless(character);
        if columns + width > MAX_SHOWN_COLUMNS / 2 {
            cut = true;
            break;
        }
        columns += width;
        left.push(text);
    }
    let mut line = String::new();
    if cut {
        line.push('…');
        columns += 1;
    }
    line.extend(left.into_iter().rev());
    let caret = columns;
    for character in after.trim_end().chars() {
        let (text, width) = harmless(character);
        if columns + width > MAX_SHOWN_COLUMNS {
            line.push('…');
            break;
        }
        columns += width;
        line.push_str(&text);
    }
    (line, caret)
}

/// A character of the source as it may go to a terminal, and its width.
fn harmless(character: char) -> (String, usize) {
    match character.width() {
        _ if character == '\t' => (TAB.into(), TAB.len()),
        Some(width) if !is_direction_mark(character) => (character.into(), width),
        _ => ("\u{fffd}".into(), 1),
    }
}
