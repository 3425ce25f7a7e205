//! Any value: primitives, proxies, custom inspection, circles. What is left goes to
//! [`super::object`].

use holm_js::reflect::{
    self, Proxy, is_stack_overflow, stack_has_room, symbol_description, with_wtf8,
};
use holm_js::{Object, Result, Value, to_text};

use super::layout::{Body, Entries};
use super::object::Role;
use super::options::{Colors, Compact};
use super::string::{prefix, push_lossy, push_quoted, wtf8_units};
use super::style::Style;
use super::{Inspector, MAX_NESTING, line_break, number};

/// Strings up to this long are never broken into lines.
const MIN_BROKEN_UNITS: usize = 16;

/// For so few objects, not nested deeply, nobody asks about stack and time: what was left
/// when we were called must do.
const UNMEASURED: usize = 16;
const UNMEASURED_NESTING: usize = 4;

impl<'js> Inspector<'_, 'js> {
    /// Shows a value that `level` open objects are around.
    pub(super) fn value(&mut self, value: &Value<'js>, level: i32) -> Result<String> {
        self.value_in_role(value, level, Role::Value)
    }

    pub(super) fn value_in_role(
        &mut self,
        value: &Value<'js>,
        level: i32,
        role: Role,
    ) -> Result<String> {
        let Some(object) = value.as_object() else {
            let mut out = String::new();
            self.push_primitive(&mut out, value)?;
            return Ok(out);
        };
        self.visited += 1;
        if !self.has_room()? {
            return Ok(self.interrupted("Object"));
        }
        self.nesting += 1;
        let result = self.any_object(object, level, role);
        self.nesting -= 1;
        result
    }

    fn any_object(&mut self, object: &Object<'js>, level: i32, role: Role) -> Result<String> {
        let target = match reflect::proxy(object)? {
            None => object.clone(),
            Some(Proxy::Live { target, handler }) if self.options.show_proxy => {
                return self.proxy(&target, &handler, level);
            }
            Some(_) => match reflect::unwrap_proxies(object)? {
                Some(target) => target,
                None => return Ok(self.paint(Style::Special, "<Revoked Proxy>")),
            },
        };
        if self.options.custom_inspect
            && let Some(text) = self.custom(object, &target, level)?
        {
            return Ok(text);
        }
        if self.seen.contains(&target) {
            let index = self.circle(&target);
            return Ok(self.paint(Style::Special, &format!("[Circular *{index}]")));
        }
        self.object(&target, level, role)
    }

    /// The number of a circle, a new one if it has none yet.
    fn circle(&mut self, object: &Object<'js>) -> usize {
        let known = self.circular.iter().position(|circle| circle == object);
        known.map_or_else(
            || {
                self.circular.push(object.clone());
                self.circular.len()
            },
            |index| index + 1,
        )
    }

    fn proxy(&mut self, target: &Object<'js>, handler: &Object<'js>, level: i32) -> Result<String> {
        if self.depth.is_exceeded_by(level) {
            return Ok(self.paint(Style::Special, "Proxy [Array]"));
        }
        let parts = self.indented(2, |this| -> Result<_> {
            let target = this.value(target.as_value(), level + 1)?;
            Ok(vec![target, this.value(handler.as_value(), level + 1)?])
        })?;
        let body = Body { base: String::new(), open: "Proxy [".into(), close: "]" };
        Ok(self.joined(parts, &body, Entries::List(None), level + 1))
    }

    /// Whether one more object may be opened. An error if script is to be stopped: this is
    /// also where a deadline is noticed.
    pub(super) fn has_room(&self) -> Result<bool> {
        let few = self.visited < UNMEASURED && self.nesting < UNMEASURED_NESTING;
        Ok(few || self.nesting < MAX_NESTING && stack_has_room(self.ctx)?)
    }

    /// Whether the pending exception says that the stack is full; then it is dropped.
    pub(super) fn is_out_of_stack(&self) -> bool {
        let thrown = self.ctx.catch();
        let full = is_stack_overflow(&thrown).unwrap_or(false);
        if !full {
            // Puts it back; the result only repeats that there is an exception.
            let _: holm_js::Error = self.ctx.throw(thrown);
        }
        full
    }

    /// What stands for an object for which there was no room.
    pub(super) fn interrupted(&self, name: &str) -> String {
        let text = "Inspection interrupted prematurely. Maximum call stack size exceeded.";
        self.paint(Style::Special, &format!("[{name}: {text}]"))
    }

    /// Appends a value that is no object.
    pub(super) fn push_primitive(&self, out: &mut String, value: &Value<'js>) -> Result<()> {
        let colors = self.options.colors;
        if value.is_string() {
            return self.push_string(out, value, colors);
        }
        if let Some(text) = simple(value) {
            colors.paint_with(text.1, out, |out| out.push_str(text.0));
            return Ok(());
        }
        if let Some(number) = value.as_number() {
            colors.paint_with(Style::Number, out, |out| self.push_number(out, number));
            return Ok(());
        }
        if value.is_symbol() {
            let description = symbol_description(value)?;
            return colors.paint_with(Style::Symbol, out, |out| {
                out.push_str("Symbol(");
                with_wtf8(&description, |text| push_lossy(out, text))?;
                out.push(')');
                Ok(())
            });
        }
        colors.paint_with(Style::BigInt, out, |out| self.push_big_int(out, value))
    }

    pub(super) fn push_number(&self, out: &mut String, value: f64) {
        if !self.options.numeric_separator {
            return number::push_number(out, value);
        }
        number::push_separated(out, value);
    }

    pub(super) fn push_big_int(&self, out: &mut String, value: &Value<'js>) -> Result<()> {
        let digits = to_text(self.ctx, value)?;
        if self.options.numeric_separator {
            out.push_str(&number::separated(&digits));
        } else {
            out.push_str(&digits);
        }
        out.push('n');
        Ok(())
    }

    /// A string in quotes; a long one with a line for each of its lines.
    pub(super) fn push_string(
        &self,
        out: &mut String,
        string: &Value<'js>,
        colors: Colors,
    ) -> Result<()> {
        with_wtf8(string, |text| {
            let all = wtf8_units(text);
            let limit = self.options.max_string_length;
            let text = prefix(text, limit);
            let shown = all.min(limit);
            let fits = shown.saturating_add(self.indentation + 4) <= self.options.break_length;
            let single = self.options.compact == Compact::Dense;
            if single || shown <= MIN_BROKEN_UNITS || fits {
                colors.paint_with(Style::String, out, |out| push_quoted(out, &text));
            } else {
                for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
                    if index > 0 {
                        out.push_str(" +");
                        out.push_str(&line_break(self.indentation + 2));
                    }
                    colors.paint_with(Style::String, out, |out| push_quoted(out, line));
                }
            }
            if all > limit {
                out.push_str(&format!("... {}", more(all - limit, "character")));
            }
        })
    }
}

/// `1 more item`, `2 more items`.
pub(super) fn more(count: usize, what: &str) -> String {
    format!("{count} more {what}{}", if count > 1 { "s" } else { "" })
}

/// The values with just one text.
fn simple(value: &Value<'_>) -> Option<(&'static str, Style)> {
    if value.is_null() {
        return Some(("null", Style::Null));
    }
    match value.as_bool() {
        Some(true) => Some(("true", Style::Boolean)),
        Some(false) => Some(("false", Style::Boolean)),
        None if value.is_big_int() || value.is_number() || value.is_symbol() => None,
        None => Some(("undefined", Style::Undefined)),
    }
}
