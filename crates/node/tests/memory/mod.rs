//! A file system in memory, with symbolic links.

use std::{
    collections::BTreeMap,
    io,
    path::{Component, Path, PathBuf},
    sync::Mutex,
};

use holm_node::modules::resolve::{Files, Metadata};
use serde_json::Value;

enum Entry {
    File(Vec<u8>),
    Link(PathBuf),
    Dir,
}

#[derive(Default)]
pub(crate) struct MemoryFiles {
    entries: Mutex<BTreeMap<PathBuf, Entry>>,
}

impl MemoryFiles {
    /// From `{ "/path": "content", "/link": { "link": "/target" } }`.
    pub(crate) fn from_json(files: &Value) -> Self {
        let memory = Self::default();
        for (path, content) in files.as_object().unwrap() {
            match content {
                Value::String(text) => memory.add(path, Entry::File(text.clone().into_bytes())),
                link => memory.add(path, Entry::Link(link["link"].as_str().unwrap().into())),
            }
        }
        memory
    }

    #[allow(dead_code)]
    pub(crate) fn write(&self, path: &str, content: &str) {
        self.add(path, Entry::File(content.into()));
    }

    fn add(&self, path: &str, entry: Entry) {
        let mut entries = self.entries.lock().unwrap();
        for dir in Path::new(path).ancestors().skip(1) {
            entries.entry(dir.into()).or_insert(Entry::Dir);
        }
        entries.insert(path.into(), entry);
    }

    fn real<T>(&self, path: &Path, then: impl Fn(&Path, &Entry) -> T) -> io::Result<T> {
        let entries = self.entries.lock().unwrap();
        let mut real = PathBuf::new();
        let mut todo: Vec<_> =
            path.components().rev().map(|it| it.as_os_str().to_owned()).collect();
        while let Some(next) = todo.pop() {
            if Path::new(&next).components().next() == Some(Component::ParentDir) {
                real.pop();
                continue;
            }
            real.push(&next);
            match entries.get(&real).ok_or(io::ErrorKind::NotFound)? {
                Entry::Link(target) => {
                    real = PathBuf::new();
                    todo.extend(target.components().rev().map(|it| it.as_os_str().to_owned()));
                }
                Entry::File(_) if !todo.is_empty() => {
                    return Err(io::ErrorKind::NotADirectory.into());
                }
                Entry::File(_) | Entry::Dir => {}
            }
        }
        let entry = entries.get(&real).ok_or(io::ErrorKind::NotFound)?;
        Ok(then(&real, entry))
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.real(path, |_, entry| match entry {
            Entry::File(bytes) => Ok(bytes.clone()),
            _ => Err(io::ErrorKind::IsADirectory.into()),
        })?
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.real(path, |_, entry| Metadata {
            is_file: matches!(entry, Entry::File(_)),
            is_dir: matches!(entry, Entry::Dir),
        })
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        self.real(path, |real, _| real.into())
    }
}
