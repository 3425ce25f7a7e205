//! Questions about a JavaScript source that an engine's error message does not answer: is this a module, and
//! where does it import what could not be found? None is asked unless something has gone wrong.

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_parser::ParserReturn;
use oxc_span::{GetSpan, SourceType, Span};
use oxc_syntax::scope::ScopeFlags;

use crate::syntax::{parse, position::Position};

/// Whether a source that is no CommonJS must be a module: it has `import`, `export`, `import.meta`, or an `await`
/// outside functions.
///
/// Ask only when compiling it as CommonJS has failed, since `await (x)` means something there too.
pub fn has_module_syntax(source: &str) -> bool {
    ask(source, |parsed| {
        parsed.module_record.has_module_syntax || top_level_await(&parsed.program).is_some()
    })
    .unwrap_or(false)
}

/// Where a source first awaits outside functions.
///
/// ```
/// # use holm_node::syntax::{position::Position, queries::first_top_level_await};
/// assert_eq!(first_top_level_await("x\nlet y = await z"), Some(Position { line: 2, column: 9 }));
/// ```
pub fn first_top_level_await(source: &str) -> Option<Position> {
    ask(source, |parsed| top_level_await(&parsed.program)).flatten().map(|span| start(source, span))
}

/// Where a source first names a specifier in `import`, `export … from` or `import()`.
pub fn find_specifier(source: &str, specifier: &str) -> Option<Position> {
    find(source, Wanted { specifier, name: None })
}

/// Where a source first imports or re-exports `name` from a specifier. A default import counts as `default`.
pub fn find_import_name(source: &str, specifier: &str, name: &str) -> Option<Position> {
    find(source, Wanted { specifier, name: Some(name) })
}

fn find(source: &str, wanted: Wanted<'_>) -> Option<Position> {
    let found = ask(source, |parsed| {
        let mut finder = Finder { wanted, found: None };
        finder.visit_program(&parsed.program);
        finder.found
    });
    found.flatten().map(|span| start(source, span))
}

/// Parses as a module, which every import is in, and which allows `await` outside functions.
fn ask<T: Send>(source: &str, question: impl FnOnce(&ParserReturn<'_>) -> T + Send) -> Option<T> {
    let source_type = SourceType::mjs();
    parse::with_parsed(source, source_type, question).ok()
}

fn start(source: &str, span: Span) -> Position {
    Position::of(source, span.start as usize)
}

fn top_level_await(program: &Program<'_>) -> Option<Span> {
    let mut finder = AwaitFinder { found: None };
    finder.visit_program(program);
    finder.found
}

struct AwaitFinder {
    found: Option<Span>,
}

impl AwaitFinder {
    fn found(&mut self, span: Span) {
        if self.found.is_none_or(|first| span.start < first.start) {
            self.found = Some(span);
        }
    }
}

impl<'a> VisitJs<'a> for AwaitFinder {
    fn visit_await_expression(&mut self, it: &AwaitExpression<'a>) {
        self.found(it.span);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        if it.r#await {
            self.found(it.span);
        }
        walk_js::walk_for_of_statement(self, it);
    }

    fn visit_variable_declaration(&mut self, it: &VariableDeclaration<'a>) {
        if it.kind == VariableDeclarationKind::AwaitUsing {
            self.found(it.span);
        }
        walk_js::walk_variable_declaration(self, it);
    }

    fn visit_function(&mut self, _: &Function<'a>, _: ScopeFlags) {}

    fn visit_arrow_function_expression(&mut self, _: &ArrowFunctionExpression<'a>) {}

    fn visit_static_block(&mut self, _: &StaticBlock<'a>) {}

    fn visit_property_definition(&mut self, it: &PropertyDefinition<'a>) {
        // The value is evaluated in a function of its own, a computed key is not.
        self.visit_property_key(&it.key);
    }
}

#[derive(Clone, Copy)]
struct Wanted<'w> {
    specifier: &'w str,
    /// Nothing if the specifier itself is wanted.
    name: Option<&'w str>,
}

struct Finder<'w> {
    wanted: Wanted<'w>,
    found: Option<Span>,
}

impl Finder<'_> {
    /// A static import or export from `from`, with the names it takes.
    fn statement<'n>(
        &mut self,
        from: &StringLiteral<'_>,
        names: impl Iterator<Item = (&'n str, Span)>,
    ) {
        if self.found.is_some() || from.value != self.wanted.specifier {
            return;
        }
        self.found = match self.wanted.name {
            None => Some(from.span),
            Some(wanted) => {
                names.into_iter().find(|(name, _)| *name == wanted).map(|(_, span)| span)
            }
        };
    }
}

impl<'a> VisitJs<'a> for Finder<'_> {
    fn visit_import_declaration(&mut self, it: &ImportDeclaration<'a>) {
        let names = it.specifiers.iter().flatten().filter_map(|specifier| match specifier {
            ImportDeclarationSpecifier::ImportSpecifier(named) => Some(exported(&named.imported)),
            ImportDeclarationSpecifier::ImportDefaultSpecifier(default) => {
                Some(("default", default.span))
            }
            ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => None,
        });
        self.statement(&it.source, names);
    }

    fn visit_export_from_declaration(&mut self, it: &ExportFromDeclaration<'a>) {
        self.statement(
            &it.source,
            it.specifiers.iter().map(|specifier| exported(&specifier.local)),
        );
    }

    fn visit_export_all_declaration(&mut self, it: &ExportAllDeclaration<'a>) {
        self.statement(&it.source, std::iter::empty());
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        if let Expression::StringLiteral(from) = &it.source {
            self.statement(from, std::iter::empty());
        }
        walk_js::walk_import_expression(self, it);
    }
}

fn exported<'n>(name: &'n ModuleExportName<'_>) -> (&'n str, Span) {
    let text = match name {
        ModuleExportName::IdentifierName(name) => name.name.as_str(),
        ModuleExportName::IdentifierReference(name) => name.name.as_str(),
        ModuleExportName::StringLiteral(name) => name.value.as_str(),
    };
    (text, name.span())
}
