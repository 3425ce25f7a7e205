//! An upper bound for how deep a source nests, found without parsing it.
//!
//! The parser and every visitor recurse for brackets, and also where no bracket is: `!!!!x`, `a => b => c`,
//! `if (a) if (b)`, `a.b.c.d`. So a level here is an open bracket, or an operator or keyword since the last place
//! where an expression must have ended. The bound may be far too high, never too low: where the text can be read
//! in two ways (is `}/x/` a division or a regular expression?) the answer is that there is no bound.

use crate::syntax::position::is_line_terminator;

/// Half of what `cjs-module-lexer` allows, and more than any of 40 000 files from npm has by far. The parser takes
/// time quadratic in this for brackets that could begin an arrow function.
const MAX_BRACKETS: usize = 1024;
/// A source with fewer tokens than this is not worth a closer look.
const FEW_TOKENS: usize = 1024;

/// How many levels a source may nest, or nothing if that could be more than `max_levels`.
pub(crate) fn bound(source: &str, max_levels: usize) -> Option<usize> {
    let tokens = Tokens::count(source);
    if tokens.all <= FEW_TOKENS {
        return Some(tokens.all);
    }
    let rough = (tokens.openers <= MAX_BRACKETS).then_some(tokens.all);
    Scan::new(source).run().or(rough).filter(|&levels| levels <= max_levels)
}

/// Upper bounds, with comments and strings counted as if they were code.
struct Tokens {
    all: usize,
    openers: usize,
}

impl Tokens {
    fn count(source: &str) -> Self {
        let mut tokens = Self { all: 0, openers: 0 };
        let mut in_word = false;
        for &byte in source.as_bytes() {
            let is_word = is_word_byte(byte);
            let starts =
                if is_word { !in_word || byte >= 0x80 } else { !byte.is_ascii_whitespace() };
            tokens.all += usize::from(starts);
            tokens.openers += usize::from(matches!(byte, b'(' | b'[' | b'{'));
            in_word = is_word;
        }
        tokens
    }
}

/// What the token before tells about a `/`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// It divides.
    Value,
    /// It begins a regular expression.
    Operator,
    /// It may do either.
    Unsure,
}

/// One open bracket, or the whole source.
#[derive(Default)]
struct Level {
    closer: u8,
    /// The head of `if`, `for`, `while` or `with`, after which a statement comes.
    is_statement_head: bool,
    is_template: bool,
    /// Levels since the last `;` or `,`.
    chain: usize,
    /// `<` since the last `;`: type arguments go on after a comma.
    angles: usize,
    /// `else` never ends a chain of them.
    elses: usize,
}

impl Level {
    fn depth(&self) -> usize {
        1 + self.chain + self.angles + self.elses
    }
}

struct Scan<'s> {
    source: &'s str,
    at: usize,
    before: Before,
    /// The word before, if a word is.
    word: &'s str,
    /// The byte of punctuation before, if punctuation is.
    mark: u8,
    enclosing: Vec<Level>,
    current: Level,
    /// Of all enclosing levels.
    depth: usize,
    deepest: usize,
}

impl<'s> Scan<'s> {
    fn new(source: &'s str) -> Self {
        let at = if source.starts_with("#!") { line_end(source, 0) } else { 0 };
        Self {
            source,
            at,
            before: Before::Operator,
            word: "",
            mark: b';',
            enclosing: Vec::new(),
            current: Level::default(),
            depth: 0,
            deepest: 0,
        }
    }

    /// The deepest level; nothing if the brackets nest too deeply or the source cannot be read for sure.
    fn run(mut self) -> Option<usize> {
        while let Some(byte) = self.byte(0) {
            match byte {
                _ if byte.is_ascii_whitespace() => self.at += 1,
                b'"' | b'\'' => self.string(byte),
                b'`' => self.template(),
                b'/' => self.slash()?,
                b'(' | b'[' | b'{' => self.open(byte)?,
                b')' | b']' | b'}' => self.close(byte),
                _ if is_word_byte(byte) => self.word(),
                _ => self.punctuation(byte)?,
            }
            self.deepest = self.deepest.max(self.depth + self.current.depth());
        }
        Some(self.deepest)
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.source.as_bytes().get(self.at + ahead).copied()
    }

    fn token(&mut self, before: Before, word: &'s str, mark: u8) {
        (self.before, self.word, self.mark) = (before, word, mark);
    }

    fn string(&mut self, quote: u8) {
        self.at += 1;
        while let Some(byte) = self.byte(0) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == quote || byte == b'\n' || byte == b'\r' {
                break;
            }
        }
        self.token(Before::Value, "", b'"');
    }

    /// A template, or the rest of one after `}`, up to its end or the next `${`.
    fn template(&mut self) {
        self.at += 1;
        while let Some(byte) = self.byte(0) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'`' {
                // Tagging chains: a`b``c`.
                self.current.chain += 1;
                return self.token(Before::Value, "", b'"');
            }
            if byte == b'$' && self.byte(0) == Some(b'{') {
                self.at += 1;
                self.push(Level { closer: b'}', is_template: true, ..Level::default() });
                return self.token(Before::Operator, "", b'{');
            }
        }
    }

    fn slash(&mut self) -> Option<()> {
        match (self.byte(1), self.before) {
            (Some(b'/'), _) => self.at = line_end(self.source, self.at),
            (Some(b'*'), _) => {
                let end = self.source[self.at + 2..].find("*/");
                self.at = end.map_or(self.source.len(), |end| self.at + 2 + end + 2);
            }
            (_, Before::Value) => self.operator(b'/'),
            (_, before) => {
                let end = regex_end(self.source, self.at)?;
                if before == Before::Operator {
                    self.at = end;
                    self.token(Before::Value, "", b'/');
                } else {
                    let between = &self.source[self.at + 1..end];
                    if between.contains(['(', ')', '[', ']', '{', '}', '"', '\'', '`', '*', '\\']) {
                        return None;
                    }
                    self.current.chain += between.len();
                    self.at = end;
                    self.token(Before::Unsure, "", b'/');
                }
            }
        }
        Some(())
    }

    fn open(&mut self, byte: u8) -> Option<()> {
        let is_statement_head = byte == b'('
            && (matches!(self.word, "if" | "for" | "while" | "with") || self.is_for_await());
        let closer = match byte {
            b'(' => b')',
            b'[' => b']',
            _ => b'}',
        };
        self.at += 1;
        self.push(Level { closer, is_statement_head, ..Level::default() });
        self.token(Before::Operator, "", byte);
        (self.enclosing.len() <= MAX_BRACKETS).then_some(())
    }

    fn is_for_await(&self) -> bool {
        self.word == "await"
            && self.source[..self.at]
                .trim_end()
                .trim_end_matches("await")
                .trim_end()
                .ends_with("for")
    }

    fn push(&mut self, level: Level) {
        let outer = std::mem::replace(&mut self.current, level);
        self.depth += outer.depth();
        self.enclosing.push(outer);
    }

    /// A bracket that closes nothing is a syntax error; the parser stops there at the latest.
    fn close(&mut self, byte: u8) {
        if self.current.closer != byte {
            self.at += 1;
            return self.token(Before::Unsure, "", byte);
        }
        let Some(outer) = self.enclosing.pop() else { return };
        self.depth -= outer.depth();
        let inner = std::mem::replace(&mut self.current, outer);
        // Calls chain: a()()().
        self.current.chain += 1;
        if inner.is_template {
            return self.template();
        }
        self.at += 1;
        let before = match byte {
            b'}' => Before::Unsure,
            _ if inner.is_statement_head => Before::Operator,
            _ => Before::Value,
        };
        self.token(before, "", byte);
    }

    fn word(&mut self) {
        let rest = &self.source[self.at..];
        let is_number = rest.starts_with(|c: char| c.is_ascii_digit());
        let length = rest
            .char_indices()
            .find(|&(_, c)| !(is_word_char(c) || is_number && c == '.'))
            .map_or(rest.len(), |(end, _)| end);
        if length == 0 {
            // White space outside ASCII.
            self.at += rest.chars().next().map_or(1, char::len_utf8);
            return;
        }
        let word = &rest[..length];
        self.at += length;
        let is_name = is_number || matches!(self.mark, b'.' | b'#');
        if is_name {
            return self.token(Before::Value, "", 0);
        }
        self.count_word(word);
        let before = match word {
            "yield" | "await" | "of" | "let" | "async" | "as" | "satisfies" | "is" | "keyof"
            | "infer" => Before::Unsure,
            "return" | "typeof" | "void" | "delete" | "new" | "throw" | "case" | "in"
            | "instanceof" | "do" | "else" | "extends" | "default" => Before::Operator,
            _ => Before::Value,
        };
        self.token(before, word, 0);
    }

    fn count_word(&mut self, word: &str) {
        match word {
            "else" => self.current.elses += 1,
            // These never stand inside an expression.
            "var" | "return" | "throw" | "break" | "continue" | "switch" | "try" | "export" => {
                self.current.chain = 0
            }
            "const" if self.word != "as" && self.mark != b'<' => self.current.chain = 0,
            _ if self.mark == b'}' && !CONTINUES_AFTER_BRACE.contains(&word) => {
                self.current.chain = 0
            }
            _ => {}
        }
        self.current.chain += usize::from(NESTING_WORDS.contains(&word));
    }

    fn punctuation(&mut self, byte: u8) -> Option<()> {
        let rest = &self.source.as_bytes()[self.at..];
        let starts_line =
            || self.source[..self.at].trim_end_matches([' ', '\t']).ends_with(['\n', '\r', '/']);
        if rest.starts_with(b"<!--") || rest.starts_with(b"-->") && starts_line() {
            return None;
        }
        match byte {
            b';' => {
                (self.current.chain, self.current.angles) = (0, 0);
                self.at += 1;
                self.token(Before::Operator, "", byte);
            }
            b',' => {
                self.current.chain = 0;
                self.at += 1;
                self.token(Before::Operator, "", byte);
            }
            b'<' => {
                self.current.angles += 1;
                self.operator(byte);
            }
            b'=' if rest.starts_with(b"=>") => {
                self.at += 1;
                self.operator(byte);
            }
            b'+' | b'-' if self.mark == byte => {
                self.operator(byte);
                self.before = Before::Unsure;
            }
            b'>' | b'!' => {
                let was = self.before;
                self.operator(byte);
                if byte == b'>' || was != Before::Operator {
                    self.before = Before::Unsure;
                }
            }
            _ => self.operator(byte),
        }
        Some(())
    }

    fn operator(&mut self, byte: u8) {
        self.at += 1;
        self.current.chain += 1;
        self.token(Before::Operator, "", byte);
    }
}

/// Words that the parser recurses for.
const NESTING_WORDS: &[&str] = &[
    "typeof",
    "void",
    "delete",
    "new",
    "await",
    "yield",
    "if",
    "for",
    "while",
    "do",
    "with",
    "async",
    "keyof",
    "infer",
    "unique",
    "readonly",
    "abstract",
    "asserts",
    "is",
    "extends",
    "in",
    "instanceof",
    "of",
    "as",
    "satisfies",
    "let",
    "function",
    "class",
    "import",
    "using",
    "declare",
    "namespace",
    "module",
];

/// Words that can follow `}` in one expression or statement. Any other begins a statement.
const CONTINUES_AFTER_BRACE: &[&str] = &[
    "in",
    "instanceof",
    "of",
    "as",
    "satisfies",
    "else",
    "while",
    "from",
    "extends",
    "implements",
    "is",
    "with",
    "if",
    "for",
    "do",
];

/// The end of a regular expression that starts at `start`, if one can: it must end on its line.
fn regex_end(source: &str, start: usize) -> Option<usize> {
    let mut in_class = false;
    let mut chars = source[start..].char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next().filter(|&(_, c)| !is_line_terminator(c))?;
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => return Some(start + at + 1),
            _ if is_line_terminator(c) => return None,
            _ => {}
        }
    }
    None
}

fn line_end(source: &str, from: usize) -> usize {
    let rest = &source[from..];
    from + rest.find(is_line_terminator).unwrap_or(rest.len())
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'\\') || byte >= 0x80
}

fn is_word_char(c: char) -> bool {
    if c.is_ascii() { is_word_byte(c as u8) } else { !c.is_whitespace() && c != '\u{feff}' }
}
