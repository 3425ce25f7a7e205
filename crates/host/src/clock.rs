//! Time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where an isolate's timers and `performance` get the time. (`Date` is ECMAScript's own and
/// reads the system's clock.)
pub trait Clock {
    /// Time since this clock was made; never goes back.
    fn elapsed(&self) -> Duration;

    /// Milliseconds since 1970 at which this clock was made.
    fn origin_ms(&self) -> f64;
}

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
    origin: SystemTime,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { start: Instant::now(), origin: SystemTime::now() }
    }
}

impl Clock for SystemClock {
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn origin_ms(&self) -> f64 {
        let since = self.origin.duration_since(UNIX_EPOCH).unwrap_or_default();
        since.as_secs_f64() * 1000.0
    }
}
