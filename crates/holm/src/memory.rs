//! Memories of modules, from Rust.

use std::fmt;

use holm_wasm::BytesError;
use holm_webassembly::native;

use crate::{Error, FromValue, IntoValue, Result, Scope, Value};

/// A WebAssembly memory. Clones are the same memory.
///
/// It may be kept between scopes and in the functions given to modules: it holds the bytes and
/// nothing of script, so it makes no cycle, and outlives its instance. It belongs to its
/// isolate: with a scope of another one everything is an error.
///
/// ```
/// use holm::{Config, Engine, Isolate, Memory};
///
/// let engine = Engine::new(Config::default())?;
/// let mut isolate = Isolate::builder(&engine).build()?;
/// let sum: i32 = isolate.enter(|scope| {
///     let memory = Memory::new(scope, 1, None)?;
///     memory.copy_from(scope, 10, &[1, 2, 3])?;
///     scope.global().set(scope, "memory", &memory)?;
///     scope.eval("new Uint8Array(memory.buffer, 10, 3).reduce((a, b) => a + b)")
/// })?;
/// assert_eq!(sum, 6);
/// # Ok::<(), holm::Error>(())
/// ```
#[derive(Clone)]
pub struct Memory(holm_wasm::Memory);

impl Memory {
    /// A zeroed memory of `pages` of 64 KiB, which may grow up to `maximum`.
    pub fn new(scope: &mut Scope<'_, '_>, pages: u64, maximum: Option<u64>) -> Result<Self> {
        let made = native::new_memory(scope.ctx(), pages, maximum);
        scope.checked(made).map(Self)
    }

    /// How many bytes it has now.
    pub fn len_bytes(&self, scope: &Scope<'_, '_>) -> Result<usize> {
        Ok(self.here(scope)?.bytes().len())
    }

    /// Whether other threads may have it too.
    pub fn is_shared(&self) -> bool {
        self.0.shared().is_some()
    }

    /// Shows the bytes to `body`, where they are. `body` has no scope, so nothing can change
    /// them meanwhile. An error if the memory is shared: copy from those.
    ///
    /// ```
    /// # use holm::{Config, Engine, Isolate, Memory};
    /// # let engine = Engine::new(Config::default())?;
    /// # let mut isolate = Isolate::builder(&engine).build()?;
    /// isolate.enter(|scope| {
    ///     let memory: Memory = scope.eval(
    ///         "const memory = new WebAssembly.Memory({ initial: 1 });
    ///         new Uint8Array(memory.buffer).set([72, 105]); memory",
    ///     )?;
    ///     let text = memory.read(scope, |bytes| String::from_utf8_lossy(&bytes[..2]).into_owned())?;
    ///     assert_eq!(text, "Hi");
    ///     Ok(())
    /// })
    /// # ?; Ok::<(), holm::Error>(())
    /// ```
    pub fn read<R>(&self, scope: &Scope<'_, '_>, body: impl FnOnce(&[u8]) -> R) -> Result<R> {
        native::with_bytes(self.here(scope)?, body).map_err(failed)
    }

    /// Shows the bytes to `body`, to be changed; otherwise as [`Self::read`].
    ///
    /// ```
    /// # use holm::{Config, Engine, Isolate, Memory};
    /// # let engine = Engine::new(Config::default())?;
    /// # let mut isolate = Isolate::builder(&engine).build()?;
    /// isolate.enter(|scope| {
    ///     let memory = Memory::new(scope, 1, None)?;
    ///     memory.with_bytes(scope, |bytes| bytes.fill(7))?;
    ///     assert_eq!(memory.read(scope, |bytes| bytes[65_535])?, 7);
    ///     Ok(())
    /// })
    /// # ?; Ok::<(), holm::Error>(())
    /// ```
    ///
    /// The scope is borrowed, so `body` cannot run script, which might look at the bytes:
    ///
    /// ```compile_fail,E0499
    /// # use holm::{Memory, Result, Scope};
    /// fn misuse(scope: &mut Scope<'_, '_>, memory: &Memory) -> Result<()> {
    ///     memory.with_bytes(scope, |_| scope.eval::<()>("1"))?
    /// }
    /// ```
    pub fn with_bytes<R>(
        &self,
        scope: &mut Scope<'_, '_>,
        body: impl FnOnce(&mut [u8]) -> R,
    ) -> Result<R> {
        native::with_bytes_mut(self.here(scope)?, body).map_err(failed)
    }

    /// Copies `bytes` into the memory, from `offset` on; shared ones too.
    pub fn copy_from(&self, scope: &mut Scope<'_, '_>, offset: u64, bytes: &[u8]) -> Result<()> {
        self.here(scope)?.copy_in(offset, bytes).map_err(failed)
    }

    /// Fills `into` with the memory's bytes from `offset` on; of shared ones too.
    pub fn copy_to(&self, scope: &Scope<'_, '_>, offset: u64, into: &mut [u8]) -> Result<()> {
        self.here(scope)?.copy_out(offset, into).map_err(failed)
    }

    /// Makes it `pages` of 64 KiB longer. Returns how many it had. Buffers that script has of
    /// it are detached, as by `memory.grow`.
    pub fn grow(&self, scope: &mut Scope<'_, '_>, pages: u64) -> Result<u64> {
        let grown = native::grow_memory(scope.ctx(), self.here(scope)?, pages);
        scope.checked(grown)
    }

    /// The memory, if the scope is of its isolate.
    fn here(&self, scope: &Scope<'_, '_>) -> Result<&holm_wasm::Memory> {
        let is_here = native::is_of_isolate(scope.ctx(), &self.0);
        if is_here.map_err(|error| Error::caught(scope.ctx(), error))? {
            return Ok(&self.0);
        }
        Err(Error::mismatch("the memory belongs to another isolate"))
    }
}

fn failed(error: BytesError) -> Error {
    Error::mismatch(error.to_string())
}

/// `WebAssembly.Memory`s.
impl<'js> FromValue<'js> for Memory {
    fn from_value(_scope: &mut Scope<'_, 'js>, value: Value<'js>) -> Result<Self> {
        let memory = native::memory_of(value.inner());
        memory.map(Self).ok_or_else(|| Error::mismatch("the value is no WebAssembly.Memory"))
    }
}

/// Its `WebAssembly.Memory`: the same one each time.
impl<'js> IntoValue<'js> for &Memory {
    fn into_value(self, scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
        let object = native::memory_object(scope.ctx(), self.here(scope)?);
        scope.checked(object).map(Value::new)
    }
}

impl<'js> IntoValue<'js> for Memory {
    fn into_value(self, scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
        (&self).into_value(scope)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
