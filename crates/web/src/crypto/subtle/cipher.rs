//! AES in the modes of the specification.

use bytes::Bytes;
use holm_js::{Ctx, Error, Result};

use super::algorithm::Params;
use super::data::operation_error;
use super::key::Key;
use crate::crypto::aes::{Aes, BLOCK_BYTES};
use crate::crypto::ciphering::{self, Ciphering, Direction};

/// The lengths that a tag of AES-GCM may have, in bits.
const TAG_BITS: [u32; 7] = [32, 64, 96, 104, 112, 120, 128];
const USUAL_TAG_BITS: u32 = 128;

/// AES with what a mode needs.
pub(super) struct Cipher {
    key: Bytes,
    mode: Mode,
}

enum Mode {
    Cbc {
        iv: [u8; BLOCK_BYTES],
    },
    Ctr {
        counter: [u8; BLOCK_BYTES],
        bits: u32,
    },
    Gcm {
        iv: Vec<u8>,
        more: Vec<u8>,
        tag_bytes: usize,
    },
    /// Of keys only.
    Wrapping,
}

impl Cipher {
    pub(super) fn of(ctx: &Ctx<'_>, params: Params, key: &Key) -> Result<Self> {
        let block = |bytes: Vec<u8>, what: &str| -> Result<[u8; BLOCK_BYTES]> {
            // If the iv member of normalizedAlgorithm does not have a length of 16 bytes, then
            // throw an OperationError.
            bytes.try_into().map_err(|_| {
                operation_error(ctx, &format!("The member '{what}' has to be {BLOCK_BYTES} bytes"))
            })
        };
        let mode = match params {
            Params::Cbc { iv } => Mode::Cbc { iv: block(iv, "iv")? },
            Params::Ctr { counter, bits } => {
                let counter = block(counter, "counter")?;
                // If the length member is zero or greater than 128, then throw an OperationError.
                if !(1..=128).contains(&bits) {
                    let text = "The member 'length' has to be between 1 and 128";
                    return Err(operation_error(ctx, text));
                }
                Mode::Ctr { counter, bits }
            }
            Params::Gcm { iv, more, tag_bits } => {
                let bits = tag_bits.unwrap_or(USUAL_TAG_BITS);
                if !TAG_BITS.contains(&bits) {
                    let text = format!("{bits} is not a length that a tag of AES-GCM has");
                    return Err(operation_error(ctx, &text));
                }
                if iv.is_empty() {
                    return Err(operation_error(ctx, "The member 'iv' must not be empty"));
                }
                let more = more.unwrap_or_default();
                Mode::Gcm { iv, more, tag_bytes: bits as usize / 8 }
            }
            _ => Mode::Wrapping,
        };
        Ok(Self { key: key.bytes.clone(), mode })
    }

    fn aes(&self) -> Result<Aes> {
        Aes::new(&self.key).ok_or(Error::Unknown)
    }

    fn start(&self, mode: ciphering::Mode, direction: Direction, iv: &[u8]) -> Result<Ciphering> {
        Ciphering::new(mode, direction, &self.key, iv).ok_or(Error::Unknown)
    }

    pub(super) fn encrypt(&self, ctx: &Ctx<'_>, mut data: Vec<u8>) -> Result<Vec<u8>> {
        match &self.mode {
            Mode::Cbc { iv } => {
                let cipher = self.start(ciphering::Mode::Cbc, Direction::Encrypt, iv)?;
                cipher.whole(&data, None).map_err(|_| Error::Unknown)
            }
            Mode::Ctr { counter, bits } => {
                let blocks = data.len().div_ceil(BLOCK_BYTES) as u128;
                if *bits < 128 && blocks > 1 << bits {
                    let text = "The data are longer than the counter can count";
                    return Err(operation_error(ctx, text));
                }
                self.aes()?.apply_ctr(*counter, *bits, &mut data);
                Ok(data)
            }
            Mode::Gcm { iv, more, tag_bytes } => {
                let mut cipher = self.start(ciphering::Mode::Gcm, Direction::Encrypt, iv)?;
                cipher.add_authenticated(more);
                let mut sealed = cipher.whole(&data, None).map_err(|_| Error::Unknown)?;
                // Let T be the first tagLength bits of the tag.
                sealed.truncate(data.len() + tag_bytes);
                Ok(sealed)
            }
            // If plaintext is not a multiple of 64 bits in length, then throw an OperationError.
            Mode::Wrapping => self.aes()?.wrap(&data).ok_or_else(|| {
                operation_error(ctx, "AES-KW wraps multiples of 8 bytes only, and no less than 16")
            }),
        }
    }

    pub(super) fn decrypt(&self, ctx: &Ctx<'_>, data: Vec<u8>) -> Result<Vec<u8>> {
        let failed = || operation_error(ctx, "The data cannot be decrypted: are key and iv right?");
        match &self.mode {
            Mode::Cbc { iv } => {
                let cipher = self.start(ciphering::Mode::Cbc, Direction::Decrypt, iv)?;
                cipher.whole(&data, None).map_err(|_| failed())
            }
            Mode::Ctr { .. } => self.encrypt(ctx, data),
            Mode::Gcm { iv, more, tag_bytes } => {
                // If ciphertext has a length in bits less than tagLength, then throw an
                // OperationError.
                let len_bytes = data.len().checked_sub(*tag_bytes).ok_or_else(failed)?;
                let (encrypted, tag) = data.split_at(len_bytes);
                let mut cipher = self.start(ciphering::Mode::Gcm, Direction::Decrypt, iv)?;
                cipher.add_authenticated(more);
                cipher.whole(encrypted, Some(tag)).map_err(|_| failed())
            }
            Mode::Wrapping => self.aes()?.unwrap(&data).ok_or_else(failed),
        }
    }
}
