//! Components: <https://component-model.bytecodealliance.org/>, by the binary format and the
//! canonical ABI of <https://github.com/WebAssembly/component-model>.
//!
//! A component is no module: its functions take and give records, lists, strings and handles of
//! resources, and its memories are its own. So nothing here is shared with linking groups. What
//! is imported and exported is described by Wasmtime's own [`types`] and [`Val`].
//!
//! - [`Component`]: compiled; threads may share it. [`Instance`]: one that runs, in a store of
//!   its own, which goes with it.
//! - [`Imports`]: where an instance gets what it imports. `wasi:` interfaces of the second preview
//!   are the host's ([`Wasi`]).
//! - [`Handles`]: resources that go in or out of a call.
//! - [`ComponentFailure`]: how a call ended that did not return.
//! - [`run_command`]: runs a program.
//!
//! **Two ways to wait.** Functions of script run on the stack of whoever called the component, so
//! those components are called synchronously: what of WASI blocks, blocks the thread. A
//! program calls nothing but WASI, and runs on a fiber. Either waits in Tokio's runtime of
//! `wasmtime-wasi`, and wakes up now and then to see whether its isolate has to stop. A thread
//! that is inside of another runtime cannot do that: there, calls are refused.
//!
//! **Stopping** needs checks in the compiled code, unlike in modules: see `interrupt.rs` for what
//! the other way would take. So components have an engine of their own settings.

mod command;
mod describe;
mod failure;
mod handles;
mod imports;
mod instance;
mod limits;
mod wasi;
mod wasi_poll;

use std::fmt;
use std::fs::File;
use std::sync::Arc;

use wasmparser::{Parser, Payload, Validator, WasmFeatures};

use crate::artifact::{self, Subject};
use crate::binary::{MAX_MESSAGE_CHARS, one_line};
use crate::code_cache::{self, Compiled, Keep, LentFile};
use crate::translation::Origin;
use crate::{ArtifactKey, CompileError, Engine, features};

pub use command::{CommandOptions, run_command};
pub use describe::Item;
pub use failure::ComponentFailure;
pub use handles::{Handles, Opened, Ownership};
pub use imports::{Dropper, ImportedFunction, Imports};
pub use instance::{Instance, Surroundings};
pub use wasi::{ByteSink, Preopen, Stdin, Wasi, is_of_wasi};
pub use wasmtime::component::{Func, ResourceAny, ResourceType, Type, Val, types};

/// How the binary format of a component begins: the layer, 1, is where modules have 0.
const PREAMBLE: &[u8] = b"\0asm\x0d\0\x01\0";

/// Whether the bytes are those of a component, valid or not.
pub fn is_component(bytes: &[u8]) -> bool {
    bytes.starts_with(PREAMBLE)
}

/// A compiled component. Cheap to clone, and to send to other threads.
#[derive(Clone)]
pub struct Component(Arc<Inner>);

struct Inner {
    engine: Engine,
    compiled: wasmtime::component::Component,
    imports: Vec<(Box<str>, Item)>,
    exports: Vec<(Box<str>, Item)>,
}

impl Component {
    /// Compiles a binary component, or takes it from the engine's code cache.
    pub fn compile(engine: &Engine, bytes: Arc<[u8]>) -> Result<Self, CompileError> {
        let compile = |bytes: Arc<[u8]>| Self::check_and_compile(engine, &bytes);
        code_cache::load_or(engine, bytes, Keep::Slow, compile).map(|(component, _)| component)
    }

    fn check_and_compile(engine: &Engine, bytes: &[u8]) -> Result<Self, CompileError> {
        // First: nothing is compiled of what is not valid as a whole.
        check(bytes)?;
        engine.check_headroom().map_err(CompileError::Engine)?;
        let compiler = engine.components()?;
        let compiled = wasmtime::component::Component::from_binary(compiler, bytes)
            .map_err(CompileError::engine)?;
        Ok(Self::from_parts(engine, compiled))
    }

    fn from_parts(engine: &Engine, compiled: wasmtime::component::Component) -> Self {
        let (ty, compiler) = (compiled.component_type(), compiled.engine());
        let imports = describe::items(compiler, ty.imports(compiler));
        let exports = describe::items(compiler, ty.exports(compiler));
        let engine = engine.clone();
        Self(Arc::new(Inner { engine, compiled, imports, exports }))
    }

    /// The engine it was compiled by.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// What it imports, by name.
    pub fn imports(&self) -> &[(Box<str>, Item)] {
        &self.0.imports
    }

    /// What it exports, by name.
    pub fn exports(&self) -> &[(Box<str>, Item)] {
        &self.0.exports
    }

    pub(crate) fn raw(&self) -> &wasmtime::component::Component {
        &self.0.compiled
    }
}

impl Compiled for Component {
    fn subject(engine: &Engine, bytes: &[u8]) -> Option<Subject> {
        engine.components().ok().map(|compiler| Subject::of_component(compiler, bytes))
    }

    fn artifact(&self, subject: &Subject, key: &ArtifactKey) -> Result<Vec<u8>, String> {
        let code = self.raw().serialize().map_err(|error| format!("{error:#}"))?;
        Ok(artifact::seal(code, 0, subject, key))
    }

    unsafe fn load(
        engine: &Engine,
        code: &[u8],
        _file: Option<(File, LentFile)>,
        _bytes: Arc<[u8]>,
        _origin: Origin,
    ) -> wasmtime::Result<Self> {
        let compiler = engine.components().map_err(wasmtime::Error::new)?;
        // SAFETY: by the caller. Wasmtime maps files of components by their paths only.
        let compiled = unsafe { wasmtime::component::Component::deserialize(compiler, code)? };
        Ok(Self::from_parts(engine, compiled))
    }
}

/// So deep components may be nested. Compiling takes the square of it, and published ones have two
/// or three.
const MAX_NESTING: usize = 100;

/// Validates, and says what is wrong.
fn check(bytes: &[u8]) -> Result<(), CompileError> {
    if nests_too_deep(bytes) {
        let text = format!("invalid component: it has more than {MAX_NESTING} within each other");
        return Err(CompileError::Engine(text));
    }
    let features = features() | WasmFeatures::COMPONENT_MODEL;
    Validator::new_with_features(features).validate_all(bytes).map(drop).map_err(|error| {
        let message = one_line(error.message(), MAX_MESSAGE_CHARS);
        CompileError::Engine(format!("invalid component at byte {:#x}: {message}", error.offset()))
    })
}

/// Looks at nothing but where parts begin and end: of what is malformed, at what comes before.
fn nests_too_deep(bytes: &[u8]) -> bool {
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes).map_while(Result::ok) {
        match payload {
            Payload::ComponentSection { .. } | Payload::ModuleSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return true;
        }
    }
    false
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component").finish_non_exhaustive()
    }
}
