//! Workers: isolates on other threads, made by script.
//!
//! <https://html.spec.whatwg.org/#workers>
//!
//! - [`RunningWorker`] is the thread as whoever made it sees it, for the web's workers and
//!   Node's.
//! - `worker` is the interface `Worker`.
//! - `scope` is the global scope of a web worker.

mod location;
mod navigator;
mod running;
mod scope;
mod worker;

use holm_host::host;
use holm_js::webidl::{interface_object, new_object};
use holm_js::{Attributes, Ctx, Result, define_lazy};

pub use running::{
    BeginTelling, MAX_WORKERS, OnEvent, RunningWorker, StartError, Teller, UncaughtInWorker,
    WorkerEvent, WorkerSpec, send_uncaught, thread_id,
};

use crate::file_api::blob_url_data;
use navigator::{Navigator, USER_AGENT};
use worker::Worker;

/// Defines `Worker`, where the isolate may have some.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    define_lazy(&ctx.globals(), "navigator", Attributes::ALL, |ctx| {
        Ok(new_object(ctx, Navigator(USER_AGENT))?.into_value())
    })?;
    if host(ctx).workers.is_none() {
        return Ok(());
    }
    define_lazy(&ctx.globals(), "Worker", Attributes::BUILT_IN, |ctx| {
        Ok(interface_object::<Worker>(ctx)?.into_value())
    })
}

/// The text behind a `blob:` URL.
fn blob_url_text(ctx: &Ctx<'_>, url: &str) -> Option<String> {
    let data = blob_url_data(&host(ctx), url)?;
    Some(String::from_utf8_lossy(&data.bytes).into_owned())
}
