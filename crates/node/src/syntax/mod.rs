//! Questions about source text, answered by `oxc`'s parser: erasing types, finding what a
//! CommonJS file exports, and where an import stands. The engine is not involved.

pub mod cjs_exports;
mod cjs_reexports;
pub mod declared;
pub mod module_exports;
mod nesting;
mod parse;
pub mod position;
pub mod queries;
pub mod source_phase;
pub mod typescript;
