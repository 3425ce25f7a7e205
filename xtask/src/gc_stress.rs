//! `cargo xtask gc-stress`: the tests of `holm-js` with a full collection before every object QuickJS makes.
//!
//! What was not reported to `gc_mark`, or was released once too often, is then freed at the first chance
//! instead of after a thousand more allocations. That alone shows little, as freed memory mostly still holds
//! its old content; so AddressSanitizer watches as well and names the first touch of it.

use crate::command::Command;
use crate::instrumented::{self, Instrumentation};

pub const COMMAND: Command = Command {
    name: "gc-stress",
    summary: "the same, collecting garbage at every allocation [--package NAME] [-- TEST ARGS]",
    run: |args| instrumented::test(&COLLECT_ALWAYS, args),
};

const COLLECT_ALWAYS: Instrumentation = Instrumentation {
    cflags: "-fsanitize=address -fno-omit-frame-pointer -DFORCE_GC_AT_MALLOC",
    folder: "gc-stress",
};
