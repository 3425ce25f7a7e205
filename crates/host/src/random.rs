//! Randomness.

use std::io;

/// Where an isolate's random bytes come from. (`Math.random` is the engine's own.)
pub trait Random {
    /// Fills `bytes` with bytes fit for cryptography.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()>;
}

/// The system's generator.
#[derive(Clone, Copy, Debug)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(io::Error::other)
    }
}
