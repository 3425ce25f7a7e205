//! The scripts of `js/`, compiled by `build.rs`.
//!
//! Each is a function that takes its native parts and gives what it makes.

use holm_js::{Ctx, Error, Function, Result, run_bytecode};

/// One of the embedded scripts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Embedded {
    Buffer,
    Commonjs,
    Crypto,
    CryptoDerive,
    CryptoHash,
    CryptoKeys,
    CryptoTransform,
    Events,
    EventsAwaited,
    Fs,
    FsClasses,
    FsOperations,
    FsPromises,
    Os,
    Path,
    Process,
    StringDecoder,
    Url,
    WorkerThreads,
}

impl Embedded {
    fn bytecode(self) -> &'static [u8] {
        match self {
            Self::Buffer => include_bytes!(concat!(env!("OUT_DIR"), "/buffer.bytecode")),
            Self::Commonjs => include_bytes!(concat!(env!("OUT_DIR"), "/commonjs.bytecode")),
            Self::Crypto => include_bytes!(concat!(env!("OUT_DIR"), "/crypto.bytecode")),
            Self::CryptoDerive => {
                include_bytes!(concat!(env!("OUT_DIR"), "/crypto_derive.bytecode"))
            }
            Self::CryptoHash => include_bytes!(concat!(env!("OUT_DIR"), "/crypto_hash.bytecode")),
            Self::CryptoKeys => include_bytes!(concat!(env!("OUT_DIR"), "/crypto_keys.bytecode")),
            Self::CryptoTransform => {
                include_bytes!(concat!(env!("OUT_DIR"), "/crypto_transform.bytecode"))
            }
            Self::Events => include_bytes!(concat!(env!("OUT_DIR"), "/events.bytecode")),
            Self::EventsAwaited => {
                include_bytes!(concat!(env!("OUT_DIR"), "/events_awaited.bytecode"))
            }
            Self::Fs => include_bytes!(concat!(env!("OUT_DIR"), "/fs.bytecode")),
            Self::FsClasses => include_bytes!(concat!(env!("OUT_DIR"), "/fs_classes.bytecode")),
            Self::FsOperations => {
                include_bytes!(concat!(env!("OUT_DIR"), "/fs_operations.bytecode"))
            }
            Self::FsPromises => include_bytes!(concat!(env!("OUT_DIR"), "/fs_promises.bytecode")),
            Self::Os => include_bytes!(concat!(env!("OUT_DIR"), "/os.bytecode")),
            Self::Path => include_bytes!(concat!(env!("OUT_DIR"), "/path.bytecode")),
            Self::Process => include_bytes!(concat!(env!("OUT_DIR"), "/process.bytecode")),
            Self::StringDecoder => {
                include_bytes!(concat!(env!("OUT_DIR"), "/string_decoder.bytecode"))
            }
            Self::Url => include_bytes!(concat!(env!("OUT_DIR"), "/url.bytecode")),
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

/// The function of any of them, by its path in `js/`.
pub(crate) fn load<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Function<'js>> {
    let bytecode = bytecode(name).ok_or(Error::Unknown)?;
    run_bytecode(ctx, bytecode)?.into_function().ok_or(Error::Unknown)
}

fn bytecode(name: &str) -> Option<&'static [u8]> {
    Some(include!(concat!(env!("OUT_DIR"), "/scripts.rs")))
}
