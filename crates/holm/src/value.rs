//! Values of script, as an embedder holds them within a scope.

use std::fmt;

use holm_js::Rest;

use crate::{FromValue, IntoArguments, IntoValue, Result, Scope};

/// Any value.
#[derive(Clone)]
pub struct Value<'js>(holm_js::Value<'js>);

/// An object.
#[derive(Clone)]
pub struct Object<'js>(holm_js::Object<'js>);

/// A function.
#[derive(Clone)]
pub struct Function<'js>(holm_js::Function<'js>);

impl<'js> Value<'js> {
    pub(crate) fn new(value: holm_js::Value<'js>) -> Self {
        Self(value)
    }

    pub(crate) fn into_inner(self) -> holm_js::Value<'js> {
        self.0
    }

    pub(crate) fn inner(&self) -> &holm_js::Value<'js> {
        &self.0
    }

    /// Converts to a type of Rust; an error if the value is something else.
    pub fn to<T: FromValue<'js>>(&self, scope: &mut Scope<'_, 'js>) -> Result<T> {
        T::from_value(scope, self.clone())
    }

    /// The value as `String(value)` shows it.
    pub fn to_text(&self, scope: &mut Scope<'_, 'js>) -> Result<String> {
        let text = holm_js::to_text(scope.ctx(), &self.0);
        scope.checked(text)
    }

    /// Whether it is `undefined`.
    pub fn is_undefined(&self) -> bool {
        self.0.is_undefined()
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.0.is_null()
    }
}

impl<'js> Object<'js> {
    pub(crate) fn new(object: holm_js::Object<'js>) -> Self {
        Self(object)
    }

    pub(crate) fn into_inner(self) -> holm_js::Object<'js> {
        self.0
    }

    /// Reads a property; may run script.
    pub fn get<T: FromValue<'js>>(&self, scope: &mut Scope<'_, 'js>, key: &str) -> Result<T> {
        let value = self.0.get(key);
        let value = scope.checked(value)?;
        T::from_value(scope, Value(value))
    }

    /// Assigns a property; may run script.
    pub fn set(
        &self,
        scope: &mut Scope<'_, 'js>,
        key: &str,
        value: impl IntoValue<'js>,
    ) -> Result<()> {
        let value = value.into_value(scope)?;
        let done = self.0.set(key, value.into_inner());
        scope.checked(done)
    }

    /// A property that has to be a function.
    pub fn function(&self, scope: &mut Scope<'_, 'js>, key: &str) -> Result<Function<'js>> {
        self.get(scope, key)
    }
}

impl<'js> Function<'js> {
    pub(crate) fn new(function: holm_js::Function<'js>) -> Self {
        Self(function)
    }

    pub(crate) fn into_inner(self) -> holm_js::Function<'js> {
        self.0
    }

    /// Calls with `this` undefined and converts the result.
    ///
    /// ```
    /// # use holm::{Config, Engine, Function, Isolate};
    /// # let engine = Engine::new(Config::default())?;
    /// # let mut isolate = Isolate::builder(&engine).build()?;
    /// let sum: i32 = isolate.enter(|scope| {
    ///     let add: Function = scope.eval("(a, b) => a + b")?;
    ///     add.call(scope, (77, 88))
    /// })?;
    /// assert_eq!(sum, 165);
    /// # Ok::<(), holm::Error>(())
    /// ```
    pub fn call<T: FromValue<'js>>(
        &self,
        scope: &mut Scope<'_, 'js>,
        arguments: impl IntoArguments<'js>,
    ) -> Result<T> {
        let arguments = arguments.into_arguments(scope)?;
        let arguments: Vec<_> = arguments.into_iter().map(Value::into_inner).collect();
        let result = self.0.call((Rest(arguments),));
        let value = scope.checked(result)?;
        T::from_value(scope, Value(value))
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({:?})", self.0.type_of())
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Object")
    }
}

impl fmt::Debug for Function<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Function")
    }
}
