//! URLs of blobs, <https://w3c.github.io/FileAPI/#url>.
//!
//! The store is the cluster's: a worker may load what its maker names. An entry goes when it
//! is revoked, or with the realm that made it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holm_host::{Host, host};
use holm_js::webidl::convert;
use holm_js::{Call, Ctx, ErrorKind, Result, Value, slot, throw};

use super::{BlobData, blob_object, blob_of};
use crate::node_errors::invalid_argument;
use crate::weight::Weight;

/// What Node begins its URLs with.
const PREFIX: &str = "blob:nodedata:";
/// What an entry takes besides the blob's bytes.
const ENTRY_BYTES: usize = 512;

/// <https://w3c.github.io/FileAPI/#BlobURLStore>, by URL.
#[derive(Default)]
struct BlobUrls(Mutex<HashMap<String, Entry>>);

struct Entry {
    blob: BlobData,
    _weight: Weight,
}

impl BlobUrls {
    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a realm has made, to be revoked when it ends.
#[derive(Default)]
struct Made(RefCell<HashMap<String, Arc<BlobUrls>>>);

impl Drop for Made {
    fn drop(&mut self) {
        for (url, store) in self.0.get_mut().drain() {
            store.entries().remove(&url);
        }
    }
}

/// The blob that a `blob:` URL stands for now, in any realm of the cluster.
pub fn blob_url_data(host: &Host, url: &str) -> Option<BlobData> {
    // The store is looked up without the fragment.
    let url = url.split('#').next()?;
    host.cluster.part::<BlobUrls>().entries().get(url).map(|entry| entry.blob.clone())
}

/// A new `Blob` that is the one a `blob:` URL stands for.
pub fn blob_of_url<'js>(ctx: &Ctx<'js>, url: &str) -> Result<Option<Value<'js>>> {
    blob_url_data(&host(ctx), url).map(|blob| blob_object(ctx, blob)).transpose()
}

/// <https://w3c.github.io/FileAPI/#dfn-createObjectURL>
pub(crate) fn create_object_url<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, given) = (call.ctx(), call.value(0));
    let Some(blob) = blob_of(&given) else {
        return Err(invalid_argument(ctx, "obj", "an instance of Blob", &given));
    };
    // <https://w3c.github.io/FileAPI/#add-an-entry>: 1. Let store be the user agent's blob URL
    // store. 2. Let url be the result of generating a new blob URL.
    let store = host(ctx).cluster.part::<BlobUrls>();
    let url = format!("{PREFIX}{}", uuid(ctx)?);
    // 3. Let entry be a new blob URL entry. 4. Set store[url] to entry.
    let entry = Entry { blob, _weight: Weight::new(ctx, ENTRY_BYTES)? };
    store.entries().insert(url.clone(), entry);
    slot::<Made>(ctx).0.borrow_mut().insert(url.clone(), store);
    call.returns(url)
}

/// <https://w3c.github.io/FileAPI/#dfn-revokeObjectURL>
pub(crate) fn revoke_object_url<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    // 1. Let urlRecord be the result of parsing url. 2. If its scheme is not "blob", return.
    // 3. Let entry be its blob URL entry. 4. If entry is null, then return. 6. Remove an entry
    //    from the blob URL store for url. (A URL with a fragment names no entry here.)
    let url = convert::string(ctx, &call.value(0))?;
    host(ctx).cluster.part::<BlobUrls>().entries().remove(&url);
    slot::<Made>(ctx).0.borrow_mut().remove(&url);
    call.undefined()
}

/// <https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-4>
fn uuid(ctx: &Ctx<'_>) -> Result<String> {
    let mut bytes = [0; 16];
    host(ctx).random.fill(&mut bytes).map_err(|error| {
        throw(ctx, ErrorKind::Plain, &format!("no random bytes for a blob's URL: {error}"))
    })?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    Ok(parts.join("-"))
}
