//! Walks a TypeScript tree and notes what to erase: statements, expressions and functions. Class members are in
//! `members`.

use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};

use super::{StripError, StripErrorKind, edits::Edits};
use crate::syntax::position::{Position, is_line_terminator, skip_trivia};

/// What to erase from a parsed program, or the first syntax that erasing cannot express.
pub(super) fn erase(source: &str, program: &Program<'_>) -> Result<Edits, StripError> {
    let mut eraser = Eraser {
        source,
        edits: Edits::default(),
        unsupported: None,
        seen_js: false,
        statement_end: u32::MAX,
        expression_start: u32::MAX,
    };
    eraser.visit_program(program);
    match eraser.unsupported {
        None => Ok(eraser.edits),
        Some((offset, what)) => Err(StripError {
            kind: StripErrorKind::Unsupported,
            message: what.message().into(),
            position: Position::of(source, offset as usize),
            hint: Some(what.hint().into()),
        }),
    }
}

pub(super) struct Eraser<'s> {
    pub(super) source: &'s str,
    pub(super) edits: Edits,
    /// The first in the source.
    unsupported: Option<(u32, Unsupported)>,
    /// A statement that stays came before, so that what follows an erased one could continue it.
    seen_js: bool,
    /// End of the innermost statement or class property, its `;` included.
    pub(super) statement_end: u32,
    /// Start of the innermost expression that must not begin with `{` or `function`.
    expression_start: u32,
}

/// TypeScript that has a meaning at run time.
#[derive(Clone, Copy)]
pub(super) enum Unsupported {
    Enum,
    Namespace,
    ModuleKeyword,
    ParameterProperty,
    ImportEquals,
    ExportAssignment,
    NamespaceExport,
    Decorator,
    Assertion,
}

impl Unsupported {
    fn message(self) -> &'static str {
        match self {
            Self::Enum => "TypeScript enum is not supported in strip-only mode",
            Self::Namespace => {
                "TypeScript namespace declaration is not supported in strip-only mode"
            }
            Self::ModuleKeyword => "`module` keyword is not supported. Use `namespace` instead.",
            Self::ParameterProperty => {
                "TypeScript parameter property is not supported in strip-only mode"
            }
            Self::ImportEquals => {
                "TypeScript import equals declaration is not supported in strip-only mode"
            }
            Self::ExportAssignment => {
                "TypeScript export assignment is not supported in strip-only mode"
            }
            Self::NamespaceExport => {
                "TypeScript namespace export is not supported in strip-only mode"
            }
            Self::Decorator => "Decorators are not supported in strip-only mode",
            Self::Assertion => {
                "This angle-bracket type assertion cannot be erased in strip-only mode"
            }
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Enum => {
                "use an object: `const Color = { Red: 0 } as const`, or compile the file first"
            }
            Self::Namespace => "use a module, or keep only types in the namespace",
            Self::ModuleKeyword => "write `namespace`, or quote the name of an external module",
            Self::ParameterProperty => {
                "declare the field in the class and assign it in the constructor"
            }
            Self::ImportEquals => {
                "use `import x from '…'`, or `import type` if only types are needed"
            }
            Self::ExportAssignment => "use `export default`, or `module.exports =` in a .cts file",
            Self::NamespaceExport => "`export as namespace` belongs in a .d.ts file",
            Self::Decorator => "compile the file first, or call the decorator as a function",
            Self::Assertion => "use `expr as T`",
        }
    }
}

/// What becomes of a statement.
enum Fate {
    Stays,
    Erased,
    Refused(Unsupported),
}

impl Eraser<'_> {
    pub(super) fn refuse(&mut self, at: Span, what: Unsupported) {
        if self.unsupported.is_none_or(|(first, _)| at.start < first) {
            self.unsupported = Some((at.start, what));
        }
    }

    pub(super) fn blank(&mut self, span: Span) {
        self.edits.blank(span.start as usize, span.end as usize);
    }

    /// Blanks the one character `mark` (`?` or `!`) that follows `end`.
    pub(super) fn blank_mark(&mut self, end: u32, mark: char) {
        let at = skip_trivia(self.source, end as usize);
        if self.source[at..].starts_with(mark) {
            self.edits.blank(at, at + 1);
        }
    }

    pub(super) fn has_line_end(&self, start: u32, end: u32) -> bool {
        self.source[start as usize..end as usize].contains(is_line_terminator)
    }

    /// Blanks a list item and the comma after it.
    fn blank_item(&mut self, span: Span) {
        let next = skip_trivia(self.source, span.end as usize);
        let comma = self.source[next..].starts_with(',');
        self.edits.blank(span.start as usize, if comma { next + 1 } else { span.end as usize });
    }

    /// Blanks what trails an expression. Where that ends a statement without `;`, the next line could now continue
    /// the expression, so a `;` takes its place.
    fn blank_trailer(&mut self, start: u32, end: u32) {
        if end == self.statement_end {
            self.edits.blank_after(';', start as usize, end as usize);
        } else {
            self.edits.blank(start as usize, end as usize);
        }
    }

    fn blank_cast(&mut self, expression: &Expression<'_>, end: u32) {
        let keyword = skip_trivia(self.source, expression.span().end as usize);
        self.visit_expression(expression);
        self.blank_trailer(keyword as u32, end);
    }

    fn blank_type_specifiers<'a>(
        &mut self,
        specifiers: impl Iterator<Item = (Span, ImportOrExportKind)> + 'a,
    ) {
        for (span, kind) in specifiers {
            if kind.is_type() {
                self.blank_item(span);
            }
        }
    }
}

impl<'a> Visit<'a> for Eraser<'_> {
    fn visit_statement(&mut self, statement: &Statement<'a>) {
        let span = statement.span();
        match fate(statement) {
            Fate::Refused(what) => self.refuse(span, what),
            Fate::Erased if self.seen_js => {
                self.edits.blank_after(';', span.start as usize, span.end as usize);
            }
            Fate::Erased => self.blank(span),
            Fate::Stays => {
                self.seen_js = true;
                let outer = std::mem::replace(&mut self.statement_end, span.end);
                walk::walk_statement(self, statement);
                self.statement_end = outer;
            }
        }
    }

    fn visit_directive(&mut self, _: &Directive<'a>) {
        self.seen_js = true;
    }

    fn visit_expression_statement(&mut self, statement: &ExpressionStatement<'a>) {
        self.expression_start = statement.span.start;
        walk::walk_expression_statement(self, statement);
    }

    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        let named = import.specifiers.iter().flatten().filter_map(|specifier| match specifier {
            ImportDeclarationSpecifier::ImportSpecifier(named) => {
                Some((named.span, named.import_kind))
            }
            _ => None,
        });
        self.blank_type_specifiers(named);
    }

    fn visit_export_named_declaration(&mut self, export: &ExportNamedDeclaration<'a>) {
        self.blank_type_specifiers(export.specifiers.iter().map(|s| (s.span, s.export_kind)));
    }

    fn visit_export_from_declaration(&mut self, export: &ExportFromDeclaration<'a>) {
        self.blank_type_specifiers(export.specifiers.iter().map(|s| (s.span, s.export_kind)));
    }

    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        if declarator.definite {
            self.blank_mark(declarator.id.span().end, '!');
        }
        walk::walk_variable_declarator(self, declarator);
    }

    fn visit_formal_parameter(&mut self, parameter: &FormalParameter<'a>) {
        if parameter.accessibility.is_some() || parameter.readonly || parameter.r#override {
            self.refuse(parameter.pattern.span(), Unsupported::ParameterProperty);
        }
        if parameter.optional {
            self.blank_mark(parameter.pattern.span().end, '?');
        }
        walk::walk_formal_parameter(self, parameter);
    }

    fn visit_ts_this_parameter(&mut self, parameter: &TSThisParameter<'a>) {
        self.blank_item(parameter.span);
    }

    fn visit_arrow_function_expression(&mut self, arrow: &ArrowFunctionExpression<'a>) {
        let parameters = arrow.params.span;
        if let Some(generics) = &arrow.type_parameters {
            if self.has_line_end(generics.span.start, parameters.start) {
                // No line may end between `async` or `return` and `(`.
                self.edits.blank_after(
                    '(',
                    generics.span.start as usize,
                    parameters.start as usize + 1,
                );
            } else {
                self.blank(generics.span);
            }
        }
        self.visit_formal_parameters(&arrow.params);
        if let Some(result) = &arrow.return_type {
            if self.has_line_end(parameters.end, result.span.end) {
                // No line may end between `)` and `=>`.
                self.edits.blank_until(
                    self.source,
                    parameters.end as usize - 1,
                    result.span.end as usize,
                    ')',
                );
            } else {
                self.blank(result.span);
            }
        }
        self.expression_start = arrow.body.span().start;
        self.visit_arrow_function_body(&arrow.body);
    }

    fn visit_ts_as_expression(&mut self, cast: &TSAsExpression<'a>) {
        self.blank_cast(&cast.expression, cast.span.end);
    }

    fn visit_ts_satisfies_expression(&mut self, cast: &TSSatisfiesExpression<'a>) {
        self.blank_cast(&cast.expression, cast.span.end);
    }

    fn visit_ts_instantiation_expression(&mut self, instantiation: &TSInstantiationExpression<'a>) {
        self.visit_expression(&instantiation.expression);
        self.blank_trailer(instantiation.type_arguments.span.start, instantiation.span.end);
    }

    fn visit_ts_non_null_expression(&mut self, non_null: &TSNonNullExpression<'a>) {
        self.visit_expression(&non_null.expression);
        self.blank_mark(non_null.expression.span().end, '!');
    }

    fn visit_ts_type_assertion(&mut self, assertion: &TSTypeAssertion<'a>) {
        let (start, value) = (assertion.span.start, assertion.expression.span().start);
        let value_source = &self.source[value as usize..];
        let becomes_statement = start == self.expression_start
            && ["{", "function", "class", "async", "let"]
                .iter()
                .any(|word| value_source.starts_with(word));
        if becomes_statement || self.has_line_end(start, value) {
            self.refuse(assertion.span, Unsupported::Assertion);
        }
        self.edits.blank(start as usize, value as usize);
        self.visit_expression(&assertion.expression);
    }

    fn visit_ts_type_annotation(&mut self, annotation: &TSTypeAnnotation<'a>) {
        self.blank(annotation.span);
    }

    fn visit_ts_type_parameter_declaration(&mut self, generics: &TSTypeParameterDeclaration<'a>) {
        self.blank(generics.span);
    }

    fn visit_ts_type_parameter_instantiation(
        &mut self,
        arguments: &TSTypeParameterInstantiation<'a>,
    ) {
        self.blank(arguments.span);
    }

    fn visit_decorator(&mut self, decorator: &Decorator<'a>) {
        self.refuse(decorator.span, Unsupported::Decorator);
    }

    fn visit_class(&mut self, class: &Class<'a>) {
        self.erase_class_head(class);
        walk::walk_class(self, class);
    }

    fn visit_ts_class_implements_list(
        &mut self,
        _: &oxc_allocator::Vec<'a, TSClassImplements<'a>>,
    ) {
    }

    fn visit_class_element(&mut self, element: &ClassElement<'a>) {
        self.erase_class_element(element);
    }
}

fn fate(statement: &Statement<'_>) -> Fate {
    let erased_if = |erased: bool| if erased { Fate::Erased } else { Fate::Stays };
    if let Some(declaration) = statement.as_declaration() {
        return declaration_fate(declaration);
    }
    match statement {
        Statement::ImportDeclaration(import) => erased_if(import.import_kind.is_type()),
        Statement::ExportAllDeclaration(export) => erased_if(export.export_kind.is_type()),
        Statement::ExportNamedDeclaration(export) => erased_if(export.export_kind.is_type()),
        Statement::ExportFromDeclaration(export) => erased_if(export.export_kind.is_type()),
        Statement::ExportDeclaration(export) => declaration_fate(&export.declaration),
        Statement::ExportDefaultDeclaration(export) => match &export.declaration {
            ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => Fate::Erased,
            ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                erased_if(function.body.is_none())
            }
            _ => Fate::Stays,
        },
        Statement::TSExportAssignment(_) => Fate::Refused(Unsupported::ExportAssignment),
        Statement::TSNamespaceExportDeclaration(_) => Fate::Refused(Unsupported::NamespaceExport),
        _ => Fate::Stays,
    }
}

fn declaration_fate(declaration: &Declaration<'_>) -> Fate {
    match declaration {
        Declaration::VariableDeclaration(it) if it.declare => Fate::Erased,
        Declaration::FunctionDeclaration(it) if it.declare || it.body.is_none() => Fate::Erased,
        Declaration::ClassDeclaration(it) if it.declare => Fate::Erased,
        Declaration::TSEnumDeclaration(it) if !it.declare => Fate::Refused(Unsupported::Enum),
        Declaration::TSNamespaceDeclaration(it)
            if it.kind == TSNamespaceDeclarationKind::Module =>
        {
            Fate::Refused(Unsupported::ModuleKeyword)
        }
        Declaration::TSNamespaceDeclaration(it) if !it.declare && has_values(it) => {
            Fate::Refused(Unsupported::Namespace)
        }
        Declaration::TSImportEqualsDeclaration(it) if !it.import_kind.is_type() => {
            Fate::Refused(Unsupported::ImportEquals)
        }
        Declaration::VariableDeclaration(_)
        | Declaration::FunctionDeclaration(_)
        | Declaration::ClassDeclaration(_) => Fate::Stays,
        Declaration::TSTypeAliasDeclaration(_)
        | Declaration::TSInterfaceDeclaration(_)
        | Declaration::TSEnumDeclaration(_)
        | Declaration::TSExternalModuleDeclaration(_)
        | Declaration::TSNamespaceDeclaration(_)
        | Declaration::TSGlobalDeclaration(_)
        | Declaration::TSImportEqualsDeclaration(_) => Fate::Erased,
    }
}

/// Whether a namespace exists at run time. As in Node, only types and namespaces of types do not.
fn has_values(namespace: &TSNamespaceDeclaration<'_>) -> bool {
    match &namespace.body {
        TSNamespaceDeclarationBody::TSNamespaceDeclaration(inner) => has_values(inner),
        TSNamespaceDeclarationBody::TSModuleBlock(block) => block.body.iter().any(|statement| {
            let declaration = match statement {
                Statement::ExportDeclaration(export) => Some(&export.declaration),
                _ => statement.as_declaration(),
            };
            match declaration {
                Some(
                    Declaration::TSTypeAliasDeclaration(_) | Declaration::TSInterfaceDeclaration(_),
                ) => false,
                Some(Declaration::TSNamespaceDeclaration(inner)) => has_values(inner),
                _ => true,
            }
        }),
    }
}
