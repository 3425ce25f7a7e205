//! What may be done with what a guest is given, and no more: beside the escapes, which are about
//! places.

#![forbid(unsafe_code)]

#[path = "../support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::sync::Arc;

use holm_wasi::{ContextBuilder, Errno, HostFile, HostFolder, Rights, Spout};

use crate::support::{Guest, How, builder};

const READ_ONLY: u32 = 3;
const WRITABLE: u32 = 4;

/// One folder that may only be read, with a file in it, and one that may be changed.
fn two_folders() -> (Guest, tempfile::TempDir) {
    let temp = tempfile::tempdir().expect("a folder");
    let folder = |name: &str| {
        let path = temp.path().join(name);
        fs::create_dir(&path).expect("made");
        Arc::new(HostFolder::open_ambient(&path).expect("a folder"))
    };
    let (fixed, free) = (folder("fixed"), folder("free"));
    fs::write(temp.path().join("fixed/file"), "as it was").expect("written");
    let builder = builder().preopen(fixed, "/fixed", true).preopen(free, "/free", false);
    (Guest::new(builder), temp)
}

#[test]
fn a_file_that_may_only_be_read_gets_no_second_name_where_writing_is_allowed() {
    let (mut guest, temp) = two_folders();
    assert_eq!(guest.link(READ_ONLY, "file", WRITABLE, "stolen"), Err(Errno::NotCapable));
    assert_eq!(guest.rename(READ_ONLY, "file", WRITABLE, "stolen"), Err(Errno::RoFs));
    assert_eq!(guest.stat(WRITABLE, "stolen", false), Err(Errno::NoEnt));
    assert_eq!(fs::read(temp.path().join("fixed/file")).expect("there"), b"as it was");
}

#[test]
fn asking_for_all_but_writing_opens_for_reading() {
    // As Go does: everything that has to do with files, without what it calls writing.
    let (mut guest, temp) = two_folders();
    fs::write(temp.path().join("free/file"), "x").expect("written");
    let wanted = Rights::FILE.without(Rights::FD_WRITE).bits();
    for folder in [READ_ONLY, WRITABLE] {
        let opened = guest.call(
            "path_open",
            &[
                folder.into(),
                0_u32.into(),
                "file".into(),
                0_u32.into(),
                wanted.into(),
                0_u64.into(),
                0_u32.into(),
                support::ANSWER.into(),
            ],
        );
        assert_eq!(opened, Ok(()));
        let file = guest.memory.u32(support::ANSWER);
        assert!(guest.read(file).is_ok());
        let refused = guest.call("fd_filestat_set_size", &[file.into(), 0_u64.into()]);
        assert_eq!(refused, Err(Errno::NotCapable));
    }
}

#[test]
fn standard_streams_are_read_or_written_and_nothing_else() {
    let temp = tempfile::tempdir().expect("a folder");
    let path = temp.path().join("log");
    fs::write(&path, "what was there").expect("written");
    let input = HostFile::given(File::open(&path).expect("a file")).expect("a file");
    let log = File::options().append(true).open(&path).expect("a file");
    let output = HostFile::given(log).expect("a file");
    let streams = ContextBuilder::new([Arc::new(input), Arc::new(output), Arc::<Spout>::default()]);
    let mut guest = Guest::new(streams);
    let number = |number: u64| number.into();
    for stream in [0, 1] {
        for (name, arguments) in [
            ("fd_filestat_set_size", &[stream, 0][..]),
            ("fd_allocate", &[stream, 0, 1 << 20]),
            ("fd_filestat_set_times", &[stream, 0, 0, 5]),
        ] {
            let arguments: Vec<_> = arguments.iter().copied().map(number).collect();
            assert_eq!(guest.call(name, &arguments), Err(Errno::NotCapable), "{name}");
        }
        // Others have it too.
        assert_eq!(
            guest.call("fd_fdstat_set_flags", &[number(stream), number(1)]),
            Err(Errno::NotSup)
        );
        assert_eq!(guest.call("fd_fdstat_set_flags", &[number(stream), number(4)]), Ok(()));
    }
    assert_eq!(guest.write_at(1, b"over", 0), Err(Errno::NotCapable));
    assert_eq!(guest.write(1, b", and more"), Ok(10));
    assert_eq!(guest.write(0, b"x"), Err(Errno::NotCapable));
    assert_eq!(guest.read(0).expect("bytes"), b"what was there, and more");
    assert_eq!(guest.read(1), Err(Errno::NotCapable));
}

#[test]
fn lists_of_folders_have_a_bound_together() {
    let temp = tempfile::tempdir().expect("a folder");
    for index in 0..2000 {
        fs::write(temp.path().join(format!("{index:0>200}")), "").expect("written");
    }
    let folder = Arc::new(HostFolder::open_ambient(temp.path()).expect("a folder"));
    let mut guest = Guest::new(builder().preopen(folder, "/", false));
    // Each is read from the beginning and not to the end.
    let mut refused = None;
    for opened in 0..890 {
        let number = guest.open(3, ".", How::FOLDER).expect("a folder");
        let listed = begin_list(&mut guest, number);
        if listed.is_err() {
            refused = Some((opened, listed));
            break;
        }
    }
    let (opened, listed) = refused.expect("so many lists are too much");
    assert_eq!(listed, Err(Errno::NoMem));
    // Closing one makes room.
    guest.close(3 + opened).expect("closed");
    let number = guest.open(3, ".", How::FOLDER).expect("a folder");
    assert_eq!(begin_list(&mut guest, number), Ok(()));
}

/// Reads the first names of a folder, and leaves the others for later.
fn begin_list(guest: &mut Guest, number: u32) -> Result<(), Errno> {
    let (buffer, answer) = (support::BUFFER.into(), support::ANSWER.into());
    guest.call("fd_readdir", &[number.into(), buffer, 100_u32.into(), 0_u64.into(), answer])
}
