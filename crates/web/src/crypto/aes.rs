//! AES and its modes: CBC, CTR, GCM.
//!
//! The blocks and GHASH are those of crates; the modes are here because scripts may ask for any
//! length of a counter, of an initialization vector and of a tag, which the crates' types fix.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256, Block};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;

use super::same_bytes;

/// The length of a block.
pub const BLOCK_BYTES: usize = 16;

/// So many blocks of a key stream are made at a time.
const STREAM_BLOCKS: usize = 32;

/// GCM counts in so many bits.
const GCM_COUNTER_BITS: u32 = 32;

/// AES-KW wraps words of so many bytes, two at least.
const WORD_BYTES: usize = 8;
/// What they are wrapped with, to tell whether they are right.
const KW_IV: [u8; WORD_BYTES] = [0xa6; WORD_BYTES];
const KW_ROUNDS: u64 = 6;

/// What GCM's counter starts with is this long usually, and then taken as it is.
const GCM_IV_BYTES: usize = 12;

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

    /// CBC with the padding of PKCS#7, <https://www.rfc-editor.org/rfc/rfc2315#section-10.3>.
    pub fn encrypt_cbc(&self, iv: [u8; BLOCK_BYTES], mut data: Vec<u8>) -> Vec<u8> {
        let padding = BLOCK_BYTES - data.len() % BLOCK_BYTES;
        data.resize(data.len() + padding, padding as u8);
        let mut last = iv;
        for block in data.as_chunks_mut().0 {
            xor(block, &last);
            *block = self.encrypted(*block);
            last = *block;
        }
        data
    }

    /// `None` if the length or the padding is wrong.
    pub fn decrypt_cbc(&self, iv: [u8; BLOCK_BYTES], mut data: Vec<u8>) -> Option<Vec<u8>> {
        if data.is_empty() || !data.len().is_multiple_of(BLOCK_BYTES) {
            return None;
        }
        let mut last = iv;
        for block in data.as_chunks_mut::<BLOCK_BYTES>().0 {
            let mut plain = self.decrypted(*block);
            xor(&mut plain, &last);
            last = std::mem::replace(block, plain);
        }
        let padding = usize::from(*data.last()?);
        let is_padding = (1..=BLOCK_BYTES).contains(&padding)
            && data[data.len() - padding..].iter().all(|byte| usize::from(*byte) == padding);
        data.truncate(data.len() - padding.min(data.len()));
        is_padding.then_some(data)
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

    /// GCM: the result ends with the tag, cut to so many bytes.
    pub fn encrypt_gcm(&self, iv: &[u8], more: &[u8], data: Vec<u8>, tag_bytes: usize) -> Vec<u8> {
        let (mut data, gcm) = (data, Gcm::new(self, iv));
        gcm.apply(&mut data);
        let tag = gcm.tag(more, &data);
        data.extend_from_slice(&tag[..tag_bytes]);
        data
    }

    /// `None` if the tag, the last so many bytes, is not the right one.
    pub fn decrypt_gcm(
        &self,
        iv: &[u8],
        more: &[u8],
        mut data: Vec<u8>,
        tag_bytes: usize,
    ) -> Option<Vec<u8>> {
        let given = data.split_off(data.len().checked_sub(tag_bytes)?);
        let gcm = Gcm::new(self, iv);
        if !same_bytes(&gcm.tag(more, &data)[..tag_bytes], &given) {
            return None;
        }
        gcm.apply(&mut data);
        Some(data)
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

/// <https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf>, 7.1
pub(super) struct Gcm<'a> {
    aes: &'a Aes,
    pub(super) hash: GHash,
    /// J_0
    counter: u128,
}

impl<'a> Gcm<'a> {
    pub(super) fn new(aes: &'a Aes, iv: &[u8]) -> Self {
        // 1. Let H = CIPH_K(0^128).
        let hash = GHash::new(&aes.encrypted([0; BLOCK_BYTES]).into());
        // 2. If len(IV) = 96, then let J_0 = IV || 0^31 || 1. Otherwise pad it, append its length,
        //    and let J_0 be the GHASH of that.
        let counter = if iv.len() == GCM_IV_BYTES {
            let mut block = [0; BLOCK_BYTES];
            block[..GCM_IV_BYTES].copy_from_slice(iv);
            u128::from_be_bytes(block) | 1
        } else {
            let mut hash = hash.clone();
            hash.update_padded(iv);
            hash.update(&[(iv.len() as u128 * 8).to_be_bytes().into()]);
            u128::from_be_bytes(hash.finalize().into())
        };
        Self { aes, hash, counter }
    }

    /// inc_32(J_0)
    pub(super) fn first_counter(&self) -> u128 {
        let counted = u128::from(u32::MAX);
        (self.counter & !counted) | (self.counter.wrapping_add(1) & counted)
    }

    /// 3. Let C = GCTR_K(inc_32(J_0), P).
    fn apply(&self, data: &mut [u8]) {
        self.aes.apply_ctr(self.first_counter().to_be_bytes(), GCM_COUNTER_BITS, data);
    }

    /// What tags are combined with: GCTR_K(J_0, …).
    pub(super) fn mask(&self) -> [u8; BLOCK_BYTES] {
        self.aes.encrypted(self.counter.to_be_bytes())
    }

    /// 4.-6. Let S = GHASH_H(A || 0^v || C || 0^u || [len(A)]_64 || [len(C)]_64), and
    /// T = GCTR_K(J_0, S).
    fn tag(&self, more: &[u8], data: &[u8]) -> [u8; BLOCK_BYTES] {
        let mut hash = self.hash.clone();
        hash.update_padded(more);
        hash.update_padded(data);
        let lengths = ((more.len() as u128 * 8) << 64) | (data.len() as u128 * 8);
        hash.update(&[lengths.to_be_bytes().into()]);
        let mut tag: [u8; BLOCK_BYTES] = hash.finalize().into();
        xor(&mut tag, &self.mask());
        tag
    }
}

fn xor<'a>(data: &mut [u8], other: impl IntoIterator<Item = &'a u8>) {
    for (byte, other) in data.iter_mut().zip(other) {
        *byte ^= other;
    }
}
