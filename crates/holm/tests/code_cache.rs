//! The code cache: whatever is in its folder, modules are those of their bytes.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use holm::{CodeCache, Config, Engine, Imports, Isolate, Kept, Module, SourceKind};
use tempfile::TempDir;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A cache in a folder of its own.
struct Fixture {
    folder: TempDir,
    limit_bytes: u64,
}

impl Fixture {
    fn new() -> Self {
        Self::with_limit(CodeCache::DEFAULT_LIMIT_BYTES)
    }

    fn with_limit(limit_bytes: u64) -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), limit_bytes }
    }

    /// Where the cache is; it is made by the cache.
    fn path(&self) -> PathBuf {
        self.folder.path().join("holm/code")
    }

    fn cache(&self) -> CodeCache {
        CodeCache::new(self.path(), self.limit_bytes)
    }

    /// An engine as another process would have it.
    fn engine(&self) -> Engine {
        Engine::new(Config::default().code_cache(self.cache())).expect("an engine")
    }

    /// Has the module compiled by another process, proves that it is the right one, and says
    /// what the cache did.
    fn compile(&self, answer: i32) -> Kept {
        let engine = self.engine();
        let (module, kept) = Module::compile_and_keep(&engine, &answering(answer)).expect("valid");
        assert_eq!(call(&engine, &module), answer);
        kept
    }

    fn files(&self, suffix: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path()).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths.filter(|path| path.to_string_lossy().ends_with(suffix)).collect()
    }

    /// The only module.
    fn file(&self) -> PathBuf {
        let [file] = &self.files(".code")[..] else { panic!("not one file") };
        file.clone()
    }

    fn key(&self) -> PathBuf {
        self.path().join("key")
    }
}

/// A module whose function `answer` gives this number.
fn answering(answer: i32) -> Vec<u8> {
    let text = format!(r#"(module (func (export "answer") (result i32) (i32.const {answer})))"#);
    wat::parse_str(text).expect("a module")
}

fn call(engine: &Engine, module: &Module) -> i32 {
    let mut isolate = Isolate::builder(engine).build().expect("an isolate");
    let answer = isolate.enter(|scope| {
        let exports = scope.instantiate(module, &Imports::new())?.exports();
        exports.function(scope, "answer")?.call(scope, ())
    });
    answer.expect("an answer")
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("own");
}

/// What was compiled here and not kept.
#[track_caller]
fn assert_not_kept(kept: Kept) {
    assert!(matches!(kept, Kept::Not(_)), "{kept:?}");
}

#[test]
fn what_one_process_compiled_others_find() {
    let cache = Fixture::new();
    assert_eq!(cache.cache().usage().expect("no folder is no error").modules, 0);
    assert!(!cache.path().exists(), "looking makes no folder");
    assert_eq!(cache.compile(42), Kept::Stored);
    assert_eq!(cache.compile(42), Kept::Found);
    assert_eq!(cache.compile(43), Kept::Stored);
    let usage = cache.cache().usage().expect("a folder");
    assert_eq!(usage.modules, 2);
    assert_eq!(usage, cache.cache().clear().expect("a folder"));
    assert_eq!(cache.cache().usage().expect("a folder"), Default::default());
    assert_eq!(cache.compile(42), Kept::Stored);
}

#[test]
fn only_the_user_may_look() {
    let cache = Fixture::new();
    cache.compile(42);
    assert_eq!(mode(&cache.path()), 0o700);
    assert_eq!(mode(&cache.key()), 0o600);
    assert_eq!(mode(&cache.file()), 0o600);
}

#[test]
fn script_finds_what_was_compiled() {
    let cache = Fixture::new();
    // Enough to take more than a millisecond.
    let functions: String =
        (0..2000).map(|n| format!("(func (result i32) i32.const {n})")).collect();
    let wasm = wat::parse_str(format!("(module {functions})")).expect("a module");
    let list = wasm.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
    for source in [
        format!("new WebAssembly.Module(new Uint8Array([{list}]))"),
        format!("await WebAssembly.compile(new Uint8Array([{list}]))"),
    ] {
        let mut isolate = Isolate::builder(&cache.engine()).build().expect("an isolate");
        isolate.run_source("file:///a.mjs", &source, SourceKind::Module).expect("valid");
    }
    assert_eq!(cache.cache().usage().expect("a folder").modules, 1);
    assert_eq!(Module::compile_and_keep(&cache.engine(), &wasm).expect("valid").1, Kept::Found);
}

#[test]
fn a_module_found_catches_as_one_compiled() {
    // `try` of the legacy proposal: the code is that of a translation.
    let legacy = b"\0asm\x01\0\0\0\
        \x01\x08\x02\x60\0\0\x60\0\x01\x7f\
        \x03\x02\x01\x01\
        \x0d\x03\x01\0\0\
        \x07\x0a\x01\x06answer\0\0\
        \x0a\x0c\x01\x0a\0\x06\x7f\x08\0\x19\x41\x2a\x0b\x0b";
    let cache = Fixture::new();
    for wanted in [Kept::Stored, Kept::Found] {
        let engine = cache.engine();
        let (module, kept) = Module::compile_and_keep(&engine, legacy).expect("valid");
        assert_eq!((kept, call(&engine, &module)), (wanted, 42));
    }
}

/// Also the proof that nothing of a file is believed before its MAC is: were the code looked
/// at, some of these would crash.
#[test]
fn a_changed_file_is_compiled_anew() {
    let cache = Fixture::new();
    cache.compile(42);
    let (file, good) = (cache.file(), fs::read(cache.file()).expect("a file"));
    let check = |bytes: &[u8], what: &str| {
        fs::write(&file, bytes).expect("own");
        assert_eq!(cache.compile(42), Kept::Stored, "{what}");
        assert_eq!(fs::read(&file).expect("a file"), good, "{what}: written again");
        assert_eq!(cache.compile(42), Kept::Found, "{what}");
    };
    const TRAILER_BYTES: usize = 128;
    let code = good.len() - TRAILER_BYTES;
    let interesting = [0, 1, 63, 64, TRAILER_BYTES - 1, TRAILER_BYTES, 4096, code / 2, code];
    let ends = (1..=TRAILER_BYTES).step_by(8).map(|bytes| good.len() - bytes);
    for len in interesting.into_iter().chain(ends).chain([good.len() - 1]) {
        check(&good[..len], &format!("cut after {len}"));
    }
    // All of the trailer, the headers at the beginning, and here and there in the code.
    let places = (0..64).chain((64..code).step_by(code / 40)).chain(code..good.len());
    for place in places {
        let mut changed = good.clone();
        changed[place] ^= 1 << (place % 8);
        check(&changed, &format!("byte {place} changed"));
    }
    check(&[&good[..], b"\0"].concat(), "longer");
    check(&[&good[code..], &good[..code]].concat(), "in another order");
    check(&vec![0; good.len()], "zeros, as after a crash");
}

#[test]
fn code_of_another_module_is_not_taken() {
    let cache = Fixture::new();
    cache.compile(1);
    let one = cache.file();
    cache.compile(2);
    let another = cache.files(".code").into_iter().find(|file| *file != one).expect("two");
    fs::copy(&one, &another).expect("own");
    assert_eq!(cache.compile(2), Kept::Stored);
    assert_eq!(cache.compile(1), Kept::Found);
}

#[test]
fn code_that_was_signed_with_another_key_is_not_taken() {
    let (cache, foreign) = (Fixture::new(), Fixture::new());
    foreign.compile(42);
    cache.compile(42);
    fs::copy(foreign.file(), cache.file()).expect("own");
    assert_eq!(cache.compile(42), Kept::Stored);
    assert_eq!(cache.compile(42), Kept::Found);
}

#[test]
fn a_key_that_is_of_no_use_is_replaced() {
    let cache = Fixture::new();
    let other = cache.folder.path().join("other");
    let check = |what: &str, spoil: &dyn Fn(&Path)| {
        cache.compile(42);
        let before = fs::read(cache.key()).expect("a key");
        spoil(&cache.key());
        assert_eq!(cache.compile(42), Kept::Stored, "{what}");
        assert_eq!(cache.compile(42), Kept::Found, "{what}");
        let key = fs::symlink_metadata(cache.key()).expect("a key");
        assert!(key.is_file() && key.permissions().mode() & 0o777 == 0o600, "{what}");
        assert_ne!(fs::read(cache.key()).expect("a key"), before, "{what}");
    };
    check("gone", &|key| fs::remove_file(key).expect("own"));
    check("empty", &|key| fs::write(key, b"").expect("own"));
    check("cut short", &|key| fs::write(key, [1; 31]).expect("own"));
    check("longer", &|key| fs::write(key, [1; 33]).expect("own"));
    check("known to the group", &|key| set_mode(key, 0o640));
    check("known to all", &|key| set_mode(key, 0o604));
    check("a link to one that anybody may have put there", &|key| {
        fs::write(&other, [1; 32]).expect("own");
        set_mode(&other, 0o600);
        fs::remove_file(key).expect("own");
        symlink(&other, key).expect("own");
    });
    check("a pipe that nobody writes to", &|key| {
        fs::remove_file(key).expect("own");
        assert!(Command::new("mkfifo").arg(key).status().expect("mkfifo").success());
    });
    if is_root() {
        check("another user's", &|key| chown(key, Some(12345), None).expect("root may"));
    } else {
        eprintln!("not tried: a key of another user, which only root can make");
    }
    fs::remove_file(cache.key()).expect("own");
    fs::create_dir(cache.key()).expect("own");
    assert_not_kept(cache.compile(42));
}

#[test]
fn a_folder_that_others_may_write_to_is_not_used() {
    let cache = Fixture::new();
    cache.compile(42);
    for mode in [0o777, 0o770, 0o702] {
        set_mode(&cache.path(), mode);
        assert_not_kept(cache.compile(42));
        assert!(cache.cache().usage().is_err() && cache.cache().clear().is_err());
    }
    set_mode(&cache.path(), 0o755);
    assert_eq!(cache.compile(42), Kept::Found, "that others may read it does no harm");
    // The same by another name.
    set_mode(&cache.path(), 0o777);
    let link = cache.folder.path().join("link");
    symlink(cache.path(), &link).expect("own");
    let engine = Engine::new(Config::default().code_cache(CodeCache::new(&link, 1 << 30)));
    let kept = Module::compile_and_keep(&engine.expect("an engine"), &answering(42));
    assert_not_kept(kept.expect("valid").1);
}

#[test]
fn what_belongs_to_another_user_is_not_used() {
    if !is_root() {
        return eprintln!("not tried: only root can give files away");
    }
    let cache = Fixture::new();
    cache.compile(42);
    chown(cache.file(), Some(12345), None).expect("root may");
    assert_eq!(cache.compile(42), Kept::Stored);
    chown(cache.path(), Some(12345), None).expect("root may");
    assert_not_kept(cache.compile(42));
}

#[test]
fn a_file_that_others_may_write_to_is_not_used() {
    let cache = Fixture::new();
    cache.compile(42);
    set_mode(&cache.file(), 0o620);
    assert_eq!(cache.compile(42), Kept::Stored);
    assert_eq!(mode(&cache.file()), 0o600);
}

#[test]
fn what_is_no_file_is_not_used() {
    let cache = Fixture::new();
    cache.compile(42);
    let (file, aside) = (cache.file(), cache.folder.path().join("aside"));
    fs::rename(&file, &aside).expect("own");
    symlink(&aside, &file).expect("own");
    assert_eq!(cache.compile(42), Kept::Stored, "a link");
    assert!(aside.exists() && fs::symlink_metadata(&file).expect("a file").is_file());
    fs::remove_file(&file).expect("own");
    assert!(Command::new("mkfifo").arg(&file).status().expect("mkfifo").success());
    assert_eq!(cache.compile(42), Kept::Stored, "a pipe that nobody writes to");
    fs::remove_file(&file).expect("own");
    fs::create_dir(&file).expect("own");
    assert_not_kept(cache.compile(42));
}

#[test]
fn without_a_folder_modules_are_compiled() {
    let cache = Fixture::new();
    let check = |path: &Path| {
        let engine = Engine::new(Config::default().code_cache(CodeCache::new(path, 1 << 30)));
        let engine = engine.expect("an engine");
        let (module, kept) = Module::compile_and_keep(&engine, &answering(42)).expect("valid");
        assert_eq!(call(&engine, &module), 42);
        assert_not_kept(kept);
    };
    let file = cache.folder.path().join("file");
    fs::write(&file, "").expect("own");
    check(&file);
    check(&file.join("below"));
    let (link, loop_) = (cache.folder.path().join("link"), cache.folder.path().join("loop"));
    symlink(cache.folder.path().join("nowhere"), &link).expect("own");
    check(&link);
    symlink(&loop_, &loop_).expect("own");
    check(&loop_);
    check(Path::new("/proc/holm/code"));
    check(Path::new(""));
    check(Path::new("\n/\0"));
    if !is_root() {
        set_mode(cache.folder.path(), 0o500);
        check(&cache.path());
        set_mode(cache.folder.path(), 0o700);
    }
}

#[test]
fn a_folder_may_go_at_any_time() {
    let cache = Fixture::new();
    let engine = cache.engine();
    let compile = |answer| {
        let (module, kept) = Module::compile_and_keep(&engine, &answering(answer)).expect("valid");
        assert_eq!(call(&engine, &module), answer);
        (module, kept)
    };
    let (_, stored) = compile(1);
    let (mapped, found) = compile(1);
    assert_eq!((stored, found), (Kept::Stored, Kept::Found));
    fs::remove_dir_all(cache.path()).expect("own");
    assert_eq!(call(&engine, &mapped), 1, "what is mapped stays");
    assert_not_kept(compile(2).1);
    // One in its place is none of this process's.
    fs::create_dir(cache.path()).expect("own");
    assert_not_kept(compile(2).1);
    assert_eq!(cache.compile(2), Kept::Stored, "but of the next one's");
}

/// Wasmtime keeps a file that it maps open, and a process may have a thousand.
#[test]
fn many_modules_do_not_take_many_files() {
    let cache = Fixture::new();
    let functions = (0..3000).map(|n| format!("(func (result i32) i32.const {n})"));
    let functions: String = functions.collect();
    let answer = r#"(func (export "answer") (result i32) (i32.const 42))"#;
    let wasm = wat::parse_str(format!("(module {functions} {answer})")).expect("a module");
    let engine = cache.engine();
    Module::compile_and_keep(&engine, &wasm).expect("valid");
    assert!(
        fs::metadata(cache.file()).expect("a file").len() > 128 << 10,
        "too small to be mapped"
    );
    let open_files = || {
        let open = fs::read_dir("/proc/self/fd").map(Iterator::count);
        open.unwrap_or_else(|_| {
            eprintln!("not counted: there is no /proc");
            0
        })
    };
    let before = open_files();
    for _ in 0..2 {
        let find = || Module::compile_and_keep(&engine, &wasm).expect("valid");
        let found: Vec<_> = (0..300).map(|_| find()).collect();
        assert!(found.iter().all(|(_, kept)| *kept == Kept::Found));
        // Other tests run at the same time.
        let taken = open_files().saturating_sub(before);
        assert!((32..128).contains(&taken) || before == 0, "{taken} files");
        assert_eq!(call(&engine, &found[299].0), 42);
    }
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let probe = Fixture::new();
    probe.compile(0);
    let each = fs::metadata(probe.file()).expect("a file").len();
    // Eight are too many, and six are three quarters of that.
    let cache = Fixture::with_limit(each * 8 - 1);
    let long_ago = SystemTime::now() - 90 * DAY;
    for answer in 0..7 {
        cache.compile(answer);
        let newest = cache.files(".code").into_iter().find(|file| age(file) < DAY);
        let file = File::open(newest.expect("just written")).expect("own");
        file.set_modified(long_ago + DAY * answer as u32).expect("own");
    }
    assert_eq!(cache.compile(0), Kept::Found, "which marks it as used");
    assert_eq!(cache.files(".code").iter().filter(|file| age(file) < DAY).count(), 1);
    assert_eq!(cache.compile(7), Kept::Stored);
    assert_eq!(cache.cache().usage().expect("a folder").modules, 5);
    for answer in [0, 7, 6, 5, 4] {
        assert_eq!(cache.compile(answer), Kept::Found, "{answer}");
    }
    assert_not_kept(Fixture::with_limit(each - 1).compile(0));
}

fn age(path: &Path) -> Duration {
    let modified = fs::metadata(path).and_then(|data| data.modified()).expect("a file");
    SystemTime::now().duration_since(modified).unwrap_or_default()
}

#[test]
fn one_engine_keeps_to_the_limit_too() {
    let probe = Fixture::new();
    probe.compile(0);
    let each = fs::metadata(probe.file()).expect("a file").len();
    let cache = Fixture::with_limit(each * 8);
    let engine = cache.engine();
    for answer in 0..30 {
        let made = Module::compile_and_keep(&engine, &answering(answer));
        assert_eq!(made.expect("valid").1, Kept::Stored);
        assert!(cache.cache().usage().expect("a folder").bytes <= each * 8);
    }
}

#[test]
fn what_a_killed_process_left_is_removed_later() {
    let cache = Fixture::new();
    cache.compile(1);
    let (old, new) = (cache.path().join("00.tmp"), cache.path().join("11.tmp"));
    for path in [&old, &new] {
        fs::write(path, "half").expect("own");
    }
    let other = cache.path().join("somebody else's");
    fs::write(&other, "").expect("own");
    for path in [&old, &other] {
        let file = File::options().write(true).open(path).expect("own");
        file.set_modified(SystemTime::now() - Duration::from_secs(3601)).expect("own");
    }
    cache.compile(2);
    assert!(!old.exists() && new.exists() && other.exists());
    assert_eq!(cache.cache().usage().expect("a folder").modules, 2);
    cache.cache().clear().expect("own");
    assert!(!new.exists() && other.exists() && cache.key().exists());
}

#[test]
fn threads_may_compile_the_same() {
    let cache = Fixture::new();
    let engine = cache.engine();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for answer in 0..20 {
                    let made = Module::compile_and_keep(&engine, &answering(answer));
                    let (module, kept) = made.expect("valid");
                    assert!(matches!(kept, Kept::Stored | Kept::Found), "{kept:?}");
                    assert_eq!(call(&engine, &module), answer);
                }
            });
        }
    });
    assert_eq!(cache.cache().usage().expect("a folder").modules, 20);
    assert!(cache.files(".tmp").is_empty());
}

#[test]
fn what_arrives_in_pieces_is_found_too() {
    let cache = Fixture::new();
    cache.compile(42);
    let build = |engine: &Engine, bytes: &[u8]| {
        let mut builder = Module::builder(engine);
        bytes.chunks(5).try_for_each(|chunk| builder.push(chunk))?;
        builder.finish()
    };
    let engine = cache.engine();
    assert_eq!(call(&engine, &build(&engine, &answering(42)).expect("valid")), 42);
    // In a function, which is looked at once the cache has not got the module; and behind it.
    let mut wrong = answering(43);
    let last = wrong.len() - 1;
    wrong[last - 2] = 0x42;
    for bytes in [&wrong[..], &[&wrong[..], b"\x63"].concat(), &answering(43)[..last], b"HTML"] {
        let without = Engine::new(Config::default()).expect("an engine");
        let [with, without] =
            [&engine, &without].map(|engine| build(engine, bytes).unwrap_err().to_string());
        assert_eq!(with, without);
    }
}
