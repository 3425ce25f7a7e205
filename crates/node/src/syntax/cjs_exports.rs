//! The names a CommonJS module will export, found without running it.
//!
//! `import { name } from './x.cjs'` must know the names before the module runs. Node asks `cjs-module-lexer`,
//! which looks for the shapes that people and compilers write; this finds the same on a syntax tree. It is a
//! guess by design: a name may be found that is never assigned, and exports computed at run time are not found.
//!
//! Unlike the lexer this sees real assignments only (`exports.a == 1` is none), and white space never matters.

use std::collections::HashSet;

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_span::{GetSpan, SourceType};

use crate::syntax::{cjs_reexports, parse};

/// What a CommonJS source seems to export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CjsExports {
    /// In the order they appear, each once. `default` and `__esModule` are not special here.
    pub names: Vec<String>,
    /// Specifiers of modules whose exports this one hands on.
    pub reexports: Vec<String>,
}

/// Finds what a CommonJS source exports. A source that does not parse, or nests too deeply to be parsed
/// safely, exports nothing.
///
/// ```
/// # use holm_node::syntax::cjs_exports::cjs_exports;
/// let found = cjs_exports("exports.a = 1; module.exports.b = 2; __exportStar(require('./c'), exports)");
/// assert_eq!(found.names, ["a", "b"]);
/// assert_eq!(found.reexports, ["./c"]);
/// ```
pub fn cjs_exports(source: &str) -> CjsExports {
    parse::with_parsed(source, SourceType::cjs(), |parsed| {
        let mut finder = Finder { source, ..Finder::default() };
        for statement in &parsed.program.body {
            finder.visit_statement(statement);
            finder.star_exports.statement(statement, &mut finder.reexports);
        }
        finder.finish()
    })
    .unwrap_or_default()
}

#[derive(Default)]
struct Finder<'s> {
    source: &'s str,
    names: Vec<String>,
    reexports: Vec<String>,
    /// Defined by a getter that may run code: importing them could have an effect.
    unsafe_getters: HashSet<String>,
    star_exports: cjs_reexports::StarExports,
}

impl Finder<'_> {
    fn finish(self) -> CjsExports {
        let unique = |names: Vec<String>| {
            let mut seen = HashSet::new();
            names.into_iter().filter(|name| seen.insert(name.clone())).collect::<Vec<_>>()
        };
        let mut names = unique(self.names);
        names.retain(|name| !self.unsafe_getters.contains(name));
        CjsExports { names, reexports: unique(self.reexports) }
    }

    /// `exports.name =` and `exports['name'] =`.
    fn assigned_member(&mut self, object: &Expression<'_>, name: Option<&str>) {
        if let Some(name) = name
            && is_exports(object)
        {
            self.names.push(name.into());
        }
    }

    /// `module.exports =`, which replaces what was handed on before.
    fn assigned_exports(&mut self, value: &Expression<'_>) {
        self.reexports.clear();
        if let Expression::ObjectExpression(object) = value {
            self.literal_exports(object);
        } else if let Some(specifier) = required(leftmost(value)) {
            self.reexports.push(specifier.into());
        }
    }

    /// The properties of `module.exports = { … }` up to the first that is more than a name.
    fn literal_exports(&mut self, object: &ObjectExpression<'_>) {
        for property in &object.properties {
            let goes_on = match property {
                ObjectPropertyKind::SpreadProperty(spread) => self.literal_spread(&spread.argument),
                ObjectPropertyKind::ObjectProperty(property) => self.literal_property(property),
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Whether the search goes on after `...value`.
    fn literal_spread(&mut self, value: &Expression<'_>) -> bool {
        if let Some(specifier) = required(leftmost(value)) {
            self.reexports.push(specifier.into());
        }
        is_one_word(value) || required(value).is_some()
    }

    /// Whether the search goes on after this property.
    fn literal_property(&mut self, property: &ObjectProperty<'_>) -> bool {
        let name = match &property.key {
            PropertyKey::StaticIdentifier(name) => Some(name.name.as_str()),
            PropertyKey::StringLiteral(name) if !property.computed => plain(name),
            _ => None,
        };
        let Some(name) = name.filter(|_| property.kind == PropertyKind::Init) else {
            return false;
        };
        let value = property.value.span();
        let starts_with_word = property.method
            || self.source[value.start as usize..]
                .starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$');
        if starts_with_word {
            self.names.push(name.into());
        }
        !property.method && is_one_word(&property.value)
    }

    /// `Object.defineProperty(exports, 'name', …)`.
    fn defined_property(&mut self, call: &CallExpression<'_>) {
        if !is_object_method(&call.callee, "defineProperty") {
            return;
        }
        let [exports, name, descriptor @ ..] = &call.arguments[..] else {
            return;
        };
        let (Some(exports), Argument::StringLiteral(name)) = (exports.as_expression(), name) else {
            return;
        };
        let Some(name) = plain(name).filter(|_| is_exports(exports)) else {
            return;
        };
        match descriptor {
            [Argument::ObjectExpression(descriptor)] if is_safe_descriptor(descriptor) => {
                self.names.push(name.into())
            }
            _ => {
                self.unsafe_getters.insert(name.into());
            }
        }
    }
}

impl<'a> VisitJs<'a> for Finder<'_> {
    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        if assignment.operator == AssignmentOperator::Assign {
            match &assignment.left {
                AssignmentTarget::StaticMemberExpression(member) => {
                    if is_module_exports(&member.object, &member.property) {
                        self.assigned_exports(&assignment.right);
                    } else {
                        self.assigned_member(&member.object, Some(&member.property.name));
                    }
                }
                AssignmentTarget::ComputedMemberExpression(member) => {
                    if let Expression::StringLiteral(name) = &member.expression {
                        self.assigned_member(&member.object, plain(name));
                    }
                }
                _ => {}
            }
        }
        walk_js::walk_assignment_expression(self, assignment);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        self.defined_property(call);
        walk_js::walk_call_expression(self, call);
    }
}

/// `exports` or `module.exports`.
pub(crate) fn is_exports(expression: &Expression<'_>) -> bool {
    match expression {
        Expression::Identifier(name) => name.name == "exports",
        Expression::StaticMemberExpression(member) => {
            is_module_exports(&member.object, &member.property)
        }
        _ => false,
    }
}

fn is_module_exports(object: &Expression<'_>, property: &IdentifierName<'_>) -> bool {
    property.name == "exports"
        && object.get_identifier_reference().is_some_and(|object| object.name == "module")
}

/// The specifier of `require('specifier')`.
pub(crate) fn required<'e>(expression: &'e Expression<'_>) -> Option<&'e str> {
    let Expression::CallExpression(call) = expression else {
        return None;
    };
    match (&call.callee, &call.arguments[..]) {
        (Expression::Identifier(callee), [Argument::StringLiteral(specifier)])
            if callee.name == "require" =>
        {
            plain(specifier)
        }
        _ => None,
    }
}

pub(crate) fn is_object_method(callee: &Expression<'_>, method: &str) -> bool {
    let Expression::StaticMemberExpression(member) = callee else {
        return false;
    };
    member.property.name == method
        && member.object.get_identifier_reference().is_some_and(|object| object.name == "Object")
}

/// The value of a string that can be an export name or a specifier.
pub(crate) fn plain<'e>(literal: &'e StringLiteral<'_>) -> Option<&'e str> {
    (!literal.lone_surrogates).then_some(literal.value.as_str())
}

/// `{ enumerable: true, value: … }` or `{ enumerable: true, get: function () { return a.b } }`, with or without
/// the first.
fn is_safe_descriptor(descriptor: &ObjectExpression<'_>) -> bool {
    let mut properties = descriptor.properties.iter().map(|property| match property {
        ObjectPropertyKind::ObjectProperty(property) => {
            Some((property.key.static_name()?, property))
        }
        ObjectPropertyKind::SpreadProperty(_) => None,
    });
    let mut next = properties.next().flatten();
    if let Some((name, property)) = &next
        && name == "enumerable"
    {
        if !matches!(&property.value, Expression::BooleanLiteral(value) if value.value) {
            return false;
        }
        next = properties.next().flatten();
    }
    match next {
        Some((name, property)) if name == "value" => !property.method,
        Some((name, property)) if name == "get" => {
            properties.next().is_none() && is_safe_getter(&property.value)
        }
        _ => false,
    }
}

fn is_safe_getter(getter: &Expression<'_>) -> bool {
    returned(getter).is_some_and(|value| match value {
        Expression::StaticMemberExpression(member) => is_one_word(&member.object),
        Expression::ComputedMemberExpression(member) => {
            is_one_word(&member.object) && matches!(member.expression, Expression::StringLiteral(_))
        }
        value => is_one_word(value),
    })
}

/// What `function () { return … }` returns.
pub(crate) fn returned<'e, 'a>(function: &'e Expression<'a>) -> Option<&'e Expression<'a>> {
    let Expression::FunctionExpression(function) = function else {
        return None;
    };
    let body = function.body.as_ref()?;
    let simple = !function.r#async
        && !function.generator
        && function.params.items.is_empty()
        && function.params.rest.is_none()
        && body.directives.is_empty();
    match &body.statements[..] {
        [Statement::ReturnStatement(result)] if simple => result.argument.as_ref(),
        _ => None,
    }
}

fn is_one_word(expression: &Expression<'_>) -> bool {
    matches!(
        expression,
        Expression::Identifier(_)
            | Expression::ThisExpression(_)
            | Expression::NullLiteral(_)
            | Expression::BooleanLiteral(_)
    )
}

/// The expression that the text of an expression starts with.
fn leftmost<'e, 'a>(mut expression: &'e Expression<'a>) -> &'e Expression<'a> {
    loop {
        expression = match expression {
            _ if required(expression).is_some() => return expression,
            Expression::CallExpression(call) => &call.callee,
            Expression::StaticMemberExpression(member) => &member.object,
            Expression::ComputedMemberExpression(member) => &member.object,
            Expression::BinaryExpression(binary) => &binary.left,
            Expression::LogicalExpression(logical) => &logical.left,
            Expression::ConditionalExpression(conditional) => &conditional.test,
            Expression::TaggedTemplateExpression(tagged) => &tagged.tag,
            _ => return expression,
        }
    }
}
