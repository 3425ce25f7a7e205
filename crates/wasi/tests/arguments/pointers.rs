//! Addresses and lengths.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use holm_wasi::{Errno, FUNCTIONS, GuestMemory, HostFolder, MemoryTree, SharedBytes, Stop};

use crate::support::{ANSWER, BUFFER, Guest, How, MEMORY_BYTES, Memory, builder};

const ROOT: u32 = 3;
const FILE: u32 = 4;
const END: u32 = MEMORY_BYTES as u32;

/// A guest with a file of these bytes that is open.
fn guest(bytes: &[u8]) -> Guest {
    let tree = MemoryTree::new(64 << 20);
    tree.write("file", bytes).expect("room");
    let mut guest = Guest::new(builder().preopen(tree.root(), "/", false));
    assert_eq!(guest.open(ROOT, "file", How::WRITE), Ok(FILE));
    guest
}

/// Writes a list of pieces.
fn list(guest: &mut Guest, at: u32, pieces: &[(u32, u32)]) {
    for (index, (start, len)) in pieces.iter().enumerate() {
        let piece = [start.to_le_bytes(), len.to_le_bytes()].concat();
        guest.memory.put(at + index as u32 * 8, &piece);
    }
}

fn transfer(guest: &mut Guest, name: &str, at: u32, count: u32) -> Result<u32, Errno> {
    guest.call(name, &[FILE.into(), at.into(), count.into(), ANSWER.into()])?;
    Ok(guest.memory.u32(ANSWER))
}

#[test]
fn pieces_out_of_bounds_are_refused() {
    for name in ["fd_read", "fd_write"] {
        let mut guest = guest(b"bytes");
        for piece in [(0, u32::MAX), (END, 1), (END - 1, 2), (u32::MAX, 1), (u32::MAX, u32::MAX)] {
            list(&mut guest, 16, &[piece]);
            assert_eq!(transfer(&mut guest, name, 16, 1), Err(Errno::Fault), "{name} {piece:?}");
            list(&mut guest, 16, &[(BUFFER, 1), piece]);
            assert_eq!(transfer(&mut guest, name, 16, 2), Err(Errno::Fault), "{name} {piece:?}");
        }
        for at in [END, END - 7, u32::MAX, u32::MAX - 7] {
            assert_eq!(transfer(&mut guest, name, at, 1), Err(Errno::Fault), "{name} {at}");
            assert_eq!(transfer(&mut guest, name, at, 2), Err(Errno::Fault), "{name} {at}");
        }
        assert_eq!(transfer(&mut guest, name, 0, u32::MAX), Err(Errno::Inval));
        assert_eq!(transfer(&mut guest, name, 0, 1 << 20), Err(Errno::Fault));
        // Nothing was done.
        assert_eq!(guest.seek(FILE, 0, 1), Ok(0));
        assert_eq!(guest.read_at(FILE, 0).expect("its bytes"), b"bytes");
    }
}

#[test]
fn a_million_pieces_are_as_many_as_the_system_takes() {
    const COUNT: u32 = 1 << 20;
    let mut guest = guest(&[1; 5000]);
    guest.memory = Memory::Own(vec![0; 16 << 20]);
    let pieces: Vec<_> = (0..COUNT).map(|index| ((9 << 20) + index, 1)).collect();
    list(&mut guest, 4096, &pieces);
    assert_eq!(transfer(&mut guest, "fd_read", 4096, COUNT), Ok(1024));
    assert_eq!(guest.memory.get((9 << 20) + 1023, 2), [1, 0]);
    assert_eq!(transfer(&mut guest, "fd_write", 4096, COUNT), Ok(1024));
    assert_eq!(transfer(&mut guest, "fd_write", 4096, COUNT + 1), Err(Errno::Inval));
    // Empty ones do not count.
    list(&mut guest, 4096, &vec![(0, 0); COUNT as usize - 1]);
    assert_eq!(transfer(&mut guest, "fd_read", 4096, COUNT), Ok(1));
}

/// What a list says is read before what it leads to is written over it.
#[test]
fn pieces_may_lie_over_their_own_list() {
    let mut guest = guest(&[0xff; 100]);
    list(&mut guest, 64, &[(64, 16), (60, 16), (64, 8)]);
    guest
        .call("fd_read", &[FILE.into(), 64_u32.into(), 3_u32.into(), 66_u32.into()])
        .expect("read");
    assert_eq!(guest.memory.u32(66), 40);
    assert_eq!(guest.memory.get(60, 6), [0xff; 6]);
}

/// Each address of each function, beyond the end.
#[test]
fn answers_out_of_bounds_are_refused() {
    let calls: &[(&str, &[u64])] = &[
        ("args_get", &[0, 9]),
        ("args_sizes_get", &[9, 0]),
        ("args_sizes_get", &[0, 9]),
        ("clock_time_get", &[0, 0, 9]),
        ("clock_res_get", &[0, 9]),
        ("environ_get", &[0, 9]),
        ("environ_sizes_get", &[9, 0]),
        ("fd_fdstat_get", &[3, 9]),
        ("fd_filestat_get", &[4, 9]),
        ("fd_prestat_get", &[3, 9]),
        ("fd_prestat_dir_name", &[3, 9, 1]),
        ("fd_read", &[4, 0, 0, 9]),
        ("fd_readdir", &[3, 9, 100, 0, 0]),
        ("fd_readdir", &[3, 0, 100, 0, 9]),
        ("fd_seek", &[4, 0, 0, 9]),
        ("fd_tell", &[4, 9]),
        ("path_filestat_get", &[3, 0, 0, 1, 9]),
        ("path_filestat_get", &[3, 0, 9, 1, 0]),
        ("path_open", &[3, 0, 9, 1, 0, 0, 0, 0, 0]),
        ("path_readlink", &[3, 9, 1, 0, 1, 0]),
        ("poll_oneoff", &[9, 0, 1, 0]),
        ("poll_oneoff", &[0, 9, 1, 0]),
        ("random_get", &[9, 1]),
        ("random_get", &[0, 0xffff_ffff]),
    ];
    let arguments = || vec!["program".to_owned()];
    for (name, numbers) in calls {
        for bad in [END, u32::MAX].map(u64::from) {
            let builder = builder().arguments(arguments()).expect("texts");
            let builder = builder.environment(vec![("a".into(), "b".into())]).expect("texts");
            let tree = MemoryTree::new(1 << 20);
            tree.write("a", b"").expect("room");
            let mut guest = Guest::new(builder.preopen(tree.root(), "/", false));
            guest.open(ROOT, "a", How::WRITE).expect("a file");
            guest.memory.put(0, b"a");
            let numbers: Vec<u64> =
                numbers.iter().map(|number| if *number == 9 { bad } else { *number }).collect();
            let done = guest.call_numbers(name, &numbers);
            assert_eq!(done, Err(Stop::Errno(Errno::Fault)), "{name} {numbers:?}");
        }
    }
}

/// A memory of more bytes than 32 bits can count, of which the lowest are there.
struct Huge(std::cell::RefCell<Vec<u8>>);

impl SharedBytes for Huge {
    fn len(&self) -> usize {
        5 << 30
    }

    fn copy_out(&self, offset: usize, into: &mut [u8]) {
        assert!(offset + into.len() <= self.len());
        into.fill(0);
    }

    fn copy_in(&self, offset: usize, from: &[u8]) {
        assert!(offset + from.len() <= self.len());
        self.0.borrow_mut().extend_from_slice(from);
    }
}

/// Where 32 bits end, nothing begins anew.
#[test]
fn a_memory_may_be_larger_than_addresses() {
    let guest = guest(b"bytes");
    for function in FUNCTIONS.iter().filter(|function| function.name != "random_get") {
        for number in [u64::from(u32::MAX), u64::from(u32::MAX) - 7, 4, 1000] {
            let huge = Huge(Vec::new().into());
            let mut arguments = vec![u64::from(u32::MAX); function.parameters.len()];
            if let Some(first) = arguments.first_mut() {
                *first = number;
            }
            if let Some(count) = arguments.get_mut(2) {
                *count = 1000;
            }
            let _any = function.call(&guest.context, &mut GuestMemory::Shared(&huge), &arguments);
        }
    }
}

/// The entries of a folder, in pieces of any size, whatever becomes of the folder meanwhile.
#[test]
fn a_folder_that_changes_is_listed_once() {
    let temp = tempfile::tempdir().expect("a folder");
    let host = Arc::new(HostFolder::open_ambient(temp.path()).expect("a folder"));
    let tree = MemoryTree::new(1 << 20);
    let builder = builder().preopen(host, "/", false).preopen(tree.root(), "/b", false);
    let mut guest = Guest::new(builder);
    for folder in [3, 4] {
        let names: BTreeSet<String> = (0..40).map(|number| format!("name{number:02}")).collect();
        for name in &names {
            guest.open(folder, name, How::CREATE).and_then(|file| guest.close(file)).expect("new");
        }
        for len in [24, 25, 30, 31, 60, 300] {
            let (mut cookie, mut seen) = (0_u64, Vec::new());
            loop {
                let arguments = [folder.into(), BUFFER.into(), len.into(), cookie.into()];
                let call = [&arguments[..], &[ANSWER.into()]].concat();
                guest.call("fd_readdir", &call).expect("a list");
                let used = guest.memory.u32(ANSWER);
                assert!(used <= len);
                let bytes = guest.memory.get(BUFFER, used);
                let mut rest = bytes.as_slice();
                let before = cookie;
                while rest.len() >= 24 {
                    let name_len = u32::from_le_bytes(rest[16..20].try_into().expect("4")) as usize;
                    let Some(name) = rest[24..].get(..name_len) else { break };
                    cookie = u64::from_le_bytes(rest[..8].try_into().expect("8"));
                    seen.push(String::from_utf8(name.to_vec()).expect("text"));
                    rest = &rest[24 + name_len..];
                }
                // All was told, or the next entry does not fit at all.
                if used < len || cookie == before {
                    break;
                }
                let _new = guest.create_folder(folder, &format!("added{len}-{cookie}"));
                let _gone = guest.unlink(folder, "name39");
            }
            let count = seen.len();
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), count, "twice");
            if len >= 60 {
                let old = names.iter().filter(|name| name.as_str() != "name39");
                assert!(old.clone().all(|name| seen.contains(name)), "{seen:?}");
            }
        }
        for (len, cookie) in [(0, 0), (10, 0), (100, u64::MAX), (100, 1 << 63), (100, 12345)] {
            let (buffer, len, cookie) = (BUFFER.into(), u32::into(len), u64::into(cookie));
            let call = [folder.into(), buffer, len, cookie, ANSWER.into()];
            assert_eq!(guest.call("fd_readdir", &call), Ok(()));
        }
    }
    assert!(fs::exists(temp.path().join("name01")).expect("it can be asked"));
}
