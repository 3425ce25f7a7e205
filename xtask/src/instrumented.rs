//! Runs a package's tests with the C code of its dependencies (QuickJS) compiled differently.
//!
//! AddressSanitizer for Rust code needs a nightly compiler; for the C code it needs only gcc or clang. Since
//! the sanitizer's runtime replaces `malloc`, Rust's own blocks are watched as well: a C read of a freed Rust
//! block is reported, a leaked one too. What is not seen is a wrong access made by Rust instructions.

use std::env;

use crate::cargo;
use crate::command::Failure;

/// How the C code is compiled, and where the result is kept so that ordinary builds are not thrown away.
pub struct Instrumentation {
    pub cflags: &'static str,
    /// Below the ordinary target directory.
    pub folder: &'static str,
}

/// `-fsanitize=address` alone makes rustc's link fail with undefined `__asan_*` symbols: rustc passes
/// `-nodefaultlibs`, which drops the sanitizer's runtime too. `default-linker-libraries` takes that away.
const RUSTFLAGS: &str = "-Clink-arg=-fsanitize=address -Cdefault-linker-libraries=yes";

/// Leaks count. LeakSanitizer stops the process by ptrace when it ends: that works in our CI's sandbox (tried),
/// but not under a debugger or where ptrace is forbidden; there, set `ASAN_OPTIONS=detect_leaks=0` yourself.
const ASAN_OPTIONS: &str = "detect_leaks=1";

/// Takes `[--package NAME] [-- TEST ARGS…]` and runs the tests of that package, `holm-js` unless named.
pub fn test(how: &Instrumentation, mut args: lexopt::Parser) -> Result<(), Failure> {
    use lexopt::prelude::*;
    let mut package = String::from("holm-js");
    let mut test_arguments = Vec::new();
    while let Some(arg) = args.next()? {
        match arg {
            Long("package") | Short('p') => package = args.value()?.string()?,
            Value(value) => test_arguments.push(value),
            other => return Err(other.unexpected().into()),
        }
    }
    let mut command = cargo::cargo();
    // An explicit --target keeps RUSTFLAGS away from build scripts and procedural macros. (CFLAGS they would
    // still get: should a build script ever link QuickJS, it needs these link arguments as well.)
    // `--tests` leaves out examples in docs: they are linked by rustdoc, which RUSTFLAGS do not reach.
    command.args(["test", "--tests", "--package", &package, "--target", &cargo::host_triple()?]);
    command.arg("--target-dir").arg(cargo::target_directory()?.join(how.folder));
    command.arg("--").args(test_arguments);
    command.env("CFLAGS", how.cflags).env("RUSTFLAGS", RUSTFLAGS);
    if env::var_os("ASAN_OPTIONS").is_none() {
        command.env("ASAN_OPTIONS", ASAN_OPTIONS);
    }
    cargo::run(command)
}
