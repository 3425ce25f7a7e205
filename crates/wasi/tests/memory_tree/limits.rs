//! What a tree may take.

use std::sync::Arc;

use holm_wasi::{Errno, FileType, HostFolder, MemoryTree};

use crate::support::{Guest, How, builder};

const ROOT: u32 = 3;

fn guest(tree: &MemoryTree) -> Guest {
    Guest::new(builder().preopen(tree.root(), "/", false))
}

#[test]
fn the_host_sees_what_the_guest_does() {
    let tree = MemoryTree::new(1 << 20);
    let mut guest = guest(&tree);
    tree.create_folder("notes").expect("a folder");
    tree.write("notes/a", b"from outside").expect("a file");
    let file = guest.open(ROOT, "notes/a", How::WRITE).expect("the file");
    assert_eq!(guest.read(file).expect("its bytes"), b"from outside");
    guest.write(file, b" and inside").expect("more");
    assert_eq!(tree.read("notes/a").expect("the file"), b"from outside and inside");
    tree.write("notes/a", b"short").expect("the file");
    assert_eq!(guest.read_at(file, 0).expect("its bytes"), b"short");
    guest.symlink("notes/a", ROOT, "link").expect("a link");
    assert_eq!(tree.read("link").expect("the file"), b"short");
    let kinds = |path| {
        let entries = tree.entries(path).expect("a folder");
        let entries = entries.into_iter();
        entries.map(|entry| (String::from_utf8_lossy(&entry.name).into_owned(), entry.kind))
    };
    let both = [("link", FileType::SymbolicLink), ("notes", FileType::Directory)];
    assert!(kinds(".").eq(both.map(|(name, kind)| (name.to_owned(), kind))));
    assert!(kinds("notes").eq([("a".to_owned(), FileType::RegularFile)]));
    assert_eq!(tree.read("notes"), None);
    assert_eq!(tree.read("../secret"), None);
    assert_eq!(tree.write("/absolute", b"").err(), Some(Errno::NotCapable));
    assert_eq!(tree.entries("link").err(), Some(Errno::NotDir));
}

#[test]
fn a_file_without_a_name_stays_until_it_is_closed() {
    let tree = MemoryTree::new(100_000);
    let mut guest = guest(&tree);
    let empty = format!("{tree:?}");
    let file = guest.open(ROOT, "a", How::CREATE).expect("a file");
    guest.write(file, &[7; 1000]).expect("room");
    guest.unlink(ROOT, "a").expect("it is there");
    assert_eq!(guest.stat_open(file).expect("a file").nlink, 0);
    assert_eq!(guest.read_at(file, 990).expect("its bytes"), [7; 10]);
    assert!(tree.entries(".").expect("a list").is_empty());
    assert_ne!(format!("{tree:?}"), empty);
    guest.close(file).expect("it is open");
    // All that it took is free again.
    assert_eq!(format!("{tree:?}"), empty);
}

#[test]
fn a_removed_folder_takes_nothing_in() {
    let tree = MemoryTree::new(100_000);
    let mut guest = guest(&tree);
    guest.create_folder(ROOT, "a").expect("a folder");
    let folder = guest.open(ROOT, "a", How::FOLDER).expect("the folder");
    guest.remove_folder(ROOT, "a").expect("it is empty");
    assert_eq!(guest.open(folder, "b", How::CREATE), Err(Errno::NoEnt));
    assert_eq!(guest.create_folder(folder, "b"), Err(Errno::NoEnt));
    guest.create_folder(ROOT, "c").expect("a folder");
    assert_eq!(guest.rename(ROOT, "c", folder, "c"), Err(Errno::NoEnt));
}

/// A way to fill a tree a little more, with something of this name.
type Fill = fn(&mut Guest, &str) -> Result<(), Errno>;

/// Whatever fills a tree, it ends, and everything can be taken away again.
#[test]
fn no_more_is_taken_than_may_be() {
    const BUDGET_BYTES: u64 = 50_000;
    let fill: [Fill; 5] = [
        |guest, name| {
            let file = guest.open(ROOT, name, How::CREATE)?;
            // The end of what there is room for is written too.
            let done = guest.write(file, &[1; 1000]);
            guest.close(file)?;
            done.map(drop)
        },
        |guest, name| guest.create_folder(ROOT, name),
        |guest, name| guest.symlink(&"x".repeat(200), ROOT, name),
        |guest, name| guest.link(ROOT, "first", ROOT, name),
        |guest, name| guest.open(ROOT, name, How::CREATE).and_then(|file| guest.close(file)),
    ];
    for (way, fill) in fill.into_iter().enumerate() {
        let tree = MemoryTree::new(BUDGET_BYTES);
        let mut guest = guest(&tree);
        let empty = format!("{tree:?}");
        tree.write("first", b"").expect("room");
        let mut count = 0;
        let full = loop {
            match fill(&mut guest, &format!("{count:0100}")) {
                Ok(()) => count += 1,
                Err(errno) => break errno,
            }
        };
        assert_eq!(full, Errno::NoSpc, "way {way}");
        assert!((20..500).contains(&count), "way {way}: {count} times");
        for entry in tree.entries(".").expect("a list") {
            let name = String::from_utf8(entry.name).expect("text");
            match entry.kind {
                FileType::Directory => guest.remove_folder(ROOT, &name),
                _ => guest.unlink(ROOT, &name),
            }
            .expect("it is there");
        }
        assert_eq!(format!("{tree:?}"), empty, "way {way}");
    }
}

#[test]
fn what_does_not_fit_is_cut_off_or_refused() {
    let tree = MemoryTree::new(10_000);
    let mut guest = guest(&tree);
    let file = guest.open(ROOT, "a", How::CREATE).expect("a file");
    let written = guest.write(file, &[1; 20_000]).expect("room for a part");
    assert!((9_000..10_000).contains(&written), "{written}");
    assert_eq!(guest.write(file, b"1"), Err(Errno::NoSpc));
    assert_eq!(guest.write_at(file, b"1", 1 << 40), Err(Errno::NoSpc));
    assert_eq!(guest.write_at(file, b"2", 0), Ok(1));
    let set_size = |guest: &mut Guest, size: u64| {
        guest.call("fd_filestat_set_size", &[file.into(), size.into()])
    };
    assert_eq!(set_size(&mut guest, 20_000), Err(Errno::NoSpc));
    assert_eq!(set_size(&mut guest, u64::MAX), Err(Errno::Inval));
    assert_eq!(set_size(&mut guest, i64::MAX as u64), Err(Errno::NoSpc));
    assert_eq!(guest.create_folder(ROOT, "b"), Err(Errno::NoSpc));
    assert_eq!(tree.write("a", &[0; 20_000]), Err(Errno::NoSpc));
    assert_eq!(tree.read("a").expect("as before").len(), written as usize);
    // Shorter again, there is room for others.
    set_size(&mut guest, 10).expect("it is shorter");
    guest.create_folder(ROOT, "b").expect("room");
    assert_eq!(guest.write_at(file, b"end", 100), Ok(3));
    let bytes = tree.read("a").expect("a file");
    assert_eq!((bytes.len(), &bytes[10..100], &bytes[100..]), (103, &[0; 90][..], &b"end"[..]));
}

#[test]
fn names_and_depths_have_limits() {
    let tree = MemoryTree::new(10 << 20);
    let mut guest = guest(&tree);
    let name = "n".repeat(255);
    assert_eq!(guest.create_folder(ROOT, &name), Ok(()));
    assert_eq!(guest.create_folder(ROOT, &"n".repeat(256)), Err(Errno::NameTooLong));
    assert_eq!(guest.rename(ROOT, &name, ROOT, &"n".repeat(256)), Err(Errno::NameTooLong));
    assert_eq!(tree.read("a/".repeat(3000)), None);
    // Down by descriptors, as no path is long enough.
    let mut folder = ROOT;
    let mut depth = 0;
    while guest.create_folder(folder, "d").is_ok() {
        let below = guest.open(folder, "d", How::FOLDER).expect("a folder");
        if folder != ROOT {
            guest.close(folder).expect("it is open");
        }
        folder = below;
        depth += 1;
    }
    assert_eq!(depth, 1024);
    assert_eq!(guest.create_folder(folder, "d"), Err(Errno::NameTooLong));
    // Nor by putting one below another.
    guest.create_folder(ROOT, "other").expect("a folder");
    assert_eq!(guest.rename(ROOT, "other", folder, "other"), Err(Errno::NameTooLong));
    assert_eq!(guest.rename(ROOT, "d", folder, "d"), Err(Errno::Inval));
    assert!(guest.open(folder, "file", How::CREATE).is_ok());
}

#[test]
fn trees_are_apart() {
    let trees = [MemoryTree::new(1 << 20), MemoryTree::new(1 << 20)];
    let temp = tempfile::tempdir().expect("a folder");
    let host = Arc::new(HostFolder::open_ambient(temp.path()).expect("a folder"));
    let builder = builder().preopen(trees[0].root(), "/", false);
    let builder = builder.preopen(trees[1].root(), "/b", false).preopen(host, "/c", false);
    let mut guest = Guest::new(builder);
    for folder in 3..6 {
        let file = guest.open(folder, "file", How::CREATE).expect("a file");
        guest.close(file).expect("it is open");
    }
    for (from, to) in [(3, 4), (4, 3), (3, 5), (5, 3)] {
        assert_eq!(guest.rename(from, "file", to, "new"), Err(Errno::XDev));
        assert_eq!(guest.link(from, "file", to, "new"), Err(Errno::XDev));
    }
    // Two ways into the same one are no border.
    let again = guest.open(3, ".", How::FOLDER).expect("a folder");
    assert_eq!(guest.rename(3, "file", again, "new"), Ok(()));
}
