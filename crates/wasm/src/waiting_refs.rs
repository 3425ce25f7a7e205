//! References on stacks that were left for another one.
//!
//! Wasmtime's collector looks for references on the stack that is running, and it moves
//! objects. So before a stack is left for a while, all references in its frames are rooted, and
//! before code goes on there they are written where they were: to where the objects are by then.
//! Which words of a frame are references say the compiler's stack maps, as they do for the
//! collector.

use std::ptr::NonNull;

use wasmtime::{AnyRef, AsContextMut, ExnRef, ExternRef, OwnedRooted, RootScope, StoreContextMut};
use wasmtime_environ::VMGcKind;

use crate::group::{GroupData, GroupInner};
use crate::raw_store::{Activation, RawStore};

/// The references in the frames of one activation, rooted.
pub(crate) struct WaitingRefs(Vec<(NonNull<u32>, Root)>);

/// Wasmtime's roots know what they are of.
enum Root {
    Any(OwnedRooted<AnyRef>),
    Extern(OwnedRooted<ExternRef>),
    Exception(OwnedRooted<ExnRef>),
}

impl WaitingRefs {
    /// Roots the references in the frames of these activations.
    ///
    /// # Safety
    /// The activations are of the group's store, that of `cx`, and all their frames are there.
    pub(crate) unsafe fn root(
        cx: &mut StoreContextMut<'_, GroupData>,
        store: &RawStore,
        group: &GroupInner,
        activations: &[Activation],
    ) -> wasmtime::Result<Self> {
        // While there is no heap, references are null or numbers.
        if store.heap_start.get().is_null() || store.heap_len.get() == 0 {
            return Ok(Self(Vec::new()));
        }
        let mut places = Vec::new();
        for activation in activations.iter().filter(|activation| activation.is_some()) {
            // SAFETY: by the caller.
            unsafe { add_places(*activation, group, &mut places) }?;
        }
        let mut scope = RootScope::new(&mut *cx);
        let mut roots = Vec::with_capacity(places.len());
        for place in places {
            // SAFETY: a word of a frame that waits for us to return.
            let reference = unsafe { place.read() };
            if let Some(root) = Root::new(&mut scope.as_context_mut(), store, reference)? {
                roots.push((place, root));
            }
        }
        Ok(Self(roots))
    }

    /// Writes them back.
    ///
    /// # Safety
    /// The frames are still there, `cx` is of their store, and nothing collects garbage before
    /// the store's activation is the one that they are of.
    pub(crate) unsafe fn write_back(
        self,
        cx: &mut StoreContextMut<'_, GroupData>,
    ) -> wasmtime::Result<()> {
        let mut scope = RootScope::new(&mut *cx);
        for (place, root) in self.0 {
            let reference = root.to_raw(&mut scope.as_context_mut())?;
            // SAFETY: by the caller.
            unsafe { place.write(reference) };
        }
        Ok(())
    }
}

impl Root {
    fn new(
        cx: &mut StoreContextMut<'_, GroupData>,
        store: &RawStore,
        reference: u32,
    ) -> wasmtime::Result<Option<Self>> {
        const NUMBER_BIT: u32 = 1;
        if reference == 0 || reference & NUMBER_BIT != 0 {
            return Ok(None);
        }
        let lost = || wasmtime::Error::msg("a reference on the stack leads nowhere");
        let offset = reference as usize;
        if offset + size_of::<u32>() > store.heap_len.get() {
            return Err(lost());
        }
        // SAFETY: inside of the store's heap. Objects begin with their kind.
        let header = unsafe { store.heap_start.get().add(offset).cast::<u32>().read() };
        let is = |kind: VMGcKind| header & VMGcKind::MASK == kind as u32 & VMGcKind::MASK;
        let root = if is(VMGcKind::ExternRef) {
            let found = ExternRef::from_raw(&mut *cx, reference).ok_or_else(lost)?;
            Self::Extern(found.to_owned_rooted(&mut *cx)?)
        } else if is(VMGcKind::ExnRef) {
            let found = ExnRef::from_raw(&mut *cx, reference).ok_or_else(lost)?;
            Self::Exception(found.to_owned_rooted(&mut *cx)?)
        } else {
            let found = AnyRef::from_raw(&mut *cx, reference).ok_or_else(lost)?;
            Self::Any(found.to_owned_rooted(&mut *cx)?)
        };
        Ok(Some(root))
    }

    fn to_raw(&self, cx: &mut StoreContextMut<'_, GroupData>) -> wasmtime::Result<u32> {
        match self {
            Self::Any(root) => root.to_rooted(&mut *cx).to_raw(&mut *cx),
            Self::Extern(root) => root.to_rooted(&mut *cx).to_raw(&mut *cx),
            Self::Exception(root) => root.to_rooted(&mut *cx).to_raw(&mut *cx),
        }
    }
}

/// Adds the words of an activation's frames that are references.
///
/// # Safety
/// It is an activation of the group's store, of which all frames are there.
unsafe fn add_places(
    activation: Activation,
    group: &GroupInner,
    places: &mut Vec<NonNull<u32>>,
) -> wasmtime::Result<()> {
    let modules = group.modules.borrow();
    let mut return_address = activation.exit_address;
    // SAFETY: code of modules keeps frame pointers: at each is that of the caller, and behind it
    // the address to which the function returns. The last is that of the trampoline by which the
    // host called.
    unsafe {
        let mut frame = read_word(activation.exit_trampoline_frame);
        while frame != activation.entry_frame {
            let map = modules.iter().find_map(|module| module.stack_map(return_address));
            let unknown = || wasmtime::Error::msg("there is a frame of no known module");
            if let Some(map) = map.ok_or_else(unknown)? {
                let stack = map.sp(std::ptr::with_exposed_provenance_mut(frame));
                places.extend(map.live_gc_refs(stack).filter_map(NonNull::new));
            }
            return_address = read_word(frame + size_of::<usize>());
            frame = read_word(frame);
        }
    }
    Ok(())
}

/// # Safety
/// There is a word at this address.
unsafe fn read_word(address: usize) -> usize {
    // SAFETY: by the caller.
    unsafe { std::ptr::with_exposed_provenance::<usize>(address).read() }
}
