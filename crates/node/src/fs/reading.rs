//! Reading and writing whole files and parts of them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use super::failure::{Failure, Outcome};

/// What is not a regular file is read in pieces of this many bytes.
const PIECE_BYTES: usize = 64 << 10;

/// All that is left of a file, from where it stands.
pub(super) fn read_rest(mut file: &File, max_bytes: usize) -> Outcome<Vec<u8>> {
    let metadata = file.metadata()?;
    let expected = if metadata.is_file() {
        metadata.len().saturating_sub(file.stream_position().unwrap_or(0))
    } else {
        PIECE_BYTES as u64
    };
    read_all(&mut file, usize::try_from(expected).unwrap_or(usize::MAX), max_bytes)
}

/// All bytes, of which so many are expected.
pub(super) fn read_all(
    source: &mut impl Read,
    expected: usize,
    max_bytes: usize,
) -> Outcome<Vec<u8>> {
    if expected > max_bytes {
        return Err(Failure::TooLarge { max_bytes });
    }
    let mut bytes = Vec::new();
    let reserved = bytes.try_reserve_exact(expected.saturating_add(1));
    reserved.map_err(|_| Failure::TooLarge { max_bytes })?;
    source.take(max_bytes as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > max_bytes {
        return Err(Failure::TooLarge { max_bytes });
    }
    Ok(bytes)
}

/// Up to `len` bytes, from a place or from where the file stands.
pub(super) fn read_some(mut file: &File, len: usize, position: i64) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    let reserved = bytes.try_reserve_exact(len);
    reserved.map_err(|_| Failure::TooLarge { max_bytes: len })?;
    bytes.resize(len, 0);
    let count = retried(|| match u64::try_from(position) {
        Ok(position) => file.read_at(&mut bytes, position),
        Err(_) => file.read(&mut bytes),
    })?;
    bytes.truncate(count);
    Ok(bytes)
}

/// Writes what the system takes at once; says how much that was.
pub(super) fn write_some(mut file: &File, bytes: &[u8], position: i64) -> Outcome<usize> {
    Ok(retried(|| match u64::try_from(position) {
        Ok(position) => file.write_at(bytes, position),
        Err(_) => file.write(bytes),
    })?)
}

/// Calls once more what a signal interrupted.
fn retried(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Copies all of one file over another.
pub(super) fn copy_all(mut source: &File, mut target: &File) -> Outcome<()> {
    target.set_len(0)?;
    target.seek(SeekFrom::Start(0))?;
    io::copy(&mut source, &mut target)?;
    Ok(())
}
