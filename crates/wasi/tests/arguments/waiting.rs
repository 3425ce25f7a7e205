//! Waiting, which ends when somebody wants it to.

use std::fs::File as HostHandle;
use std::io::{PipeReader, PipeWriter, pipe};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use holm_wasi::{ContextBuilder, Errno, Feed, File, HostFile, Rights, Spout, Stop, Surroundings};

use crate::support::{ANSWER, Guest, How, builder};

const SUBSCRIPTIONS: u32 = 1024;
const EVENTS: u32 = 32 << 10;
const SECOND: u64 = 1_000_000_000;

/// Stops everything after a moment.
struct StopsAt(Instant);

impl Surroundings for StopsAt {
    fn must_stop(&self) -> bool {
        Instant::now() >= self.0
    }
}

fn soon() -> Box<StopsAt> {
    Box::new(StopsAt(Instant::now() + Duration::from_millis(100)))
}

/// A guest with one end of each of two pipes, and whoever holds their other ends.
fn with_pipes() -> (Guest, PipeWriter, PipeReader) {
    let (reader, to_guest) = pipe().expect("a pipe");
    let (from_guest, writer) = pipe().expect("a pipe");
    let file = |end: OwnedFd| -> Arc<dyn File> {
        Arc::new(HostFile::given(HostHandle::from(end)).expect("a file"))
    };
    let streams = [file(reader.into()), file(writer.into()), Arc::new(Spout::default())];
    let builder = ContextBuilder::new(streams).surroundings(soon());
    (Guest::new(builder), to_guest, from_guest)
}

fn put_clock(guest: &mut Guest, index: u32, clock: u32, timeout: u64, flags: u16) {
    let at = SUBSCRIPTIONS + index * 48;
    let mut subscription = [0; 48];
    subscription[0] = 7;
    subscription[16..20].copy_from_slice(&clock.to_le_bytes());
    subscription[24..32].copy_from_slice(&timeout.to_le_bytes());
    subscription[40..42].copy_from_slice(&flags.to_le_bytes());
    guest.memory.put(at, &subscription);
}

fn put_file(guest: &mut Guest, index: u32, tag: u8, file: u32) {
    let mut subscription = [0; 48];
    (subscription[0], subscription[8]) = (8, tag);
    subscription[16..20].copy_from_slice(&file.to_le_bytes());
    guest.memory.put(SUBSCRIPTIONS + index * 48, &subscription);
}

/// Who was told of, and with which error.
fn poll(guest: &mut Guest, count: u32) -> Result<Vec<(u8, u16)>, Errno> {
    let (list, events) = (SUBSCRIPTIONS.into(), EVENTS.into());
    guest.call("poll_oneoff", &[list, events, count.into(), ANSWER.into()])?;
    let told = guest.memory.u32(ANSWER);
    let event = |index| guest.memory.get(EVENTS + index * 32, 32);
    let short = |event: Vec<u8>| (event[0], u16::from_le_bytes([event[8], event[9]]));
    Ok((0..told).map(|index| short(event(index))).collect())
}

#[test]
fn subscriptions_that_cannot_be_are_refused() {
    let mut guest = Guest::new(builder());
    assert_eq!(poll(&mut guest, 0), Err(Errno::Inval));
    assert_eq!(poll(&mut guest, 5000), Err(Errno::Inval));
    assert_eq!(poll(&mut guest, u32::MAX), Err(Errno::Inval));
    for tag in [3, 255] {
        put_file(&mut guest, 0, tag, 0);
        assert_eq!(poll(&mut guest, 1), Err(Errno::Inval));
    }
    // What is wrong with one is told of that one.
    put_file(&mut guest, 0, 1, 77);
    put_clock(&mut guest, 1, 9, 0, 0);
    put_clock(&mut guest, 2, 2, 0, 0);
    put_clock(&mut guest, 3, 0, 0, 2);
    let told = poll(&mut guest, 4).expect("events");
    let errors = [Errno::BadF, Errno::Inval, Errno::NotSup, Errno::Inval];
    assert_eq!(told.iter().map(|(_, errno)| *errno).collect::<Vec<_>>(), errors.map(|e| e as u16));
}

#[test]
fn both_clocks_wake() {
    let mut guest = Guest::new(builder());
    for clock in [0, 1] {
        let begun = Instant::now();
        put_clock(&mut guest, 0, clock, SECOND / 20, 0);
        assert_eq!(poll(&mut guest, 1), Ok(vec![(7, 0)]));
        assert!(begun.elapsed() >= Duration::from_millis(50));
        // The past, and the shortest of two.
        put_clock(&mut guest, 0, clock, 1, 1);
        put_clock(&mut guest, 1, clock, u64::MAX, 0);
        assert_eq!(poll(&mut guest, 2), Ok(vec![(7, 0)]));
        let time = [clock.into(), 0_u64.into(), ANSWER.into()];
        guest.call("clock_time_get", &time).expect("the time");
        let soon = guest.memory.u64(ANSWER) + SECOND / 20;
        put_clock(&mut guest, 0, clock, soon, 1);
        let begun = Instant::now();
        assert_eq!(poll(&mut guest, 1), Ok(vec![(7, 0)]));
        assert!(begun.elapsed() >= Duration::from_millis(40));
    }
}

#[test]
fn whoever_sleeps_can_be_stopped() {
    for timeout in [3600 * SECOND, u64::MAX] {
        let mut guest = Guest::new(builder().surroundings(soon()));
        put_clock(&mut guest, 0, 1, timeout, 0);
        assert_eq!(poll(&mut guest, 1), Err(Errno::Intr));
    }
}

#[test]
fn whoever_reads_an_empty_pipe_can_be_stopped() {
    let (mut guest, _to_guest, _from_guest) = with_pipes();
    assert_eq!(guest.read(0), Err(Errno::Intr));
    put_file(&mut guest, 0, 1, 0);
    assert_eq!(poll(&mut guest, 1), Err(Errno::Intr));
}

#[test]
fn whoever_writes_to_a_full_pipe_can_be_stopped() {
    let (mut guest, _to_guest, _from_guest) = with_pipes();
    let mut written = 0;
    let ended = loop {
        match guest.write(1, &[1; 10_000]) {
            Ok(count) => written += count,
            Err(errno) => break errno,
        }
    };
    assert_eq!(ended, Errno::Intr);
    assert!(written >= 10_000, "{written}");
    put_file(&mut guest, 0, 2, 1);
    assert_eq!(poll(&mut guest, 1), Err(Errno::Intr));
}

#[test]
fn random_bytes_without_end_can_be_stopped() {
    let stopped = Box::new(StopsAt(Instant::now()));
    let mut guest = Guest::new(builder().surroundings(stopped));
    assert_eq!(guest.call("random_get", &[0_u32.into(), 1000_u32.into()]), Err(Errno::Intr));
}

#[test]
fn whoever_waits_to_be_fed_says_so() {
    let feed = Arc::new(Feed::open());
    let streams: [Arc<dyn File>; 3] =
        [feed.clone(), Arc::new(Spout::default()), Arc::new(Spout::default())];
    let mut guest = Guest::new(ContextBuilder::new(streams));
    put_file(&mut guest, 0, 1, 0);
    put_clock(&mut guest, 1, 1, SECOND, 0);
    let numbers = [SUBSCRIPTIONS, EVENTS, 2, ANSWER].map(u64::from);
    let stop = guest.call_numbers("poll_oneoff", &numbers);
    let Err(Stop::Starved { descriptor: 0, nanoseconds: Some(left) }) = stop else {
        panic!("{stop:?}")
    };
    assert!(left <= SECOND);
    feed.push(b"fed");
    assert_eq!(poll(&mut guest, 2), Ok(vec![(8, 0)]));
    assert_eq!(guest.read(0).expect("what it was fed"), b"fed");
}

/// A pipe with a name, which nobody else has open: nothing that is done with it waits for that.
#[test]
fn a_named_pipe_keeps_nobody_waiting() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    let temp = tempfile::tempdir().expect("a folder");
    let mode = Mode::from_raw_mode(0o666);
    mknodat(CWD, temp.path().join("pipe"), FileType::Fifo, mode, 0).expect("a pipe");
    let folder = Arc::new(holm_wasi::HostFolder::open_ambient(temp.path()).expect("a folder"));
    let builder = builder().surroundings(soon());
    let mut guest = Guest::new(builder.preopen(folder, "/", false));
    assert_eq!(guest.set_times(3, "pipe", true, SECOND), Ok(()));
    assert_eq!(guest.stat(3, "pipe", true).expect("a pipe").mtim, SECOND);
    assert_eq!(
        guest.open(3, "pipe", How { rights: Rights::FD_WRITE, ..How::READ }),
        Err(Errno::NxIo)
    );
    let pipe = guest.open(3, "pipe", How::READ).expect("a pipe");
    assert_eq!(guest.read(pipe), Err(Errno::Intr));
}
