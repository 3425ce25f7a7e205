//! What a module that runs by itself is given: arguments, environment, files, clocks.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use rustix::time::{ClockId, clock_getres, clock_gettime};

use crate::Errno;
use crate::descriptors::{Descriptor, Descriptors};
use crate::file::{File, Folder};
use crate::types::nanoseconds;

/// Arguments and environment together may be so long: modules copy them into their memories.
const MAX_STRINGS_BYTES: usize = 16 << 20;

/// A clock by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The time of day.
    Realtime,
    /// One that never goes back.
    Monotonic,
    /// What the process has used.
    Process,
    /// What the thread has used.
    Thread,
}

impl Clock {
    pub(crate) fn from_number(number: u32) -> Result<Self, Errno> {
        Ok(match number {
            0 => Self::Realtime,
            1 => Self::Monotonic,
            2 => Self::Process,
            3 => Self::Thread,
            _ => return Err(Errno::Inval),
        })
    }

    fn host(self) -> ClockId {
        match self {
            Self::Realtime => ClockId::Realtime,
            Self::Monotonic => ClockId::Monotonic,
            Self::Process => ClockId::ProcessCPUTime,
            Self::Thread => ClockId::ThreadCPUTime,
        }
    }
}

/// Where a module's time and chance come from.
pub trait Surroundings: Send + Sync + 'static {
    /// The time of a clock, in nanoseconds.
    fn now(&self, clock: Clock) -> u64 {
        let time = clock_gettime(clock.host());
        nanoseconds(time.tv_sec, time.tv_nsec)
    }

    /// The shortest time that a clock tells apart, in nanoseconds.
    fn resolution(&self, clock: Clock) -> u64 {
        let time = clock_getres(clock.host());
        nanoseconds(time.tv_sec, time.tv_nsec)
    }

    /// Random bytes.
    fn fill_random(&self, into: &mut [u8]) -> Result<(), Errno> {
        Ok(getrandom::fill(into)?)
    }

    /// Whether the module is to stop: asked again and again while it waits.
    fn must_stop(&self) -> bool {
        false
    }
}

/// The machine's own, for ever.
#[derive(Clone, Copy, Debug)]
pub struct Machine;

impl Surroundings for Machine {}

/// What a module was given, and what it made of it. Several threads may share one.
pub struct Context {
    pub(crate) arguments: Strings,
    pub(crate) environment: Strings,
    pub(crate) descriptors: Descriptors,
    pub(crate) surroundings: Box<dyn Surroundings>,
    /// Bytes that may still be written.
    quota: AtomicU64,
    /// What lists of folders take that are being told.
    pub(crate) listed_bytes: Arc<AtomicUsize>,
    /// When the call began that waits for whoever feeds a stream, and is made again then.
    pub(crate) waits_since: Mutex<Option<Instant>>,
}

/// Texts, each with a NUL at its end.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    pub(crate) bytes: Vec<u8>,
    pub(crate) starts: Vec<u32>,
}

/// A text that no module can be given.
#[derive(Clone, Debug)]
pub enum BadString {
    /// It has a NUL inside.
    Nul(String),
    /// Together they are too long.
    TooLong,
}

impl Strings {
    fn new(texts: impl IntoIterator<Item = String>) -> Result<Self, BadString> {
        let mut strings = Self::default();
        for text in texts {
            if text.contains('\0') {
                return Err(BadString::Nul(text));
            }
            strings.starts.push(strings.bytes.len() as u32);
            strings.bytes.extend_from_slice(text.as_bytes());
            strings.bytes.push(0);
            if strings.bytes.len() > MAX_STRINGS_BYTES {
                return Err(BadString::TooLong);
            }
        }
        Ok(strings)
    }
}

/// What a module is to be given.
pub struct ContextBuilder {
    arguments: Strings,
    environment: Strings,
    streams: [Arc<dyn File>; 3],
    preopens: Vec<Descriptor>,
    surroundings: Box<dyn Surroundings>,
    quota: u64,
}

impl ContextBuilder {
    /// With these as standard input, output and error, and nothing else.
    pub fn new(streams: [Arc<dyn File>; 3]) -> Self {
        Self {
            arguments: Strings::default(),
            environment: Strings::default(),
            streams,
            preopens: Vec::new(),
            surroundings: Box::new(Machine),
            quota: u64::MAX,
        }
    }

    /// Its arguments, the name of the program first.
    pub fn arguments(mut self, all: Vec<String>) -> Result<Self, BadString> {
        self.arguments = Strings::new(all)?;
        Ok(self)
    }

    /// Its environment.
    pub fn environment(mut self, all: Vec<(String, String)>) -> Result<Self, BadString> {
        let all = all.into_iter().map(|(name, value)| format!("{name}={value}"));
        self.environment = Strings::new(all)?;
        Ok(self)
    }

    /// Gives it a folder by a name.
    pub fn preopen(mut self, folder: Arc<dyn Folder>, name: &str, read_only: bool) -> Self {
        self.preopens.push(Descriptor::preopen(folder, name.as_bytes(), read_only));
        self
    }

    /// Where its time and chance come from.
    pub fn surroundings(mut self, surroundings: Box<dyn Surroundings>) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// It may write so many bytes, to whatever it has.
    pub fn write_quota_bytes(mut self, bytes: u64) -> Self {
        self.quota = bytes;
        self
    }

    /// Puts it together.
    ///
    /// # Errors
    /// With more folders than there are descriptors.
    pub fn build(self) -> Result<Context, Errno> {
        let descriptors = Descriptors::default();
        for (number, stream) in self.streams.into_iter().enumerate() {
            descriptors.add(Descriptor::stream(stream, number == 0))?;
        }
        for preopen in self.preopens {
            descriptors.add(preopen)?;
        }
        Ok(Context {
            arguments: self.arguments,
            environment: self.environment,
            descriptors,
            surroundings: self.surroundings,
            quota: AtomicU64::new(self.quota),
            listed_bytes: Arc::default(),
            waits_since: Mutex::default(),
        })
    }
}

impl Context {
    /// How much of `wanted` may be written; it is taken from the quota.
    pub(crate) fn take_quota(&self, wanted: u64) -> Result<u64, Errno> {
        let mut granted = 0;
        let take = |left: u64| {
            granted = wanted.min(left);
            // Nothing to count where there is no quota.
            (left != u64::MAX && granted > 0).then(|| left - granted)
        };
        let _counted = self.quota.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if granted == 0 && wanted > 0 { Err(Errno::DQuot) } else { Ok(granted) }
    }

    /// Does what takes so much of what may be written, if there is so much.
    pub(crate) fn charged<T>(
        &self,
        cost: u64,
        body: impl FnOnce() -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        let granted = self.take_quota(cost)?;
        let done = if granted == cost { body() } else { Err(Errno::DQuot) };
        if done.is_err() {
            self.return_quota(granted);
        }
        done
    }

    /// Gives back what was taken and not written.
    pub(crate) fn return_quota(&self, unused: u64) {
        let give = |left: u64| (left != u64::MAX).then(|| left.saturating_add(unused));
        let _counted = self.quota.fetch_update(Ordering::Relaxed, Ordering::Relaxed, give);
    }
}

impl fmt::Display for BadString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nul(text) => write!(f, "{text:?} has a NUL inside, which no argument can have"),
            Self::TooLong => {
                write!(f, "they are longer than {} MiB together", MAX_STRINGS_BYTES >> 20)
            }
        }
    }
}

impl std::error::Error for BadString {}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}

impl fmt::Debug for ContextBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextBuilder").finish_non_exhaustive()
    }
}
