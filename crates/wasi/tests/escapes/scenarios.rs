//! Attempts that take more than one path.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use holm_wasi::{Errno, FUNCTIONS, HostFolder, Rights, Stop};

use crate::attacks::ATTACKS;
use crate::support::{Guest, How, builder};
use crate::world::{INSIDE, SECOND, World};

fn plain() -> World {
    World::new(|_| {})
}

#[test]
fn a_folder_does_not_lead_above_itself() {
    let mut world = plain();
    let folder = world.guest.open(INSIDE, "folder", How::FOLDER).expect("a folder");
    for path in ["..", "../file", "../../outside/secret", "../folder/deep"] {
        assert_eq!(world.guest.open(folder, path, How::READ), Err(Errno::NotCapable), "{path}");
    }
    assert_eq!(world.guest.open(folder, "deep", How::READ), Ok(folder + 1));
    world.check("a folder");
}

#[test]
fn a_folder_moved_outside_by_others_leads_to_nothing_there() {
    let mut world = plain();
    let folder = world.guest.open(INSIDE, "folder", How::FOLDER).expect("a folder");
    fs::rename(world.path("inside/folder"), world.path("outside/empty/folder")).expect("moved");
    world.note();
    for path in ["..", "../secret", "../../secret", "deep/../../../secret", "../../new"] {
        let opened = world.guest.open(folder, path, How::CREATE);
        assert!(opened.is_err(), "{path} gave {opened:?}");
        assert!(world.guest.unlink(folder, path).is_err(), "{path}");
        assert!(world.guest.create_folder(folder, path).is_err(), "{path}");
        assert!(world.guest.rename(INSIDE, "file", folder, path).is_err(), "{path}");
    }
    world.check("a folder that was moved");
}

#[test]
fn a_link_that_is_moved_leads_no_further() {
    let mut world = World::new(|root| {
        fs::create_dir(root.join("inside/folder/deeper")).expect("a folder");
        symlink("../../outside/secret", root.join("inside/folder/deeper/link")).expect("a link");
    });
    // Here it leads to a file inside that is missing: one folder up, and it leads outside.
    world.guest.rename(INSIDE, "folder/deeper", INSIDE, "deeper").expect("moved");
    world.guest.rename(INSIDE, "deeper", SECOND, "deeper").expect("moved");
    let opened = world.guest.open(SECOND, "deeper/link", How::CREATE);
    assert_eq!(opened, Err(Errno::NotCapable));
    world.guest.rename(SECOND, "deeper/link", SECOND, "link").expect("moved");
    assert_eq!(world.guest.open(SECOND, "link", How::CREATE), Err(Errno::NotCapable));
    world.check("a link that was moved");
}

#[test]
fn two_folders_of_the_guest_are_no_way_to_a_third() {
    let mut world = plain();
    let guest = &mut world.guest;
    let bad = Err(Errno::NotCapable);
    assert_eq!(guest.rename(INSIDE, "file", SECOND, "../outside/file"), bad);
    assert_eq!(guest.rename(INSIDE, "../outside/secret", SECOND, "stolen"), bad);
    assert_eq!(guest.rename(INSIDE, "../second/file", SECOND, "stolen"), bad);
    assert_eq!(guest.link(INSIDE, "../outside/secret", SECOND, "stolen"), bad);
    assert_eq!(guest.link(INSIDE, "file", SECOND, "../outside/file"), bad);
    // A folder that is open in one, and goes to the other.
    let folder = guest.open(INSIDE, "folder", How::FOLDER).expect("a folder");
    assert_eq!(guest.rename(INSIDE, "folder", SECOND, "folder"), Ok(()));
    assert_eq!(guest.open(folder, "../file", How::READ).map(drop), bad);
    assert_eq!(guest.rename(folder, "deep", SECOND, "deep"), Ok(()));
    world.check("two folders");
}

#[test]
fn links_of_the_guest_lead_no_further_than_others() {
    let mut world = plain();
    let absolute = world.path("outside/secret").to_string_lossy().into_owned();
    for target in ["/", "/etc/passwd", "/proc/self/root", &absolute] {
        assert_eq!(world.guest.symlink(target, INSIDE, "link"), Err(Errno::NotCapable));
        assert_eq!(world.guest.stat(INSIDE, "link", false), Err(Errno::NoEnt));
    }
    for target in ["../outside/secret", "../outside/new", "..", "folder/../../outside/empty"] {
        for attack in ATTACKS {
            let mut world = plain();
            world.guest.symlink(target, INSIDE, "own").expect("a link");
            world.guest.symlink("own", INSIDE, "link").expect("a link");
            let _refused = (attack.run)(&mut world.guest, "link");
            let _refused = (attack.run)(&mut world.guest, "link/secret");
            world.check(&format!("{} of a link to {target}", attack.name));
        }
    }
}

#[test]
fn long_paths_are_refused() {
    let mut world = plain();
    let long = "../".repeat(1365) + "outside/secret";
    let name = "a".repeat(256);
    for attack in ATTACKS {
        for path in [&long, &name, &format!("{name}/../../outside/secret")] {
            let done = (attack.run)(&mut world.guest, path);
            assert!(done.is_err(), "{} of {} bytes", attack.name, path.len());
        }
    }
    let deep = "folder/../".repeat(400) + "../outside/secret";
    for attack in ATTACKS {
        assert_eq!((attack.run)(&mut world.guest, &deep), Err(Errno::NotCapable));
    }
    world.check("long paths");
}

/// Where only reading is allowed, everything that changes something says so, and does nothing.
#[test]
fn what_may_only_be_read_is_not_changed() {
    const READING: &[&str] = &["read", "read link", "folder", "stat", "stat link", "readlink"];
    for path in ["file", "folder", "new", "folder/deep"] {
        for attack in ATTACKS {
            let mut world = World::read_only();
            let before = list(&world.path("inside"));
            let done = (attack.run)(&mut world.guest, path);
            if !READING.contains(&attack.name) {
                let refused = [Err(Errno::RoFs), Err(Errno::NotCapable)];
                assert!(refused.contains(&done), "{} of {path}: {done:?}", attack.name);
            }
            assert_eq!(list(&world.path("inside")), before, "{} of {path}", attack.name);
        }
    }
}

/// Names, bytes and times of what is in a folder.
fn list(folder: &Path) -> Vec<(String, Vec<u8>, std::time::SystemTime)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let known = entry.metadata().expect("it is there");
        let bytes = fs::read(entry.path()).unwrap_or_default();
        let path = entry.path().to_string_lossy().into_owned();
        all.push((path, bytes, known.modified().expect("a time")));
        if known.is_dir() {
            all.extend(list(&entry.path()));
        }
    }
    all.sort();
    all
}

#[test]
fn a_file_opened_for_reading_cannot_be_changed() {
    for mut world in [plain(), World::read_only()] {
        let before = list(&world.path("inside"));
        let guest = &mut world.guest;
        let file = guest.open(INSIDE, "file", How::READ).expect("a file");
        let bad = Err(Errno::NotCapable);
        assert_eq!(guest.write(file, b"changed").map(drop), bad);
        assert_eq!(guest.write_at(file, b"changed", 0).map(drop), bad);
        let (zero, one) = (0_u64.into(), 1_u64.into());
        assert_eq!(guest.call("fd_filestat_set_size", &[file.into(), one]), bad);
        assert_eq!(guest.call("fd_allocate", &[file.into(), zero, 100_u64.into()]), bad);
        let both = 0b101_u32.into();
        assert_eq!(guest.call("fd_filestat_set_times", &[file.into(), one, one, both]), bad);
        assert_eq!(guest.call("fd_datasync", &[file.into()]), bad);
        assert_eq!(list(&world.path("inside")), before);
    }
}

#[test]
fn rights_are_not_regained() {
    let mut world = plain();
    let guest = &mut world.guest;
    let all = (Rights::FOLDER.bits(), Rights::FOLDER.and(Rights::FILE).bits());
    let set = |guest: &mut Guest, number: u32, (base, inheriting): (u64, u64)| {
        guest.call("fd_fdstat_set_rights", &[number.into(), base.into(), inheriting.into()])
    };
    let file = guest.open(INSIDE, "file", How::WRITE).expect("a file");
    assert_eq!(set(guest, file, (Rights::FD_READ.bits(), 0)), Ok(()));
    assert_eq!(guest.write(file, b"changed"), Err(Errno::NotCapable));
    assert_eq!(set(guest, file, (Rights::FILE.bits(), 0)), Err(Errno::NotCapable));
    assert_eq!(set(guest, file, (Rights::FD_READ.bits(), 1)), Err(Errno::NotCapable));
    assert_eq!(set(guest, file, (u64::MAX, 0)), Err(Errno::NotCapable));
    assert!(guest.read(file).is_ok());
    // What a folder does not pass on, nothing below it has, by whatever way.
    let reading = Rights::FD_READ.and(Rights::PATH_OPEN).bits();
    assert_eq!(set(guest, INSIDE, (Rights::FOLDER.bits(), reading)), Ok(()));
    assert_eq!(set(guest, INSIDE, all), Err(Errno::NotCapable));
    for how in [How::WRITE, How::CREATE, How::TRUNCATE] {
        let opened = guest.open(INSIDE, "file", how);
        assert!(matches!(opened, Err(Errno::NotCapable | Errno::RoFs)), "{opened:?}");
    }
    let folder = guest.open(INSIDE, "folder", How::FOLDER).expect("a folder");
    let read_only = Err(Errno::RoFs);
    assert_eq!(guest.open(folder, "deep", How::WRITE).map(drop), read_only);
    assert_eq!(guest.unlink(folder, "deep"), read_only);
    let again = guest.open(folder, ".", How::FOLDER).expect("the folder again");
    assert_eq!(guest.unlink(again, "deep"), read_only);
    assert_eq!(set(guest, again, all), Err(Errno::NotCapable));
    world.check("rights");
    assert!(world.path("inside/folder/deep").exists());
}

/// Every function that takes a descriptor, with one that is none.
#[test]
fn what_is_closed_is_nothing() {
    let mut world = plain();
    let guest = &mut world.guest;
    let file = guest.open(INSIDE, "file", How::WRITE).expect("a file");
    let folder = guest.open(INSIDE, "folder", How::FOLDER).expect("a folder");
    guest.close(file).expect("it was open");
    // The folder's number is another one's now, and it has no other.
    guest.call("fd_renumber", &[INSIDE.into(), folder.into()]).expect("both are open");
    assert_eq!(guest.close(INSIDE), Err(Errno::BadF));
    assert_eq!(guest.open(folder, "deep", How::READ), Err(Errno::NoEnt));
    assert_eq!(guest.call("fd_renumber", &[folder.into(), 77_u32.into()]), Err(Errno::BadF));
    let is_of_descriptors =
        |name: &str| ["fd_", "path_", "sock_"].iter().any(|start| name.starts_with(start));
    for function in FUNCTIONS.iter().filter(|function| is_of_descriptors(function.name)) {
        for number in [file, INSIDE, 77, u32::MAX] {
            let arguments = vec![u64::from(number); function.parameters.len()];
            let done = world.guest.call_numbers(function.name, &arguments);
            // What is wrong with the other arguments may be told first.
            let Err(Stop::Errno(_)) = done else { panic!("{}: {done:?}", function.name) };
        }
    }
    world.check("closed descriptors");
}

/// What the links there lead to is no path: the system goes where it likes.
#[test]
fn links_of_the_system_that_are_no_paths_are_not_followed() {
    for root in ["/proc", "/proc/self", "/proc/self/fd", "/dev/fd/", "/proc/self/task"] {
        let Ok(folder) = HostFolder::open_ambient(Path::new(root)) else { continue };
        let mut guest = Guest::new(builder().preopen(Arc::new(folder), "/", true));
        let own = std::process::id().to_string();
        let processes = ["", "self/", "thread-self/", "1/", &format!("{own}/"), "self/task/"];
        for process in processes {
            for link in ["root", "cwd", "fd/0", "fd/1", "fd/3", "0", "1", "2", "3", "exe"] {
                for rest in ["", "/", "/.", "/etc/passwd", "/../etc/passwd"] {
                    let path = format!("{process}{link}{rest}");
                    let opened = guest.open(INSIDE, &path, How::READ);
                    assert!(opened.is_err() || is_own(root, &path), "{root}: {path}");
                }
            }
        }
    }
}

/// Numbers of processes are folders of `/proc` itself.
fn is_own(root: &str, path: &str) -> bool {
    root == "/proc" && path.trim_end_matches(['/', '.']).parse::<u32>().is_ok()
}

#[test]
fn the_list_of_a_folder_tells_nothing_of_what_is_above() {
    let mut world = plain();
    let names = world.guest.list(INSIDE).expect("a list");
    assert_eq!(names, [".", "..", "file", "folder", "spare"]);
    world.check("a list");
}
