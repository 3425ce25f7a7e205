//! Places in files, and numbers of descriptors.

use std::sync::Arc;

use holm_wasi::{Errno, HostFolder, MemoryTree};

use crate::support::{ANSWER, Guest, How, builder};

/// Both kinds of files, empty and open for writing.
fn guest() -> (Guest, [u32; 2], tempfile::TempDir) {
    let temp = tempfile::tempdir().expect("a folder");
    let host = Arc::new(HostFolder::open_ambient(temp.path()).expect("a folder"));
    let tree = MemoryTree::new(1 << 20).root();
    let mut guest = Guest::new(builder().preopen(host, "/", false).preopen(tree, "/b", false));
    let files = [3, 4].map(|folder| guest.open(folder, "file", How::CREATE).expect("a file"));
    (guest, files, temp)
}

#[test]
fn positions_before_the_beginning_are_refused() {
    let (mut guest, files, _temp) = guest();
    for file in files {
        assert_eq!(guest.write(file, b"0123456789"), Ok(10));
        assert_eq!(guest.seek(file, -1, 0), Err(Errno::Inval));
        assert_eq!(guest.seek(file, i64::MIN, 0), Err(Errno::Inval));
        assert_eq!(guest.seek(file, -11, 1), Err(Errno::Inval));
        assert_eq!(guest.seek(file, i64::MIN, 2), Err(Errno::Inval));
        assert_eq!(guest.seek(file, 0, 3), Err(Errno::Inval));
        assert_eq!(guest.seek(file, 0, u32::MAX), Err(Errno::Inval));
        assert_eq!(guest.seek(file, i64::MAX, 1), Err(Errno::Inval));
        assert_eq!(guest.seek(file, 0, 1), Ok(10), "it stands where it did");
        assert_eq!(guest.seek(file, -10, 2), Ok(0));
        assert_eq!(guest.seek(file, 100, 2), Ok(110));
        assert_eq!(guest.read(file).expect("nothing"), b"");
    }
}

#[test]
fn places_too_far_away_are_refused() {
    let (mut guest, files, _temp) = guest();
    for file in files {
        assert_eq!(guest.read_at(file, u64::MAX), Err(Errno::Inval));
        assert_eq!(guest.write_at(file, b"1", u64::MAX), Err(Errno::Inval));
        assert!(guest.write_at(file, b"1", i64::MAX as u64).is_err());
        let whole = |name: &str, numbers: &[u64], guest: &mut Guest| {
            let numbers: Vec<_> =
                std::iter::once(u64::from(file)).chain(numbers.iter().copied()).collect();
            let numbers: Vec<_> = numbers.into_iter().map(Into::into).collect();
            guest.call(name, &numbers)
        };
        assert_eq!(whole("fd_filestat_set_size", &[u64::MAX], &mut guest), Err(Errno::Inval));
        assert_eq!(whole("fd_allocate", &[u64::MAX, 1], &mut guest), Err(Errno::FBig));
        assert_eq!(whole("fd_allocate", &[1, u64::MAX], &mut guest), Err(Errno::FBig));
        assert!(whole("fd_allocate", &[1 << 62, 1 << 62], &mut guest).is_err());
        assert_eq!(whole("fd_allocate", &[0, 0], &mut guest), Err(Errno::Inval));
        assert_eq!(whole("fd_advise", &[u64::MAX, 0, 0], &mut guest), Err(Errno::Inval));
        assert_eq!(whole("fd_advise", &[0, 0, 6], &mut guest), Err(Errno::Inval));
        assert_eq!(guest.stat_open(file).expect("a file").size, 0);
    }
}

#[test]
fn there_are_only_so_many_descriptors() {
    let (mut guest, _, _temp) = guest();
    let refused = loop {
        if let Err(errno) = guest.open(4, "file", How::READ) {
            break errno;
        }
    };
    assert_eq!(refused, Errno::NFile);
    guest.close(100).expect("it is open");
    assert_eq!(guest.open(3, "file", How::READ), Ok(100));
    let (far, answer) = (u32::MAX.into(), ANSWER.into());
    assert_eq!(guest.call("fd_fdstat_get", &[far, answer]), Err(Errno::BadF));
    assert_eq!(guest.call("fd_renumber", &[100_u32.into(), far]), Err(Errno::BadF));
}
