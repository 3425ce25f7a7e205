//! The changes that turn TypeScript into JavaScript of the same shape, and applying them.

use crate::syntax::position::is_line_terminator;

/// Ranges to blank and characters to put in their place, collected in any order.
#[derive(Default)]
pub(super) struct Edits {
    blanks: Vec<(usize, usize)>,
    /// Each replaces the character at its offset, which must be in a blanked range.
    puts: Vec<(usize, char)>,
}

impl Edits {
    pub(super) fn blank(&mut self, start: usize, end: usize) {
        if start < end {
            self.blanks.push((start, end));
        }
    }

    /// Blanks a range but for its first character, which becomes `first`.
    pub(super) fn blank_after(&mut self, first: char, start: usize, end: usize) {
        self.blank(start, end);
        self.puts.push((start, first));
    }

    /// Blanks a range but for its last character, which becomes `last`.
    pub(super) fn blank_until(&mut self, source: &str, start: usize, end: usize, last: char) {
        self.blank(start, end);
        let tail = source[start..end].chars().next_back().map_or(1, char::len_utf8);
        self.puts.push((end - tail, last));
    }

    /// The source with every blanked character replaced by as many spaces as it has UTF-16 units, so that
    /// lines and columns stay what they were. Line ends stay.
    pub(super) fn apply(mut self, source: &str) -> String {
        self.blanks.sort_unstable();
        self.puts.sort_unstable();
        self.puts.dedup_by_key(|(at, _)| *at);
        let mut puts = self.puts.into_iter().peekable();
        let mut out = String::with_capacity(source.len());
        let mut done = 0;
        for (start, end) in self.blanks {
            let start = start.max(done);
            if start >= end {
                continue;
            }
            out.push_str(&source[done..start]);
            for (at, c) in source[start..end].char_indices() {
                while puts.next_if(|&(put, _)| put < start + at).is_some() {}
                match puts.next_if(|&(put, _)| put == start + at) {
                    Some((_, put)) => out.push(put),
                    None if is_line_terminator(c) => out.push(c),
                    None => out.extend(std::iter::repeat_n(' ', c.len_utf16())),
                }
            }
            done = end;
        }
        out.push_str(&source[done..]);
        out
    }
}
