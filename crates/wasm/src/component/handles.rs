//! Resources on their way into a component or out of it.

use wasmtime::StoreContextMut;
use wasmtime::component::{ResourceAny, ResourceDynamic};

use super::instance::StoreData;

/// The handles of one store, while it is not running, or has called the host.
pub struct Handles<'a>(pub(super) StoreContextMut<'a, StoreData>);

/// Whether whoever gets a handle is to drop the resource, or is only lent it for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It is given away.
    Owned,
    /// It is lent.
    Borrowed,
}

/// A handle that came out of a component.
#[derive(Clone, Copy, Debug)]
pub enum Opened {
    /// Of a resource of the host: what it was made of.
    Host {
        /// Which of [`super::Imports::resource`].
        ty: u32,
        /// Which one.
        rep: u32,
        /// Whether it is the host's again.
        ownership: Ownership,
    },
    /// Of a resource of the component, or of WASI. To be dropped by
    /// [`Instance::drop_resource`](super::Instance::drop_resource).
    Other(ResourceAny),
}

impl Handles<'_> {
    /// A handle for the component of a resource of the host.
    pub fn make(&mut self, ty: u32, rep: u32, ownership: Ownership) -> Result<ResourceAny, String> {
        let made = match ownership {
            Ownership::Owned => ResourceDynamic::new_own(rep, ty),
            Ownership::Borrowed => ResourceDynamic::new_borrow(rep, ty),
        };
        made.try_into_resource_any(&mut self.0).map_err(|error| format!("{error:#}"))
    }

    /// What is behind a handle that came from the component.
    pub fn open(&mut self, handle: ResourceAny) -> Result<Opened, String> {
        if !self.0.data().host_resources.contains(&handle.ty()) {
            return Ok(Opened::Other(handle));
        }
        let inside = ResourceDynamic::try_from_resource_any(handle, &mut self.0)
            .map_err(|error| format!("{error:#}"))?;
        let ownership = if inside.owned() { Ownership::Owned } else { Ownership::Borrowed };
        Ok(Opened::Host { ty: inside.ty(), rep: inside.rep(), ownership })
    }

    /// Ends a loan: of a handle that was lent to a function of the host.
    pub fn give_back(&mut self, handle: ResourceAny) -> Result<(), String> {
        handle.resource_drop(&mut self.0).map_err(|error| format!("{error:#}"))
    }
}

impl std::fmt::Debug for Handles<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handles").finish_non_exhaustive()
    }
}
