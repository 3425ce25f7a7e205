//! Waiting for several things at once.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::{Answer, Arguments, Stop};
use crate::context::Clock;
use crate::descriptors::Item;
use crate::file::{Direction, File, Readiness, Ready};
use crate::types::{FileType, Rights};
use crate::wait::{PATIENCE, Watched, wait_for};
use crate::{Context, Errno, GuestMemory};

/// More would be more than there can be descriptors, several times.
const MAX_SUBSCRIPTIONS: u32 = 4096;

/// How a subscription stands in memory.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    /// Its length.
    pub(super) bytes: u32,
    /// Where what is known of a clock begins.
    pub(super) clock: usize,
}

/// The longest subscription.
const MOST_BYTES: usize = 56;
const EVENT_BYTES: usize = 32;

/// What is waited for.
struct Subscription {
    user_data: u64,
    /// Its kind, as the guest named it.
    tag: u8,
    wish: Wish,
}

enum Wish {
    /// That a time comes.
    Time(Instant),
    /// That a file is ready.
    File { number: u32, file: Arc<dyn File>, direction: Direction },
    /// Nothing: it is told what is wrong at once.
    Refused(Errno),
    /// Folders are always ready.
    Ready,
}

const CLOCK: u8 = 0;
const FD_READ: u8 = 1;
const FD_WRITE: u8 = 2;

pub(super) fn poll_oneoff(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    poll(context, memory, arguments, Layout { bytes: 48, clock: 16 })
}

pub(super) fn poll(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
    layout: Layout,
) -> Answer {
    let (list, events, count) = (arguments.u32(0), arguments.u32(1), arguments.u32(2));
    if count == 0 || count > MAX_SUBSCRIPTIONS {
        return Err(Errno::Inval.into());
    }
    let waits_since = || context.waits_since.lock().unwrap_or_else(PoisonError::into_inner);
    let began = waits_since().take().unwrap_or_else(Instant::now);
    let mut subscriptions = Vec::with_capacity(count as usize);
    for index in 0..count {
        let address = list.checked_add(index * layout.bytes).ok_or(Errno::Fault)?;
        let mut bytes = [0; MOST_BYTES];
        memory.read_into(address, &mut bytes[..layout.bytes as usize])?;
        subscriptions.push(Subscription::read(context, &bytes, layout, began)?);
    }
    let told = wait(context, &subscriptions).inspect_err(|stop| {
        if matches!(stop, Stop::Starved { .. }) {
            *waits_since() = Some(began);
        }
    })?;
    for (index, event) in told.iter().enumerate() {
        let address = events.checked_add((index * EVENT_BYTES) as u32).ok_or(Errno::Fault)?;
        memory.write(address, event)?;
    }
    Ok(memory.write_u32(arguments.u32(3), told.len() as u32)?)
}

impl Subscription {
    fn read(
        context: &Context,
        bytes: &[u8; MOST_BYTES],
        layout: Layout,
        began: Instant,
    ) -> Result<Self, Errno> {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(word)
        };
        let tag = bytes[8];
        let wish = match tag {
            CLOCK => {
                let (id, timeout) = (word(layout.clock) as u32, word(layout.clock + 8));
                deadline(context, began, id, timeout, word(layout.clock + 24) as u16)
            }
            FD_READ => file(context, word(16) as u32, Direction::Read),
            FD_WRITE => file(context, word(16) as u32, Direction::Write),
            _ => return Err(Errno::Inval),
        };
        let wish = wish.unwrap_or_else(Wish::Refused);
        Ok(Self { user_data: word(0), tag, wish })
    }

    fn event(&self, result: Result<Ready, Errno>) -> [u8; EVENT_BYTES] {
        let mut event = [0; EVENT_BYTES];
        event[..8].copy_from_slice(&self.user_data.to_le_bytes());
        event[10] = self.tag;
        match result {
            Ok(ready) => {
                event[16..24].copy_from_slice(&ready.bytes.to_le_bytes());
                event[24] = u8::from(ready.hung_up);
            }
            Err(errno) => event[8..10].copy_from_slice(&(errno as u16).to_le_bytes()),
        }
        event
    }
}

fn deadline(
    context: &Context,
    began: Instant,
    clock: u32,
    timeout: u64,
    flags: u16,
) -> Result<Wish, Errno> {
    const ABSOLUTE: u16 = 1;
    if flags & !ABSOLUTE != 0 {
        return Err(Errno::Inval);
    }
    let clock = match Clock::from_number(clock)? {
        clock @ (Clock::Realtime | Clock::Monotonic) => clock,
        // What has been used does not grow while nothing runs.
        Clock::Process | Clock::Thread => return Err(Errno::NotSup),
    };
    let (from, left) = match flags & ABSOLUTE {
        0 => (began, timeout),
        _ => (Instant::now(), timeout.saturating_sub(context.surroundings.now(clock))),
    };
    // A time that cannot be told is as good as never.
    let never = Duration::from_secs(u64::from(u32::MAX));
    Ok(Wish::Time(from + Duration::from_nanos(left).min(never)))
}

fn file(context: &Context, number: u32, direction: Direction) -> Result<Wish, Errno> {
    let descriptor = context.descriptors.find(number)?;
    let transfers = match direction {
        Direction::Read => Rights::FD_READ,
        Direction::Write => Rights::FD_WRITE,
    };
    let rights = descriptor.rights;
    Ok(match descriptor.item {
        Item::Folder(_) => Wish::Ready,
        Item::File(_) if !rights.has_any(transfers.and(Rights::POLL_FD_READWRITE)) => {
            return Err(Errno::NotCapable);
        }
        Item::File(file) => Wish::File { number, file, direction },
    })
}

/// Waits until there is something to tell, and gives it as events.
fn wait(context: &Context, all: &[Subscription]) -> Result<Vec<[u8; EVENT_BYTES]>, Stop> {
    let until = all.iter().filter_map(|one| match one.wish {
        Wish::Time(time) => Some(time),
        _ => None,
    });
    let until = until.min();
    let mut told = ready_now(all);
    let mut starved = None;
    let mut asked = Vec::new();
    let mut watched = Vec::new();
    for one in all {
        let Wish::File { number, file, direction } = &one.wish else { continue };
        match file.readiness(*direction) {
            Readiness::Now(_) => {}
            Readiness::Waits => starved = Some(*number),
            Readiness::Ask(host) => {
                asked.push((one, file));
                watched.push(Watched::new(host, *direction));
            }
        }
    }
    let surroundings = &*context.surroundings;
    let is_due = |until: Instant| until <= Instant::now();
    if !told.is_empty() || starved.is_some() {
        // Only what is so already.
        if !watched.is_empty() {
            wait_for(&mut watched, Some(Instant::now()), surroundings)?;
        }
    } else {
        wait_for(&mut watched, until, surroundings)?;
    }
    for ((one, file), watched) in asked.into_iter().zip(&watched) {
        if watched.is_ready() {
            told.push(
                one.event(Ok(Ready { bytes: available(&**file), hung_up: watched.hung_up() })),
            );
        }
    }
    for one in all {
        if let Wish::Time(time) = one.wish
            && is_due(time)
        {
            told.push(one.event(Ok(NOTHING)));
        }
    }
    match starved {
        Some(descriptor) if told.is_empty() => {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            // Whoever feeds the stream does not see the others.
            let others = (!watched.is_empty()).then_some(PATIENCE);
            let left = [left, others].into_iter().flatten().min();
            let nanoseconds = left.map(|left| left.as_nanos() as u64);
            Err(Stop::Starved { descriptor, nanoseconds })
        }
        _ => Ok(told),
    }
}

const NOTHING: Ready = Ready { bytes: 0, hung_up: false };

/// What need not be waited for.
fn ready_now(all: &[Subscription]) -> Vec<[u8; EVENT_BYTES]> {
    let ready = all.iter().filter_map(|one| match &one.wish {
        Wish::Time(_) => None,
        Wish::Refused(errno) => Some(one.event(Err(*errno))),
        Wish::Ready => Some(one.event(Ok(NOTHING))),
        Wish::File { file, direction, .. } => match file.readiness(*direction) {
            Readiness::Now(ready) => Some(one.event(Ok(ready))),
            _ => None,
        },
    });
    ready.collect()
}

/// How much a file that is ready has. Those of whom that cannot be told have at least one byte.
fn available(file: &dyn File) -> u64 {
    match file.kind() {
        FileType::Directory => 0,
        _ => file.available().unwrap_or(1),
    }
}
