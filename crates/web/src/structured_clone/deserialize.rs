//! StructuredDeserialize, <https://html.spec.whatwg.org/#structureddeserialize>.

use holm_js::reflect::PropertyKey;
use holm_js::{Attributes, BigInt, Ctx, Object, Result, Value, define_value, make};

use super::buffers::ViewHeader;
use super::errors::Follows;
use super::patience::Patience;
use super::wire::{Input, Tag, corrupt};
use super::{Part, buffers, errors, platform};

/// A message being made a value again.
pub(super) struct Reader<'a, 'js> {
    ctx: &'a Ctx<'js>,
    input: Input,
    parts: Vec<Option<Part>>,
    /// The standard's memory: every object, in the order they came.
    made: Vec<Object<'js>>,
    unfinished: Vec<Unfinished<'js>>,
    patience: Patience,
}

/// An object that is not filled yet.
enum Unfinished<'js> {
    Elements {
        array: Object<'js>,
        next: u32,
        end: u32,
    },
    Properties(Object<'js>),
    Map(Object<'js>),
    /// A map, and the key whose value is next.
    Entry(Object<'js>, Value<'js>),
    Set(Object<'js>),
    Cause(Object<'js>),
}

impl<'a, 'js> Reader<'a, 'js> {
    /// `transferred` are the objects that came with it.
    pub(super) fn new(
        ctx: &'a Ctx<'js>,
        bytes: Vec<u8>,
        parts: Vec<Part>,
        transferred: Vec<Object<'js>>,
    ) -> Self {
        let parts = parts.into_iter().map(Some).collect();
        let (unfinished, patience) = (Vec::new(), Patience::default());
        Self { ctx, input: Input::new(bytes), parts, made: transferred, unfinished, patience }
    }

    /// Reads a value with everything in it.
    pub(super) fn read(&mut self) -> Result<Value<'js>> {
        let root = self.value()?;
        while let Some(unfinished) = self.unfinished.pop() {
            self.go_on(unfinished)?;
        }
        Ok(root)
    }

    /// Fills an object with its parts, up to the next that has parts itself.
    fn go_on(&mut self, unfinished: Unfinished<'js>) -> Result<()> {
        self.patience.step(self.ctx)?;
        match unfinished {
            Unfinished::Elements { array, next, end } => self.elements(array, next, end),
            Unfinished::Properties(object) => self.properties(object),
            // 24.1. If value has a [[MapData]] internal slot, for each entry: append it.
            Unfinished::Map(map) => {
                let tag = self.input.tag()?;
                if tag == Tag::End {
                    return Ok(());
                }
                let depth = self.unfinished.len();
                let key = self.value_of(tag)?;
                // What is in the key comes before the value.
                self.unfinished.insert(depth, Unfinished::Entry(map, key));
                Ok(())
            }
            Unfinished::Entry(map, key) => {
                self.unfinished.push(Unfinished::Map(map.clone()));
                let value = self.value()?;
                make::set_entry(&map, &key, &value)
            }
            // 24.2. Otherwise, if value has a [[SetData]] internal slot, for each entry: append it.
            Unfinished::Set(set) => {
                let tag = self.input.tag()?;
                if tag == Tag::End {
                    return Ok(());
                }
                self.unfinished.push(Unfinished::Set(set.clone()));
                let value = self.value_of(tag)?;
                make::add_value(&set, &value)
            }
            Unfinished::Cause(error) => {
                let tag = self.input.tag()?;
                if tag == Tag::End {
                    return Ok(());
                }
                self.unfinished.push(Unfinished::Cause(error.clone()));
                let cause = self.value_of(tag)?;
                define_value(&error, "cause", cause, Attributes::BUILT_IN)
            }
        }
    }

    fn elements(&mut self, array: Object<'js>, mut next: u32, end: u32) -> Result<()> {
        while next < end {
            self.patience.step(self.ctx)?;
            let (place, tag) = (next, self.input.tag()?);
            next += 1;
            if tag == Tag::Hole {
                continue;
            }
            if let Some(element) = self.primitive(tag)? {
                make::set_element(&array, place, &element)?;
                continue;
            }
            self.unfinished.push(Unfinished::Elements { array: array.clone(), next, end });
            let element = self.object(tag)?;
            return make::set_element(&array, place, &element);
        }
        self.properties(array)
    }

    /// 24.3. Otherwise, for each Record { \[\[Key\]\], \[\[Value\]\] } entry of
    /// serialized.\[\[Properties\]\]:
    fn properties(&mut self, object: Object<'js>) -> Result<()> {
        loop {
            self.patience.step(self.ctx)?;
            let tag = self.input.tag()?;
            if tag == Tag::End {
                return Ok(());
            }
            let key = self.key(tag)?;
            // 1. Let deserializedValue be ? StructuredDeserialize(entry.[[Value]], …).
            // 2. Let result be ! CreateDataProperty(value, entry.[[Key]], deserializedValue).
            let tag = self.input.tag()?;
            if let Some(value) = self.primitive(tag)? {
                key.define(&object, &value)?;
                continue;
            }
            self.unfinished.push(Unfinished::Properties(object.clone()));
            let value = self.object(tag)?;
            return key.define(&object, &value);
        }
    }

    fn key(&mut self, tag: Tag) -> Result<PropertyKey<'js>> {
        if tag == Tag::Ascii {
            return PropertyKey::new(self.ctx, self.input.ascii()?);
        }
        let key = self.input.text(self.ctx, tag)?.ok_or_else(corrupt)?;
        PropertyKey::from_value(&key)
    }

    fn value(&mut self) -> Result<Value<'js>> {
        let tag = self.input.tag()?;
        self.value_of(tag)
    }

    fn value_of(&mut self, tag: Tag) -> Result<Value<'js>> {
        match self.primitive(tag)? {
            Some(primitive) => Ok(primitive),
            None => self.object(tag).map(Object::into_value),
        }
    }

    /// 5. If serialized.\[\[Type\]\] is "primitive", then set value to serialized.\[\[Value\]\].
    fn primitive(&mut self, tag: Tag) -> Result<Option<Value<'js>>> {
        let ctx = self.ctx;
        Ok(Some(match tag {
            Tag::Undefined => Value::new_undefined(ctx.clone()),
            Tag::Null => Value::new_null(ctx.clone()),
            Tag::True => Value::new_bool(ctx.clone(), true),
            Tag::False => Value::new_bool(ctx.clone(), false),
            Tag::Int => Value::new_int(ctx.clone(), self.input.u32()? as i32),
            Tag::Float => Value::new_float(ctx.clone(), self.input.f64()?),
            Tag::BigInt => BigInt::from_i64(ctx.clone(), self.input.i64()?)?.into_value(),
            Tag::LongBigInt => {
                let digits = self.input.tagged_text(ctx)?;
                make::big_int(&digits)?
            }
            _ => return self.input.text(ctx, tag),
        }))
    }

    fn object(&mut self, tag: Tag) -> Result<Object<'js>> {
        let ctx = self.ctx;
        // 2. If memory[serialized] exists, then return memory[serialized].
        if tag == Tag::Again {
            let number = self.input.count()?;
            return self.made.get(number).cloned().ok_or_else(corrupt);
        }
        let object = match tag {
            Tag::Object => Object::new(ctx.clone())?,
            // 17. Otherwise, if serialized.[[Type]] is "Array": 1. Let outputProto be
            //     targetRealm.[[Intrinsics]].[[%Array.prototype%]]. 2. Set value to
            //     ! ArrayCreate(serialized.[[Length]], outputProto).
            Tag::Array => make::array(ctx, self.input.u32()?)?,
            Tag::Map => make::map(ctx)?,
            Tag::Set => make::set(ctx)?,
            Tag::Boxed => make::boxed(&self.value()?)?,
            Tag::Date => make::date(ctx, self.input.f64()?)?,
            Tag::RegExp => {
                let (source, flags) = (self.input.tagged_text(ctx)?, self.input.tagged_text(ctx)?);
                make::regexp(&source, &flags)?
            }
            Tag::Error => return self.error(),
            Tag::DomException => errors::read_dom_exception(ctx, &mut self.input)?,
            Tag::Buffer | Tag::ResizableBuffer | Tag::SharedBuffer => {
                let part = self.part()?;
                buffers::read(ctx, tag, part, &mut self.input)?
            }
            Tag::View => {
                let header = ViewHeader::read(&mut self.input)?;
                let buffer = self.value()?.into_object().ok_or_else(corrupt)?;
                header.make(&buffer)?
            }
            Tag::Platform => {
                let kind = platform::by_number(self.input.byte()?)?;
                let Part::Platform(parcel) = self.part()? else { return Err(corrupt()) };
                kind.receive(ctx, parcel)?
            }
            _ => return Err(corrupt()),
        };
        // 23. Set memory[serialized] to value.
        self.made.push(object.clone());
        let filled = object.clone();
        match tag {
            Tag::Object => self.unfinished.push(Unfinished::Properties(filled)),
            Tag::Array => {
                let end = self.input.u32()?;
                self.unfinished.push(Unfinished::Elements { array: filled, next: 0, end });
            }
            Tag::Map => self.unfinished.push(Unfinished::Map(filled)),
            Tag::Set => self.unfinished.push(Unfinished::Set(filled)),
            _ => {}
        }
        Ok(object)
    }

    fn error(&mut self) -> Result<Object<'js>> {
        let (error, follows) = errors::read(self.ctx, &mut self.input)?;
        self.made.push(error.clone());
        if follows == Follows::Cause {
            self.unfinished.push(Unfinished::Cause(error.clone()));
        }
        Ok(error)
    }

    /// Takes the part whose number is next.
    fn part(&mut self) -> Result<Part> {
        let number = self.input.count()?;
        self.parts.get_mut(number).and_then(Option::take).ok_or_else(corrupt)
    }
}
