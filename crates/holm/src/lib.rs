//! JavaScript and WebAssembly in isolates, for Rust programs.
//!
//! ```
//! use holm::{Config, Engine, Isolate};
//!
//! let engine = Engine::new(Config::default())?;
//! let mut isolate = Isolate::builder(&engine).memory_limit_bytes(64 << 20).build()?;
//! let sum: i32 = isolate.enter(|scope| scope.eval("77 + 88"))?;
//! assert_eq!(sum, 165);
//! # Ok::<(), holm::Error>(())
//! ```
//!
//! - An [`Engine`] is what isolates may share; it can be sent to other threads.
//! - An [`Isolate`] is one heap with one event loop, under limits and permissions. It stays
//!   on its thread. Two isolates share nothing but their engine.
//! - A [`Scope`] is an isolate while script may run; values live as long as it.
//! - A [`Module`] is compiled WebAssembly, for any isolate of its engine; an [`Instance`] is
//!   one at work, given its [`Imports`]. The bytes of a [`Memory`] are slices where they are.
//! - [`Error`] is the one error; it tells by predicates what happened.
//!
//! The library prints nothing, never exits, and reads no environment: the embedder hands in
//! what a script may have.

#![forbid(unsafe_code)]

mod big_int;
mod builder;
#[cfg(feature = "components")]
mod component;
mod convert;
mod engine;
mod error;
mod event_loop;
mod handle;
mod instance;
mod isolate;
mod items;
mod loader;
mod memory;
mod module;
mod scope;
mod value;
mod worker;

pub use big_int::BigInt;
pub use builder::IsolateBuilder;
pub use convert::{FromValue, IntoArguments, IntoValue};
pub use engine::{Config, Engine};
pub use error::{Error, Result};
pub use handle::IsolateHandle;
pub use holm_host::{
    Access, Clock, Denied, Grant, Identity, Output, Permissions, ProcessInfo, Random, Stream,
    SystemFacts, Terminal, Usage, UsageOf,
};
pub use holm_js::Frame;
pub use holm_node::wasi::{CommandOptions, Preopen};
pub use holm_wasm::{CodeCache, CodeCacheUsage, Kept};
pub use holm_web::console::inspect::Colors;
#[cfg(feature = "components")]
pub use holm_webassembly::is_component;
pub use instance::{Exports, ImportSource, Imports, Instance};
pub use isolate::{Evaluation, Exit, Isolate, SourceKind, first_top_level_await};
pub use items::{Global, Table};
pub use loader::ModuleLoader;
pub use memory::Memory;
pub use module::{
    CacheMiss, CacheOutcome, ExternKind, Module, ModuleBuilder, ModuleExport, ModuleImport,
    to_binary,
};
pub use scope::Scope;
pub use value::{Function, Object, Value};
