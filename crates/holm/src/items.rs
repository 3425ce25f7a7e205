//! Globals and tables of modules, from Rust.

use std::fmt;

use holm_webassembly::native;

use crate::{Error, FromValue, IntoValue, Result, Scope, Value};

/// A WebAssembly global. What script made of `WebAssembly.Global.prototype` plays no part.
///
/// ```
/// # use holm::{Config, Engine, Global, Isolate};
/// # let engine = Engine::new(Config::default())?;
/// # let mut isolate = Isolate::builder(&engine).build()?;
/// isolate.enter(|scope| {
///     let global: Global =
///         scope.eval("new WebAssembly.Global({ value: 'i32', mutable: true }, 1)")?;
///     global.set(scope, 42)?;
///     assert_eq!(global.get::<i32>(scope)?, 42);
///     Ok(())
/// })
/// # ?; Ok::<(), holm::Error>(())
/// ```
#[derive(Clone)]
pub struct Global<'js>(Value<'js>);

/// A WebAssembly table.
///
/// ```
/// # use holm::{Config, Engine, Isolate, Table};
/// # let engine = Engine::new(Config::default())?;
/// # let mut isolate = Isolate::builder(&engine).build()?;
/// isolate.enter(|scope| {
///     let table: Table =
///         scope.eval("new WebAssembly.Table({ element: 'externref', initial: 2 })")?;
///     table.set(scope, 1, "text")?;
///     assert_eq!(table.get::<String>(scope, 1)?, "text");
///     assert_eq!(table.grow(scope, 3)?, 2);
///     assert_eq!(table.len(scope), 5);
///     Ok(())
/// })
/// # ?; Ok::<(), holm::Error>(())
/// ```
#[derive(Clone)]
pub struct Table<'js>(Value<'js>);

impl<'js> Global<'js> {
    /// Its value.
    pub fn get<T: FromValue<'js>>(&self, scope: &mut Scope<'_, 'js>) -> Result<T> {
        let value = native::global_value(scope.ctx(), self.0.inner());
        let value = present(scope, value)?;
        T::from_value(scope, Value::new(value))
    }

    /// Sets its value; an error if it is immutable.
    pub fn set(&self, scope: &mut Scope<'_, 'js>, value: impl IntoValue<'js>) -> Result<()> {
        let value = value.into_value(scope)?;
        let done = native::set_global(scope.ctx(), self.0.inner(), value.inner());
        present(scope, done)
    }
}

impl<'js> Table<'js> {
    /// How many elements it has.
    pub fn len(&self, _scope: &Scope<'_, 'js>) -> u64 {
        native::table_len(self.0.inner()).unwrap_or(0)
    }

    /// An element: a function or null, or any value in a table of `externref`.
    pub fn get<T: FromValue<'js>>(&self, scope: &mut Scope<'_, 'js>, index: u64) -> Result<T> {
        let value = native::table_element(scope.ctx(), self.0.inner(), index);
        let value = present(scope, value)?;
        T::from_value(scope, Value::new(value))
    }

    /// Replaces an element.
    pub fn set(
        &self,
        scope: &mut Scope<'_, 'js>,
        index: u64,
        value: impl IntoValue<'js>,
    ) -> Result<()> {
        let value = value.into_value(scope)?;
        let done = native::set_table_element(scope.ctx(), self.0.inner(), index, value.inner());
        present(scope, done)
    }

    /// Makes it longer by `delta`. Returns how many elements it had.
    pub fn grow(&self, scope: &mut Scope<'_, 'js>, delta: u64) -> Result<u64> {
        let grown = native::grow_table(scope.ctx(), self.0.inner(), delta);
        present(scope, grown)
    }
}

/// The conversion below saw that the object is what its type says.
fn present<T>(scope: &mut Scope<'_, '_>, result: Option<holm_js::Result<T>>) -> Result<T> {
    match result {
        Some(result) => scope.checked(result),
        None => Err(Error::mismatch("the object is not what it was")),
    }
}

macro_rules! item {
    ($type:ident, $is:ident, $name:literal) => {
        /// From its object in script.
        impl<'js> FromValue<'js> for $type<'js> {
            fn from_value(_scope: &mut Scope<'_, 'js>, value: Value<'js>) -> Result<Self> {
                if $is(&value) {
                    return Ok(Self(value));
                }
                Err(Error::mismatch(concat!("the value is no WebAssembly.", $name)))
            }
        }

        impl<'js> IntoValue<'js> for $type<'js> {
            fn into_value(self, _scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
                Ok(self.0)
            }
        }

        impl<'js> IntoValue<'js> for &$type<'js> {
            fn into_value(self, _scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
                Ok(self.0.clone())
            }
        }

        impl fmt::Debug for $type<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($name)
            }
        }
    };
}

fn is_global(value: &Value<'_>) -> bool {
    native::is_global(value.inner())
}

fn is_table(value: &Value<'_>) -> bool {
    native::table_len(value.inner()).is_some()
}

item!(Global, is_global, "Global");
item!(Table, is_table, "Table");
