//! Arguments that no honest module passes: the right error comes of them, or as much as can be
//! done, and never a panic or a wait without end.

mod pointers;
mod positions;
mod quota;
mod random_calls;
#[path = "../support/mod.rs"]
mod support;
mod waiting;
