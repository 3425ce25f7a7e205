//! Tags of exceptions: an identity, which each group knows by a tag of its own.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::{Rc, Weak};

use wasmtime::{FuncType, StoreContextMut, TagType, ValType};

use crate::group::{GroupData, GroupInner};
use crate::{Attachment, Engine, Group};

/// What says which exceptions a handler catches.
#[derive(Clone)]
pub struct Tag(Rc<Inner>);

struct Inner {
    ty: TagType,
    parameters: Box<[ValType]>,
    /// By the address of the group, which is not used again while its reference is here.
    groups: RefCell<HashMap<usize, (Weak<GroupInner>, wasmtime::Tag)>>,
    attachment: Attachment,
}

impl Tag {
    /// A new tag of exceptions that carry such values.
    pub fn new(engine: &Engine, parameters: impl IntoIterator<Item = ValType>) -> Self {
        let ty = FuncType::new(engine.raw(), parameters, []);
        Self::of_type(TagType::new(ty))
    }

    fn of_type(ty: TagType) -> Self {
        let parameters = ty.ty().params().collect();
        let (groups, attachment) = Default::default();
        Self(Rc::new(Inner { ty, parameters, groups, attachment }))
    }

    /// Its type.
    pub fn ty(&self) -> &TagType {
        &self.0.ty
    }

    /// The types of what its exceptions carry.
    pub fn parameters(&self) -> &[ValType] {
        &self.0.parameters
    }

    /// What the embedder hung onto it.
    pub fn attachment(&self) -> &Attachment {
        &self.0.attachment
    }

    /// Whether both are the same tag.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// The handle of a tag of the group's store.
    pub(crate) fn intern(
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
        tag: wasmtime::Tag,
    ) -> Self {
        let key = tag.debug_index_in_store();
        if let Some(found) = group.interned().tags.borrow().get(&key) {
            return found.clone();
        }
        let made = Self::of_type(tag.ty(&*cx));
        made.remember(group, tag);
        made
    }

    /// The tag as one of the group's store.
    pub(crate) fn in_group(
        &self,
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
    ) -> wasmtime::Result<wasmtime::Tag> {
        if let Some((_, tag)) = self.0.groups.borrow().get(&group.address()) {
            return Ok(*tag);
        }
        let made = wasmtime::Tag::new(&mut *cx, &self.0.ty)?;
        self.remember(group, made);
        Ok(made)
    }

    fn remember(&self, group: &Group, tag: wasmtime::Tag) {
        let mut groups = self.0.groups.borrow_mut();
        // The tag of what the host throws is every group's.
        if groups.len() == groups.capacity() {
            groups.retain(|_, (group, _)| group.strong_count() > 0);
        }
        groups.insert(group.address(), (group.downgrade(), tag));
        group.interned().tags.borrow_mut().insert(tag.debug_index_in_store(), self.clone());
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tag").field("parameters", &self.0.parameters).finish_non_exhaustive()
    }
}
