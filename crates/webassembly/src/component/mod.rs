//! Components as modules of script, with the mapping of values that `jco` has:
//! <https://bytecodealliance.github.io/jco/wit-type-representations.html>
//!
//! As with modules (`esm.rs`), a component becomes a small module of script, which imports what
//! the component imports, instantiates it with that, and exports what comes out.
//!
//! - `names.rs`: what an item is called in script. `plan.rs`: how values of a type travel.
//! - `lift.rs`: values that come out of a component. `lower.rs`: values that go into one.
//! - `crossing.rs`: one call of either direction, with the handles that it lends.
//! - `exports.rs`: functions of a component; `resources.rs`: classes of its resources.
//! - `imports.rs`: functions and classes of script that a component calls.
//! - `instance.rs`: what these share, and who keeps it.

mod crossing;
mod errors;
mod exports;
mod imports;
mod instance;
mod lift;
mod lower;
mod module;
mod names;
mod plan;
mod program;
mod resources;

pub use holm_wasm::component::{Preopen, Stdin, is_component};
pub use module::{IMPORT_SCHEME, component_module};
pub use program::{ComponentProgram, run_component};
