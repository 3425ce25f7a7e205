//! The command's code cache under processes that meet, die, and have no room.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// So many modules the script compiles, each large enough to be kept.
const MODULES: usize = 12;

/// Compiles modules and prints the sum of what they answer: `MODULES * 7`.
const SCRIPT: &str = r#"
const leb = number => {
    const bytes = [];
    for (; number > 127; number >>= 7) bytes.push((number & 127) | 128);
    return [...bytes, number];
};
const section = (id, content) => [id, ...leb(content.length), ...content];
// The first of 400 functions is exported and gives 7; the others differ from module to module.
const module = which => {
    const bodies = Array.from({ length: 400 }, (_, n) => {
        const number = n ? [0x80 | (n & 127), 0x80 | (n >> 7), which] : [7];
        const code = [0, 0x41, ...number, 0x0b];
        return [...leb(code.length), ...code];
    });
    return new Uint8Array([
        0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
        ...section(1, [1, 0x60, 0, 1, 0x7f]),
        ...section(3, [...leb(bodies.length), ...bodies.map(() => 0)]),
        ...section(7, [1, 1, 0x66, 0, 0]),
        ...section(10, [...leb(bodies.length), ...bodies.flat()]),
    ]);
};
let sum = 0;
for (let which = 1; which <= MODULES; which++) {
    const { instance } = await WebAssembly.instantiate(module(which));
    sum += instance.exports.f();
}
console.log(sum);
"#;

struct Fixture(TempDir);

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let script = SCRIPT.replace("MODULES", &MODULES.to_string());
        fs::write(folder.path().join("script.mjs"), script).expect("own");
        Self(folder)
    }

    fn script(&self) -> PathBuf {
        self.0.path().join("script.mjs")
    }

    fn cache(&self) -> PathBuf {
        self.0.path().join("cache")
    }

    /// The script under Holm with this folder for its cache.
    fn command(&self, cache: &Path) -> Command {
        let mut command = holm(cache);
        command.arg(self.script());
        command
    }

    fn files(&self, suffix: &str) -> usize {
        let entries = fs::read_dir(self.cache()).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names.filter(|name| name.to_string_lossy().ends_with(suffix)).count()
    }
}

fn holm(cache: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holm"));
    command.env_clear().env("HOLM_CODE_CACHE", cache).stdin(Stdio::null());
    command
}

#[track_caller]
fn assert_right(output: &Output) {
    let errors = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!((&*errors, &*printed), ("", &*format!("{}\n", MODULES * 7)));
    assert!(output.status.success());
}

#[test]
fn ten_processes_at_once() {
    let fixture = Fixture::new();
    let start = || fixture.command(&fixture.cache()).stdout(Stdio::piped()).spawn().unwrap();
    let running: Vec<_> = (0..10).map(|_| start()).collect();
    for child in running {
        assert_right(&child.wait_with_output().unwrap());
    }
    assert_eq!((fixture.files(".code"), fixture.files(".tmp")), (MODULES, 0));
    assert_eq!(fixture.files("key"), 1);
    // They agreed on a key: what each of them wrote is good.
    let before = modified(&fixture);
    assert_right(&fixture.command(&fixture.cache()).output().unwrap());
    assert_eq!(modified(&fixture), before, "nothing had to be written");
}

fn modified(fixture: &Fixture) -> Vec<(PathBuf, std::time::SystemTime)> {
    let entries = fs::read_dir(fixture.cache()).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut all: Vec<_> = paths
        .map(|path| {
            (path.clone(), fs::metadata(&path).and_then(|data| data.modified()).expect("a file"))
        })
        .collect();
    all.sort();
    all
}

#[test]
fn processes_that_are_killed_at_any_moment() {
    let fixture = Fixture::new();
    for moment in 0..30 {
        let mut child = fixture.command(&fixture.cache()).stdout(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(moment * 5));
        child.kill().unwrap();
        child.wait().unwrap();
        // Each finds another part of the work done.
        if moment % 10 == 9 && fixture.cache().exists() {
            fs::remove_dir_all(fixture.cache()).unwrap();
        }
    }
    for _ in 0..2 {
        assert_right(&fixture.command(&fixture.cache()).output().unwrap());
    }
    assert_eq!(fixture.files(".code"), MODULES);
}

/// A process that may write only short files would be ended by a signal if it tried.
#[test]
fn where_files_may_not_grow() {
    let fixture = Fixture::new();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -f 8 && exec \"$0\" \"$1\""]);
    command.arg(env!("CARGO_BIN_EXE_holm")).arg(fixture.script());
    command.env("HOLM_CODE_CACHE", fixture.cache());
    assert_right(&command.output().unwrap());
    assert_eq!((fixture.files(".code"), fixture.files(".tmp")), (0, 0));
}

/// A file system of its own, gone when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this process may not have one.
    fn new(path: &Path, options: &str) -> Option<Self> {
        fs::create_dir(path).expect("own");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path).stderr(Stdio::null());
        let is_mounted = mount.status().is_ok_and(|status| status.success());
        is_mounted.then(|| Self(path.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The test has passed or failed by now.
        drop(Command::new("umount").arg(&self.0).status());
    }
}

#[test]
fn a_full_disk() {
    let fixture = Fixture::new();
    // Room for the key and two modules.
    let Some(_disk) = SmallDisk::new(&fixture.cache(), "size=200k,mode=700") else {
        return eprintln!("not tried: a small file system cannot be mounted here");
    };
    for _ in 0..3 {
        assert_right(&fixture.command(&fixture.cache()).output().unwrap());
    }
    assert!(fixture.files(".code") < MODULES, "the disk is too large for this test");
    assert_eq!(fixture.files(".tmp"), 0);
    let rest = fixture.cache().join("rest");
    // No byte is left. That it fails is what is wanted.
    drop(fs::write(&rest, vec![1; 1 << 20]));
    assert_right(&fixture.command(&fixture.cache()).output().unwrap());
    fs::remove_file(fixture.cache().join("key")).unwrap();
    fs::write(&rest, vec![1; 1 << 20]).unwrap_err();
    assert_right(&fixture.command(&fixture.cache()).output().unwrap());
}

/// Its files cannot be mapped to be run, so they are copied.
#[test]
fn a_disk_whose_files_may_not_be_run() {
    let fixture = Fixture::new();
    let Some(_disk) = SmallDisk::new(&fixture.cache(), "size=20m,mode=700,noexec") else {
        return eprintln!("not tried: a file system cannot be mounted here");
    };
    assert_right(&fixture.command(&fixture.cache()).output().unwrap());
    let before = modified(&fixture);
    assert_eq!(fixture.files(".code"), MODULES);
    assert_right(&fixture.command(&fixture.cache()).output().unwrap());
    assert_eq!(modified(&fixture), before, "nothing had to be written");
}

#[test]
fn a_script_without_modules_touches_no_cache() {
    let fixture = Fixture::new();
    let script = fixture.0.path().join("hello.mjs");
    fs::write(&script, "console.log('hello')").unwrap();
    let output = holm(&fixture.cache()).arg(&script).output().unwrap();
    assert_eq!(output.stdout, b"hello\n");
    assert!(!fixture.cache().exists());
}

#[test]
fn without_a_home_there_is_no_cache() {
    let fixture = Fixture::new();
    let mut homeless = fixture.command(&fixture.cache());
    assert_right(&homeless.env_remove("HOLM_CODE_CACHE").output().unwrap());
    let mut off = holm(&fixture.cache());
    assert_right(&off.arg("--no-code-cache").arg(fixture.script()).output().unwrap());
    let mut off = fixture.command(Path::new("off"));
    assert_right(&off.current_dir(fixture.0.path()).output().unwrap());
    assert!(!fixture.cache().exists() && !fixture.0.path().join("off").exists());
    let mut home = fixture.command(Path::new(""));
    assert_right(&home.env("HOME", fixture.0.path()).output().unwrap());
    let usual = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    assert!(fixture.0.path().join(usual).join("holm/code/key").exists());
}
