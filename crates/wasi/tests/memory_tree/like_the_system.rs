//! The same calls on a folder of the system and on a tree in memory: they have the same outcome.

use std::collections::HashMap;
use std::sync::Arc;

use holm_wasi::{Errno, Folder, HostFolder, MemoryTree, OpenFlags};

use crate::support::{Guest, How, Random, Stat, builder};

/// The folder that both begin with.
const ROOT: u32 = 3;
/// So many rounds, of so many calls each.
const ROUNDS: u64 = 1000;
const CALLS: usize = 60;
const BUDGET_BYTES: u64 = 64 << 20;

/// Few names, so that calls meet each other's files.
const NAMES: &[&str] = &["a", "b", "c"];
const TARGETS: &[&str] =
    &["a", "b", "../a", "a/b", "b/", ".", "..", "../..", "/a", "c/../a", "a/."];

impl Random {
    fn index(&mut self, limit: usize) -> usize {
        self.below(limit as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    fn path(&mut self) -> String {
        let mut path = String::new();
        for _ in 0..=self.index(3) {
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(match self.index(24) {
                0 => ".",
                1 => "..",
                2 => "",
                _ => self.pick(NAMES),
            });
        }
        if self.index(8) == 0 {
            path.push('/');
        }
        path
    }

    fn how(&mut self) -> How {
        let mut flags = OpenFlags::NONE;
        for flag in [OpenFlags::CREATE, OpenFlags::EXCLUSIVE, OpenFlags::TRUNCATE] {
            if self.index(3) == 0 {
                flags = flags.and(flag);
            }
        }
        if self.index(5) == 0 {
            flags = flags.and(OpenFlags::DIRECTORY);
        }
        let base = self.pick(&[How::READ, How::WRITE, How::WRITE, How::FOLDER]);
        How { follow: self.index(2) == 0, flags, inheriting: How::FOLDER.inheriting, ..base }
    }
}

/// Two that do the same.
struct Pair {
    guests: [Guest; 2],
    /// Numbers of files, one like the other.
    known: HashMap<u64, u64>,
    /// What was opened.
    open: Vec<u32>,
    said: Vec<String>,
}

impl Pair {
    /// Does something with both, and compares what came of it.
    fn both<R: PartialEq + std::fmt::Debug>(
        &mut self,
        what: String,
        mut call: impl FnMut(&mut Guest) -> Result<R, Errno>,
    ) -> Option<R> {
        let [host, memory] = &mut self.guests;
        let (host, memory) = (call(host), call(memory));
        // What is told of paths that end so depends on the system, and of two bad paths also which
        // of them it looks at first.
        let has_two = ["link", "rename", "symlink"].iter().any(|call| what.starts_with(call));
        let is_odd = has_two || ["/\"", ".\""].iter().any(|end| what.contains(end));
        // Linux makes no file where a link ends with a slash, before it looks where that leads.
        let is_odd = is_odd || (what.starts_with("open") && matches!(host, Err(Errno::IsDir)));
        self.said.push(format!("{what}: {host:?}"));
        if !is_odd || host.is_ok() || memory.is_ok() {
            let said = self.said.join("\n");
            assert_eq!(memory, host, "in memory, and on the system, after\n{said}");
        }
        host.ok()
    }

    /// As `both`, for what has other numbers and times in each.
    fn stat(&mut self, what: String, call: impl Fn(&mut Guest) -> Result<Stat, Errno>) {
        let mut numbers = Vec::new();
        self.both(what, |guest| {
            let stat = call(guest)?;
            numbers.push(stat.ino);
            let is_folder = stat.kind == 3;
            let known = if is_folder { (0, 0) } else { (stat.nlink, stat.size) };
            Ok((stat.kind, known))
        });
        if let [host, memory] = numbers[..] {
            let before = *self.known.entry(memory).or_insert(host);
            assert_eq!(before, host, "another file after\n{}", self.said.join("\n"));
        }
    }

    fn step(&mut self, random: &mut Random) {
        let at = self.pick_open(random);
        let path = random.path();
        let follow = random.index(2) == 0;
        match random.index(16) {
            0..=2 => {
                let how = random.how();
                let what = format!("open {at} {path:?} {how:?}");
                let opened = self.both(what, |guest| guest.open(at, &path, how));
                self.open.extend(opened);
            }
            3 => drop(self.both(format!("mkdir {at} {path:?}"), |g| g.create_folder(at, &path))),
            4 => drop(self.both(format!("rmdir {at} {path:?}"), |g| g.remove_folder(at, &path))),
            5 => drop(self.both(format!("unlink {at} {path:?}"), |g| g.unlink(at, &path))),
            6 => {
                let target = random.pick(TARGETS);
                let what = format!("symlink {target:?} {at} {path:?}");
                self.both(what, |guest| guest.symlink(target, at, &path));
            }
            7 => {
                self.both(format!("readlink {at} {path:?}"), |guest| guest.read_link(at, &path));
            }
            8 => self.stat(format!("stat {at} {path:?} {follow}"), |g| g.stat(at, &path, follow)),
            9 => {
                let (to, new) = (self.pick_open(random), random.path());
                let what = format!("link {at} {path:?} {to} {new:?}");
                self.both(what, |guest| guest.link(at, &path, to, &new));
            }
            10 | 11 => {
                let (to, new) = (self.pick_open(random), random.path());
                let what = format!("rename {at} {path:?} {to} {new:?}");
                self.both(what, |guest| guest.rename(at, &path, to, &new));
            }
            12 => {
                let what = format!("times {at} {path:?} {follow}");
                self.both(what, |guest| guest.set_times(at, &path, follow, 1_000_000_000));
            }
            _ => self.step_open(random, at),
        }
    }

    fn pick_open(&mut self, random: &mut Random) -> u32 {
        if self.open.is_empty() || random.index(3) == 0 { ROOT } else { random.pick(&self.open) }
    }

    /// Does something with what is open.
    fn step_open(&mut self, random: &mut Random, at: u32) {
        let bytes = &[b'x'; 20][..random.index(20)];
        let offset = random.index(60) as u64;
        match random.index(11) {
            0 | 1 => drop(self.both(format!("write {at} {bytes:?}"), |g| g.write(at, bytes))),
            2 => drop(self.both(format!("read {at}"), |guest| guest.read(at))),
            3 => {
                let what = format!("pwrite {at} {bytes:?} {offset}");
                self.both(what, |guest| guest.write_at(at, bytes, offset));
            }
            4 => drop(self.both(format!("pread {at} {offset}"), |g| g.read_at(at, offset))),
            5 => {
                let (by, whence) = (offset as i64 - 20, random.index(3) as u32);
                let what = format!("seek {at} {by} {whence}");
                self.both(what, |guest| guest.seek(at, by, whence));
            }
            6 => {
                let arguments = [u64::from(at), offset].map(Into::into);
                let what = format!("set size {at} {offset}");
                self.both(what, |guest| guest.call("fd_filestat_set_size", &arguments));
            }
            7 => {
                let arguments = [u64::from(at), offset, 7].map(Into::into);
                let what = format!("allocate {at} {offset}");
                self.both(what, |guest| guest.call("fd_allocate", &arguments));
            }
            8 => self.stat(format!("stat {at}"), |guest| guest.stat_open(at)),
            9 => drop(self.both(format!("list {at}"), |guest| guest.list(at))),
            _ if at != ROOT => {
                self.open.retain(|open| *open != at);
                self.both(format!("close {at}"), |guest| guest.close(at));
            }
            _ => {
                let flags = random.pick(&[0_u64, 1]);
                let arguments = [u64::from(at), flags].map(Into::into);
                let what = format!("flags {at} {flags}");
                self.both(what, |guest| guest.call("fd_fdstat_set_flags", &arguments));
            }
        }
    }
}

#[test]
fn random_calls_have_the_same_outcome() {
    for round in 0..ROUNDS {
        let temp = tempfile::tempdir().expect("a folder");
        let host = HostFolder::open_ambient(temp.path()).expect("a folder");
        let folders: [Arc<dyn Folder>; 2] = [Arc::new(host), MemoryTree::new(BUDGET_BYTES).root()];
        let guests = folders.map(|folder| Guest::new(builder().preopen(folder, "/", false)));
        let mut pair = Pair { guests, known: HashMap::new(), open: Vec::new(), said: Vec::new() };
        let mut random = Random(round);
        for _ in 0..CALLS {
            pair.step(&mut random);
        }
    }
}
