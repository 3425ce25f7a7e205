//! `util.format`: text with placeholders, then whatever is left.

use holm_js::reflect::{
    self, PropertyKey, Slot, attempt, lookup, own_property, symbol_description, with_wtf8,
};
use holm_js::{Coerced, Ctx, Error, Object, Result, Symbol, Value, to_text};

use super::names::is_built_in;
use super::number::{push_number, push_separated};
use super::options::{Colors, Compact, Depth, Options};
use super::string::push_lossy;
use super::{Inspector, inspect};

/// What the engine says when `JSON.stringify` meets a circle.
const CIRCLE: &str = "circular reference";

/// What Node's `util.formatWithOptions(options, ...arguments)` returns.
///
/// Conversions may run script, and throw what it throws.
pub fn format<'js>(ctx: &Ctx<'js>, arguments: &[Value<'js>], options: &Options) -> Result<String> {
    let Some((first, mut rest)) = arguments.split_first() else {
        return Ok(String::new());
    };
    let mut formatter = Formatter { ctx, options, out: String::new() };
    if !first.is_string() || rest.is_empty() {
        formatter.push(first)?;
    } else {
        rest = with_wtf8(first, |template| formatter.template(template, rest))??;
    }
    for value in rest {
        formatter.out.push(' ');
        formatter.push(value)?;
    }
    Ok(formatter.out)
}

struct Formatter<'a, 'js> {
    ctx: &'a Ctx<'js>,
    options: &'a Options,
    out: String,
}

impl<'js> Formatter<'_, 'js> {
    /// Appends the template with its placeholders filled in; what it did not use is returned.
    fn template<'v>(
        &mut self,
        template: &[u8],
        mut values: &'v [Value<'js>],
    ) -> Result<&'v [Value<'js>]> {
        let mut copied = 0;
        let mut at = 0;
        while let Some(&[percent, letter]) = template.get(at..at + 2) {
            if percent != b'%' {
                at += 1;
                continue;
            }
            if letter == b'%' {
                // One of the two stays.
                push_lossy(&mut self.out, &template[copied..=at]);
                copied = at + 2;
            } else if let Some((value, others)) = values.split_first()
                && b"sdifjoOc".contains(&letter)
            {
                push_lossy(&mut self.out, &template[copied..at]);
                self.placeholder(letter, value)?;
                values = others;
                copied = at + 2;
            }
            at += 2;
        }
        push_lossy(&mut self.out, &template[copied..]);
        Ok(values)
    }

    fn placeholder(&mut self, letter: u8, value: &Value<'js>) -> Result<()> {
        match letter {
            b's' => self.string(value),
            b'd' | b'i' | b'f' => self.number(letter, value),
            b'j' => self.json(value),
            b'O' => self.inspected(value, self.options),
            b'o' => {
                let options = Options {
                    show_hidden: true,
                    show_proxy: true,
                    depth: Depth::Limited(4),
                    ..self.options.clone()
                };
                self.inspected(value, &options)
            }
            // `%c` is CSS for browsers.
            _ => Ok(()),
        }
    }

    /// Appends a value outside of the template: strings as they are.
    fn push(&mut self, value: &Value<'js>) -> Result<()> {
        if value.is_string() {
            with_wtf8(value, |text| push_lossy(&mut self.out, text))
        } else {
            self.inspected(value, self.options)
        }
    }

    fn inspected(&mut self, value: &Value<'js>, options: &Options) -> Result<()> {
        if !value.is_object() {
            return Inspector::new(self.ctx, options).push_primitive(&mut self.out, value);
        }
        self.out.push_str(&inspect(self.ctx, value, options)?);
        Ok(())
    }

    /// `%s`
    fn string(&mut self, value: &Value<'js>) -> Result<()> {
        if let Some(number) = value.as_number() {
            self.push_number(number);
            return Ok(());
        }
        if value.is_big_int() {
            return self.push_big_int(value);
        }
        if value.is_symbol() {
            let description = to_text(self.ctx, &symbol_description(value)?)?;
            self.out.push_str(&format!("Symbol({description})"));
            return Ok(());
        }
        if let Some(object) = value.as_object()
            && !object.is_function()
            && self.has_built_in_to_string(object)?
        {
            let options = Options {
                compact: Compact::Levels(3),
                colors: Colors::Never,
                depth: Depth::Limited(0),
                ..self.options.clone()
            };
            return self.inspected(value, &options);
        }
        self.out.push_str(&to_text(self.ctx, value)?);
        Ok(())
    }

    /// `%d`, `%i` and `%f`
    fn number(&mut self, letter: u8, value: &Value<'js>) -> Result<()> {
        if value.is_big_int() && letter != b'f' {
            return self.push_big_int(value);
        }
        if value.is_symbol() {
            self.out.push_str("NaN");
            return Ok(());
        }
        let number = match letter {
            b'd' => value.get::<Coerced<f64>>()?.0,
            b'i' => parse_int(&to_text(self.ctx, value)?),
            _ => parse_float(&to_text(self.ctx, value)?),
        };
        self.push_number(number);
        Ok(())
    }

    /// `%j`
    fn json(&mut self, value: &Value<'js>) -> Result<()> {
        match self.ctx.json_stringify(value.clone()) {
            Ok(Some(text)) => with_wtf8(&text, |text| push_lossy(&mut self.out, text)),
            Ok(None) => {
                self.out.push_str("undefined");
                Ok(())
            }
            Err(Error::Exception) => {
                let thrown = self.ctx.catch();
                let message = match thrown.as_exception() {
                    Some(error) if !thrown.is_uncatchable_error() => {
                        let key = PropertyKey::new(self.ctx, "message")?;
                        attempt(self.ctx, lookup(error, &key))?.flatten()
                    }
                    _ => None,
                };
                match message.filter(Value::is_string) {
                    Some(message) if to_text(self.ctx, &message)? == CIRCLE => {
                        self.out.push_str("[Circular]");
                        Ok(())
                    }
                    _ => Err(self.ctx.throw(thrown)),
                }
            }
            Err(other) => Err(other),
        }
    }

    fn push_number(&mut self, number: f64) {
        if !self.options.numeric_separator {
            return push_number(&mut self.out, number);
        }
        push_separated(&mut self.out, number);
    }

    fn push_big_int(&mut self, value: &Value<'js>) -> Result<()> {
        Inspector::new(self.ctx, self.options).push_big_int(&mut self.out, value)
    }

    /// Whether `String(object)` would say nothing of the script's own, so that inspecting it
    /// says more.
    fn has_built_in_to_string(&self, object: &Object<'js>) -> Result<bool> {
        let Some(object) = reflect::unwrap_proxies(object)? else {
            return Ok(true);
        };
        let to_string = PropertyKey::new(self.ctx, "toString")?;
        let symbol = Symbol::to_primitive(self.ctx.clone());
        let to_primitive = PropertyKey::from_value(symbol.as_value())?;
        let mut methods = Vec::new();
        for key in [to_string, to_primitive] {
            let method = attempt(self.ctx, lookup(&object, &key))?.flatten();
            if method.is_some_and(|method| method.is_function()) {
                if own_property(&object, &key)?.is_some() {
                    return Ok(false);
                }
                methods.push(key);
            }
        }
        if methods.is_empty() {
            return Ok(true);
        }
        let constructor = PropertyKey::new(self.ctx, "constructor")?;
        for holder in reflect::chain(&object).skip(1) {
            let holder = holder?;
            let mut holds = false;
            for key in &methods {
                holds = holds || own_property(&holder, key)?.is_some();
            }
            if holds {
                return self.is_of_platform(own_property(&holder, &constructor)?);
            }
        }
        Ok(false)
    }

    fn is_of_platform(&self, constructor: Option<reflect::Property<'js>>) -> Result<bool> {
        let Some(Slot::Value(constructor)) = constructor.map(|found| found.slot) else {
            return Ok(false);
        };
        let Some(constructor) = constructor.as_function() else {
            return Ok(false);
        };
        let key = PropertyKey::new(self.ctx, "name")?;
        let name = attempt(self.ctx, lookup(constructor, &key))?.flatten();
        match name.filter(Value::is_string) {
            Some(name) => Ok(is_built_in(&to_text(self.ctx, &name)?)),
            None => Ok(false),
        }
    }
}

/// <https://tc39.es/ecma262/#sec-parseint-string-radix>, radix undefined.
fn parse_int(text: &str) -> f64 {
    let text = text.trim_start_matches(is_space);
    let (sign, text) = signed(text);
    let (radix, text) = match text.get(..2) {
        Some("0x" | "0X") => (16, &text[2..]),
        _ => (10, text),
    };
    let len = text.bytes().take_while(|byte| char::from(*byte).is_digit(radix)).count();
    let digits = &text[..len];
    if digits.is_empty() {
        return f64::NAN;
    }
    if radix == 10 {
        return sign * digits.parse().unwrap_or(f64::NAN);
    }
    let value = |digit: char| f64::from(digit.to_digit(radix).unwrap_or(0));
    sign * digits.chars().fold(0.0, |number, digit| number * f64::from(radix) + value(digit))
}

/// <https://tc39.es/ecma262/#sec-parsefloat-string>
fn parse_float(text: &str) -> f64 {
    let text = text.trim_start_matches(is_space);
    let (sign, text) = signed(text);
    if text.starts_with("Infinity") {
        return sign * f64::INFINITY;
    }
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    let mut len = whole;
    if text[whole..].starts_with('.') {
        let fraction = digits(&text[whole + 1..]);
        if whole + fraction > 0 {
            len = whole + 1 + fraction;
        }
    }
    if len > 0 && text[len..].starts_with(['e', 'E']) {
        let exponent = &text[len + 1..];
        let signs = usize::from(exponent.starts_with(['+', '-']));
        let count = digits(&exponent[signs..]);
        if count > 0 {
            len += 1 + signs + count;
        }
    }
    sign * text[..len].parse().unwrap_or(f64::NAN)
}

fn signed(text: &str) -> (f64, &str) {
    match text.strip_prefix('-') {
        Some(text) => (-1.0, text),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// ECMAScript's white space and line terminators.
fn is_space(char: char) -> bool {
    char == '\u{feff}' || char != '\u{85}' && char.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_at_the_start_of_text() {
        let int = |text, expected: f64| assert_eq!(parse_int(text), expected, "{text}");
        int(" -12px", -12.0);
        int("0x1fg", 31.0);
        int("1.9e3", 1.0);
        assert!(parse_int("").is_nan());
        assert!(parse_int("x1").is_nan());
        let float = |text, expected: f64| assert_eq!(parse_float(text), expected, "{text}");
        float("\u{feff} 1.5e3x", 1500.0);
        float(".5", 0.5);
        float("5.", 5.0);
        float("-Infinityx", f64::NEG_INFINITY);
        float("1e", 1.0);
        float("1e+x", 1.0);
        assert!(parse_float(".").is_nan());
        assert!(parse_float("e5").is_nan());
    }
}
