//! Compiled modules as bytes.

use holm::{CacheMiss, CacheOutcome, Config, Engine, Error, Imports, Isolate, Module, Object};

use crate::{ADD, engine, wasm};

fn load(engine: &Engine, artifact: &[u8], bytes: &[u8]) -> Result<CacheOutcome, Error> {
    let (module, outcome) = Module::deserialize_or_compile(engine, artifact, bytes)?;
    assert_eq!(module.wire_bytes(), bytes);
    Ok(outcome)
}

#[test]
fn an_artifact_is_loaded_and_works() -> Result<(), Error> {
    let bytes = wasm(ADD);
    let artifact = Module::compile(&engine(), &bytes)?.serialize()?;
    let engine = engine();
    let (module, outcome) = Module::deserialize_or_compile(&engine, &artifact, &bytes)?;
    assert!(outcome.is_loaded(), "{outcome}");
    assert_eq!(module.exports()[0].name, "add");
    let sum: i32 = Isolate::builder(&engine).build()?.enter(|scope| {
        let exports = scope.instantiate(&module, &Imports::new())?.exports();
        exports.function(scope, "add")?.call(scope, (77, 88))
    })?;
    assert_eq!(sum, 165);
    // And is as good a source as the first.
    assert!(load(&engine, &module.serialize()?, &bytes)?.is_loaded());
    Ok(())
}

#[test]
fn a_loaded_module_still_catches_exceptions() -> Result<(), Error> {
    let engine = engine();
    let bytes = wasm(
        r#"(module (import "env" "fail" (func $fail))
        (func (export "run") (result i32)
            (block $caught (try_table (catch_all $caught) (call $fail)) (return (i32.const 0)))
            (i32.const 1)))"#,
    );
    let artifact = Module::compile(&engine, &bytes)?.serialize()?;
    let (module, outcome) = Module::deserialize_or_compile(&engine, &artifact, &bytes)?;
    assert!(outcome.is_loaded(), "{outcome}");
    let caught: i32 = Isolate::builder(&engine).build()?.enter(|scope| {
        let imports: Object = scope.eval("({ env: { fail() { throw 1 } } })")?;
        let exports = scope.instantiate(&module, &imports)?.exports();
        exports.function(scope, "run")?.call(scope, ())
    })?;
    assert_eq!(caught, 1);
    Ok(())
}

#[test]
fn an_artifact_of_another_key_is_not_loaded() -> Result<(), Error> {
    let bytes = wasm(ADD);
    let artifact = Module::compile(&engine(), &bytes)?.serialize()?;
    let other = Engine::new(Config::default().artifact_key([8; 32]))?;
    let wanted = CacheOutcome::Compiled(CacheMiss::OtherKey);
    assert_eq!(load(&other, &artifact, &bytes)?, wanted);
    // Without a key each engine has its own.
    let (one, other) = (Engine::new(Config::default())?, Engine::new(Config::default())?);
    let artifact = Module::compile(&one, &bytes)?.serialize()?;
    assert!(load(&one, &artifact, &bytes)?.is_loaded());
    assert_eq!(load(&other, &artifact, &bytes)?, wanted);
    assert_eq!(wanted.to_string(), "compiled: the artifact was made by an engine with another key");
    Ok(())
}

#[test]
fn an_artifact_of_other_bytes_is_not_loaded() -> Result<(), Error> {
    let engine = engine();
    let bytes = wasm(ADD);
    let artifact = Module::compile(&engine, &bytes)?.serialize()?;
    let mut longer = bytes.clone();
    longer.extend(b"\0\x02\x01x");
    let wanted = CacheOutcome::Compiled(CacheMiss::OtherBytes);
    assert_eq!(load(&engine, &artifact, &longer)?, wanted);
    let error = Module::deserialize_or_compile(&engine, &artifact, b"no module").unwrap_err();
    assert!(error.is_compile_error());
    Ok(())
}

/// Also the proof that nothing of an artifact is believed before its MAC is: were the code
/// looked at, some of these would crash.
#[test]
fn a_changed_artifact_is_never_loaded() -> Result<(), Error> {
    const TRAILER_BYTES: usize = 128;
    const KEY_ID_BYTES: usize = 16;
    const VERSION_AND_MAGIC: std::ops::Range<usize> = 84..96;
    let engine = engine();
    let bytes = wasm("(module)");
    let artifact = Module::compile(&engine, &bytes)?.serialize()?;
    // Numbers that look random and are the same each time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    let trailer = artifact.len() - TRAILER_BYTES;
    let mut places: Vec<usize> = (trailer..artifact.len()).collect();
    places.extend((0..200).map(|_| random() % trailer));
    for place in places {
        let mut changed = artifact.clone();
        changed[place] ^= 1 << (random() % 8);
        let outcome = load(&engine, &changed, &bytes)?;
        assert!(!outcome.is_loaded(), "byte {place} was changed");
        let is_told_apart = place
            .checked_sub(trailer)
            .is_some_and(|place| place < KEY_ID_BYTES || VERSION_AND_MAGIC.contains(&place));
        if !is_told_apart {
            assert_eq!(outcome, CacheOutcome::Compiled(CacheMiss::Damaged), "byte {place}");
        }
    }
    for len in [0, 1, 8, 127, 128, artifact.len() - 1] {
        assert!(!load(&engine, &artifact[..len], &bytes)?.is_loaded(), "{len} bytes");
    }
    let longer = [&artifact[..], b"\0"].concat();
    assert!(!load(&engine, &longer, &bytes)?.is_loaded());
    assert!(load(&engine, &artifact, &bytes)?.is_loaded());
    Ok(())
}

#[test]
fn what_debug_shows_is_no_secret() {
    let config = Config::default().artifact_key([171; 32]);
    let shown = format!("{config:?} {:?}", Engine::new(config.clone()));
    assert!(!shown.contains("171") && !shown.contains("ab, "), "{shown}");
}
