//! Erasing what TypeScript adds to classes.

use oxc_ast::ast::*;
use oxc_ast_visit::walk;
use oxc_span::{GetSpan, Span};

use super::erase::{Eraser, Unsupported};
use crate::syntax::position::skip_trivia;

const MODIFIERS: [&str; 7] =
    ["public", "private", "protected", "readonly", "override", "declare", "abstract"];

impl Eraser<'_> {
    /// Blanks `abstract` and `implements …`.
    pub(super) fn erase_class_head(&mut self, class: &Class<'_>) {
        let mut at = class.span.start as usize;
        if class.r#abstract && self.source[at..].starts_with("abstract") {
            self.edits.blank(at, at + "abstract".len());
            at = skip_trivia(self.source, at + "abstract".len());
        }
        if let Some(last) = class.implements.last() {
            let before = head_end(class).unwrap_or(at + "class".len());
            let start = skip_trivia(self.source, before);
            self.edits.blank(start, last.span.end as usize);
        }
    }

    pub(super) fn erase_class_element<'a>(&mut self, element: &ClassElement<'a>) {
        if is_erased(element) {
            self.refuse_decorators(element);
            let span = element.span();
            // The `;` keeps a field before it from running into the next member.
            self.edits.blank_after(';', span.start as usize, span.end as usize);
            return;
        }
        let outer = std::mem::replace(&mut self.statement_end, element.span().end);
        match element {
            ClassElement::StaticBlock(_) | ClassElement::TSIndexSignature(_) => {}
            ClassElement::MethodDefinition(method) => {
                self.erase_modifiers(method.span, &method.key);
                if method.optional {
                    self.blank_mark(key_end(&method.key, method.computed, self.source), '?');
                }
            }
            ClassElement::PropertyDefinition(property) => self.erase_property(property),
            ClassElement::AccessorProperty(property) => {
                self.erase_modifiers(property.span, &property.key);
                if property.definite {
                    self.blank_mark(key_end(&property.key, property.computed, self.source), '!');
                }
            }
        }
        walk::walk_class_element(self, element);
        self.statement_end = outer;
    }

    fn refuse_decorators(&mut self, element: &ClassElement<'_>) {
        let decorators = match element {
            ClassElement::MethodDefinition(method) => &method.decorators,
            ClassElement::PropertyDefinition(property) => &property.decorators,
            ClassElement::AccessorProperty(property) => &property.decorators,
            ClassElement::StaticBlock(_) | ClassElement::TSIndexSignature(_) => return,
        };
        if let Some(first) = decorators.first() {
            self.refuse(first.span, Unsupported::Decorator);
        }
    }

    fn erase_property(&mut self, property: &PropertyDefinition<'_>) {
        self.erase_modifiers(property.span, &property.key);
        let key_end = key_end(&property.key, property.computed, self.source);
        if property.optional {
            self.blank_mark(key_end, '?');
        }
        if property.definite {
            self.blank_mark(key_end, '!');
        }
        let last = property.type_annotation.as_ref().filter(|_| property.value.is_none());
        if let Some(annotation) = last
            && property.span.end == annotation.span.end
        {
            // A field called `get` or `static` would become a modifier of the next member.
            self.edits.blank_after(
                ';',
                annotation.span.start as usize,
                annotation.span.end as usize,
            );
        }
    }

    /// Blanks the modifiers that JavaScript does not have.
    fn erase_modifiers(&mut self, member: Span, key: &PropertyKey<'_>) {
        let (start, key_start) = (member.start as usize, key.span().start as usize);
        let mut at = start;
        let mut stays = None;
        while at < key_start {
            let word = word_at(self.source, at);
            if MODIFIERS.contains(&word) {
                self.edits.blank(at, at + word.len());
            } else {
                stays.get_or_insert(at);
            }
            at = skip_trivia(self.source, at + word.len().max(1));
        }
        let first = stays.unwrap_or(key_start);
        if first > start && continues_field(&self.source[first..]) {
            self.edits.blank_after(';', start, start + 1);
        }
    }
}

fn word_at(source: &str, at: usize) -> &str {
    let rest = &source[at..];
    &rest[..rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len())]
}

/// Whether a member could be read as the rest of a field before it that has no `;`.
fn continues_field(member: &str) -> bool {
    member.starts_with(['[', '*']) || matches!(word_at(member, 0), "in" | "instanceof")
}

/// Overloads, abstract and `declare`d members, and index signatures.
fn is_erased(element: &ClassElement<'_>) -> bool {
    match element {
        ClassElement::StaticBlock(_) => false,
        ClassElement::MethodDefinition(method) => {
            method.r#type.is_abstract() || method.value.body.is_none()
        }
        ClassElement::PropertyDefinition(property) => {
            property.r#type.is_abstract() || property.declare
        }
        ClassElement::AccessorProperty(property) => property.r#type.is_abstract(),
        ClassElement::TSIndexSignature(_) => true,
    }
}

/// Where the part of a class head before `implements` ends, if there is any after the word `class`.
fn head_end(class: &Class<'_>) -> Option<usize> {
    let heritage = class.heritage.as_ref().map(|heritage| match &heritage.type_arguments {
        Some(arguments) => arguments.span.end,
        None => heritage.expression.span().end,
    });
    let end = heritage
        .or(class.type_parameters.as_ref().map(|generics| generics.span.end))
        .or(class.id.as_ref().map(|id| id.span.end))?;
    Some(end as usize)
}

/// Where a member's name ends, the `]` of a computed one included.
fn key_end(key: &PropertyKey<'_>, computed: bool, source: &str) -> u32 {
    let end = key.span().end;
    if computed { skip_trivia(source, end as usize) as u32 + 1 } else { end }
}
