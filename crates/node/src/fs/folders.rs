//! What is in a folder, and making folders.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, mkdirat, statat};
use rustix::io::Errno;

use super::arguments::Given;
use super::failure::{Failure, Outcome};
use super::place::{Links, Place, Wish};

/// The kinds of `Dirent`: `constants.UV_DIRENT_…`.
pub(super) fn kind_number(kind: FileType) -> u8 {
    match kind {
        FileType::RegularFile => 1,
        FileType::Directory => 2,
        FileType::Symlink => 3,
        FileType::Fifo => 4,
        FileType::Socket => 5,
        FileType::CharacterDevice => 6,
        FileType::BlockDevice => 7,
        FileType::Unknown => 0,
    }
}

pub(super) fn open_folder(place: &Place) -> Outcome<OwnedFd> {
    place.open(OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
}

/// The names in an open folder, in their order, and what each is.
pub(super) fn entries(folder: &OwnedFd) -> Outcome<Vec<(Vec<u8>, FileType)>> {
    let mut found = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        let mut kind = entry.file_type();
        if kind == FileType::Unknown
            && let Ok(stat) = statat(folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)
        {
            kind = FileType::from_raw_mode(stat.st_mode);
        }
        found.push((name.to_vec(), kind));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// Makes one folder.
pub(super) fn make(given: &Given, mode: Mode) -> Outcome<()> {
    let place = given.find(Wish::Write, Links::Keep)?;
    Ok(mkdirat(place.folder(), place.name(), mode)?)
}

/// Makes a folder and those above it that are missing; gives the first that was made.
pub(super) fn make_all(given: &Given, mode: Mode) -> Outcome<Option<Vec<u8>>> {
    let mut missing: Vec<&Path> = Vec::new();
    let mut first = None;
    let mut next = Some(given.path());
    // Upwards to where one can be made, then down again.
    while let Some(path) = next.take() {
        match make(&given.with_path(path.to_owned()), mode) {
            Ok(()) => {
                first.get_or_insert_with(|| as_given(given, path));
                next = missing.pop();
            }
            Err(Failure::System(Errno::NOENT)) => {
                // What was made just now is gone again: somebody removes it.
                if first.is_some() {
                    return Err(Errno::NOENT.into());
                }
                missing.push(path);
                next = Some(path.parent().ok_or(Errno::NOENT)?);
            }
            Err(Failure::System(Errno::EXIST | Errno::ISDIR)) if is_folder(given, path)? => {
                next = missing.pop();
            }
            Err(Failure::System(Errno::EXIST)) if !missing.is_empty() => {
                return Err(Errno::NOTDIR.into());
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(first)
}

/// A folder above the path, written as the path was given.
fn as_given(given: &Given, above: &Path) -> Vec<u8> {
    let steps = given.path().components().count().saturating_sub(above.components().count());
    let shown = Path::new(&given.shown).ancestors().nth(steps);
    shown.unwrap_or(above).as_os_str().as_encoded_bytes().to_vec()
}

fn is_folder(given: &Given, path: &Path) -> Outcome<bool> {
    let place = given.with_path(path.to_owned()).find(Wish::Write, Links::Follow)?;
    let stat = statat(place.folder(), place.name(), place.at_flags())?;
    Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}
