//! Node for Holm: its modules, one file each, and its module system.
//!
//! What is cold is written in JavaScript (`js/`, bytecode by the time Holm runs) over a few
//! native functions; what is hot, or guards something, is Rust. Every module is made when it
//! is first asked for.

#![forbid(unsafe_code)]

mod builtins;
mod embedded;
mod input;
pub mod modules;
pub mod process;
mod signals;
pub mod syntax;
pub mod ticks;

use holm_js::{Attributes, Ctx, Result, define_lazy, define_value};

/// Defines Node's globals.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let global = ctx.globals();
    define_value(&global, "global", global.clone(), Attributes::BUILT_IN)?;
    define_lazy(&global, "process", Attributes::BUILT_IN, |ctx| {
        Ok(process::object(ctx)?.into_value())
    })
}
