//! Exceptions that keep what shows them to script.
//!
//! An exception that script threw is an object of script, with an identity and properties of
//! its own. That object has to come out of the module again, however long the module kept the
//! exception, and has to go when the module drops it: the store's collector must see it. A
//! module knows of an exception only its tag and what the tag says it carries. So this makes
//! exceptions with one more field, behind those.
//!
//! Wasmtime makes exceptions of exactly the type of their tag. Ours get a tag of the wider type
//! first, and then the two numbers by which an object names its tag are replaced. Nothing in a
//! store minds the difference: compiled code reads fields by their offset, which a field added
//! behind them does not change, and the collector goes by the type of the object.

use std::cell::Cell;
use std::ptr::NonNull;
use std::rc::{Rc, Weak};

use wasmtime::{ExnRef, ExnRefPre, ExnType, Rooted, StoreContextMut, Val, ValType};

use crate::exception::ExceptionInner;
use crate::group::GroupData;
use crate::host::ThreadBound;
use crate::value::new_extern_of;
use crate::{HostRef, Tag};

/// An exception counts like so many references to host values when it is to be decided whether
/// collecting garbage is worth it: each is several objects, with a text of the stack.
const REFS_PER_EXCEPTION: u32 = 10;

/// What the added field refers to.
struct Shown {
    /// Weak: it is alive as long as what shows it, which holds it.
    exception: Weak<ExceptionInner>,
    value: HostRef,
}

/// What makes exceptions of one tag with the added field.
pub(crate) struct WideTag {
    ty: ExnType,
    tag: wasmtime::Tag,
    allocator: ExnRefPre,
    /// How objects name the tag that modules know.
    shown_name: TagName,
}

/// How an object names its tag: the instance that defines it, and which one it is there.
type TagName = [u32; 2];

/// The beginning of an exception in the heap of Wasmtime's copying collector.
#[repr(C, align(16))]
struct RawException {
    header: [u32; 4],
    tag: Cell<TagName>,
}

/// Makes an exception that modules know by `tag`, and that keeps `value`.
///
/// `None` if the store's heap is not known: then it has to do without.
pub(crate) fn new(
    cx: &mut StoreContextMut<'_, GroupData>,
    tag: &Tag,
    known: wasmtime::Tag,
    fields: &[Val],
    exception: &Rc<ExceptionInner>,
    value: HostRef,
) -> wasmtime::Result<Option<Rooted<ExnRef>>> {
    let Some(wide) = wide_tag(cx, tag, known, fields)? else { return Ok(None) };
    cx.data().group().note_host_refs(REFS_PER_EXCEPTION);
    let shown = new_extern_of(cx, Shown { exception: Rc::downgrade(exception), value })?;
    let mut all = Vec::with_capacity(fields.len() + 1);
    all.extend_from_slice(fields);
    all.push(Val::ExternRef(Some(shown)));
    let made = ExnRef::new(&mut *cx, &wide.allocator, &wide.tag, &all)?;
    let Some(raw) = raw(cx, made)? else { return Ok(None) };
    // SAFETY: it points to an exception of this store, whose code does not run now.
    unsafe { raw.as_ref() }.tag.set(wide.shown_name);
    debug_assert_eq!(
        made.tag(&mut *cx)?.debug_index_in_store(),
        known.debug_index_in_store(),
        "an exception has the tag that was written into it"
    );
    Ok(Some(made))
}

/// The handle of an exception that was made like this, and what shows it to script.
pub(crate) fn shown(
    cx: &mut StoreContextMut<'_, GroupData>,
    exception: Rooted<ExnRef>,
    known: wasmtime::Tag,
) -> wasmtime::Result<Option<(Rc<ExceptionInner>, HostRef)>> {
    let key = known.debug_index_in_store();
    let Some(wide) = cx.data().group().interned.wide_tags.borrow().get(&key).cloned() else {
        return Ok(None);
    };
    if !exception.ty(&*cx)?.matches(&wide.ty) {
        return Ok(None);
    }
    let Val::ExternRef(Some(added)) = exception.field(&mut *cx, wide.ty.fields().len() - 1)? else {
        return Ok(None);
    };
    let data = added.data(&*cx)?;
    let shown = data.and_then(|data| data.downcast_ref::<ThreadBound<Shown>>());
    Ok(shown.and_then(|ThreadBound(shown)| Some((shown.exception.upgrade()?, shown.value.clone()))))
}

fn wide_tag(
    cx: &mut StoreContextMut<'_, GroupData>,
    tag: &Tag,
    known: wasmtime::Tag,
    fields: &[Val],
) -> wasmtime::Result<Option<Rc<WideTag>>> {
    let key = known.debug_index_in_store();
    if let Some(made) = cx.data().group().interned.wide_tags.borrow().get(&key) {
        return Ok(Some(made.clone()));
    }
    // An exception of the tag itself shows how objects name it.
    let allocator = ExnRefPre::new(&mut *cx, ExnType::from_tag_type(tag.ty())?);
    let plain = ExnRef::new(&mut *cx, &allocator, &known, fields)?;
    let Some(raw) = raw(cx, plain)? else { return Ok(None) };
    // SAFETY: it points to an exception of this store, whose code does not run now.
    let shown_name = unsafe { raw.as_ref() }.tag.get();
    let wider = tag.parameters().iter().cloned().chain([ValType::EXTERNREF]);
    let ty = ExnType::new(cx.engine(), wider)?;
    let tag = wasmtime::Tag::new(&mut *cx, &ty.tag_type())?;
    let allocator = ExnRefPre::new(&mut *cx, ty.clone());
    let made = Rc::new(WideTag { ty, tag, allocator, shown_name });
    cx.data().group().interned.wide_tags.borrow_mut().insert(key, made.clone());
    Ok(Some(made))
}

/// Where the exception is now. Good until something of the store is touched.
fn raw(
    cx: &mut StoreContextMut<'_, GroupData>,
    exception: Rooted<ExnRef>,
) -> wasmtime::Result<Option<NonNull<RawException>>> {
    // A reference is the distance from the heap's beginning.
    let at = exception.to_raw(&mut *cx)? as usize;
    let Some(heap) = cx.data().heap() else { return Ok(None) };
    let is_inside = at.checked_add(size_of::<RawException>()).is_some_and(|end| end <= heap.len());
    debug_assert!(is_inside && at.is_multiple_of(align_of::<RawException>()));
    // SAFETY: inside of the heap.
    Ok(is_inside.then(|| unsafe { heap.start().add(at) }.cast()))
}
