//! A host without values, which watches nothing: for modules of numbers, and for tests.

use std::any::Any;
use std::rc::Rc;

use crate::{HostRef, HostValues, Memory, Observer};

/// What a group needs whose modules never see a value of the host's.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl HostValues for NoHost {
    fn duplicate(&self, _from: &HostRef) -> u32 {
        0
    }

    fn keep_group(&self, _other: &Rc<dyn HostValues>) {}

    fn release(&self, _ticket: u32) {}

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn into_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }
}

impl Observer for NoHost {
    fn memory_grown(&self, _memory: &Memory) {}
}
