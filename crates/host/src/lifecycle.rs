//! How an isolate ends: by `process.exit`, or by an error nobody caught.

use std::cell::{Cell, RefCell};

use holm_js::Thrown;

use crate::Denied;

/// A hint names no more than these.
const MAX_REFUSALS: usize = 8;

/// An error that ended the isolate.
#[derive(Clone, Debug)]
pub struct UncaughtError {
    /// What was thrown.
    pub thrown: Thrown,
    /// The whole value as `console.error` would show it.
    pub inspected: String,
    /// Whether it was a promise's rejection.
    pub from_promise: bool,
    /// The code a program ends with because of it.
    pub exit_code: i32,
}

/// The end of an isolate, from the first reason on.
#[derive(Debug, Default)]
pub struct Lifecycle {
    exit: Cell<Option<i32>>,
    uncaught: RefCell<Option<UncaughtError>>,
    refusals: RefCell<Vec<Denied>>,
}

impl Lifecycle {
    /// Asks for the end. Script goes on only to the next safe point.
    pub fn exit(&self, code: i32) {
        self.exit.set(Some(code));
    }

    /// Ends the isolate because of an error; the first one counts.
    pub fn fail(&self, error: UncaughtError) {
        self.uncaught.borrow_mut().get_or_insert(error);
    }

    /// Whether the end was asked for.
    pub fn is_ending(&self) -> bool {
        self.exit.get().is_some() || self.uncaught.borrow().is_some()
    }

    /// The code `process.exit` was called with.
    pub fn exit_code(&self) -> Option<i32> {
        self.exit.get()
    }

    /// Remembers a refusal that the script was not told of.
    pub fn note_refusal(&self, denied: Denied) {
        let mut refusals = self.refusals.borrow_mut();
        if refusals.len() < MAX_REFUSALS && !refusals.contains(&denied) {
            refusals.push(denied);
        }
    }

    /// What was refused without an error, for a hint when the script fails.
    pub fn refusals(&self) -> Vec<Denied> {
        self.refusals.borrow().clone()
    }

    /// Takes the error that ended the isolate.
    pub fn take_uncaught(&self) -> Option<UncaughtError> {
        self.uncaught.borrow_mut().take()
    }
}
