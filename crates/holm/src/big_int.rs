//! BigInts: what a module's 64-bit integers are in script.

use crate::{Error, FromValue, IntoValue, Result, Scope, Value};

/// A Rust integer that is a BigInt in script, where a bare one is a number.
///
/// Functions of modules take a BigInt where their type says `i64`, and nothing else; and
/// `1n + 1` is an error in script. So the two are told apart here as they are there.
/// Coming back, a plain `i64` takes either.
///
/// ```
/// use holm::{BigInt, Config, Engine, Imports, Isolate, Module};
///
/// # let engine = Engine::new(Config::default())?;
/// # let wasm = wat::parse_str(r#"(module (func (export "next") (param i64) (result i64)
/// #     local.get 0 i64.const 1 i64.add))"#).expect("a module");
/// # let module = Module::compile(&engine, &wasm)?;
/// # let mut isolate = Isolate::builder(&engine).build()?;
/// isolate.enter(|scope| {
///     let exports = scope.instantiate(&module, &Imports::new())?.exports();
///     let next = exports.function(scope, "next")?;
///     assert_eq!(next.call::<i64>(scope, (BigInt(1_i64 << 60),))?, (1 << 60) + 1);
///     // A module's `i64` has no sign of its own: as a result it comes with one.
///     assert_eq!(next.call::<i64>(scope, (BigInt(u64::MAX - 1),))?, -1);
///     assert_eq!(scope.eval::<BigInt<u64>>("2n ** 64n - 1n")?, BigInt(u64::MAX));
///     Ok(())
/// })
/// # ?; Ok::<(), holm::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BigInt<T = i64>(pub T);

macro_rules! integers {
    ($($type:ty => $make:ident),*) => {$(
        impl<'js> IntoValue<'js> for BigInt<$type> {
            fn into_value(self, scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
                let made = holm_js::BigInt::$make(scope.ctx().clone(), self.0.into());
                scope.checked(made).map(|made| Value::new(made.into_value()))
            }
        }

        /// A BigInt that fits; an error for numbers, and for larger ones.
        impl<'js> FromValue<'js> for BigInt<$type> {
            fn from_value(scope: &mut Scope<'_, 'js>, value: Value<'js>) -> Result<Self> {
                if !value.inner().is_big_int() {
                    return Err(Error::mismatch("the value is no BigInt"));
                }
                // The engine's own conversion to 64 bits drops the rest.
                let text = value.to_text(scope)?;
                text.parse().map(Self).map_err(|_| {
                    let (low, high) = (<$type>::MIN, <$type>::MAX);
                    Error::mismatch(format!("the BigInt {text} is not from {low} to {high}"))
                })
            }
        }
    )*};
}

integers!(i32 => from_i64, i64 => from_i64, u32 => from_u64, u64 => from_u64);
