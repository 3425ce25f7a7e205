//! The code cache: a folder of artifacts, one file for each module, shared by processes.
//!
//! A file is an [artifact](crate::artifact), named by what it is about. Nothing in the folder is
//! believed: a file is loaded if it is whole, signed with the folder's key, and about exactly these
//! bytes and this compiler. Else it is removed and the module is compiled. So whatever becomes
//! of the folder, the module is the right one, at worst late; an error of the cache is nobody's
//! error.
//!
//! - **Whom it trusts:** who may read the folder's key, that is the user. The folder and the key
//!   are made for them alone, and are not used if others may write, or know the key.
//! - **Without locks.** A file is written under another name and then renamed: it is there as a
//!   whole or not at all. Two that write the same one write the same. Nothing is synced to disk:
//!   what a crash tears apart has no valid MAC.
//! - **Mapped, not read,** if it is large. So its pages are shared by processes.
//!   A file that somebody cuts short while it is mapped ends the process with `SIGBUS`. This
//!   module never writes to a file under its final name; removing one is harmless.

mod entries;
mod folder;
mod key;
mod mapped;

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::artifact::{self, ArtifactError, ArtifactKey, Subject};
use crate::translation::Origin;
use crate::{CompileError, Engine, Module};
use folder::Folder;
use mapped::Mapped;

/// What took less to compile is compiled again: code that a program makes anew each time should
/// not fill the folder. The first module of a process takes longer, however small it is.
const WORTH_KEEPING_FROM: Duration = Duration::from_millis(1);

/// Less code is copied: that takes no longer than mapping it.
const MAPPED_FROM_BYTES: usize = 128 << 10;

/// With so many files of one cache mapped, other code is copied.
const MOST_OPEN_FILES: usize = 64;

/// Where compiled code is kept for other processes: a folder of the user's own. Cheap to clone.
///
/// Whatever is in the folder, and whatever becomes of it, a module is the one of its bytes: the
/// cache makes things faster or does nothing. It is for one user: who can read the file `key` in it
/// can make code that runs in whatever process uses the folder.
#[derive(Clone)]
pub struct CodeCache(Arc<Inner>);

struct Inner {
    path: PathBuf,
    limit_bytes: u64,
    /// Opened when the first module comes, and only once: if it cannot be used, there is no cache.
    folder: OnceLock<Result<Folder, String>>,
    /// What the folder holds, as far as this process knows: counted when it first adds something.
    held: Mutex<Option<CodeCacheUsage>>,
    /// How many are mapped: see [`LentFile`].
    open_files: AtomicUsize,
}

/// Which modules are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    All,
    /// Those that took a while to compile.
    Slow,
}

/// What a code cache holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeCacheUsage {
    /// How many modules.
    pub modules: usize,
    /// Bytes of all its files.
    pub bytes: u64,
}

/// What the code cache did for a module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kept {
    /// Its code was there.
    Found,
    /// It was compiled, and its code is there now.
    Stored,
    /// It was compiled: there is no code cache.
    NoCache,
    /// It was compiled so soon that keeping its code is not worth it.
    TooQuick,
    /// It was compiled, and its code could not be kept, for this reason.
    Not(String),
}

impl CodeCache {
    /// What it holds at most, unless said otherwise.
    pub const DEFAULT_LIMIT_BYTES: u64 = 1 << 30;

    /// A cache in this folder, which is made when it is first needed. When it holds more than
    /// `limit_bytes`, what was not used for longest is removed.
    pub fn new(path: impl Into<PathBuf>, limit_bytes: u64) -> Self {
        let (path, (folder, held, open_files)) = (path.into(), Default::default());
        Self(Arc::new(Inner { path, limit_bytes, folder, held, open_files }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// What it may hold.
    pub fn limit_bytes(&self) -> u64 {
        self.0.limit_bytes
    }

    /// What it holds. Nothing if there is no folder; an error, with its reason, if there is one
    /// that is not used.
    pub fn usage(&self) -> io::Result<CodeCacheUsage> {
        match Folder::open(&self.0.path) {
            Ok(folder) => Ok(entries::usage(&entries::list(&folder)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(CodeCacheUsage::default()),
            Err(error) => Err(error),
        }
    }

    /// Removes all modules, and says what they were.
    pub fn clear(&self) -> io::Result<CodeCacheUsage> {
        match Folder::open(&self.0.path) {
            Ok(folder) => entries::clear(&folder),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(CodeCacheUsage::default()),
            Err(error) => Err(error),
        }
    }

    fn folder(&self) -> Result<&Folder, &str> {
        let open = || Folder::open_or_make(&self.0.path).map_err(|error| error.to_string());
        self.0.folder.get_or_init(open).as_ref().map_err(String::as_str)
    }

    /// Notes that there is one file more, and makes room if that is too much. Counting is left to
    /// the first time and to when it may matter: it costs more than writing a small file.
    fn added(&self, folder: &Folder, bytes: u64) {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let known = held.map(|before| CodeCacheUsage {
            modules: before.modules + 1,
            bytes: before.bytes + bytes,
        });
        *held = match known {
            Some(held) if !entries::is_too_much(held, self.0.limit_bytes) => known,
            // If it cannot be read, it is tried again next time.
            _ => entries::tidy(folder, self.0.limit_bytes).ok(),
        };
    }
}

/// What is kept.
pub(crate) trait Compiled: Sized {
    /// What its artifact is about; nothing if it cannot be compiled here at all.
    fn subject(engine: &Engine, bytes: &[u8]) -> Option<Subject>;

    /// It, as an artifact.
    fn artifact(&self, subject: &Subject, key: &ArtifactKey) -> Result<Vec<u8>, String>;

    /// Loads it: where that is possible, from the file that its code is in.
    ///
    /// # Safety
    /// The code is what Wasmtime made of these bytes, for the settings of its subject. The file,
    /// which begins with it, does not change.
    unsafe fn load(
        engine: &Engine,
        code: &[u8],
        file: Option<(File, LentFile)>,
        bytes: Arc<[u8]>,
        origin: Origin,
    ) -> wasmtime::Result<Self>;
}

impl Compiled for Module {
    fn subject(engine: &Engine, bytes: &[u8]) -> Option<Subject> {
        Some(Subject::new(engine, bytes))
    }

    fn artifact(&self, subject: &Subject, key: &ArtifactKey) -> Result<Vec<u8>, String> {
        self.serialize_as(subject, key)
    }

    unsafe fn load(
        engine: &Engine,
        code: &[u8],
        file: Option<(File, LentFile)>,
        bytes: Arc<[u8]>,
        origin: Origin,
    ) -> wasmtime::Result<Self> {
        if let Some((file, lent)) = file {
            // SAFETY: by the caller.
            let found = unsafe { wasmtime::Module::deserialize_open_file(engine.raw(), file) };
            // Files of some places may not be run where they are.
            if let Ok(compiled) = found {
                return Ok(Self::from_parts(engine, compiled, bytes, origin).holding(lent));
            }
        }
        // SAFETY: by the caller.
        let compiled = unsafe { wasmtime::Module::deserialize(engine.raw(), code)? };
        Ok(Self::from_parts(engine, compiled, bytes, origin))
    }
}

/// The module of these bytes: from the engine's cache, or else as `compile` makes it, and kept.
pub(crate) fn load_or<T: Compiled>(
    engine: &Engine,
    bytes: Arc<[u8]>,
    keep: Keep,
    compile: impl FnOnce(Arc<[u8]>) -> Result<T, CompileError>,
) -> Result<(T, Kept), CompileError> {
    let place = match Place::of::<T>(engine, &bytes) {
        Ok(place) => place,
        Err(why_not) => return Ok((compile(bytes)?, why_not)),
    };
    if let Some(module) = place.load(engine, &bytes) {
        return Ok((module, Kept::Found));
    }
    let started = Instant::now();
    let module = compile(bytes)?;
    if keep == Keep::Slow && started.elapsed() < WORTH_KEEPING_FROM {
        return Ok((module, Kept::TooQuick));
    }
    let kept = place.store(&module).map_or_else(Kept::Not, |()| Kept::Stored);
    Ok((module, kept))
}

/// Where the code of a module is to be found.
struct Place<'a> {
    cache: &'a CodeCache,
    folder: &'a Folder,
    name: String,
    subject: Subject,
}

impl<'a> Place<'a> {
    fn of<T: Compiled>(engine: &'a Engine, bytes: &[u8]) -> Result<Self, Kept> {
        let cache = engine.code_cache().ok_or(Kept::NoCache)?;
        let folder = cache.folder().map_err(|reason| Kept::Not(reason.to_owned()))?;
        let subject = T::subject(engine, bytes).ok_or(Kept::NoCache)?;
        Ok(Self { cache, folder, name: entries::name_of(&subject), subject })
    }

    /// The module, if there is a good file. A bad one is removed.
    fn load<T: Compiled>(&self, engine: &Engine, bytes: &Arc<[u8]>) -> Option<T> {
        // Where address space is scarce, compiling says so.
        engine.check_headroom().ok()?;
        let file = self.folder.open_file(&self.name).ok()?;
        entries::mark_used(&file);
        match self.load_file(engine, file, bytes) {
            Ok(module) => Some(module),
            // There was no memory, say.
            Err(ArtifactError::Refused(_)) => None,
            Err(_) => {
                self.folder.remove(&self.name);
                None
            }
        }
    }

    fn load_file<T: Compiled>(
        &self,
        engine: &Engine,
        file: File,
        bytes: &Arc<[u8]>,
    ) -> Result<T, ArtifactError> {
        // SAFETY: files are never changed once they have their names, and only the user could: the
        // folder, and the file, were found to be theirs alone.
        let mapped = unsafe { Mapped::new(&file) };
        let mapped = mapped.map_err(|error| ArtifactError::Refused(error.to_string()))?;
        let (code, origin) = artifact::verify(&mapped, self.folder.key(), &self.subject)?;
        let lent = if code.len() < MAPPED_FROM_BYTES { None } else { LentFile::new(self.cache) };
        let file = lent.map(|lent| (file, lent));
        // SAFETY: the MAC holds, so this is what `store` wrote: code from Wasmtime, signed with the
        // key of this folder, behind which is only the trailer. It does not change: see above.
        let found = unsafe { T::load(engine, code, file, bytes.clone(), origin) };
        found.map_err(ArtifactError::refused)
    }

    /// Keeps a module that was compiled.
    fn store<T: Compiled>(&self, module: &T) -> Result<(), String> {
        let (folder, limit_bytes) = (self.folder, self.cache.limit_bytes());
        let artifact = module.artifact(&self.subject, folder.key())?;
        if artifact.len() as u64 > limit_bytes {
            return Err("its code is longer than all that the cache may hold".into());
        }
        folder.write_file(&self.name, &artifact).map_err(|error| error.to_string())?;
        self.cache.added(folder, artifact.len() as u64);
        Ok(())
    }
}

/// A file that stays open, as Wasmtime keeps those that it maps: of these the process has few,
/// and script may have any number of modules.
pub(crate) struct LentFile(CodeCache);

impl LentFile {
    /// `None` if there are enough.
    fn new(cache: &CodeCache) -> Option<Self> {
        let lent = Self(cache.clone());
        let before = cache.0.open_files.fetch_add(1, Ordering::Relaxed);
        (before < MOST_OPEN_FILES).then_some(lent)
    }
}

impl Drop for LentFile {
    fn drop(&mut self) {
        self.0.0.open_files.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for CodeCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeCache")
            .field("path", &self.0.path)
            .field("limit_bytes", &self.0.limit_bytes)
            .finish_non_exhaustive()
    }
}
