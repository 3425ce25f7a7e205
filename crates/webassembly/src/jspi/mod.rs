//! JavaScript Promise Integration:
//! <https://webassembly.github.io/js-promise-integration/js-api/#jspi>
//!
//! A call of a promising function runs on a stack of its own. A suspending import leaves that
//! stack until a promise is settled; nothing of script is on it then. The call is a host object
//! meanwhile, which the promise's reaction holds: a call whose promise never settles goes with it.

mod promising;
mod suspending;

pub(crate) use promising::{Waiting, promising};
pub(crate) use suspending::{SuspendingImport, SuspendingObject};
