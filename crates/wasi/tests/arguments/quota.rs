//! How much may be written.

use std::sync::Arc;

use holm_wasi::{Errno, HostFolder, MemoryTree};

use crate::support::{Guest, How, builder};

/// What the name of a file costs, with what is known of it.
const NAME_BYTES: u64 = 256 + 4;

/// With a file that is open in both kinds of folders.
fn guest(quota: u64) -> (Guest, [u32; 2], tempfile::TempDir) {
    let temp = tempfile::tempdir().expect("a folder");
    let host = Arc::new(HostFolder::open_ambient(temp.path()).expect("a folder"));
    let tree = MemoryTree::new(1 << 20).root();
    let builder = builder().preopen(host, "/", false).preopen(tree, "/b", false);
    let mut guest = Guest::new(builder.write_quota_bytes(quota + 2 * NAME_BYTES));
    let files = [3, 4].map(|folder| guest.open(folder, "file", How::CREATE).expect("a file"));
    (guest, files, temp)
}

fn sized(guest: &mut Guest, name: &str, numbers: &[u64]) -> Result<(), Errno> {
    let numbers: Vec<_> = numbers.iter().map(|number| (*number).into()).collect();
    guest.call(name, &numbers)
}

#[test]
fn so_many_bytes_are_written_and_no_more() {
    for index in [0, 1] {
        let (mut guest, files, _temp) = guest(100);
        let file = files[index];
        assert_eq!(guest.write(file, &[1; 60]), Ok(60));
        assert_eq!(guest.write_at(file, &[2; 30], 0), Ok(30));
        assert_eq!(guest.write(file, &[3; 60]), Ok(10), "what is left");
        assert_eq!(guest.write(file, &[4; 1]), Err(Errno::DQuot));
        assert_eq!(guest.write_at(file, &[4; 1], 0), Err(Errno::DQuot));
        assert_eq!(guest.write(file, &[]), Ok(0));
        // Of everything together: the standard streams too.
        assert_eq!(guest.write(1, &[4; 1]), Err(Errno::DQuot));
        assert_eq!(guest.stat_open(file).expect("a file").size, 70);
    }
}

#[test]
fn what_makes_a_file_longer_counts() {
    for index in [0, 1] {
        let (mut guest, files, _temp) = guest(100);
        let file = files[index];
        let number = u64::from(file);
        assert_eq!(sized(&mut guest, "fd_filestat_set_size", &[number, 40]), Ok(()));
        assert_eq!(sized(&mut guest, "fd_allocate", &[number, 20, 40]), Ok(()));
        assert_eq!(guest.stat_open(file).expect("a file").size, 60);
        let too_long = sized(&mut guest, "fd_filestat_set_size", &[number, 101]);
        assert_eq!(too_long, Err(Errno::DQuot));
        assert_eq!(sized(&mut guest, "fd_allocate", &[number, 60, 41]), Err(Errno::DQuot));
        assert_eq!(guest.stat_open(file).expect("a file").size, 60);
        assert_eq!(sized(&mut guest, "fd_filestat_set_size", &[number, 0]), Ok(()));
        // A hole may be filled: all that is allocated counts, and stays counted.
        assert_eq!(guest.write(file, &[1; 60]), Ok(20));
    }
}

#[test]
fn what_was_not_written_does_not_count() {
    let (mut guest, [file, _], _temp) = guest(100);
    assert_eq!(guest.write_at(file, &[1; 50], u64::MAX), Err(Errno::Inval));
    let number = u64::from(file);
    let refused = sized(&mut guest, "fd_allocate", &[number, u64::MAX / 2 - 10, 20]);
    assert!(refused.is_err());
    assert_eq!(guest.write(0, &[1; 50]), Err(Errno::NotCapable));
    assert_eq!(guest.write(file, &[1; 200]), Ok(100));
}

#[test]
fn names_count() {
    let (mut guest, _files, _temp) = guest(NAME_BYTES);
    assert_eq!(guest.symlink("x", 3, "link"), Err(Errno::DQuot), "one byte more than a name");
    assert_eq!(guest.create_folder(3, "made"), Ok(()));
    assert_eq!(guest.create_folder(3, "more"), Err(Errno::DQuot));
    assert_eq!(guest.open(4, "new", How::CREATE), Err(Errno::DQuot));
    assert!(guest.open(4, "file", How::CREATE).is_ok(), "it is there already");
    assert_eq!(guest.link(3, "file", 3, "same"), Err(Errno::DQuot));
}
