//! Frames of calls that the engine does not see, in `error.stack`.
//!
//! A native function that runs code of another kind (a module's) stands in a stack as one
//! frame, `at 3 (native)`. The embedder knows what went on inside of it, but only while it
//! goes on: so this file puts those frames in its place when the stack is read meanwhile, and
//! when an error leaves script for such code ([`keep_frames`]), since after that it is too late.
//!
//! Which frame of a stack belongs to which call is told by what is below it. An error that was
//! made inside of a call has under that call's frame what the running stack has under it: the
//! same functions, stopped at the same places.

use std::cell::RefCell;
use std::rc::Rc;

use rquickjs::{Ctx, Object, Result, Value};

use crate::errors::{self, ErrorKind};
use crate::pristine;
use crate::realm::slot;
use crate::reflect::{attempt, class};
use crate::root::Root;
use crate::stack_trace::{has_own_format, raw_stack};
use crate::text::to_text;

/// A call of a native function, and what went on inside of it.
#[derive(Clone, Debug)]
pub struct ForeignCall {
    /// The function's name.
    pub name: String,
    /// What to show in its place, innermost first: each as it stands after `at`. None if that
    /// is not known.
    pub frames: Vec<String>,
}

/// Knows the calls that are running.
pub trait ForeignCalls {
    /// Whether there is any.
    fn is_any(&self) -> bool;
    /// All of them, innermost first.
    fn list(&self) -> Vec<ForeignCall>;
}

#[derive(Default)]
struct Known {
    calls: RefCell<Option<Rc<dyn ForeignCalls>>>,
    /// A `WeakMap` from errors to their stacks with such frames.
    stacks: RefCell<Option<Root<Object<'static>>>>,
}

/// Stacks are cut at this many frames when others were put between them, unless they were
/// longer already: the engine's own limit, which a script may raise.
const MOST_FRAMES: usize = 10;

/// Says whom to ask about the calls of a realm.
pub fn set_foreign_calls(ctx: &Ctx<'_>, calls: Rc<dyn ForeignCalls>) {
    slot::<Known>(ctx).calls.replace(Some(calls));
}

/// Fills in, for good, the frames of the calls that are running, if what was thrown is an error.
/// `ended` is a call that has just ended: the innermost, from which the error comes.
pub fn keep_frames<'js>(ctx: &Ctx<'js>, thrown: &Value<'js>, ended: Option<&ForeignCall>) {
    let Some(error) = thrown.as_object().filter(|object| class::of(object) == class::ERROR) else {
        return;
    };
    // Where that fails, there is no memory left: then the error has the stack it has.
    drop(attempt(ctx, try_keep_frames(ctx, error, ended)));
}

fn try_keep_frames<'js>(
    ctx: &Ctx<'js>,
    error: &Object<'js>,
    ended: Option<&ForeignCall>,
) -> Result<()> {
    if has_own_format(ctx)? {
        return Ok(());
    }
    let before = stack_with_frames(ctx, error.as_value(), raw_stack(ctx, error.as_value())?)?;
    if !before.is_string() {
        return Ok(());
    }
    let before = to_text(ctx, &before)?;
    let with_ended = ended.map(|ended| in_place_of_first(&before, ended));
    let text = with_ended.as_deref().unwrap_or(&before);
    let filled = with_running_calls(ctx, text)?.or(with_ended);
    match filled {
        Some(filled) => keep(ctx, error, &filled),
        None => Ok(()),
    }
}

/// The stack of an error with what was filled in for good; `stack` is what the engine has.
pub(crate) fn stack_with_frames<'js>(
    ctx: &Ctx<'js>,
    error: &Value<'js>,
    stack: Value<'js>,
) -> Result<Value<'js>> {
    let known = slot::<Known>(ctx);
    let stacks: Object<'js> = match &*known.stacks.borrow() {
        Some(stacks) if stack.is_string() => stacks.get(ctx)?,
        _ => return Ok(stack),
    };
    let mut arguments = [error.as_raw()];
    let found = pristine::call_with(stacks.as_value(), class::WEAK_MAP, c"get", &mut arguments)?;
    Ok(if found.is_string() { found } else { stack })
}

fn keep<'js>(ctx: &Ctx<'js>, error: &Object<'js>, stack: &str) -> Result<()> {
    let known = slot::<Known>(ctx);
    if known.stacks.borrow().is_none() {
        let made = pristine::new_instance(ctx, class::WEAK_MAP, &mut [])?;
        known.stacks.replace(Some(Root::new(ctx, made)?));
    }
    let stacks: Object<'js> = match &*known.stacks.borrow() {
        Some(stacks) => stacks.get(ctx)?,
        None => return Ok(()),
    };
    let stack = rquickjs::String::from_str(ctx.clone(), stack)?.into_value();
    let mut arguments = [error.as_raw(), stack.as_raw()];
    pristine::call_with(stacks.as_value(), class::WEAK_MAP, c"set", &mut arguments)?;
    Ok(())
}

/// The stack with the frames of the calls that are running. `None` if none of them is in it.
pub(crate) fn with_running_calls(ctx: &Ctx<'_>, stack: &str) -> Result<Option<String>> {
    let calls = slot::<Known>(ctx).calls.borrow().clone();
    let Some(calls) = calls.filter(|calls| calls.is_any()) else { return Ok(None) };
    // Before anything is asked that takes long.
    if !stack.lines().any(is_foreign) {
        return Ok(None);
    }
    let probe = errors::error(ctx, ErrorKind::Plain, "")?;
    let running = to_text(ctx, &raw_stack(ctx, probe.as_value())?)?;
    Ok(fill_in(stack, &running, &calls.list()))
}

/// Finds the frames of `calls` in `running`, the stack of now, and by what is under each of them
/// their places in `stack`.
fn fill_in(stack: &str, running: &str, calls: &[ForeignCall]) -> Option<String> {
    let running: Vec<&str> = running.lines().collect();
    let mut lines: Vec<String> = stack.lines().map(str::to_owned).collect();
    let most = lines.len().max(MOST_FRAMES);
    let (mut next, mut is_changed) = (0, false);
    for call in calls {
        let own_frame = call.frame();
        let found = running[next..].iter().position(|line| *line == own_frame);
        // Under another name, or beyond the end of what is shown.
        let Some(place) = found.map(|found| next + found) else { continue };
        next = place + 1;
        let below = &running[place..];
        let same = (0..lines.len()).find(|from| {
            let shown = &lines[*from..];
            shown[0] == own_frame && shown.iter().zip(below).all(|(one, other)| one == other)
        });
        if let Some(same) = same.filter(|_| !call.frames.is_empty()) {
            lines.splice(same..=same, call.lines());
            is_changed = true;
        }
    }
    lines.truncate(most);
    is_changed.then(|| joined(&lines))
}

/// A new stack, with the frames of the call from which it comes.
fn in_place_of_first(stack: &str, call: &ForeignCall) -> String {
    let mut lines: Vec<String> = stack.lines().map(str::to_owned).collect();
    let most = lines.len().max(MOST_FRAMES);
    let own = usize::from(lines.first().is_some_and(|first| *first == call.frame()));
    if !call.frames.is_empty() {
        lines.splice(..own, call.lines());
    }
    lines.truncate(most);
    joined(&lines)
}

fn joined(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

impl ForeignCall {
    /// How the engine shows it.
    fn frame(&self) -> String {
        format!("    at {} (native)", self.name)
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        self.frames.iter().map(|frame| format!("    at {frame}"))
    }
}

/// Whether this may be the frame of such a function: they are named after numbers.
fn is_foreign(line: &str) -> bool {
    line.strip_prefix("    at ")
        .and_then(|rest| rest.strip_suffix(" (native)"))
        .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, frames: &[&str]) -> ForeignCall {
        let frames = frames.iter().map(|frame| (*frame).to_owned()).collect();
        ForeignCall { name: name.to_owned(), frames }
    }

    const OUTER: &str = "    at 0 (native)\n    at outer (a.js:1:1)\n";

    #[test]
    fn frames_take_the_place_of_the_call_that_has_the_same_below() {
        let running =
            format!("    at read (a.js:9:1)\n    at 0 (native)\n    at f (a.js:5:1)\n{OUTER}");
        let calls = [call("0", &["inner"]), call("0", &["p", "q"])];
        // Made in the outer call, beside the inner one.
        let made = format!("    at made (a.js:7:1)\n{OUTER}");
        let filled = fill_in(&made, &running, &calls).expect("a frame");
        assert_eq!(filled, "    at made (a.js:7:1)\n    at p\n    at q\n    at outer (a.js:1:1)\n");
    }

    #[test]
    fn a_call_that_ended_is_left_alone() {
        let made = "    at made (a.js:7:1)\n    at 0 (native)\n    at before (a.js:2:1)\n";
        assert_eq!(fill_in(made, OUTER, &[call("0", &["p"])]), None);
    }

    #[test]
    fn one_name_many_times_is_told_apart() {
        let running = "    at 0 (native)\n    at f (a.js:5:1)\n    at 0 (native)\n";
        let calls = [call("0", &["inner"]), call("0", &["outer"])];
        let filled = fill_in(running, running, &calls).expect("frames");
        assert_eq!(filled, "    at inner\n    at f (a.js:5:1)\n    at outer\n");
    }
}
