//! Small modules with a few bytes changed: a stream has the verdict of [`check`], whatever the
//! pieces, and nothing panics.

use std::sync::LazyLock;

use holm_wasm::{
    CodeCache, Engine, Invalid, Names, Settings, StreamingValidator, check, custom_sections,
    features_with_legacy_exceptions, source_map_url, to_binary,
};

/// Valid modules that together have every section and most kinds of instruction.
const MODULES: [&str; 32] = [
    "(module)",
    "(func $f)",
    "(func $add (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))",
    "(import \"m\" \"f\" (func $f (param f64) (result i64))) (func (drop (call $f (f64.const 1))))",
    "(memory (export \"m\") 1 2) (data (i32.const 8) \"hello\") (data \"passive\")",
    "(memory i64 1) (func (result i64) (i64.load offset=8 (i64.const 0)))",
    "(memory 1 1 shared) (func (drop (i32.atomic.rmw8.add_u (i32.const 0) (i32.const 1))))",
    "(memory 1) (memory $n 1) (func (memory.copy 0 $n (i32.const 0) (i32.const 0) (i32.const 1)))",
    "(table 4 funcref) (elem (i32.const 0) $f $f) (func $f) (func (call_indirect (i32.const 0)))",
    "(table $t 2 externref) (func (table.set $t (i32.const 0) (ref.null extern)))",
    "(table i64 1 funcref) (elem declare func $f) (func $f (drop (ref.func $f)))",
    "(global $g (mut i64) (i64.const 3)) (func (global.set $g (i64.const 1)))",
    "(import \"m\" \"g\" (global i32)) (global i32 (i32.add (global.get 0) (i32.const 1)))",
    "(start $s) (func $s)",
    "(tag $e (param i32)) (func (throw $e (i32.const 1)))",
    "(tag $e (param i32)) (func (block $b (result i32) (try_table (catch $e $b) nop) i32.const 0) drop)",
    "(tag $e) (func try throw $e catch $e rethrow 0 catch_all end)",
    "(func try $t try nop delegate $t catch_all end)",
    "(func (param i32) (block (loop (br_if 0 (local.get 0)) (br_table 0 1 (local.get 0)))))",
    "(func (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2))))",
    "(func $r (param i64) (result i64) (return_call $r (local.get 0)))",
    "(func (drop (i32x4.add (v128.const i32x4 1 2 3 4) (v128.const i64x2 5 6))))",
    "(func (drop (i32x4.relaxed_trunc_f32x4_s (v128.const f32x4 1 2 3 4))))",
    "(type $s (struct (field (mut i32)) (field (ref null $s)))) (func (drop (struct.new_default $s)))",
    "(type $a (array (mut i8))) (func (drop (array.new_fixed $a 3 (i32.const 1) (i32.const 2) (i32.const 3))))",
    "(rec (type $x (sub (struct))) (type $y (sub $x (struct (field i32))))) (func (param (ref $x)) (drop (ref.cast (ref $y) (local.get 0))))",
    "(func (param anyref) (drop (ref.test i31ref (local.get 0))) (drop (i31.get_s (ref.i31 (i32.const 1)))))",
    "(func (param funcref) (block $n (br_on_null $n (local.get 0)) drop) (unreachable))",
    "(type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0)))",
    "(@custom \"sourceMappingURL\" \"\\05a.map\") (func $named (local $l i32) nop)",
    "(func $a) (func $b call $a) (func $c call $b i64.const -1 drop) (export \"c\" (func $c))",
    "(memory 1) (data $d \"x\") (func (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop $d))",
];

/// Marsaglia's xorshift64: the same sequence every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("below a usize")
    }

    /// One change that a broken tool or a line could make, or a mean one.
    fn change(&mut self, wasm: &mut Vec<u8>, other: &[u8]) {
        if wasm.is_empty() {
            return;
        }
        let at = self.below(wasm.len());
        match self.below(8) {
            0 => wasm[at] ^= 1 << self.below(8),
            1 => wasm[at] = [0, 1, 0x0b, 0x40, 0x7f, 0x80, 0xfb, 0xff][self.below(8)],
            2 => wasm[at] = u8::try_from(self.below(256)).expect("a byte"),
            3 => wasm.truncate(at),
            4 => wasm.insert(at, u8::try_from(self.below(256)).expect("a byte")),
            5 => drop(wasm.remove(at)),
            6 => wasm[at] = wasm[at].wrapping_add(1),
            _ => {
                let start = self.below(other.len());
                let end = (start + 1 + self.below(8)).min(other.len());
                wasm.splice(at..at, other[start..end].iter().copied());
            }
        }
    }
}

fn streamed(
    wasm: &[u8],
    mut validator: StreamingValidator,
    mut chunk: impl FnMut() -> usize,
) -> Result<Vec<u8>, Invalid> {
    let mut rest = wasm;
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(chunk().clamp(1, rest.len()));
        if let Err(invalid) = validator.push(head) {
            assert_eq!(validator.push(tail), Err(invalid.clone()));
            assert_eq!(validator.finish(), Err(invalid.clone()));
            return Err(invalid);
        }
        rest = tail;
    }
    validator.finish()
}

/// Whether Wasmtime, with the legacy exceptions translated, would take the module.
fn wasmtimes_verdict(wasm: &[u8]) -> bool {
    wasmparser::Validator::new_with_features(features_with_legacy_exceptions())
        .validate_all(wasm)
        .is_ok()
}

/// One that leaves functions for later, as it is where there is a code cache. Nothing is
/// compiled, so the cache's folder is not touched.
fn late_validator() -> StreamingValidator {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
        let code_cache = Some(CodeCache::new("/nowhere", 0));
        let settings = Settings { code_cache, ..Settings::default() };
        Engine::with_settings(settings).expect("an engine")
    });
    ENGINE.streaming_validator()
}

fn compare(wasm: &[u8], mut chunk: impl FnMut() -> usize) -> bool {
    let whole = check(wasm);
    let ours_only = ["array.new_fixed has at most", "a 64-bit memory has at most"];
    if !whole.as_ref().is_err_and(|e| ours_only.iter().any(|limit| e.message.starts_with(limit))) {
        assert_eq!(whole.is_ok(), wasmtimes_verdict(wasm), "{}", wasm.escape_ascii());
    }
    for validator in [StreamingValidator::new(), late_validator()] {
        compare_streamed(wasm, &whole, streamed(wasm, validator, &mut chunk));
    }
    whole.is_ok()
}

fn compare_streamed(wasm: &[u8], whole: &Result<(), Invalid>, streamed: Result<Vec<u8>, Invalid>) {
    match (whole, streamed) {
        (Ok(()), Ok(bytes)) => assert_eq!(bytes, wasm),
        (Err(whole), Err(mut streamed)) => {
            // The names may not have come yet.
            if let (Some(whole), Some(streamed)) = (&whole.function, &mut streamed.function) {
                assert!(streamed.name.is_none() || whole.name.is_some());
                streamed.name.clone_from(&whole.name);
            }
            // Of what is not a module, little has come.
            if whole.offset < 8 {
                streamed.hint.clone_from(&whole.hint);
            }
            assert_eq!(*whole, streamed, "{}", wasm.escape_ascii());
        }
        (whole, streamed) => panic!("{whole:?} but {streamed:?}: {}", wasm.escape_ascii()),
    }
}

fn mutate(count: usize, seed: u64) {
    let modules = MODULES.map(|source| to_binary(source, "mutation.wat").expect("a module"));
    let mut random = Random(seed);
    for wasm in &modules {
        assert!(compare(wasm, || 1), "{:?}", check(wasm));
    }
    let mut valid = 0;
    for number in 0..count {
        let mut wasm = modules[number % modules.len()].clone();
        let other = &modules[random.below(modules.len())];
        for _ in 0..=random.below(3) {
            random.change(&mut wasm, other);
        }
        let most = [1, 2, 5, 20, 1_000][random.below(5)];
        valid += usize::from(compare(&wasm, || 1 + random.below(most)));
        let names = Names::parse(&wasm);
        assert!((0..4).filter_map(|index| names.function(index)).count() <= 4);
        assert!(custom_sections(&wasm, "name").len() < 8);
        assert!(source_map_url(&wasm).is_none_or(|url| url.len() < 200));
    }
    println!("{valid} of {count} still valid");
}

/// Text with words lost, doubled and mixed: an error or a module, and no panic.
fn mutate_text(count: usize, seed: u64) {
    let words: Vec<Vec<&str>> = MODULES
        .iter()
        .map(|source| source.split_inclusive(['(', ')', ' ', '$', '"']).collect())
        .collect();
    let mut random = Random(seed);
    let mut good = 0;
    for number in 0..count {
        let mut text = words[number % words.len()].clone();
        for _ in 0..=random.below(3) {
            if text.is_empty() {
                break;
            }
            let at = random.below(text.len());
            let other = &words[random.below(words.len())];
            match random.below(5) {
                0 => drop(text.remove(at)),
                1 => text.insert(at, other[random.below(other.len())]),
                2 => text[at] = other[random.below(other.len())],
                3 => {
                    text[at] =
                        [")", "(", "\u{202e}", "\t\n", "0x", "\"", ";;", "(;", "é"][random.below(9)]
                }
                _ => text.truncate(at + 1),
            }
        }
        let text = text.concat();
        match to_binary(&text, "mutation.wat") {
            Ok(wasm) => {
                good += 1;
                compare(&wasm, || 3);
            }
            Err(error) => {
                assert!(error.line <= text.lines().count().max(1), "{text}");
                assert!(!error.to_string().contains(['\t', '\u{202e}']), "{error}");
            }
        }
    }
    println!("{good} of {count} still modules");
}

#[test]
fn a_few() {
    mutate(8_000, 0x9e37_79b9_7f4a_7c15);
    mutate_text(8_000, 0x9e37_79b9_7f4a_7c15);
}

/// `cargo test --release --test mutation -- --ignored`; another seed: `HOLM_SEED=7`.
#[test]
#[ignore = "takes a minute"]
fn many() {
    let seed = std::env::var("HOLM_SEED").map_or(1, |seed| seed.parse().unwrap());
    mutate(1_000_000, seed);
    mutate_text(1_000_000, seed);
}
