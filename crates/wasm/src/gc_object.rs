//! Structs and arrays of a module, as the host holds them.

use std::fmt;
use std::rc::Rc;

use wasmtime::{AnyRef, OwnedRooted, Rooted, StoreContextMut};

use crate::group::GroupData;
use crate::identity::Moved;
use crate::{Attachment, Group};

/// A struct or an array, kept alive.
#[derive(Clone)]
pub struct GcObject(Rc<GcInner>);

pub(crate) struct GcInner {
    group: Group,
    root: OwnedRooted<AnyRef>,
    attachment: Attachment,
}

impl GcObject {
    pub(crate) fn intern(
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
        object: Rooted<AnyRef>,
    ) -> wasmtime::Result<Self> {
        let made = group.interned().objects.intern(
            cx,
            |cx| object.to_raw(&mut *cx),
            |cx| {
                let root = object.to_owned_rooted(&mut *cx)?;
                Ok(GcInner { group: group.clone(), root, attachment: Attachment::default() })
            },
        );
        made.map(Self)
    }

    /// Which group it is part of.
    pub fn group(&self) -> &Group {
        &self.0.group
    }

    /// What the embedder hung onto it.
    pub fn attachment(&self) -> &Attachment {
        &self.0.attachment
    }

    pub(crate) fn root(
        &self,
        cx: &mut StoreContextMut<'_, GroupData>,
    ) -> wasmtime::Result<Rooted<AnyRef>> {
        Ok(self.0.root.to_rooted(&mut *cx))
    }
}

impl Moved for GcInner {
    fn address(&self, cx: &mut StoreContextMut<'_, GroupData>) -> Option<u32> {
        self.root.to_rooted(&mut *cx).to_raw(&mut *cx).ok()
    }
}

impl fmt::Debug for GcObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GcObject").finish_non_exhaustive()
    }
}
