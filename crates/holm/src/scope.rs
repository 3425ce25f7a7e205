//! An isolate while script may run.

use std::fmt;

use holm_js::{Ctx, ErrorKind, ScriptOrigin, evaluate_script, function, throw};

use crate::{Error, FromValue, Function, IntoValue, Object, Result, Value};

/// An isolate while script may run. Values made here live as long as the scope.
pub struct Scope<'a, 'js> {
    ctx: &'a Ctx<'js>,
}

impl<'a, 'js> Scope<'a, 'js> {
    pub(crate) fn new(ctx: &'a Ctx<'js>) -> Self {
        Self { ctx }
    }

    pub(crate) fn ctx(&self) -> &'a Ctx<'js> {
        self.ctx
    }

    /// Evaluates a classic script and converts its result.
    pub fn eval<T: FromValue<'js>>(&mut self, source: &str) -> Result<T> {
        self.eval_named("eval", source)
    }

    /// As [`Self::eval`], with a name for stacks and messages.
    pub fn eval_named<T: FromValue<'js>>(&mut self, name: &str, source: &str) -> Result<T> {
        let result = evaluate_script(self.ctx, source, ScriptOrigin::new(name));
        let value = self.checked(result)?;
        T::from_value(self, Value::new(value))
    }

    /// `globalThis`.
    pub fn global(&mut self) -> Object<'js> {
        Object::new(self.ctx.globals())
    }

    /// An empty object.
    pub fn object(&mut self) -> Result<Object<'js>> {
        let made = holm_js::Object::new(self.ctx.clone());
        self.checked(made).map(Object::new)
    }

    /// A function whose body is Rust. Its arguments come as a slice; what it returns as
    /// `Err` is thrown as an `Error` with that message.
    ///
    /// ```
    /// # use holm::{Config, Engine, Isolate};
    /// # let engine = Engine::new(Config::default())?;
    /// # let mut isolate = Isolate::builder(&engine).build()?;
    /// let text: String = isolate.enter(|scope| {
    ///     let shout = scope.function("shout", |scope, arguments| {
    ///         let text: String = arguments[0].to(scope)?;
    ///         scope.value(text.to_uppercase())
    ///     })?;
    ///     scope.global().set(scope, "shout", shout)?;
    ///     scope.eval("shout('hello')")
    /// })?;
    /// assert_eq!(text, "HELLO");
    /// # Ok::<(), holm::Error>(())
    /// ```
    pub fn function<F>(&mut self, name: &str, body: F) -> Result<Function<'js>>
    where
        F: for<'b, 'c> Fn(&mut Scope<'b, 'c>, &[Value<'c>]) -> Result<Value<'c>> + 'static,
    {
        let made = function(self.ctx, name, 0, move |call| {
            let arguments: Vec<Value<'_>> = call.rest(0).into_iter().map(Value::new).collect();
            match body(&mut Scope::new(call.ctx()), &arguments) {
                Ok(value) => Ok(value.into_inner()),
                Err(error) => Err(throw(call.ctx(), ErrorKind::Plain, &error.to_string())),
            }
        });
        self.checked(made).map(Function::new)
    }

    /// A value of script made from one of Rust.
    pub fn value(&mut self, value: impl IntoValue<'js>) -> Result<Value<'js>> {
        value.into_value(self)
    }

    /// The result, or the exception it left behind as an error.
    pub(crate) fn checked<T>(&mut self, result: holm_js::Result<T>) -> Result<T> {
        result.map_err(|error| Error::caught(self.ctx, error))
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}
