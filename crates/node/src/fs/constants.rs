//! `fs.constants`.

use holm_js::{Ctx, Object, Result};
use rustix::fs::{FileType, Mode, OFlags};

/// The object, whose prototype is nothing.
pub(super) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let constants = Object::new(ctx.clone())?;
    constants.set_prototype(None)?;
    for (name, value) in OWN.iter().chain(&system()) {
        constants.set(*name, *value)?;
    }
    Ok(constants)
}

/// Node's own.
const OWN: &[(&str, u32)] = &[
    ("UV_FS_SYMLINK_DIR", 1),
    ("UV_FS_SYMLINK_JUNCTION", 2),
    ("UV_DIRENT_UNKNOWN", 0),
    ("UV_DIRENT_FILE", 1),
    ("UV_DIRENT_DIR", 2),
    ("UV_DIRENT_LINK", 3),
    ("UV_DIRENT_FIFO", 4),
    ("UV_DIRENT_SOCKET", 5),
    ("UV_DIRENT_CHAR", 6),
    ("UV_DIRENT_BLOCK", 7),
    ("EXTENSIONLESS_FORMAT_JAVASCRIPT", 0),
    ("EXTENSIONLESS_FORMAT_WASM", 1),
    ("UV_FS_O_FILEMAP", 0),
    ("UV_FS_COPYFILE_EXCL", 1),
    ("COPYFILE_EXCL", 1),
    ("UV_FS_COPYFILE_FICLONE", 2),
    ("COPYFILE_FICLONE", 2),
    ("UV_FS_COPYFILE_FICLONE_FORCE", 4),
    ("COPYFILE_FICLONE_FORCE", 4),
];

/// The system's.
fn system() -> [(&'static str, u32); 37] {
    let kind = |kind: FileType| kind.as_raw_mode();
    [
        ("O_RDONLY", OFlags::RDONLY.bits()),
        ("O_WRONLY", OFlags::WRONLY.bits()),
        ("O_RDWR", OFlags::RDWR.bits()),
        ("O_CREAT", OFlags::CREATE.bits()),
        ("O_EXCL", OFlags::EXCL.bits()),
        ("O_NOCTTY", OFlags::NOCTTY.bits()),
        ("O_TRUNC", OFlags::TRUNC.bits()),
        ("O_APPEND", OFlags::APPEND.bits()),
        ("O_DIRECTORY", OFlags::DIRECTORY.bits()),
        ("O_NOFOLLOW", OFlags::NOFOLLOW.bits()),
        ("O_SYNC", OFlags::SYNC.bits()),
        ("O_DSYNC", OFlags::DSYNC.bits()),
        ("O_NONBLOCK", OFlags::NONBLOCK.bits()),
        ("S_IFMT", 0o170_000),
        ("S_IFREG", kind(FileType::RegularFile)),
        ("S_IFDIR", kind(FileType::Directory)),
        ("S_IFCHR", kind(FileType::CharacterDevice)),
        ("S_IFBLK", kind(FileType::BlockDevice)),
        ("S_IFIFO", kind(FileType::Fifo)),
        ("S_IFLNK", kind(FileType::Symlink)),
        ("S_IFSOCK", kind(FileType::Socket)),
        ("S_IRWXU", Mode::RWXU.bits()),
        ("S_IRUSR", Mode::RUSR.bits()),
        ("S_IWUSR", Mode::WUSR.bits()),
        ("S_IXUSR", Mode::XUSR.bits()),
        ("S_IRWXG", Mode::RWXG.bits()),
        ("S_IRGRP", Mode::RGRP.bits()),
        ("S_IWGRP", Mode::WGRP.bits()),
        ("S_IXGRP", Mode::XGRP.bits()),
        ("S_IRWXO", Mode::RWXO.bits()),
        ("S_IROTH", Mode::ROTH.bits()),
        ("S_IWOTH", Mode::WOTH.bits()),
        ("S_IXOTH", Mode::XOTH.bits()),
        // As POSIX has them; `rustix` types them differently from system to system.
        ("F_OK", 0),
        ("R_OK", 4),
        ("W_OK", 2),
        ("X_OK", 1),
    ]
}
