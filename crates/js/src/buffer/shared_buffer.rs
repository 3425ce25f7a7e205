//! `SharedArrayBuffer`s of script on their way to another realm, which may be another thread's.

use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;

use rquickjs::{Ctx, Error, Object, Result, qjs};

use super::alias::{self, Alias, Host, Kind};
use super::builtins::install_getters;
use super::shared_blocks::{Block, Charge};
use super::{Backing, max_buffer_bytes};
use crate::errors::{ErrorKind, throw};
use crate::raw;
use crate::realm::RealmData;

/// What a `SharedArrayBuffer` made by script shows: memory, and how long it is.
#[derive(Clone, Debug)]
pub struct SharedBuffer {
    block: Arc<Block>,
    extent: Extent,
}

#[derive(Clone, Copy, Debug)]
enum Extent {
    Fixed { len_bytes: usize },
    Growable { max_len_bytes: usize },
}

/// What keeps the memory of one that grows. Dropping it touches neither script nor an engine.
pub(super) struct Keeper {
    shared: SharedBuffer,
    _charge: Rc<Charge>,
}

impl SharedBuffer {
    /// What a buffer shows; `None` if that is not script's memory but somebody else's.
    pub fn of(buffer: &Object<'_>) -> Result<Option<Self>> {
        let ctx = buffer.ctx();
        let shared = RealmData::of(ctx).shared();
        let mut len: qjs::size_t = 0;
        // SAFETY: a live buffer, of which only place and length are taken.
        let start =
            unsafe { qjs::JS_GetArrayBuffer(raw::context(ctx), &raw mut len, buffer.as_raw()) };
        let Some(start) = NonNull::new(start) else {
            return Err(Error::Exception);
        };
        if let Some(alias) = shared.aliases.find(buffer.as_value()) {
            return Ok(Self::of_alias(&alias));
        }
        let Some(block) = shared.shared_blocks.block(start.as_ptr() as usize) else {
            return Ok(None);
        };
        let len_bytes = len as usize;
        let Some(max_len_bytes) = max_buffer_bytes(buffer)? else {
            return Ok(Some(Self { block, extent: Extent::Fixed { len_bytes } }));
        };
        // From now on its length is not the engine's to know: others may grow it.
        block.grow(len_bytes).map_err(|_| Error::Unknown)?;
        let this = Self { block, extent: Extent::Growable { max_len_bytes } };
        install_getters(ctx)?;
        let kind = this.growable_kind(max_len_bytes);
        let address = start.as_ptr() as usize;
        let _charge = shared.shared_blocks.give_away(address).ok_or(Error::Unknown)?;
        let keeper = Keeper { shared: this.clone(), _charge };
        let alias = alias::adopt(buffer, start, kind, Box::new(keeper));
        shared.shared_blocks.add(address, alias);
        Ok(Some(this))
    }

    fn of_alias(alias: &Alias) -> Option<Self> {
        let shared = |keeper: &Keeper| keeper.shared.clone();
        alias.with_keeper(|keeper| keeper.downcast_ref().map(shared))
    }

    /// A new buffer that shows the same.
    pub fn object<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let start = self.block.start();
        let blocks = &RealmData::of(ctx).shared().shared_blocks;
        let charge = blocks.charge(&self.block).ok_or(Error::Exception)?;
        match self.extent {
            Extent::Fixed { len_bytes } => {
                // SAFETY: the block, which is as long, lives as long as the runtime counts
                // buffers that show it.
                let made = blocks.with_block(&self.block, &charge, || unsafe {
                    let (context, len) = (raw::context(ctx), len_bytes as qjs::size_t);
                    let none = std::ptr::null_mut();
                    let buffer =
                        qjs::JS_NewArrayBuffer(context, start.as_ptr(), len, 0, None, none, true);
                    raw::own(ctx, buffer)
                })?;
                made.into_object().ok_or(Error::Unknown)
            }
            Extent::Growable { max_len_bytes } => {
                let keeper = Keeper { shared: self.clone(), _charge: charge };
                // SAFETY: as long as its keeper the block lives, and script alone uses it.
                let backing = unsafe { Backing::new(start, self.block.len_bytes(), keeper) };
                alias::make(ctx, backing, self.growable_kind(max_len_bytes))
            }
        }
    }

    fn growable_kind(&self, max_len_bytes: usize) -> Kind {
        let (grown, read) = (self.block.clone(), self.block.clone());
        let host: Host = Box::new(move |ctx, wanted| {
            grown.grow(wanted).map_err(|len_bytes| {
                let text =
                    format!("SharedArrayBuffer.grow: {wanted} bytes are less than its {len_bytes}");
                throw(ctx, ErrorKind::Range, &text)
            })
        });
        let len_bytes = Box::new(move || read.len_bytes());
        Kind::GrowableShared { max_len_bytes, host, len_bytes }
    }

    /// How long it is now.
    pub fn len_bytes(&self) -> usize {
        match self.extent {
            Extent::Fixed { len_bytes } => len_bytes,
            Extent::Growable { .. } => self.block.len_bytes(),
        }
    }
}
