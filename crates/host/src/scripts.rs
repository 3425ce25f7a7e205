//! Programs by URL: how a worker gets its own, wherever modules come from.

use std::fmt;

use holm_js::{Ctx, Promise, Result, Value};

/// Finds and runs scripts and modules.
pub trait Scripts {
    /// Imports the module of that URL as the program's main one. `source` is its text, where the
    /// URL alone does not tell.
    fn run_module<'js>(
        &self,
        ctx: &Ctx<'js>,
        url: &str,
        source: Option<String>,
    ) -> Result<Promise<'js>>;

    /// The text of a classic script.
    fn read_script(&self, ctx: &Ctx<'_>, url: &str) -> Result<String>;
}

/// Is told of errors that nobody caught; says whether that settles it, or ends the program.
pub type Uncaught = dyn for<'js> Fn(&Ctx<'js>, &Value<'js>, UncaughtOrigin) -> Result<bool>;

/// Where an error came from that nobody caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UncaughtOrigin {
    /// It was thrown.
    Exception,
    /// A promise was rejected with it.
    Rejection,
}

impl fmt::Debug for dyn Scripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripts").finish_non_exhaustive()
    }
}
