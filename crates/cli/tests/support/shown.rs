//! Output as a case file shows it: readable, the same on every machine, at most some screens long.

use super::process::Captured;
use super::sandbox::Sandbox;

/// A longer line shows its beginning and its length.
const LINE_LIMIT_CHARS: usize = 2000;
const LONG_LINE_START_CHARS: usize = 60;
/// A longer output shows its first lines and its length.
const TEXT_LIMIT_BYTES: usize = 16 << 10;
const LONG_TEXT_LINES: usize = 10;

/// The text of a section: folders by name, control characters visible, a missing last newline said.
pub(crate) fn shown(captured: &Captured, sandbox: &Sandbox) -> String {
    let mut text = String::from_utf8_lossy(&captured.bytes).into_owned();
    for (name, folder) in sandbox.placeholders() {
        text = text.replace(&folder, name);
    }
    let text = visible(&text);
    let mut lines: Vec<String> = text.lines().map(abbreviated).collect();
    let length: usize = lines.iter().map(String::len).sum();
    if length > TEXT_LIMIT_BYTES {
        lines.truncate(LONG_TEXT_LINES);
        lines.push(format!("[{} bytes in all]", captured.total_bytes));
    } else if !text.is_empty() && !text.ends_with('\n') {
        let last = lines.pop().unwrap_or_default();
        lines.push(last + "[no newline]");
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn visible(text: &str) -> String {
    text.replace('\u{1b}', "␛")
        .replace('\r', "␍")
        .replace('\0', "␀")
        .replace('\u{7}', "␇")
        .replace('\u{8}', "␈")
}

fn abbreviated(line: &str) -> String {
    let count = line.chars().count();
    if count <= LINE_LIMIT_CHARS {
        return line.to_owned();
    }
    let start: String = line.chars().take(LONG_LINE_START_CHARS).collect();
    format!("{start}[{count} characters in all]")
}
