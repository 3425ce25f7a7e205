//! Imports of a module's source: `import source mod from './m.wasm'` and `import.source('./m.wasm')`.
//!
//! <https://github.com/tc39/proposal-source-phase-imports>
//!
//! The engine's parser does not know them. They become ordinary imports with an attribute, by which the module loader
//! tells them from others, of a module whose `default` is the source. Lines stay, and so do columns up to the first
//! such import of a line.

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_span::{GetSpan, SourceType};

use crate::syntax::parse;

/// The attribute that marks them. No script can write it: `import … with { "holm:phase": … }` is refused before.
pub const PHASE_ATTRIBUTE: &str = "holm:phase";

const KEYWORD: &str = "source";

/// The source with such imports made ordinary ones. `None` if it has none, or is no JavaScript.
///
/// ```
/// # use holm_node::syntax::source_phase::lowered;
/// let text = lowered("import source m from './m.wasm';").expect("it has one");
/// assert_eq!(text, r#"import        m from './m.wasm' with{"holm:phase":"source"};"#);
/// assert_eq!(lowered("import source from 'x';"), None);
/// ```
pub fn lowered(source: &str) -> Option<String> {
    if !may_have(source) {
        return None;
    }
    let edits = parse::with_parsed(source, SourceType::mjs(), |parsed| {
        let mut finder = Finder { source, edits: Vec::new() };
        // What cannot be parsed is told by the engine.
        if !parsed.panicked {
            finder.visit_program(&parsed.program);
        }
        finder.edits
    });
    let mut edits = edits.ok().filter(|edits| !edits.is_empty())?;
    edits.sort_by_key(|edit| edit.at);
    let mut text = String::with_capacity(source.len() + 64);
    let mut done = 0;
    for edit in edits {
        text.push_str(&source[done..edit.at]);
        text.push_str(&edit.text);
        done = edit.at + edit.replaced_bytes;
    }
    text.push_str(&source[done..]);
    Some(text)
}

/// Whether `import` stands somewhere before `source`, with or without a dot between: no says that parsing is not
/// worth it.
fn may_have(source: &str) -> bool {
    source.match_indices("import").any(|(at, import)| {
        let rest = skip_space(&source[at + import.len()..]);
        skip_space(rest.strip_prefix('.').unwrap_or(rest)).starts_with(KEYWORD)
    })
}

/// What follows after white space and comments.
fn skip_space(mut text: &str) -> &str {
    loop {
        let rest = text.trim_start();
        text = match rest.get(..2) {
            Some("/*") => rest.find("*/").map_or("", |end| &rest[end + 2..]),
            Some("//") => rest.find('\n').map_or("", |end| &rest[end..]),
            _ => return rest,
        };
    }
}

struct Edit {
    at: usize,
    replaced_bytes: usize,
    text: String,
}

struct Finder<'s> {
    source: &'s str,
    edits: Vec<Edit>,
}

impl Finder<'_> {
    fn insert(&mut self, at: u32, text: impl Into<String>) {
        self.edits.push(Edit { at: at as usize, replaced_bytes: 0, text: text.into() });
    }

    /// Blanks the keyword, which stands after `start` and what may stand between: a dot, too.
    fn blank_keyword(&mut self, start: u32, dot: bool) {
        let start = start as usize;
        let mut at = self.source.len() - skip_space(&self.source[start..]).len();
        if dot {
            self.edits.push(Edit { at, replaced_bytes: 1, text: " ".to_owned() });
            at = self.source.len() - skip_space(&self.source[at + 1..]).len();
        }
        let text = " ".repeat(KEYWORD.len());
        self.edits.push(Edit { at, replaced_bytes: KEYWORD.len(), text });
    }
}

const IMPORT_BYTES: u32 = "import".len() as u32;

impl<'a> VisitJs<'a> for Finder<'_> {
    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        if import.phase != Some(ImportPhase::Source) {
            return;
        }
        self.blank_keyword(import.span.start + IMPORT_BYTES, false);
        let mark = format!("\"{PHASE_ATTRIBUTE}\":\"{KEYWORD}\"");
        match &import.with_clause {
            Some(clause) => match clause.with_entries.first() {
                Some(first) => self.insert(first.span.start, format!("{mark},")),
                None => self.insert(clause.span.end - 1, mark),
            },
            None => self.insert(import.source.span.end, format!(" with{{{mark}}}")),
        }
    }

    fn visit_import_expression(&mut self, import: &ImportExpression<'a>) {
        // First: where both end, what belongs to an inner one comes before.
        walk_js::walk_import_expression(self, import);
        if import.phase == Some(ImportPhase::Source) {
            self.blank_keyword(import.span.start + IMPORT_BYTES, true);
            let mark = format!("{{with:{{\"{PHASE_ATTRIBUTE}\":\"{KEYWORD}\"}}}}");
            match &import.options {
                // They are evaluated, and say nothing that matters to a source.
                Some(options) => {
                    self.insert(options.span().start, "(");
                    self.insert(options.span().end, format!(",{mark})"));
                }
                None => self.insert(import.source.span().end, format!(",{mark}")),
            }
            self.insert(import.span.end, ".then(m=>m.default)");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_looks_like_one_is_left() {
        for text in [
            "import source from 'x'",
            "import source, { a } from 'x'",
            "import { source } from 'x'",
            "import.meta.source",
            "// import source x from 'y'\n",
            "'import source x from y'",
            "import source x",
        ] {
            assert_eq!(lowered(text), None, "{text}");
        }
    }

    #[test]
    fn every_form_becomes_an_ordinary_import() {
        for (text, wanted) in [
            (
                "import source from from 'x'",
                r#"import        from from 'x' with{"holm:phase":"source"}"#,
            ),
            (
                "import /* a */ source /* b */ x from 'x'; y",
                r#"import /* a */        /* b */ x from 'x' with{"holm:phase":"source"}; y"#,
            ),
            (
                "import source x from 'x' with { type: 'webassembly' };",
                r#"import        x from 'x' with { "holm:phase":"source",type: 'webassembly' };"#,
            ),
            (
                "f(import.source('x'))",
                r#"f(import       ('x',{with:{"holm:phase":"source"}}).then(m=>m.default))"#,
            ),
            (
                "import . source(a ? b : c, d)",
                r#"import         (a ? b : c, (d,{with:{"holm:phase":"source"}})).then(m=>m.default)"#,
            ),
            (
                "import.source(await import.source('x'))",
                r#"import       (await import       ('x',{with:{"holm:phase":"source"}}).then(m=>m.default),{with:{"holm:phase":"source"}}).then(m=>m.default)"#,
            ),
        ] {
            assert_eq!(lowered(text).as_deref(), Some(wanted), "{text}");
        }
    }
}
