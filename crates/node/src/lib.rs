//! Node for Holm: its modules, one file each, and its module system.
//!
//! What is cold is written in JavaScript (`js/`, bytecode by the time Holm runs) over a few
//! native functions; what is hot, or guards something, is Rust. Every module is made when it
//! is first asked for.

#![forbid(unsafe_code)]

mod buffer;
mod builtins;
mod child_process;
mod crypto;
mod embedded;
mod encodings;
mod fs;
pub mod http;
mod input;
pub mod modules;
mod net;
mod os;
mod own_natives;
pub mod process;
mod scripted;
mod signals;
pub mod syntax;
mod system;
mod system_errors;
pub mod ticks;
mod tls;
mod urls;
mod vm;
pub mod wasi;
mod worker_threads;
mod zlib;

use holm_js::{Attributes, Ctx, Error, Result, define_lazy, define_value};

/// Defines Node's globals.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let global = ctx.globals();
    define_value(&global, "global", global.clone(), Attributes::BUILT_IN)?;
    define_lazy(&global, "process", Attributes::BUILT_IN, |ctx| {
        Ok(process::object(ctx)?.into_value())
    })?;
    define_lazy(&global, "Buffer", Attributes::BUILT_IN, |ctx| {
        builtins::load(ctx, "buffer")?.into_object().ok_or(Error::Unknown)?.get("Buffer")
    })?;
    // Node's ports have the methods of its emitters: whoever makes one gets those.
    for name in ["MessageChannel", "MessagePort"] {
        define_lazy(&global, name, Attributes::BUILT_IN, move |ctx| {
            let module = builtins::load(ctx, "worker_threads")?;
            module.into_object().ok_or(Error::Unknown)?.get(name)
        })?;
    }
    Ok(())
}
