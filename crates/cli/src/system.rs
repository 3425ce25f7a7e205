//! What this process uses and whose it is, from the files that Linux shows of it.

use std::fs;
use std::time::Duration;

use holm::{Identity, SystemFacts, Usage, UsageOf};
use rustix::process::{getegid, geteuid, getgid, getgroups, getuid};
use rustix::time::{ClockId, clock_gettime};

/// The process that this command is.
#[derive(Debug)]
pub(crate) struct ThisProcess;

impl SystemFacts for ThisProcess {
    fn resident_bytes(&self) -> Option<u64> {
        let pages = fs::read_to_string("/proc/self/statm").ok()?;
        let pages: u64 = pages.split_whitespace().nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    }

    fn available_bytes(&self) -> Option<u64> {
        Some(labelled(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable")? << 10)
    }

    fn usage(&self, of: UsageOf) -> Option<Usage> {
        let (folder, clock) = match of {
            UsageOf::Process => ("/proc/self", ClockId::ProcessCPUTime),
            UsageOf::Thread => ("/proc/thread-self", ClockId::ThreadCPUTime),
        };
        let read = |name: &str| fs::read_to_string(format!("{folder}/{name}"));
        let (status, stat) = (read("status").ok()?, read("stat").ok()?);
        // The second field is a name, which may hold anything.
        let fields: Vec<u64> = stat
            .rsplit_once(')')?
            .1
            .split_whitespace()
            .skip(1)
            .map(|field| field.parse().unwrap_or(0))
            .collect();
        let field = |number: usize| fields.get(number - 4).copied();
        // Ticks are coarse: they only say how the exact sum is shared.
        let (user, system) = (field(14)?, field(15)?);
        let time = clock_gettime(clock);
        let time = Duration::new(time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?);
        let share = if user + system == 0 { 1.0 } else { user as f64 / (user + system) as f64 };
        let user = time.mul_f64(share).min(time);
        // Not every system shows it.
        let disk = read("io").unwrap_or_default();
        Some(Usage {
            user,
            system: time - user,
            max_resident_bytes: labelled(&status, "VmHWM").unwrap_or(0) << 10,
            minor_faults: field(10)?,
            major_faults: field(12)?,
            read_bytes: labelled(&disk, "read_bytes").unwrap_or(0),
            written_bytes: labelled(&disk, "write_bytes").unwrap_or(0),
            voluntary_switches: labelled(&status, "voluntary_ctxt_switches").unwrap_or(0),
            involuntary_switches: labelled(&status, "nonvoluntary_ctxt_switches").unwrap_or(0),
        })
    }

    fn identity(&self) -> Identity {
        let groups = getgroups().unwrap_or_default();
        Identity {
            user: (getuid().as_raw(), geteuid().as_raw()),
            group: (getgid().as_raw(), getegid().as_raw()),
            groups: groups.into_iter().map(|group| group.as_raw()).collect(),
        }
    }

    fn umask(&self) -> Option<u32> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        u32::from_str_radix(value(&status, "Umask")?, 8).ok()
    }
}

/// The number in the line that begins with this label.
fn labelled(text: &str, label: &str) -> Option<u64> {
    value(text, label)?.split_whitespace().next()?.parse().ok()
}

fn value<'t>(text: &'t str, label: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(label)?.strip_prefix(':')).map(str::trim)
}
