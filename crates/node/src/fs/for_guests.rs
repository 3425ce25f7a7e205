//! What a script may hand on to a guest of WASI: folders that it may read, and files that it has open.

use std::fs::File;
use std::path::Path;

use holm_host::{Access, Grant, host};
use holm_js::Ctx;
use rustix::fs::{Mode, OFlags};

use super::Files;
use super::failure::Outcome;
use super::place::{Links, Place, Wish};

/// A folder, and whether the permissions allow to change what is in it.
pub(crate) fn guest_folder(ctx: &Ctx<'_>, path: &Path) -> Outcome<(File, bool)> {
    let (host, files) = (host(ctx), Files::of(ctx));
    let permissions = files.permissions(ctx);
    let path = host.process.current_dir().join(path);
    let place = Place::find(&permissions, &path, Wish::Read, Links::Follow)?;
    let folder = place.open(OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
    let may_write = match place.resolved() {
        Some(resolved) => permissions.check_resolved(Access::Write(resolved)).is_ok(),
        // Everything may be read; what may be written can be less.
        None => permissions.write == Grant::All || permissions.check(Access::Write(&path)).is_ok(),
    };
    Ok((folder.into(), may_write))
}

/// The file that a script has open by this number.
pub(crate) fn guest_file(ctx: &Ctx<'_>, number: usize) -> Outcome<File> {
    Ok(Files::of(ctx).open.find(number)?.try_clone()?)
}
