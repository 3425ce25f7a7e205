//! Folders: what their paths lead to.

use super::fd::{filestat, times};
use super::{Answer, Arguments};
use crate::descriptors::{Descriptor, Item, Listing, rights_of};
use crate::file::Opened;
use crate::types::{FdFlags, FileStat, LookupFlags, Open, OpenFlags, Rights};
use crate::{Context, Errno, FileType, GuestMemory};

/// Longer paths lead nowhere, as on Linux.
const MAX_PATH_BYTES: usize = 4096;
/// Before its name, what is known of an entry of a folder.
const ENTRY_HEAD_BYTES: usize = 24;

/// The path in two arguments.
fn path(
    memory: &GuestMemory<'_>,
    arguments: Arguments<'_>,
    first: usize,
) -> Result<Vec<u8>, Errno> {
    let path = memory.bytes(arguments.u32(first), arguments.u32(first + 1), MAX_PATH_BYTES)?;
    if path.contains(&0) {
        return Err(Errno::Inval);
    }
    Ok(path)
}

fn follows(arguments: Arguments<'_>, index: usize) -> Result<bool, Errno> {
    let flags = LookupFlags::from_bits(arguments.u32(index)).ok_or(Errno::Inval)?;
    Ok(flags.has(LookupFlags::FOLLOW))
}

pub(super) fn path_open(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let path = path(memory, arguments, 2)?;
    let how = OpenFlags::from_bits(arguments.u16(4)?).ok_or(Errno::Inval)?;
    // Programs ask for rights that there are not yet, or no longer.
    let wanted = Rights::from_bits_truncated(arguments.u64(5));
    let wanted_inheriting = Rights::from_bits_truncated(arguments.u64(6));
    let flags = FdFlags::from_bits(arguments.u16(7)?).ok_or(Errno::Inval)?;
    let number = arguments.u32(0);
    let mut needed = Rights::PATH_OPEN;
    if how.has(OpenFlags::CREATE) {
        needed = needed.and(Rights::PATH_CREATE_FILE);
    }
    if how.has(OpenFlags::TRUNCATE) {
        needed = needed.and(Rights::PATH_FILESTAT_SET_SIZE);
    }
    let parent = context.descriptors.find(number)?;
    if parent.kind() != FileType::Directory {
        return Err(Errno::NotDir.into());
    }
    let inherited = parent.inheriting;
    // Some ask for all that has to do with writing, and open for reading only.
    let write = wanted.has(Rights::FD_WRITE);
    if write && !inherited.has(Rights::FD_WRITE) {
        return Err(read_only(inherited).into());
    }
    let folder = context.descriptors.folder(number, needed).map_err(|errno| match errno {
        Errno::NotCapable if needed != Rights::PATH_OPEN => read_only(inherited),
        errno => errno,
    })?;
    let open = Open {
        follow: follows(arguments, 1)?,
        how,
        flags,
        read: wanted.has(Rights::FD_READ) || !write,
        write,
    };
    let makes = how.has(OpenFlags::CREATE) && folder.stat(&path, open.follow).is_err();
    let cost = if makes { entry_bytes(&path) } else { 0 };
    let opened = context.charged(cost, || folder.open(&path, &open))?;
    let possible = match &opened {
        Opened::File(file) => rights_of(&**file),
        Opened::Folder(_) => Rights::FOLDER,
    };
    let possible = if write { possible } else { possible.without(Rights::WRITING) };
    let is_folder = matches!(opened, Opened::Folder(_));
    let rights = wanted.within(inherited).within(possible);
    let inheriting = if is_folder { wanted_inheriting.within(inherited) } else { Rights::NONE };
    let opened = Descriptor::new(Item::from(opened), rights, inheriting, flags);
    let opened = context.descriptors.add(opened)?;
    Ok(memory.write_u32(arguments.u32(8), opened)?)
}

/// Why something in a folder cannot be changed.
fn read_only(inherited: Rights) -> Errno {
    let is_read_only = !inherited.has_any(Rights::CHANGING);
    if is_read_only { Errno::RoFs } else { Errno::NotCapable }
}

/// What a name in a folder costs of what may be written, with what is known of its file.
fn entry_bytes(path: &[u8]) -> u64 {
    const KNOWN_BYTES: u64 = 256;
    KNOWN_BYTES + path.len() as u64
}

/// The folder of a descriptor, in which something is to be changed.
fn changing(
    context: &Context,
    number: u32,
    right: Rights,
) -> Result<std::sync::Arc<dyn crate::Folder>, Errno> {
    context.descriptors.folder(number, right).map_err(|errno| match errno {
        Errno::NotCapable => match context.descriptors.find(number) {
            Ok(found) => read_only(found.inheriting.and(found.rights)),
            Err(_) => errno,
        },
        errno => errno,
    })
}

pub(super) fn path_create_directory(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let folder = changing(context, arguments.u32(0), Rights::PATH_CREATE_DIRECTORY)?;
    let path = path(memory, arguments, 1)?;
    Ok(context.charged(entry_bytes(&path), || folder.create_folder(&path))?)
}

pub(super) fn path_remove_directory(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let folder = changing(context, arguments.u32(0), Rights::PATH_REMOVE_DIRECTORY)?;
    Ok(folder.remove_folder(&path(memory, arguments, 1)?)?)
}

pub(super) fn path_unlink_file(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let folder = changing(context, arguments.u32(0), Rights::PATH_UNLINK_FILE)?;
    Ok(folder.remove_file(&path(memory, arguments, 1)?)?)
}

pub(super) fn path_filestat_get(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let stat = path_stat(context, memory, arguments)?;
    Ok(memory.write(arguments.u32(4), &filestat(&stat))?)
}

/// What is known of what the first four arguments lead to.
pub(super) fn path_stat(
    context: &Context,
    memory: &GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Result<FileStat, Errno> {
    let folder = context.descriptors.folder(arguments.u32(0), Rights::PATH_FILESTAT_GET)?;
    folder.stat(&path(memory, arguments, 2)?, follows(arguments, 1)?)
}

pub(super) fn path_filestat_set_times(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let folder = changing(context, arguments.u32(0), Rights::PATH_FILESTAT_SET_TIMES)?;
    let times = times(context, arguments, 4)?;
    Ok(folder.set_times(&path(memory, arguments, 2)?, follows(arguments, 1)?, times)?)
}

pub(super) fn path_link(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    // A link to what a link leads to is made by nobody: neither systems nor libraries can.
    if follows(arguments, 1)? {
        return Err(Errno::Inval.into());
    }
    let from = context.descriptors.folder(arguments.u32(0), Rights::PATH_LINK_SOURCE)?;
    let to = changing(context, arguments.u32(4), Rights::PATH_LINK_TARGET)?;
    let (old, new) = (path(memory, arguments, 2)?, path(memory, arguments, 5)?);
    Ok(context.charged(entry_bytes(&new), || from.link(&old, &*to, &new))?)
}

pub(super) fn path_rename(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let from = changing(context, arguments.u32(0), Rights::PATH_RENAME_SOURCE)?;
    let to = changing(context, arguments.u32(3), Rights::PATH_RENAME_TARGET)?;
    let (old, new) = (path(memory, arguments, 1)?, path(memory, arguments, 4)?);
    Ok(from.rename(&old, &*to, &new)?)
}

pub(super) fn path_symlink(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let folder = changing(context, arguments.u32(2), Rights::PATH_SYMLINK)?;
    let (target, link) = (path(memory, arguments, 0)?, path(memory, arguments, 3)?);
    let cost = entry_bytes(&link) + target.len() as u64;
    Ok(context.charged(cost, || folder.symlink(&target, &link))?)
}

pub(super) fn path_readlink(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let folder = context.descriptors.folder(arguments.u32(0), Rights::PATH_READLINK)?;
    let target = folder.read_link(&path(memory, arguments, 1)?)?;
    // What does not fit is cut off, as by the system.
    let fitting = target.len().min(arguments.u32(4) as usize);
    memory.write(arguments.u32(3), &target[..fitting])?;
    Ok(memory.write_u32(arguments.u32(5), fitting as u32)?)
}

/// Entries are numbered in the order in which they were read when somebody began at 0, so that
/// those who go on get each of them once, whatever became of the folder since.
pub(super) fn fd_readdir(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let descriptor = context.descriptors.find(arguments.u32(0))?;
    let Item::Folder(folder) = &descriptor.item else { return Err(Errno::NotDir.into()) };
    if !descriptor.rights.has(Rights::FD_READDIR) {
        return Err(Errno::NotCapable.into());
    }
    let (buffer, len, cookie) = (arguments.u32(1), arguments.u32(2), arguments.u64(3));
    let mut kept = descriptor.listing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let listing = match kept.take() {
        Some(listing) if cookie > 0 => listing,
        // The one before gives way first.
        before => {
            drop(before);
            Listing::new(folder.list()?, &context.listed_bytes)?
        }
    };
    let first = usize::try_from(cookie).map_err(|_| Errno::Inval)?;
    let mut bytes = Vec::new();
    for (index, entry) in listing.entries.iter().enumerate().skip(first) {
        let mut head = [0; ENTRY_HEAD_BYTES];
        head[..8].copy_from_slice(&(index as u64 + 1).to_le_bytes());
        head[8..16].copy_from_slice(&entry.ino.to_le_bytes());
        head[16..20].copy_from_slice(&(entry.name.len() as u32).to_le_bytes());
        head[20] = entry.kind as u8;
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(&entry.name);
        if bytes.len() >= len as usize {
            break;
        }
    }
    bytes.truncate(len as usize);
    if bytes.len() == len as usize {
        // There is more to tell.
        *kept = Some(listing);
    }
    memory.write(buffer, &bytes)?;
    Ok(memory.write_u32(arguments.u32(4), bytes.len() as u32)?)
}
