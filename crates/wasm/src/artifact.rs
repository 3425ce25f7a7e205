//! Artifacts: compiled modules as bytes, to be kept and loaded again.
//!
//! An artifact is machine code. Loading a forged one would be running it, so each carries a
//! keyed MAC over all of it, and nothing is loaded whose MAC does not hold. Who knows the key
//! can make artifacts: it is as much part of the program as its own code.
//!
//! Code comes first, so that the file of an artifact can be mapped as it is: see
//! [`crate::code_cache`]. What is said of it is a trailer, from its end:
//!
//! ```text
//! 128  key id          16   says which key, not what it is
//! 112  compatibility   32   of this crate, Wasmtime's version, its settings and the processor
//!  80  wire bytes      32   the hash of what was compiled
//!  48  flags            4   little endian
//!  44  format version   4   little endian
//!  40  magic            8   "\0holmart"
//!  32  MAC             32   over all before
//! ```

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use crate::translation::Origin;
use crate::{Engine, Module};

const MAGIC: &[u8; 8] = b"\0holmart";

/// To be raised whenever the layout above changes, or what it says means something else, or
/// [`crate::translation`] makes something else of the same bytes.
const FORMAT_VERSION: u32 = 3;

/// Places in the trailer.
const COMPATIBILITY_AT: usize = 16;
const WIRE_BYTES_AT: usize = 48;
const FLAGS_AT: usize = 80;
const VERSION_AT: usize = 84;
const MAGIC_AT: usize = 88;
const MAC_AT: usize = 96;
const TRAILER_BYTES: usize = 128;

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

    fn mac(&self, signed: &[u8]) -> blake3::Hash {
        blake3::keyed_hash(&self.mac, signed)
    }
}

/// What an artifact is made of, and for.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    compatibility: blake3::Hash,
    wire_bytes: blake3::Hash,
}

impl Subject {
    pub(crate) fn new(engine: &Engine, wire_bytes: &[u8]) -> Self {
        Self { compatibility: engine.compatibility(), wire_bytes: blake3::hash(wire_bytes) }
    }

    /// What the code of a component is made of, and for.
    #[cfg(feature = "components")]
    pub(crate) fn of_component(compiler: &wasmtime::Engine, wire_bytes: &[u8]) -> Self {
        Self { compatibility: compatibility(compiler), wire_bytes: blake3::hash(wire_bytes) }
    }

    /// Another one for everything that makes another artifact.
    pub(crate) fn id(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&FORMAT_VERSION.to_le_bytes());
        hasher.update(self.compatibility.as_bytes()).update(self.wire_bytes.as_bytes());
        hasher.finalize()
    }
}

/// The code of an artifact, and what was compiled, if the MAC holds and it is about this.
pub(crate) fn verify<'a>(
    artifact: &'a [u8],
    key: &ArtifactKey,
    subject: &Subject,
) -> Result<(&'a [u8], Origin), ArtifactError> {
    if artifact.is_empty() {
        return Err(ArtifactError::Empty);
    }
    let split = artifact.split_last_chunk();
    let (code, trailer) = split.ok_or(ArtifactError::NotAnArtifact)?;
    let trailer = Trailer(trailer);
    if trailer.0[MAGIC_AT..MAC_AT] != *MAGIC {
        return Err(ArtifactError::NotAnArtifact);
    }
    if trailer.number(VERSION_AT) != FORMAT_VERSION {
        return Err(ArtifactError::OtherFormat);
    }
    if trailer.0[..COMPATIBILITY_AT] != key.id {
        return Err(ArtifactError::OtherKey);
    }
    // Before anything else that it says is believed. The comparison takes the same time wherever
    // the two differ.
    let signed = &artifact[..code.len() + MAC_AT];
    if key.mac(signed) != trailer.hash(MAC_AT) {
        return Err(ArtifactError::Damaged);
    }
    if subject.compatibility != trailer.hash(COMPATIBILITY_AT) {
        return Err(ArtifactError::OtherCompiler);
    }
    if subject.wire_bytes != trailer.hash(WIRE_BYTES_AT) {
        return Err(ArtifactError::OtherBytes);
    }
    // Signed too: reading all of the code again for it would cost more than loading it.
    let flags = trailer.number(FLAGS_AT);
    let origin = Origin {
        uses_exceptions: flags & FLAG_EXCEPTIONS != 0,
        calls_hooks: flags & FLAG_HOOKS != 0,
        offsets: (flags & FLAG_TRANSLATED != 0).then(OnceLock::new),
    };
    Ok((code, origin))
}

/// The end of an artifact, which says what the code before it is.
struct Trailer<'a>(&'a [u8; TRAILER_BYTES]);

impl Trailer<'_> {
    fn number(&self, at: usize) -> u32 {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&self.0[at..at + 4]);
        u32::from_le_bytes(bytes)
    }

    fn hash(&self, at: usize) -> blake3::Hash {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&self.0[at..at + 32]);
        blake3::Hash::from_bytes(bytes)
    }
}

/// The artifact of this code.
pub(crate) fn seal(code: Vec<u8>, flags: u32, subject: &Subject, key: &ArtifactKey) -> Vec<u8> {
    let mut artifact = code;
    artifact.reserve_exact(TRAILER_BYTES);
    artifact.extend(key.id);
    artifact.extend(subject.compatibility.as_bytes());
    artifact.extend(subject.wire_bytes.as_bytes());
    artifact.extend(flags.to_le_bytes());
    artifact.extend(FORMAT_VERSION.to_le_bytes());
    artifact.extend(MAGIC);
    let mac = key.mac(&artifact);
    artifact.extend(mac.as_bytes());
    artifact
}

impl Module {
    /// The compiled module as bytes, signed.
    pub fn serialize(&self, key: &ArtifactKey) -> Result<Vec<u8>, String> {
        self.serialize_as(&Subject::new(self.engine(), self.bytes()), key)
    }

    /// The same, where it is known what it is about.
    pub(crate) fn serialize_as(
        &self,
        subject: &Subject,
        key: &ArtifactKey,
    ) -> Result<Vec<u8>, String> {
        let origin = self.origin();
        let flags = [
            (origin.uses_exceptions, FLAG_EXCEPTIONS),
            (origin.offsets.is_some(), FLAG_TRANSLATED),
            (origin.calls_hooks, FLAG_HOOKS),
        ];
        let flags = flags.iter().filter(|(holds, _)| *holds).fold(0, |all, (_, flag)| all | flag);
        let code = self.raw().serialize().map_err(|error| format!("{error:#}"))?;
        Ok(seal(code, flags, subject, key))
    }

    /// Loads what [`Self::serialize`] made of the same wire bytes with the same key.
    pub fn deserialize(
        engine: &Engine,
        key: &ArtifactKey,
        artifact: &[u8],
        wire_bytes: Arc<[u8]>,
    ) -> Result<Self, ArtifactError> {
        let (code, origin) = verify(artifact, key, &Subject::new(engine, &wire_bytes))?;
        // SAFETY: the MAC holds, so these are bytes that `serialize` got from Wasmtime and
        // signed: nothing else of ours uses the derived key, and who has it but is not this
        // crate has chosen to run what it signs (see the top).
        let compiled = unsafe { wasmtime::Module::deserialize(engine.raw(), code) };
        let compiled = compiled.map_err(ArtifactError::refused)?;
        Ok(Self::from_parts(engine, compiled, wire_bytes, origin))
    }
}

/// What an engine's code depends on: this crate's version, Wasmtime's, settings, features of the processor.
pub(crate) fn compatibility(engine: &wasmtime::Engine) -> blake3::Hash {
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
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize()
}

impl ArtifactError {
    pub(crate) fn refused(error: wasmtime::Error) -> Self {
        Self::Refused(format!("{error:#}"))
    }
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
