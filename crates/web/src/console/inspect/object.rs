//! Objects: which form each kind of object has.
//!
//! First [`Inspector::form`] says what an object looks like: finished text, or a body to be
//! opened. Then, if the depth allows, [`Inspector::opened`] fills the body in.

use holm_js::reflect::{self, Filter, Kind, PropertyKey, own_keys};
use holm_js::{Error, Object, Result};

use super::Inspector;
use super::layout::{Body, Entries};
use super::names::{heading, plain_heading};
use super::options::{Colors, Compact, Sorted};
use super::property::Place;
use super::style::Style;

/// As what an object is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// As itself.
    Value,
    /// As the buffer of a typed array: its bytes were shown already.
    BufferOfArray,
}

/// An object with what is known of it before it is opened.
pub(super) struct Subject<'js> {
    pub(super) object: Object<'js>,
    pub(super) kind: Kind,
    /// `None` for a null prototype.
    pub(super) constructor: Option<String>,
    pub(super) tag: String,
    /// Properties of prototypes, already shown.
    pub(super) inherited: Vec<String>,
    pub(super) keys: Vec<PropertyKey<'js>>,
}

impl Subject<'_> {
    /// Whether nothing but the base would be shown.
    pub(super) fn is_bare(&self) -> bool {
        self.keys.is_empty() && self.inherited.is_empty()
    }

    pub(super) fn heading(&self, fallback: &str) -> String {
        heading(self.constructor.as_deref(), &self.tag, fallback, None)
    }

    pub(super) fn sized_heading(&self, fallback: &str, size: usize) -> String {
        heading(self.constructor.as_deref(), &self.tag, fallback, Some(size))
    }

    /// What the object is called where it stays closed.
    fn closed_name(&self) -> String {
        let name = plain_heading(self.kind, self.constructor.as_deref(), &self.tag);
        name.trim_end_matches(' ').to_owned()
    }
}

/// What an object looks like.
pub(super) enum Form {
    /// This, whole.
    Done(String),
    /// A body to be opened.
    Open(Body, Content),
}

/// What an open body holds before the properties.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Nothing,
    Array,
    TypedArray,
    Set,
    Map,
    Iterator,
    Buffer(Role),
    DataView,
    Promise,
    Weak,
    /// An error's stack as if it were a property, for `showHidden`.
    Stack,
}

impl Content {
    pub(super) fn with(self, base: String, open: String) -> Form {
        let close = if open.ends_with('[') { "]" } else { "}" };
        Form::Open(Body { base, open, close }, self)
    }

    fn is_list(self) -> bool {
        matches!(self, Self::Array | Self::TypedArray)
    }
}

impl<'js> Inspector<'_, 'js> {
    /// Shows an object that is no proxy and not open already.
    pub(super) fn object(
        &mut self,
        object: &Object<'js>,
        level: i32,
        role: Role,
    ) -> Result<String> {
        let mut inherited = Vec::new();
        let hidden = self.options.show_hidden && !self.depth.is_exceeded_by(level);
        let constructor = self.constructor_name(object, level, hidden.then_some(&mut inherited))?;
        let mut subject = Subject {
            object: object.clone(),
            kind: Kind::of(object),
            constructor,
            tag: self.tag(object)?,
            inherited,
            keys: Vec::new(),
        };
        let (body, content) = match self.form(&mut subject, level, role)? {
            Form::Done(text) => return Ok(text),
            Form::Open(body, content) => (body, content),
        };
        if self.depth.is_exceeded_by(level) {
            let name = subject.closed_name();
            let name = if subject.constructor.is_some() { format!("[{name}]") } else { name };
            return Ok(self.paint(Style::Special, &name));
        }
        if !self.has_room()? {
            return Ok(self.interrupted(&subject.closed_name()));
        }
        self.opened(subject, body, content, level + 1)
    }

    fn opened(
        &mut self,
        subject: Subject<'js>,
        mut body: Body,
        content: Content,
        level: i32,
    ) -> Result<String> {
        let object = &subject.object;
        self.seen.push(object.clone());
        self.current_level = level;
        let depth = self.seen.len();
        let mut entries = match self.entries(&subject, &mut body, content, level) {
            Err(Error::Exception) if self.is_out_of_stack() => {
                self.seen.truncate(depth - 1);
                return Ok(self.interrupted(&subject.closed_name()));
            }
            entries => entries?,
        };
        entries.extend(subject.inherited);
        self.mark_circle(object, &mut body);
        self.seen.pop();
        let keys = if content.is_list() { subject.keys.len() } else { entries.len() };
        let start = entries.len().saturating_sub(keys);
        self.sort(&mut entries[start..])?;
        let kind = match content {
            Content::Array | Content::TypedArray => Entries::List(Some(object)),
            _ => Entries::Properties,
        };
        let text = self.joined(entries, &body, kind, level);
        let written = self.written.entry(self.indentation).or_default();
        *written += super::string::units(&text);
        if *written > self.options.max_output_units {
            self.depth = super::Depth::Limited(-1);
        }
        Ok(text)
    }

    fn entries(
        &mut self,
        subject: &Subject<'js>,
        body: &mut Body,
        content: Content,
        level: i32,
    ) -> Result<Vec<String>> {
        let mut entries = self.content(content, subject, body, level)?;
        let place = if content.is_list() { Place::AfterElements } else { Place::Object };
        for key in &subject.keys {
            entries.push(self.own_entry(&subject.object, key, level, place)?);
        }
        Ok(entries)
    }

    /// Names an object that was met again inside of itself.
    fn mark_circle(&self, object: &Object<'js>, body: &mut Body) {
        let Some(index) = self.circular.iter().position(|circle| circle == object) else {
            return;
        };
        let mark = self.paint(Style::Special, &format!("<ref *{}>", index + 1));
        if self.options.compact == Compact::Dense {
            body.open = format!("{mark} {}", body.open);
        } else if body.base.is_empty() {
            body.base = mark;
        } else {
            body.base = format!("{mark} {}", body.base);
        }
    }

    fn sort(&self, entries: &mut [String]) -> Result<()> {
        match &self.options.sorted {
            Sorted::No => {}
            Sorted::Yes => entries.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16())),
            Sorted::By(comparator) => {
                let comparator: holm_js::Function<'js> = comparator.get(self.ctx)?;
                let list = holm_js::Array::new(self.ctx.clone())?;
                for (index, entry) in entries.iter().enumerate() {
                    list.set(index, entry.as_str())?;
                }
                let sorted = reflect::sort(&list, &comparator)?;
                for (index, entry) in entries.iter_mut().enumerate() {
                    *entry = sorted.get(index)?;
                }
            }
        }
        Ok(())
    }

    /// Says what an object looks like, and which keys it shows.
    fn form(&mut self, subject: &mut Subject<'js>, level: i32, role: Role) -> Result<Form> {
        if let Some(form) = self.collection_form(subject)? {
            return Ok(form);
        }
        subject.keys = self.keys(&subject.object)?.iter_from(0).collect();
        if let Kind::Function(kind) = subject.kind {
            let base = self.function_base(subject, kind)?;
            return Ok(self.based(subject, base, Some(Style::Special)));
        }
        if subject.constructor.as_deref() == Some("Object") {
            return Ok(self.plain_form(subject));
        }
        let open = |name: &str| format!("{}{{", subject.heading(name));
        Ok(match subject.kind {
            Kind::RegExp => {
                let base = self.regexp_base(subject)?;
                if self.depth.is_exceeded_by(level) {
                    return Ok(Form::Done(self.paint(Style::RegExp, &base)));
                }
                self.based(subject, base, Some(Style::RegExp))
            }
            Kind::Date => {
                let base = self.date_base(subject)?;
                self.based(subject, base, Some(Style::Date))
            }
            _ if self.is_error(subject)? => self.error_form(subject)?,
            kind @ (Kind::ArrayBuffer | Kind::SharedArrayBuffer) => {
                let open = open(kind.class_name());
                if role == Role::BufferOfArray && subject.is_bare() {
                    let len = reflect::buffer_bytes(&subject.object, 0)?.map_or(0, |(len, _)| len);
                    let len = self.paint(Style::Number, &len.to_string());
                    return Ok(Form::Done(format!("{open} byteLength: {len} }}")));
                }
                Content::Buffer(role).with(String::new(), open)
            }
            Kind::DataView => Content::DataView.with(String::new(), open("DataView")),
            Kind::Promise => Content::Promise.with(String::new(), open("Promise")),
            Kind::WeakSet => Content::Weak.with(String::new(), open("WeakSet")),
            Kind::WeakMap => Content::Weak.with(String::new(), open("WeakMap")),
            Kind::Module => Content::Nothing.with(String::new(), open("Module")),
            Kind::Number | Kind::String | Kind::Boolean | Kind::Symbol | Kind::BigInt => {
                self.boxed_form(subject)?
            }
            _ => self.other_form(subject),
        })
    }

    /// A form with text instead of a name before the brace; just the text if there is
    /// nothing else.
    pub(super) fn based(&self, subject: &Subject<'js>, base: String, style: Option<Style>) -> Form {
        if !subject.is_bare() {
            return Content::Nothing.with(base, "{".into());
        }
        Form::Done(match style {
            Some(style) => self.paint(style, &base),
            None => base,
        })
    }

    fn plain_form(&self, subject: &Subject<'js>) -> Form {
        let open = match subject.kind {
            Kind::Arguments => "[Arguments] {".into(),
            _ if subject.tag.is_empty() => "{".into(),
            _ => format!("{}{{", subject.heading("Object")),
        };
        if subject.is_bare() {
            return Form::Done(format!("{open}}}"));
        }
        Content::Nothing.with(String::new(), open)
    }

    fn other_form(&self, subject: &Subject<'js>) -> Form {
        let name = plain_heading(subject.kind, subject.constructor.as_deref(), &subject.tag);
        if subject.is_bare() {
            return Form::Done(format!("{name}{{}}"));
        }
        Content::Nothing.with(String::new(), format!("{name}{{"))
    }

    /// `[Number: 1]`, and `[String: 'abc']` without its characters.
    fn boxed_form(&self, subject: &mut Subject<'js>) -> Result<Form> {
        if subject.kind == Kind::String {
            let filter = if self.options.show_hidden { Filter::All } else { Filter::Enumerable };
            let keys = own_keys(&subject.object, filter)?;
            let primitive = reflect::boxed_primitive(&subject.object)?;
            let len = reflect::with_wtf8(&primitive, super::string::wtf8_units)?;
            subject.keys = keys.iter_from(len).collect();
        }
        let base = self.boxed_base(subject)?;
        let style = match subject.kind {
            _ if self.options.colors == Colors::Never => None,
            Kind::Number => Some(Style::Number),
            Kind::String => Some(Style::String),
            Kind::Boolean => Some(Style::Boolean),
            Kind::BigInt => Some(Style::BigInt),
            _ => Some(Style::Symbol),
        };
        Ok(self.based(subject, base, style))
    }
}
