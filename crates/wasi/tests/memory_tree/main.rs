//! Files in memory: they are as those of the system, and take no more than they may.

mod like_the_system;
mod limits;
#[path = "../support/mod.rs"]
mod support;
