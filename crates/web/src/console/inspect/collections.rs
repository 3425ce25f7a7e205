//! What is inside of lists, maps, buffers and promises.

use holm_js::reflect::{
    self, Kind, PromiseState, PropertyKey, Rest, Slot, TypedArrayKind, View, own_keys, own_property,
};
use holm_js::{Object, Result, Value};

use super::Inspector;
use super::layout::{Body, Entries};
use super::object::{Content, Form, Role, Subject};
use super::options::Colors;
use super::property::Place;
use super::style::Style;
use super::value::more;

impl<'js> Inspector<'_, 'js> {
    /// The form of a list, map, or iterator over one; `None` for anything else.
    pub(super) fn collection_form(&self, subject: &mut Subject<'js>) -> Result<Option<Form>> {
        Ok(Some(match subject.kind {
            Kind::Array => self.array_form(subject)?,
            Kind::TypedArray(kind) => self.typed_array_form(subject, kind)?,
            Kind::Set => self.keyed_form(subject, Content::Set)?,
            Kind::Map => self.keyed_form(subject, Content::Map)?,
            Kind::MapIterator | Kind::SetIterator => {
                subject.keys = self.keys(&subject.object)?.iter_from(0).collect();
                let class = subject.kind.class_name();
                let tag = match subject.tag.as_str() {
                    "" => class.to_owned(),
                    tag if tag == class => class.to_owned(),
                    tag => format!("{tag}] [{class}"),
                };
                Content::Iterator.with(String::new(), format!("[{tag}] {{"))
            }
            _ => return Ok(None),
        }))
    }

    fn array_form(&self, subject: &mut Subject<'js>) -> Result<Form> {
        subject.keys = self.keys_beside_elements(&subject.object)?;
        let len = self.array_len(&subject.object)?;
        let mut name = String::new();
        if subject.constructor.as_deref() != Some("Array") || !subject.tag.is_empty() {
            name = subject.sized_heading("Array", len);
        }
        if len == 0 && subject.is_bare() {
            return Ok(Form::Done(format!("{name}[]")));
        }
        Ok(Content::Array.with(String::new(), format!("{name}[")))
    }

    fn typed_array_form(&self, subject: &mut Subject<'js>, kind: TypedArrayKind) -> Result<Form> {
        subject.keys = self.keys_beside_elements(&subject.object)?;
        let len = reflect::typed_array(&subject.object)?.len;
        let fallback = if subject.constructor.is_some() { "" } else { kind.name() };
        let name = subject.sized_heading(fallback, len);
        if len == 0 && subject.keys.is_empty() && !self.options.show_hidden {
            return Ok(Form::Done(format!("{name}[]")));
        }
        Ok(Content::TypedArray.with(String::new(), format!("{name}[")))
    }

    /// Of a map or set.
    fn keyed_form(&self, subject: &mut Subject<'js>, content: Content) -> Result<Form> {
        subject.keys = self.keys(&subject.object)?.iter_from(0).collect();
        let len = reflect::collection_len(&subject.object)?;
        let name = subject.sized_heading(subject.kind.class_name(), len);
        if len == 0 && subject.is_bare() {
            return Ok(Form::Done(format!("{name}{{}}")));
        }
        Ok(content.with(String::new(), format!("{name}{{")))
    }

    /// The entries that come before the properties.
    pub(super) fn content(
        &mut self,
        content: Content,
        subject: &Subject<'js>,
        body: &mut Body,
        level: i32,
    ) -> Result<Vec<String>> {
        let object = &subject.object;
        match content {
            Content::Nothing => Ok(Vec::new()),
            Content::Array => self.array(object, level),
            Content::TypedArray => self.typed_array(object, level),
            Content::Set => self.set(object, level),
            Content::Map => self.map(object, level),
            Content::Iterator => self.iterator(object, body, level),
            Content::Buffer(role) => self.buffer(object, role),
            Content::DataView => self.data_view(object, level),
            Content::Promise => self.promise(object, level),
            Content::Weak => Ok(vec![self.paint(Style::Special, "<items unknown>")]),
            Content::Stack => self.hidden_stack(object),
        }
    }

    /// An array's own `length`.
    fn array_len(&self, array: &Object<'js>) -> Result<usize> {
        let known = self.known()?;
        let length = own_property(array, &known.length)?.and_then(|length| match length.slot {
            Slot::Value(length) => length.as_number(),
            _ => None,
        });
        Ok(length.unwrap_or(0.0) as usize)
    }

    fn array(&mut self, array: &Object<'js>, level: i32) -> Result<Vec<String>> {
        let len = self.array_len(array)?;
        let shown = len.min(self.options.max_array_length);
        let mut entries = Vec::new();
        for index in 0..shown {
            let key = PropertyKey::index(self.ctx, index as u32)?;
            let Some(property) = own_property(array, &key)? else {
                self.sparse_array(array, shown, len, &mut entries, level)?;
                return Ok(entries);
            };
            entries.push(self.property(&property, &key, array, level, Place::Element)?);
        }
        if len > shown {
            entries.push(remaining(len - shown));
        }
        Ok(entries)
    }

    /// The rest of an array that has a hole after `entries`.
    fn sparse_array(
        &mut self,
        array: &Object<'js>,
        shown: usize,
        len: usize,
        entries: &mut Vec<String>,
        level: i32,
    ) -> Result<()> {
        let keys = own_keys(array, reflect::Filter::Enumerable)?;
        // Elements before a hole are entries one to one.
        let mut index = entries.len();
        for key in keys.iter_from(entries.len()) {
            if entries.len() >= shown {
                break;
            }
            let Some(next) = key.as_index()? else { break };
            let next = next as usize;
            if index != next {
                entries.push(self.holes(next - index));
                index = next;
                if entries.len() == shown {
                    break;
                }
            }
            entries.push(self.own_entry(array, &key, level, Place::Element)?);
            index += 1;
        }
        let left = len.saturating_sub(index);
        if left > 0 {
            let full = entries.len() == shown;
            entries.push(if full { remaining(left) } else { self.holes(left) });
        }
        Ok(())
    }

    fn holes(&self, count: usize) -> String {
        let plural = if count > 1 { "s" } else { "" };
        self.paint(Style::Undefined, &format!("<{count} empty item{plural}>"))
    }

    fn typed_array(&mut self, array: &Object<'js>, level: i32) -> Result<Vec<String>> {
        let view = reflect::typed_array(array)?;
        let shown = view.len.min(self.options.max_array_length);
        let mut entries = Vec::with_capacity(shown);
        for index in 0..shown {
            let mut entry = String::new();
            self.push_primitive(&mut entry, &reflect::element(array, index as u32)?)?;
            entries.push(entry);
        }
        if view.len > shown {
            entries.push(remaining(view.len - shown));
        }
        if self.options.show_hidden {
            self.indented(2, |this| this.view_properties(&view, level, &mut entries))?;
        }
        Ok(entries)
    }

    /// What `showHidden` adds to a typed array.
    fn view_properties(
        &mut self,
        view: &View<'js>,
        level: i32,
        entries: &mut Vec<String>,
    ) -> Result<()> {
        let numbers = [
            ("BYTES_PER_ELEMENT", view.element_bytes),
            ("length", view.len),
            ("byteLength", view.len * view.element_bytes),
            ("byteOffset", view.offset_bytes),
        ];
        for (name, number) in numbers {
            entries.push(format!("[{name}]: {}", self.count(number)));
        }
        let buffer = self.value_in_role(&view.buffer, level, Role::BufferOfArray)?;
        entries.push(format!("[buffer]: {buffer}"));
        Ok(())
    }

    fn set(&mut self, set: &Object<'js>, level: i32) -> Result<Vec<String>> {
        let shown = self.options.max_array_length;
        let values = reflect::set_values(set, shown)?;
        let len = reflect::collection_len(set)?;
        self.indented(2, |this| {
            let mut entries = Vec::with_capacity(values.len());
            for value in &values {
                entries.push(this.value(value, level)?);
            }
            if len > shown {
                entries.push(remaining(len - shown));
            }
            Ok(entries)
        })
    }

    fn map(&mut self, map: &Object<'js>, level: i32) -> Result<Vec<String>> {
        let shown = self.options.max_array_length;
        let pairs = reflect::map_entries(map, shown)?;
        let len = reflect::collection_len(map)?;
        self.indented(2, |this| {
            let mut entries = Vec::with_capacity(pairs.len());
            for (key, value) in &pairs {
                let key = this.value(key, level)?;
                entries.push(format!("{key} => {}", this.value(value, level)?));
            }
            if len > shown {
                entries.push(remaining(len - shown));
            }
            Ok(entries)
        })
    }

    fn iterator(
        &mut self,
        iterator: &Object<'js>,
        body: &mut Body,
        level: i32,
    ) -> Result<Vec<String>> {
        let shown = self.options.max_array_length;
        match reflect::iterator_rest(iterator)? {
            Rest::Values(values) => self.indented(2, |this| {
                let show = |value: &Value<'js>| this.value(value, level);
                let mut entries: Vec<_> =
                    values.iter().take(shown).map(show).collect::<Result<_>>()?;
                if values.len() > shown {
                    entries.push(remaining(values.len() - shown));
                }
                Ok(entries)
            }),
            Rest::Entries(pairs) => {
                if let Some(name) = body.open.strip_suffix(" Iterator] {") {
                    body.open = format!("{name} Entries] {{");
                }
                self.indented(2, |this| {
                    let mut entries = Vec::new();
                    for (key, value) in pairs.iter().take(shown) {
                        entries.push(this.pair(key, value, level)?);
                    }
                    if pairs.len() > shown {
                        entries.push(remaining(pairs.len() - shown));
                    }
                    Ok(entries)
                })
            }
        }
    }

    fn pair(&mut self, key: &Value<'js>, value: &Value<'js>, level: i32) -> Result<String> {
        let parts = vec![self.value(key, level)?, self.value(value, level)?];
        let body = Body { base: String::new(), open: "[".into(), close: "]" };
        Ok(self.joined(parts, &body, Entries::List(None), level))
    }

    fn buffer(&mut self, buffer: &Object<'js>, role: Role) -> Result<Vec<String>> {
        let shown = self.options.max_array_length;
        let Some((len, bytes)) = reflect::buffer_bytes(buffer, shown)? else {
            let detached = self.paint(Style::Special, "(detached)");
            return Ok(vec![detached, format!("byteLength: {}", self.count(0))]);
        };
        let mut entries = Vec::new();
        if role == Role::Value {
            let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let mut text = bytes.join(" ");
            if len > shown {
                text.push_str(&format!(" ... {}", more(len - shown, "byte")));
            }
            let name = self.paint(Style::Special, "[Uint8Contents]");
            entries.push(format!("{name}: <{text}>"));
        }
        entries.push(format!("byteLength: {}", self.count(len)));
        Ok(entries)
    }

    fn data_view(&mut self, object: &Object<'js>, level: i32) -> Result<Vec<String>> {
        let view = reflect::data_view(object)?;
        let buffer = self.indented(2, |this| this.value(&view.buffer, level))?;
        Ok(vec![
            format!("byteLength: {}", self.count(view.len)),
            format!("byteOffset: {}", self.count(view.offset_bytes)),
            format!("buffer: {buffer}"),
        ])
    }

    fn promise(&mut self, promise: &Object<'js>, level: i32) -> Result<Vec<String>> {
        let (result, mark) = match reflect::promise_state(promise) {
            PromiseState::Pending => return Ok(vec![self.paint(Style::Special, "<pending>")]),
            PromiseState::Fulfilled(value) => (value, String::new()),
            PromiseState::Rejected(reason) => {
                (reason, format!("{} ", self.paint(Style::Special, "<rejected>")))
            }
        };
        let result = self.indented(2, |this| this.value(&result, level))?;
        Ok(vec![format!("{mark}{result}")])
    }

    /// A length as a number is shown.
    fn count(&self, count: usize) -> String {
        let mut out = String::new();
        let colors: Colors = self.options.colors;
        colors.paint_with(Style::Number, &mut out, |out| self.push_number(out, count as f64));
        out
    }
}

/// `... 3 more items`
pub(super) fn remaining(count: usize) -> String {
    format!("... {}", more(count, "item"))
}
