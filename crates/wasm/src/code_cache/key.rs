//! The key of a code cache: 32 random bytes in a file that only the user can read.

use std::io::{self, Read};
use std::os::fd::OwnedFd;

use rustix::fs::fstat;

use super::folder::{
    OTHERS, is_own, is_regular, open_to_read, permits, publish_new, remove, write_temporary,
};
use crate::ArtifactKey;

const NAME: &str = "key";
const BYTES: usize = 32;

/// How often to look again when others make and remove keys at the same time.
const ATTEMPTS: usize = 8;

/// The folder's key. One that is damaged, or that others may know, is replaced: what it signed
/// is of no use any more then.
pub(super) fn read_or_make(folder: &OwnedFd) -> io::Result<ArtifactKey> {
    for _ in 0..ATTEMPTS {
        match read(folder) {
            Ok(Some(key)) => return Ok(key),
            Ok(None) => remove(folder, NAME),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        let temporary = write_temporary(folder, &bytes)?;
        match publish_new(folder, &temporary, NAME) {
            // Whether this one stays or another's: it is the one that is found now.
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("the key of the code cache keeps changing"))
}

/// `None` if what is there is no good.
fn read(folder: &OwnedFd) -> io::Result<Option<ArtifactKey>> {
    let mut file = match open_to_read(folder, NAME) {
        Ok(file) => file,
        // A link, a device …
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let stat = fstat(&file)?;
    if !is_regular(&stat) || !is_own(&stat) || permits(&stat, OTHERS) {
        return Ok(None);
    }
    let mut bytes = [0; BYTES];
    if stat.st_size as u64 != BYTES as u64 || file.read_exact(&mut bytes).is_err() {
        return Ok(None);
    }
    Ok(Some(ArtifactKey::new(&bytes)))
}
