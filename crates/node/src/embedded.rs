//! The scripts of `js/`, compiled by `build.rs`.
//!
//! Each is a function that takes its native parts and gives what it makes.

use holm_js::{Ctx, Error, Function, Result, run_bytecode};

/// One of the embedded scripts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Embedded {
    Commonjs,
    Events,
    Process,
    WorkerThreads,
}

impl Embedded {
    fn bytecode(self) -> &'static [u8] {
        match self {
            Self::Commonjs => include_bytes!(concat!(env!("OUT_DIR"), "/commonjs.bytecode")),
            Self::Events => include_bytes!(concat!(env!("OUT_DIR"), "/events.bytecode")),
            Self::Process => include_bytes!(concat!(env!("OUT_DIR"), "/process.bytecode")),
            Self::WorkerThreads => {
                include_bytes!(concat!(env!("OUT_DIR"), "/worker_threads.bytecode"))
            }
        }
    }

    /// The script's function.
    pub(crate) fn load<'js>(self, ctx: &Ctx<'js>) -> Result<Function<'js>> {
        run_bytecode(ctx, self.bytecode())?.into_function().ok_or(Error::Unknown)
    }
}
