//! What isolates may share.

use std::fmt;
use std::sync::{Arc, OnceLock};

use holm_wasm::{ArtifactKey, CodeCache, Settings, WaitQueue};

use crate::{Error, Result};

/// Settings that hold for every isolate of an engine.
///
/// ```
/// let config = holm::Config::default().artifact_key([7; 32]);
/// let engine = holm::Engine::new(config)?;
/// # Ok::<(), holm::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Config {
    artifact_key: Option<ArtifactKey>,
    code_cache: Option<CodeCache>,
}

impl Config {
    /// What [`Module::serialize`](crate::Module::serialize) signs artifacts with. Engines with
    /// the same key load each other's; without one, each makes up its own, and its artifacts
    /// are of use to nobody after it.
    ///
    /// **A secret, and a dangerous one:** an artifact is machine code, and whoever knows the key
    /// can make one that does anything this process may do. Make it from 32 random bytes, once
    /// per installation, and keep it where only this program can read it. Never derive it from
    /// anything that others know, and give it to nobody who may not run code as you.
    pub fn artifact_key(mut self, key: [u8; 32]) -> Self {
        self.artifact_key = Some(ArtifactKey::new(&key));
        self
    }

    /// Where compiled modules are kept for other processes: those of script too. Without one,
    /// each process compiles for itself.
    ///
    /// ```
    /// use holm::{CodeCache, Config, Engine, Kept, Module};
    ///
    /// # let folder = std::env::temp_dir().join(format!("holm-doc-{}", std::process::id()));
    /// # let wasm = wat::parse_str(format!("(module (data \"{}\"))", "x".repeat(9000))).unwrap();
    /// let cache = CodeCache::new(&folder, CodeCache::DEFAULT_LIMIT_BYTES);
    /// let engine = Engine::new(Config::default().code_cache(cache.clone()))?;
    /// assert_eq!(Module::compile_and_keep(&engine, &wasm)?.1, Kept::Stored);
    /// // In this process or another one:
    /// let engine = Engine::new(Config::default().code_cache(cache.clone()))?;
    /// assert_eq!(Module::compile_and_keep(&engine, &wasm)?.1, Kept::Found);
    /// assert_eq!(cache.usage().unwrap().modules, 1);
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), holm::Error>(())
    /// ```
    pub fn code_cache(mut self, cache: CodeCache) -> Self {
        self.code_cache = Some(cache);
        self
    }
}

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
    /// Who waits in script, and in modules.
    waiters: Arc<WaitQueue>,
    /// Where the settings have none.
    random_key: OnceLock<std::result::Result<ArtifactKey, String>>,
}

impl Engine {
    /// Makes an engine. Nothing is started before an isolate needs it.
    pub fn new(config: Config) -> Result<Self> {
        let (wasm, waiters, random_key) = Default::default();
        Ok(Self(Arc::new(Inner { config, wasm, waiters, random_key })))
    }

    /// The compiler of WebAssembly.
    pub(crate) fn wasm(&self) -> Result<&holm_wasm::Engine> {
        let make = || {
            let code_cache = self.0.config.code_cache.clone();
            let waiters = self.0.waiters.clone();
            holm_wasm::Engine::with_settings(Settings { waiters, code_cache })
        };
        let made = self.0.wasm.get_or_init(|| make().map_err(|error| error.to_string()));
        made.as_ref().map_err(|reason| Error::host(reason.clone()))
    }

    /// The queue of who waits.
    pub(crate) fn waiters(&self) -> &Arc<WaitQueue> {
        &self.0.waiters
    }

    /// What artifacts are signed with.
    pub(crate) fn artifact_key(&self) -> Result<&ArtifactKey> {
        if let Some(given) = &self.0.config.artifact_key {
            return Ok(given);
        }
        let made = self.0.random_key.get_or_init(|| {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
            Ok(ArtifactKey::new(&bytes))
        });
        made.as_ref().map_err(|reason| Error::host(reason.clone()))
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("config", &self.0.config).finish_non_exhaustive()
    }
}
