//! What isolates may share.

use std::sync::Arc;

use crate::Result;

/// Settings that hold for every isolate of an engine.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Config {}

/// What isolates may share. Cheap to clone, and to send to other threads.
///
/// Today that is its settings; compiled WebAssembly modules and their code cache come here.
///
/// ```
/// let engine = holm::Engine::new(holm::Config::default())?;
/// let other = engine.clone();
/// std::thread::spawn(move || holm::Isolate::builder(&other).build().is_ok());
/// # Ok::<(), holm::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Engine {
    _config: Arc<Config>,
}

impl Engine {
    /// Makes an engine. Nothing is started before an isolate needs it.
    pub fn new(config: Config) -> Result<Self> {
        Ok(Self { _config: Arc::new(config) })
    }
}
