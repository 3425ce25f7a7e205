//! Node's module systems: ES modules, CommonJS, and each from the other.
//!
//! <https://nodejs.org/api/esm.html>, <https://nodejs.org/api/modules.html>
//!
//! - [`resolve`] tells what a specifier means; it knows no engine.
//! - `loader` is the engine's module loader: it makes a record for each module.
//! - `commonjs` is `require`, over `js/commonjs.js`.
//! - `source` reads a file and makes it JavaScript.
//!
//! The name of a module is its URL; of a CommonJS module, its path.

mod commonjs;
#[cfg(feature = "components")]
mod component_imports;
mod data_url;
mod errors;
mod files;
mod imports;
mod loader;
pub mod resolve;
mod scripts;
mod source;
mod state;
mod workers;

use std::path::Path;

use holm_js::{Ctx, ModuleRecord, Promise, Result, evaluate_module};

pub use commonjs::run_commonjs_text;
pub(crate) use commonjs::{main_module, module_builtin};
pub use loader::{IsMain, compile, loader};
use resolve::{Format, System};
pub use scripts::scripts;
use source::Source;
use state::modules;
pub(crate) use workers::{Start, begin_program, checked_file};

/// Runs a program's main file. Gives the promise of an ES module; CommonJS is done when this
/// returns.
pub fn run_main<'js>(ctx: &Ctx<'js>, path: &Path) -> Result<Option<Promise<'js>>> {
    let state = modules(ctx);
    let file = state.main_file(ctx, path)?;
    let format = file.format;
    let is_module = match format {
        Format::JavaScript(System::Module) | Format::TypeScript(System::Module) => true,
        Format::JavaScript(System::Ambiguous) | Format::TypeScript(System::Ambiguous) => {
            Source::read(ctx, &file.path, format)?.is_module_after_all(ctx)
        }
        Format::Json | Format::JavaScript(_) | Format::TypeScript(_) | Format::Addon => false,
        Format::Wasm | Format::Wat => true,
    };
    if !is_module {
        return commonjs::run_main(ctx, &file.path).map(|()| None);
    }
    let url = file.url();
    state.set_main(&url);
    let record = loader::make(ctx, &url)?;
    evaluate(ctx, record).map(|(promise, _)| Some(promise))
}

/// The URL and the bytes of a program's main file, if it is a module of WebAssembly.
pub(crate) fn main_wasm(ctx: &Ctx<'_>, path: &Path) -> Result<Option<(String, Vec<u8>)>> {
    let file = modules(ctx).main_file(ctx, path)?;
    match file.format {
        Format::Wasm | Format::Wat => {
            let bytes = loader::wasm_bytes(ctx, &file.path, file.format)?;
            Ok(Some((file.url(), bytes)))
        }
        _ => Ok(None),
    }
}

/// Links and evaluates; an import of what a module does not export is told as Node tells it.
pub fn evaluate<'js>(
    ctx: &Ctx<'js>,
    record: ModuleRecord<'js>,
) -> Result<(Promise<'js>, ModuleRecord<'js>)> {
    evaluate_module(record).map_err(|error| errors::explained(ctx, error))
}
