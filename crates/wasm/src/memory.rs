//! Memories: bytes in a region, and the groups that use them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::ptr::NonNull;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use wasmtime::{MemoryType, SharedMemory, StoreContextMut};

use crate::account::{Charge, NoMemory};
use crate::group::{GroupData, GroupInner};
use crate::memory_bytes::is_lent;
use crate::region::{self, Keeper, Layout, MAX_MEMORY_BYTES, Region, RegionBytes};
use crate::{Attachment, Engine, Group, Space};

/// A memory, in any number of groups or in none.
#[derive(Clone)]
pub struct Memory(Rc<MemoryInner>);

pub(crate) struct MemoryInner {
    space: Space,
    ty: MemoryType,
    bytes: Bytes,
    /// By the address of the group, which is not used again while its reference is here.
    groups: RefCell<HashMap<usize, (Weak<GroupInner>, wasmtime::Memory)>>,
    attachment: Attachment,
}

enum Bytes {
    Own(Arc<Region>),
    /// Wasmtime's, known to several threads: charged to the one that made it, and for its growth
    /// to whichever did that.
    Shared(SharedMemory, Charge),
}

/// Why a memory was not made.
#[derive(Clone, Debug)]
pub struct MemoryError(String);

/// A memory cannot grow by so much.
#[derive(Clone, Copy, Debug)]
pub struct GrowError;

impl Memory {
    /// A zeroed memory that belongs to no group yet.
    pub fn new(space: &Space, ty: MemoryType) -> Result<Self, MemoryError> {
        let bytes = if ty.is_shared() {
            space.engine().check_headroom().map_err(MemoryError)?;
            let charge = charge_shared(space, &ty).map_err(MemoryError)?;
            let shared = SharedMemory::new(space.engine().raw(), ty.clone());
            Bytes::Shared(shared.map_err(|error| MemoryError(format!("{error:#}")))?, charge)
        } else {
            let layout = layout(space.engine(), &ty)?;
            let region = Region::new(layout, space.books());
            let region = region.map_err(|error| MemoryError(layout.refusal(error)))?;
            Bytes::Own(Arc::new(region))
        };
        Ok(Self::make(space, ty, bytes))
    }

    /// A memory that other threads have too.
    pub fn from_shared(space: &Space, shared: SharedMemory) -> Self {
        let known = Self::known_shared(space, &shared);
        known.unwrap_or_else(|| {
            let charge = Charge::none_yet(space.books().account.as_ref());
            Self::make(space, shared.ty(), Bytes::Shared(shared, charge))
        })
    }

    /// The handle of a shared memory that an instance exports: one that nobody knows, it made.
    pub(crate) fn intern_shared(space: &Space, shared: SharedMemory) -> wasmtime::Result<Self> {
        if let Some(known) = Self::known_shared(space, &shared) {
            return Ok(known);
        }
        let charge = charge_shared(space, &shared.ty()).map_err(wasmtime::Error::msg)?;
        Ok(Self::make(space, shared.ty(), Bytes::Shared(shared, charge)))
    }

    fn known_shared(space: &Space, shared: &SharedMemory) -> Option<Self> {
        let start = shared.data().as_ptr().cast::<u8>();
        space.find_memory(|memory| match &memory.bytes {
            Bytes::Shared(known, _) => known.data().as_ptr().cast::<u8>() == start,
            Bytes::Own(_) => false,
        })
    }

    fn make(space: &Space, ty: MemoryType, bytes: Bytes) -> Self {
        let (groups, attachment) = Default::default();
        let inner = Rc::new(MemoryInner { space: space.clone(), ty, bytes, groups, attachment });
        space.register(&inner);
        Self(inner)
    }

    pub(crate) fn from_inner(inner: Rc<MemoryInner>) -> Self {
        Self(inner)
    }

    /// The handle of a memory of the group's store; `made` are the regions of the instance
    /// that defines it.
    pub(crate) fn intern(
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
        memory: wasmtime::Memory,
        made: &[Arc<Region>],
    ) -> wasmtime::Result<Self> {
        let key = memory.debug_index_in_store();
        if let Some(found) = group.interned().memories.borrow().get(&key).and_then(Weak::upgrade) {
            return Ok(Self(found));
        }
        let start = memory.data_ptr(&*cx);
        let region = made.iter().find(|region| region.start().as_ptr() == start);
        let region = region.ok_or_else(|| wasmtime::Error::msg("a memory without a region"))?;
        let made = Self::make(group.space(), memory.ty(&*cx), Bytes::Own(region.clone()));
        made.remember(group, memory);
        Ok(made)
    }

    /// The memory as one of the group's store.
    pub(crate) fn in_group(
        &self,
        group: &Group,
        cx: &mut StoreContextMut<'_, GroupData>,
    ) -> wasmtime::Result<wasmtime::Extern> {
        let region = match &self.0.bytes {
            Bytes::Own(region) => region,
            Bytes::Shared(shared, _) => return Ok(shared.clone().into()),
        };
        if let Some(known) = self.known_in(group) {
            return Ok(known.into());
        }
        if is_lent(region) {
            return Err(wasmtime::Error::msg("the memory's bytes are lent"));
        }
        // The adopter is of a type that differs in the minimum only: what counts when a memory
        // is imported is how long it is now.
        let ty = empty_type(&self.0.ty)?;
        let adopter = group.space().engine().adopter(&ty)?;
        let instance = region::adopt(region, || wasmtime::Instance::new(&mut *cx, &adopter, &[]))?;
        let memory = instance.get_memory(&mut *cx, "");
        let memory = memory.ok_or_else(|| wasmtime::Error::msg("the adopter has no memory"))?;
        self.remember(group, memory);
        // From now on growth in one group has to reach the others, whoever drops the handle.
        group.interned().adopted.borrow_mut().push(self.clone());
        Ok(memory.into())
    }

    fn known_in(&self, group: &Group) -> Option<wasmtime::Memory> {
        self.0.groups.borrow().get(&group.address()).map(|(_, memory)| *memory)
    }

    fn remember(&self, group: &Group, memory: wasmtime::Memory) {
        let mut groups = self.0.groups.borrow_mut();
        if groups.len() == groups.capacity() {
            groups.retain(|_, (group, _)| group.strong_count() > 0);
        }
        groups.insert(group.address(), (group.downgrade(), memory));
        let key = memory.debug_index_in_store();
        group.interned().memories.borrow_mut().insert(key, Rc::downgrade(&self.0));
    }

    /// The groups that have it.
    pub(crate) fn groups(&self) -> Vec<Group> {
        let groups = self.0.groups.borrow();
        groups.values().filter_map(|(group, _)| group.upgrade()).map(Group::from_inner).collect()
    }

    /// Where its bytes are, if it is not shared.
    pub(crate) fn region(&self) -> Option<&Region> {
        match &self.0.bytes {
            Bytes::Own(region) => Some(region),
            Bytes::Shared(..) => None,
        }
    }

    /// The isolate's share that it is part of.
    pub fn space(&self) -> &Space {
        &self.0.space
    }

    /// Its type.
    pub fn ty(&self) -> &MemoryType {
        &self.0.ty
    }

    /// Its length in pages.
    pub fn pages(&self) -> u64 {
        match &self.0.bytes {
            Bytes::Own(region) => region.len() as u64 / self.0.ty.page_size(),
            Bytes::Shared(shared, _) => shared.size(),
        }
    }

    /// Its bytes.
    pub fn bytes(&self) -> RegionBytes {
        match &self.0.bytes {
            Bytes::Own(region) => RegionBytes {
                start: region.start(),
                len: region.len(),
                _keeper: Keeper::Region { _region: region.clone() },
            },
            Bytes::Shared(shared, _) => {
                let data = shared.data();
                let start = NonNull::new(data.as_ptr().cast_mut().cast::<u8>());
                RegionBytes {
                    start: start.unwrap_or(NonNull::dangling()),
                    len: data.len(),
                    _keeper: Keeper::Shared { _memory: shared.clone() },
                }
            }
        }
    }

    /// What threads share of it, if it is shared.
    pub fn shared(&self) -> Option<&SharedMemory> {
        match &self.0.bytes {
            Bytes::Own(_) => None,
            Bytes::Shared(shared, _) => Some(shared),
        }
    }

    /// A group that has it, if there is one.
    pub fn group(&self) -> Option<Group> {
        let groups = self.0.groups.borrow();
        groups.values().find_map(|(group, _)| group.upgrade()).map(Group::from_inner)
    }

    /// What the embedder hung onto it.
    pub fn attachment(&self) -> &Attachment {
        &self.0.attachment
    }

    /// Whether both are the same memory.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Makes it `delta` pages longer. Returns how many it had.
    pub fn grow(&self, delta: u64) -> Result<u64, GrowError> {
        let before = match &self.0.bytes {
            Bytes::Shared(shared, charge) => self.grow_shared(shared, charge, delta)?,
            Bytes::Own(region) => {
                let before = self.pages();
                self.grow_own(region, before, delta)?;
                before
            }
        };
        self.0.space.settle();
        Ok(before)
    }

    fn grow_shared(
        &self,
        shared: &SharedMemory,
        charge: &Charge,
        delta: u64,
    ) -> Result<u64, GrowError> {
        let bytes = delta.saturating_mul(self.0.ty.page_size());
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        charge.grow(bytes).map_err(|_| GrowError)?;
        let grown = shared.grow(delta);
        if grown.is_err() {
            charge.shrink(bytes);
        }
        grown.map_err(|_| GrowError)
    }

    fn grow_own(&self, region: &Region, before: u64, delta: u64) -> Result<(), GrowError> {
        if is_lent(region) {
            return Err(GrowError);
        }
        let groups = self.0.groups.borrow();
        let group = groups.values().find_map(|(group, memory)| Some((group.upgrade()?, *memory)));
        drop(groups);
        match group {
            // By zero it grows too: the specification wants the old buffer gone.
            _ if delta == 0 => region.grow_to(region.len()).map_err(|_| GrowError),
            Some((group, memory)) => Group::from_inner(group)
                .enter(|cx| memory.grow(&mut *cx, delta).map(drop).map_err(|_| GrowError)),
            None => {
                let pages = before.checked_add(delta).ok_or(GrowError)?;
                let len = pages.checked_mul(self.0.ty.page_size()).ok_or(GrowError)?;
                let len = usize::try_from(len).map_err(|_| GrowError)?;
                region.grow_to(len).map_err(|_| GrowError)
            }
        }
    }

    pub(crate) fn is_one_of(&self, regions: &[*const Region]) -> bool {
        match &self.0.bytes {
            Bytes::Own(region) => regions.contains(&Arc::as_ptr(region)),
            Bytes::Shared(..) => false,
        }
    }

    /// Makes every group see how long the memory is now, and where.
    pub(crate) fn sync_groups(&self) {
        let Bytes::Own(region) = &self.0.bytes else { return };
        let groups = self.0.groups.borrow().clone();
        for (group, memory) in groups.into_values() {
            let Some(group) = group.upgrade().map(Group::from_inner) else { continue };
            group.enter(|cx| {
                let known = memory.data_size(&*cx);
                let missing = region.len().saturating_sub(known) as u64 / self.0.ty.page_size();
                if missing > 0 {
                    // It only takes note of what is there already: that cannot fail.
                    let done = memory.grow(&mut *cx, missing);
                    debug_assert!(done.is_ok(), "keeping a group in step");
                }
            });
        }
    }
}

impl Space {
    fn find_memory(&self, matches: impl Fn(&MemoryInner) -> bool) -> Option<Memory> {
        self.memories().into_iter().find(|memory| matches(&memory.0))
    }
}

/// Charges a space for a shared memory that it makes.
fn charge_shared(space: &Space, ty: &MemoryType) -> Result<Charge, String> {
    let bytes = ty.minimum().saturating_mul(ty.page_size());
    let charged = usize::try_from(bytes).unwrap_or(usize::MAX);
    let charge = Charge::new(space.books().account.as_ref(), charged);
    charge.map_err(|refused: NoMemory| format!("{bytes} bytes are {refused}"))
}

/// How a memory of this type is mapped, so that code compiled by this engine may use it.
fn layout(engine: &Engine, ty: &MemoryType) -> Result<Layout, MemoryError> {
    let too_large = || MemoryError(format!("{} pages are too many", ty.minimum()));
    let bytes = |pages: u64| {
        let bytes = pages.checked_mul(ty.page_size())?;
        usize::try_from(bytes).ok().filter(|bytes| isize::try_from(*bytes).is_ok())
    };
    let absolute = if ty.is_64() { MAX_MEMORY_BYTES } else { 1 << 32 };
    let max_bytes = ty.maximum().and_then(bytes).unwrap_or(usize::MAX).min(absolute);
    let reservation = engine.reservation();
    Ok(Layout {
        len: bytes(ty.minimum()).ok_or_else(too_large)?,
        max_bytes,
        reserve_bytes: reservation.reserve_bytes,
        guard_bytes: reservation.guard_bytes,
        headroom_bytes: reservation.headroom_bytes,
    })
}

/// The same type with a minimum of zero.
fn empty_type(ty: &MemoryType) -> wasmtime::Result<MemoryType> {
    let mut builder = wasmtime::MemoryTypeBuilder::default();
    builder.memory64(ty.is_64()).min(0).max(ty.maximum());
    builder.build()
}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MemoryError {}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("pages", &self.pages()).finish_non_exhaustive()
    }
}
