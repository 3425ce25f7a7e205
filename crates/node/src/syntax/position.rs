//! Where in a source text something is, as a person counts it.

/// A place in a source text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The first line is 1.
    pub line: u32,
    /// The first column is 1; counted in UTF-16 units, as JavaScript engines do.
    pub column: u32,
}

impl Position {
    /// The position of a byte offset; an offset inside a character or past the end counts as the next boundary.
    ///
    /// ```
    /// # use holm_node::syntax::position::Position;
    /// assert_eq!(Position::of("a\nbé x", 6), Position { line: 2, column: 4 });
    /// ```
    pub fn of(source: &str, offset: usize) -> Self {
        let before = source.get(..offset).unwrap_or(source);
        let (mut line, mut line_start) = (1, 0);
        let mut chars = before.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let ends_line = match c {
                '\r' => chars.peek().is_none_or(|&(_, next)| next != '\n'),
                _ => is_line_terminator(c),
            };
            if ends_line {
                line += 1;
                line_start = at + c.len_utf8();
            }
        }
        let column = before[line_start..].encode_utf16().count() as u32 + 1;
        Self { line, column }
    }
}

/// ECMAScript's line terminators.
pub(crate) fn is_line_terminator(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// Byte offset of the first character at or after `from` that is neither white space nor in a comment.
pub(crate) fn skip_trivia(source: &str, from: usize) -> usize {
    let mut at = from;
    loop {
        let rest = source.get(at..).unwrap_or_default();
        let spaces = rest.len() - rest.trim_start_matches(is_white_space).len();
        let rest = &rest[spaces..];
        at += spaces;
        at += if rest.starts_with("//") {
            rest.find(is_line_terminator).unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            return at;
        };
    }
}

fn is_white_space(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}
