//! Waiting, which can be ended at any time.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno as HostErrno;

use crate::Errno;
use crate::context::Surroundings;
use crate::file::Direction;

/// Between two looks at whether the module is to stop.
pub(crate) const PATIENCE: Duration = Duration::from_millis(20);

/// A file of the system that is waited for.
#[derive(Debug)]
pub(crate) struct Watched<'a> {
    asked: PollFd<'a>,
}

impl<'a> Watched<'a> {
    pub(crate) fn new(file: BorrowedFd<'a>, direction: Direction) -> Self {
        let flags = match direction {
            Direction::Read => PollFlags::IN,
            Direction::Write => PollFlags::OUT,
        };
        Self { asked: PollFd::from_borrowed_fd(file, flags) }
    }

    /// Whether something came of it: data, or the news that none will.
    pub(crate) fn is_ready(&self) -> bool {
        !self.asked.revents().is_empty()
    }

    pub(crate) fn hung_up(&self) -> bool {
        self.asked.revents().intersects(PollFlags::HUP | PollFlags::ERR)
    }
}

/// Waits until one of the files is ready, or the time has come.
pub(crate) fn wait_for(
    watched: &mut [Watched<'_>],
    until: Option<Instant>,
    surroundings: &dyn Surroundings,
) -> Result<(), Errno> {
    let mut asked: Vec<PollFd<'_>> = watched.iter().map(|one| one.asked.clone()).collect();
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let patience = left.unwrap_or(PATIENCE).min(PATIENCE);
        let patience = Timespec { tv_sec: 0, tv_nsec: i64::from(patience.subsec_nanos()) };
        let ready = match poll(&mut asked, Some(&patience)) {
            // Whoever wants an end sends signals: then it is looked for at once.
            Err(HostErrno::INTR) => 0,
            ready => ready?,
        };
        let is_over = until.is_some_and(|until| until <= Instant::now());
        if ready > 0 || is_over {
            for (one, asked) in watched.iter_mut().zip(asked) {
                one.asked = asked;
            }
            return Ok(());
        }
        if surroundings.must_stop() {
            return Err(Errno::Intr);
        }
    }
}
