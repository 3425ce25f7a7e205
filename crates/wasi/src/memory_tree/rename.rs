//! Giving things other names.
//! <https://pubs.opengroup.org/onlinepubs/9799919799/functions/rename.html>

use super::tree::{Content, MAX_DEPTH, Number, Tree, name_cost_bytes};
use super::walk::{Found, LastLink};
use crate::Errno;

impl Tree {
    /// Gives a file one more name.
    pub(super) fn link(
        &mut self,
        (base, path): (Number, &[u8]),
        (new_base, new_path): (Number, &[u8]),
    ) -> Result<(), Errno> {
        let number = self.find(base, path, LastLink::KeepUnlessSlash)?;
        let new = self.walk(new_base, new_path, LastLink::Keep)?;
        let (None, Some((folder, name))) = (new.number, new.place) else {
            return Err(Errno::Exist);
        };
        if new.wants_folder {
            return Err(Errno::NoEnt);
        }
        // Folders have one name each, or there would be cycles.
        if self.is_folder(number) {
            return Err(Errno::Perm);
        }
        self.add_name(folder, &name, number)
    }

    /// Gives something another name, and takes the place of what has that.
    pub(super) fn rename(
        &mut self,
        (base, path): (Number, &[u8]),
        (new_base, new_path): (Number, &[u8]),
    ) -> Result<(), Errno> {
        let old = self.walk(base, path, LastLink::Keep)?;
        let new = self.walk(new_base, new_path, LastLink::Keep)?;
        let wants_folder = old.wants_folder || new.wants_folder;
        let (Some((folder, name)), Some((new_folder, new_name))) = (&old.place, &new.place) else {
            return Err(Errno::Busy);
        };
        let moved = old.number.ok_or(Errno::NoEnt)?;
        self.check_rename(moved, &new, *new_folder, wants_folder)?;
        if new.number == Some(moved) {
            return Ok(());
        }
        self.check_alive(*new_folder)?;
        let freed = name_cost_bytes(name) + new.number.map_or(0, |_| name_cost_bytes(new_name));
        if name_cost_bytes(new_name) > self.room_bytes().saturating_add(freed) {
            return Err(Errno::NoSpc);
        }
        if new.number.is_some() {
            self.remove_name(*new_folder, new_name)?;
        }
        // It must not get lost between its two names.
        self.acquire(moved);
        let done = self
            .remove_name(*folder, name)
            .and_then(|()| self.add_name(*new_folder, new_name, moved));
        self.release(moved);
        done
    }

    fn check_rename(
        &self,
        moved: Number,
        new: &Found,
        new_folder: Number,
        wants_folder: bool,
    ) -> Result<(), Errno> {
        let is_folder = self.is_folder(moved);
        if wants_folder && !is_folder {
            return Err(Errno::NotDir);
        }
        if is_folder && self.is_within(new_folder, moved) {
            return Err(Errno::Inval);
        }
        if let Some(replaced) = new.number.filter(|replaced| *replaced != moved) {
            match (is_folder, self.content(replaced)?) {
                (true, Content::Folder { entries, .. }) if !entries.is_empty() => {
                    return Err(Errno::NotEmpty);
                }
                (true, Content::Folder { .. }) | (false, Content::File(_) | Content::Link(_)) => {}
                (true, _) => return Err(Errno::NotDir),
                (false, _) => return Err(Errno::IsDir),
            }
        }
        if is_folder && self.depth(new_folder) + self.height(moved) > MAX_DEPTH {
            return Err(Errno::NameTooLong);
        }
        Ok(())
    }

    /// Whether a folder is another, or below it.
    fn is_within(&self, mut folder: Number, other: Number) -> bool {
        loop {
            if folder == other {
                return true;
            }
            let parent = self.parent(folder);
            if parent == folder {
                return false;
            }
            folder = parent;
        }
    }

    /// So many folders are above each other from this one down.
    fn height(&self, folder: Number) -> usize {
        let mut level = vec![folder];
        let mut height = 0;
        while !level.is_empty() {
            height += 1;
            let below = level.iter().filter_map(|folder| self.names(*folder).ok());
            level = below
                .flat_map(|names| names.values().copied())
                .filter(|number| self.is_folder(*number))
                .collect();
        }
        height
    }
}
