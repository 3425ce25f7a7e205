//! Scopes of rooted references that are left in another order than they were entered.
//!
//! Wasmtime counts roots up and down with the stack. A call that waits leaves its scopes open
//! while those around it end. Nothing goes wrong: whoever comes back needs none of the roots of
//! before. But Wasmtime's debug assertions want the count to be no lower than it was, so in
//! builds that have them it is brought up again.

use wasmtime::{AnyRef, AsContextMut, I31, RootScope, Rooted, StoreContextMut};

use crate::group::GroupData;

/// How many roots there are.
#[derive(Clone, Copy)]
pub(crate) struct RootDepth(u32);

/// Wasmtime's `Rooted`.
#[repr(C)]
struct RawRooted {
    store: u64,
    generation: u32,
    index: u32,
}

impl RootDepth {
    pub(crate) fn of(cx: &mut StoreContextMut<'_, GroupData>) -> Self {
        if !cfg!(debug_assertions) {
            return Self(0);
        }
        let mut scope = RootScope::new(&mut *cx);
        Self(add_root(&mut scope.as_context_mut()))
    }

    pub(crate) fn restore(self, cx: &mut StoreContextMut<'_, GroupData>) {
        while Self::of(cx).0 < self.0 {
            add_root(cx);
        }
    }
}

/// Adds one that leads nowhere, and says which it is.
fn add_root(cx: &mut StoreContextMut<'_, GroupData>) -> u32 {
    const { assert!(size_of::<Rooted<AnyRef>>() == size_of::<RawRooted>()) };
    let root = AnyRef::from_i31(&mut *cx, I31::wrapping_u32(0));
    // SAFETY: of this size and shape: numbers, of which any bits are valid.
    unsafe { std::mem::transmute::<Rooted<AnyRef>, RawRooted>(root) }.index
}
