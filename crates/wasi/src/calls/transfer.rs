//! Reading and writing.

use std::io::IoSlice;

use super::{Answer, Arguments, Stop};
use crate::file::{Direction, File, Readiness};
use crate::types::{FdFlags, FileType, Rights};
use crate::wait::{Watched, wait_for};
use crate::{Context, Errno, GuestMemory};

pub(super) fn fd_read(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let number = arguments.u32(0);
    let (file, flags) = context.descriptors.file(number, Rights::FD_READ)?;
    let (list, count) = (arguments.u32(1), arguments.u32(2));
    // More than one piece is read at once only where reading never waits.
    let may_go_on = file.kind() == FileType::RegularFile;
    loop {
        match memory.scatter(list, count, may_go_on, |into, _| file.read(into)) {
            Err(Errno::Again) if !flags.has(FdFlags::NONBLOCK) => wait(context, number, &*file)?,
            Err(errno) => return Err(errno.into()),
            Ok(total) => return Ok(memory.write_u32(arguments.u32(3), total)?),
        }
    }
}

/// Waits until a file can be read.
fn wait(context: &Context, number: u32, file: &dyn File) -> Answer {
    match file.readiness(Direction::Read) {
        Readiness::Now(_) => Ok(()),
        Readiness::Waits => Err(Stop::Starved { descriptor: number, nanoseconds: None }),
        Readiness::Ask(host) => {
            let mut watched = [Watched::new(host, Direction::Read)];
            Ok(wait_for(&mut watched, None, &*context.surroundings)?)
        }
    }
}

pub(super) fn fd_pread(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let rights = Rights::FD_READ.and(Rights::FD_SEEK);
    let (file, _) = context.descriptors.file_or(arguments.u32(0), rights, Errno::SPipe)?;
    let (list, count, offset) = (arguments.u32(1), arguments.u32(2), arguments.u64(3));
    let total = memory.scatter(list, count, true, |into, before| {
        file.read_at(into, offset.checked_add(before).ok_or(Errno::Inval)?)
    })?;
    Ok(memory.write_u32(arguments.u32(4), total)?)
}

pub(super) fn fd_write(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let (file, flags) = context.descriptors.file(arguments.u32(0), Rights::FD_WRITE)?;
    let (list, count) = (arguments.u32(1), arguments.u32(2));
    loop {
        let written = memory.gather(list, count, |pieces| {
            within_quota(context, pieces, |pieces| file.write(pieces))
        });
        match written {
            Err(Errno::Again) if !flags.has(FdFlags::NONBLOCK) => {
                if let Readiness::Ask(host) = file.readiness(Direction::Write) {
                    let mut watched = [Watched::new(host, Direction::Write)];
                    wait_for(&mut watched, None, &*context.surroundings)?;
                }
            }
            Err(errno) => return Err(errno.into()),
            Ok(total) => return Ok(memory.write_u32(arguments.u32(3), total)?),
        }
    }
}

pub(super) fn fd_pwrite(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let rights = Rights::FD_WRITE.and(Rights::FD_SEEK);
    let (file, _) = context.descriptors.file_or(arguments.u32(0), rights, Errno::SPipe)?;
    let (list, count, offset) = (arguments.u32(1), arguments.u32(2), arguments.u64(3));
    let total = memory.gather(list, count, |pieces| {
        within_quota(context, pieces, |pieces| file.write_at(pieces, offset))
    })?;
    Ok(memory.write_u32(arguments.u32(4), total)?)
}

/// Writes as much as may still be written.
fn within_quota(
    context: &Context,
    pieces: &[IoSlice<'_>],
    write: impl FnOnce(&[IoSlice<'_>]) -> Result<usize, Errno>,
) -> Result<u32, Errno> {
    let wanted = pieces.iter().map(|piece| piece.len() as u64).sum();
    let granted = context.take_quota(wanted)?;
    let written = if granted == wanted {
        write(pieces)
    } else {
        // What fits: all of the first pieces, and the beginning of the one after them.
        let mut left = granted as usize;
        let cut: Vec<IoSlice<'_>> = pieces
            .iter()
            .map_while(|piece| {
                let len = piece.len().min(left);
                left -= len;
                (len > 0).then(|| IoSlice::new(&piece[..len]))
            })
            .collect();
        write(&cut)
    };
    let used = *written.as_ref().unwrap_or(&0);
    context.return_quota(granted.saturating_sub(used as u64));
    u32::try_from(written?).map_err(|_| Errno::Overflow)
}
