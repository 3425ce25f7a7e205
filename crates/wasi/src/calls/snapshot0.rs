//! What was otherwise in the snapshot before preview 1, which old modules import as
//! `wasi_unstable`: <https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview0/docs.md>

use super::fd::{seek_to, stat};
use super::path::path_stat;
use super::poll::{Layout, poll};
use super::{Answer, Arguments, Function, function};
use crate::calls::Parameter::{I32, I64};
use crate::types::{FileStat, Position};
use crate::{Context, Errno, GuestMemory};

/// The functions that are otherwise.
pub(super) static FUNCTIONS: &[Function] = &[
    function("fd_filestat_get", &[I32; 2], fd_filestat_get),
    function("fd_seek", &[I32, I64, I32, I32], fd_seek),
    function("path_filestat_get", &[I32; 5], path_filestat_get),
    function("poll_oneoff", &[I32; 4], poll_oneoff),
];

/// Those that were not there.
pub(super) const LATER: &[&str] = &["sock_accept"];

/// How a `filestat` stood in memory: with 32 bits for the number of links.
fn filestat(stat: &FileStat) -> [u8; 56] {
    let mut bytes = [0; 56];
    bytes[..8].copy_from_slice(&stat.dev.to_le_bytes());
    bytes[8..16].copy_from_slice(&stat.ino.to_le_bytes());
    bytes[16] = stat.kind as u8;
    let links = u32::try_from(stat.nlink).unwrap_or(u32::MAX);
    bytes[20..24].copy_from_slice(&links.to_le_bytes());
    let words = [stat.size, stat.atim, stat.mtim, stat.ctim];
    for (place, word) in bytes[24..].chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

fn fd_filestat_get(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    Ok(memory.write(arguments.u32(1), &filestat(&stat(context, arguments)?))?)
}

fn path_filestat_get(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let stat = path_stat(context, memory, arguments)?;
    Ok(memory.write(arguments.u32(4), &filestat(&stat))?)
}

fn fd_seek(context: &Context, memory: &mut GuestMemory<'_>, arguments: Arguments<'_>) -> Answer {
    let offset = arguments.i64(1);
    let to = match arguments.u32(2) {
        0 => Position::Current(offset),
        1 => Position::End(offset),
        2 => Position::Start(u64::try_from(offset).map_err(|_| Errno::Inval)?),
        _ => return Err(Errno::Inval.into()),
    };
    seek_to(context, memory, arguments, to)
}

fn poll_oneoff(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    // A clock had a number of its own before the rest.
    poll(context, memory, arguments, Layout { bytes: 56, clock: 24 })
}
