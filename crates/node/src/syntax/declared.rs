//! What a script declares on the global object.

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_span::SourceType;
use oxc_syntax::scope::ScopeFlags;

use super::parse;

/// The names of functions at the top level and of `var`s outside functions, of a classic script. None for what
/// does not parse.
///
/// ```
/// # use holm_node::syntax::declared::global_names;
/// let script = "var a, { b: [c] } = d; for (var e of f) { let g; } function h() { var i; }";
/// assert_eq!(global_names(script), ["h", "a", "c", "e"]);
/// ```
pub fn global_names(source: &str) -> Vec<String> {
    let named = parse::with_parsed(source, SourceType::script(), |parsed| {
        let mut names = Names(Vec::new());
        for statement in &parsed.program.body {
            if let Statement::FunctionDeclaration(function) = statement
                && let Some(id) = &function.id
            {
                names.0.push(id.name.to_string());
            }
        }
        names.visit_program(&parsed.program);
        names.0
    });
    named.unwrap_or_default()
}

struct Names(Vec<String>);

impl<'a> VisitJs<'a> for Names {
    fn visit_variable_declaration(&mut self, declaration: &VariableDeclaration<'a>) {
        if declaration.kind == VariableDeclarationKind::Var {
            for declarator in &declaration.declarations {
                let bound = declarator.id.get_binding_identifiers();
                self.0.extend(bound.iter().map(|identifier| identifier.name.to_string()));
            }
        }
        walk_js::walk_variable_declaration(self, declaration);
    }

    // What is declared in functions and classes is theirs.
    fn visit_function(&mut self, _: &Function<'a>, _: ScopeFlags) {}
    fn visit_arrow_function_expression(&mut self, _: &ArrowFunctionExpression<'a>) {}
    fn visit_class(&mut self, _: &Class<'a>) {}
}
