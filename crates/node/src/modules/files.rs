//! The file system as an isolate's permissions let it be seen.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use holm_host::{Access, Denied, Permissions};

use super::resolve::{Files, Metadata};

/// Files below what may be read; all else counts as absent. The first refusal is remembered:
/// for a specifier that names a path it is the answer, whether or not the file is there.
pub(super) struct HostFiles {
    permissions: Permissions,
    refusal: Mutex<Option<Denied>>,
}

impl HostFiles {
    pub(super) fn new(permissions: Permissions) -> Self {
        Self { permissions, refusal: Mutex::default() }
    }

    pub(super) fn forget_refusal(&self) {
        *self.refusal.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }

    /// What was refused first since the last `forget_refusal`.
    pub(super) fn refusal(&self) -> Option<Denied> {
        self.refusal.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn check(&self, path: &Path) -> io::Result<()> {
        self.permissions.check(Access::Read(path)).map_err(|denied| {
            // Looking for packages above what may be read is not what was asked for.
            if path.file_name().is_none_or(|name| name != "package.json") {
                let mut refusal =
                    self.refusal.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                refusal.get_or_insert(denied);
            }
            io::ErrorKind::PermissionDenied.into()
        })
    }
}

impl Files for HostFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.check(path)?;
        std::fs::read(path)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.check(path)?;
        let metadata = std::fs::metadata(path)?;
        Ok(Metadata { is_file: metadata.is_file(), is_dir: metadata.is_dir() })
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        self.check(path)?;
        std::fs::canonicalize(path)
    }
}
