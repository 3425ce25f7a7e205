//! Sockets that the module was given: it can make none.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Instant;

use rustix::net::{RecvFlags, SendFlags, Shutdown, accept, recv, send, shutdown};

use super::{Answer, Arguments};
use crate::descriptors::Descriptor;
use crate::file::{Direction, File};
use crate::host_file::{HostFile, retry};
use crate::types::{FdFlags, Rights};
use crate::wait::{Watched, wait_for};
use crate::{Context, Errno, GuestMemory};

/// A socket for which a right is granted.
fn socket(
    context: &Context,
    number: u32,
    right: Rights,
) -> Result<(Arc<dyn File>, FdFlags), Errno> {
    let (file, _) =
        context.descriptors.file(number, Rights::NONE).map_err(|errno| match errno {
            Errno::IsDir => Errno::NotSock,
            errno => errno,
        })?;
    if file.socket().is_none() {
        return Err(Errno::NotSock);
    }
    context.descriptors.file(number, right)
}

/// Does what may have to wait, and waits.
fn waiting<T>(
    context: &Context,
    file: &dyn File,
    flags: FdFlags,
    direction: Direction,
    mut call: impl FnMut(std::os::fd::BorrowedFd<'_>) -> Result<T, rustix::io::Errno>,
) -> Result<T, Errno> {
    let host = file.socket().ok_or(Errno::NotSock)?;
    loop {
        let until = flags.has(FdFlags::NONBLOCK).then(Instant::now);
        let mut watched = [Watched::new(host, direction)];
        wait_for(&mut watched, until, &*context.surroundings)?;
        if !watched[0].is_ready() {
            return Err(Errno::Again);
        }
        match retry(|| call(host)) {
            Err(rustix::io::Errno::AGAIN) if !flags.has(FdFlags::NONBLOCK) => {}
            done => return Ok(done?),
        }
    }
}

pub(super) fn sock_accept(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let (file, flags) = socket(context, arguments.u32(0), Rights::SOCK_ACCEPT)?;
    let wanted = FdFlags::from_bits(arguments.u16(1)?).ok_or(Errno::Inval)?;
    if wanted.without(FdFlags::NONBLOCK) != FdFlags::NONE {
        return Err(Errno::NotSup.into());
    }
    let accepted = waiting(context, &*file, flags, Direction::Read, |host| accept(host))?;
    let accepted = HostFile::new(accepted.into())?;
    let rights = crate::descriptors::rights_of(&accepted);
    let item = crate::descriptors::Item::File(Arc::new(accepted));
    let accepted = Descriptor::new(item, rights, Rights::NONE, wanted);
    Ok(memory.write_u32(arguments.u32(2), context.descriptors.add(accepted)?)?)
}

pub(super) fn sock_recv(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    const PEEK: u16 = 1;
    const WAIT_ALL: u16 = 2;
    let (file, flags) = socket(context, arguments.u32(0), Rights::FD_READ)?;
    let how = arguments.u16(3)?;
    if how & !(PEEK | WAIT_ALL) != 0 {
        return Err(Errno::Inval.into());
    }
    let mut host_flags = RecvFlags::DONTWAIT;
    host_flags.set(RecvFlags::PEEK, how & PEEK != 0);
    let goes_on = how & WAIT_ALL != 0;
    let total = memory.scatter(arguments.u32(1), arguments.u32(2), goes_on, |into, _| {
        let mut count = 0;
        loop {
            let rest = &mut into[count..];
            let received = waiting(context, &*file, flags, Direction::Read, |host| {
                recv(host, &mut *rest, host_flags)
            });
            let read = match received {
                Ok((read, _)) => read,
                // What came before is not lost.
                Err(_) if count > 0 => return Ok(count),
                Err(errno) => return Err(errno),
            };
            count += read;
            if !goes_on || read == 0 || count == into.len() || how & PEEK != 0 {
                return Ok(count);
            }
        }
    })?;
    memory.write_u32(arguments.u32(4), total)?;
    // Nothing was cut off: that is known of datagrams only.
    Ok(memory.write(arguments.u32(5), &[0, 0])?)
}

pub(super) fn sock_send(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let (file, flags) = socket(context, arguments.u32(0), Rights::FD_WRITE)?;
    if arguments.u16(3)? != 0 {
        return Err(Errno::Inval.into());
    }
    let total = memory.gather(arguments.u32(1), arguments.u32(2), |pieces| {
        let piece: &[u8] = pieces.first().map_or(&[], |piece| piece);
        let granted = context.take_quota(piece.len() as u64)?;
        let host_flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let sent = waiting(context, &*file, flags, Direction::Write, |host| {
            send(host, &piece[..granted as usize], host_flags)
        });
        context.return_quota(granted - *sent.as_ref().unwrap_or(&0) as u64);
        sent
    })?;
    Ok(memory.write_u32(arguments.u32(4), u32::try_from(total).map_err(|_| Errno::Overflow)?)?)
}

pub(super) fn sock_shutdown(
    context: &Context,
    _memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    const READ: u32 = 1;
    const WRITE: u32 = 2;
    let (file, _) = socket(context, arguments.u32(0), Rights::SOCK_SHUTDOWN)?;
    let how = match arguments.u32(1) {
        READ => Shutdown::Read,
        WRITE => Shutdown::Write,
        both if both == READ | WRITE => Shutdown::Both,
        _ => return Err(Errno::Inval.into()),
    };
    let host = file.socket().ok_or(Errno::NotSock)?;
    Ok(shutdown(host.as_fd(), how)?)
}
