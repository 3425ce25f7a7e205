//! Where a path leads to: never out of the folder that it begins in.

use super::tree::{Content, MAX_NAME_BYTES, MAX_PATH_BYTES, Number, Tree};
use crate::Errno;

/// So many links are followed for one path, as on Linux.
const MAX_LINKS: usize = 40;

/// What becomes of a link at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastLink {
    /// It is followed.
    Follow,
    /// It is what the path leads to; with a slash behind it, it is followed.
    KeepUnlessSlash,
    /// It is what the path leads to.
    Keep,
}

/// Where a path led to.
#[derive(Debug)]
pub(super) struct Found {
    /// The folder that has it, or would have it, and its name there. None behind `.` and `..`.
    pub(super) place: Option<(Number, Vec<u8>)>,
    /// What is there.
    pub(super) number: Option<Number>,
    /// The path ended with a slash.
    pub(super) wants_folder: bool,
}

/// What is still to be walked, the next part last.
type Parts = Vec<Vec<u8>>;

impl Tree {
    /// Walks along a path from a folder; what its last part names need not be there.
    pub(super) fn walk(
        &self,
        base: Number,
        path: &[u8],
        last_link: LastLink,
    ) -> Result<Found, Errno> {
        if path.is_empty() {
            return Err(Errno::NoEnt);
        }
        let mut parts = Parts::new();
        let mut wants_folder = push_parts(&mut parts, path)?;
        // The folders on the way: `..` goes back to where it came from, and not further.
        let mut way = vec![base];
        let mut links = 0;
        let mut found = None;
        while let Some(name) = parts.pop() {
            let here = *way.last().ok_or(Errno::NotCapable)?;
            found = None;
            match name.as_slice() {
                b"." => continue,
                b".." if way.len() == 1 => return Err(Errno::NotCapable),
                b".." => {
                    way.pop();
                    continue;
                }
                _ if name.len() > MAX_NAME_BYTES => return Err(Errno::NameTooLong),
                _ => {}
            }
            let is_last = parts.is_empty();
            let number = self.names(here)?.get(&name).copied();
            let Some(there) = number else {
                if !is_last {
                    return Err(Errno::NoEnt);
                }
                found = Some((here, name, number));
                continue;
            };
            match self.content(there)? {
                Content::Folder { .. } => {
                    way.push(there);
                    found = Some((here, name, number));
                }
                Content::Link(target) if !is_last || follows(last_link, wants_folder) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Errno::Loop);
                    }
                    let ends_with_slash = push_parts(&mut parts, target)?;
                    wants_folder |= is_last && ends_with_slash;
                }
                _ if is_last => found = Some((here, name, number)),
                _ => return Err(Errno::NotDir),
            }
        }
        Ok(match found {
            Some((folder, name, number)) => {
                Found { place: Some((folder, name)), number, wants_folder }
            }
            None => Found { place: None, number: way.pop(), wants_folder },
        })
    }

    /// What a path leads to, which has to be there.
    pub(super) fn find(
        &self,
        base: Number,
        path: &[u8],
        last_link: LastLink,
    ) -> Result<Number, Errno> {
        let found = self.walk(base, path, last_link)?;
        let number = found.number.ok_or(Errno::NoEnt)?;
        if found.wants_folder && !self.is_folder(number) {
            return Err(Errno::NotDir);
        }
        Ok(number)
    }
}

fn follows(last_link: LastLink, has_slash: bool) -> bool {
    match last_link {
        LastLink::Follow => true,
        LastLink::KeepUnlessSlash => has_slash,
        LastLink::Keep => false,
    }
}

/// Adds the parts of a path to those still to be walked, and tells whether it ends with a slash.
fn push_parts(parts: &mut Parts, path: &[u8]) -> Result<bool, Errno> {
    if path.len() > MAX_PATH_BYTES {
        return Err(Errno::NameTooLong);
    }
    if path.starts_with(b"/") {
        return Err(Errno::NotCapable);
    }
    let new = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty());
    parts.extend(new.rev().map(<[u8]>::to_vec));
    Ok(path.ends_with(b"/"))
}
