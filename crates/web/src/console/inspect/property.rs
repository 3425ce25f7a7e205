//! One property: its name and what it holds.

use holm_js::reflect::{
    Filter, Kind, OwnKeys, Property, PropertyKey, Slot, attempt, own_keys, own_property,
    symbol_description, typed_array, with_wtf8,
};
use holm_js::{Function, Object, Result, This, Value};

use super::options::{Compact, Getters};
use super::string::{is_identifier, push_escaped, push_quoted, width};
use super::style::Style;
use super::{Inspector, line_break};

/// Typed arrays longer than this are not searched for properties of their own: the engine
/// can only list those together with every index.
const MAX_LISTED_ELEMENTS: usize = 1 << 16;

/// Where a property is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Among the properties of an object.
    Object,
    /// As an element: the name is not shown.
    Element,
    /// After the elements of a list.
    AfterElements,
}

impl<'js> Inspector<'_, 'js> {
    /// The keys whose properties are shown.
    pub(super) fn keys(&self, object: &Object<'js>) -> Result<OwnKeys<'js>> {
        let hidden = self.options.show_hidden;
        own_keys(object, if hidden { Filter::All } else { Filter::Enumerable })
    }

    /// The same without array indices.
    pub(super) fn keys_beside_elements(
        &self,
        object: &Object<'js>,
    ) -> Result<Vec<PropertyKey<'js>>> {
        let typed = matches!(Kind::of(object), Kind::TypedArray(_));
        if typed && typed_array(object)?.len > MAX_LISTED_ELEMENTS {
            return Ok(own_keys(object, Filter::Symbols)?.iter_from(0).collect());
        }
        let keys = self.keys(object)?;
        Ok(keys.iter_from(keys.index_count()?).collect())
    }

    /// The property `key` of `object`, with its name unless it is an element.
    pub(super) fn own_entry(
        &mut self,
        object: &Object<'js>,
        key: &PropertyKey<'js>,
        level: i32,
        place: Place,
    ) -> Result<String> {
        let property = match own_property(object, key)? {
            Some(property) => property,
            // Not an own property, but to be shown: the `cause` of an error's prototype.
            None => {
                let value = attempt(self.ctx, holm_js::reflect::lookup(object, key))?.flatten();
                let value = value.unwrap_or_else(|| Value::new_undefined(self.ctx.clone()));
                Property { slot: Slot::Value(value), enumerable: true, writable: true }
            }
        };
        self.property(&property, key, object, level, place)
    }

    /// A property; getters, if they are called, are called on `receiver`.
    pub(super) fn property(
        &mut self,
        property: &Property<'js>,
        key: &PropertyKey<'js>,
        receiver: &Object<'js>,
        level: i32,
        place: Place,
    ) -> Result<String> {
        let mut space = " ".to_owned();
        let shown = match &property.slot {
            Slot::Value(value) => {
                let dense = self.options.compact == Compact::Dense && place == Place::Object;
                self.indented(if dense { 3 } else { 2 }, |this| -> Result<_> {
                    let shown = this.value(value, level)?;
                    if dense && this.options.break_length < width(&shown, this.options.colors) {
                        space = line_break(this.indentation);
                    }
                    Ok(shown)
                })?
            }
            Slot::Accessor { get: Some(get), set } => {
                self.accessor(get, set.as_ref(), receiver, level)?
            }
            Slot::Accessor { set: Some(_), .. } => self.paint(Style::Special, "[Setter]"),
            Slot::Accessor { .. } => self.paint(Style::Undefined, "undefined"),
            Slot::Uninitialized => self.paint(Style::Special, "<uninitialized>"),
        };
        if place == Place::Element {
            return Ok(shown);
        }
        Ok(format!("{}:{space}{shown}", self.key(key, property.enumerable)?))
    }

    /// `[Getter]`, with what it returns if the options ask for it.
    fn accessor(
        &mut self,
        get: &Function<'js>,
        set: Option<&Function<'js>>,
        receiver: &Object<'js>,
        level: i32,
    ) -> Result<String> {
        let label = if set.is_some() { "Getter/Setter" } else { "Getter" };
        let called = match self.options.getters {
            Getters::None => false,
            Getters::All => true,
            Getters::WithoutSetter => set.is_none(),
            Getters::WithSetter => set.is_some(),
        };
        if called {
            return self.getter(get, receiver, label, level);
        }
        Ok(self.paint(Style::Special, &format!("[{label}]")))
    }

    /// What a getter returns, or throws.
    fn getter(
        &mut self,
        get: &Function<'js>,
        receiver: &Object<'js>,
        label: &str,
        level: i32,
    ) -> Result<String> {
        let result = match get.call::<_, Value<'js>>((This(receiver.clone()),)) {
            Ok(result) => result,
            Err(holm_js::Error::Exception) => {
                let thrown = self.ctx.catch();
                if thrown.is_uncatchable_error() {
                    return Err(self.ctx.throw(thrown));
                }
                let key = PropertyKey::new(self.ctx, "message")?;
                let message = match thrown.as_object() {
                    Some(error) => self.text_property(error, &key)?,
                    None => None,
                };
                let message = message.unwrap_or_else(|| "undefined".into());
                let text = format!("<Inspection threw ({message})>");
                return Ok(self.labelled(label, &text));
            }
            Err(other) => return Err(other),
        };
        self.indented(2, |this| {
            let shown = this.value(&result, level)?;
            if result.is_object() {
                let label = this.paint(Style::Special, &format!("[{label}]"));
                return Ok(format!("{label} {shown}"));
            }
            Ok(this.labelled(label, &shown))
        })
    }

    /// `[Getter: text]`
    fn labelled(&self, label: &str, text: &str) -> String {
        let open = self.paint(Style::Special, &format!("[{label}:"));
        format!("{open} {text}{}", self.paint(Style::Special, "]"))
    }

    /// A property's name, as in a literal; in brackets if it is a symbol or not enumerable.
    fn key(&self, key: &PropertyKey<'js>, enumerable: bool) -> Result<String> {
        let value = key.to_value()?;
        if value.is_symbol() {
            let description = symbol_description(&value)?;
            let mut text = "Symbol(".to_owned();
            with_wtf8(&description, |name| push_escaped(&mut text, name, '\''))?;
            text.push(')');
            return Ok(format!("[{}]", self.paint(Style::Symbol, &text)));
        }
        with_wtf8(&value, |name| {
            let mut text = String::new();
            if name == b"__proto__" {
                text.push_str("['__proto__']");
            } else if !enumerable {
                text.push('[');
                push_escaped(&mut text, name, '\'');
                text.push(']');
            } else if is_identifier(name) {
                push_escaped(&mut text, name, '\'');
            } else {
                let colors = self.options.colors;
                colors.paint_with(Style::String, &mut text, |text| push_quoted(text, name));
            }
            text
        })
    }
}
