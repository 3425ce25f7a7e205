//! The file system as resolution sees it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use oxc_resolver::{FileMetadata, FileSystem, ResolveError as OxcError};

use super::package;

/// What resolution asks of a file system. The embedder checks permissions here: what may not be seen should fail
/// with [`io::ErrorKind::PermissionDenied`], and counts as absent.
pub trait Files: Send + Sync + 'static {
    /// The bytes of a file; only `package.json` files and the start of files without an extension are read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// What a path is, symbolic links followed.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;
    /// The path without symbolic links, `.` and `..`.
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf>;
}

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    pub is_file: bool,
    pub is_dir: bool,
}

/// Lets `oxc_resolver` see a [`Files`]. It never sees symbolic links: the resolver canonicalizes what it finds
/// itself, with one question instead of one per directory.
pub(super) struct Adapter {
    pub(super) files: Option<Arc<dyn Files>>,
    /// The first `package.json` that could not be parsed, and why. `oxc_resolver` would go on to the next.
    pub(super) broken: Arc<Mutex<Option<(PathBuf, String)>>>,
}

impl Adapter {
    fn files(&self) -> io::Result<&dyn Files> {
        self.files.as_deref().ok_or_else(|| io::ErrorKind::Unsupported.into())
    }
}

impl FileSystem for Adapter {
    fn new() -> Self {
        Self { files: None, broken: Arc::default() }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = self.files()?.read(path)?;
        package::sanitize(&bytes).map_err(|error| {
            if let Ok(mut broken) = self.broken.lock() {
                broken.get_or_insert((path.into(), error));
            }
            io::ErrorKind::InvalidData.into()
        })
    }

    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        String::from_utf8(self.read(path)?).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        let metadata = self.files()?.metadata(path)?;
        Ok(FileMetadata::new(metadata.is_file, metadata.is_dir, false))
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        FileSystem::metadata(self, path)
    }

    fn read_link(&self, _: &Path) -> Result<PathBuf, OxcError> {
        Err(io::Error::from(io::ErrorKind::Unsupported).into())
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.into())
    }
}
