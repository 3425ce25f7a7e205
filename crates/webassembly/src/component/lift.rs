//! Values that come out of a component.

use holm_js::make;
use holm_js::{
    Attributes, BigInt, ErrorKind, JsString, Object, Result, Value, define_value, throw,
};
use holm_wasm::component::{Opened, Ownership, ResourceAny, Val};

use super::crossing::Crossing;
use super::plan::{Flag, Number, Plan};
use super::resources;

impl<'js> Crossing<'_, 'js, '_> {
    /// The value as script sees it.
    pub(super) fn lift(&mut self, value: &Val, plan: &Plan) -> Result<Value<'js>> {
        let ctx = self.ctx;
        match (value, plan) {
            (Val::Bool(flag), Plan::Bool) => Ok(Value::new_bool(ctx.clone(), *flag)),
            (Val::Char(character), Plan::Char) => self.text(character.encode_utf8(&mut [0; 4])),
            (Val::String(text), Plan::String) => self.text(text),
            (number, Plan::Number(_)) => self.number(number),
            (Val::List(values), Plan::List(plan)) => self.lift_list(values, plan),
            (Val::Record(values), Plan::Record(fields)) => {
                let object = Object::new(ctx.clone())?;
                for ((_, value), field) in values.iter().zip(fields) {
                    let value = self.lift(value, &field.plan)?;
                    define_value(&object, &*field.key, value, Attributes::ALL)?;
                }
                Ok(object.into_value())
            }
            (Val::Tuple(values), Plan::Tuple(plans)) => {
                let array = make::array(ctx, 0)?;
                for (index, (value, plan)) in values.iter().zip(plans).enumerate() {
                    make::set_element(&array, index as u32, &self.lift(value, plan)?)?;
                }
                Ok(array.into_value())
            }
            (Val::Variant(name, value), Plan::Variant(cases)) => {
                let case = cases.iter().find(|case| *case.name == **name);
                let plan = case.and_then(|case| case.plan.as_ref());
                self.tagged(name, value.as_deref(), plan)
            }
            (Val::Enum(name), Plan::Enum(_)) => self.text(name),
            (Val::Option(None), Plan::Option { is_nested: false, .. }) => {
                Ok(Value::new_undefined(ctx.clone()))
            }
            (Val::Option(Some(value)), Plan::Option { some, is_nested: false }) => {
                self.lift(value, some)
            }
            (Val::Option(None), Plan::Option { .. }) => self.tagged("none", None, None),
            (Val::Option(Some(value)), Plan::Option { some, .. }) => {
                self.tagged("some", Some(value), Some(some))
            }
            (Val::Result(Ok(value)), Plan::Result(outcome)) => {
                self.tagged("ok", value.as_deref(), outcome.ok.as_deref())
            }
            (Val::Result(Err(value)), Plan::Result(outcome)) => {
                self.tagged("err", value.as_deref(), outcome.err.as_deref())
            }
            (Val::Flags(set), Plan::Flags(flags)) => self.lift_flags(set, flags),
            (Val::Resource(handle), Plan::Resource(..)) => self.lift_resource(*handle),
            (_, Plan::Unsupported(what)) => {
                Err(throw(ctx, ErrorKind::Type, &format!("{what} cannot be seen from JavaScript")))
            }
            // Both are made of the same type.
            _ => Err(throw(ctx, ErrorKind::Internal, "a value is not of the type of its plan")),
        }
    }

    fn text(&self, text: &str) -> Result<Value<'js>> {
        Ok(JsString::from_str(self.ctx.clone(), text)?.into_value())
    }

    fn number(&self, number: &Val) -> Result<Value<'js>> {
        let ctx = self.ctx;
        let int = |number: i32| Ok(Value::new_int(ctx.clone(), number));
        // Not `new_number`: it makes 0 of -0.
        let float = |number: f64| Ok(Value::new_float(ctx.clone(), number));
        match number {
            Val::S8(number) => int(i32::from(*number)),
            Val::U8(number) => int(i32::from(*number)),
            Val::S16(number) => int(i32::from(*number)),
            Val::U16(number) => int(i32::from(*number)),
            Val::S32(number) => int(*number),
            Val::U32(number) => Ok(Value::new_number(ctx.clone(), f64::from(*number))),
            Val::S64(number) => Ok(BigInt::from_i64(ctx.clone(), *number)?.into_value()),
            Val::U64(number) => Ok(BigInt::from_u64(ctx.clone(), *number)?.into_value()),
            Val::Float32(number) => float(f64::from(*number)),
            Val::Float64(number) => float(*number),
            _ => Err(throw(ctx, ErrorKind::Internal, "a value is not of the type of its plan")),
        }
    }

    fn lift_list(&mut self, values: &[Val], plan: &Plan) -> Result<Value<'js>> {
        if let Plan::Number(number) = plan {
            return self.typed_array(values, *number);
        }
        let array = make::array(self.ctx, 0)?;
        for (index, value) in (0..).zip(values) {
            make::set_element(&array, index, &self.lift(value, plan)?)?;
        }
        Ok(array.into_value())
    }

    fn typed_array(&self, values: &[Val], number: Number) -> Result<Value<'js>> {
        let kind = number.array();
        let mut bytes = Vec::with_capacity(values.len() * kind.element_bytes());
        for value in values {
            match value {
                Val::S8(number) => bytes.extend(number.to_ne_bytes()),
                Val::U8(number) => bytes.push(*number),
                Val::S16(number) => bytes.extend(number.to_ne_bytes()),
                Val::U16(number) => bytes.extend(number.to_ne_bytes()),
                Val::S32(number) => bytes.extend(number.to_ne_bytes()),
                Val::U32(number) => bytes.extend(number.to_ne_bytes()),
                Val::S64(number) => bytes.extend(number.to_ne_bytes()),
                Val::U64(number) => bytes.extend(number.to_ne_bytes()),
                Val::Float32(number) => bytes.extend(number.to_ne_bytes()),
                Val::Float64(number) => bytes.extend(number.to_ne_bytes()),
                _ => {}
            }
        }
        let buffer = make::array_buffer(self.ctx, &bytes, None)?;
        Ok(make::typed_array(kind, &buffer, 0, Some(values.len()))?.into_value())
    }

    /// `{ tag, val }`, as jco has it: `val` is missing where there is no value.
    fn tagged(
        &mut self,
        tag: &str,
        value: Option<&Val>,
        plan: Option<&Plan>,
    ) -> Result<Value<'js>> {
        let object = Object::new(self.ctx.clone())?;
        define_value(&object, "tag", tag, Attributes::ALL)?;
        if let (Some(value), Some(plan)) = (value, plan) {
            let value = self.lift(value, plan)?;
            define_value(&object, "val", value, Attributes::ALL)?;
        }
        Ok(object.into_value())
    }

    fn lift_flags(&self, set: &[String], flags: &[Flag]) -> Result<Value<'js>> {
        let object = Object::new(self.ctx.clone())?;
        for flag in flags {
            let is_set = set.iter().any(|name| **name == *flag.name);
            define_value(&object, &*flag.key, is_set, Attributes::ALL)?;
        }
        Ok(object.into_value())
    }

    fn lift_resource(&mut self, handle: ResourceAny) -> Result<Value<'js>> {
        match self.open(handle)? {
            Opened::Host { rep, ownership, .. } => {
                let object = self.running.given(self.ctx, rep)?;
                if ownership == Ownership::Owned {
                    self.running.take_back(rep);
                }
                Ok(object)
            }
            Opened::Other(handle) => {
                let prototype = self.running.prototype(self.ctx, handle.ty())?;
                let Some(prototype) = prototype else {
                    let text = "a resource of which the component exports no class";
                    return Err(throw(self.ctx, ErrorKind::Type, text));
                };
                let object = resources::wrapper(self.ctx, self.running, &prototype, handle)?;
                if !handle.owned() {
                    self.borrow(handle, &object);
                }
                Ok(object)
            }
        }
    }
}
