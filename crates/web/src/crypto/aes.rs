//! AES: blocks, key streams, and wrapped keys. `ciphering.rs` makes the other modes of it.
//!
//! The blocks are those of a crate; the modes are ours because scripts may ask for any length of a
//! counter, of an initialization vector and of a tag, which the crates' types fix.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256, Block};

use super::same_bytes;

/// The length of a block.
pub const BLOCK_BYTES: usize = 16;

/// So many blocks of a key stream are made at a time.
const STREAM_BLOCKS: usize = 32;

/// AES-KW wraps words of so many bytes, two at least.
const WORD_BYTES: usize = 8;
/// What they are wrapped with, to tell whether they are right.
const KW_IV: [u8; WORD_BYTES] = [0xa6; WORD_BYTES];
const KW_ROUNDS: u64 = 6;

/// A key, expanded.
#[derive(Debug)]
pub struct Aes(Size);

#[derive(Debug)]
enum Size {
    Bits128(Aes128),
    Bits192(Aes192),
    Bits256(Aes256),
}

impl Aes {
    /// `None` for a key of any other length than 16, 24 or 32 bytes.
    pub fn new(key: &[u8]) -> Option<Self> {
        let size = match key.len() {
            16 => Size::Bits128(Aes128::new_from_slice(key).ok()?),
            24 => Size::Bits192(Aes192::new_from_slice(key).ok()?),
            32 => Size::Bits256(Aes256::new_from_slice(key).ok()?),
            _ => return None,
        };
        Some(Self(size))
    }

    fn encrypt(&self, blocks: &mut [Block]) {
        match &self.0 {
            Size::Bits128(key) => key.encrypt_blocks(blocks),
            Size::Bits192(key) => key.encrypt_blocks(blocks),
            Size::Bits256(key) => key.encrypt_blocks(blocks),
        }
    }

    fn decrypt(&self, blocks: &mut [Block]) {
        match &self.0 {
            Size::Bits128(key) => key.decrypt_blocks(blocks),
            Size::Bits192(key) => key.decrypt_blocks(blocks),
            Size::Bits256(key) => key.decrypt_blocks(blocks),
        }
    }

    pub(super) fn encrypted(&self, block: [u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
        let mut block = [Block::from(block)];
        self.encrypt(&mut block);
        block[0].into()
    }

    pub(super) fn decrypted(&self, block: [u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
        let mut block = [Block::from(block)];
        self.decrypt(&mut block);
        block[0].into()
    }

    /// CTR, both ways. Only so many of the counter's last bits count.
    pub fn apply_ctr(&self, counter: [u8; BLOCK_BYTES], bits: u32, data: &mut [u8]) {
        let start = u128::from_be_bytes(counter);
        let counted = u128::MAX >> (u128::BITS - bits);
        let mut number = start;
        for part in data.chunks_mut(STREAM_BLOCKS * BLOCK_BYTES) {
            let mut stream = [Block::default(); STREAM_BLOCKS];
            let stream = &mut stream[..part.len().div_ceil(BLOCK_BYTES)];
            for block in &mut *stream {
                *block = number.to_be_bytes().into();
                number = (start & !counted) | (number.wrapping_add(1) & counted);
            }
            self.encrypt(stream);
            xor(part, stream.iter().flatten());
        }
    }

    /// AES-KW, <https://www.rfc-editor.org/rfc/rfc3394#section-2.2.1>. `None` unless the data are
    /// two words or more.
    pub fn wrap(&self, data: &[u8]) -> Option<Vec<u8>> {
        let (words, rest) = data.as_chunks::<WORD_BYTES>();
        if words.len() < 2 || !rest.is_empty() {
            return None;
        }
        // 1) Set A = IV, an initial value. For i = 1 to n: R[i] = P[i].
        let (mut first, mut words) = (KW_IV, words.to_vec());
        // 2) For j = 0 to 5, for i = 1 to n: B = AES(K, A | R[i]); A = MSB(64, B) ^ t where
        //    t = (n*j)+i; R[i] = LSB(64, B).
        let mut step = 0_u64;
        for _ in 0..KW_ROUNDS {
            for word in &mut words {
                step += 1;
                let block = self.encrypted(joined(first, *word));
                (first, *word) = halves(block);
                xor(&mut first, &step.to_be_bytes());
            }
        }
        // 3) Set C[0] = A. For i = 1 to n: C[i] = R[i].
        Some([&[first], &*words].concat().into_flattened())
    }

    /// <https://www.rfc-editor.org/rfc/rfc3394#section-2.2.2>. `None` if the data are wrong.
    pub fn unwrap(&self, data: &[u8]) -> Option<Vec<u8>> {
        let (words, rest) = data.as_chunks::<WORD_BYTES>();
        let (first, words) = words.split_first()?;
        if words.len() < 2 || !rest.is_empty() {
            return None;
        }
        let (mut first, mut words) = (*first, words.to_vec());
        let mut step = KW_ROUNDS * words.len() as u64;
        for _ in 0..KW_ROUNDS {
            for word in words.iter_mut().rev() {
                xor(&mut first, &step.to_be_bytes());
                step -= 1;
                (first, *word) = halves(self.decrypted(joined(first, *word)));
            }
        }
        // 3) If A is an appropriate initial value, then output the words, else an error.
        same_bytes(&first, &KW_IV).then(|| words.into_flattened())
    }
}

fn joined(first: [u8; WORD_BYTES], second: [u8; WORD_BYTES]) -> [u8; BLOCK_BYTES] {
    let number = u128::from(u64::from_be_bytes(first)) << u64::BITS;
    (number | u128::from(u64::from_be_bytes(second))).to_be_bytes()
}

fn halves(block: [u8; BLOCK_BYTES]) -> ([u8; WORD_BYTES], [u8; WORD_BYTES]) {
    let number = u128::from_be_bytes(block);
    (((number >> u64::BITS) as u64).to_be_bytes(), (number as u64).to_be_bytes())
}

fn xor<'a>(data: &mut [u8], other: impl IntoIterator<Item = &'a u8>) {
    for (byte, other) in data.iter_mut().zip(other) {
        *byte ^= other;
    }
}
