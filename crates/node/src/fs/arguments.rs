//! The arguments of an operation, as `js/fs.js` passes them: checked there, read here.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use holm_host::{Host, Permissions, host};
use holm_js::{Call, Ctx, MAX_BUFFER_BYTES, Result, Value, heap_limit_bytes, to_text, view_bytes};
use rustix::fs::Mode;

use super::failure::{Outcome, Subject};
use super::place::{Links, Place, Wish, path_of};
use super::{Files, Prepared, Work};

/// A path as it was given, and where it counts from.
#[derive(Clone, Debug)]
pub(super) struct Given {
    path: PathBuf,
    pub(super) shown: String,
    permissions: Arc<Permissions>,
}

impl Given {
    /// Where the path leads, if the script may go there.
    pub(super) fn find(&self, wish: Wish, links: Links) -> Outcome<Place> {
        Place::find(&self.permissions, &self.path, wish, links)
    }

    pub(super) fn path(&self) -> &std::path::Path {
        &self.path
    }

    pub(super) fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// Another path with the same permissions.
    pub(super) fn with_path(&self, path: PathBuf) -> Self {
        Self { path, ..self.clone() }
    }

    /// What an error of this call says.
    pub(super) fn subject(&self, syscall: &'static str) -> Subject {
        Subject { syscall, path: Some(self.shown.clone()), dest: None }
    }

    pub(super) fn prepared(
        self,
        syscall: &'static str,
        work: impl FnOnce(Self) -> Outcome<super::Answer> + Send + 'static,
    ) -> Prepared {
        let subject = self.subject(syscall);
        let work: Work = Box::new(move || work(self));
        Prepared { subject, work }
    }
}

pub(super) struct Arguments<'a, 'js> {
    call: &'a Call<'a, 'js>,
    first: usize,
    pub(super) host: Rc<Host>,
    pub(super) files: Rc<Files>,
}

impl<'a, 'js> Arguments<'a, 'js> {
    /// Those from `first` on.
    pub(super) fn from(call: &'a Call<'a, 'js>, first: usize) -> Self {
        let (host, files) = (host(call.ctx()), Files::of(call.ctx()));
        Self { call, first, host, files }
    }

    pub(super) fn ctx(&self) -> &Ctx<'js> {
        self.call.ctx()
    }

    fn value(&self, index: usize) -> Value<'js> {
        self.call.value(self.first + index)
    }

    /// A path: text or bytes. Relative ones count from the isolate's folder.
    pub(super) fn path(&self, index: usize) -> Result<Given> {
        let given = path_of(self.text_or_bytes(index)?);
        let shown = given.display().to_string();
        let is_empty = given.as_os_str().is_empty();
        let path = if is_empty { given } else { self.host.process.current_dir().join(given) };
        Ok(Given { path, shown, permissions: self.files.permissions(self.ctx()) })
    }

    pub(super) fn text_or_bytes(&self, index: usize) -> Result<Vec<u8>> {
        let value = self.value(index);
        match value.as_object() {
            Some(view) => view_bytes(view),
            None => Ok(to_text(self.ctx(), &value)?.into_bytes()),
        }
    }

    /// A whole number; what is no number is −1.
    pub(super) fn integer(&self, index: usize) -> i64 {
        let value = self.value(index);
        value.as_number().map_or(-1, |number| number as i64)
    }

    pub(super) fn number(&self, index: usize) -> f64 {
        self.value(index).as_number().unwrap_or(0.0)
    }

    /// The number of an open file.
    pub(super) fn file_number(&self, index: usize) -> usize {
        usize::try_from(self.integer(index)).unwrap_or(usize::MAX)
    }

    pub(super) fn mode(&self, index: usize) -> Mode {
        Mode::from_raw_mode(self.integer(index) as u32 & 0o7777)
    }

    pub(super) fn flag(&self, index: usize) -> bool {
        self.value(index).as_bool().unwrap_or(false)
    }

    /// As many bytes as a script could hold at all.
    pub(super) fn max_bytes(&self) -> usize {
        heap_limit_bytes(self.ctx()).unwrap_or(MAX_BUFFER_BYTES).min(MAX_BUFFER_BYTES)
    }
}
