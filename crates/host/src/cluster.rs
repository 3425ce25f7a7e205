//! What an isolate and its workers share.
//!
//! The only state that several isolates have in common, and only because one of them made the
//! others. Rooms above keep their part of it here: channels by name, URLs of blobs.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The parts that isolates of one family share, each made when it is first asked for. Clones
/// are the same cluster.
#[derive(Clone, Default)]
pub struct Cluster(Arc<Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>);

impl Cluster {
    /// The cluster's only `T`.
    pub fn part<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let part = parts.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(T::default())).clone();
        part.downcast().expect("kept under its type")
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").finish_non_exhaustive()
    }
}
