//! AES in the modes of the specification.

use holm_js::{Ctx, Error, Result};

use super::algorithm::Params;
use super::data::operation_error;
use super::key::Key;
use crate::crypto::aes::{Aes, BLOCK_BYTES};

/// The lengths that a tag of AES-GCM may have, in bits.
const TAG_BITS: [u32; 7] = [32, 64, 96, 104, 112, 120, 128];
const USUAL_TAG_BITS: u32 = 128;

/// AES with what a mode needs.
pub(super) struct Cipher {
    aes: Aes,
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
        Ok(Self { aes: Aes::new(&key.bytes).ok_or(Error::Unknown)?, mode })
    }

    pub(super) fn encrypt(&self, ctx: &Ctx<'_>, mut data: Vec<u8>) -> Result<Vec<u8>> {
        Ok(match &self.mode {
            Mode::Cbc { iv } => self.aes.encrypt_cbc(*iv, data),
            Mode::Ctr { counter, bits } => {
                let blocks = data.len().div_ceil(BLOCK_BYTES) as u128;
                if *bits < 128 && blocks > 1 << bits {
                    let text = "The data are longer than the counter can count";
                    return Err(operation_error(ctx, text));
                }
                self.aes.apply_ctr(*counter, *bits, &mut data);
                data
            }
            Mode::Gcm { iv, more, tag_bytes } => self.aes.encrypt_gcm(iv, more, data, *tag_bytes),
            // If plaintext is not a multiple of 64 bits in length, then throw an OperationError.
            Mode::Wrapping => self.aes.wrap(&data).ok_or_else(|| {
                operation_error(ctx, "AES-KW wraps multiples of 8 bytes only, and no less than 16")
            })?,
        })
    }

    pub(super) fn decrypt(&self, ctx: &Ctx<'_>, data: Vec<u8>) -> Result<Vec<u8>> {
        let failed = || operation_error(ctx, "The data cannot be decrypted: are key and iv right?");
        match &self.mode {
            Mode::Cbc { iv } => self.aes.decrypt_cbc(*iv, data).ok_or_else(failed),
            Mode::Ctr { .. } => self.encrypt(ctx, data),
            Mode::Gcm { iv, more, tag_bytes } => {
                self.aes.decrypt_gcm(iv, more, data, *tag_bytes).ok_or_else(failed)
            }
            Mode::Wrapping => self.aes.unwrap(&data).ok_or_else(failed),
        }
    }
}
