//! Artifacts: compiled modules as bytes, to be kept and loaded again.
//!
//! An artifact is machine code. Loading a forged one would be running it, so each carries a
//! keyed MAC over all of it, and nothing is loaded whose MAC does not hold. Who knows the key
//! can make artifacts: it is as much part of the program as its own code.
//!
//! ```text
//!   0  magic            8   "\0holmart"
//!   8  format version   4   little endian
//!  12  flags            4   little endian
//!  16  key id          16   says which key, not what it is
//!  32  compatibility   32   of Wasmtime's version, its settings and the processor
//!  64  wire bytes      32   the hash of what was compiled
//!  96  MAC             32   over all before and all after
//! 128  code
//! ```

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use crate::translation::Origin;
use crate::{Engine, Module};

const MAGIC: &[u8; 8] = b"\0holmart";

/// To be raised whenever the layout above changes, or what it says means something else.
const FORMAT_VERSION: u32 = 2;

const VERSION_AT: usize = 8;
const FLAGS_AT: usize = 12;
const KEY_ID_AT: usize = 16;
const COMPATIBILITY_AT: usize = 32;
const WIRE_BYTES_AT: usize = 64;
const MAC_AT: usize = 96;
const HEADER_BYTES: usize = 128;

/// The module may catch exceptions: see [`Module::uses_exceptions`].
const FLAG_EXCEPTIONS: u32 = 1;

/// The code is that of a translation: see [`Origin::offsets`].
const FLAG_TRANSLATED: u32 = 2;

/// What waits calls the host: see [`Origin::calls_hooks`].
const FLAG_HOOKS: u32 = 4;

/// What artifacts are signed with, and checked against.
#[derive(Clone)]
pub struct ArtifactKey {
    mac: [u8; 32],
    id: [u8; 16],
}

/// Why an artifact was not loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArtifactError {
    /// There are no bytes.
    Empty,
    /// The bytes are no artifact, or only the beginning of one.
    NotAnArtifact,
    /// It is of another version of the format.
    OtherFormat,
    /// It was made with another key.
    OtherKey,
    /// Its MAC does not hold: it was damaged, or forged.
    Damaged,
    /// It was made by another version of the compiler, with other settings, or for another
    /// processor.
    OtherCompiler,
    /// It was made of other wire bytes.
    OtherBytes,
    /// All of this holds, and still the compiler would not have it.
    Refused(String),
}

impl ArtifactKey {
    /// The key derived from these bytes. They may be used for something else as well: what is
    /// derived from them here tells nothing of them.
    pub fn new(bytes: &[u8; 32]) -> Self {
        let mac = blake3::derive_key("holm 2026-11 module artifact: MAC", bytes);
        let id = blake3::derive_key("holm 2026-11 module artifact: key id", bytes);
        let mut short = [0; 16];
        short.copy_from_slice(&id[..16]);
        Self { mac, id: short }
    }

    fn mac(&self, header: &[u8], code: &[u8]) -> blake3::Hash {
        blake3::Hasher::new_keyed(&self.mac).update(header).update(code).finalize()
    }
}

impl Module {
    /// The compiled module as bytes, signed.
    pub fn serialize(&self, key: &ArtifactKey) -> Result<Vec<u8>, String> {
        let code = self.raw().serialize().map_err(|error| format!("{error:#}"))?;
        let origin = self.origin();
        let flags = [
            (origin.uses_exceptions, FLAG_EXCEPTIONS),
            (origin.offsets.is_some(), FLAG_TRANSLATED),
            (origin.calls_hooks, FLAG_HOOKS),
        ];
        let flags = flags.iter().filter(|(holds, _)| *holds).fold(0, |all, (_, flag)| all | flag);
        let mut artifact = Vec::with_capacity(HEADER_BYTES + code.len());
        artifact.extend(MAGIC);
        artifact.extend(FORMAT_VERSION.to_le_bytes());
        artifact.extend(flags.to_le_bytes());
        artifact.extend(key.id);
        artifact.extend(compatibility(self.engine()).as_bytes());
        artifact.extend(blake3::hash(self.bytes()).as_bytes());
        artifact.extend(key.mac(&artifact, &code).as_bytes());
        artifact.extend(code);
        Ok(artifact)
    }

    /// Loads what [`Self::serialize`] made of the same wire bytes with the same key.
    pub fn deserialize(
        engine: &Engine,
        key: &ArtifactKey,
        artifact: &[u8],
        wire_bytes: Arc<[u8]>,
    ) -> Result<Self, ArtifactError> {
        let code = check(engine, key, artifact, &wire_bytes)?;
        // SAFETY: the MAC holds, so these are bytes that `serialize` got from Wasmtime and
        // signed: nothing else of ours uses the derived key, and who has it but is not this
        // crate has chosen to run what it signs (see the top).
        let compiled = unsafe { wasmtime::Module::deserialize(engine.raw(), code) };
        let compiled = compiled.map_err(|error| ArtifactError::Refused(format!("{error:#}")))?;
        // Signed too: reading all of the code again for it would cost more than loading it.
        let flags = number(artifact, FLAGS_AT);
        let origin = Origin {
            uses_exceptions: flags & FLAG_EXCEPTIONS != 0,
            calls_hooks: flags & FLAG_HOOKS != 0,
            offsets: (flags & FLAG_TRANSLATED != 0).then(OnceLock::new),
        };
        Ok(Self::from_parts(engine, compiled, wire_bytes, origin))
    }
}

/// The code of an artifact that may be loaded.
fn check<'a>(
    engine: &Engine,
    key: &ArtifactKey,
    artifact: &'a [u8],
    wire_bytes: &[u8],
) -> Result<&'a [u8], ArtifactError> {
    if artifact.is_empty() {
        return Err(ArtifactError::Empty);
    }
    if !artifact.starts_with(MAGIC) || artifact.len() < HEADER_BYTES {
        return Err(ArtifactError::NotAnArtifact);
    }
    if number(artifact, VERSION_AT) != FORMAT_VERSION {
        return Err(ArtifactError::OtherFormat);
    }
    let (header, code) = artifact.split_at(HEADER_BYTES);
    if header[KEY_ID_AT..COMPATIBILITY_AT] != key.id {
        return Err(ArtifactError::OtherKey);
    }
    // Before anything else that it says is believed. The comparison takes the same time wherever
    // the two differ.
    if key.mac(&header[..MAC_AT], code) != hash_at(header, MAC_AT) {
        return Err(ArtifactError::Damaged);
    }
    if compatibility(engine) != hash_at(header, COMPATIBILITY_AT) {
        return Err(ArtifactError::OtherCompiler);
    }
    if blake3::hash(wire_bytes) != hash_at(header, WIRE_BYTES_AT) {
        return Err(ArtifactError::OtherBytes);
    }
    Ok(code)
}

/// What an engine's code depends on: Wasmtime's version, settings, features of the processor.
fn compatibility(engine: &Engine) -> blake3::Hash {
    struct Blake(blake3::Hasher);
    impl Hasher for Blake {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Blake(blake3::Hasher::new());
    engine.raw().precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize()
}

/// The header is as long as it has to be: see [`check`].
fn number(header: &[u8], at: usize) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&header[at..at + 4]);
    u32::from_le_bytes(bytes)
}

fn hash_at(header: &[u8], at: usize) -> blake3::Hash {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(&header[at..at + 32]);
    blake3::Hash::from_bytes(bytes)
}

impl fmt::Display for ArtifactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "there is no artifact",
            Self::NotAnArtifact => "the bytes are no artifact",
            Self::OtherFormat => "the artifact is of another version of the format",
            Self::OtherKey => "the artifact was made by an engine with another key",
            Self::Damaged => "the artifact was damaged or forged",
            Self::OtherCompiler => {
                "the artifact was made by another compiler version, with other settings, or for \
                 another processor"
            }
            Self::OtherBytes => "the artifact was made of another module",
            Self::Refused(reason) => {
                return write!(f, "the artifact could not be loaded: {reason}");
            }
        })
    }
}

impl std::error::Error for ArtifactError {}

/// Says which key, not what it is.
impl fmt::Debug for ArtifactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArtifactKey").finish_non_exhaustive()
    }
}
