//! WebAssembly modules as bytes: are they valid, and if not, why; what their custom sections
//! and names say; and how the text format becomes the binary one.
//!
//! This part knows nothing of JavaScript and compiles nothing. Its verdict is Wasmtime's: the
//! same validator in the same version, plus the few [`limits`] of the JavaScript API that the
//! validator does not have.

mod features;
mod header;
mod incremental;
mod instruction;
mod invalid;
pub mod limits;
mod names;
mod sections;
mod streaming;
mod text;

pub(crate) use incremental::Functions;
#[cfg(feature = "components")]
pub(crate) use invalid::{MAX_MESSAGE_CHARS, one_line};

pub use features::{features, features_with_legacy_exceptions};
pub use invalid::{FunctionPlace, Invalid, check};
pub use names::Names;
pub use sections::{Section, custom_sections, export_names, source_map_url};
pub use streaming::StreamingValidator;
pub use text::{TextError, looks_like_text, to_binary};
