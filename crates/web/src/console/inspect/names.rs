//! What an object is called: its constructor, its tag, and the text before its brace.

use holm_js::reflect::{
    self, Filter, Kind, PropertyKey, Slot, attempt, lookup, own_keys, own_property,
    symbol_description,
};
use holm_js::{Object, Result, Value, to_text};

use super::options::{Colors, Depth, Options};
use super::property::Place;
use super::{Inspector, MAX_NESTING, inspect, style};

/// Prototypes whose own properties `showHidden` adds.
const SHOWN_PROTOTYPES: usize = 3;

impl<'js> Inspector<'_, 'js> {
    /// The name of the first constructor along the prototype chain that the object is an
    /// instance of; `None` if its prototype is null. What properties the prototypes passed
    /// on the way have goes to `hidden`.
    pub(super) fn constructor_name(
        &mut self,
        object: &Object<'js>,
        level: i32,
        mut hidden: Option<&mut Vec<String>>,
    ) -> Result<Option<String>> {
        let mut first = None;
        for (steps, holder) in reflect::chain(object).enumerate() {
            let holder = holder?;
            if steps == 1 {
                first = Some(holder.clone());
            }
            let Some((name, built_in)) = self.name_at(object, &holder)? else {
                continue;
            };
            // A class of the script's own: its prototype belongs to what is shown.
            if let Some(hidden) = hidden
                && (steps != 1 || !built_in)
            {
                let from = first.unwrap_or_else(|| object.clone());
                self.prototype_properties(object, from, level, hidden)?;
            }
            return Ok(Some(name));
        }
        let Some(first) = first else { return Ok(None) };
        let class = Kind::of(object).class_name();
        let too_deep = self.depth.is_exceeded_by(level) || level > MAX_NESTING as i32;
        if too_deep || !self.has_room()? {
            return Ok(Some(format!("{class} <Complex prototype>")));
        }
        self.nesting += 1;
        let name = self.constructor_name(&first, level + 1, hidden.take());
        self.nesting -= 1;
        let name = match name? {
            Some(name) => name,
            None => self.closed(&first)?,
        };
        Ok(Some(format!("{class} <{name}>")))
    }

    /// The name that `holder`, on the prototype chain of `object`, gives it, and whether that
    /// is the name of a built-in class.
    fn name_at(
        &self,
        object: &Object<'js>,
        holder: &Object<'js>,
    ) -> Result<Option<(String, bool)>> {
        let known = self.known()?;
        if holder != object {
            // Even if somebody changed their `constructor`.
            if *holder == known.prototypes.object {
                return Ok(Some(("Object".into(), true)));
            }
            if *holder == known.prototypes.function {
                return Ok(Some(("Function".into(), true)));
            }
        }
        let Some(property) = own_property(holder, &known.constructor)? else {
            return Ok(None);
        };
        let Slot::Value(constructor) = property.slot else {
            return Ok(None);
        };
        let Some(constructor) = constructor.as_function() else {
            return Ok(None);
        };
        let Some(constructor) = reflect::unwrap_proxies(constructor)? else {
            return Ok(None);
        };
        let name = self.text_property(&constructor, &known.name)?;
        let name = name.unwrap_or_else(|| "undefined".into());
        if name.is_empty() {
            return Ok(None);
        }
        let instance = attempt(self.ctx, reflect::is_instance(object, &constructor))?;
        let built_in = is_built_in(&name);
        Ok((instance == Some(true)).then_some((name, built_in)))
    }

    /// An object in brackets: `[Object: null prototype] {}`.
    fn closed(&self, object: &Object<'js>) -> Result<String> {
        let options =
            Options { depth: Depth::Limited(-1), custom_inspect: false, ..self.options.clone() };
        inspect(self.ctx, object.as_value(), &options)
    }

    /// A property as text; `None` if it is not there or can't be had.
    pub(super) fn text_property(
        &self,
        object: &Object<'js>,
        key: &PropertyKey<'js>,
    ) -> Result<Option<String>> {
        let value = attempt(self.ctx, lookup(object, key))?.flatten();
        value.map_or(Ok(None), |value| self.text_of(&value))
    }

    /// `String(value)`; `None` if that throws.
    pub(super) fn text_of(&self, value: &Value<'js>) -> Result<Option<String>> {
        if value.is_symbol() {
            let description = symbol_description(value)?;
            return Ok(Some(format!("Symbol({})", to_text(self.ctx, &description)?)));
        }
        attempt(self.ctx, to_text(self.ctx, value))
    }

    /// `value[Symbol.toStringTag]`, empty if there is none or it is among the properties shown.
    pub(super) fn tag(&self, object: &Object<'js>) -> Result<String> {
        let known = self.known()?;
        let tag = attempt(self.ctx, lookup(object, &known.tag))?.flatten();
        let Some(tag) = tag.filter(Value::is_string) else {
            return Ok(String::new());
        };
        let own = own_property(object, &known.tag)?;
        let shown = own.is_some_and(|own| self.options.show_hidden || own.enumerable);
        if shown { Ok(String::new()) } else { to_text(self.ctx, &tag) }
    }

    /// The properties of prototypes that are a script's own, for `showHidden`.
    fn prototype_properties(
        &mut self,
        object: &Object<'js>,
        from: Object<'js>,
        level: i32,
        out: &mut Vec<String>,
    ) -> Result<()> {
        let known = self.known()?;
        let mut above: Vec<PropertyKey<'js>> = Vec::new();
        let start = if from == *object { 1 } else { 0 };
        for (depth, holder) in reflect::chain(&from).skip(start).take(SHOWN_PROTOTYPES).enumerate()
        {
            let holder = holder?;
            if (depth != 0 || start == 1) && self.is_built_in_prototype(&holder)? {
                return Ok(());
            }
            let keys = own_keys(&holder, Filter::All)?;
            self.seen.push(object.clone());
            for key in keys.iter_from(0) {
                if key == known.constructor
                    || own_property(object, &key)?.is_some()
                    || above.contains(&key)
                {
                    continue;
                }
                let Some(property) = own_property(&holder, &key)? else {
                    continue;
                };
                if matches!(&property.slot, Slot::Value(value) if value.is_function()) {
                    continue;
                }
                let line = self.property(&property, &key, object, level, Place::Object)?;
                let colored = self.options.colors == Colors::Always;
                out.push(if colored { style::dim(&line) } else { line });
            }
            self.seen.pop();
            above.extend(keys.iter_from(0));
        }
        Ok(())
    }

    fn is_built_in_prototype(&self, object: &Object<'js>) -> Result<bool> {
        let known = self.known()?;
        let Some(property) = own_property(object, &known.constructor)? else {
            return Ok(false);
        };
        let Slot::Value(constructor) = property.slot else {
            return Ok(false);
        };
        let Some(constructor) = constructor.as_function() else {
            return Ok(false);
        };
        let name = self.text_property(constructor, &known.name)?;
        Ok(name.is_some_and(|name| is_built_in(&name)))
    }
}

/// The text before an opening brace.
pub(super) fn heading(
    constructor: Option<&str>,
    tag: &str,
    fallback: &str,
    size: Option<usize>,
) -> String {
    let size = size.map_or_else(String::new, |size| format!("({size})"));
    match constructor {
        Some(name) if !tag.is_empty() && name != tag => format!("{name}{size} [{tag}] "),
        Some(name) => format!("{name}{size} "),
        None if !tag.is_empty() && fallback != tag => {
            format!("[{fallback}{size}: null prototype] [{tag}] ")
        }
        None => format!("[{fallback}{size}: null prototype] "),
    }
}

/// The same for an object without a form of its own.
pub(super) fn plain_heading(kind: Kind, constructor: Option<&str>, tag: &str) -> String {
    let class = kind.class_name();
    let fallback = if class == tag { "Object" } else { class };
    heading(constructor, tag, fallback, None)
}

/// Whether a name is that of a class of the platform: the globals that match
/// `/^[A-Z][a-zA-Z0-9]+$/`.
pub(super) fn is_built_in(name: &str) -> bool {
    BUILT_IN.binary_search(&name).is_ok()
}

const BUILT_IN: &[&str] = &[
    "AbortController",
    "AbortSignal",
    "AggregateError",
    "Array",
    "ArrayBuffer",
    "AsyncDisposableStack",
    "Atomics",
    "BigInt",
    "BigInt64Array",
    "BigUint64Array",
    "Blob",
    "Boolean",
    "BroadcastChannel",
    "Buffer",
    "ByteLengthQueuingStrategy",
    "CloseEvent",
    "CompressionStream",
    "CountQueuingStrategy",
    "Crypto",
    "CryptoKey",
    "CustomEvent",
    "DOMException",
    "DataView",
    "Date",
    "DecompressionStream",
    "DisposableStack",
    "Error",
    "EvalError",
    "Event",
    "EventSource",
    "EventTarget",
    "File",
    "FinalizationRegistry",
    "Float16Array",
    "Float32Array",
    "Float64Array",
    "FormData",
    "Function",
    "Headers",
    "Infinity",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "InternalError",
    "Intl",
    "Iterator",
    "JSON",
    "Map",
    "Math",
    "MessageChannel",
    "MessageEvent",
    "MessagePort",
    "NaN",
    "Navigator",
    "Number",
    "Object",
    "Performance",
    "PerformanceEntry",
    "PerformanceMark",
    "PerformanceMeasure",
    "PerformanceObserver",
    "PerformanceObserverEntryList",
    "PerformanceResourceTiming",
    "Promise",
    "Proxy",
    "RangeError",
    "ReadableByteStreamController",
    "ReadableStream",
    "ReadableStreamBYOBReader",
    "ReadableStreamBYOBRequest",
    "ReadableStreamDefaultController",
    "ReadableStreamDefaultReader",
    "ReferenceError",
    "Reflect",
    "RegExp",
    "Request",
    "Response",
    "Set",
    "SharedArrayBuffer",
    "String",
    "SubtleCrypto",
    "SuppressedError",
    "Symbol",
    "SyntaxError",
    "TextDecoder",
    "TextDecoderStream",
    "TextEncoder",
    "TextEncoderStream",
    "TransformStream",
    "TransformStreamDefaultController",
    "TypeError",
    "URIError",
    "URL",
    "URLSearchParams",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "WeakMap",
    "WeakRef",
    "WeakSet",
    "WebAssembly",
    "WebSocket",
    "WritableStream",
    "WritableStreamDefaultController",
    "WritableStreamDefaultWriter",
];

#[cfg(test)]
mod tests {
    #[test]
    fn built_in_names_are_sorted() {
        assert!(super::BUILT_IN.is_sorted());
    }
}
