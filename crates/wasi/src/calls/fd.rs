//! Descriptors themselves, and what is done with files as a whole.

use super::{Answer, Arguments};
use crate::context::Clock;
use crate::descriptors::Item;
use crate::file::settable;
use crate::types::{FdFlags, FileStat, Position, Rights, SetTime, SetTimes, TimeFlags};
use crate::{Context, Errno, GuestMemory};

/// How a file will be read.
const ADVICE_KINDS: u32 = 6;

pub(super) fn fd_advise(
    context: &Context,
    _memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    context.descriptors.file(arguments.u32(0), Rights::FD_ADVISE)?;
    let (offset, len) = (arguments.i64(1), arguments.i64(2));
    if arguments.u32(3) >= ADVICE_KINDS || offset < 0 || len < 0 {
        return Err(Errno::Inval.into());
    }
    // Advice may be heard and not followed: files here are read as they are asked for.
    Ok(())
}

pub(super) fn fd_allocate(
    context: &Context,
    _memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let (file, _) = context.descriptors.file(arguments.u32(0), Rights::FD_ALLOCATE)?;
    let (offset, len) = (arguments.u64(1), arguments.u64(2));
    let end = offset.checked_add(len).ok_or(Errno::FBig)?;
    if len == 0 {
        return Err(Errno::Inval.into());
    }
    if end > i64::MAX.cast_unsigned() {
        return Err(Errno::FBig.into());
    }
    // What is there already may have holes: all of it counts.
    Ok(context.charged(len, || file.allocate(offset, len))?)
}

pub(super) fn fd_close(
    context: &Context,
    _memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    Ok(context.descriptors.remove(arguments.u32(0))?)
}

pub(super) fn fd_datasync(
    context: &Context,
    _memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let rights = Rights::FD_DATASYNC;
    let (file, _) = context.descriptors.file_or(arguments.u32(0), rights, Errno::Inval)?;
    Ok(file.sync()?)
}

pub(super) fn fd_sync(
    context: &Context,
    _memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let number = arguments.u32(0);
    let descriptor = context.descriptors.find(number)?;
    if !descriptor.rights.has(Rights::FD_SYNC) {
        context.descriptors.file_or(number, Rights::FD_SYNC, Errno::Inval)?;
        return Err(Errno::NotCapable.into());
    }
    match &descriptor.item {
        Item::File(file) => file.sync()?,
        Item::Folder(folder) => folder.sync()?,
    }
    Ok(())
}

pub(super) fn fd_fdstat_get(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let descriptor = context.descriptors.find(arguments.u32(0))?;
    let mut stat = [0; 24];
    stat[0] = descriptor.kind() as u8;
    stat[2..4].copy_from_slice(&descriptor.flags.bits().to_le_bytes());
    stat[8..16].copy_from_slice(&descriptor.rights.bits().to_le_bytes());
    stat[16..].copy_from_slice(&descriptor.inheriting.bits().to_le_bytes());
    Ok(memory.write(arguments.u32(1), &stat)?)
}

pub(super) fn fd_fdstat_set_flags(
    context: &Context,
    _memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let flags = FdFlags::from_bits(arguments.u16(1)?).ok_or(Errno::Inval)?;
    let set = context.descriptors.with(arguments.u32(0), |descriptor| {
        if !descriptor.rights.has(Rights::FD_FDSTAT_SET_FLAGS) {
            return Err(Errno::NotCapable);
        }
        // Whether writing reaches the disk is settled when a file is opened.
        let kept = descriptor.flags.without(settable());
        if flags.without(settable()) != kept && flags.without(settable()) != FdFlags::NONE {
            return Err(Errno::NotSup);
        }
        if let Item::File(file) = &descriptor.item {
            file.set_flags(flags)?;
        }
        descriptor.flags = flags.within(settable()).and(kept);
        Ok(())
    });
    Ok(set?)
}

pub(super) fn fd_fdstat_set_rights(
    context: &Context,
    _memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let rights = |index| Rights::from_bits(arguments.u64(index)).ok_or(Errno::NotCapable);
    let (base, inheriting) = (rights(1)?, rights(2)?);
    let set = context.descriptors.with(arguments.u32(0), |descriptor| {
        if !descriptor.rights.has(base) || !descriptor.inheriting.has(inheriting) {
            return Err(Errno::NotCapable);
        }
        (descriptor.rights, descriptor.inheriting) = (base, inheriting);
        Ok(())
    });
    Ok(set?)
}

/// How a `filestat` stands in memory.
pub(super) fn filestat(stat: &FileStat) -> [u8; 64] {
    let mut bytes = [0; 64];
    let words = [stat.nlink, stat.size, stat.atim, stat.mtim, stat.ctim];
    bytes[..8].copy_from_slice(&stat.dev.to_le_bytes());
    bytes[8..16].copy_from_slice(&stat.ino.to_le_bytes());
    bytes[16] = stat.kind as u8;
    for (place, word) in bytes[24..].chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

pub(super) fn fd_filestat_get(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    Ok(memory.write(arguments.u32(1), &filestat(&stat(context, arguments)?))?)
}

/// What is known of the first argument's file.
pub(super) fn stat(context: &Context, arguments: Arguments<'_>) -> Result<FileStat, Errno> {
    let descriptor = context.descriptors.find(arguments.u32(0))?;
    if !descriptor.rights.has(Rights::FD_FILESTAT_GET) {
        return Err(Errno::NotCapable);
    }
    match &descriptor.item {
        Item::File(file) => file.stat(),
        Item::Folder(folder) => folder.stat_self(),
    }
}

pub(super) fn fd_filestat_set_size(
    context: &Context,
    _memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let rights = Rights::FD_FILESTAT_SET_SIZE;
    let (file, _) = context.descriptors.file_or(arguments.u32(0), rights, Errno::Inval)?;
    let size = arguments.u64(1);
    let growth = size.saturating_sub(file.stat()?.size);
    Ok(context.charged(growth, || file.set_size(size))?)
}

pub(super) fn fd_filestat_set_times(
    context: &Context,
    _memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let times = times(context, arguments, 1)?;
    let descriptor = context.descriptors.find(arguments.u32(0))?;
    if !descriptor.rights.has(Rights::FD_FILESTAT_SET_TIMES) {
        return Err(Errno::NotCapable.into());
    }
    match &descriptor.item {
        Item::File(file) => file.set_times(times)?,
        Item::Folder(folder) => folder.set_times_self(times)?,
    }
    Ok(())
}

/// Two times and which of them count, from an argument on.
pub(super) fn times(
    context: &Context,
    arguments: Arguments<'_>,
    first: usize,
) -> Result<SetTimes, Errno> {
    let flags = TimeFlags::from_bits(arguments.u16(first + 2)?).ok_or(Errno::Inval)?;
    let times = SetTimes::new(arguments.u64(first), arguments.u64(first + 1), flags)?;
    // Now is when the guest's clock says it is.
    let now = |time| match time {
        SetTime::Now => SetTime::At(context.surroundings.now(Clock::Realtime)),
        time => time,
    };
    Ok(SetTimes { accessed: now(times.accessed), modified: now(times.modified) })
}

pub(super) fn fd_prestat_get(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let descriptor = context.descriptors.find(arguments.u32(0))?;
    let name = descriptor.preopen.ok_or(Errno::BadF)?;
    // The first word says that it is a folder: there is nothing else.
    let mut prestat = [0; 8];
    prestat[4..].copy_from_slice(&(name.len() as u32).to_le_bytes());
    Ok(memory.write(arguments.u32(1), &prestat)?)
}

pub(super) fn fd_prestat_dir_name(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let descriptor = context.descriptors.find(arguments.u32(0))?;
    let name = descriptor.preopen.ok_or(Errno::BadF)?;
    if (arguments.u32(2) as usize) < name.len() {
        return Err(Errno::NameTooLong.into());
    }
    Ok(memory.write(arguments.u32(1), &name)?)
}

pub(super) fn fd_renumber(
    context: &Context,
    _memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    Ok(context.descriptors.renumber(arguments.u32(0), arguments.u32(1))?)
}

pub(super) fn fd_seek(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let offset = arguments.i64(1);
    let to = match arguments.u32(2) {
        0 => Position::Start(u64::try_from(offset).map_err(|_| Errno::Inval)?),
        1 => Position::Current(offset),
        2 => Position::End(offset),
        _ => return Err(Errno::Inval.into()),
    };
    seek_to(context, memory, arguments, to)
}

/// Moves the first argument's file, and tells the fourth where it is.
pub(super) fn seek_to(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
    to: Position,
) -> Answer {
    // Where it stands may be asked with less than moving it needs.
    let tells = matches!(to, Position::Current(0));
    let rights = if tells { Rights::FD_TELL } else { Rights::FD_SEEK };
    let here = seek(context, arguments.u32(0), rights, to)?;
    Ok(memory.write_u64(arguments.u32(3), here)?)
}

pub(super) fn fd_tell(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let here = seek(context, arguments.u32(0), Rights::FD_TELL, Position::Current(0))?;
    Ok(memory.write_u64(arguments.u32(1), here)?)
}

fn seek(context: &Context, number: u32, rights: Rights, to: Position) -> Result<u64, Errno> {
    // Programs tell pipes by that.
    let (file, _) = context.descriptors.file_or(number, rights, Errno::SPipe)?;
    file.seek(to)
}
