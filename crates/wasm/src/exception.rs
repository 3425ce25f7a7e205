//! Exceptions: a tag and what it carries, in or out of a group.

use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};

use wasmtime::{ExnRef, ExnRefPre, ExnType, OwnedRooted, Rooted, StoreContextMut};

use crate::group::{GroupData, GroupInner};
use crate::identity::Moved;
use crate::value::{lift, lower};
use crate::{Attachment, Group, HostRef, Tag, Value, shown_exception};

/// An exception that was thrown, or may be.
#[derive(Clone)]
pub struct Exception {
    inner: Rc<ExceptionInner>,
    /// See [`Self::shown_as`].
    shown: Option<HostRef>,
}

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
        Self::alone(Rc::new(ExceptionInner { tag: tag.clone(), payload, known, attachment }))
    }

    fn alone(inner: Rc<ExceptionInner>) -> Self {
        Self { inner, shown: None }
    }

    /// The exception together with the value that shows it to script. Whoever has it, module
    /// or not, keeps that value alive.
    pub fn shown_as(&self, value: HostRef) -> Self {
        Self { inner: self.inner.clone(), shown: Some(value) }
    }

    /// The exception without that value: for the value itself, which would never go if it held
    /// itself.
    pub fn for_its_value(&self) -> Self {
        Self::alone(self.inner.clone())
    }

    /// Its tag.
    pub fn tag(&self) -> &Tag {
        &self.inner.tag
    }

    /// What it carries.
    pub fn payload(&self) -> &[Value] {
        &self.inner.payload
    }

    /// What the embedder hung onto it.
    pub fn attachment(&self) -> &Attachment {
        &self.inner.attachment
    }

    /// Whether both are the same exception.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }

    /// The handle of an exception of the group's store.
    pub(crate) fn lift(
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
        exception: Rooted<ExnRef>,
    ) -> wasmtime::Result<Self> {
        let tag = exception.tag(&mut *cx)?;
        if let Some((inner, value)) = shown_exception::shown(cx, exception, tag)? {
            return Ok(Self { inner, shown: Some(value) });
        }
        let made = group.interned().exceptions.intern(
            cx,
            |cx| exception.to_raw(&mut *cx),
            |cx| {
                let tag = Tag::intern(group, cx, tag);
                let fields = exception.fields(&mut *cx)?.collect::<Vec<_>>();
                let mut payload = Vec::with_capacity(tag.parameters().len());
                for field in fields.into_iter().take(tag.parameters().len()) {
                    payload.push(lift(group, cx, field)?);
                }
                let root = exception.to_owned_rooted(&mut *cx)?;
                let known = RefCell::new(Some((group.downgrade(), root)));
                Ok(ExceptionInner { tag, payload, known, attachment: Attachment::default() })
            },
        );
        made.map(Self::alone)
    }

    /// The exception as one of the group's store.
    pub(crate) fn lower(
        &self,
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
    ) -> wasmtime::Result<Rooted<ExnRef>> {
        // One that is the group's already does not keep the value.
        if self.shown.is_none()
            && let Some((known, root)) = &*self.inner.known.borrow()
            && known.upgrade().is_some_and(|known| Group::from_inner(known).same(group))
        {
            return Ok(root.to_rooted(&mut *cx));
        }
        let tag = self.inner.tag.in_group(group, cx)?;
        let mut fields = Vec::with_capacity(self.payload().len());
        for (value, ty) in self.payload().iter().zip(self.tag().parameters()) {
            let field = lower(group, cx, value, ty);
            fields.push(field.map_err(|mismatch| {
                let reason =
                    mismatch.reason.unwrap_or_else(|| "a payload of the wrong type".into());
                wasmtime::Error::msg(reason)
            })?);
        }
        if let Some(value) = &self.shown {
            let value = value.in_table(group.host_values());
            let made = shown_exception::new(cx, self.tag(), tag, &fields, &self.inner, value)?;
            if let Some(made) = made {
                return Ok(made);
            }
        }
        let allocator = ExnRefPre::new(&mut *cx, ExnType::from_tag_type(self.tag().ty())?);
        let made = ExnRef::new(&mut *cx, &allocator, &tag, &fields)?;
        let root = made.to_owned_rooted(&mut *cx)?;
        self.inner.known.replace(Some((group.downgrade(), root)));
        group.interned().exceptions.insert(cx, |cx| made.to_raw(&mut *cx), &self.inner)?;
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
        f.debug_struct("Exception").field("payload", &self.inner.payload).finish_non_exhaustive()
    }
}
