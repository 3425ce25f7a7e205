//! Timers, as Node has them: `Timeout` and `Immediate` objects with `ref` and `unref`.
//!
//! <https://html.spec.whatwg.org/#timers>, <https://nodejs.org/api/timers.html>
//!
//! This folder keeps the queues. The event loop (`crates/holm`) asks for what is due, one
//! callback at a time, so that microtasks run after each.

mod globals;
mod objects;
mod queue;

pub(crate) use globals::call_later;
pub use globals::install;
pub use queue::{TimerCall, Timers, timers};
