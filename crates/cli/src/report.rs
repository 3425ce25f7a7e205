//! What a person is told when a script fails: what, where, the line itself, how to go on.

use std::path::{Path, PathBuf};

use holm::{Access, Error, Frame, Permissions};

use crate::run::to_stderr;
use crate::terminal::error_colors;

/// Longest part of a source line that is shown.
const SHOWN_CHARACTERS: usize = 120;
/// Larger files are not read for one line of them.
const MAX_SOURCE_BYTES: u64 = 64 << 20;

/// Reports what ended a script.
pub(crate) fn error(error: &Error, permissions: &Permissions) {
    let style = Style::new();
    let shown = error.inspected().map_or_else(|| error.to_string(), str::to_owned);
    let (heading, rest) = split_stack(&shown);
    let heading =
        if error.is_error_object() { without_brackets(heading) } else { heading.to_owned() };
    let mut text = String::new();
    let what = match (error.is_exception(), error.is_rejection()) {
        (true, true) => "Uncaught (in promise) ",
        (true, false) => "Uncaught ",
        (false, _) => "",
    };
    push_line(&mut text, &format!("{}: {what}{}", style.red("error"), style.bold(&heading)));
    if let Some(excerpt) = excerpt(error.frames(), permissions, &style) {
        text.push_str(&excerpt);
    }
    if !rest.is_empty() {
        push_line(&mut text, rest);
    }
    if let Some(hint) = error.hint() {
        push_line(&mut text, &format!("{}: {hint}", style.cyan("hint")));
    }
    to_stderr(&text);
}

/// Reports a failure of the command itself.
pub(crate) fn message(text: &str, hint: Option<&str>) {
    let style = Style::new();
    let mut lines = format!("{}: {text}\n", style.red("error"));
    if let Some(hint) = hint {
        push_line(&mut lines, &format!("{}: {hint}", style.cyan("hint")));
    }
    to_stderr(&lines);
}

/// Says that the main module waits for ever, and where it may be.
pub(crate) fn unsettled(path: Option<&Path>) {
    let place = path.and_then(|path| {
        let source = std::fs::read_to_string(path).ok()?;
        let (line, column) = holm::first_top_level_await(&source)?;
        Some(format!(" (its first await: {}:{line}:{column})", path.display()))
    });
    let text = "unsettled top-level await: nothing will settle what the main module waits for";
    let place = place.unwrap_or_default();
    to_stderr(&format!("{}: {text}{place}\n", Style::new().yellow("warning")));
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// The message, and the stack with all that follows.
fn split_stack(shown: &str) -> (&str, &str) {
    match shown.find("\n    at ") {
        Some(end) => (&shown[..end], &shown[end + 1..]),
        None => (shown, ""),
    }
}

/// An error that was made outside of any script is shown as `[Error: …]`, for want of a stack.
fn without_brackets(heading: &str) -> String {
    let inside = heading.strip_prefix('[').and_then(|rest| {
        let (text, properties) = match rest.rfind("] {") {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest.strip_suffix(']')?, ""),
        };
        Some(format!("{text}{properties}"))
    });
    inside.unwrap_or_else(|| heading.to_owned())
}

/// The source line that the innermost frame in a file stands for, with a caret below.
fn excerpt(frames: &[Frame], permissions: &Permissions, style: &Style) -> Option<String> {
    let frame = frames.iter().find(|frame| file_of(frame).is_some())?;
    let (path, number) = (file_of(frame)?, frame.line?);
    permissions.check(Access::Read(&path)).ok()?;
    let line = source_line(&path, number)?;
    let column = frame.column.unwrap_or(1).saturating_sub(1) as usize;
    let (shown, caret) = cut(&line, column);
    let (gutter, number) = (" ".repeat(number.to_string().len()), number.to_string());
    let mut text = String::new();
    let place = format!("{}:{number}:{}", path.display(), column + 1);
    push_line(&mut text, &format!("{gutter}{} {place}", style.cyan("-->")));
    push_line(&mut text, &format!("{gutter} {}", style.cyan("|")));
    push_line(&mut text, &format!("{} {} {shown}", style.cyan(&number), style.cyan("|")));
    push_line(
        &mut text,
        &format!("{gutter} {} {}{}", style.cyan("|"), " ".repeat(caret), style.red("^")),
    );
    Some(text)
}

/// The file of a frame, when it is one.
fn file_of(frame: &Frame) -> Option<PathBuf> {
    frame.line?;
    let path = frame.file.strip_prefix("file://").unwrap_or(&frame.file);
    let path = path.split(['?', '#']).next()?;
    Path::new(path).is_absolute().then(|| PathBuf::from(unescaped(path)))
}

/// A path of a URL without its percent signs.
fn unescaped(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, others)) = rest.split_first() {
        let escaped = (first == b'%')
            .then(|| others.get(..2))
            .flatten()
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { &others[2..] } else { others };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn source_line(path: &Path, number: u32) -> Option<String> {
    if std::fs::metadata(path).ok()?.len() > MAX_SOURCE_BYTES {
        return None;
    }
    let text = String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned();
    let line = text.lines().nth(number.checked_sub(1)? as usize)?;
    // What moves the cursor would move the caret off its place.
    Some(line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
}

/// The part of a long line around a column, and where the column is in it.
fn cut(line: &str, column: usize) -> (String, usize) {
    let characters: Vec<char> = line.chars().collect();
    let column = column.min(characters.len());
    let start = if characters.len() > SHOWN_CHARACTERS {
        column.saturating_sub(SHOWN_CHARACTERS / 2).min(characters.len() - SHOWN_CHARACTERS)
    } else {
        0
    };
    let end = characters.len().min(start + SHOWN_CHARACTERS);
    let mut shown = String::new();
    if start > 0 {
        shown.push('…');
    }
    shown.extend(&characters[start..end]);
    if end < characters.len() {
        shown.push('…');
    }
    (shown, column - start + usize::from(start > 0))
}

/// Colours for standard error, or none.
struct Style {
    is_colored: bool,
}

impl Style {
    fn new() -> Self {
        Self { is_colored: error_colors() }
    }

    fn paint(&self, code: u8, text: &str) -> String {
        if self.is_colored { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn red(&self, text: &str) -> String {
        self.paint(31, text)
    }

    fn yellow(&self, text: &str) -> String {
        self.paint(33, text)
    }

    fn cyan(&self, text: &str) -> String {
        self.paint(36, text)
    }

    fn bold(&self, text: &str) -> String {
        self.paint(1, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_around_the_column() {
        let check = |line: &str, column: usize| {
            let (shown, caret) = cut(line, column);
            let expected = line.chars().nth(column).unwrap_or(' ');
            assert_eq!(shown.chars().nth(caret).unwrap_or(' '), expected, "{column}");
            assert!(shown.chars().count() <= SHOWN_CHARACTERS + 2);
        };
        let line: String = ('a'..='z').cycle().take(1000).collect();
        for column in [0, 1, 59, 60, 61, 500, 939, 940, 999] {
            check(&line, column);
        }
        check("short", 2);
        check("short", 99);
    }

    #[test]
    fn frames_name_files() {
        let check = |file: &str, path: Option<&str>| {
            let frame = Frame { function: None, file: file.into(), line: Some(1), column: None };
            assert_eq!(file_of(&frame), path.map(PathBuf::from), "{file}");
        };
        check("file:///a%20b.mjs?x", Some("/a b.mjs"));
        check("/a.cjs", Some("/a.cjs"));
        check("native", None);
        check("holm:events", None);
        check("/100%.js", Some("/100%.js"));
    }

    #[test]
    fn brackets_are_taken_off() {
        let check = |heading: &str, text: &str| assert_eq!(without_brackets(heading), text);
        check("[Error: x]", "Error: x");
        check("[Error: [x]] { code: 1 }", "Error: [x] { code: 1 }");
        check("Error: [x]", "Error: [x]");
        check("'text'", "'text'");
    }
}
