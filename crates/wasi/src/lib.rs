//! WASI preview 1: what a module that runs by itself imports, over any memory.
//! <https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md>
//!
//! This crate knows neither script nor an engine. [`FUNCTIONS`] are the functions, each called with
//! a [`Context`] (what the module was given), the [`GuestMemory`] of whoever calls, and the bits of
//! its arguments.
//!
//! # Nothing else can be reached
//! - A module has descriptors only of what it was given, and of what it opened below that.
//! - Folders of the system are `cap-std`'s: `..`, absolute paths and links that lead out of one
//!   are refused, also if somebody makes them while a call runs ([`HostFolder`]).
//! - Every descriptor has rights, which can only become fewer.
//! - Every address is looked at ([`GuestMemory`]), and no call is without an end: whatever waits
//!   asks now and then whether to stop ([`Surroundings::must_stop`]).

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod calls;
mod context;
mod descriptors;
mod errno;
mod file;
mod host_file;
mod host_folder;
mod memory;
mod memory_tree;
mod streams;
mod types;
mod wait;

pub use calls::{FUNCTIONS, Function, Parameter, Snapshot, Stop};
pub use context::{BadString, Clock, Context, ContextBuilder, Machine, Surroundings};
pub use errno::Errno;
pub use file::{Direction, Entry, File, Folder, Opened, Readiness, Ready};
pub use host_file::HostFile;
pub use host_folder::HostFolder;
pub use memory::{GuestMemory, SharedBytes};
pub use memory_tree::MemoryTree;
pub use streams::{Feed, Spout};
pub use types::{
    FdFlags, FileStat, FileType, LookupFlags, Open, OpenFlags, Position, Rights, SetTime, SetTimes,
    TimeFlags,
};
