//! What a tree is made of, and what it may take.

use std::collections::BTreeMap;
use std::fmt;
use std::io::IoSlice;
use std::time::{SystemTime, UNIX_EPOCH};

use super::walk::{Found, LastLink};
use crate::Errno;
use crate::file::Entry;
use crate::types::{FileStat, SetTime, SetTimes};

/// Longer names are refused, as on Linux.
pub(super) const MAX_NAME_BYTES: usize = 255;
/// Longer paths, and links that lead along them, are refused, as on Linux.
pub(super) const MAX_PATH_BYTES: usize = 4096;
/// Folders that are deeper are refused: whoever reads a whole tree may go down one call each.
pub(super) const MAX_DEPTH: usize = 1024;
/// What a file, folder or link takes beside its bytes.
const NODE_BYTES: u64 = 256;
/// What a name takes beside its own bytes.
const ENTRY_BYTES: u64 = 64;

/// A file, folder or link. No number is used twice.
pub(super) type Number = u64;

pub(super) const ROOT: Number = 1;

pub(super) struct Tree {
    nodes: BTreeMap<Number, Node>,
    next: Number,
    used_bytes: u64,
    budget_bytes: u64,
    /// By what programs tell that files are of two trees.
    device: u64,
}

struct Node {
    content: Content,
    /// So many entries of folders lead to it.
    names: u64,
    /// So many have it open.
    handles: u64,
    accessed: u64,
    modified: u64,
    changed: u64,
}

pub(super) enum Content {
    File(Vec<u8>),
    /// The root's parent is the root.
    Folder {
        entries: BTreeMap<Vec<u8>, Number>,
        parent: Number,
    },
    Link(Vec<u8>),
}

impl Tree {
    pub(super) fn new(budget_bytes: u64) -> Self {
        let content = Content::Folder { entries: BTreeMap::new(), parent: ROOT };
        let mut tree = Self {
            nodes: BTreeMap::new(),
            next: ROOT + 1,
            used_bytes: 0,
            budget_bytes,
            // Any is good that no other tree has; without chance, two may look alike.
            device: getrandom::u64().unwrap_or(1),
        };
        tree.nodes.insert(ROOT, Node::new(content, 1));
        tree
    }

    fn node(&self, number: Number) -> Result<&Node, Errno> {
        self.nodes.get(&number).ok_or(Errno::Stale)
    }

    fn node_mut(&mut self, number: Number) -> Result<&mut Node, Errno> {
        self.nodes.get_mut(&number).ok_or(Errno::Stale)
    }

    pub(super) fn content(&self, number: Number) -> Result<&Content, Errno> {
        Ok(&self.node(number)?.content)
    }

    pub(super) fn is_folder(&self, number: Number) -> bool {
        matches!(self.content(number), Ok(Content::Folder { .. }))
    }

    /// The entries of a folder.
    pub(super) fn names(&self, number: Number) -> Result<&BTreeMap<Vec<u8>, Number>, Errno> {
        match self.content(number)? {
            Content::Folder { entries, .. } => Ok(entries),
            _ => Err(Errno::NotDir),
        }
    }

    pub(super) fn entries(
        &self,
        number: Number,
    ) -> Result<impl Iterator<Item = Entry> + '_, Errno> {
        Ok(self.names(number)?.iter().filter_map(|(name, number)| {
            let kind = self.content(*number).ok()?.kind();
            Some(Entry { name: name.clone(), ino: *number, kind })
        }))
    }

    pub(super) fn parent(&self, number: Number) -> Number {
        match self.content(number) {
            Ok(Content::Folder { parent, .. }) => *parent,
            _ => ROOT,
        }
    }

    pub(super) fn stat(&self, number: Number) -> Result<FileStat, Errno> {
        let node = self.node(number)?;
        let size = match &node.content {
            Content::File(bytes) | Content::Link(bytes) => bytes.len() as u64,
            Content::Folder { .. } => 0,
        };
        Ok(FileStat {
            dev: self.device,
            ino: number,
            kind: node.content.kind(),
            nlink: node.names,
            size,
            atim: node.accessed,
            mtim: node.modified,
            ctim: node.changed,
        })
    }

    pub(super) fn set_times(&mut self, number: Number, times: SetTimes) -> Result<(), Errno> {
        let now = now();
        let node = self.node_mut(number)?;
        let set = |place: &mut u64, time| match time {
            SetTime::Keep => {}
            SetTime::Now => *place = now,
            SetTime::At(time) => *place = time,
        };
        set(&mut node.accessed, times.accessed);
        set(&mut node.modified, times.modified);
        node.changed = now;
        Ok(())
    }

    pub(super) fn room_bytes(&self) -> u64 {
        self.budget_bytes.saturating_sub(self.used_bytes)
    }

    fn charge(&mut self, bytes: u64) -> Result<(), Errno> {
        if bytes > self.room_bytes() {
            return Err(Errno::NoSpc);
        }
        self.used_bytes += bytes;
        Ok(())
    }

    pub(super) fn acquire(&mut self, number: Number) {
        if let Some(node) = self.nodes.get_mut(&number) {
            node.handles += 1;
        }
    }

    pub(super) fn release(&mut self, number: Number) {
        if let Some(node) = self.nodes.get_mut(&number) {
            node.handles -= 1;
        }
        self.forget_if_lost(number);
    }

    /// What has no name and is not open is no more.
    fn forget_if_lost(&mut self, number: Number) {
        if self.nodes.get(&number).is_some_and(|node| node.names == 0 && node.handles == 0)
            && let Some(node) = self.nodes.remove(&number)
        {
            self.used_bytes -= node.content.cost_bytes();
        }
    }

    /// Makes something where a path led to nothing yet.
    pub(super) fn create_at(&mut self, found: &Found, content: Content) -> Result<Number, Errno> {
        let Some((folder, name)) = &found.place else { return Err(Errno::Exist) };
        if found.number.is_some() {
            return Err(Errno::Exist);
        }
        if found.wants_folder && !matches!(content, Content::Folder { .. }) {
            return Err(Errno::NoEnt);
        }
        self.check_alive(*folder)?;
        let cost = content.cost_bytes();
        self.charge(cost)?;
        let number = self.next;
        if let Err(errno) = self.enter(*folder, name, number) {
            self.used_bytes -= cost;
            return Err(errno);
        }
        self.next += 1;
        self.nodes.insert(number, Node::new(content, 1));
        Ok(number)
    }

    /// Nothing is made in a folder that was removed.
    pub(super) fn check_alive(&self, folder: Number) -> Result<(), Errno> {
        if self.node(folder)?.names == 0 { Err(Errno::NoEnt) } else { Ok(()) }
    }

    pub(super) fn create_folder(&mut self, base: Number, path: &[u8]) -> Result<(), Errno> {
        let found = self.walk(base, path, LastLink::Keep)?;
        let parent = found.place.as_ref().map_or(ROOT, |(folder, _)| *folder);
        if found.number.is_none() && self.depth(parent) >= MAX_DEPTH {
            return Err(Errno::NameTooLong);
        }
        self.create_at(&found, Content::Folder { entries: BTreeMap::new(), parent })?;
        Ok(())
    }

    /// So many folders are above one.
    pub(super) fn depth(&self, mut folder: Number) -> usize {
        let mut depth = 0;
        while folder != ROOT {
            folder = self.parent(folder);
            depth += 1;
        }
        depth
    }

    /// Gives something one more name.
    pub(super) fn add_name(
        &mut self,
        folder: Number,
        name: &[u8],
        number: Number,
    ) -> Result<(), Errno> {
        self.check_alive(folder)?;
        self.enter(folder, name, number)?;
        let node = self.node_mut(number)?;
        node.names += 1;
        node.changed = now();
        if let Content::Folder { parent, .. } = &mut node.content {
            *parent = folder;
        }
        Ok(())
    }

    fn enter(&mut self, folder: Number, name: &[u8], number: Number) -> Result<(), Errno> {
        self.charge(name_cost_bytes(name))?;
        let node = self.node_mut(folder)?;
        if let Content::Folder { entries, .. } = &mut node.content {
            entries.insert(name.to_vec(), number);
        }
        node.touch();
        Ok(())
    }

    /// Takes a name away.
    pub(super) fn remove_name(&mut self, folder: Number, name: &[u8]) -> Result<(), Errno> {
        let node = self.node_mut(folder)?;
        let Content::Folder { entries, .. } = &mut node.content else { return Err(Errno::NotDir) };
        let number = entries.remove(name).ok_or(Errno::NoEnt)?;
        node.touch();
        self.used_bytes -= name_cost_bytes(name);
        let node = self.node_mut(number)?;
        node.names -= 1;
        node.changed = now();
        self.forget_if_lost(number);
        Ok(())
    }

    pub(super) fn bytes(&self, number: Number) -> Result<&[u8], Errno> {
        match self.content(number)? {
            Content::File(bytes) => Ok(bytes),
            Content::Folder { .. } => Err(Errno::IsDir),
            Content::Link(_) => Err(Errno::Inval),
        }
    }

    /// Changes the bytes of a file, and says afterwards that it did.
    fn with_bytes<R>(
        &mut self,
        number: Number,
        body: impl FnOnce(&mut Vec<u8>) -> R,
    ) -> Result<R, Errno> {
        let node = self.node_mut(number)?;
        let Content::File(bytes) = &mut node.content else { return Err(Errno::IsDir) };
        let done = body(bytes);
        node.touch();
        Ok(done)
    }

    /// Makes a file so long, with zeros where nothing was.
    pub(super) fn set_size(&mut self, number: Number, size: u64) -> Result<(), Errno> {
        let before = self.bytes(number)?.len() as u64;
        let size_bytes = usize::try_from(size).map_err(|_| Errno::FBig)?;
        let growth = size.saturating_sub(before);
        self.charge(growth)?;
        let done = self.with_bytes(number, |bytes| {
            let more = size_bytes.saturating_sub(bytes.len());
            bytes.try_reserve(more).map_err(|_| Errno::NoSpc)?;
            bytes.resize(size_bytes, 0);
            if size < before {
                // Or it would hold more than it was charged for.
                bytes.shrink_to_fit();
            }
            Ok(())
        })?;
        self.used_bytes -= if done.is_ok() { before.saturating_sub(size) } else { growth };
        done
    }

    /// Writes to a place of a file as much as there is room for.
    pub(super) fn write_at(
        &mut self,
        number: Number,
        pieces: &[IoSlice<'_>],
        offset: u64,
    ) -> Result<usize, Errno> {
        let wanted: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
        if wanted == 0 {
            return Ok(0);
        }
        let len = self.bytes(number)?.len() as u64;
        let end = len.saturating_add(self.room_bytes()).max(offset);
        let end = offset.checked_add(wanted).ok_or(Errno::FBig)?.min(end);
        if end == offset {
            return Err(Errno::NoSpc);
        }
        if end > len {
            self.set_size(number, end)?;
        }
        self.with_bytes(number, |bytes| {
            let mut place = &mut bytes[offset as usize..end as usize];
            for piece in pieces {
                let count = piece.len().min(place.len());
                let (here, behind) = place.split_at_mut(count);
                here.copy_from_slice(&piece[..count]);
                place = behind;
            }
        })?;
        Ok((end - offset) as usize)
    }

    /// Gives a file other bytes, all or none.
    pub(super) fn replace(&mut self, number: Number, bytes: &[u8]) -> Result<(), Errno> {
        self.set_size(number, bytes.len() as u64)?;
        self.with_bytes(number, |place| place.copy_from_slice(bytes))
    }
}

impl Node {
    fn new(content: Content, names: u64) -> Self {
        let now = now();
        Self { content, names, handles: 0, accessed: now, modified: now, changed: now }
    }

    fn touch(&mut self) {
        self.modified = now();
        self.changed = self.modified;
    }
}

impl Content {
    fn cost_bytes(&self) -> u64 {
        NODE_BYTES
            + match self {
                Self::File(bytes) | Self::Link(bytes) => bytes.len() as u64,
                Self::Folder { .. } => 0,
            }
    }
}

pub(super) fn name_cost_bytes(name: &[u8]) -> u64 {
    ENTRY_BYTES + name.len() as u64
}

/// Nanoseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { used_bytes, budget_bytes, nodes, .. } = self;
        write!(f, "MemoryTree({} files, {used_bytes} of {budget_bytes} bytes)", nodes.len())
    }
}
