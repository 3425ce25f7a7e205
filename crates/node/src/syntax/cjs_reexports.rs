//! The ways compilers write `export * from 'x'` for CommonJS, as [`crate::syntax::cjs_exports`] finds them. They count
//! at the top level only.

use std::collections::HashMap;

use oxc_ast::ast::*;

use crate::syntax::cjs_exports::{is_exports, is_object_method, plain, required, returned};

/// Remembers which variable holds which module, for the shape that goes over its keys.
#[derive(Default)]
pub(crate) struct StarExports {
    modules: HashMap<String, String>,
}

impl StarExports {
    /// Looks at one top-level statement and adds what it hands on.
    pub(crate) fn statement(&mut self, statement: &Statement<'_>, reexports: &mut Vec<String>) {
        match statement {
            Statement::VariableDeclaration(declaration) => {
                for declarator in &declaration.declarations {
                    self.declarator(declarator);
                }
            }
            Statement::ExpressionStatement(statement) => {
                if let Expression::CallExpression(call) = &statement.expression {
                    let found = export_star(call).or_else(|| self.keys_for_each(call));
                    reexports.extend(found.map(String::from));
                }
            }
            _ => {}
        }
    }

    /// `var x = require('x')` and `var x = _interopRequireWildcard(require('x'))`.
    fn declarator(&mut self, declarator: &VariableDeclarator<'_>) {
        let (BindingPattern::BindingIdentifier(name), Some(value)) =
            (&declarator.id, &declarator.init)
        else {
            return;
        };
        let specifier = required(value).or_else(|| match value {
            Expression::CallExpression(call) if callee_is(call, &["_interopRequireWildcard"]) => {
                first_required(call)
            }
            _ => None,
        });
        if let Some(specifier) = specifier {
            self.modules.insert(name.name.as_str().into(), specifier.into());
        }
    }

    /// Babel's and SWC's `Object.keys(x).forEach(function (key) { …; exports[key] = x[key] })`.
    fn keys_for_each(&self, call: &CallExpression<'_>) -> Option<&str> {
        let Expression::StaticMemberExpression(for_each) = &call.callee else {
            return None;
        };
        let Expression::CallExpression(keys) = &for_each.object else {
            return None;
        };
        if for_each.property.name != "forEach" || !is_object_method(&keys.callee, "keys") {
            return None;
        }
        let [Argument::Identifier(module)] = &keys.arguments[..] else {
            return None;
        };
        let [Argument::FunctionExpression(function)] = &call.arguments[..] else {
            return None;
        };
        let [key] = &function.params.items[..] else { return None };
        let BindingPattern::BindingIdentifier(key) = &key.pattern else {
            return None;
        };
        let names = Names { module: &module.name, key: &key.name };
        let copies = names.copies_all(&function.body.as_ref()?.statements);
        self.modules.get(module.name.as_str()).filter(|_| copies).map(String::as_str)
    }
}

/// `__export(require('x'))` and `__exportStar(require('x'), exports)`, also as a method of tslib.
fn export_star<'e>(call: &'e CallExpression<'_>) -> Option<&'e str> {
    callee_is(call, &["__export", "__exportStar"]).then(|| first_required(call)).flatten()
}

fn callee_is(call: &CallExpression<'_>, names: &[&str]) -> bool {
    match &call.callee {
        Expression::Identifier(callee) => names.contains(&callee.name.as_str()),
        Expression::StaticMemberExpression(member) => {
            names.contains(&member.property.name.as_str())
        }
        _ => false,
    }
}

fn first_required<'e>(call: &'e CallExpression<'_>) -> Option<&'e str> {
    required(call.arguments.first()?.as_expression()?)
}

/// The two variables of a loop over the keys of a module.
struct Names<'n> {
    module: &'n str,
    key: &'n str,
}

impl Names<'_> {
    /// Whether a loop body copies every key but `default` and what is there already.
    fn copies_all(&self, body: &[Statement<'_>]) -> bool {
        match body {
            [Statement::IfStatement(unless)] if unless.alternate.is_none() => {
                self.is_not_default(&unless.test) && self.copies(&unless.consequent)
            }
            [skip, guards @ .., copy] if guards.len() <= 2 => {
                self.skips_default(skip)
                    && guards.iter().all(|guard| self.skips_known(guard))
                    && self.copies(copy)
            }
            _ => false,
        }
    }

    /// `key !== 'default'`, and maybe `&& !exports.hasOwnProperty(key)`.
    fn is_not_default(&self, test: &Expression<'_>) -> bool {
        match test {
            Expression::LogicalExpression(both) if both.operator == LogicalOperator::And => {
                self.is_not_default(&both.left)
                    && matches!(&both.right, Expression::UnaryExpression(not)
                        if not.operator == UnaryOperator::LogicalNot && self.has_own(&not.argument))
            }
            _ => self.compares_key(test, BinaryOperator::StrictInequality, "default"),
        }
    }

    /// `if (key === 'default' || key === '__esModule') return`.
    fn skips_default(&self, statement: &Statement<'_>) -> bool {
        let Some(Expression::LogicalExpression(either)) = returning_if(statement) else {
            return false;
        };
        either.operator == LogicalOperator::Or
            && self.compares_key(&either.left, BinaryOperator::StrictEquality, "default")
            && self.compares_key(&either.right, BinaryOperator::StrictEquality, "__esModule")
    }

    /// `if (Object.prototype.hasOwnProperty.call(names, key)) return` or
    /// `if (key in exports && exports[key] === x[key]) return`.
    fn skips_known(&self, statement: &Statement<'_>) -> bool {
        returning_if(statement).is_some_and(|test| match test {
            Expression::LogicalExpression(both) => {
                let (Expression::BinaryExpression(is_in), Expression::BinaryExpression(same)) =
                    (&both.left, &both.right)
                else {
                    return false;
                };
                is_in.operator == BinaryOperator::In
                    && self.is_key(&is_in.left)
                    && is_exports(&is_in.right)
                    && same.operator == BinaryOperator::StrictEquality
                    && self.is_key_of(&same.left, is_exports)
                    && self.is_key_of(&same.right, |object| self.is_module(object))
            }
            test => self.has_own(test),
        })
    }

    /// `exports[key] = x[key]` or
    /// `Object.defineProperty(exports, key, { enumerable: true, get: function () { return x[key] } })`.
    fn copies(&self, statement: &Statement<'_>) -> bool {
        let statement = match statement {
            Statement::BlockStatement(block) if block.body.len() == 1 => &block.body[0],
            statement => statement,
        };
        let Statement::ExpressionStatement(statement) = statement else {
            return false;
        };
        match &statement.expression {
            Expression::AssignmentExpression(assignment) => {
                let AssignmentTarget::ComputedMemberExpression(target) = &assignment.left else {
                    return false;
                };
                is_exports(&target.object)
                    && self.is_key(&target.expression)
                    && self.is_key_of(&assignment.right, |object| self.is_module(object))
            }
            Expression::CallExpression(call)
                if is_object_method(&call.callee, "defineProperty") =>
            {
                self.defines_getter(&call.arguments)
            }
            _ => false,
        }
    }

    fn defines_getter(&self, arguments: &[Argument<'_>]) -> bool {
        let [exports, key, Argument::ObjectExpression(descriptor)] = arguments else {
            return false;
        };
        let [_enumerable, ObjectPropertyKind::ObjectProperty(get)] = &descriptor.properties[..]
        else {
            return false;
        };
        exports.as_expression().is_some_and(is_exports)
            && key.as_expression().is_some_and(|key| self.is_key(key))
            && get.key.static_name().is_some_and(|name| name == "get")
            && returned(&get.value)
                .is_some_and(|value| self.is_key_of(value, |object| self.is_module(object)))
    }

    /// `anything.hasOwnProperty(key)` or `Object.prototype.hasOwnProperty.call(anything, key)`.
    fn has_own(&self, expression: &Expression<'_>) -> bool {
        let Expression::CallExpression(call) = expression else {
            return false;
        };
        let Expression::StaticMemberExpression(callee) = &call.callee else {
            return false;
        };
        let is_known = match callee.property.name.as_str() {
            "hasOwnProperty" => true,
            "call" => matches!(&callee.object, Expression::StaticMemberExpression(method)
                if method.property.name == "hasOwnProperty"),
            _ => false,
        };
        is_known
            && call
                .arguments
                .last()
                .and_then(Argument::as_expression)
                .is_some_and(|key| self.is_key(key))
    }

    fn compares_key(&self, test: &Expression<'_>, operator: BinaryOperator, with: &str) -> bool {
        matches!(test, Expression::BinaryExpression(comparison)
            if comparison.operator == operator
                && self.is_key(&comparison.left)
                && matches!(&comparison.right, Expression::StringLiteral(text) if plain(text) == Some(with)))
    }

    fn is_key_of(
        &self,
        expression: &Expression<'_>,
        is_object: impl Fn(&Expression<'_>) -> bool,
    ) -> bool {
        matches!(expression, Expression::ComputedMemberExpression(member)
            if is_object(&member.object) && self.is_key(&member.expression))
    }

    fn is_key(&self, expression: &Expression<'_>) -> bool {
        matches!(expression, Expression::Identifier(name) if name.name == self.key)
    }

    fn is_module(&self, expression: &Expression<'_>) -> bool {
        matches!(expression, Expression::Identifier(name) if name.name == self.module)
    }
}

/// The test of `if (test) return`.
fn returning_if<'e, 'a>(statement: &'e Statement<'a>) -> Option<&'e Expression<'a>> {
    let Statement::IfStatement(guard) = statement else {
        return None;
    };
    let returns = |result: &Statement<'_>| matches!(result, Statement::ReturnStatement(it) if it.argument.is_none());
    let returns = match &guard.consequent {
        Statement::BlockStatement(block) => matches!(&block.body[..], [only] if returns(only)),
        only => returns(only),
    };
    (returns && guard.alternate.is_none()).then_some(&guard.test)
}
