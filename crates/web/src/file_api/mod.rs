//! The File API: `Blob`, `File`, and URLs of blobs.
//!
//! <https://w3c.github.io/FileAPI/>. What is not here: `stream()`, which needs streams, and
//! with it `FileReader`.

mod blob;
mod file;
mod object_urls;

use std::fmt;

use bytes::Bytes;
use holm_js::webidl::interface_object;
use holm_js::{Attributes, Ctx, Result, define_lazy};

use blob::blob_object;
pub(crate) use blob::{BlobKind, blob_of, new_blob};
pub(crate) use file::{FileKind, file_name, new_file, renamed_file};
pub use object_urls::{blob_of_url, blob_url_data};
pub(crate) use object_urls::{create_object_url, revoke_object_url};

/// Defines the interfaces.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let global = ctx.globals();
    define_lazy(&global, "Blob", Attributes::BUILT_IN, |ctx| {
        Ok(interface_object::<blob::Blob>(ctx)?.into_value())
    })?;
    define_lazy(&global, "File", Attributes::BUILT_IN, |ctx| {
        Ok(interface_object::<file::File>(ctx)?.into_value())
    })
}

/// What a blob is: bytes and their type. Cheap to clone; they count as its maker's for as long
/// as anybody has them.
#[derive(Clone)]
pub struct BlobData {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its type in lower case, or nothing.
    pub content_type: String,
}

impl BlobData {
    /// One without bytes and type.
    pub(crate) fn empty() -> Self {
        Self { bytes: Bytes::new(), content_type: String::new() }
    }
}

impl fmt::Debug for BlobData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobData")
            .field("len_bytes", &self.bytes.len())
            .field("content_type", &self.content_type)
            .finish()
    }
}
