//! Numbers that modules and hosts agree on:
//! <https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md>

use crate::Errno;

/// A set of bits, of which those that have no meaning are refused.
macro_rules! bits {
    ($(#[$about:meta])* $name:ident: $repr:ty { $($(#[$what:meta])* $bit:ident = $place:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name($repr);

        #[allow(dead_code, reason = "the list is whole")]
        impl $name {
            $(
                #[doc = stringify!($bit)]
                $(#[$what])*
                pub const $bit: Self = Self(1 << $place);
            )*
            /// All that have a meaning.
            pub const ALL: Self = Self(0 $(| 1 << $place)*);
            /// None.
            pub const NONE: Self = Self(0);

            /// The bits, if all have a meaning.
            pub const fn from_bits(bits: $repr) -> Option<Self> {
                if bits & !Self::ALL.0 == 0 { Some(Self(bits)) } else { None }
            }

            /// The bits that have a meaning.
            pub const fn from_bits_truncated(bits: $repr) -> Self {
                Self(bits & Self::ALL.0)
            }

            /// As a number.
            pub const fn bits(self) -> $repr {
                self.0
            }

            /// Whether all of `other` are among these.
            pub const fn has(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether one of `other` is among these.
            pub const fn has_any(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// Both together.
            pub const fn and(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// What both have.
            pub const fn within(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// These without the others.
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }
        }
    };
}

bits! {
    /// What may be done with a descriptor.
    Rights: u64 {
        FD_DATASYNC = 0,
        FD_READ = 1,
        FD_SEEK = 2,
        FD_FDSTAT_SET_FLAGS = 3,
        FD_SYNC = 4,
        FD_TELL = 5,
        FD_WRITE = 6,
        FD_ADVISE = 7,
        FD_ALLOCATE = 8,
        PATH_CREATE_DIRECTORY = 9,
        PATH_CREATE_FILE = 10,
        PATH_LINK_SOURCE = 11,
        PATH_LINK_TARGET = 12,
        PATH_OPEN = 13,
        FD_READDIR = 14,
        PATH_READLINK = 15,
        PATH_RENAME_SOURCE = 16,
        PATH_RENAME_TARGET = 17,
        PATH_FILESTAT_GET = 18,
        PATH_FILESTAT_SET_SIZE = 19,
        PATH_FILESTAT_SET_TIMES = 20,
        FD_FILESTAT_GET = 21,
        FD_FILESTAT_SET_SIZE = 22,
        FD_FILESTAT_SET_TIMES = 23,
        PATH_SYMLINK = 24,
        PATH_REMOVE_DIRECTORY = 25,
        PATH_UNLINK_FILE = 26,
        POLL_FD_READWRITE = 27,
        SOCK_SHUTDOWN = 28,
        SOCK_ACCEPT = 29,
    }
}

bits! {
    /// How a descriptor behaves.
    FdFlags: u16 {
        /// Writing goes to the end.
        APPEND = 0,
        /// Data are on the disk when writing returns.
        DSYNC = 1,
        /// Nothing waits.
        NONBLOCK = 2,
        /// Reading waits for what is being written.
        RSYNC = 3,
        /// As `DSYNC`, for all that is known of the file too.
        SYNC = 4,
    }
}

bits! {
    /// How a path is opened.
    OpenFlags: u16 {
        /// Made if it is missing.
        CREATE = 0,
        /// It has to be a folder.
        DIRECTORY = 1,
        /// It must not be there.
        EXCLUSIVE = 2,
        /// Emptied.
        TRUNCATE = 3,
    }
}

bits! {
    /// How a path is followed.
    LookupFlags: u32 {
        /// A link at its end is followed.
        FOLLOW = 0,
    }
}

bits! {
    /// Which times are set.
    TimeFlags: u16 {
        /// The last access, as given.
        ATIM = 0,
        /// The last access, now.
        ATIM_NOW = 1,
        /// The last change, as given.
        MTIM = 2,
        /// The last change, now.
        MTIM_NOW = 3,
    }
}

impl Rights {
    /// Of folders.
    pub const FOLDER: Self = Self(
        Self::FD_FDSTAT_SET_FLAGS.0
            | Self::FD_SYNC.0
            | Self::FD_ADVISE.0
            | Self::PATH_CREATE_DIRECTORY.0
            | Self::PATH_CREATE_FILE.0
            | Self::PATH_LINK_SOURCE.0
            | Self::PATH_LINK_TARGET.0
            | Self::PATH_OPEN.0
            | Self::FD_READDIR.0
            | Self::PATH_READLINK.0
            | Self::PATH_RENAME_SOURCE.0
            | Self::PATH_RENAME_TARGET.0
            | Self::PATH_FILESTAT_GET.0
            | Self::PATH_FILESTAT_SET_SIZE.0
            | Self::PATH_FILESTAT_SET_TIMES.0
            | Self::FD_FILESTAT_GET.0
            | Self::FD_FILESTAT_SET_TIMES.0
            | Self::PATH_SYMLINK.0
            | Self::PATH_REMOVE_DIRECTORY.0
            | Self::PATH_UNLINK_FILE.0
            | Self::POLL_FD_READWRITE.0,
    );

    /// Of files.
    pub const FILE: Self = Self(
        Self::FD_DATASYNC.0
            | Self::FD_READ.0
            | Self::FD_SEEK.0
            | Self::FD_FDSTAT_SET_FLAGS.0
            | Self::FD_SYNC.0
            | Self::FD_TELL.0
            | Self::FD_WRITE.0
            | Self::FD_ADVISE.0
            | Self::FD_ALLOCATE.0
            | Self::FD_FILESTAT_GET.0
            | Self::FD_FILESTAT_SET_SIZE.0
            | Self::FD_FILESTAT_SET_TIMES.0
            | Self::POLL_FD_READWRITE.0,
    );

    /// Of what comes and goes, and cannot be read twice: C libraries know a terminal by this.
    pub const STREAM: Self = Self(
        Self::FD_READ.0
            | Self::FD_FDSTAT_SET_FLAGS.0
            | Self::FD_WRITE.0
            | Self::FD_FILESTAT_GET.0
            | Self::POLL_FD_READWRITE.0,
    );

    /// Of sockets.
    pub const SOCKET: Self = Self(Self::STREAM.0 | Self::SOCK_SHUTDOWN.0 | Self::SOCK_ACCEPT.0);

    /// What changes something: none of it where only reading is allowed.
    pub const CHANGING: Self = Self(
        Self::FD_DATASYNC.0
            | Self::FD_WRITE.0
            | Self::FD_ALLOCATE.0
            | Self::PATH_CREATE_DIRECTORY.0
            | Self::PATH_CREATE_FILE.0
            // A file that has a second name elsewhere can be changed there.
            | Self::PATH_LINK_SOURCE.0
            | Self::PATH_LINK_TARGET.0
            | Self::PATH_RENAME_SOURCE.0
            | Self::PATH_RENAME_TARGET.0
            | Self::PATH_FILESTAT_SET_SIZE.0
            | Self::PATH_FILESTAT_SET_TIMES.0
            | Self::FD_FILESTAT_SET_SIZE.0
            | Self::FD_FILESTAT_SET_TIMES.0
            | Self::PATH_SYMLINK.0
            | Self::PATH_REMOVE_DIRECTORY.0
            | Self::PATH_UNLINK_FILE.0,
    );

    /// What only a file that was opened for writing can do.
    pub const WRITING: Self =
        Self(Self::FD_WRITE.0 | Self::FD_ALLOCATE.0 | Self::FD_FILESTAT_SET_SIZE.0);

    /// Of standard input, whatever it is: others have it too.
    pub const INPUT: Self = Self(
        Self::FD_READ.0
            | Self::FD_SEEK.0
            | Self::FD_TELL.0
            | Self::FD_ADVISE.0
            | Self::FD_FDSTAT_SET_FLAGS.0
            | Self::FD_FILESTAT_GET.0
            | Self::POLL_FD_READWRITE.0,
    );

    /// Of standard output and error.
    pub const OUTPUT: Self = Self(
        Self::FD_WRITE.0
            | Self::FD_TELL.0
            | Self::FD_SYNC.0
            | Self::FD_DATASYNC.0
            | Self::FD_FDSTAT_SET_FLAGS.0
            | Self::FD_FILESTAT_GET.0
            | Self::POLL_FD_READWRITE.0,
    );
}

/// What something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "the standard's names")]
pub enum FileType {
    Unknown,
    BlockDevice,
    CharacterDevice,
    Directory,
    RegularFile,
    SocketDgram,
    SocketStream,
    SymbolicLink,
}

/// What is known of a file.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the standard's names")]
pub struct FileStat {
    pub dev: u64,
    pub ino: u64,
    pub kind: FileType,
    pub nlink: u64,
    pub size: u64,
    pub atim: u64,
    pub mtim: u64,
    pub ctim: u64,
}

/// A time of the system as a guest has it. What is before 1970 has no number.
pub(crate) fn nanoseconds(seconds: i64, nanoseconds: i64) -> u64 {
    let whole = u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000_000_000);
    whole.saturating_add(u64::try_from(nanoseconds).unwrap_or(0))
}

/// A time to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetTime {
    /// It stays as it is.
    Keep,
    /// Now.
    Now,
    /// Nanoseconds since 1970.
    At(u64),
}

/// Which times are set to what.
#[derive(Clone, Copy, Debug)]
pub struct SetTimes {
    /// That of the last access.
    pub accessed: SetTime,
    /// That of the last change.
    pub modified: SetTime,
}

impl SetTimes {
    /// As `flags` say.
    pub fn new(atim: u64, mtim: u64, flags: TimeFlags) -> Result<Self, Errno> {
        let one = |given, now, time| match (flags.has(given), flags.has(now)) {
            (true, true) => Err(Errno::Inval),
            (true, false) => Ok(SetTime::At(time)),
            (false, true) => Ok(SetTime::Now),
            (false, false) => Ok(SetTime::Keep),
        };
        Ok(Self {
            accessed: one(TimeFlags::ATIM, TimeFlags::ATIM_NOW, atim)?,
            modified: one(TimeFlags::MTIM, TimeFlags::MTIM_NOW, mtim)?,
        })
    }
}

/// Where a position is counted from.
#[derive(Clone, Copy, Debug)]
pub enum Position {
    /// The beginning.
    Start(u64),
    /// Where the file is now.
    Current(i64),
    /// The end.
    End(i64),
}

/// How something is opened.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    /// Whether a link at the end of the path is followed.
    pub follow: bool,
    /// What has to be there, or not.
    pub how: OpenFlags,
    /// How the descriptor behaves.
    pub flags: FdFlags,
    /// Whether it is to be read.
    pub read: bool,
    /// Whether it is to be written.
    pub write: bool,
}
