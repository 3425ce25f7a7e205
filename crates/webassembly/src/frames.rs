//! Modules in `error.stack`.

use std::rc::Rc;

use holm_js::{ForeignCall, ForeignCalls};
use holm_wasm::{Frame, Func, Group};

use crate::state::Loan;

/// The calls of Exported Functions that are running.
pub(crate) struct Calls(Rc<Loan>);

impl Calls {
    pub(crate) fn new(loan: Rc<Loan>) -> Self {
        Self(loan)
    }
}

/// A call that ended with these frames: of `func`, or of a start function.
pub(crate) fn ended(func: Option<&Func>, frames: &[Frame]) -> ForeignCall {
    call(func, frames.iter())
}

fn call<'a>(func: Option<&Func>, frames: impl Iterator<Item = &'a Frame>) -> ForeignCall {
    ForeignCall {
        name: func.map(|func| func.index().to_string()).unwrap_or_default(),
        frames: frames.map(Frame::to_string).collect(),
    }
}

/// What is running in a group, less what was shown.
struct Rest {
    group: Group,
    frames: std::vec::IntoIter<Frame>,
    /// Calls that are not shown yet.
    calls: usize,
}

impl ForeignCalls for Calls {
    fn is_any(&self) -> bool {
        self.0.is_lent()
    }

    fn list(&self) -> Vec<ForeignCall> {
        let mut running: Vec<Func> = Vec::new();
        self.0.each_note(|func| running.push(func.clone()));
        let mut groups: Vec<Rest> = Vec::new();
        for func in &running {
            match groups.iter_mut().find(|rest| rest.group.same(func.group())) {
                Some(rest) => rest.calls += 1,
                None => {
                    let group = func.group().clone();
                    let frames = group.frames().into_iter();
                    groups.push(Rest { group, frames, calls: 1 });
                }
            }
        }
        let calls = running.iter().map(|func| {
            let rest = groups.iter_mut().find(|rest| rest.group.same(func.group()));
            let frames = rest.map(|rest| rest.next(func)).unwrap_or_default();
            call(Some(func), frames.iter())
        });
        calls.collect()
    }
}

impl Rest {
    /// The frames of the next call. The engine does not say where one call's end: at the
    /// function that was called, and if that called itself, at the innermost.
    fn next(&mut self, func: &Func) -> Vec<Frame> {
        self.calls -= 1;
        if self.calls == 0 {
            return self.frames.by_ref().collect();
        }
        let last = self.frames.as_slice().iter().position(|frame| frame.index == func.index());
        last.map_or_else(Vec::new, |last| self.frames.by_ref().take(last + 1).collect())
    }
}
