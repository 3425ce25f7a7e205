//! A fresh folder for one case: `work` (the working directory) and `home` in it, gone when dropped.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

use tempfile::TempDir;

use super::case::Case;
use super::directive::Preparation;

pub(crate) struct Sandbox {
    _folder: TempDir,
    /// Canonical, as programs print it.
    root: PathBuf,
}

impl Sandbox {
    pub(crate) fn for_case(case: &Case) -> io::Result<Sandbox> {
        let folder = tempfile::Builder::new().prefix("holm-case-").tempdir()?;
        let sandbox = Sandbox { root: folder.path().canonicalize()?, _folder: folder };
        fs::create_dir(sandbox.cwd())?;
        fs::create_dir(sandbox.home())?;
        for (name, content) in &case.files {
            fs::write(sandbox.place(name)?, content)?;
        }
        for preparation in &case.directives.preparations {
            sandbox.prepare(preparation)?;
        }
        Ok(sandbox)
    }

    pub(crate) fn cwd(&self) -> PathBuf {
        self.root.join("work")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// `[CWD]`, `[HOME]` and `[TMP]` with the folders they stand for, longest first.
    pub(crate) fn placeholders(&self) -> [(&'static str, String); 3] {
        let text = |path: &Path| path.display().to_string();
        [("[CWD]", text(&self.cwd())), ("[HOME]", text(&self.home())), ("[TMP]", text(&self.root))]
    }

    /// `text` of a case with the folders put in for their names.
    pub(crate) fn expanded(&self, text: &str) -> String {
        let folders = self.placeholders();
        folders.iter().fold(text.to_owned(), |text, (name, folder)| text.replace(name, folder))
    }

    fn prepare(&self, preparation: &Preparation) -> io::Result<()> {
        match preparation {
            Preparation::Folder { name } => fs::create_dir_all(self.place(name)?),
            Preparation::Symlink { name, target } => {
                std::os::unix::fs::symlink(self.expanded(target), self.place(name)?)
            }
            Preparation::File { name, size_bytes, pattern } => {
                let mut file = BufWriter::new(File::create(self.place(name)?)?);
                io::copy(&mut Repeated { pattern, position: 0 }.take(*size_bytes), &mut file)?;
                file.flush()
            }
        }
    }

    /// Where a name of the case lies, its folder made. `../x` is beside the working directory, no higher.
    fn place(&self, name: &str) -> io::Result<PathBuf> {
        let below = Path::new(name).strip_prefix("..");
        let path = match below {
            Ok(below) => self.root.join(below),
            Err(_) => self.cwd().join(name),
        };
        let inside = path.starts_with(&self.root)
            && !path.components().any(|part| part == Component::ParentDir);
        if !inside {
            return Err(io::Error::other(format!("`{name}` lies outside the case's folder")));
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(path)
    }
}

/// Its pattern over and over.
struct Repeated<'a> {
    pattern: &'a [u8],
    position: usize,
}

impl Read for Repeated<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for byte in buffer.iter_mut() {
            *byte = self.pattern[self.position];
            self.position = (self.position + 1) % self.pattern.len();
        }
        Ok(buffer.len())
    }
}
