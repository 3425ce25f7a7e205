//! Errors that no caller is told of: what a listener of an event threw.

use std::cell::RefCell;
use std::collections::VecDeque;

use holm_js::{Ctx, Root, Value};

/// <https://html.spec.whatwg.org/#report-the-exception>: the event loop does that, at the next
/// checkpoint.
#[derive(Debug, Default)]
pub struct Reported(RefCell<VecDeque<Root<Value<'static>>>>);

impl Reported {
    /// Has an error reported.
    pub fn add<'js>(&self, ctx: &Ctx<'js>, error: Value<'js>) {
        if let Ok(error) = Root::new(ctx, error) {
            self.0.borrow_mut().push_back(error);
        }
    }

    /// The oldest one.
    pub fn take<'js>(&self, ctx: &Ctx<'js>) -> Option<Value<'js>> {
        let error = self.0.borrow_mut().pop_front()?;
        error.get(ctx).ok()
    }
}
