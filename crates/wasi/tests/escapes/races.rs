//! Attempts to be faster than whoever looks: another thread swaps what a path leads through with
//! a link to outside, while the guest calls, again and again.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::attacks::TIME;
use crate::support::{Guest, How};
use crate::world::{INSIDE, SECOND, SECRET, World};

/// So long each race is run.
const LIMIT: Duration = Duration::from_secs(2);
/// Fewer rounds would prove little.
const MIN_ROUNDS: u64 = 200;

/// Calls `round` while another thread calls `swap`, and then looks whether anything outside
/// changed.
fn race(world: &mut World, swap: impl Fn() + Sync, round: impl FnMut(&mut Guest)) {
    race_unchecked(world, swap, round);
    world.check("a race");
}

fn race_unchecked(world: &mut World, swap: impl Fn() + Sync, mut round: impl FnMut(&mut Guest)) {
    let is_over = AtomicBool::new(false);
    let swaps = AtomicU64::new(0);
    let mut rounds = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                swap();
                swaps.fetch_add(1, Ordering::Relaxed);
            }
        });
        // Also when a round panics, or the other thread would never end.
        let _ends = Ends(&is_over);
        let end = Instant::now() + LIMIT;
        while Instant::now() < end {
            round(&mut world.guest);
            rounds += 1;
        }
    });
    let swaps = swaps.into_inner();
    assert!(rounds > MIN_ROUNDS && swaps > MIN_ROUNDS, "{rounds} rounds, {swaps} swaps");
}

struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Swaps two names at once: each is there at any time.
fn exchange(one: &Path, other: &Path) {
    // The guest may have taken one away, or put something else in its place.
    let _missing = renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE);
}

/// A guest that was told nothing: it opened what is inside, or nothing.
fn read(guest: &mut Guest, folder: u32, path: &str, how: How) {
    if let Ok(file) = guest.open(folder, path, how) {
        if let Ok(bytes) = guest.read(file) {
            assert_ne!(bytes, SECRET, "{path} told the secret");
        }
        guest.close(file).expect("it is open");
    }
}

fn write(guest: &mut Guest, folder: u32, path: &str, how: How) {
    if let Ok(file) = guest.open(folder, path, how) {
        // A file inside, or the folder that stands in for one.
        let _not_for_folders = guest.write(file, b"changed");
        guest.close(file).expect("it is open");
    }
}

/// All that changes something below `door`, which is a folder of the guest's, or a link outside.
/// Each name is that of something outside, too.
fn change_below(guest: &mut Guest, door: &str) {
    let at = |name: &str| format!("{door}/{name}");
    write(guest, INSIDE, &at("secret"), How::CREATE);
    write(guest, INSIDE, &at("secret"), How::TRUNCATE);
    write(guest, INSIDE, &at("new"), How::CREATE);
    // Whether they were refused or reached what is inside depends on the moment.
    let _any = [
        guest.set_times(INSIDE, &at("secret"), true, TIME),
        guest.set_times(INSIDE, &at("link"), false, TIME),
        guest.link(INSIDE, &at("secret"), INSIDE, "stolen"),
        guest.unlink(INSIDE, "stolen"),
        guest.link(INSIDE, "file", INSIDE, &at("linked")),
        guest.unlink(INSIDE, &at("linked")),
        guest.symlink("secret", INSIDE, &at("symbolic")),
        guest.unlink(INSIDE, &at("symbolic")),
        guest.create_folder(INSIDE, &at("made")),
        guest.remove_folder(INSIDE, &at("made")),
        guest.remove_folder(INSIDE, &at("empty")),
        guest.rename(INSIDE, &at("secret"), SECOND, "stolen"),
        guest.unlink(SECOND, "stolen"),
        guest.rename(INSIDE, "spare", INSIDE, &at("secret")),
        guest.rename(INSIDE, &at("secret"), INSIDE, "spare"),
        guest.unlink(INSIDE, &at("new")),
        guest.unlink(INSIDE, &at("link")),
    ];
}

/// All that looks at something below it.
fn look_below(guest: &mut Guest, door: &str, outside: u64) {
    let at = |name: &str| format!("{door}/{name}");
    read(guest, INSIDE, &at("secret"), How::READ);
    read(guest, INSIDE, &at("link"), How::READ);
    for follow in [true, false] {
        for name in ["secret", "folder", "."] {
            if let Ok(stat) = guest.stat(INSIDE, &at(name), follow) {
                assert_ne!(stat.ino, outside, "{name} was told of");
            }
        }
    }
    if let Ok(folder) = guest.open(INSIDE, door, How::FOLDER) {
        let names = guest.list(folder).expect("a folder");
        assert!(!names.contains(&"folder".to_owned()), "{names:?} is what is outside");
        read(guest, folder, "secret", How::READ);
        guest.close(folder).expect("it is open");
    }
    if let Ok(target) = guest.read_link(INSIDE, &at("link")) {
        assert_ne!(target, b"secret", "the link outside was read");
    }
}

/// A world with a folder, and a link to `target` that can take its place.
fn with_door(target: fn(&Path) -> std::path::PathBuf) -> World {
    World::new(|root| {
        fs::create_dir(root.join("inside/door")).expect("a folder");
        fs::write(root.join("inside/door/secret"), "of the guest").expect("a file");
        symlink(target(root), root.join("inside/swap")).expect("a link");
    })
}

fn number(path: &Path) -> u64 {
    std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).expect("it is there"))
}

#[test]
fn a_folder_swapped_with_a_link_is_not_left() {
    for target in [|_: &Path| "../outside".into(), |root: &Path| root.join("outside")] {
        let mut world = with_door(target);
        let (door, swap) = (world.path("inside/door"), world.path("inside/swap"));
        race(&mut world, || exchange(&door, &swap), |guest| change_below(guest, "door"));
    }
}

#[test]
fn what_is_outside_is_not_seen_through_a_folder_swapped_with_a_link() {
    let mut world = with_door(|_| "../outside".into());
    let (door, swap) = (world.path("inside/door"), world.path("inside/swap"));
    let outside = number(&world.path("outside/secret"));
    race(&mut world, || exchange(&door, &swap), |guest| look_below(guest, "door", outside));
}

/// The way back: while a path is walked, the folder that it is in is moved outside, where `..`
/// is another.
#[test]
fn a_folder_moved_while_it_is_walked_through_does_not_lead_outside() {
    let mut world = World::new(|root| {
        fs::create_dir_all(root.join("inside/a/b/c")).expect("a folder");
        fs::create_dir_all(root.join("outside/elsewhere")).expect("a folder");
    });
    let (here, there) = (world.path("inside/a/b"), world.path("outside/elsewhere/b"));
    let outside = number(&world.path("outside/secret"));
    let swap = || {
        fs::rename(&here, &there).expect("it is here");
        fs::rename(&there, &here).expect("it is there");
    };
    let round = |guest: &mut Guest| {
        for path in ["a/b/c/../../../secret", "a/b/../../secret", "a/b/c/../../../../secret"] {
            read(guest, INSIDE, path, How::READ);
            write(guest, INSIDE, path, How::WRITE);
            if let Ok(stat) = guest.stat(INSIDE, path, true) {
                assert_ne!(stat.ino, outside, "{path} was told of");
            }
            let _any = [
                guest.unlink(INSIDE, path),
                guest.set_times(INSIDE, path, true, TIME),
                guest.rename(INSIDE, path, INSIDE, "stolen"),
                guest.link(INSIDE, path, INSIDE, "stolen"),
            ];
        }
        for path in ["a/b/c/../../../folder/made", "a/b/c/../../made"] {
            let _any = [guest.create_folder(INSIDE, path), guest.remove_folder(INSIDE, path)];
        }
    };
    // Its own folder outside changes with each move.
    let before = list(&world.path("outside"));
    race_unchecked(&mut world, swap, round);
    assert_eq!(list(&world.path("outside")), before);
}

/// Names and bytes of what is in a folder.
fn list(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let mut all: Vec<_> = entries
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).unwrap_or_default())
        })
        .collect();
    all.sort();
    all
}

/// A file that is a link to outside at some moments.
#[test]
fn a_file_swapped_with_a_link_is_not_written_outside() {
    let mut world = World::new(|root| {
        fs::write(root.join("inside/door"), "of the guest").expect("a file");
        symlink("../outside/secret", root.join("inside/swap")).expect("a link");
    });
    let (door, swap) = (world.path("inside/door"), world.path("inside/swap"));
    let outside = number(&world.path("outside/secret"));
    let round = |guest: &mut Guest| {
        for how in [How::READ, How { follow: false, ..How::READ }] {
            read(guest, INSIDE, "door", how);
        }
        for how in [How::WRITE, How::CREATE, How::TRUNCATE] {
            write(guest, INSIDE, "door", how);
            write(guest, INSIDE, "door", How { follow: false, ..how });
        }
        for follow in [true, false] {
            if let Ok(stat) = guest.stat(INSIDE, "door", follow) {
                assert_ne!(stat.ino, outside, "it was told of");
            }
            let _any = guest.set_times(INSIDE, "door", follow, TIME);
        }
        if guest.link(INSIDE, "door", INSIDE, "stolen").is_ok() {
            read(guest, INSIDE, "stolen", How::READ);
            write(guest, INSIDE, "stolen", How::TRUNCATE);
            guest.unlink(INSIDE, "stolen").expect("it was made");
        }
    };
    race(&mut world, || exchange(&door, &swap), round);
}

/// A link to what is not there yet: making a file there is refused at any moment.
#[test]
fn nothing_is_made_through_a_link_that_comes_and_goes() {
    let mut world = World::new(|root| {
        symlink("../outside/new", root.join("inside/swap")).expect("a link");
        fs::write(root.join("inside/door"), "of the guest").expect("a file");
    });
    let (door, swap) = (world.path("inside/door"), world.path("inside/swap"));
    let round = |guest: &mut Guest| {
        write(guest, INSIDE, "door", How::CREATE);
        let _any = [
            guest.link(INSIDE, "file", INSIDE, "door"),
            guest.symlink("file", INSIDE, "door"),
            guest.create_folder(INSIDE, "door"),
        ];
    };
    race(&mut world, || exchange(&door, &swap), round);
}
