//! Conversions between values of script and of Rust.

use holm_js::{FromJs, IntoJs};

use crate::{BigInt, Error, Function, Object, Result, Scope, Value};

/// A type of Rust that a value of script may become. Nothing is coerced: a string is not a
/// number.
pub trait FromValue<'js>: Sized {
    /// The conversion.
    fn from_value(scope: &mut Scope<'_, 'js>, value: Value<'js>) -> Result<Self>;
}

/// A type of Rust that may become a value of script.
pub trait IntoValue<'js> {
    /// The conversion.
    fn into_value(self, scope: &mut Scope<'_, 'js>) -> Result<Value<'js>>;
}

/// Arguments of a call: a tuple, or a `Vec` of values.
pub trait IntoArguments<'js> {
    /// The conversion.
    fn into_arguments(self, scope: &mut Scope<'_, 'js>) -> Result<Vec<Value<'js>>>;
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl<'js> FromValue<'js> for $type {
            fn from_value(scope: &mut Scope<'_, 'js>, value: Value<'js>) -> Result<Self> {
                <$type as FromJs>::from_js(scope.ctx(), value.into_inner())
                    .map_err(|error| mismatch(scope, error))
            }
        }

        impl<'js> IntoValue<'js> for $type {
            fn into_value(self, scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
                let made = self.into_js(scope.ctx());
                scope.checked(made).map(Value::new)
            }
        }
    )*};
}

plain!(bool, i32, f64, String);

/// A number, or a BigInt that fits: what a module's `i64` comes as.
impl<'js> FromValue<'js> for i64 {
    fn from_value(scope: &mut Scope<'_, 'js>, value: Value<'js>) -> Result<Self> {
        if value.inner().is_big_int() {
            return Ok(BigInt::from_value(scope, value)?.0);
        }
        let number = <Self as FromJs>::from_js(scope.ctx(), value.into_inner());
        number.map_err(|error| mismatch(scope, error))
    }
}

/// A number, never a BigInt: script cannot mix the two. For a module's `i64` see [`BigInt`].
impl<'js> IntoValue<'js> for i64 {
    fn into_value(self, scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
        let made = self.into_js(scope.ctx());
        scope.checked(made).map(Value::new)
    }
}

impl<'js> FromValue<'js> for u32 {
    fn from_value(scope: &mut Scope<'_, 'js>, value: Value<'js>) -> Result<Self> {
        let number = f64::from_value(scope, value)?;
        let whole = number as u32;
        if f64::from(whole) == number {
            return Ok(whole);
        }
        Err(Error::mismatch(format!("{number} is no integer from 0 to {}", u32::MAX)))
    }
}

/// `rquickjs` makes a negative number of one above `i32::MAX`: a number holds every `u32`.
impl<'js> IntoValue<'js> for u32 {
    fn into_value(self, scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
        f64::from(self).into_value(scope)
    }
}

/// A failed conversion may have thrown; either way it is the embedder's mistake.
fn mismatch(scope: &mut Scope<'_, '_>, error: holm_js::Error) -> Error {
    if matches!(error, holm_js::Error::Exception) {
        return Error::caught(scope.ctx(), error);
    }
    Error::mismatch(error.to_string())
}

impl<'js> IntoValue<'js> for &str {
    fn into_value(self, scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
        self.to_owned().into_value(scope)
    }
}

impl<'js> FromValue<'js> for () {
    fn from_value(_scope: &mut Scope<'_, 'js>, _value: Value<'js>) -> Result<Self> {
        Ok(())
    }
}

impl<'js> IntoValue<'js> for () {
    fn into_value(self, scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
        Ok(Value::new(holm_js::Value::new_undefined(scope.ctx().clone())))
    }
}

impl<'js> FromValue<'js> for Value<'js> {
    fn from_value(_scope: &mut Scope<'_, 'js>, value: Value<'js>) -> Result<Self> {
        Ok(value)
    }
}

impl<'js> IntoValue<'js> for Value<'js> {
    fn into_value(self, _scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
        Ok(self)
    }
}

impl<'js> FromValue<'js> for Object<'js> {
    fn from_value(_scope: &mut Scope<'_, 'js>, value: Value<'js>) -> Result<Self> {
        let object = value.into_inner().into_object();
        object.map(Object::new).ok_or_else(|| Error::mismatch("the value is not an object"))
    }
}

impl<'js> IntoValue<'js> for Object<'js> {
    fn into_value(self, _scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
        Ok(Value::new(self.into_inner().into_value()))
    }
}

impl<'js> FromValue<'js> for Function<'js> {
    fn from_value(_scope: &mut Scope<'_, 'js>, value: Value<'js>) -> Result<Self> {
        let function = value.into_inner().into_function();
        function.map(Function::new).ok_or_else(|| Error::mismatch("the value is not a function"))
    }
}

impl<'js> IntoValue<'js> for Function<'js> {
    fn into_value(self, _scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
        Ok(Value::new(self.into_inner().into_value()))
    }
}

macro_rules! by_reference {
    ($($type:ident),*) => {$(
        impl<'js> IntoValue<'js> for &$type<'js> {
            fn into_value(self, scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
                self.clone().into_value(scope)
            }
        }
    )*};
}

by_reference!(Value, Object, Function);

impl<'js, T: FromValue<'js>> FromValue<'js> for Option<T> {
    fn from_value(scope: &mut Scope<'_, 'js>, value: Value<'js>) -> Result<Self> {
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        T::from_value(scope, value).map(Some)
    }
}

impl<'js> IntoArguments<'js> for Vec<Value<'js>> {
    fn into_arguments(self, _scope: &mut Scope<'_, 'js>) -> Result<Vec<Value<'js>>> {
        Ok(self)
    }
}

macro_rules! tuples {
    ($(($($name:ident),*)),*) => {$(
        impl<'js, $($name: IntoValue<'js>),*> IntoArguments<'js> for ($($name,)*) {
            #[allow(non_snake_case, unused_variables, reason = "names are the types' own")]
            fn into_arguments(self, scope: &mut Scope<'_, 'js>) -> Result<Vec<Value<'js>>> {
                let ($($name,)*) = self;
                Ok(vec![$($name.into_value(scope)?),*])
            }
        }
    )*};
}

tuples!((), (A), (A, B), (A, B, C), (A, B, C, D), (A, B, C, D, E), (A, B, C, D, E, F));
