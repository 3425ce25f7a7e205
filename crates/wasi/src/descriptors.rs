//! The table of descriptors: numbers to files and folders, and what may be done with each.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Errno;
use crate::file::{Entry, File, Folder, Opened};
use crate::types::{FdFlags, FileType, Rights};

/// More would come near what the system grants a process (1 024), which has other files too.
const MAX_DESCRIPTORS: usize = 900;

/// What a number stands for.
#[derive(Clone)]
pub(crate) struct Descriptor {
    pub(crate) item: Item,
    pub(crate) rights: Rights,
    pub(crate) inheriting: Rights,
    pub(crate) flags: FdFlags,
    /// The guest's name of a folder that it was given.
    pub(crate) preopen: Option<Arc<[u8]>>,
    /// What `fd_readdir` is in the middle of.
    pub(crate) listing: Arc<Mutex<Option<Listing>>>,
}

/// The entries of a folder when it was read from the beginning. What they take counts, for all
/// descriptors of a program together.
pub(crate) struct Listing {
    pub(crate) entries: Vec<Entry>,
    bytes: usize,
    total: Arc<AtomicUsize>,
}

/// So much may the lists of a program take: they are kept while they are told.
pub(crate) const MAX_LISTED_BYTES: usize = 64 << 20;

impl Listing {
    pub(crate) fn new(entries: Vec<Entry>, total: &Arc<AtomicUsize>) -> Result<Self, Errno> {
        let bytes = entries.iter().map(|entry| entry.name.capacity() + size_of::<Entry>()).sum();
        let before = total.fetch_add(bytes, Ordering::Relaxed);
        let listing = Self { entries, bytes, total: total.clone() };
        if before + bytes > MAX_LISTED_BYTES { Err(Errno::NoMem) } else { Ok(listing) }
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[derive(Clone)]
pub(crate) enum Item {
    File(Arc<dyn File>),
    Folder(Arc<dyn Folder>),
}

impl Descriptor {
    pub(crate) fn new(item: Item, rights: Rights, inheriting: Rights, flags: FdFlags) -> Self {
        Self { item, rights, inheriting, flags, preopen: None, listing: Arc::default() }
    }

    /// A standard stream. Of a socket the guest has all, as a service that others start.
    pub(crate) fn stream(file: Arc<dyn File>, is_input: bool) -> Self {
        let possible = rights_of(&*file);
        let rights = match file.socket() {
            Some(_) => possible,
            None => possible.within(if is_input { Rights::INPUT } else { Rights::OUTPUT }),
        };
        Self::new(Item::File(file), rights, Rights::NONE, FdFlags::NONE)
    }

    /// A folder that the guest is given by this name.
    pub(crate) fn preopen(folder: Arc<dyn Folder>, name: &[u8], read_only: bool) -> Self {
        let dropped = if read_only { Rights::CHANGING } else { Rights::NONE };
        let rights = Rights::FOLDER.without(dropped);
        let inheriting = Rights::FOLDER.and(Rights::FILE).without(dropped);
        let mut preopen = Self::new(Item::Folder(folder), rights, inheriting, FdFlags::NONE);
        preopen.preopen = Some(name.into());
        preopen
    }

    pub(crate) fn kind(&self) -> FileType {
        match &self.item {
            Item::File(file) => file.kind(),
            Item::Folder(_) => FileType::Directory,
        }
    }
}

/// What can be done with a file of its kind at all.
pub(crate) fn rights_of(file: &dyn File) -> Rights {
    match file.kind() {
        FileType::RegularFile | FileType::BlockDevice => Rights::FILE,
        FileType::CharacterDevice if !file.is_terminal() => Rights::FILE,
        FileType::SocketDgram | FileType::SocketStream => Rights::SOCKET,
        _ => Rights::STREAM,
    }
}

impl From<Opened> for Item {
    fn from(opened: Opened) -> Self {
        match opened {
            Opened::File(file) => Self::File(file),
            Opened::Folder(folder) => Self::Folder(folder),
        }
    }
}

/// The table. Threads of one program share it: nobody holds it while something waits.
#[derive(Default)]
pub(crate) struct Descriptors(Mutex<Vec<Option<Descriptor>>>);

impl Descriptors {
    fn all(&self) -> MutexGuard<'_, Vec<Option<Descriptor>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one in, and gives its number: the lowest that is free.
    pub(crate) fn add(&self, descriptor: Descriptor) -> Result<u32, Errno> {
        let mut all = self.all();
        let free = all.iter().position(Option::is_none).unwrap_or(all.len());
        if free >= MAX_DESCRIPTORS {
            return Err(Errno::NFile);
        }
        if free == all.len() {
            all.push(None);
        }
        all[free] = Some(descriptor);
        Ok(free as u32)
    }

    pub(crate) fn find(&self, number: u32) -> Result<Descriptor, Errno> {
        self.with(number, |descriptor| Ok(descriptor.clone()))
    }

    pub(crate) fn with<R>(
        &self,
        number: u32,
        body: impl FnOnce(&mut Descriptor) -> Result<R, Errno>,
    ) -> Result<R, Errno> {
        body(self.all().get_mut(number as usize).and_then(Option::as_mut).ok_or(Errno::BadF)?)
    }

    pub(crate) fn remove(&self, number: u32) -> Result<(), Errno> {
        let removed = self.all().get_mut(number as usize).and_then(Option::take);
        // Closing happens here, when the table is free again.
        removed.map(drop).ok_or(Errno::BadF)
    }

    /// Moves one to the number of another, which is closed.
    pub(crate) fn renumber(&self, from: u32, to: u32) -> Result<(), Errno> {
        let mut all = self.all();
        let is_open = |number: u32| all.get(number as usize).is_some_and(Option::is_some);
        if !is_open(from) || !is_open(to) {
            return Err(Errno::BadF);
        }
        if from == to {
            return Ok(());
        }
        let moved = all[from as usize].take();
        let closed = std::mem::replace(&mut all[to as usize], moved);
        drop(all);
        drop(closed);
        Ok(())
    }

    /// A file for which all of `rights` are granted.
    pub(crate) fn file(
        &self,
        number: u32,
        rights: Rights,
    ) -> Result<(Arc<dyn File>, FdFlags), Errno> {
        self.with(number, |descriptor| match &descriptor.item {
            Item::Folder(_) => Err(Errno::IsDir),
            Item::File(file) if descriptor.rights.has(rights) => {
                Ok((file.clone(), descriptor.flags))
            }
            Item::File(_) => Err(Errno::NotCapable),
        })
    }

    /// As [`Self::file`]; where its kind can do no such thing, that is said so.
    pub(crate) fn file_or(
        &self,
        number: u32,
        rights: Rights,
        otherwise: Errno,
    ) -> Result<(Arc<dyn File>, FdFlags), Errno> {
        match self.file(number, rights) {
            Err(Errno::NotCapable) => {
                let (file, _) = self.file(number, Rights::NONE)?;
                let can = rights_of(&*file).has(rights);
                Err(if can { Errno::NotCapable } else { otherwise })
            }
            found => found,
        }
    }

    /// A folder for which all of `rights` are granted.
    pub(crate) fn folder(&self, number: u32, rights: Rights) -> Result<Arc<dyn Folder>, Errno> {
        self.with(number, |descriptor| match &descriptor.item {
            Item::File(_) => Err(Errno::NotDir),
            Item::Folder(folder) if descriptor.rights.has(rights) => Ok(folder.clone()),
            Item::Folder(_) => Err(Errno::NotCapable),
        })
    }
}
