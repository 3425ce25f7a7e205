//! Exceptions: a tag and what it carries, in or out of a group.

use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};

use wasmtime::{ExnRef, ExnRefPre, ExnType, OwnedRooted, Rooted, StoreContextMut};

use crate::group::{GroupData, GroupInner};
use crate::identity::Moved;
use crate::value::{lift, lower};
use crate::{Attachment, Group, Tag, Value};

/// An exception that was thrown, or may be.
#[derive(Clone)]
pub struct Exception(Rc<ExceptionInner>);

pub(crate) struct ExceptionInner {
    tag: Tag,
    payload: Vec<Value>,
    /// What it is in the group that saw it last.
    known: RefCell<Option<(Weak<GroupInner>, OwnedRooted<ExnRef>)>>,
    attachment: Attachment,
}

impl Exception {
    /// An exception that no group has seen. The payload is as the tag's type says.
    pub fn new(tag: &Tag, payload: Vec<Value>) -> Self {
        let (known, attachment) = Default::default();
        Self(Rc::new(ExceptionInner { tag: tag.clone(), payload, known, attachment }))
    }

    /// Its tag.
    pub fn tag(&self) -> &Tag {
        &self.0.tag
    }

    /// What it carries.
    pub fn payload(&self) -> &[Value] {
        &self.0.payload
    }

    /// What the embedder hung onto it.
    pub fn attachment(&self) -> &Attachment {
        &self.0.attachment
    }

    /// Whether both are the same exception.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// The handle of an exception of the group's store.
    pub(crate) fn lift(
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
        exception: Rooted<ExnRef>,
    ) -> wasmtime::Result<Self> {
        let made = group.interned().exceptions.intern(
            cx,
            |cx| exception.to_raw(&mut *cx),
            |cx| {
                let tag = exception.tag(&mut *cx)?;
                let tag = Tag::intern(group, cx, tag);
                let fields = exception.fields(&mut *cx)?.collect::<Vec<_>>();
                let mut payload = Vec::with_capacity(fields.len());
                for field in fields {
                    payload.push(lift(group, cx, field)?);
                }
                let root = exception.to_owned_rooted(&mut *cx)?;
                let known = RefCell::new(Some((group.downgrade(), root)));
                Ok(ExceptionInner { tag, payload, known, attachment: Attachment::default() })
            },
        );
        made.map(Self)
    }

    /// The exception as one of the group's store.
    pub(crate) fn lower(
        &self,
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
    ) -> wasmtime::Result<Rooted<ExnRef>> {
        if let Some((known, root)) = &*self.0.known.borrow()
            && known.upgrade().is_some_and(|known| Group::from_inner(known).same(group))
        {
            return Ok(root.to_rooted(&mut *cx));
        }
        let tag = self.0.tag.in_group(group, cx)?;
        let ty = ExnType::from_tag_type(self.0.tag.ty())?;
        let allocator = ExnRefPre::new(&mut *cx, ty);
        let mut fields = Vec::with_capacity(self.0.payload.len());
        for (value, ty) in self.0.payload.iter().zip(self.0.tag.parameters()) {
            let field = lower(group, cx, value, ty);
            fields.push(field.map_err(|mismatch| {
                let reason =
                    mismatch.reason.unwrap_or_else(|| "a payload of the wrong type".into());
                wasmtime::Error::msg(reason)
            })?);
        }
        let made = ExnRef::new(&mut *cx, &allocator, &tag, &fields)?;
        let root = made.to_owned_rooted(&mut *cx)?;
        self.0.known.replace(Some((group.downgrade(), root)));
        group.interned().exceptions.insert(cx, |cx| made.to_raw(&mut *cx), &self.0)?;
        Ok(made)
    }
}

impl Moved for ExceptionInner {
    fn address(&self, cx: &mut StoreContextMut<'_, GroupData>) -> Option<u32> {
        let known = self.known.borrow();
        let (_, root) = known.as_ref()?;
        root.to_rooted(&mut *cx).to_raw(&mut *cx).ok()
    }
}

impl fmt::Debug for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exception").field("payload", &self.0.payload).finish_non_exhaustive()
    }
}
