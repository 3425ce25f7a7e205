//! The functions that modules import:
//! <https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#functions>

mod fd;
mod path;
mod poll;
mod process;
mod snapshot0;
mod socket;
mod transfer;

use std::fmt;

use crate::{Context, Errno, GuestMemory};

/// Why a function does not return 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It returns this.
    Errno(Errno),
    /// The module ended itself, with this code.
    Exit(u32),
    /// Nobody has fed this descriptor yet ([`crate::Feed`]). Whoever does calls the function
    /// again; after so many nanoseconds, if there is a number, in any case.
    Starved {
        /// The descriptor.
        descriptor: u32,
        /// How long the module would wait.
        nanoseconds: Option<u64>,
    },
}

impl<E: Into<Errno>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Errno(error.into())
    }
}

type Answer = Result<(), Stop>;

/// The arguments of a call, as their bits.
#[derive(Clone, Copy, Debug)]
struct Arguments<'a>(&'a [u64]);

impl Arguments<'_> {
    fn u32(self, index: usize) -> u32 {
        self.u64(index) as u32
    }

    fn u64(self, index: usize) -> u64 {
        self.0.get(index).copied().unwrap_or(0)
    }

    fn i64(self, index: usize) -> i64 {
        self.u64(index).cast_signed()
    }

    /// One of 16 bits: a module passes 32.
    fn u16(self, index: usize) -> Result<u16, Errno> {
        u16::try_from(self.u32(index)).map_err(|_| Errno::Inval)
    }
}

/// A parameter's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// `i32`
    I32,
    /// `i64`
    I64,
}

/// A function that modules import.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its parameters. Every function returns an `i32`, but for the one that never does.
    pub parameters: &'static [Parameter],
    body: fn(&Context, &mut GuestMemory<'_>, Arguments<'_>) -> Answer,
}

impl Function {
    /// Whether it gives a number back.
    pub fn returns(&self) -> bool {
        self.name != "proc_exit"
    }

    /// Calls it with the bits of its arguments.
    pub fn call(
        &self,
        context: &Context,
        memory: &mut GuestMemory<'_>,
        arguments: &[u64],
    ) -> Answer {
        (self.body)(context, memory, Arguments(arguments))
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Function").field(&self.name).finish()
    }
}

use Parameter::{I32, I64};

const fn function(
    name: &'static str,
    parameters: &'static [Parameter],
    body: fn(&Context, &mut GuestMemory<'_>, Arguments<'_>) -> Answer,
) -> Function {
    Function { name, parameters, body }
}

/// Which functions a module knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snapshot {
    /// The one before preview 1: `wasi_unstable`.
    Zero,
    /// Preview 1: `wasi_snapshot_preview1`.
    One,
}

impl Snapshot {
    /// What modules import the functions from.
    pub fn module_name(self) -> &'static str {
        match self {
            Self::Zero => "wasi_unstable",
            Self::One => "wasi_snapshot_preview1",
        }
    }

    /// Its functions.
    pub fn functions(self) -> impl Iterator<Item = &'static Function> {
        let is_old = self == Self::Zero;
        let in_it = move |each: &&Function| !(is_old && snapshot0::LATER.contains(&each.name));
        let of_it = move |each: &'static Function| {
            let mut old = snapshot0::FUNCTIONS.iter();
            old.find(|old| is_old && old.name == each.name).unwrap_or(each)
        };
        FUNCTIONS.iter().filter(in_it).map(of_it)
    }
}

/// All of preview 1.
pub static FUNCTIONS: &[Function] = &[
    function("args_get", &[I32; 2], process::args_get),
    function("args_sizes_get", &[I32; 2], process::args_sizes_get),
    function("clock_res_get", &[I32; 2], process::clock_res_get),
    function("clock_time_get", &[I32, I64, I32], process::clock_time_get),
    function("environ_get", &[I32; 2], process::environ_get),
    function("environ_sizes_get", &[I32; 2], process::environ_sizes_get),
    function("fd_advise", &[I32, I64, I64, I32], fd::fd_advise),
    function("fd_allocate", &[I32, I64, I64], fd::fd_allocate),
    function("fd_close", &[I32], fd::fd_close),
    function("fd_datasync", &[I32], fd::fd_datasync),
    function("fd_fdstat_get", &[I32; 2], fd::fd_fdstat_get),
    function("fd_fdstat_set_flags", &[I32; 2], fd::fd_fdstat_set_flags),
    function("fd_fdstat_set_rights", &[I32, I64, I64], fd::fd_fdstat_set_rights),
    function("fd_filestat_get", &[I32; 2], fd::fd_filestat_get),
    function("fd_filestat_set_size", &[I32, I64], fd::fd_filestat_set_size),
    function("fd_filestat_set_times", &[I32, I64, I64, I32], fd::fd_filestat_set_times),
    function("fd_pread", &[I32, I32, I32, I64, I32], transfer::fd_pread),
    function("fd_prestat_dir_name", &[I32; 3], fd::fd_prestat_dir_name),
    function("fd_prestat_get", &[I32; 2], fd::fd_prestat_get),
    function("fd_pwrite", &[I32, I32, I32, I64, I32], transfer::fd_pwrite),
    function("fd_read", &[I32; 4], transfer::fd_read),
    function("fd_readdir", &[I32, I32, I32, I64, I32], path::fd_readdir),
    function("fd_renumber", &[I32; 2], fd::fd_renumber),
    function("fd_seek", &[I32, I64, I32, I32], fd::fd_seek),
    function("fd_sync", &[I32], fd::fd_sync),
    function("fd_tell", &[I32; 2], fd::fd_tell),
    function("fd_write", &[I32; 4], transfer::fd_write),
    function("path_create_directory", &[I32; 3], path::path_create_directory),
    function("path_filestat_get", &[I32; 5], path::path_filestat_get),
    function(
        "path_filestat_set_times",
        &[I32, I32, I32, I32, I64, I64, I32],
        path::path_filestat_set_times,
    ),
    function("path_link", &[I32; 7], path::path_link),
    function("path_open", &[I32, I32, I32, I32, I32, I64, I64, I32, I32], path::path_open),
    function("path_readlink", &[I32; 6], path::path_readlink),
    function("path_remove_directory", &[I32; 3], path::path_remove_directory),
    function("path_rename", &[I32; 6], path::path_rename),
    function("path_symlink", &[I32; 5], path::path_symlink),
    function("path_unlink_file", &[I32; 3], path::path_unlink_file),
    function("poll_oneoff", &[I32; 4], poll::poll_oneoff),
    function("proc_exit", &[I32], process::proc_exit),
    function("proc_raise", &[I32], process::proc_raise),
    function("random_get", &[I32; 2], process::random_get),
    function("sched_yield", &[], process::sched_yield),
    function("sock_accept", &[I32; 3], socket::sock_accept),
    function("sock_recv", &[I32; 6], socket::sock_recv),
    function("sock_send", &[I32; 5], socket::sock_send),
    function("sock_shutdown", &[I32; 2], socket::sock_shutdown),
];
