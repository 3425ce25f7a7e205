//! A folder that a guest is given, and what lies beside it and must stay as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holm_wasi::HostFolder;
use tempfile::TempDir;

use crate::support::{Guest, builder};

/// The folder `inside`.
pub(crate) const INSIDE: u32 = 3;
/// The folder `second`, which the guest has too.
pub(crate) const SECOND: u32 = 4;

/// What no guest may ever have in its memory.
pub(crate) const SECRET: &[u8] = b"SECRET: what is outside";

pub(crate) struct World {
    temp: TempDir,
    pub(crate) guest: Guest,
    before: Snapshot,
}

/// What is known of all that lies outside: bytes, targets of links, and when it changed.
type Snapshot = BTreeMap<PathBuf, (Vec<u8>, [i64; 4])>;

impl World {
    /// Makes it, changes it by `prepare`, and notes what is outside then.
    pub(crate) fn new(prepare: impl FnOnce(&Path)) -> Self {
        Self::with(prepare, false)
    }

    /// One in which the guest may only read.
    pub(crate) fn read_only() -> Self {
        Self::with(|_| {}, true)
    }

    fn with(prepare: impl FnOnce(&Path), read_only: bool) -> Self {
        let temp = tempfile::tempdir().expect("a folder");
        let root = temp.path();
        for folder in ["inside/folder", "second", "outside/folder", "outside/empty"] {
            fs::create_dir_all(root.join(folder)).expect("a folder");
        }
        for file in ["inside/file", "inside/spare", "inside/folder/deep", "second/file"] {
            fs::write(root.join(file), "of the guest").expect("a file");
        }
        for file in ["outside/secret", "outside/folder/secret", "beside"] {
            fs::write(root.join(file), SECRET).expect("a file");
        }
        symlink("secret", root.join("outside/link")).expect("a link");
        prepare(root);
        let folder = |name| Arc::new(HostFolder::open_ambient(&root.join(name)).expect("a folder"));
        let builder = builder().preopen(folder("inside"), "/", read_only);
        let guest = Guest::new(builder.preopen(folder("second"), "/second", read_only));
        let before = snapshot(root);
        Self { temp, guest, before }
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.temp.path().join(path)
    }

    /// Whatever the guest did, nothing outside changed, and it knows nothing of it.
    pub(crate) fn check(&self, what: &str) {
        assert_eq!(snapshot(self.temp.path()), self.before, "{what} changed what is outside");
        self.check_memory(what);
    }

    fn check_memory(&self, what: &str) {
        let mut memory = self.guest.memory.bytes();
        let end = memory.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 8);
        memory.truncate(end);
        let has_secret = memory.windows(SECRET.len()).any(|bytes| bytes == SECRET);
        assert!(!has_secret, "{what} told the secret");
        let numbers: BTreeSet<i64> = self.before.values().map(|(_, known)| known[0]).collect();
        let told = memory.windows(8).find_map(|bytes| {
            let number = i64::from_le_bytes(bytes.try_into().expect("eight bytes"));
            numbers.contains(&number).then_some(number)
        });
        assert_eq!(told, None, "{what} told the number of a file outside");
    }

    /// Takes what the host did meanwhile for granted.
    pub(crate) fn note(&mut self) {
        self.before = snapshot(self.temp.path());
    }
}

/// What is below `root`, but for the guest's own folders; of these only that they are there.
fn snapshot(root: &Path) -> Snapshot {
    let mut all = Snapshot::new();
    note(root, root, &mut all);
    all
}

fn note(root: &Path, path: &Path, all: &mut Snapshot) {
    let known = path.symlink_metadata().expect("it is there");
    let bytes = if known.is_file() {
        fs::read(path).expect("a file")
    } else if known.is_symlink() {
        fs::read_link(path).expect("a link").into_os_string().into_encoded_bytes()
    } else {
        Vec::new()
    };
    let numbers = [known.ino() as i64, known.nlink() as i64, known.ctime(), known.ctime_nsec()];
    all.insert(path.strip_prefix(root).expect("below it").to_owned(), (bytes, numbers));
    if known.is_dir() {
        for entry in fs::read_dir(path).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = entry.file_name();
            if path == root && (name == "inside" || name == "second") {
                continue;
            }
            note(root, &entry.path(), all);
        }
    }
}
