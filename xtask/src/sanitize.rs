//! `cargo xtask sanitize`: the tests of `holm-js` with QuickJS under AddressSanitizer and LeakSanitizer.

use crate::command::Command;
use crate::instrumented::{self, Instrumentation};

pub const COMMAND: Command = Command {
    name: "sanitize",
    summary: "test holm-js with QuickJS under AddressSanitizer [--package NAME] [-- TEST ARGS]",
    run: |args| instrumented::test(&ASAN, args),
};

const ASAN: Instrumentation =
    Instrumentation { cflags: "-fsanitize=address -fno-omit-frame-pointer", folder: "asan" };
