//! `File`, <https://w3c.github.io/FileAPI/#file-section>.

use std::any::{Any, TypeId};
use std::time::{SystemTime, UNIX_EPOCH};

use holm_js::webidl::{Definition, Interface, Parent, construct, convert, new_object};
use holm_js::{Ctx, Error, HostObject, Object, Result, Value, host_ref};

use super::BlobData;
use super::blob::{Blob, BlobPropertyBag, blob_parts, last_modified};
use crate::shown::{self, Shown};
use crate::structured_clone::cannot_be_cloned;
use crate::structured_clone::platform::{Parcel, PlatformKind};
use crate::weight::weighed;

/// The inside of a `File`.
pub(super) struct File {
    blob: Blob,
    name: String,
    last_modified: f64,
}

impl HostObject for File {
    fn base(&self, wanted: TypeId) -> Option<&dyn Any> {
        (wanted == TypeId::of::<Blob>()).then_some(&self.blob)
    }
}

impl Interface for File {
    const NAME: &'static str = "File";

    fn parent<'js>(ctx: &Ctx<'js>) -> Result<Option<Parent<'js>>> {
        Parent::of::<Blob>(ctx)
    }

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(2, |call| {
                let (ctx, what) = (call.ctx(), "File constructor");
                let parts = blob_parts(ctx, &call.value(0), what)?;
                let name = convert::string(ctx, &call.value(1))?;
                let options = BlobPropertyBag::from_js(ctx, &call.value(2), what)?;
                let last_modified = last_modified(ctx, &call.value(2))?.unwrap_or_else(now_ms);
                let blob = Blob(options.process(ctx, parts)?);
                construct(call, Self { blob, name, last_modified })
            })
            .attribute("name", |this, call| call.returns(&*this.name))?
            .attribute("lastModified", |this, call| call.returns(this.last_modified))?;
        shown::define(members)
    }
}

/// The name of a `File`; `None` for any other value.
pub(crate) fn file_name(value: &Value<'_>) -> Option<String> {
    host_ref::<File>(value).map(|file| file.name.clone())
}

/// A new `File` with a copy of these bytes.
pub(crate) fn new_file<'js>(
    ctx: &Ctx<'js>,
    bytes: &[u8],
    content_type: &str,
    name: &str,
) -> Result<Value<'js>> {
    let content_type = content_type.to_ascii_lowercase();
    let blob = Blob(BlobData { bytes: weighed(ctx, bytes.to_vec())?, content_type });
    let file = File { blob, name: name.to_owned(), last_modified: now_ms() };
    Ok(new_object(ctx, file)?.into_value())
}

/// The blob or file of that name: with the same bytes, and as old as it was.
pub(crate) fn renamed_file<'js>(
    ctx: &Ctx<'js>,
    given: &Value<'js>,
    blob: BlobData,
    name: &str,
) -> Result<Value<'js>> {
    let last_modified = host_ref::<File>(given).map_or_else(now_ms, |file| file.last_modified);
    let file = File { blob: Blob(blob), name: name.to_owned(), last_modified };
    Ok(new_object(ctx, file)?.into_value())
}

/// `Date.now()`
fn now_ms() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as f64
}

impl Shown for File {
    const WHEN_DEEP: Option<&'static str> = Some("[File]");

    fn shown<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let object = self.blob.shown(ctx)?;
        object.set("name", &*self.name)?;
        object.set("lastModified", self.last_modified)?;
        Ok(object)
    }
}

/// What travels for a file.
struct FileParcel {
    blob: BlobData,
    name: String,
    last_modified: f64,
}

/// <https://w3c.github.io/FileAPI/#file-section>: files are serializable.
pub(crate) struct FileKind;

impl PlatformKind for FileKind {
    fn is(&self, object: &Value<'_>) -> bool {
        host_ref::<File>(object).is_some()
    }

    fn serialize<'js>(&self, ctx: &Ctx<'js>, object: &Object<'js>) -> Result<Parcel> {
        let file = host_ref::<File>(object).ok_or_else(|| cannot_be_cloned(ctx, object))?;
        Ok(Box::new(FileParcel {
            blob: file.blob.0.clone(),
            name: file.name.clone(),
            last_modified: file.last_modified,
        }))
    }

    fn receive<'js>(&self, ctx: &Ctx<'js>, parcel: Parcel) -> Result<Object<'js>> {
        let parcel = parcel.downcast::<FileParcel>().map_err(|_| Error::Unknown)?;
        let FileParcel { blob, name, last_modified } = *parcel;
        new_object(ctx, File { blob: Blob(blob), name, last_modified })
    }
}
