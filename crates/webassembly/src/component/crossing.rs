//! One call between script and a component, in either direction.

use std::fmt;
use std::rc::Rc;

use holm_js::{Budget, Ctx, Error, ErrorKind, Result, Value, budget, host_ref, throw};
use holm_wasm::BEYOND_MEMORY_LIMIT;
use holm_wasm::component::{Handles, Opened, Ownership, ResourceAny, Val};

use super::errors::throw_component;
use super::instance::Running;
use super::resources::ResourceObject;

/// As many bytes the values of one call may take on their way into a component. Each byte of a
/// list is a value of its own there.
const MAX_LOWERED_BYTES: usize = 1 << 30;

/// One call: what its values need on their way, and what is lent for as long as it lasts.
pub(super) struct Crossing<'a, 'js, 'h> {
    pub(super) ctx: &'a Ctx<'js>,
    pub(super) running: &'a Rc<Running>,
    access: Access<'a, 'h>,
    /// Objects of script that the component has until the call ends.
    lent: Vec<u32>,
    /// Handles that objects gave away.
    taken: Vec<(ResourceAny, Value<'js>)>,
    /// Handles of the component's that script has until the call ends, in these objects.
    borrowed: Vec<(ResourceAny, Value<'js>)>,
    /// Charged for values.
    bytes: usize,
    budget: Budget,
}

/// The way to the handles of the component.
enum Access<'a, 'h> {
    /// It is not running.
    Resting,
    /// It has called script.
    Calling(&'a mut Handles<'h>),
}

impl<'a, 'js, 'h> Crossing<'a, 'js, 'h> {
    /// A call of the component.
    pub(super) fn inward(ctx: &'a Ctx<'js>, running: &'a Rc<Running>) -> Self {
        Self::new(ctx, running, Access::Resting)
    }

    /// A call by the component.
    pub(super) fn outward(
        ctx: &'a Ctx<'js>,
        running: &'a Rc<Running>,
        handles: &'a mut Handles<'h>,
    ) -> Self {
        Self::new(ctx, running, Access::Calling(handles))
    }

    fn new(ctx: &'a Ctx<'js>, running: &'a Rc<Running>, access: Access<'a, 'h>) -> Self {
        let (lent, taken, borrowed, bytes) = Default::default();
        Self { ctx, running, access, lent, taken, borrowed, bytes, budget: budget(ctx) }
    }

    /// Takes room for so many values that are about to be made.
    pub(super) fn charge_values(&mut self, count: usize) -> Result<()> {
        let bytes = count.saturating_mul(size_of::<Val>());
        let total = self.bytes.saturating_add(bytes);
        if total > MAX_LOWERED_BYTES || !self.budget.charge(bytes) {
            let text =
                format!("a list of {count} elements is {BEYOND_MEMORY_LIMIT}: pass it in parts");
            return Err(throw(self.ctx, ErrorKind::Range, &text));
        }
        self.bytes = total;
        Ok(())
    }

    /// A handle of an object of script.
    pub(super) fn make(
        &mut self,
        ty: u32,
        object: &Value<'js>,
        ownership: Ownership,
    ) -> Result<ResourceAny> {
        let rep = self.running.give(object);
        if ownership == Ownership::Borrowed {
            self.lent.push(rep);
        }
        let made = match &mut self.access {
            Access::Calling(handles) => handles.make(ty, rep, ownership),
            Access::Resting => {
                let instance = self.running.instance();
                let made = instance
                    .and_then(|it| it.with_handles(|handles| handles.make(ty, rep, ownership)));
                made.map_err(|failure| throw_component(self.ctx, failure))?
            }
        };
        made.map_err(|reason| self.refused(&reason))
    }

    /// What is behind a handle.
    pub(super) fn open(&mut self, handle: ResourceAny) -> Result<Opened> {
        let opened = match &mut self.access {
            Access::Calling(handles) => handles.open(handle),
            Access::Resting => {
                let instance = self.running.instance();
                let opened =
                    instance.and_then(|it| it.with_handles(|handles| handles.open(handle)));
                opened.map_err(|failure| throw_component(self.ctx, failure))?
            }
        };
        opened.map_err(|reason| self.refused(&reason))
    }

    /// Takes the handle of an object, to be given away.
    pub(super) fn take(
        &mut self,
        object: &ResourceObject,
        value: &Value<'js>,
    ) -> Option<ResourceAny> {
        let handle = object.take()?;
        self.taken.push((handle, value.clone()));
        Some(handle)
    }

    /// Nothing was given away: another value could not be.
    pub(super) fn put_back(&mut self) {
        for (handle, object) in std::mem::take(&mut self.taken) {
            if let Some(object) = host_ref::<ResourceObject>(&object) {
                object.put_back(handle);
            }
        }
    }

    /// Notes that script has a handle in this object only until the call ends.
    pub(super) fn borrow(&mut self, handle: ResourceAny, object: &Value<'js>) {
        self.borrowed.push((handle, object.clone()));
    }

    /// Ends what was lent to script.
    pub(super) fn end_loans(&mut self) -> Result<()> {
        for (handle, object) in std::mem::take(&mut self.borrowed) {
            if let Some(object) = host_ref::<ResourceObject>(&object) {
                object.end();
            }
            if let Access::Calling(handles) = &mut self.access {
                handles.give_back(handle).map_err(|reason| self.refused(&reason))?;
            }
        }
        Ok(())
    }

    fn refused(&self, reason: &str) -> Error {
        throw(self.ctx, ErrorKind::Type, &format!("a handle of a resource: {reason}"))
    }
}

impl Drop for Crossing<'_, '_, '_> {
    fn drop(&mut self) {
        self.budget.release(self.bytes);
        for rep in &self.lent {
            self.running.take_back(*rep);
        }
    }
}

/// Where a value stands, for messages: `add(): argument 1.points[3]`.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    outer: Option<&'a Place<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Argument(&'a str, usize),
    Returned(&'a str),
    Thrown(&'a str),
    Key(&'a str),
    Index(usize),
}

impl<'a> Place<'a> {
    /// An argument of a function of the component.
    pub(super) fn argument(function: &'a str, index: usize) -> Self {
        Self { outer: None, step: Step::Argument(function, index) }
    }

    /// What a function of script returned.
    pub(super) fn returned(function: &'a str) -> Self {
        Self { outer: None, step: Step::Returned(function) }
    }

    /// What it threw.
    pub(super) fn thrown(function: &'a str) -> Self {
        Self { outer: None, step: Step::Thrown(function) }
    }

    /// A property of what stands here.
    pub(super) fn key(&'a self, key: &'a str) -> Self {
        Self { outer: Some(self), step: Step::Key(key) }
    }

    /// An element of what stands here.
    pub(super) fn index(&'a self, index: usize) -> Self {
        Self { outer: Some(self), step: Step::Index(index) }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(outer) = self.outer {
            outer.fmt(f)?;
        }
        match self.step {
            Step::Argument(function, index) => write!(f, "{function}(): argument {index}"),
            Step::Returned(function) => write!(f, "what {function}() returned"),
            Step::Thrown(function) => write!(f, "what {function}() threw"),
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}
