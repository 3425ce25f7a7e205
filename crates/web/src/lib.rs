//! The web's interfaces, one folder per specification.
//!
//! Everything is installed lazily: a global costs start-up one accessor until a script
//! touches it.

#![forbid(unsafe_code)]

pub mod abort;
pub mod base64;
pub mod compression;
pub mod console;
pub mod crypto;
pub mod encoding;
pub mod events;
pub mod fetch;
pub mod file_api;
pub mod messaging;
pub mod node_errors;
pub mod performance;
mod shown;
pub mod streams;
pub mod structured_clone;
pub mod timers;
pub mod url;
mod wasm_streaming;
pub mod websocket;
pub mod weight;
pub mod workers;

use holm_js::{Ctx, Result};

/// Defines the globals of a realm.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    console::install(ctx)?;
    timers::install(ctx)?;
    performance::install(ctx)?;
    events::install(ctx)?;
    abort::install(ctx)?;
    fetch::install(ctx)?;
    streams::install(ctx)?;
    structured_clone::install(ctx)?;
    messaging::install(ctx)?;
    workers::install(ctx)?;
    encoding::install(ctx)?;
    base64::install(ctx)?;
    crypto::install(ctx)?;
    url::install(ctx)?;
    file_api::install(ctx)?;
    websocket::install(ctx)?;
    wasm_streaming::install(ctx)
}
