//! Errors: the stack, corrected where the error was changed since, and its properties.

use std::ops::Range;

use holm_js::reflect::{self, Kind, PropertyKey, attempt, error_stack, lookup, own_property};
use holm_js::{Object, Result, Value};

use super::Inspector;
use super::names::heading;
use super::object::{Content, Form, Subject};
use super::style::Style;

/// What stack frames begin with.
const FRAME: &str = "\n    at";

/// Fewer equal frames than this are not left out.
const MIN_EQUAL_FRAMES: usize = 3;

impl<'js> Inspector<'_, 'js> {
    /// Whether an object is shown as an error: it is one, or inherits from `Error`.
    pub(super) fn is_error(&self, subject: &Subject<'js>) -> Result<bool> {
        self.is_error_object(&subject.object)
    }

    fn is_error_object(&self, object: &Object<'js>) -> Result<bool> {
        if Kind::of(object) == Kind::Error {
            return Ok(true);
        }
        let known = self.known()?;
        for holder in reflect::chain(object).skip(1) {
            if holder? == known.prototypes.error {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn error_form(&self, subject: &mut Subject<'js>) -> Result<Form> {
        let base = self.error_base(subject)?;
        let hidden_stack = self.options.show_hidden && self.has_inner_stack(&subject.object)?;
        if subject.is_bare() && !hidden_stack {
            return Ok(Form::Done(base));
        }
        let content = if hidden_stack { Content::Stack } else { Content::Nothing };
        Ok(content.with(base, "{".into()))
    }

    /// In Node the stack is an own property; in QuickJS it is inside of the error.
    fn has_inner_stack(&self, error: &Object<'js>) -> Result<bool> {
        let stack = PropertyKey::new(self.ctx, "stack")?;
        Ok(Kind::of(error) == Kind::Error
            && own_property(error, &stack)?.is_none()
            && !error_stack(error)?.is_undefined())
    }

    pub(super) fn hidden_stack(&mut self, error: &Object<'js>) -> Result<Vec<String>> {
        let stack = error_stack(error)?;
        let stack = self.indented(2, |this| {
            let mut out = String::new();
            this.push_primitive(&mut out, &stack).map(|()| out)
        })?;
        Ok(vec![format!("[stack]: {stack}")])
    }

    fn error_base(&self, subject: &mut Subject<'js>) -> Result<String> {
        let error = subject.object.clone();
        let name = self.error_text(&error, "name")?.unwrap_or_else(|| "Error".into());
        let original = self.stack(&error)?;
        if self.options.show_hidden {
            self.put_stack_first(subject)?;
        } else {
            self.hide_repeated(subject, &original)?;
        }
        self.show_linked(subject)?;
        let constructor = subject.constructor.as_deref();
        let stack = corrected(original, constructor, &name, &subject.tag);
        let message = self.error_text(&error, "message")?.unwrap_or_default();
        // The message may look like a frame: frames are looked for behind it.
        let behind = match stack.find(&message) {
            Some(at) if at > 0 && !message.is_empty() => at + message.len(),
            _ => 0,
        };
        let text = match stack[behind..].find(FRAME) {
            None => format!("[{stack}]"),
            Some(at) => {
                let (head, frames) = stack.split_at(behind + at);
                let frames = self.frames(&error, &frames[1..])?;
                format!("{head}\n{}", frames.join("\n"))
            }
        };
        if self.indentation == 0 {
            return Ok(text);
        }
        Ok(text.replace('\n', &super::line_break(self.indentation)))
    }

    /// A property of an error as text; `None` if it is absent, null, or can't be had.
    fn error_text(&self, error: &Object<'js>, name: &str) -> Result<Option<String>> {
        let value = self.error_value(error, name)?;
        match value.filter(|value| !value.is_null() && !value.is_undefined()) {
            Some(value) => self.text_of(&value),
            None => Ok(None),
        }
    }

    fn error_value(&self, error: &Object<'js>, name: &str) -> Result<Option<Value<'js>>> {
        let key = PropertyKey::new(self.ctx, name)?;
        Ok(attempt(self.ctx, lookup(error, &key))?.flatten())
    }

    /// The stack, or what `Error.prototype.toString` says.
    fn stack(&self, error: &Object<'js>) -> Result<String> {
        let key = PropertyKey::new(self.ctx, "stack")?;
        let mut stack = None;
        for holder in reflect::chain(error) {
            let holder = holder?;
            if own_property(&holder, &key)?.is_some() {
                stack = attempt(self.ctx, lookup(error, &key))?.flatten();
                break;
            }
            if Kind::of(&holder) == Kind::Error {
                stack = Some(error_stack(&holder)?);
                break;
            }
        }
        if let Some(stack) = stack.filter(super::options::is_truthy)
            && let Some(stack) = self.text_of(&stack)?
        {
            return Ok(stack);
        }
        let name = self.error_text(error, "name")?.unwrap_or_else(|| "Error".into());
        let message = self.error_text(error, "message")?.unwrap_or_default();
        Ok(match (name.is_empty(), message.is_empty()) {
            (_, true) => name,
            (true, _) => message,
            _ => format!("{name}: {message}"),
        })
    }

    /// Node's errors have their stack before anything else.
    fn put_stack_first(&self, subject: &mut Subject<'js>) -> Result<()> {
        let stack = PropertyKey::new(self.ctx, "stack")?;
        if let Some(at) = subject.keys.iter().position(|key| *key == stack) {
            subject.keys[..=at].rotate_right(1);
        }
        Ok(())
    }

    /// Properties that the stack says already are not shown again.
    fn hide_repeated(&self, subject: &mut Subject<'js>, stack: &str) -> Result<()> {
        for name in ["name", "message", "stack"] {
            let key = PropertyKey::new(self.ctx, name)?;
            let Some(at) = subject.keys.iter().position(|shown| *shown == key) else {
                continue;
            };
            let value = self.error_value(&subject.object, name)?;
            let text = match value {
                Some(value) => self.text_of(&value)?,
                None => Some("undefined".into()),
            };
            if text.is_some_and(|text| stack.contains(&text)) {
                subject.keys.remove(at);
            }
        }
        Ok(())
    }

    /// `cause` and `errors` are shown although they are not enumerable.
    fn show_linked(&self, subject: &mut Subject<'js>) -> Result<()> {
        let cause = PropertyKey::new(self.ctx, "cause")?;
        let mut has_cause = false;
        for holder in reflect::chain(&subject.object) {
            has_cause = has_cause || own_property(&holder?, &cause)?.is_some();
        }
        if has_cause && !subject.keys.contains(&cause) {
            subject.keys.push(cause);
        }
        let errors = PropertyKey::new(self.ctx, "errors")?;
        let list = self.error_value(&subject.object, "errors")?;
        if list.is_some_and(|list| list.is_array()) && !subject.keys.contains(&errors) {
            subject.keys.push(errors);
        }
        Ok(())
    }

    /// The frames, without those that the cause's stack has too.
    fn frames(&self, error: &Object<'js>, frames: &str) -> Result<Vec<String>> {
        let mut frames: Vec<String> = frames.split('\n').map(str::to_owned).collect();
        let cause = self.error_value(error, "cause")?;
        let Some(cause) = cause.as_ref().and_then(Value::as_object) else {
            return Ok(frames);
        };
        let Some(cause) = reflect::unwrap_proxies(cause)? else {
            return Ok(frames);
        };
        if !self.is_error_object(&cause)? {
            return Ok(frames);
        }
        let stack = self.stack(&cause)?;
        let Some(start) = stack.find(FRAME) else {
            return Ok(frames);
        };
        let theirs: Vec<&str> = stack[start + 1..].split('\n').collect();
        if let Some(equal) = equal_run(&frames, &theirs) {
            let skipped = equal.len() - 2;
            let text = format!("    ... {skipped} lines matching cause stack trace ...");
            let left_out = equal.start + 1..equal.end - 1;
            frames.splice(left_out, [self.paint(Style::Undefined, &text)]);
        }
        Ok(frames)
    }
}

/// The first run of more than three lines of `ours` that is in `theirs` too.
fn equal_run(ours: &[String], theirs: &[&str]) -> Option<Range<usize>> {
    for start in 0..ours.len().saturating_sub(MIN_EQUAL_FRAMES) {
        let Some(at) = theirs.iter().position(|line| *line == ours[start]) else {
            continue;
        };
        let pairs = ours[start..].iter().zip(&theirs[at..]);
        let len = pairs.take_while(|(ours, theirs)| ours == *theirs).count();
        if len > MIN_EQUAL_FRAMES {
            return Some(start..start + len);
        }
    }
    None
}

/// A stack whose first word is not what the error is called now gets it.
fn corrected(stack: String, constructor: Option<&str>, name: &str, tag: &str) -> String {
    let regular = name.ends_with("Error")
        && stack
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(':') || rest.starts_with('\n'));
    if constructor.is_some() && !regular {
        return stack;
    }
    let mut len = name.len();
    let mut fallback = "Error";
    if constructor.is_none() {
        let first = first_word(&stack);
        len = first.len();
        fallback = if first.is_empty() { "Error" } else { first };
    }
    let called = heading(constructor, tag, fallback, None);
    let called = called.trim_end_matches(' ');
    let rest = stack.get(len..).unwrap_or("");
    if name == called {
        stack
    } else if !called.contains(name) {
        format!("{called} [{name}]{rest}")
    } else if len == 0 {
        format!("{called}: {stack}")
    } else {
        format!("{called}{rest}")
    }
}

/// What looks like the error's name at the start of a stack, or nothing.
fn first_word(stack: &str) -> &str {
    let name = |byte: u8| byte.is_ascii_alphanumeric() || b"_ []()-".contains(&byte);
    let len = stack.bytes().take_while(|byte| name(*byte)).count();
    let (word, rest) = stack.split_at(len);
    let upper = word.starts_with(|first: char| first.is_ascii_uppercase());
    if upper && len > 1 && (rest.starts_with(':') || rest.starts_with(FRAME)) {
        return word;
    }
    let simple = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if stack.ends_with("Error") && stack.bytes().all(simple) { stack } else { "" }
}
