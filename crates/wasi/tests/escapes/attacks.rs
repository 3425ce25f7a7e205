//! All that can be done with a path.

use holm_wasi::{Errno, OpenFlags};

use crate::support::{Guest, How};
use crate::world::{INSIDE, SECOND};

/// Something to be done with a path.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&mut Guest, &str) -> Result<(), Errno>,
}

/// A time that nothing has.
pub(crate) const TIME: u64 = 1_000_000_000_000_000_000;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "read", run: |guest, path| read(guest, path, How::READ) },
    Attack {
        name: "read link",
        run: |guest, path| read(guest, path, How { follow: false, ..How::READ }),
    },
    Attack { name: "write", run: |guest, path| write(guest, path, How::WRITE) },
    Attack { name: "create", run: |guest, path| write(guest, path, How::CREATE) },
    Attack {
        name: "create new",
        run: |guest, path| {
            let flags = OpenFlags::CREATE.and(OpenFlags::EXCLUSIVE);
            write(guest, path, How { flags, ..How::WRITE })
        },
    },
    Attack { name: "truncate", run: |guest, path| write(guest, path, How::TRUNCATE) },
    Attack {
        name: "folder",
        run: |guest, path| {
            let folder = guest.open(INSIDE, path, How::FOLDER)?;
            guest.list(folder)?;
            let stolen = guest.open(folder, "secret", How::READ);
            if let Ok(file) = stolen {
                guest.read(file)?;
            }
            guest.close(folder)
        },
    },
    Attack { name: "stat", run: |guest, path| guest.stat(INSIDE, path, true).map(drop) },
    Attack { name: "stat link", run: |guest, path| guest.stat(INSIDE, path, false).map(drop) },
    Attack { name: "times", run: |guest, path| guest.set_times(INSIDE, path, true, TIME) },
    Attack { name: "times link", run: |guest, path| guest.set_times(INSIDE, path, false, TIME) },
    Attack { name: "mkdir", run: |guest, path| guest.create_folder(INSIDE, path) },
    Attack { name: "rmdir", run: |guest, path| guest.remove_folder(INSIDE, path) },
    Attack { name: "unlink", run: |guest, path| guest.unlink(INSIDE, path) },
    Attack { name: "symlink", run: |guest, path| guest.symlink("file", INSIDE, path) },
    Attack { name: "readlink", run: |guest, path| guest.read_link(INSIDE, path).map(drop) },
    Attack {
        name: "link from",
        run: |guest, path| {
            guest.link(INSIDE, path, INSIDE, "stolen")?;
            // It may be a link itself, which leads nowhere from here either.
            if let Ok(file) = guest.open(INSIDE, "stolen", How::WRITE) {
                guest.read(file)?;
                guest.write(file, b"changed")?;
            }
            Ok(())
        },
    },
    Attack { name: "link to", run: |guest, path| guest.link(INSIDE, "spare", INSIDE, path) },
    Attack {
        name: "rename from",
        run: |guest, path| {
            guest.rename(INSIDE, path, SECOND, "stolen")?;
            if let Ok(file) = guest.open(SECOND, "stolen", How::WRITE) {
                guest.read(file)?;
                guest.write(file, b"changed")?;
            }
            Ok(())
        },
    },
    Attack { name: "rename to", run: |guest, path| guest.rename(INSIDE, "spare", INSIDE, path) },
    Attack {
        name: "rename folder to",
        run: |guest, path| guest.rename(INSIDE, "folder", INSIDE, path),
    },
];

fn read(guest: &mut Guest, path: &str, how: How) -> Result<(), Errno> {
    let file = guest.open(INSIDE, path, how)?;
    // What was opened may be a folder: reading is refused then.
    match guest.read(file) {
        Ok(_) | Err(Errno::IsDir) => guest.close(file),
        Err(errno) => Err(errno),
    }
}

fn write(guest: &mut Guest, path: &str, how: How) -> Result<(), Errno> {
    let file = guest.open(INSIDE, path, how)?;
    guest.write(file, b"changed")?;
    guest.close(file)
}
