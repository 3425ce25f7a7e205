//! The files of a code cache: their names, their number, and which have to go.

use std::fs::File;
use std::io;
use std::time::{Duration, SystemTime};

use rustix::fs::{Stat, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, futimens};

use super::CodeCacheUsage;
use super::folder::{Folder, TEMPORARY};
use crate::artifact::Subject;

const SUFFIX: &str = ".code";

/// So many modules are kept, however small: to count ten thousand files takes some 10 ms.
const MAX_MODULES: usize = 10_000;

/// When a file was last used is noted once in this time.
const MARK_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Nobody writes for so long: who began this file was ended.
const ABANDONED_AFTER: Duration = Duration::from_secs(60 * 60);

/// A file of the cache.
pub(super) struct Entry {
    name: String,
    bytes: u64,
    used: SystemTime,
}

/// What the file about this is called.
pub(super) fn name_of(subject: &Subject) -> String {
    format!("{}{SUFFIX}", subject.id().to_hex())
}

/// All that a cache put into its folder, but for the key.
pub(super) fn list(folder: &Folder) -> io::Result<Vec<Entry>> {
    let files = folder.files()?.into_iter();
    let own = files.filter(|(name, _)| name.ends_with(SUFFIX) || name.ends_with(TEMPORARY));
    Ok(own.map(|(name, stat)| Entry::new(name, &stat)).collect())
}

pub(super) fn usage(entries: &[Entry]) -> CodeCacheUsage {
    let modules = entries.iter().filter(|entry| !entry.is_temporary()).count();
    CodeCacheUsage { modules, bytes: entries.iter().map(|entry| entry.bytes).sum() }
}

/// Removes them all.
pub(super) fn clear(folder: &Folder) -> io::Result<CodeCacheUsage> {
    let entries = list(folder)?;
    for entry in &entries {
        folder.remove(&entry.name);
    }
    Ok(usage(&entries))
}

pub(super) fn is_too_much(held: CodeCacheUsage, limit_bytes: u64) -> bool {
    held.bytes > limit_bytes || held.modules > MAX_MODULES
}

/// Removes what was abandoned and, if there is too much, what was used longest ago, until it is
/// three quarters of that: so it need not be done for each file. Says what is left.
pub(super) fn tidy(folder: &Folder, limit_bytes: u64) -> io::Result<CodeCacheUsage> {
    let (temporary, mut modules): (Vec<_>, Vec<_>) =
        list(folder)?.into_iter().partition(Entry::is_temporary);
    for entry in temporary.iter().filter(|entry| entry.age() > ABANDONED_AFTER) {
        folder.remove(&entry.name);
    }
    let mut held = usage(&modules);
    if !is_too_much(held, limit_bytes) {
        return Ok(held);
    }
    modules.sort_by_key(|entry| entry.used);
    for entry in &modules {
        if held.bytes <= limit_bytes / 4 * 3 && held.modules <= MAX_MODULES / 4 * 3 {
            break;
        }
        folder.remove(&entry.name);
        held.bytes -= entry.bytes;
        held.modules -= 1;
    }
    Ok(held)
}

/// Notes that a file is used.
pub(super) fn mark_used(file: &File) {
    let is_recent = file.metadata().and_then(|data| data.modified()).is_ok_and(|modified| {
        // One that is of the future is wrong, and would never be removed.
        SystemTime::now().duration_since(modified).is_ok_and(|age| age < MARK_EVERY)
    });
    if !is_recent {
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let omitted = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
        let times = Timestamps { last_access: omitted, last_modification: now };
        // If it cannot be noted, the file goes sooner.
        futimens(file, &times).ok();
    }
}

impl Entry {
    fn new(name: String, stat: &Stat) -> Self {
        let since = Duration::new(
            u64::try_from(stat.st_mtime).unwrap_or(0),
            u32::try_from(stat.st_mtime_nsec).unwrap_or(0).min(999_999_999),
        );
        let bytes = u64::try_from(stat.st_size).unwrap_or(0);
        Self { name, bytes, used: SystemTime::UNIX_EPOCH + since }
    }

    fn is_temporary(&self) -> bool {
        self.name.ends_with(TEMPORARY)
    }

    /// Nothing, if it is of the future.
    fn age(&self) -> Duration {
        SystemTime::now().duration_since(self.used).unwrap_or_default()
    }
}
