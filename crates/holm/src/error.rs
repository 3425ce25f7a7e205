//! The one public error.

use std::fmt;

use holm_host::{Host, UncaughtError};
use holm_js::{Ctx, Frame, OUT_OF_MEMORY, Thrown, take_exception};
use holm_webassembly::{BEYOND_MEMORY_LIMIT, COMPILE_ERROR, LINK_ERROR, RUNTIME_ERROR};

/// The result of most calls.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong. Opaque: ask it by its predicates.
#[derive(Clone, Debug)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: Kind,
    message: String,
    thrown: Option<UncaughtError>,
    hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Script threw, and nobody caught it.
    Exception,
    /// A limit was reached: of which kind.
    Limit(Limit),
    /// The embedder stopped the isolate.
    Stopped,
    /// What was asked of script is not what it has.
    Mismatch,
    /// Bytes were no module.
    Compile,
    /// The engine could not be set up.
    Setup,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Memory,
    Stack,
    Time,
}

impl Error {
    /// Whether script threw an exception that nobody caught.
    pub fn is_exception(&self) -> bool {
        self.0.kind == Kind::Exception
    }

    /// Whether a limit of memory, stack or time was reached.
    pub fn is_limit(&self) -> bool {
        matches!(self.0.kind, Kind::Limit(_))
    }

    /// Whether the time limit was reached.
    pub fn is_time_limit(&self) -> bool {
        self.0.kind == Kind::Limit(Limit::Time)
    }

    /// Whether the memory limit was reached.
    pub fn is_memory_limit(&self) -> bool {
        self.0.kind == Kind::Limit(Limit::Memory)
    }

    /// Whether the isolate was stopped through its handle.
    pub fn is_stopped(&self) -> bool {
        self.0.kind == Kind::Stopped
    }

    /// Whether something was not permitted.
    pub fn is_permission(&self) -> bool {
        self.code() == Some("ERR_ACCESS_DENIED")
    }

    /// Whether bytes were no WebAssembly module: from [`Module::compile`](crate::Module::compile)
    /// and its like, or a `WebAssembly.CompileError` that nobody caught.
    ///
    /// ```
    /// # use holm::{Config, Engine, Isolate};
    /// # let engine = Engine::new(Config::default())?;
    /// # let mut isolate = Isolate::builder(&engine).build()?;
    /// let error = isolate
    ///     .enter(|scope| scope.eval::<()>("new WebAssembly.Module(new Uint8Array(8))"))
    ///     .unwrap_err();
    /// assert!(error.is_compile_error() && error.is_exception());
    /// # Ok::<(), holm::Error>(())
    /// ```
    pub fn is_compile_error(&self) -> bool {
        self.0.kind == Kind::Compile || self.is_of_class(COMPILE_ERROR)
    }

    /// Whether imports were not what a module wants: a `WebAssembly.LinkError` that nobody
    /// caught. (Where there is no object to find an import in, the specification has a
    /// `TypeError`.)
    ///
    /// ```
    /// # use holm::{Config, Engine, Imports, Isolate, Module};
    /// # let engine = Engine::new(Config::default())?;
    /// # let wasm = wat::parse_str(r#"(module (import "env" "f" (func)))"#).expect("a module");
    /// # let module = Module::compile(&engine, &wasm)?;
    /// # let mut isolate = Isolate::builder(&engine).build()?;
    /// let error = isolate.enter(|scope| {
    ///     let imports = Imports::new().value("env", "f", "no function");
    ///     scope.instantiate(&module, &imports).map(drop)
    /// });
    /// assert!(error.unwrap_err().is_link_error());
    /// # Ok::<(), holm::Error>(())
    /// ```
    pub fn is_link_error(&self) -> bool {
        self.is_of_class(LINK_ERROR)
    }

    /// Whether a module did what it may not: a `WebAssembly.RuntimeError` that nobody caught.
    /// A full stack is a limit instead: see [`Self::is_limit`].
    ///
    /// ```
    /// # use holm::{Config, Engine, Imports, Isolate, Module};
    /// # let engine = Engine::new(Config::default())?;
    /// # let wasm = wat::parse_str("(module (func unreachable) (start 0))").expect("a module");
    /// # let module = Module::compile(&engine, &wasm)?;
    /// # let mut isolate = Isolate::builder(&engine).build()?;
    /// let error = isolate
    ///     .enter(|scope| scope.instantiate(&module, &Imports::new()).map(drop))
    ///     .unwrap_err();
    /// assert!(error.is_trap());
    /// assert_eq!(error.to_string(), "RuntimeError: unreachable");
    /// # Ok::<(), holm::Error>(())
    /// ```
    pub fn is_trap(&self) -> bool {
        self.is_of_class(RUNTIME_ERROR)
    }

    /// Whether what the embedder asked for is not what is there: a value of another type, an
    /// export of another kind, bytes outside of a memory, something of another isolate.
    pub fn is_mismatch(&self) -> bool {
        self.0.kind == Kind::Mismatch
    }

    fn is_of_class(&self, name: &str) -> bool {
        self.0.thrown.as_ref().is_some_and(|uncaught| uncaught.thrown.class == Some(name))
    }

    /// Node's `code` of a thrown error.
    pub fn code(&self) -> Option<&str> {
        self.0.thrown.as_ref()?.thrown.code.as_deref()
    }

    /// The stack of a thrown error, innermost frame first.
    pub fn frames(&self) -> &[Frame] {
        self.0.thrown.as_ref().map_or(&[], |uncaught| &uncaught.thrown.frames)
    }

    /// The thrown value as `console.error` would show it.
    pub fn inspected(&self) -> Option<&str> {
        self.0.thrown.as_ref().map(|uncaught| uncaught.inspected.as_str())
    }

    /// Whether what was thrown is an `Error`, not just any value.
    pub fn is_error_object(&self) -> bool {
        self.0.thrown.as_ref().is_some_and(|uncaught| uncaught.thrown.name.is_some())
    }

    /// Whether it was a promise's rejection that nobody handled.
    pub fn is_rejection(&self) -> bool {
        self.0.thrown.as_ref().is_some_and(|uncaught| uncaught.from_promise)
    }

    /// The exit code that a program which ended by this error should have.
    pub fn exit_code(&self) -> i32 {
        self.0.thrown.as_ref().map_or(1, |uncaught| uncaught.exit_code)
    }

    /// How to go on, where something can be said.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The exception that `error` left behind.
    pub(crate) fn caught(ctx: &Ctx<'_>, error: holm_js::Error) -> Self {
        let value = take_exception(ctx, error);
        Self::uncaught(crate::event_loop::describe(ctx, &value), None)
    }

    pub(crate) fn uncaught(uncaught: UncaughtError, host: Option<&Host>) -> Self {
        let thrown = &uncaught.thrown;
        let kind = if is_out_of_memory(thrown) {
            Kind::Limit(Limit::Memory)
        } else if is_out_of_stack(thrown) {
            Kind::Limit(Limit::Stack)
        } else {
            Kind::Exception
        };
        let hint = hint(thrown, host);
        Self(Box::new(Inner {
            kind,
            message: thrown.heading.clone(),
            hint,
            thrown: Some(uncaught),
        }))
    }

    pub(crate) fn time_limit() -> Self {
        Self::plain(Kind::Limit(Limit::Time), "the script reached its time limit")
    }

    pub(crate) fn memory_limit() -> Self {
        let mut error = Self::plain(
            Kind::Limit(Limit::Memory),
            "the script went on without memory after reaching its memory limit",
        );
        error.0.hint = Some(MEMORY_HINT.to_owned());
        error
    }

    pub(crate) fn stopped() -> Self {
        Self::plain(Kind::Stopped, "the isolate was stopped")
    }

    pub(crate) fn mismatch(message: impl Into<String>) -> Self {
        Self::plain(Kind::Mismatch, message)
    }

    pub(crate) fn compile(message: impl Into<String>, hint: Option<&str>) -> Self {
        let mut error = Self::plain(Kind::Compile, message);
        error.0.hint = hint.map(str::to_owned);
        error
    }

    pub(crate) fn host(message: impl Into<String>) -> Self {
        Self::plain(Kind::Setup, message)
    }

    pub(crate) fn setup(error: &holm_js::Error) -> Self {
        Self::plain(Kind::Setup, format!("the engine could not be set up: {error}"))
    }

    fn plain(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), thrown: None, hint: None }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

fn is_out_of_memory(thrown: &Thrown) -> bool {
    // The heap is full, or it with the memories, tables and objects of modules.
    thrown.heading == OUT_OF_MEMORY
        || thrown.heading.starts_with("RangeError: ")
            && thrown.heading.ends_with(BEYOND_MEMORY_LIMIT)
}

fn is_out_of_stack(thrown: &Thrown) -> bool {
    thrown.heading == "RangeError: Maximum call stack size exceeded"
}

/// Names that only CommonJS modules have, used in an ES module.
fn commonjs_hint(heading: &str) -> Option<String> {
    let name = heading.strip_prefix("ReferenceError: ")?.strip_suffix(" is not defined")?;
    let instead = match name {
        "require" => "use import, or createRequire from 'node:module'",
        "module" | "exports" => "use export",
        "__filename" => "use import.meta.filename",
        "__dirname" => "use import.meta.dirname",
        _ => return None,
    };
    Some(format!("this is an ES module, where '{name}' does not exist: {instead}"))
}

const MEMORY_HINT: &str = "the script reached its memory limit: --memory-limit SIZE sets another";

/// What a person can do about an error.
fn hint(thrown: &Thrown, host: Option<&Host>) -> Option<String> {
    if is_out_of_memory(thrown) {
        return Some(MEMORY_HINT.to_owned());
    }
    if is_out_of_stack(thrown) {
        return Some("a function calls itself without end".into());
    }
    if let Some(hint) = &thrown.hint {
        return Some(hint.clone());
    }
    if let Some(hint) = commonjs_hint(&thrown.heading) {
        return Some(hint);
    }
    let refusals = host?.lifecycle.refusals();
    let flags: Vec<&str> = refusals.iter().map(|denied| denied.flag()).collect();
    if flags.is_empty() {
        return None;
    }
    Some(format!(
        "the script asked for what it may not see; if it needs that, run it with {}",
        flags.join(" ")
    ))
}
