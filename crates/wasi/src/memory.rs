//! A module's memory: every address comes from the guest, so each is looked at.

use std::fmt;
use std::io::IoSlice;

use crate::Errno;

/// So many pieces are read or written by one call: the system takes no more.
const MAX_PIECES: usize = 1024;
/// Longer lists of pieces are refused: all of one is looked at before anything is done.
const MAX_LISTED_PIECES: usize = 1 << 20;
/// So much of a shared memory is read or written by one call, by way of a copy.
const MAX_COPIED_BYTES: usize = 1 << 20;
/// Bytes that two pointers take: an entry of a list of pieces.
const PIECE_BYTES: usize = 8;

/// A memory that other threads may change meanwhile: it can be copied only.
pub trait SharedBytes {
    /// Its length now.
    fn len(&self) -> usize;
    /// Whether it has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Copies out of it; the caller has checked the place.
    fn copy_out(&self, offset: usize, into: &mut [u8]);
    /// Copies into it; the caller has checked the place.
    fn copy_in(&self, offset: usize, from: &[u8]);
}

/// The memory of whoever calls.
pub enum GuestMemory<'a> {
    /// Nobody else touches it while the call runs.
    Own(&'a mut [u8]),
    /// Several threads have it.
    Shared(&'a dyn SharedBytes),
}

/// An address and a length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    start: u32,
    len: u32,
}

impl GuestMemory<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Own(bytes) => bytes.len(),
            Self::Shared(bytes) => bytes.len(),
        }
    }

    /// The place of `len` bytes, all of which have to be there.
    fn place(&self, start: u32, len: usize) -> Result<std::ops::Range<usize>, Errno> {
        let start = start as usize;
        let end = start.checked_add(len).filter(|end| *end <= self.len());
        Ok(start..end.ok_or(Errno::Fault)?)
    }

    pub(crate) fn read_into(&self, address: u32, into: &mut [u8]) -> Result<(), Errno> {
        let start = self.place(address, into.len())?.start;
        self.copy_out(start, into);
        Ok(())
    }

    /// Copies from a place that was looked at.
    fn copy_out(&self, start: usize, into: &mut [u8]) {
        match self {
            Self::Own(memory) => into.copy_from_slice(&memory[start..start + into.len()]),
            Self::Shared(memory) => memory.copy_out(start, into),
        }
    }

    /// A piece of a list at a place that was looked at.
    fn piece_at(&self, start: usize) -> Piece {
        let mut bytes = [0; PIECE_BYTES];
        self.copy_out(start, &mut bytes);
        let [a, b, c, d, e, f, g, h] = bytes;
        let (start, len) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        Piece { start, len }
    }

    pub(crate) fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), Errno> {
        let place = self.place(address, bytes.len())?;
        match self {
            Self::Own(memory) => memory[place].copy_from_slice(bytes),
            Self::Shared(memory) => memory.copy_in(place.start, bytes),
        }
        Ok(())
    }

    pub(crate) fn write_u32(&mut self, address: u32, value: u32) -> Result<(), Errno> {
        self.write(address, &value.to_le_bytes())
    }

    pub(crate) fn write_u64(&mut self, address: u32, value: u64) -> Result<(), Errno> {
        self.write(address, &value.to_le_bytes())
    }

    /// A copy of bytes: for paths, which may be long but not without end.
    pub(crate) fn bytes(&self, address: u32, len: u32, most: usize) -> Result<Vec<u8>, Errno> {
        let place = self.place(address, len as usize)?;
        if place.len() > most {
            return Err(Errno::NameTooLong);
        }
        Ok(match self {
            Self::Own(memory) => memory[place].to_vec(),
            Self::Shared(memory) => {
                let mut bytes = vec![0; place.len()];
                memory.copy_out(place.start, &mut bytes);
                bytes
            }
        })
    }

    /// Fills a place by pieces: `fill` gets as much as it shall write.
    pub(crate) fn fill(
        &mut self,
        address: u32,
        len: u32,
        mut fill: impl FnMut(&mut [u8]) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let place = self.place(address, len as usize)?;
        match self {
            Self::Own(memory) => fill(&mut memory[place]),
            Self::Shared(memory) => {
                let mut copy = vec![0; place.len().min(MAX_COPIED_BYTES)];
                for start in place.clone().step_by(MAX_COPIED_BYTES) {
                    let len = (place.end - start).min(MAX_COPIED_BYTES);
                    fill(&mut copy[..len])?;
                    memory.copy_in(start, &copy[..len]);
                }
                Ok(())
            }
        }
    }

    /// The pieces of a list, without the empty ones, and not more of them than one call takes.
    fn pieces(&self, list: u32, count: u32) -> Result<Vec<Piece>, Errno> {
        let count = count as usize;
        if count > MAX_LISTED_PIECES {
            return Err(Errno::Inval);
        }
        let entries = self.place(list, count * PIECE_BYTES)?.step_by(PIECE_BYTES);
        let mut pieces = Vec::with_capacity(count.min(8));
        for entry in entries {
            let piece = self.piece_at(entry);
            self.place(piece.start, piece.len as usize)?;
            if piece.len > 0 {
                pieces.push(piece);
                if pieces.len() == MAX_PIECES {
                    break;
                }
            }
        }
        Ok(pieces)
    }

    /// Gives the bytes of a list of pieces to `write`, which may take fewer.
    pub(crate) fn gather<R>(
        &self,
        list: u32,
        count: u32,
        write: impl FnOnce(&[IoSlice<'_>]) -> Result<R, Errno>,
    ) -> Result<R, Errno> {
        // The most frequent by far, and then nothing is allocated.
        if let (1, Self::Own(memory)) = (count, self) {
            let piece = self.piece_at(self.place(list, PIECE_BYTES)?.start);
            let place = self.place(piece.start, piece.len as usize)?;
            return write(&[IoSlice::new(&memory[place])]);
        }
        let pieces = self.pieces(list, count)?;
        match self {
            Self::Own(memory) => {
                let mut slices = Vec::with_capacity(pieces.len());
                for piece in &pieces {
                    slices
                        .push(IoSlice::new(&memory[self.place(piece.start, piece.len as usize)?]));
                }
                write(&slices)
            }
            Self::Shared(memory) => {
                let mut copy = Vec::new();
                for piece in &pieces {
                    let place = self.place(piece.start, piece.len as usize)?;
                    let from = copy.len();
                    copy.resize(MAX_COPIED_BYTES.min(from + place.len()), 0);
                    memory.copy_out(place.start, &mut copy[from..]);
                }
                write(&[IoSlice::new(&copy)])
            }
        }
    }

    /// Lets `fill` have one piece of a list after the other, until it gives less than it could.
    /// Returns how much there was.
    pub(crate) fn scatter(
        &mut self,
        list: u32,
        count: u32,
        may_go_on: bool,
        mut fill: impl FnMut(&mut [u8], u64) -> Result<usize, Errno>,
    ) -> Result<u32, Errno> {
        let pieces = self.pieces(list, count)?;
        if pieces.is_empty() {
            return Ok(0);
        }
        let mut total = 0;
        for piece in pieces {
            // Earlier ones may have come from a file that changed what `pieces` looked at, but
            // not the length of the memory.
            let place = self.place(piece.start, piece.len as usize)?;
            let wanted = place.len();
            let read = match self {
                Self::Own(memory) => fill(&mut memory[place], total),
                Self::Shared(memory) => {
                    let mut copy = vec![0; wanted.min(MAX_COPIED_BYTES)];
                    let start = place.start;
                    fill(&mut copy, total).inspect(|count| memory.copy_in(start, &copy[..*count]))
                }
            };
            match read {
                Ok(count) => total += count as u64,
                // What was read before is not lost.
                Err(_) if total > 0 => break,
                Err(errno) => return Err(errno),
            }
            let is_whole = read == Ok(wanted);
            // More than that does not fit into the answer.
            if !is_whole || !may_go_on || total > u64::from(u32::MAX / 2) {
                break;
            }
        }
        u32::try_from(total).map_err(|_| Errno::Overflow)
    }
}

impl fmt::Debug for GuestMemory<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GuestMemory({} bytes)", self.len())
    }
}
