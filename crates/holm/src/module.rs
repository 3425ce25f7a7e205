//! Compiled WebAssembly: made, described, kept as an artifact and loaded again.

use std::fmt;
use std::sync::Arc;

use holm_wasm::{CompileError, ExternType, Kept, StreamingValidator};
use holm_webassembly::native;

use crate::{Engine, Error, FromValue, IntoValue, Result, Scope, Value};

/// A compiled WebAssembly module. Cheap to clone, and to send to other threads: every isolate
/// of its engine may use it.
///
/// ```
/// use holm::{Config, Engine, ExternKind, Module};
///
/// let engine = Engine::new(Config::default())?;
/// # let bytes = wat::parse_str(r#"(module
/// #     (import "env" "log" (func (param i32)))
/// #     (memory (export "memory") 1))"#).expect("a module");
/// let module = Module::compile(&engine, &bytes)?;
/// assert_eq!(module.imports()[0].to_string(), "env.log: function");
/// assert_eq!(module.exports()[0].kind, ExternKind::Memory);
/// # Ok::<(), holm::Error>(())
/// ```
#[derive(Clone)]
pub struct Module {
    inner: native::Module,
    /// Of the engine that compiled it, for artifacts; script's modules have none.
    engine: Option<Engine>,
}

/// One import of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModuleImport {
    /// The name of the module that it comes from.
    pub module: String,
    /// Its name within that.
    pub name: String,
    /// What it has to be.
    pub kind: ExternKind,
}

/// One export of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModuleExport {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ExternKind,
}

/// What modules import and export.
///
/// ```
/// assert_eq!(holm::ExternKind::Function.to_string(), "function");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExternKind {
    /// A function.
    Function,
    /// A memory.
    Memory,
    /// A table.
    Table,
    /// A global.
    Global,
    /// A tag of exceptions.
    Tag,
}

/// Where a module came from: see [`Module::deserialize_or_compile`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheOutcome {
    /// From the artifact.
    Loaded,
    /// From the wire bytes; the artifact could not be used.
    Compiled(CacheMiss),
}

/// Why an artifact could not be used. Shown as a sentence.
///
/// ```
/// let miss = holm::CacheMiss::OtherKey;
/// assert_eq!(miss.to_string(), "the artifact was made by an engine with another key");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheMiss {
    /// There were no bytes.
    Empty,
    /// The bytes are no artifact.
    NotAnArtifact,
    /// Another version of Holm made it.
    OtherFormat,
    /// An engine with another [`Config::artifact_key`](crate::Config::artifact_key) made it.
    OtherKey,
    /// It was changed since it was made.
    Damaged,
    /// It was made by another compiler, with other settings, or for another processor.
    OtherCompiler,
    /// It was made of other wire bytes.
    OtherBytes,
    /// The compiler would not have it, for this reason.
    Refused(String),
}

impl Module {
    /// Compiles a binary module.
    ///
    /// ```
    /// # let engine = holm::Engine::new(holm::Config::default())?;
    /// let error = holm::Module::compile(&engine, b"\0asm").unwrap_err();
    /// assert!(error.is_compile_error());
    /// # Ok::<(), holm::Error>(())
    /// ```
    pub fn compile(engine: &Engine, bytes: &[u8]) -> Result<Self> {
        let made = native::Module::compile(engine.wasm()?, bytes.into());
        Ok(Self::new(engine, made.map_err(|error| failed(&error))?))
    }

    /// The same, where the engine's [`CodeCache`](crate::CodeCache) keeps even what is compiled
    /// in no time, and says so.
    pub fn compile_and_keep(engine: &Engine, bytes: &[u8]) -> Result<(Self, Kept)> {
        let made = holm_wasm::Module::compile_and_keep(engine.wasm()?, bytes.into());
        let (module, kept) = made.map_err(|error| failed(&error))?;
        Ok((Self::new(engine, native::Module::new(module)), kept))
    }

    /// Takes a module whose bytes are still to come, as from a network.
    pub fn builder(engine: &Engine) -> ModuleBuilder {
        let validator = match engine.wasm() {
            Ok(wasm) => wasm.streaming_validator(),
            // Which `finish` will say.
            Err(_) => StreamingValidator::new(),
        };
        ModuleBuilder { engine: engine.clone(), validator }
    }

    fn new(engine: &Engine, inner: native::Module) -> Self {
        Self { inner, engine: Some(engine.clone()) }
    }

    pub(crate) fn native(&self) -> &native::Module {
        &self.inner
    }

    /// The compiled module as bytes, to be kept for [`Self::deserialize_or_compile`].
    ///
    /// They are machine code, signed with the engine's key: see
    /// [`Config::artifact_key`](crate::Config::artifact_key). What they are worth ends with that
    /// key, with this version of Holm, and with this kind of processor.
    ///
    /// An error for a module that came from script: its engine's key is not at hand there.
    /// Compile its [`Self::wire_bytes`] instead.
    pub fn serialize(&self) -> Result<Vec<u8>> {
        let engine = self.engine.as_ref().ok_or_else(|| {
            Error::mismatch("a module that script compiled cannot be serialized from there")
        })?;
        let made = self.inner.wasm().serialize(engine.artifact_key()?);
        made.map_err(|reason| Error::host(format!("the module cannot be serialized: {reason}")))
    }

    /// Loads what [`Self::serialize`] made of the module `wire_bytes`, and says so; or compiles
    /// that, and says why. Whatever `cached` is, the module is the one of `wire_bytes`.
    ///
    /// ```
    /// use holm::{CacheOutcome, Config, Engine, Module};
    ///
    /// # let wasm = b"\0asm\x01\0\0\0";
    /// let config = Config::default().artifact_key([7; 32]); // yours is a secret
    /// let artifact = Module::compile(&Engine::new(config.clone())?, wasm)?.serialize()?;
    ///
    /// let engine = Engine::new(config)?;
    /// let (_, outcome) = Module::deserialize_or_compile(&engine, &artifact, wasm)?;
    /// assert_eq!(outcome, CacheOutcome::Loaded);
    /// let (_, outcome) = Module::deserialize_or_compile(&engine, &[], wasm)?;
    /// assert_eq!(outcome.to_string(), "compiled: there is no artifact");
    /// # Ok::<(), holm::Error>(())
    /// ```
    pub fn deserialize_or_compile(
        engine: &Engine,
        cached: &[u8],
        wire_bytes: &[u8],
    ) -> Result<(Self, CacheOutcome)> {
        let (wasm, key) = (engine.wasm()?, engine.artifact_key()?);
        let bytes: Arc<[u8]> = wire_bytes.into();
        let miss = match holm_wasm::Module::deserialize(wasm, key, cached, bytes.clone()) {
            Ok(module) => {
                let module = Self::new(engine, native::Module::new(module));
                return Ok((module, CacheOutcome::Loaded));
            }
            Err(error) => CacheMiss::from(error),
        };
        let made = native::Module::compile(wasm, bytes).map_err(|error| failed(&error))?;
        Ok((Self::new(engine, made), CacheOutcome::Compiled(miss)))
    }

    /// The bytes that it was compiled from.
    pub fn wire_bytes(&self) -> &[u8] {
        self.inner.wasm().bytes()
    }

    /// What it wants, in order.
    pub fn imports(&self) -> Vec<ModuleImport> {
        let imports = self.inner.wasm().imports().iter().map(|import| ModuleImport {
            module: import.module.to_string(),
            name: import.name.to_string(),
            kind: ExternKind::of(&import.ty),
        });
        imports.collect()
    }

    /// What it gives, in order.
    pub fn exports(&self) -> Vec<ModuleExport> {
        let exports = self.inner.wasm().exports().iter().map(|export| ModuleExport {
            name: export.name.to_string(),
            kind: ExternKind::of(&export.ty),
        });
        exports.collect()
    }

    /// The contents of the custom sections of this name, in order.
    ///
    /// ```
    /// # let engine = holm::Engine::new(holm::Config::default())?;
    /// # let wasm = b"\0asm\x01\0\0\0\0\x04\x01ahi";
    /// let module = holm::Module::compile(&engine, wasm)?;
    /// assert_eq!(module.custom_sections("a"), [b"hi"]);
    /// # Ok::<(), holm::Error>(())
    /// ```
    pub fn custom_sections(&self, name: &str) -> Vec<&[u8]> {
        holm_wasm::custom_sections(self.wire_bytes(), name)
    }
}

/// Takes a module's bytes as they come, and checks them meanwhile.
///
/// ```
/// use holm::{Config, Engine, Module};
///
/// let engine = Engine::new(Config::default())?;
/// let mut builder = Module::builder(&engine);
/// for chunk in [&b"\0as"[..], b"m\x01\0", b"\0\0"] {
///     builder.push(chunk)?;
/// }
/// assert!(builder.finish()?.exports().is_empty());
/// # Ok::<(), holm::Error>(())
/// ```
#[derive(Debug)]
pub struct ModuleBuilder {
    engine: Engine,
    validator: StreamingValidator,
}

impl ModuleBuilder {
    /// Takes the next bytes. A compile error as soon as nothing that follows can make a module
    /// of them: the rest need not be fetched. With a [`CodeCache`](crate::CodeCache), what is wrong
    /// inside of a function shows in [`Self::finish`], if the cache has not got the module.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let result = self.validator.push(bytes);
        result.map_err(|invalid| failed(&CompileError::Invalid(invalid)))
    }

    /// There are no more bytes: compiles.
    pub fn finish(self) -> Result<Module> {
        let made = holm_wasm::Module::compile_streamed(self.engine.wasm()?, self.validator);
        let made = made.map_err(|error| failed(&error))?;
        Ok(Module::new(&self.engine, native::Module::new(made)))
    }
}

/// A module in the text format, in binary. `file` is what an error calls the text.
///
/// ```
/// let wasm = holm::to_binary(b"(module)", "empty.wat")?;
/// assert_eq!(wasm, b"\0asm\x01\0\0\0");
/// let error = holm::to_binary(b"(modul)", "wrong.wat").unwrap_err();
/// assert!(error.is_compile_error() && error.to_string().contains("wrong.wat:1:2"));
/// # Ok::<(), holm::Error>(())
/// ```
pub fn to_binary(text: &[u8], file: &str) -> Result<Vec<u8>> {
    holm_wasm::to_binary(text, file).map_err(|error| Error::compile(error.to_string(), None))
}

fn failed(error: &CompileError) -> Error {
    Error::compile(error.to_string(), error.hint())
}

impl ExternKind {
    fn of(ty: &ExternType) -> Self {
        match ty {
            ExternType::Func(_) => Self::Function,
            ExternType::Memory(_) => Self::Memory,
            ExternType::Table(_) => Self::Table,
            ExternType::Global(_) => Self::Global,
            ExternType::Tag(_) => Self::Tag,
        }
    }
}

impl CacheOutcome {
    /// Whether the artifact was of use.
    pub fn is_loaded(&self) -> bool {
        matches!(self, Self::Loaded)
    }
}

impl From<holm_wasm::ArtifactError> for CacheMiss {
    fn from(error: holm_wasm::ArtifactError) -> Self {
        use holm_wasm::ArtifactError;
        match error {
            ArtifactError::Empty => Self::Empty,
            ArtifactError::NotAnArtifact => Self::NotAnArtifact,
            ArtifactError::OtherFormat => Self::OtherFormat,
            ArtifactError::OtherKey => Self::OtherKey,
            ArtifactError::Damaged => Self::Damaged,
            ArtifactError::OtherCompiler => Self::OtherCompiler,
            ArtifactError::OtherBytes => Self::OtherBytes,
            other => Self::Refused(other.to_string()),
        }
    }
}

/// `WebAssembly.Module`s.
impl<'js> FromValue<'js> for Module {
    fn from_value(_scope: &mut Scope<'_, 'js>, value: Value<'js>) -> Result<Self> {
        let inner = native::Module::of(value.inner());
        let inner = inner.ok_or_else(|| Error::mismatch("the value is no WebAssembly.Module"))?;
        Ok(Self { inner, engine: None })
    }
}

/// A new `WebAssembly.Module`; an error in an isolate of another engine.
impl<'js> IntoValue<'js> for &Module {
    fn into_value(self, scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
        self.check_engine(scope)?;
        let made = self.inner.object(scope.ctx());
        scope.checked(made).map(Value::new)
    }
}

impl<'js> IntoValue<'js> for Module {
    fn into_value(self, scope: &mut Scope<'_, 'js>) -> Result<Value<'js>> {
        (&self).into_value(scope)
    }
}

impl Module {
    pub(crate) fn check_engine(&self, scope: &mut Scope<'_, '_>) -> Result<()> {
        let fits = self.inner.is_of_engine(scope.ctx());
        if scope.checked(fits)? {
            return Ok(());
        }
        Err(Error::mismatch("the module was compiled by another engine than the isolate's"))
    }
}

impl fmt::Display for ModuleImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}: {}", self.module, self.name, self.kind)
    }
}

impl fmt::Display for ModuleExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.kind)
    }
}

impl fmt::Display for ExternKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Function => "function",
            Self::Memory => "memory",
            Self::Table => "table",
            Self::Global => "global",
            Self::Tag => "tag",
        })
    }
}

impl fmt::Display for CacheOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loaded => f.write_str("loaded from the artifact"),
            Self::Compiled(miss) => write!(f, "compiled: {miss}"),
        }
    }
}

impl fmt::Display for CacheMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use holm_wasm::ArtifactError;
        let error = match self {
            Self::Empty => ArtifactError::Empty,
            Self::NotAnArtifact => ArtifactError::NotAnArtifact,
            Self::OtherFormat => ArtifactError::OtherFormat,
            Self::OtherKey => ArtifactError::OtherKey,
            Self::Damaged => ArtifactError::Damaged,
            Self::OtherCompiler => ArtifactError::OtherCompiler,
            Self::OtherBytes => ArtifactError::OtherBytes,
            Self::Refused(reason) => return f.write_str(reason),
        };
        error.fmt(f)
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
