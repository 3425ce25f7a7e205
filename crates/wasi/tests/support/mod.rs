//! A guest without a module: it calls the functions as one would, with all that it passes in a
//! memory of its own.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::cell::RefCell;
use std::sync::Arc;

use holm_wasi::{
    Context, ContextBuilder, Errno, FUNCTIONS, Feed, File, GuestMemory, OpenFlags, Rights,
    SharedBytes, Spout, Stop,
};

pub(crate) const MEMORY_BYTES: usize = 64 << 10;
/// Where functions put their answers.
pub(crate) const ANSWER: u32 = 64;
/// Where what is read goes, and what is written comes from.
pub(crate) const BUFFER: u32 = 16 << 10;
pub(crate) const BUFFER_BYTES: u32 = 48 << 10;
/// A list of one piece: the buffer.
const PIECES: u32 = 16;
/// Where the texts of a call begin.
const TEXTS: u32 = 1024;

pub(crate) const FOLLOW: u32 = 1;

pub(crate) struct Guest {
    pub(crate) context: Context,
    pub(crate) memory: Memory,
}

/// The same bytes, as one thread has them or as several do.
pub(crate) enum Memory {
    Own(Vec<u8>),
    Shared(Bytes),
}

pub(crate) struct Bytes(pub(crate) RefCell<Vec<u8>>);

impl SharedBytes for Bytes {
    fn len(&self) -> usize {
        self.0.borrow().len()
    }

    fn copy_out(&self, offset: usize, into: &mut [u8]) {
        into.copy_from_slice(&self.0.borrow()[offset..][..into.len()]);
    }

    fn copy_in(&self, offset: usize, from: &[u8]) {
        self.0.borrow_mut()[offset..][..from.len()].copy_from_slice(from);
    }
}

impl Memory {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Own(bytes) => bytes.clone(),
            Self::Shared(bytes) => bytes.0.borrow().clone(),
        }
    }

    pub(crate) fn put(&mut self, address: u32, bytes: &[u8]) {
        let address = address as usize;
        match self {
            Self::Own(memory) => memory[address..][..bytes.len()].copy_from_slice(bytes),
            Self::Shared(memory) => memory.copy_in(address, bytes),
        }
    }

    pub(crate) fn get(&self, address: u32, len: u32) -> Vec<u8> {
        let place = address as usize..(address + len) as usize;
        match self {
            Self::Own(memory) => memory[place].to_vec(),
            Self::Shared(memory) => memory.0.borrow()[place].to_vec(),
        }
    }

    pub(crate) fn u32(&self, address: u32) -> u32 {
        u32::from_le_bytes(self.get(address, 4).try_into().expect("four bytes"))
    }

    pub(crate) fn u64(&self, address: u32) -> u64 {
        u64::from_le_bytes(self.get(address, 8).try_into().expect("eight bytes"))
    }
}

/// An argument: a number, or a text, which becomes an address and a length.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Number(u64),
    Text(&'a [u8]),
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.as_bytes())
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(text: &'a [u8]) -> Self {
        Self::Text(text)
    }
}

/// How a path is opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    pub(crate) follow: bool,
    pub(crate) flags: OpenFlags,
    pub(crate) rights: Rights,
    pub(crate) inheriting: Rights,
}

impl How {
    pub(crate) const READ: Self = Self {
        follow: true,
        flags: OpenFlags::NONE,
        rights: Rights::FD_READ.and(Rights::FD_SEEK).and(Rights::FD_READDIR),
        inheriting: Rights::NONE,
    };
    pub(crate) const WRITE: Self = Self { rights: Rights::FILE, ..Self::READ };
    pub(crate) const CREATE: Self = Self { flags: OpenFlags::CREATE, ..Self::WRITE };
    pub(crate) const TRUNCATE: Self = Self { flags: OpenFlags::TRUNCATE, ..Self::WRITE };
    pub(crate) const FOLDER: Self = Self {
        flags: OpenFlags::DIRECTORY,
        rights: Rights::FOLDER,
        inheriting: Rights::FOLDER.and(Rights::FILE),
        ..Self::READ
    };
}

/// What is known of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) ino: u64,
    pub(crate) kind: u8,
    pub(crate) nlink: u64,
    pub(crate) size: u64,
    pub(crate) atim: u64,
    pub(crate) mtim: u64,
}

/// A context of nothing but empty streams.
pub(crate) fn builder() -> ContextBuilder {
    let streams: [Arc<dyn File>; 3] =
        [Arc::new(Feed::of(Vec::new())), Arc::new(Spout::default()), Arc::new(Spout::default())];
    ContextBuilder::new(streams)
}

impl Guest {
    pub(crate) fn new(builder: ContextBuilder) -> Self {
        let context = builder.build().expect("few descriptors");
        Self { context, memory: Memory::Own(vec![0; MEMORY_BYTES]) }
    }

    /// Calls a function with the bits of its arguments.
    pub(crate) fn call_numbers(&mut self, name: &str, arguments: &[u64]) -> Result<(), Stop> {
        let function = FUNCTIONS.iter().find(|function| function.name == name);
        let function = function.unwrap_or_else(|| panic!("no function {name}"));
        assert_eq!(function.parameters.len(), arguments.len(), "arguments of {name}");
        let mut memory = match &mut self.memory {
            Memory::Own(bytes) => GuestMemory::Own(bytes),
            Memory::Shared(bytes) => GuestMemory::Shared(bytes),
        };
        function.call(&self.context, &mut memory, arguments)
    }

    /// Calls a function that has nothing to say but whether it went well.
    pub(crate) fn call(&mut self, name: &str, arguments: &[Value<'_>]) -> Result<(), Errno> {
        let mut numbers = Vec::new();
        let mut free = TEXTS;
        for argument in arguments {
            match argument {
                Value::Number(number) => numbers.push(*number),
                Value::Text(text) => {
                    self.memory.put(free, text);
                    numbers.extend([u64::from(free), text.len() as u64]);
                    free += text.len() as u32;
                }
            }
        }
        self.call_numbers(name, &numbers).map_err(|stop| match stop {
            Stop::Errno(errno) => errno,
            other => panic!("{name} ended with {other:?}"),
        })
    }

    fn answer(&self) -> u32 {
        self.memory.u32(ANSWER)
    }

    pub(crate) fn open(&mut self, folder: u32, path: &str, how: How) -> Result<u32, Errno> {
        let (flags, rights) = (u32::from(how.flags.bits()), how.rights.bits());
        let inheriting = how.inheriting.bits();
        let follow = u32::from(how.follow);
        let path = path.into();
        let arguments = [folder.into(), follow.into(), path, flags.into(), rights.into()];
        let rest = [inheriting.into(), 0_u32.into(), ANSWER.into()];
        self.call("path_open", &[&arguments[..], &rest].concat())?;
        Ok(self.answer())
    }

    pub(crate) fn close(&mut self, number: u32) -> Result<(), Errno> {
        self.call("fd_close", &[number.into()])
    }

    fn piece(&mut self, len: u32) {
        let piece = [BUFFER.to_le_bytes(), len.to_le_bytes()].concat();
        self.memory.put(PIECES, &piece);
    }

    pub(crate) fn read(&mut self, file: u32) -> Result<Vec<u8>, Errno> {
        self.piece(BUFFER_BYTES);
        self.call("fd_read", &[file.into(), PIECES.into(), 1_u32.into(), ANSWER.into()])?;
        Ok(self.memory.get(BUFFER, self.answer()))
    }

    pub(crate) fn write(&mut self, file: u32, bytes: &[u8]) -> Result<u32, Errno> {
        self.memory.put(BUFFER, bytes);
        self.piece(bytes.len() as u32);
        self.call("fd_write", &[file.into(), PIECES.into(), 1_u32.into(), ANSWER.into()])?;
        Ok(self.answer())
    }

    pub(crate) fn write_at(&mut self, file: u32, bytes: &[u8], offset: u64) -> Result<u32, Errno> {
        self.memory.put(BUFFER, bytes);
        self.piece(bytes.len() as u32);
        let arguments = [file.into(), PIECES.into(), 1_u32.into(), offset.into(), ANSWER.into()];
        self.call("fd_pwrite", &arguments)?;
        Ok(self.answer())
    }

    pub(crate) fn read_at(&mut self, file: u32, offset: u64) -> Result<Vec<u8>, Errno> {
        self.piece(BUFFER_BYTES);
        let arguments = [file.into(), PIECES.into(), 1_u32.into(), offset.into(), ANSWER.into()];
        self.call("fd_pread", &arguments)?;
        Ok(self.memory.get(BUFFER, self.answer()))
    }

    pub(crate) fn seek(&mut self, file: u32, by: i64, whence: u32) -> Result<u64, Errno> {
        let by = by.cast_unsigned();
        self.call("fd_seek", &[file.into(), by.into(), whence.into(), ANSWER.into()])?;
        Ok(self.memory.u64(ANSWER))
    }

    fn stat_answer(&self) -> Stat {
        let word = |index: u32| self.memory.u64(ANSWER + index * 8);
        Stat {
            ino: word(1),
            kind: word(2) as u8,
            nlink: word(3),
            size: word(4),
            atim: word(5),
            mtim: word(6),
        }
    }

    pub(crate) fn stat(&mut self, folder: u32, path: &str, follow: bool) -> Result<Stat, Errno> {
        let arguments = [folder.into(), u32::from(follow).into(), path.into(), ANSWER.into()];
        self.call("path_filestat_get", &arguments)?;
        Ok(self.stat_answer())
    }

    pub(crate) fn stat_open(&mut self, number: u32) -> Result<Stat, Errno> {
        self.call("fd_filestat_get", &[number.into(), ANSWER.into()])?;
        Ok(self.stat_answer())
    }

    /// Sets both times to so many nanoseconds after 1970.
    pub(crate) fn set_times(
        &mut self,
        folder: u32,
        path: &str,
        follow: bool,
        time: u64,
    ) -> Result<(), Errno> {
        let follow = u32::from(follow);
        let (both, time) = (0b101_u32.into(), time.into());
        let arguments = [folder.into(), follow.into(), path.into(), time, time, both];
        self.call("path_filestat_set_times", &arguments)
    }

    pub(crate) fn create_folder(&mut self, folder: u32, path: &str) -> Result<(), Errno> {
        self.call("path_create_directory", &[folder.into(), path.into()])
    }

    pub(crate) fn remove_folder(&mut self, folder: u32, path: &str) -> Result<(), Errno> {
        self.call("path_remove_directory", &[folder.into(), path.into()])
    }

    pub(crate) fn unlink(&mut self, folder: u32, path: &str) -> Result<(), Errno> {
        self.call("path_unlink_file", &[folder.into(), path.into()])
    }

    pub(crate) fn symlink(&mut self, target: &str, folder: u32, path: &str) -> Result<(), Errno> {
        self.call("path_symlink", &[target.into(), folder.into(), path.into()])
    }

    pub(crate) fn read_link(&mut self, folder: u32, path: &str) -> Result<Vec<u8>, Errno> {
        let (buffer, len) = (BUFFER.into(), BUFFER_BYTES.into());
        self.call("path_readlink", &[folder.into(), path.into(), buffer, len, ANSWER.into()])?;
        Ok(self.memory.get(BUFFER, self.answer()))
    }

    pub(crate) fn link(
        &mut self,
        folder: u32,
        path: &str,
        to: u32,
        new: &str,
    ) -> Result<(), Errno> {
        let follow = 0_u32;
        let arguments = [folder.into(), follow.into(), path.into(), to.into(), new.into()];
        self.call("path_link", &arguments)
    }

    pub(crate) fn rename(
        &mut self,
        folder: u32,
        path: &str,
        to: u32,
        new: &str,
    ) -> Result<(), Errno> {
        self.call("path_rename", &[folder.into(), path.into(), to.into(), new.into()])
    }

    /// The names in a folder, in order.
    pub(crate) fn list(&mut self, folder: u32) -> Result<Vec<String>, Errno> {
        let (buffer, len, cookie) = (BUFFER.into(), BUFFER_BYTES.into(), 0_u64.into());
        self.call("fd_readdir", &[folder.into(), buffer, len, cookie, ANSWER.into()])?;
        let bytes = self.memory.get(BUFFER, self.answer());
        let mut names = Vec::new();
        let mut rest = bytes.as_slice();
        while rest.len() >= 24 {
            let len = u32::from_le_bytes(rest[16..20].try_into().expect("four bytes")) as usize;
            names.push(String::from_utf8_lossy(&rest[24..24 + len]).into_owned());
            rest = &rest[24 + len..];
        }
        names.sort();
        Ok(names)
    }
}

/// `SplitMix64`.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
