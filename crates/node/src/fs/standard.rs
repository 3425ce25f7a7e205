//! Standard input, output and error as the files 0, 1 and 2: they are the embedder's.

use std::io::Read;

use holm_host::{Host, Stream};
use rustix::fs::{Stat, fstat};
use rustix::io::Errno;

use super::failure::{Failure, Outcome};
use super::reading::read_all;

/// The number of standard input.
pub(super) const INPUT: usize = 0;

/// More is not expected at first of an input without an end that is known.
const EXPECTED_BYTES: usize = 64 << 10;

/// Up to `len` bytes of standard input.
pub(super) fn read_some(len: usize) -> Outcome<Vec<u8>> {
    let mut bytes = vec![0; len.min(EXPECTED_BYTES)];
    let count = std::io::stdin().read(&mut bytes)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// All of standard input.
pub(super) fn read_rest(max_bytes: usize) -> Outcome<Vec<u8>> {
    read_all(&mut std::io::stdin(), EXPECTED_BYTES.min(max_bytes), max_bytes)
}

/// What stands behind one of the three, as far as the embedder has it; nothing for other numbers.
pub(super) fn stat(host: &Host, number: usize) -> Option<Outcome<Stat>> {
    if number == INPUT {
        return Some(match host.process.has_stdin {
            true => fstat(std::io::stdin()).map_err(Failure::from),
            false => Err(Errno::BADF.into()),
        });
    }
    Some(match host.output.file(output(number)?) {
        Some(file) => file.map_err(Failure::from).and_then(|file| Ok(fstat(file)?)),
        None => Err(Errno::BADF.into()),
    })
}

/// Which stream a number means.
pub(super) fn output(number: usize) -> Option<Stream> {
    match number {
        1 => Some(Stream::Out),
        2 => Some(Stream::Err),
        _ => None,
    }
}

/// Writes to one of them.
pub(super) fn write(host: &Host, stream: Stream, bytes: &[u8]) -> Outcome<usize> {
    match host.output.write_through(stream, bytes) {
        Ok(()) => Ok(bytes.len()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Errno::PIPE.into()),
        Err(_) => Err(Errno::IO.into()),
    }
}
