//! The WebAssembly JavaScript Interface, <https://webassembly.github.io/spec/js-api/>.
//!
//! One file per interface, each algorithm under its link with its steps quoted. Modules and
//! what is in them come from `holm_wasm`, script from `holm_js`; this crate is what the
//! specification puts between them.
//!
//! Who owns whom:
//! - Everything of a linking group ([`holm_wasm::Group`]) refers to values of script through
//!   one table, `values::HostTable`. One object of script, the group's *owner*, reports that
//!   table to the collector (`owner.rs`).
//! - Every wrapper (function, memory, table …) holds the owner of its group. So a group is
//!   garbage exactly when script can reach nothing of it, cycles included.
//! - A wrapper is found again by what hangs on its handle: a weak reference.

#![deny(unsafe_code)]

mod atomics;
mod backing;
mod bindings;
mod builtins;
#[cfg(feature = "components")]
mod component;
mod convert;
mod errors;
mod esm;
mod exception;
mod exported_function;
mod frames;
mod gc_object;
mod global;
mod host_function;
mod instance;
mod jspi;
mod memory;
mod module;
mod module_source;
mod namespace;
pub mod native;
mod options;
mod owner;
mod passage;
mod sharing;
mod state;
mod streaming;
mod table;
mod tag;
mod values;

#[cfg(feature = "components")]
pub use component::{
    ComponentProgram, IMPORT_SCHEME, Preopen, Stdin, component_module, is_component, run_component,
};
pub use errors::{COMPILE_ERROR, LINK_ERROR, RUNTIME_ERROR, SUSPEND_ERROR};
pub use esm::{ScriptModule, module_source, script_module};
pub use holm_wasm::{BEYOND_MEMORY_LIMIT, Stopper, TextError, WaitQueue, export_names, to_binary};
pub use namespace::install;
pub use sharing::{SharedMemory, SharedMemoryBuffer};
pub use state::EngineSource;
pub use streaming::{Body, BodyFailure, NextChunk, Response, ResponseSource, install_streaming};
