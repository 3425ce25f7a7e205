//! ECB, CBC, CTR and GCM. Data come in any pieces.

use ghash::GHash;
use ghash::universal_hash::UniversalHash;

use super::aes::{Aes, BLOCK_BYTES};
use super::same_bytes;

/// GCM counts in so many bits.
const GCM_COUNTER_BITS: u32 = 32;

/// What GCM's counter starts with is this long usually, and then taken as it is.
const GCM_IV_BYTES: usize = 12;

/// How blocks are chained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Ecb,
    Cbc,
    Ctr,
    Gcm,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Encrypt,
    Decrypt,
}

/// Why the end could not be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The data are no whole blocks.
    Length,
    /// They do not end with a padding.
    Padding,
    /// The tag is missing or another one.
    Tag,
}

/// Data on their way through a cipher.
#[derive(Debug)]
pub struct Ciphering {
    aes: Aes,
    direction: Direction,
    chain: Chain,
    pads: bool,
    /// Of modes that need whole blocks: what is not one yet. Decrypting, the last block waits here
    /// until it is known whether it has the padding.
    pending: Vec<u8>,
}

#[derive(Debug)]
enum Chain {
    Ecb,
    Cbc { last: [u8; BLOCK_BYTES] },
    Ctr(KeyStream),
    Gcm { stream: KeyStream, seal: Box<Seal> },
}

impl Ciphering {
    /// `None` for a key or an initialization vector of a wrong length.
    pub fn new(mode: Mode, direction: Direction, key: &[u8], iv: &[u8]) -> Option<Self> {
        let aes = Aes::new(key)?;
        let chain = match mode {
            Mode::Ecb if iv.is_empty() => Chain::Ecb,
            Mode::Ecb => return None,
            Mode::Cbc => Chain::Cbc { last: iv.try_into().ok()? },
            Mode::Ctr => {
                let counter = u128::from_be_bytes(iv.try_into().ok()?);
                Chain::Ctr(KeyStream { counter, counted_bits: u128::BITS, used_bytes: 0 })
            }
            Mode::Gcm if iv.is_empty() => return None,
            Mode::Gcm => {
                let hash = GHash::new(&aes.encrypted([0; BLOCK_BYTES]).into());
                let first = first_block(&hash, iv);
                let mask = aes.encrypted(first.to_be_bytes());
                let mut stream =
                    KeyStream { counter: first, counted_bits: GCM_COUNTER_BITS, used_bytes: 0 };
                stream.skip(1);
                Chain::Gcm { stream, seal: Box::new(Seal::new(hash, mask)) }
            }
        };
        Some(Self { aes, direction, chain, pads: true, pending: Vec::new() })
    }

    /// What all of the data come to, and behind that, encrypting, the tag where there is one.
    pub fn whole(mut self, data: &[u8], tag: Option<&[u8]>) -> Result<Vec<u8>, Wrong> {
        let mut out = self.update(data);
        let (last, tag) = self.finish(tag)?;
        out.extend(last);
        out.extend(tag.into_iter().flatten());
        Ok(out)
    }

    /// Whether the last block is filled up, as PKCS#7 has it:
    /// <https://www.rfc-editor.org/rfc/rfc2315#section-10.3>.
    pub fn set_padding(&mut self, pads: bool) {
        self.pads = pads;
    }

    /// Data that are only authenticated. They come before all others.
    pub fn add_authenticated(&mut self, data: &[u8]) {
        if let Chain::Gcm { seal, .. } = &mut self.chain {
            seal.add(data, Part::Authenticated);
        }
    }

    /// What these data come to, as far as it is known.
    pub fn update(&mut self, data: &[u8]) -> Vec<u8> {
        let mut out = data.to_vec();
        match &mut self.chain {
            Chain::Ecb | Chain::Cbc { .. } => return self.update_blocks(data),
            Chain::Ctr(stream) => stream.apply(&self.aes, &mut out),
            Chain::Gcm { stream, seal } => {
                // The hash is that of what is encrypted.
                if self.direction == Direction::Decrypt {
                    seal.add(data, Part::Encrypted);
                }
                stream.apply(&self.aes, &mut out);
                if self.direction == Direction::Encrypt {
                    seal.add(&out, Part::Encrypted);
                }
            }
        }
        out
    }

    fn update_blocks(&mut self, data: &[u8]) -> Vec<u8> {
        self.pending.extend_from_slice(data);
        let holds_back = self.direction == Direction::Decrypt && self.pads;
        let ready_bytes = self.pending.len() - usize::from(holds_back && !self.pending.is_empty());
        let rest = self.pending.split_off(ready_bytes - ready_bytes % BLOCK_BYTES);
        let mut out = std::mem::replace(&mut self.pending, rest);
        self.run_blocks(&mut out);
        out
    }

    fn run_blocks(&mut self, data: &mut [u8]) {
        for block in data.as_chunks_mut::<BLOCK_BYTES>().0 {
            match (&mut self.chain, self.direction) {
                (Chain::Cbc { last }, Direction::Encrypt) => {
                    block.iter_mut().zip(&*last).for_each(|(byte, last)| *byte ^= last);
                    *block = self.aes.encrypted(*block);
                    *last = *block;
                }
                (Chain::Cbc { last }, Direction::Decrypt) => {
                    let encrypted = std::mem::replace(last, *block);
                    *block = self.aes.decrypted(*block);
                    block.iter_mut().zip(encrypted).for_each(|(byte, last)| *byte ^= last);
                }
                (_, Direction::Encrypt) => *block = self.aes.encrypted(*block),
                (_, Direction::Decrypt) => *block = self.aes.decrypted(*block),
            }
        }
    }

    /// The end of what the data come to, and, encrypting, the tag where there is one. Decrypting,
    /// it has to be there.
    pub fn finish(
        &mut self,
        tag: Option<&[u8]>,
    ) -> Result<(Vec<u8>, Option<[u8; BLOCK_BYTES]>), Wrong> {
        match (&mut self.chain, self.direction) {
            (Chain::Ctr(_), _) => Ok((Vec::new(), None)),
            (Chain::Gcm { seal, .. }, Direction::Encrypt) => Ok((Vec::new(), Some(seal.tag()))),
            (Chain::Gcm { seal, .. }, Direction::Decrypt) => {
                let (own, tag) = (seal.tag(), tag.ok_or(Wrong::Tag)?);
                match own.get(..tag.len()) {
                    Some(own) if !tag.is_empty() && same_bytes(own, tag) => Ok((Vec::new(), None)),
                    _ => Err(Wrong::Tag),
                }
            }
            (Chain::Ecb | Chain::Cbc { .. }, _) => Ok((self.finish_blocks()?, None)),
        }
    }

    fn finish_blocks(&mut self) -> Result<Vec<u8>, Wrong> {
        let mut last = std::mem::take(&mut self.pending);
        if self.pads && self.direction == Direction::Encrypt {
            let padding = BLOCK_BYTES - last.len() % BLOCK_BYTES;
            last.resize(last.len() + padding, padding as u8);
        }
        if !last.len().is_multiple_of(BLOCK_BYTES) {
            return Err(Wrong::Length);
        }
        self.run_blocks(&mut last);
        if self.pads && self.direction == Direction::Decrypt {
            let padding = usize::from(*last.last().ok_or(Wrong::Length)?);
            let is_padding = (1..=BLOCK_BYTES).contains(&padding)
                && last[BLOCK_BYTES - padding..].iter().all(|byte| usize::from(*byte) == padding);
            if !is_padding {
                return Err(Wrong::Padding);
            }
            last.truncate(BLOCK_BYTES - padding);
        }
        Ok(last)
    }
}

/// What data are combined with.
#[derive(Debug)]
struct KeyStream {
    counter: u128,
    counted_bits: u32,
    /// So many bytes of this block were used.
    used_bytes: usize,
}

impl KeyStream {
    /// Goes on by so many blocks.
    fn skip(&mut self, blocks: u128) {
        let counted = u128::MAX >> (u128::BITS - self.counted_bits);
        self.counter = (self.counter & !counted) | (self.counter.wrapping_add(blocks) & counted);
    }

    fn apply(&mut self, aes: &Aes, data: &mut Vec<u8>) {
        // The used bytes are made again in front.
        data.splice(..0, std::iter::repeat_n(0, self.used_bytes));
        aes.apply_ctr(self.counter.to_be_bytes(), self.counted_bits, data);
        self.skip((data.len() / BLOCK_BYTES) as u128);
        data.drain(..std::mem::replace(&mut self.used_bytes, data.len() % BLOCK_BYTES));
    }
}

/// GCM: J_0, <https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf>, 7.1.
fn first_block(hash: &GHash, iv: &[u8]) -> u128 {
    // 2. If len(IV) = 96, then let J_0 = IV || 0^31 || 1. Otherwise pad it, append its length, and
    //    let J_0 be the GHASH of that.
    if iv.len() == GCM_IV_BYTES {
        let mut block = [0; BLOCK_BYTES];
        block[..GCM_IV_BYTES].copy_from_slice(iv);
        return u128::from_be_bytes(block) | 1;
    }
    let mut hash = hash.clone();
    hash.update_padded(iv);
    hash.update(&[(iv.len() as u128 * 8).to_be_bytes().into()]);
    u128::from_be_bytes(hash.finalize().into())
}

/// What GCM's tag is made of.
struct Seal {
    hash: GHash,
    mask: [u8; BLOCK_BYTES],
    part: Part,
    /// Of each part.
    len_bytes: [u128; 2],
    /// Less than a block.
    pending: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Authenticated,
    Encrypted,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal { .. }")
    }
}

impl Seal {
    fn new(hash: GHash, mask: [u8; BLOCK_BYTES]) -> Self {
        Self { hash, mask, part: Part::Authenticated, len_bytes: [0; 2], pending: Vec::new() }
    }

    fn add(&mut self, data: &[u8], part: Part) {
        if part != self.part {
            self.end_part();
            self.part = part;
        }
        self.len_bytes[part as usize] += data.len() as u128;
        self.pending.extend_from_slice(data);
        let rest = self.pending.len() % BLOCK_BYTES;
        let rest = self.pending.split_off(self.pending.len() - rest);
        self.hash.update_padded(&self.pending);
        self.pending = rest;
    }

    fn end_part(&mut self) {
        self.hash.update_padded(&self.pending);
        self.pending.clear();
    }

    /// 4.-6. Let S = GHASH_H(A || 0^v || C || 0^u || [len(A)]_64 || [len(C)]_64), and
    /// T = GCTR_K(J_0, S).
    fn tag(&mut self) -> [u8; BLOCK_BYTES] {
        self.end_part();
        let [authenticated, encrypted] = self.len_bytes;
        let mut hash = self.hash.clone();
        let lengths = ((authenticated * 8) << 64) | (encrypted * 8);
        hash.update(&[lengths.to_be_bytes().into()]);
        let hash: [u8; BLOCK_BYTES] = hash.finalize().into();
        std::array::from_fn(|index| hash[index] ^ self.mask[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In pieces of any length it has to be what it is at once.
    #[test]
    fn pieces_come_to_what_the_whole_comes_to() {
        let data: Vec<u8> = (0..200_u8).collect();
        for mode in [Mode::Ecb, Mode::Cbc, Mode::Ctr, Mode::Gcm] {
            let iv = vec![255; if mode == Mode::Ecb { 0 } else { BLOCK_BYTES }];
            let whole = run(mode, Direction::Encrypt, &iv, &data, data.len(), None);
            for piece in [1, 3, 15, 16, 17, 64] {
                let parts = run(mode, Direction::Encrypt, &iv, &data, piece, None);
                assert_eq!(parts, whole, "{mode:?} {piece}");
                let tag = whole.1.as_ref().map(<[u8; BLOCK_BYTES]>::as_slice);
                let back = run(mode, Direction::Decrypt, &iv, &whole.0, piece, tag);
                assert_eq!(back.0, data, "{mode:?} {piece}");
            }
        }
    }

    fn run(
        mode: Mode,
        direction: Direction,
        iv: &[u8],
        data: &[u8],
        piece: usize,
        tag: Option<&[u8]>,
    ) -> (Vec<u8>, Option<[u8; BLOCK_BYTES]>) {
        let mut cipher = Ciphering::new(mode, direction, &[7; 16], iv).expect("lengths that fit");
        cipher.add_authenticated(b"mo");
        cipher.add_authenticated(b"re");
        let mut out: Vec<u8> = data.chunks(piece).flat_map(|piece| cipher.update(piece)).collect();
        let (end, tag) = cipher.finish(tag).expect("an end");
        out.extend(end);
        (out, tag)
    }

    #[test]
    fn ends_that_are_wrong_are_told_apart() {
        let new = |mode, iv: &[u8]| {
            Ciphering::new(mode, Direction::Decrypt, &[0; 16], iv).expect("lengths that fit")
        };
        let mut cbc = new(Mode::Cbc, &[0; 16]);
        assert_eq!(cbc.finish(None), Err(Wrong::Length));
        cbc.update(&[0; 32]);
        assert_eq!(cbc.finish(None), Err(Wrong::Padding));
        let mut gcm = new(Mode::Gcm, &[0; 12]);
        assert_eq!(gcm.finish(None), Err(Wrong::Tag));
        assert_eq!(gcm.finish(Some(&[])), Err(Wrong::Tag));
        assert_eq!(gcm.finish(Some(&[0; 17])), Err(Wrong::Tag));
    }
}
