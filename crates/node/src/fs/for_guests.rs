//! What a script may hand on to a guest of WASI: folders that it may read, and files that it has open.

use std::fs::File;
use std::path::Path;

use holm_host::host;
use holm_js::Ctx;
use rustix::fs::{Mode, OFlags};

use super::Files;
use super::failure::{Failure, Outcome};
use super::place::{Links, Place, Wish};

/// A folder, and whether the permissions allow to change what is in it.
pub(crate) fn guest_folder(ctx: &Ctx<'_>, path: &Path) -> Outcome<(File, bool)> {
    let (host, files) = (host(ctx), Files::of(ctx));
    let permissions = files.permissions(ctx);
    let path = host.process.current_dir().join(path);
    // Each kind of access for itself: what is opened is what was checked.
    let (place, may_write) = match Place::find(&permissions, &path, Wish::Both, Links::Follow) {
        Err(Failure::Denied(_)) => {
            (Place::find(&permissions, &path, Wish::Read, Links::Follow)?, false)
        }
        found => (found?, true),
    };
    let folder = place.open(OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
    Ok((folder.into(), may_write))
}

/// The file that a script has open by this number.
pub(crate) fn guest_file(ctx: &Ctx<'_>, number: usize) -> Outcome<File> {
    Ok(Files::of(ctx).open.find(number)?.try_clone()?)
}
