//! Attempts to leave a folder of the system. Each looks afterwards whether anything outside was
//! changed, or is known to the guest.

mod attacks;
mod races;
mod scenarios;
#[path = "../support/mod.rs"]
mod support;
mod tricks;
mod world;
