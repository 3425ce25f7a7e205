//! Values that go into a component. Conversions are those of jco: numbers wrap, strings are
//! not made of other things, and what is missing of a record is `undefined`.

use holm_js::reflect::{Kind, TypedArrayKind, is_instance};
use holm_js::webidl::convert::{self, Integer};
use holm_js::{Error, ErrorKind, Object, Result, Value, host_ref, throw, view_bytes, view_len};
use holm_wasm::component::{Ownership, ResourceAny, ResourceType, Val};

use super::crossing::{Crossing, Place};
use super::plan::{Case, Flag, Number, Outcome, Plan};
use super::resources::ResourceObject;

/// More names of cases are not listed in a message.
const MAX_LISTED: usize = 12;

impl<'js> Crossing<'_, 'js, '_> {
    /// The value as a component gets it.
    pub(super) fn lower(
        &mut self,
        value: &Value<'js>,
        plan: &Plan,
        place: &Place<'_>,
    ) -> Result<Val> {
        match plan {
            Plan::Bool => Ok(Val::Bool(convert::boolean(value))),
            Plan::Number(number) => self.lower_number(value, *number),
            Plan::Char => self.lower_char(value, place),
            Plan::String => self.lower_text(value, place).map(Val::String),
            Plan::List(plan) => self.lower_list(value, plan, place).map(Val::List),
            Plan::Record(fields) => {
                let object = self.object(value, place)?;
                let mut values = Vec::with_capacity(fields.len());
                for field in fields {
                    let value: Value<'js> = object.get(&*field.key)?;
                    let value = self.lower(&value, &field.plan, &place.key(&field.key))?;
                    values.push((field.name.to_string(), value));
                }
                Ok(Val::Record(values))
            }
            Plan::Tuple(plans) => self.lower_tuple(value, plans, place),
            Plan::Variant(cases) => self.lower_variant(value, cases, place),
            Plan::Enum(names) => {
                let name = self.lower_text(value, place)?;
                match names.iter().any(|known| **known == *name) {
                    true => Ok(Val::Enum(name)),
                    false => Err(self.no_case(&name, names.iter().map(|name| &**name), place)),
                }
            }
            Plan::Option { some, is_nested: false } => {
                if value.is_undefined() || value.is_null() {
                    return Ok(Val::Option(None));
                }
                Ok(Val::Option(Some(Box::new(self.lower(value, some, place)?))))
            }
            Plan::Option { some, .. } => match &*self.tag(value, place)?.0 {
                "none" => Ok(Val::Option(None)),
                "some" => Ok(Val::Option(self.lower_val(value, Some(some), place)?)),
                other => Err(self.no_case(other, ["some", "none"].into_iter(), place)),
            },
            Plan::Result(Outcome { ok, err }) => match &*self.tag(value, place)?.0 {
                "ok" => Ok(Val::Result(Ok(self.lower_val(value, ok.as_deref(), place)?))),
                "err" => Ok(Val::Result(Err(self.lower_val(value, err.as_deref(), place)?))),
                other => Err(self.no_case(other, ["ok", "err"].into_iter(), place)),
            },
            Plan::Flags(flags) => self.lower_flags(value, flags, place),
            Plan::Resource(ty, ownership) => {
                self.lower_resource(value, *ty, *ownership, place).map(Val::Resource)
            }
            Plan::Unsupported(what) => {
                Err(self.mismatch(place, &format!("{what} cannot come from JavaScript")))
            }
        }
    }

    fn lower_number(&self, value: &Value<'js>, number: Number) -> Result<Val> {
        let ctx = self.ctx;
        let int = || convert::long(ctx, value, Integer::Wrap, "");
        Ok(match number {
            Number::S8 => Val::S8(int()? as i8),
            Number::U8 => Val::U8(int()? as u8),
            Number::S16 => Val::S16(int()? as i16),
            Number::U16 => Val::U16(int()? as u16),
            Number::S32 => Val::S32(int()?),
            Number::U32 => Val::U32(int()? as u32),
            Number::S64 => Val::S64(self.int64(value)?),
            Number::U64 => Val::U64(self.int64(value)? as u64),
            Number::F32 => Val::Float32(convert::unrestricted_double(ctx, value)? as f32),
            Number::F64 => Val::Float64(convert::unrestricted_double(ctx, value)?),
        })
    }

    /// `BigInt.asIntN(64, BigInt(value))`: unlike a module's, numbers are taken too.
    fn int64(&self, value: &Value<'js>) -> Result<i64> {
        let Some(number) = value.as_number() else { return convert::bigint64(self.ctx, value) };
        if number.fract() != 0.0 || !number.is_finite() {
            let text = format!("The number {number} cannot be converted to a BigInt");
            return Err(throw(self.ctx, ErrorKind::Range, &text));
        }
        Ok(number as i128 as i64)
    }

    fn lower_text(&self, value: &Value<'js>, place: &Place<'_>) -> Result<String> {
        if value.is_string() {
            return convert::string(self.ctx, value);
        }
        Err(self.mismatch(place, "it is not a string"))
    }

    fn lower_char(&self, value: &Value<'js>, place: &Place<'_>) -> Result<Val> {
        let text = self.lower_text(value, place)?;
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => Ok(Val::Char(character)),
            _ => Err(self.mismatch(place, "it is not a string of one character")),
        }
    }

    fn lower_list(
        &mut self,
        value: &Value<'js>,
        plan: &Plan,
        place: &Place<'_>,
    ) -> Result<Vec<Val>> {
        let object = self.object(value, place)?;
        if let Plan::Number(number) = plan
            && has_elements(&object, *number)
        {
            self.charge_values(view_len(&object)? / number.array().element_bytes())?;
            return Ok(numbers(&view_bytes(&object)?, *number));
        }
        let elements = convert::iterate(self.ctx, value, &format!("{place} is not iterable"))?;
        self.charge_values(elements.len())?;
        let mut values = Vec::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate() {
            values.push(self.lower(element, plan, &place.index(index))?);
        }
        Ok(values)
    }

    fn lower_tuple(
        &mut self,
        value: &Value<'js>,
        plans: &[Plan],
        place: &Place<'_>,
    ) -> Result<Val> {
        let elements = convert::iterate(self.ctx, value, &format!("{place} is not iterable"))?;
        if elements.len() != plans.len() {
            let (wanted, given) = (plans.len(), elements.len());
            let text = format!("it has {given} elements where {wanted} are wanted");
            return Err(self.mismatch(place, &text));
        }
        let mut values = Vec::with_capacity(plans.len());
        for (index, (element, plan)) in elements.iter().zip(plans).enumerate() {
            values.push(self.lower(element, plan, &place.index(index))?);
        }
        Ok(Val::Tuple(values))
    }

    fn lower_variant(
        &mut self,
        value: &Value<'js>,
        cases: &[Case],
        place: &Place<'_>,
    ) -> Result<Val> {
        let (tag, _) = self.tag(value, place)?;
        let Some(case) = cases.iter().find(|case| *case.name == *tag) else {
            return Err(self.no_case(&tag, cases.iter().map(|case| &*case.name), place));
        };
        let inside = self.lower_val(value, case.plan.as_ref(), place)?;
        Ok(Val::Variant(tag, inside))
    }

    fn tag(&self, value: &Value<'js>, place: &Place<'_>) -> Result<(String, Object<'js>)> {
        let object = self.object(value, place)?;
        let tag: Value<'js> = object.get("tag")?;
        Ok((self.lower_text(&tag, &place.key("tag"))?, object))
    }

    fn lower_val(
        &mut self,
        value: &Value<'js>,
        plan: Option<&Plan>,
        place: &Place<'_>,
    ) -> Result<Option<Box<Val>>> {
        let Some(plan) = plan else { return Ok(None) };
        let inside: Value<'js> = self.object(value, place)?.get("val")?;
        Ok(Some(Box::new(self.lower(&inside, plan, &place.key("val"))?)))
    }

    fn lower_flags(&self, value: &Value<'js>, flags: &[Flag], place: &Place<'_>) -> Result<Val> {
        if value.is_undefined() || value.is_null() {
            return Ok(Val::Flags(Vec::new()));
        }
        let object = self.object(value, place)?;
        let mut set = Vec::new();
        for flag in flags {
            let value: Value<'js> = object.get(&*flag.key)?;
            if convert::boolean(&value) {
                set.push(flag.name.to_string());
            }
        }
        Ok(Val::Flags(set))
    }

    fn lower_resource(
        &mut self,
        value: &Value<'js>,
        ty: ResourceType,
        ownership: Ownership,
        place: &Place<'_>,
    ) -> Result<ResourceAny> {
        if let Some(number) = self.running.host_class_of(ty) {
            let class = self.running.host_class(self.ctx, number)?;
            let is_one = match (value.as_object(), class.as_ref().and_then(Value::as_object)) {
                (Some(object), Some(class)) => is_instance(object, class)?,
                _ => false,
            };
            if !is_one {
                return Err(self.mismatch(place, "it is no object of the resource's class"));
            }
            return self.make(number, value, ownership);
        }
        let object = host_ref::<ResourceObject>(value);
        let Some(object) = object.filter(|object| object.is_of(self.running, ty)) else {
            return Err(self.mismatch(place, "it is no object of the resource's class"));
        };
        let handle = match ownership {
            Ownership::Owned => self.take(object, value),
            Ownership::Borrowed => object.handle(),
        };
        handle.ok_or_else(|| self.mismatch(place, "the resource was dropped or given away"))
    }

    fn object(&self, value: &Value<'js>, place: &Place<'_>) -> Result<Object<'js>> {
        value.as_object().cloned().ok_or_else(|| self.mismatch(place, "it is not an object"))
    }

    fn no_case<'n>(
        &self,
        name: &str,
        known: impl Iterator<Item = &'n str>,
        place: &Place<'_>,
    ) -> Error {
        let known: Vec<&str> = known.take(MAX_LISTED).collect();
        self.mismatch(place, &format!("there is no {name:?}; there are {}", known.join(", ")))
    }

    fn mismatch(&self, place: &Place<'_>, why: &str) -> Error {
        throw(self.ctx, ErrorKind::Type, &format!("{place}: {why}"))
    }
}

/// Whether the elements are numbers of this type as they are.
fn has_elements(object: &Object<'_>, number: Number) -> bool {
    match Kind::of(object) {
        Kind::TypedArray(TypedArrayKind::Uint8Clamped) | Kind::ArrayBuffer => number == Number::U8,
        Kind::TypedArray(kind) => kind == number.array(),
        _ => false,
    }
}

fn numbers(bytes: &[u8], number: Number) -> Vec<Val> {
    fn each<const LEN: usize>(bytes: &[u8], make: impl Fn([u8; LEN]) -> Val) -> Vec<Val> {
        let (elements, _rest) = bytes.as_chunks::<LEN>();
        elements.iter().map(|element| make(*element)).collect()
    }
    match number {
        Number::S8 => each(bytes, |bytes| Val::S8(i8::from_ne_bytes(bytes))),
        Number::U8 => each(bytes, |[byte]| Val::U8(byte)),
        Number::S16 => each(bytes, |bytes| Val::S16(i16::from_ne_bytes(bytes))),
        Number::U16 => each(bytes, |bytes| Val::U16(u16::from_ne_bytes(bytes))),
        Number::S32 => each(bytes, |bytes| Val::S32(i32::from_ne_bytes(bytes))),
        Number::U32 => each(bytes, |bytes| Val::U32(u32::from_ne_bytes(bytes))),
        Number::S64 => each(bytes, |bytes| Val::S64(i64::from_ne_bytes(bytes))),
        Number::U64 => each(bytes, |bytes| Val::U64(u64::from_ne_bytes(bytes))),
        Number::F32 => each(bytes, |bytes| Val::Float32(f32::from_ne_bytes(bytes))),
        Number::F64 => each(bytes, |bytes| Val::Float64(f64::from_ne_bytes(bytes))),
    }
}
