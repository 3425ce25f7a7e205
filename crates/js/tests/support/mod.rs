//! What every test here begins with: a realm, and what a script came to.

#![allow(dead_code, reason = "each test file uses its own part")]

use holm_js::{
    Ctx, Limits, Realm, Runtime, ScriptOrigin, Thrown, evaluate_script, take_exception, to_text,
};

pub(crate) fn realm() -> Realm {
    let runtime = Runtime::new(&Limits::default()).expect("a runtime");
    Realm::new(&runtime).expect("a realm")
}

/// The text of what a script gives, or the heading of what it throws.
pub(crate) fn run(ctx: &Ctx<'_>, source: &str) -> String {
    let result = evaluate_script(ctx, source, ScriptOrigin::new("test.js"))
        .and_then(|value| to_text(ctx, &value));
    result.unwrap_or_else(|error| {
        let thrown = take_exception(ctx, error);
        Thrown::new(ctx, &thrown).heading
    })
}

/// Checks many scripts: each gives (or throws) this text.
pub(crate) fn check(ctx: &Ctx<'_>, cases: &[(&str, &str)]) {
    for (source, expected) in cases {
        assert_eq!(run(ctx, source), *expected, "{source}");
    }
}
