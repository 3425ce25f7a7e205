//! Completing names at the prompt.

use std::cell::RefCell;
use std::rc::Rc;

use holm::Isolate;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::incomplete::is_incomplete;

const KEYWORDS: [&str; 22] = [
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "delete",
    "export",
    "extends",
    "finally",
    "function",
    "import",
    "instanceof",
    "return",
    "switch",
    "throw",
    "typeof",
    "undefined",
    "while",
    "yield",
];

/// What the line editor asks while a line is typed.
pub(super) struct Prompt(pub(super) Rc<RefCell<Isolate>>);

impl Completer for Prompt {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let (start, object, prefix) = split(&line[..position]);
        let mut names = match self.0.try_borrow_mut() {
            Ok(mut isolate) => isolate.property_names(object),
            Err(_) => Vec::new(),
        };
        if object.is_empty() {
            names.extend(KEYWORDS.map(str::to_owned));
        }
        names.retain(|name| name.starts_with(prefix) && is_identifier(name));
        names.sort();
        names.dedup();
        Ok((start, names))
    }
}

/// Where the name at the end of the text begins, what it is a member of, and the name so far.
fn split(text: &str) -> (usize, &str, &str) {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || c == '.';
    let path_start = text
        .rfind(|c: char| !is_part(c))
        .map_or(0, |end| end + text[end..].chars().next().map_or(1, char::len_utf8));
    let path = &text[path_start..];
    match path.rfind('.') {
        Some(dot) => (path_start + dot + 1, &path[..dot], &path[dot + 1..]),
        None => (path_start, "", path),
    }
}

fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    let starts_well = characters.next().is_some_and(|c| c.is_alphabetic() || c == '_' || c == '$');
    starts_well && characters.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

impl Validator for Prompt {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_incomplete(context.input()) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

impl Hinter for Prompt {
    type Hint = String;
}

impl Highlighter for Prompt {}

impl Helper for Prompt {}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn names_are_split_from_their_objects() {
        let check =
            |text: &str, parts: (usize, &str, &str)| assert_eq!(split(text), parts, "{text}");
        check("con", (0, "", "con"));
        check("console.lo", (8, "console", "lo"));
        check("f(a.b.", (6, "a.b", ""));
        check("é + x", (5, "", "x"));
        check("", (0, "", ""));
    }
}
