//! StructuredSerializeInternal, <https://html.spec.whatwg.org/#structuredserializeinternal>.
//!
//! The standard's algorithm calls itself for each part of a value. Here what is left to do
//! stands in a list, so that no depth of nesting is too deep.

use holm_js::reflect::{self, Filter, Kind, OwnKeys, PropertyKey};
use holm_js::{Budget, Ctx, Error, Object, Result, Strings, Value, budget};

use super::data_clone_error::{cannot_be_cloned, too_large};
use super::marks::{Mark, is_marked};
use super::patience::Patience;
use super::seen::Seen;
use super::wire::{Output, Tag, corrupt};
use super::{Part, buffers, errors, platform};
use crate::streams;

/// Before a message is longer than this, nothing is counted.
const UNCOUNTED_BYTES: usize = 4 << 10;
/// Up to so many levels take no second allocation.
const FEW_LEVELS: usize = 4;
/// So much is charged at a time: more than one value writes besides its text.
const CHARGE_BYTES: usize = 64 << 10;

/// A message being made of a value.
pub(super) struct Writer<'a, 'js> {
    pub(super) ctx: &'a Ctx<'js>,
    pub(super) output: Output,
    pub(super) parts: Vec<Part>,
    seen: Seen<'js>,
    unfinished: Vec<Unfinished<'js>>,
    patience: Patience,
    strings: Strings,
    charge: Charge,
}

/// An object whose parts are not all written yet.
enum Unfinished<'js> {
    /// The elements of an array from `next` on, before `end`; then properties.
    Elements { array: Object<'js>, next: u32, end: u32, keys: OwnKeys<'js> },
    /// Its properties, of which those before `next` are written.
    Properties { object: Object<'js>, keys: OwnKeys<'js>, next: usize },
    /// Values, one after the other.
    Values(std::vec::IntoIter<Value<'js>>),
}

impl<'a, 'js> Writer<'a, 'js> {
    /// `transfer` are the objects that will be transferred: they have numbers already.
    pub(super) fn new(ctx: &'a Ctx<'js>, transfer: Seen<'js>) -> Result<Self> {
        Ok(Self {
            ctx,
            output: Output::new(),
            parts: Vec::new(),
            seen: transfer,
            unfinished: Vec::with_capacity(FEW_LEVELS),
            patience: Patience::default(),
            strings: Strings::new(ctx)?,
            charge: Charge::new(ctx),
        })
    }

    /// Writes a value with everything in it.
    pub(super) fn write(&mut self, value: &Value<'js>) -> Result<()> {
        self.value(value)?;
        while let Some(unfinished) = self.unfinished.pop() {
            self.go_on(unfinished)?;
        }
        Ok(())
    }

    /// Writes parts of an object, up to the next that has parts itself.
    fn go_on(&mut self, unfinished: Unfinished<'js>) -> Result<()> {
        match unfinished {
            Unfinished::Elements { array, next, end, keys } => {
                self.elements(array, next, end, keys)
            }
            Unfinished::Properties { object, keys, next } => self.properties(object, keys, next),
            Unfinished::Values(mut values) => {
                while let Some(value) = values.next() {
                    self.patience.step(self.ctx)?;
                    if let Some(object) = value.as_object() {
                        self.unfinished.push(Unfinished::Values(values));
                        return self.object(object);
                    }
                    self.primitive(&value)?;
                }
                self.output.tag(Tag::End);
                Ok(())
            }
        }
    }

    fn elements(
        &mut self,
        array: Object<'js>,
        mut next: u32,
        end: u32,
        keys: OwnKeys<'js>,
    ) -> Result<()> {
        while next < end {
            self.patience.step(self.ctx)?;
            let mut element = Some(reflect::element(array.as_value(), next)?);
            if element.as_ref().is_some_and(Value::is_undefined) {
                // A getter may have deleted it meanwhile.
                element = reflect::own_value(&array, &PropertyKey::index(self.ctx, next)?)?;
            }
            next += 1;
            match element {
                None => self.output.tag(Tag::Hole),
                Some(element) => {
                    if let Some(object) = element.as_object() {
                        self.unfinished.push(Unfinished::Elements { array, next, end, keys });
                        return self.object(object);
                    }
                    self.primitive(&element)?;
                }
            }
        }
        self.properties(array, keys, end as usize)
    }

    /// 26.4. Otherwise, for each key in ! EnumerableOwnProperties(value, key):
    fn properties(
        &mut self,
        object: Object<'js>,
        keys: OwnKeys<'js>,
        mut next: usize,
    ) -> Result<()> {
        while let Some(name) = keys.name(next) {
            self.patience.step(self.ctx)?;
            // 1. If ! HasOwnProperty(value, key) is true: 1. Let inputValue be
            //    ? value.[[Get]](key, value).
            let value = keys.value(&object, next)?;
            next += 1;
            let Some(value) = value else { continue };
            // 3. Append { [[Key]]: key, [[Value]]: outputValue } to serialized.
            self.text(&name?)?;
            // 2. Let outputValue be ? StructuredSerializeInternal(inputValue, …).
            if let Some(inner) = value.as_object() {
                self.unfinished.push(Unfinished::Properties { object, keys, next });
                return self.object(inner);
            }
            self.primitive(&value)?;
        }
        self.output.tag(Tag::End);
        Ok(())
    }

    fn value(&mut self, value: &Value<'js>) -> Result<()> {
        match value.as_object() {
            Some(object) => self.object(object),
            None => self.primitive(value),
        }
    }

    /// 4. If value is undefined, null, a Boolean, a Number, a BigInt, or a String, then return
    ///    { \[\[Type\]\]: "primitive", \[\[Value\]\]: value }.
    fn primitive(&mut self, value: &Value<'js>) -> Result<()> {
        self.room(0)?;
        if let Some(number) = value.as_int() {
            self.output.tag(Tag::Int);
            self.output.u32(number as u32);
        } else if let Some(number) = value.as_float() {
            self.output.tag(Tag::Float);
            self.output.f64(number);
        } else if Strings::is_string(value) {
            self.text(value)?;
        } else if let Some(flag) = value.as_bool() {
            self.output.tag(if flag { Tag::True } else { Tag::False });
        } else if value.is_null() {
            self.output.tag(Tag::Null);
        } else if value.is_undefined() {
            self.output.tag(Tag::Undefined);
        } else if value.is_big_int() {
            self.big_int(value)?;
        } else {
            // 5. If value is a Symbol, then throw a "DataCloneError" DOMException.
            return Err(cannot_be_cloned(self.ctx, value));
        }
        Ok(())
    }

    fn big_int(&mut self, value: &Value<'js>) -> Result<()> {
        if let Some(number) = reflect::small_big_int(value)? {
            self.output.tag(Tag::BigInt);
            self.output.i64(number);
            return Ok(());
        }
        self.output.tag(Tag::LongBigInt);
        let digits = reflect::big_int_digits(value)?;
        self.text(&digits)
    }

    /// Writes a string.
    pub(super) fn text(&mut self, string: &Value<'js>) -> Result<()> {
        let text = self.strings.text(string.clone())?.ok_or_else(corrupt)?;
        let units = text.units();
        self.room(units.len().saturating_mul(2))?;
        self.output.text(units);
        Ok(())
    }

    fn object(&mut self, object: &Object<'js>) -> Result<()> {
        self.room(0)?;
        // 2. If memory[value] exists, then return memory[value].
        if let Some(number) = self.seen.number(object) {
            self.output.tag(Tag::Again);
            self.output.count(number);
            return Ok(());
        }
        if is_marked(self.ctx, object, Mark::Uncloneable)? {
            return Err(cannot_be_cloned(self.ctx, object));
        }
        let kind = Kind::of(object);
        match kind {
            // 25. Otherwise: 2. Set deep to true.
            Kind::Object if reflect::is_ordinary(object) => {
                let keys = reflect::own_keys(object, Filter::EnumerableStrings)?;
                // 22. Otherwise, if value is a platform object, then throw a "DataCloneError".
                // (Those of embedded scripts are objects with nothing on them.)
                if keys.name(0).is_none() && streams::is_platform_object(self.ctx, object)? {
                    return Err(cannot_be_cloned(self.ctx, object));
                }
                self.begin(object, Tag::Object);
                let object = object.clone();
                self.unfinished.push(Unfinished::Properties { object, keys, next: 0 });
            }
            // 18. Otherwise, if value is an Array exotic object: 1. Let valueLenDescriptor be
            //     ? OrdinaryGetOwnProperty(value, "length"). 4. Set deep to true.
            Kind::Array => self.array(object)?,
            // 7. If value has a [[BooleanData]] internal slot …, 8. [[NumberData]],
            // 9. [[BigIntData]], 10. [[StringData]]
            Kind::Boolean | Kind::Number | Kind::BigInt | Kind::String => {
                self.begin(object, Tag::Boxed);
                self.primitive(&reflect::boxed_primitive(object)?)?;
            }
            // 11. Otherwise, if value has a [[DateValue]] internal slot
            Kind::Date => {
                self.begin(object, Tag::Date);
                self.output.f64(reflect::date_ms(object)?);
            }
            // 12. Otherwise, if value has a [[RegExpMatcher]] internal slot
            Kind::RegExp => {
                let (source, flags) = reflect::regexp(object)?;
                self.begin(object, Tag::RegExp);
                self.text(&source)?;
                self.output.text(holm_js::Units::Narrow(flags.as_bytes()));
            }
            // 13. Otherwise, if value has an [[ArrayBufferData]] internal slot
            Kind::ArrayBuffer | Kind::SharedArrayBuffer => {
                self.seen.add(object);
                buffers::write(self, object)?;
            }
            // 14. Otherwise, if value has a [[ViewedArrayBuffer]] internal slot
            Kind::TypedArray(_) | Kind::DataView => {
                let buffer = buffers::write_view(self, object)?;
                self.object(&buffer)?;
                self.seen.add(object);
            }
            // 15. Otherwise, if value has a [[MapData]] internal slot: 2. Set deep to true.
            Kind::Map => {
                self.begin(object, Tag::Map);
                // 26.1.1. Let copiedList be a new empty List. 2. For each Record { [[Key]],
                //    [[Value]] } entry of value.[[MapData]]: …
                let entries = reflect::map_entries(object, usize::MAX)?;
                let copied: Vec<_> = entries.into_iter().flat_map(<[_; 2]>::from).collect();
                self.unfinished.push(Unfinished::Values(copied.into_iter()));
            }
            // 16. Otherwise, if value has a [[SetData]] internal slot: 2. Set deep to true.
            Kind::Set => {
                self.begin(object, Tag::Set);
                // 26.2.1. Let copiedList be a new empty List. …
                let copied = reflect::set_values(object, usize::MAX)?;
                self.unfinished.push(Unfinished::Values(copied.into_iter()));
            }
            // 17. Otherwise, if value has an [[ErrorData]] internal slot and value is not a
            //     platform object
            Kind::Error => {
                self.seen.add(object);
                if let Some(cause) = errors::write(self, object)? {
                    self.unfinished.push(Unfinished::Values(vec![cause].into_iter()));
                }
            }
            // 19. Otherwise, if value is a platform object that is a serializable object
            Kind::Object => self.platform(object)?,
            // 20. to 24. Otherwise, if IsCallable(value) is true, or if value has any other
            //     internal slot, or is an exotic object, then throw a "DataCloneError".
            _ => return Err(cannot_be_cloned(self.ctx, object)),
        }
        Ok(())
    }

    /// 27. Set memory\[value\] to serialized. (Before what is in it is serialized: 26.)
    fn begin(&mut self, object: &Object<'js>, tag: Tag) {
        self.seen.add(object);
        self.output.tag(tag);
    }

    fn array(&mut self, array: &Object<'js>) -> Result<()> {
        let len = array.as_array().ok_or(Error::Unknown)?.len();
        let len = u32::try_from(len).map_err(|_| Error::Unknown)?;
        let keys = reflect::own_keys(array, Filter::EnumerableStrings)?;
        self.begin(array, Tag::Array);
        self.output.u32(len);
        // OPTIMIZATION: the elements of an array without holes are written without their keys.
        // (Indices come first, in their order: that of the last tells how many there are.)
        let is_dense = len > 0 && keys.is_index(len as usize - 1, len - 1)?;
        let end = if is_dense { len } else { 0 };
        self.output.u32(end);
        let array = array.clone();
        self.unfinished.push(Unfinished::Elements { array, next: 0, end, keys });
        Ok(())
    }

    fn platform(&mut self, object: &Object<'js>) -> Result<()> {
        // 1. If value has a [[Detached]] internal slot whose value is true, then throw a
        //    "DataCloneError" DOMException.
        let (number, kind) =
            platform::find(object).ok_or_else(|| cannot_be_cloned(self.ctx, object))?;
        // 2. to 5. Perform the serialization steps for typeString given value, serialized.
        let part = kind.serialize(self.ctx, object)?;
        self.begin(object, Tag::Platform);
        self.output.byte(number);
        self.part(Part::Platform(part));
        Ok(())
    }

    /// Adds what is beside the bytes, and writes its number.
    pub(super) fn part(&mut self, part: Part) {
        self.output.count(self.parts.len());
        self.parts.push(part);
    }

    /// Counts what will be written.
    pub(super) fn room(&mut self, len_bytes: usize) -> Result<()> {
        if self.charge.covers(self.output.len().saturating_add(len_bytes)) {
            return Ok(());
        }
        Err(too_large(self.ctx))
    }

    /// Counts bytes of a part.
    pub(super) fn room_for_part(&mut self, len_bytes: usize) -> Result<()> {
        if self.charge.add(len_bytes) { Ok(()) } else { Err(too_large(self.ctx)) }
    }
}

/// What a message takes of the sender's budget while it is made: as much as the heap has room
/// for, or an endless getter would take all memory there is.
struct Charge {
    budget: Budget,
    charged_bytes: usize,
    /// How long the message may be before more is charged.
    covered_bytes: usize,
}

impl Charge {
    fn new(ctx: &Ctx<'_>) -> Self {
        Self { budget: budget(ctx), charged_bytes: 0, covered_bytes: UNCOUNTED_BYTES }
    }

    #[inline]
    fn covers(&mut self, len_bytes: usize) -> bool {
        len_bytes <= self.covered_bytes || self.cover(len_bytes)
    }

    fn cover(&mut self, len_bytes: usize) -> bool {
        // Half as much again, as the vector grows.
        let missing = len_bytes - self.covered_bytes;
        let more = missing.max(self.covered_bytes / 2).max(CHARGE_BYTES);
        let granted = self.add(more);
        if granted {
            self.covered_bytes += more;
        }
        granted
    }

    fn add(&mut self, bytes: usize) -> bool {
        let granted = self.budget.charge(bytes);
        if granted {
            self.charged_bytes += bytes;
        }
        granted
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.release(self.charged_bytes);
    }
}
