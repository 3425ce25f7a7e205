//! The scripts of `js/`, compiled by `build.rs`.
//!
//! Each is a function that takes its native parts and gives what it makes.

use holm_js::{Ctx, Error, Function, Result, run_bytecode};

/// The function of one of them, by its path in `js/`.
pub(crate) fn load<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Function<'js>> {
    let bytecode = bytecode(name).ok_or(Error::Unknown)?;
    run_bytecode(ctx, bytecode)?.into_function().ok_or(Error::Unknown)
}

fn bytecode(name: &str) -> Option<&'static [u8]> {
    Some(include!(concat!(env!("OUT_DIR"), "/scripts.rs")))
}
