//! Artifacts, broken: whatever bytes are said to be one, they are loaded only if they are it, and then it works.

use std::sync::{Arc, OnceLock};

use holm_wasm::{ArtifactKey, Engine, Module};

use crate::Target;
use crate::random::Random;

pub const TARGET: Target = Target { name: "artifacts", make, run };

/// What the artifact is made of: nothing that takes long to load.
const WASM: &[u8] = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a\x06\x01\x04\0\x41\x07\x0b";

/// Most inputs would not get behind the first comparison if all of an artifact changed alike.
const TRAILER_BYTES: usize = 128;

struct Good {
    engine: Engine,
    key: ArtifactKey,
    artifact: Vec<u8>,
    /// Of the same module, by another key.
    foreign: Vec<u8>,
}

fn good() -> &'static Good {
    static GOOD: OnceLock<Good> = OnceLock::new();
    GOOD.get_or_init(|| {
        let engine = Engine::new().expect("an engine");
        let module = Module::compile(&engine, WASM.into()).expect("a module");
        let (key, other) = (ArtifactKey::new(&[7; 32]), ArtifactKey::new(&[8; 32]));
        let [artifact, foreign] =
            [&key, &other].map(|key| module.serialize(key).expect("an artifact"));
        Good { engine, key, artifact, foreign }
    })
}

fn make(random: &mut Random) -> Vec<u8> {
    let Good { artifact, foreign, .. } = good();
    let mut bytes = artifact.clone();
    let trailer = bytes.len() - TRAILER_BYTES;
    match random.below(6) {
        0 => random.mutate(&mut bytes, foreign),
        1 => bytes.truncate(random.below(artifact.len())),
        2 => bytes[..trailer].copy_from_slice(&foreign[..trailer]),
        3 => {
            let at = trailer + random.below(TRAILER_BYTES);
            bytes[at..].copy_from_slice(&foreign[at..]);
        }
        _ => {
            for _ in 0..=random.below(3) {
                let at = trailer + random.below(TRAILER_BYTES);
                bytes[at] = random.below(256) as u8;
            }
        }
    }
    bytes
}

fn run(bytes: &[u8]) -> &'static str {
    let Good { engine, key, artifact, .. } = good();
    match Module::deserialize(engine, key, bytes, Arc::from(WASM)) {
        Ok(module) => {
            assert!(bytes == artifact, "loaded what nobody signed");
            assert_eq!(module.exports().len(), 1);
            "loaded"
        }
        Err(_) => {
            assert!(bytes != artifact, "refused what was signed");
            "refused"
        }
    }
}
