//! Folders, files and links that are nowhere but in memory. For a guest they are as those of a
//! system: what works with a [`crate::HostFolder`] works here, with the same errors.
//!
//! What is different: reading changes no times, a folder has no size, and one name, whatever is
//! in it.

mod file;
mod folder;
mod rename;
mod tree;
mod walk;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use folder::MemoryFolder;
use tree::{Content, Number, ROOT, Tree};
use walk::LastLink;

use crate::file::{Entry, Folder};
use crate::{Errno, FileType};

/// A tree of files in memory. Clones are the same tree, and all that is opened in it keeps it.
///
/// ```
/// use holm_wasi::MemoryTree;
/// let tree = MemoryTree::new(1 << 20);
/// tree.create_folder("notes")?;
/// tree.write("notes/a.txt", b"text")?;
/// assert_eq!(tree.read("notes/a.txt").as_deref(), Some(&b"text"[..]));
/// assert_eq!(tree.entries("notes")?.len(), 1);
/// # Ok::<(), holm_wasi::Errno>(())
/// ```
#[derive(Clone)]
pub struct MemoryTree(Arc<Mutex<Tree>>);

impl MemoryTree {
    /// An empty tree. It takes no more than `budget_bytes`, names and all that is known of a file
    /// included; who writes more is told that there is no space ([`Errno::NoSpc`]). For files that
    /// grow, up to as much again may be set aside.
    pub fn new(budget_bytes: u64) -> Self {
        Self(Arc::new(Mutex::new(Tree::new(budget_bytes))))
    }

    /// Its root, for a guest to be given.
    pub fn root(&self) -> Arc<dyn Folder> {
        let handle = Handle::new(self, &mut self.tree(), ROOT);
        Arc::new(MemoryFolder::new(handle))
    }

    /// Makes a file with these bytes, or gives them to the one that is there. Paths are as those
    /// of guests: parts with `/` between them, from the root on.
    ///
    /// # Errors
    /// Where a guest would get one: without the folder, with a folder in the file's place …
    pub fn write(&self, path: impl AsRef<[u8]>, bytes: &[u8]) -> Result<(), Errno> {
        let mut tree = self.tree();
        let found = tree.walk(ROOT, path.as_ref(), LastLink::Follow)?;
        let number = match found.number {
            Some(number) => number,
            None => tree.create_at(&found, Content::File(Vec::new()))?,
        };
        tree.replace(number, bytes)
    }

    /// The bytes of a file, if one is there.
    pub fn read(&self, path: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let tree = self.tree();
        let number = tree.find(ROOT, path.as_ref(), LastLink::Follow).ok()?;
        tree.bytes(number).ok().map(<[u8]>::to_vec)
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// Where a guest would get one: if something is there already …
    pub fn create_folder(&self, path: impl AsRef<[u8]>) -> Result<(), Errno> {
        self.tree().create_folder(ROOT, path.as_ref())
    }

    /// What is in a folder, by name; `.` is the root.
    ///
    /// # Errors
    /// If no folder is there.
    pub fn entries(&self, path: impl AsRef<[u8]>) -> Result<Vec<Entry>, Errno> {
        let tree = self.tree();
        let number = tree.find(ROOT, path.as_ref(), LastLink::Follow)?;
        Ok(tree.entries(number)?.collect())
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something that is open: it stays until it is closed, also without a name.
///
/// Must not be dropped by whoever holds the tree.
struct Handle {
    tree: MemoryTree,
    number: Number,
}

impl Handle {
    fn new(tree: &MemoryTree, locked: &mut Tree, number: Number) -> Self {
        locked.acquire(number);
        Self { tree: tree.clone(), number }
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.tree()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.tree().release(self.number);
    }
}

impl Content {
    fn kind(&self) -> FileType {
        match self {
            Self::File(_) => FileType::RegularFile,
            Self::Folder { .. } => FileType::Directory,
            Self::Link(_) => FileType::SymbolicLink,
        }
    }
}

impl fmt::Debug for MemoryTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tree().fmt(f)
    }
}
