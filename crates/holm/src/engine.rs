//! What isolates may share.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::{Error, Result};

/// Settings that hold for every isolate of an engine.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Config {}

/// What isolates may share. Cheap to clone, and to send to other threads.
///
/// That is its settings, and the compiler of WebAssembly, which is made when the first module
/// comes.
///
/// ```
/// let engine = holm::Engine::new(holm::Config::default())?;
/// let other = engine.clone();
/// std::thread::spawn(move || holm::Isolate::builder(&other).build().is_ok());
/// # Ok::<(), holm::Error>(())
/// ```
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    config: Config,
    wasm: OnceLock<std::result::Result<holm_wasm::Engine, String>>,
}

impl Engine {
    /// Makes an engine. Nothing is started before an isolate needs it.
    pub fn new(config: Config) -> Result<Self> {
        Ok(Self(Arc::new(Inner { config, wasm: OnceLock::new() })))
    }

    /// The compiler of WebAssembly.
    pub(crate) fn wasm(&self) -> Result<&holm_wasm::Engine> {
        let made =
            self.0.wasm.get_or_init(|| holm_wasm::Engine::new().map_err(|error| error.to_string()));
        made.as_ref().map_err(|reason| Error::host(reason.clone()))
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("config", &self.0.config).finish_non_exhaustive()
    }
}
