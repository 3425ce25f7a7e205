//! What bodies, requests, blobs, URLs, events and ports weigh.
//!
//! Their bytes are Rust's: the limit of the script's heap does not see them, though a script
//! can make any number. So they are counted here, per realm, and together may be as much as
//! that heap.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use holm_js::{Ctx, Error, ErrorKind, Result, heap_limit_bytes, slot, throw};

/// The bytes that are counted in a realm now.
#[derive(Default)]
struct Scales(Arc<AtomicUsize>);

/// Bytes that are counted for as long as this lives.
#[derive(Debug)]
pub struct Weight {
    len_bytes: usize,
    total: Arc<AtomicUsize>,
}

impl Weight {
    /// Counts bytes; a `RangeError` if there is no room for them.
    pub fn new(ctx: &Ctx<'_>, len_bytes: usize) -> Result<Self> {
        let total = slot::<Scales>(ctx).0.clone();
        let limit = heap_limit_bytes(ctx).unwrap_or(usize::MAX);
        let before = total.fetch_add(len_bytes, Ordering::Relaxed);
        let weight = Self { len_bytes, total };
        if before.saturating_add(len_bytes) > limit {
            return Err(too_heavy(ctx, limit));
        }
        Ok(weight)
    }

    pub fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    /// Counts more or less bytes from now on.
    pub(crate) fn set(&mut self, ctx: &Ctx<'_>, len_bytes: usize) -> Result<()> {
        if len_bytes > self.len_bytes {
            let mut more = Self::new(ctx, len_bytes - self.len_bytes)?;
            // It is this one's now.
            more.len_bytes = 0;
        } else {
            self.total.fetch_sub(self.len_bytes - len_bytes, Ordering::Relaxed);
        }
        self.len_bytes = len_bytes;
        Ok(())
    }
}

fn too_heavy(ctx: &Ctx<'_>, limit: usize) -> Error {
    let text = format!(
        "requests, bodies, blobs, URLs, events and ports would hold more than {limit} bytes"
    );
    throw(ctx, ErrorKind::Range, &text)
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.total.fetch_sub(self.len_bytes, Ordering::Relaxed);
    }
}

/// Bytes that count until the last clone of them is gone.
pub(crate) fn weighed(ctx: &Ctx<'_>, bytes: Vec<u8>) -> Result<Bytes> {
    let weight = Weight::new(ctx, bytes.len())?;
    Ok(Bytes::from_owner(Weighed { bytes, _weight: weight }))
}

struct Weighed {
    bytes: Vec<u8>,
    _weight: Weight,
}

impl AsRef<[u8]> for Weighed {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
