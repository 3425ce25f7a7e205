//! `cargo xtask races`: the tests of workers and of waiting, under ThreadSanitizer; any data race fails.
//!
//! Rust code and QuickJS's C code are instrumented, so what a module does to memory is not seen, and what the
//! standard library does behind its interface has to be told: that is `races/edges.c`. Reports that are not
//! about us are in `races/suppressions.txt`, each with its reason.
//!
//! The first run builds all of Wasmtime once more, for minutes; so it is no part of `.ci/run`.

use std::env;
use std::fs;
use std::path::Path;
use std::process;

use crate::cargo;
use crate::command::{Command, Failure};

pub const COMMAND: Command = Command {
    name: "races",
    summary: "test workers and waiting under ThreadSanitizer (a first run takes long) [-- TEST ARGS]",
    run,
};

/// What is run: all of these packages' unit tests, and those of their other tests that have threads.
const PACKAGES: [&str; 2] = ["holm", "holm-wasm"];
const TESTS: [&str; 5] = ["workers", "worker_stress", "structured_clone", "stop", "waits"];

/// The tests of theirs that are not: among their modules is one that does nothing but throw. Wasmtime's `raise` does
/// not return but jumps, so the sanitizer's own stack grows with every exception, until it ends the process.
const THROWS_FOR_LONG: [&str; 2] =
    ["whatever_a_module_does_it_can_be_stopped", "so_can_what_runs_on_a_stack_of_its_own"];

/// Wasmtime's handler of traps takes memory, which is no matter: the signal comes from the code of a module,
/// not from the middle of `malloc`.
const TSAN_OPTIONS: &str = "report_signal_unsafe=0";

const EDGES: &str = include_str!("races/edges.c");
const SUPPRESSIONS: &str = include_str!("races/suppressions.txt");

/// `-Zsanitizer` is for a nightly compiler, or for one that is told to be so tolerant: the runtime of
/// ThreadSanitizer comes with the stable one. The standard library, which is not instrumented, may still be
/// linked (the ABI is the same), but of what is generic in it no copy may be used.
/// What calls the system without libc, or orders by fences, would not be seen.
const RUSTFLAGS: &str = "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer \
    -Zshare-generics=no --cfg=rustix_use_libc --cfg=crossbeam_sanitize_thread";

/// Functions of the standard library that `edges.c` stands before: what it calls them, and how their mangled
/// names end, which begin with a hash.
const FUNCTIONS: [(&str, &str); 6] = [
    ("MUTEX_LOCK", "_3std3sys4sync5mutex5futexNtB2_5Mutex14lock_contended"),
    ("RWLOCK_READ", "_3std3sys4sync6rwlock5futexNtB2_6RwLock14read_contended"),
    ("RWLOCK_WRITE", "_3std3sys4sync6rwlock5futexNtB2_6RwLock15write_contended"),
    ("CONDVAR_WAIT", "_3std3sys4sync7condvar5futexNtB2_7Condvar4wait"),
    ("CONDVAR_WAIT_TIMEOUT", "_3std3sys4sync7condvar5futexNtB2_7Condvar12wait_timeout"),
    ("ONCE_CALL", "_3std3sys4sync4once5futexNtB5_4Once4call"),
];

/// Functions that `edges.c` stands before whose names are their own.
const C_FUNCTIONS: [&str; 2] = ["__tsan_atomic64_fetch_sub", "sigaction"];

fn run(mut args: lexopt::Parser) -> Result<(), Failure> {
    use lexopt::prelude::*;
    let mut test_arguments = Vec::new();
    while let Some(arg) = args.next()? {
        match arg {
            Value(value) => test_arguments.push(value),
            other => return Err(other.unexpected().into()),
        }
    }
    let folder = cargo::target_directory()?.join("tsan");
    fs::create_dir_all(&folder)
        .map_err(Failure::while_doing(format!("making {}", folder.display())))?;
    let triple = cargo::host_triple()?;
    let link_arguments = folder.join("link.args");
    if prepare_edges(&folder, &link_arguments)? {
        forget_programs(&folder.join(&triple).join("debug/deps"))?;
    }
    let suppressions = folder.join("suppressions.txt");
    write(&suppressions, SUPPRESSIONS)?;

    let mut command = cargo::cargo();
    // An explicit --target keeps RUSTFLAGS away from build scripts and procedural macros.
    command.args(["test", "--locked", "--no-fail-fast", "--target", &triple]);
    command.arg("--target-dir").arg(&folder);
    // Instrumented code gains little by the rest.
    command.args(["--config", "profile.dev.package.\"*\".opt-level=1"]);
    command.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
    command.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
    command.arg("--lib").args(TESTS.iter().flat_map(|test| ["--test", test]));
    command.arg("--").args(THROWS_FOR_LONG.iter().flat_map(|test| ["--skip", test]));
    command.args(test_arguments);
    let flags = format!("{RUSTFLAGS} -Clink-arg=@{}", link_arguments.display());
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", flags);
    if env::var_os("TSAN_OPTIONS").is_none() {
        let file = suppressions.display();
        command.env("TSAN_OPTIONS", format!("{TSAN_OPTIONS}:suppressions={file}"));
    }
    cargo::run(command)
}

/// Compiles `edges.c` and writes how it is linked: into a file that holds the arguments, so that cargo does not
/// build everything again when they change. Says whether they have.
fn prepare_edges(folder: &Path, link_arguments: &Path) -> Result<bool, Failure> {
    let source = folder.join("edges.c");
    let is_new = write(&source, EDGES)?;
    let object = folder.join("edges.o");
    let mut compiler = process::Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
    // A panic in a closure that std calls goes through here.
    compiler.args(["-c", "-O2", "-Wall", "-Wextra", "-Werror", "-fexceptions", "-o"]).arg(&object);
    compiler.arg(source);
    let mut arguments = format!("{}\n", object.display());
    let library = standard_library()?;
    for (name, end) in FUNCTIONS {
        let mangled = find_symbol(&library, end).ok_or_else(|| {
            Failure::Failed(format!(
                "error: the standard library has no function that ends with {end}\n\
                 hint: this compiler's is another; compare `edges.c` with its sources"
            ))
        })?;
        compiler.arg(format!("-D{name}={mangled}"));
        arguments.push_str(&format!("-Wl,--wrap={mangled}\n"));
    }
    for name in C_FUNCTIONS {
        arguments.push_str(&format!("-Wl,--wrap={name}\n"));
    }
    cargo::run(compiler)?;
    Ok(write(link_arguments, &arguments)? || is_new)
}

/// Deletes what was linked, for cargo does not know of the linker's arguments.
fn forget_programs(folder: &Path) -> Result<(), Failure> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_none() && path.is_file() {
            fs::remove_file(&path)
                .map_err(Failure::while_doing(format!("deleting {}", path.display())))?;
        }
    }
    Ok(())
}

/// The bytes of the library that programs are linked with.
fn standard_library() -> Result<Vec<u8>, Failure> {
    let folder = cargo::target_libraries()?;
    let is_library = |name: &str| name.starts_with("libstd-") && name.ends_with(".rlib");
    let entries = fs::read_dir(&folder)
        .map_err(Failure::while_doing(format!("listing {}", folder.display())))?;
    let found = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.file_name().is_some_and(|name| is_library(&name.to_string_lossy())));
    let Some(path) = found else {
        let text = format!("error: no standard library in {}", folder.display());
        return Err(Failure::Failed(text));
    };
    fs::read(&path).map_err(Failure::while_doing(format!("reading {}", path.display())))
}

/// The symbol that ends so, in the bytes of a library: a name in its tables of strings, which zeros divide.
fn find_symbol(library: &[u8], end: &str) -> Option<String> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let ends = library.windows(end.len()).enumerate().filter(|(_, part)| *part == end.as_bytes());
    let mut symbols = ends.filter_map(|(at, _)| {
        let begin = library[..at].iter().rposition(|byte| !is_part(byte))? + 1;
        let is_whole = library.get(at + end.len()) == Some(&0);
        let symbol = std::str::from_utf8(&library[begin..at + end.len()]).ok()?;
        (is_whole && symbol.starts_with("_R")).then(|| symbol.to_owned())
    });
    symbols.next()
}

/// Says whether it held something else before.
fn write(path: &Path, text: &str) -> Result<bool, Failure> {
    if fs::read_to_string(path).is_ok_and(|known| known == text) {
        return Ok(false);
    }
    let what = Failure::while_doing(format!("writing {}", path.display()));
    fs::write(path, text).map(|()| true).map_err(what)
}

#[cfg(test)]
mod tests {
    use super::find_symbol;

    #[test]
    fn a_symbol_is_found_whole() {
        let two = b"\0_RNvA_3std4waits\0_RNvB_3std4wait\0rest";
        assert_eq!(find_symbol(two, "_3std4wait").as_deref(), Some("_RNvB_3std4wait"));
        assert_eq!(find_symbol(b"\0_ZN_3std4wait\0", "_3std4wait"), None);
        assert_eq!(find_symbol(b"\0_RNvA_3std4waits\0", "_3std4wait"), None);
    }
}
