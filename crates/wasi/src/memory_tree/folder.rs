//! A folder that is open.

use std::any::Any;
use std::sync::Arc;

use super::Handle;
use super::file::MemoryFile;
use super::tree::{Content, MAX_PATH_BYTES, Number, Tree};
use super::walk::LastLink;
use crate::file::{Entry, Folder, Opened};
use crate::types::{FdFlags, FileStat, Open, OpenFlags, SetTimes};
use crate::{Errno, FileType};

pub(super) struct MemoryFolder(Handle);

impl MemoryFolder {
    pub(super) fn new(handle: Handle) -> Self {
        Self(handle)
    }

    fn number(&self) -> Number {
        self.0.number
    }

    /// A folder of the same tree.
    fn beside<'a>(&self, other: &'a dyn Folder) -> Result<&'a Self, Errno> {
        let other: &Self = other.as_any().downcast_ref().ok_or(Errno::XDev)?;
        if Arc::ptr_eq(&self.0.tree.0, &other.0.tree.0) { Ok(other) } else { Err(Errno::XDev) }
    }
}

impl Folder for MemoryFolder {
    fn open(&self, path: &[u8], open: &Open) -> Result<Opened, Errno> {
        let mut tree = self.0.tree();
        let number = find_or_create(&mut tree, self.number(), path, open)?;
        if open.how.has(OpenFlags::TRUNCATE) {
            tree.set_size(number, 0)?;
        }
        let handle = Handle::new(&self.0.tree, &mut tree, number);
        if tree.is_folder(number) {
            return Ok(Opened::Folder(Arc::new(Self(handle))));
        }
        let appends = open.flags.has(FdFlags::APPEND);
        Ok(Opened::File(Arc::new(MemoryFile::new(handle, appends))))
    }

    fn stat(&self, path: &[u8], follow: bool) -> Result<FileStat, Errno> {
        let tree = self.0.tree();
        tree.stat(tree.find(self.number(), path, last_link(follow))?)
    }

    fn stat_self(&self) -> Result<FileStat, Errno> {
        self.0.tree().stat(self.number())
    }

    fn set_times(&self, path: &[u8], follow: bool, times: SetTimes) -> Result<(), Errno> {
        let mut tree = self.0.tree();
        let number = tree.find(self.number(), path, last_link(follow))?;
        tree.set_times(number, times)
    }

    fn set_times_self(&self, times: SetTimes) -> Result<(), Errno> {
        self.0.tree().set_times(self.number(), times)
    }

    fn create_folder(&self, path: &[u8]) -> Result<(), Errno> {
        self.0.tree().create_folder(self.number(), path)
    }

    fn remove_folder(&self, path: &[u8]) -> Result<(), Errno> {
        let mut tree = self.0.tree();
        let found = tree.walk(self.number(), path, LastLink::Keep)?;
        let Some((folder, name)) = found.place else {
            let last = path.split(|byte| *byte == b'/').rfind(|part| !part.is_empty());
            return Err(if last == Some(b"..") { Errno::NotEmpty } else { Errno::Inval });
        };
        match tree.content(found.number.ok_or(Errno::NoEnt)?)? {
            Content::Folder { entries, .. } if entries.is_empty() => {
                tree.remove_name(folder, &name)
            }
            Content::Folder { .. } => Err(Errno::NotEmpty),
            _ => Err(Errno::NotDir),
        }
    }

    fn remove_file(&self, path: &[u8]) -> Result<(), Errno> {
        let mut tree = self.0.tree();
        let found = tree.walk(self.number(), path, LastLink::Keep)?;
        let number = found.number.ok_or(Errno::NoEnt)?;
        match found.place {
            Some(_) if tree.is_folder(number) => Err(Errno::IsDir),
            Some(_) if found.wants_folder => Err(Errno::NotDir),
            Some((folder, name)) => tree.remove_name(folder, &name),
            None => Err(Errno::IsDir),
        }
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, Errno> {
        let tree = self.0.tree();
        match tree.content(tree.find(self.number(), path, LastLink::KeepUnlessSlash)?)? {
            Content::Link(target) => Ok(target.clone()),
            _ => Err(Errno::Inval),
        }
    }

    fn symlink(&self, target: &[u8], path: &[u8]) -> Result<(), Errno> {
        if target.is_empty() {
            return Err(Errno::NoEnt);
        }
        if target.starts_with(b"/") {
            return Err(Errno::NotCapable);
        }
        if target.len() > MAX_PATH_BYTES {
            return Err(Errno::NameTooLong);
        }
        let mut tree = self.0.tree();
        let found = tree.walk(self.number(), path, LastLink::Keep)?;
        tree.create_at(&found, Content::Link(target.to_vec()))?;
        Ok(())
    }

    fn link(&self, path: &[u8], to: &dyn Folder, new_path: &[u8]) -> Result<(), Errno> {
        let to = self.beside(to)?;
        self.0.tree().link((self.number(), path), (to.number(), new_path))
    }

    fn rename(&self, path: &[u8], to: &dyn Folder, new_path: &[u8]) -> Result<(), Errno> {
        let to = self.beside(to)?;
        self.0.tree().rename((self.number(), path), (to.number(), new_path))
    }

    fn list(&self) -> Result<Vec<Entry>, Errno> {
        let tree = self.0.tree();
        let dot = |name: &[u8], ino| Entry { name: name.to_vec(), ino, kind: FileType::Directory };
        if tree.check_alive(self.number()).is_err() {
            return Ok(Vec::new());
        }
        // What is above may be nothing of the guest's: it has no number.
        let mut all = vec![dot(b".", self.number()), dot(b"..", 0)];
        all.extend(tree.entries(self.number())?);
        Ok(all)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn last_link(follow: bool) -> LastLink {
    if follow { LastLink::Follow } else { LastLink::KeepUnlessSlash }
}

/// What a path leads to, as
/// <https://pubs.opengroup.org/onlinepubs/9799919799/functions/open.html> has it.
fn find_or_create(
    tree: &mut Tree,
    base: Number,
    path: &[u8],
    open: &Open,
) -> Result<Number, Errno> {
    let creates = open.how.has(OpenFlags::CREATE);
    let must_be_new = creates && open.how.has(OpenFlags::EXCLUSIVE);
    let must_be_folder = open.how.has(OpenFlags::DIRECTORY);
    if creates && must_be_folder && !path.is_empty() {
        return Err(Errno::Inval);
    }
    let found = tree.walk(base, path, last_link(open.follow && !must_be_new))?;
    if creates && found.wants_folder {
        return Err(Errno::IsDir);
    }
    let Some(number) = found.number else {
        let missing = if creates { Ok(()) } else { Err(Errno::NoEnt) };
        return missing.and_then(|()| tree.create_at(&found, Content::File(Vec::new())));
    };
    if must_be_new {
        return Err(Errno::Exist);
    }
    let changes = creates || open.write || open.how.has(OpenFlags::TRUNCATE);
    match tree.content(number)? {
        Content::Folder { .. } if changes => Err(Errno::IsDir),
        Content::Folder { .. } => Ok(number),
        _ if must_be_folder || found.wants_folder => Err(Errno::NotDir),
        Content::Link(_) => Err(Errno::Loop),
        Content::File(_) => Ok(number),
    }
}
